/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_reply.h: reads a policy server's reply: lines "name=value", an empty
 * one at the end; only "action" counts, and of that the first. Bytes in, no
 * I/O, no allocation; fed in pieces of any size.
 */
#ifndef PENSTOCK_POLICY_SERVER_REPLY_H
#define PENSTOCK_POLICY_SERVER_REPLY_H

#include "engine/base/span.h"
#include "engine/policy/server.h"

#define SERVER_REPLY_BYTES_MAX (64u * 1024)

enum server_reply_feed {
	SERVER_REPLY_MORE,
	SERVER_REPLY_DONE, /* text has the action */
	SERVER_REPLY_BAD,  /* why says what is wrong with it */
};

/* All zero: nothing read yet. */
struct server_reply {
	uint32_t bytes_n;
	bool is_value;	 /* behind the '=' of this line */
	bool has_action; /* an action was read to its end */
	uint8_t name_n;	 /* of this line's name; may be longer than name */
	char name[8];
	uint16_t len;
	char text[SERVER_ANSWER_MAX + 1];
	const char *why;
};

/* Uses up *in, or up to the reply's end. */
enum server_reply_feed server_reply_feed(struct server_reply *r,
					 struct span *in);

#endif
