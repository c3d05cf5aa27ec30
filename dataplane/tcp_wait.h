/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_wait.h: TIME_WAIT in records of 40 bytes: after QUIT the server often
 * closes first. The connection's name is kept as its 64-bit secret hash. One
 * worker's thread; no allocation; whoever owns the table adds and removes the
 * references.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_WAIT_H
#define PENSTOCK_DATAPLANE_TCP_WAIT_H

#include "dataplane/tcp_seq.h"
#include "engine/base/must.h"

struct tcp_wait {
	uint64_t hash;
	uint32_t next, prev; /* by due time; 0: none */
	uint32_t snd_nxt, rcv_nxt;
	uint32_t ts_recent; /* has_ts */
	uint32_t ts_offset;
	uint32_t due_ms;
	uint16_t window; /* as last advertised, scaled */
	uint8_t has_ts;
	uint8_t is_used;
};
static_assert(sizeof(struct tcp_wait) <= 48, "48 bytes a TIME_WAIT");

struct tcp_wait_all {
	struct tcp_wait *recs; /* number 1 is recs[0] */
	uint32_t recs_n, used_n, free, fresh;
	uint32_t first, last; /* to expire */
	uint32_t wait_ms;
};

void tcp_wait_init(struct tcp_wait_all *a, uint32_t recs_n, uint64_t wait_us);
void tcp_wait_fini(struct tcp_wait_all *a);

static inline struct tcp_wait *
tcp_wait_rec(const struct tcp_wait_all *a, uint32_t number)
{
	return &a->recs[number - 1];
}

/* A record, due 2 MSL from now; 0: all are used: release the oldest. */
uint32_t tcp_wait_get(struct tcp_wait_all *a, uint32_t now_ms);
void tcp_wait_put(struct tcp_wait_all *a, uint32_t number);
/* 2 MSL from now again. */
void tcp_wait_renew(struct tcp_wait_all *a, uint32_t number, uint32_t now_ms);
/* The oldest if its time has come, or 0. */
uint32_t tcp_wait_due(const struct tcp_wait_all *a, uint32_t now_ms);

enum tcp_wait_want {
	TCP_WAIT_DROP,
	TCP_WAIT_ACK,
	TCP_WAIT_ACK_RENEW, /* the FIN again: 2 MSL from now */
	TCP_WAIT_REUSE,	    /* a new connection's SYN (RFC 6191) */
};
struct tcp_wait_seg {
	uint32_t seq, len; /* len counts SYN and FIN */
	uint32_t ts_val;
	bool is_syn, is_ack, is_rst, is_fin, has_ts;
};
/* What to do about a segment for this record; notes its timestamp. */
enum tcp_wait_want tcp_wait_step(struct tcp_wait *w,
				 const struct tcp_wait_seg *s);

#endif
