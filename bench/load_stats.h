/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_stats.h: what blast counts. One struct for each thread that loads,
 * merged for the report; only the progress line reads another thread's, and
 * takes what it gets.
 */
#ifndef PENSTOCK_BENCH_LOAD_STATS_H
#define PENSTOCK_BENCH_LOAD_STATS_H

#include "bench/histogram.h"
#include "engine/base/span.h"

/* What a reply answers. The rows are in load_phase.def. */
enum load_phase {
#define PHASE(symbol, name, code, has_status) LOAD_##symbol,
#include "bench/load_phase.def"
#undef PHASE
	LOAD_PHASE_N,
};

const char *load_phase_name(enum load_phase phase);

enum load_verdict {
	LOAD_OK,	/* the code that the phase asks for */
	LOAD_TEMPORARY, /* 4xx */
	LOAD_PERMANENT, /* 5xx */
	LOAD_WRONG,	/* anything else, or out of order, or no reply */
};

#define LOAD_KINDS_MAX	   64
#define LOAD_KIND_TEXT_MAX 160

/* Replies other than the wanted ones, by phase and code. */
struct load_kind {
	enum load_phase phase;
	enum load_verdict verdict;
	uint16_t code; /* 0: not a reply at all */
	uint64_t n;
	char text[LOAD_KIND_TEXT_MAX]; /* of the first one */
};

struct load_stats {
	uint64_t acked_n;     /* messages with their 250 */
	uint64_t acked_bytes; /* of them */
	uint64_t acked_rcpts_n;
	uint64_t deferred_n; /* messages that got 4xx */
	uint64_t rejected_n; /* messages that got 5xx, or a wrong reply */
	uint64_t doubt_n;    /* lost between end of data and its reply */
	uint64_t unsent_n;   /* lost before the end of data */
	uint64_t connects_n, connects_failed_n;
	uint64_t conns_lost_n; /* closed by the peer before 221 */
	uint64_t timeouts_n;
	uint64_t tls_n, tls_resumed_n, tls_failed_n; /* handshakes */
	uint64_t wrong_n, permanent_n, temporary_n;  /* replies */
	uint64_t idle_open_n, idle_lost_n;
	uint64_t last_acked_us; /* monotonic clock */
	uint64_t kinds_left_out_n;
	unsigned kinds_n;
	int connect_errno; /* of the last failed connect */
	struct load_kind kinds[LOAD_KINDS_MAX];
	struct histogram end;	  /* end of data to its 250, us */
	struct histogram connect; /* connect to 220, us */
	struct histogram tls;	  /* a handshake, us */
	struct histogram session; /* connect to close, us */
};

void load_stats_init(struct load_stats *s);
void load_stats_merge(struct load_stats *s, const struct load_stats *from);
/* Counts a reply; keeps the text of the first of each kind. */
void load_stats_reply(struct load_stats *s, enum load_phase phase,
		      enum load_verdict verdict, uint16_t code,
		      struct span text);

#endif
