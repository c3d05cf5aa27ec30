/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_syn.h: connections in SYN_RECEIVED as compact records, which retransmit
 * their SYN-ACK: the server speaks first in SMTP, so a client whose last ACK
 * got lost must not wait for a banner from a server that knows nothing. Only
 * when no record is left do cookies take over. One worker's thread; no
 * allocation; whoever owns the table adds and removes the references.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_SYN_H
#define PENSTOCK_DATAPLANE_TCP_SYN_H

#include "dataplane/host.h"
#include "dataplane/tcp_hash.h"
#include "dataplane/tcp_opt.h"

/* SYN-ACKs are sent 1, 2, 4, 8, 16 s after each other, then it is over. */
#define TCP_SYN_LEVELS	 5u
#define TCP_SYN_FIRST_MS 1000u

enum tcp_syn_flags {
	TCP_SYN_HAS_TS = 1u << 0,
	TCP_SYN_HAS_SACK = 1u << 1,
	TCP_SYN_HAS_WSCALE = 1u << 2,
	TCP_SYN_HAS_ECN = 1u << 3,
	TCP_SYN_USED = 1u << 4,
	TCP_SYN_AGAIN = 1u << 5,  /* SYN-ACK was sent more than once */
	TCP_SYN_COOKIE = 1u << 6, /* its numbers tell all, if it must go */
};

struct tcp_syn {
	struct tcp_key key;
	struct host_path path;
	uint32_t next, prev; /* in its level, by due time; 0: none */
	uint32_t irs, iss;
	uint32_t ts_recent;
	uint32_t due_ms;
	uint32_t sent_us; /* of the first SYN-ACK: a sample of the RTT */
	uint16_t mss;
	uint16_t service_idx;
	uint16_t window; /* the SYN's: never scaled */
	uint8_t wscale, flags, level;
};
static_assert(sizeof(struct tcp_syn) <= 128, "compact");

struct tcp_syn_list {
	uint32_t first, last;
};

struct tcp_syn_all {
	struct tcp_syn *recs; /* number 1 is recs[0] */
	uint32_t recs_n, used_n, free, fresh;
	struct tcp_syn_list levels[TCP_SYN_LEVELS];
};

void tcp_syn_init(struct tcp_syn_all *a, uint32_t recs_n);
void tcp_syn_fini(struct tcp_syn_all *a);

/* More than half full: a flood, as it seems. */
static inline bool
tcp_syn_is_flood(const struct tcp_syn_all *a)
{
	return a->used_n > a->recs_n / 2;
}

static inline struct tcp_syn *
tcp_syn_rec(const struct tcp_syn_all *a, uint32_t number)
{
	return &a->recs[number - 1];
}

/* A zeroed record whose SYN-ACK goes out now; 0: the cache is full. */
uint32_t tcp_syn_get(struct tcp_syn_all *a, uint32_t now_ms);
void tcp_syn_put(struct tcp_syn_all *a, uint32_t number);

/* One whose SYN-ACK is due again, or 0. */
uint32_t tcp_syn_due(const struct tcp_syn_all *a, uint32_t now_ms);
/*
 * Its SYN-ACK goes out once more: true; false: that was enough. A cache that is
 * more than half full gives up after the second, so that a flood passes sooner.
 */
bool tcp_syn_again(struct tcp_syn_all *a, uint32_t number, uint32_t now_ms);
/* Milliseconds until the next is due; UINT32_MAX: none. */
uint32_t tcp_syn_next_ms(const struct tcp_syn_all *a, uint32_t now_ms);

#endif
