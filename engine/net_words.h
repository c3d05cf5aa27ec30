/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_words.h: the words of `penstock net connections` and `penstock net
 * capture`, read by the command, to refuse what is wrong before anything is
 * touched, and by the engine. Any thread; never blocks.
 */
#ifndef PENSTOCK_ENGINE_NET_WORDS_H
#define PENSTOCK_ENGINE_NET_WORDS_H

#include "dataplane/capture.h"

#include <stdio.h>

#define NET_SECONDS_DEFAULT   60u
#define NET_MEGABYTES_DEFAULT 1000u
#define NET_LIMIT_DEFAULT     10000u

enum net_verb { NET_CONNECTIONS, NET_CAPTURE };

struct net_words {
	enum net_verb verb;
	bool is_json;
	unsigned state;	  /* as look_state_name(); TCP_STATES_N: all */
	uint64_t limit;	  /* connections printed */
	const char *file; /* NULL but for a capture: one of argv */
	struct capture_cfg capture; /* address and port: of both verbs */
};

/*
 * argv[0] is "net". *out points into argv. False after saying what is wrong on
 * *errors.
 */
MUST_USE bool net_words_parse(int argc, char **argv, struct net_words *out,
			      FILE *errors);

#endif
