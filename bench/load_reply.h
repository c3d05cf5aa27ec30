/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_reply.h: SMTP replies, line by line, out of bytes as they come (RFC 5321
 * section 4.2). Strict: blast is the judge of what a server sends. No I/O, no
 * allocation.
 */
#ifndef PENSTOCK_BENCH_LOAD_REPLY_H
#define PENSTOCK_BENCH_LOAD_REPLY_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#define LOAD_REPLY_LINE_MAX 512 /* with CRLF: RFC 5321 section 4.5.3.1.5 */

enum load_reply_feed {
	LOAD_REPLY_MORE, /* all bytes taken, no whole line yet */
	LOAD_REPLY_LINE, /* a line, and another one of this reply follows */
	LOAD_REPLY_LAST, /* the last (or only) line of a reply */
	LOAD_REPLY_BAD,	 /* not a reply: *why; nothing to go on with */
};

struct load_reply {
	uint16_t code;
	bool is_open; /* between the lines of one reply */
	uint16_t len;
	char buf[LOAD_REPLY_LINE_MAX]; /* a line that came in pieces */
};

void load_reply_init(struct load_reply *r);

/*
 * Takes bytes off *in, up to one line. *text is then what stands behind the
 * code and its separator, without CRLF; valid until the next call, as long as
 * the caller keeps the bytes of *in. r->code is the line's code.
 */
enum load_reply_feed load_reply_feed(struct load_reply *r, struct span *in,
				     struct span *text, const char **why);

/* Starts with an enhanced status code of that class: "2.1.5 Ok" for 2xx. */
bool load_reply_has_status(struct span text, unsigned code);

#endif
