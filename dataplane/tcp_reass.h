/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_reass.h: bytes that came before their turn. At most eight ranges a
 * connection, copied into buffers of the pool and charged by whole buffers,
 * with a limit per connection and one per worker (CVE-2018-5390: work and
 * memory a segment are bounded). One worker's thread; no allocation.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_REASS_H
#define PENSTOCK_DATAPLANE_TCP_REASS_H

#include "dataplane/tcp_buf.h"
#include "dataplane/tcp_opt.h"

#define TCP_REASS_RANGES 8u

struct tcp_reass_range {
	uint32_t start, end;
	struct tcp_chain chain; /* end - start bytes */
};

/* One connection's; exists only while something is missing. */
struct tcp_reass {
	struct tcp_reass_range r[TCP_REASS_RANGES]; /* the latest first */
	uint32_t n;
	uint32_t bufs_n;
	uint32_t fin_seq;
	uint32_t has_fin; /* a FIN waits at fin_seq */
	uint32_t next_free;
};

struct tcp_reass_all {
	struct tcp_reass *recs; /* number 1 is recs[0] */
	uint32_t recs_n, free, fresh, used_n;
	uint32_t bufs_n, bufs_max; /* of all connections */
	uint32_t conn_bufs_max;
};

void tcp_reass_init(struct tcp_reass_all *a, uint32_t recs_n, uint32_t bufs_max,
		    uint32_t conn_bufs_max);
void tcp_reass_fini(struct tcp_reass_all *a);

static inline struct tcp_reass *
tcp_reass_rec(const struct tcp_reass_all *a, uint32_t number)
{
	return &a->recs[number - 1];
}

enum tcp_reass_got {
	TCP_REASS_KEPT,
	TCP_REASS_KNOWN, /* nothing new in it */
	TCP_REASS_FULL,	 /* a limit is reached: nothing kept */
};
/*
 * Copies what is new of n bytes at seq. *rec: the connection's record, 0 when
 * it has none yet. *dup_out: a part that was there already (empty: none), for
 * RFC 2883. What came first stays.
 */
enum tcp_reass_got tcp_reass_add(struct tcp_reass_all *a, struct tcp_pool *p,
				 uint32_t *rec, uint32_t seq,
				 const uint8_t *from, uint32_t n,
				 struct tcp_range *dup_out);
/* Notes a FIN before its turn. One with text behind it will not count. */
void tcp_reass_fin(struct tcp_reass_all *a, uint32_t *rec, uint32_t seq);
/*
 * Moves what follows on rcv_nxt to the end of the chain; gives the new RCV.NXT
 * without the FIN, and whether that is next. Drops an empty record.
 */
uint32_t tcp_reass_take(struct tcp_reass_all *a, struct tcp_pool *p,
			uint32_t *rec, uint32_t rcv_nxt, struct tcp_chain *to,
			bool *is_fin_out);
/* RFC 2018 section 4: the latest range first. Gives how many. */
unsigned tcp_reass_sacks(const struct tcp_reass_all *a, uint32_t rec,
			 struct tcp_range *out, unsigned max);
void tcp_reass_free(struct tcp_reass_all *a, struct tcp_pool *p, uint32_t *rec);

#endif
