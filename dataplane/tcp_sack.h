/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_sack.h: the sender's scoreboard (RFC 6675): which of the bytes in flight
 * the peer says it has, which of the others are lost, and how many are still
 * on the way. At most 16 ranges, so the work an ACK makes is bounded: what a
 * peer says beyond that is forgotten, which costs it a retransmission. Pure
 * functions on one record.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_SACK_H
#define PENSTOCK_DATAPLANE_TCP_SACK_H

#include "dataplane/tcp_opt.h"

#define TCP_SACK_RANGES 16u
#define TCP_DUP_THRESH	3u

struct tcp_sack {
	struct tcp_range r[TCP_SACK_RANGES]; /* ascending, apart */
	uint32_t n;
	uint32_t bytes;	   /* in all of them */
	uint32_t high_rxt; /* HighRxt: sent again up to here */
	uint32_t is_rescued;
	uint32_t rxt_max; /* SND.MAX when a hole was last sent again */
};

void tcp_sack_clear(struct tcp_sack *s, uint32_t una);
/*
 * Takes in an ACK: una as it is now, max the highest byte sent plus one. Gives
 * the number of bytes that were not known to be there; blocks that are not
 * within (una, max] are skipped: nonsense, or RFC 2883's duplicates.
 */
uint32_t tcp_sack_update(struct tcp_sack *s, uint32_t una, uint32_t max,
			 const struct tcp_opts *o);
/* una has moved on: what lies below it is forgotten. */
void tcp_sack_advance(struct tcp_sack *s, uint32_t una);
/* Everything below it that is not in a range is lost: IsLost(). */
uint32_t tcp_sack_lost_edge(const struct tcp_sack *s, uint32_t una,
			    uint32_t mss);
/* SetPipe(): bytes in flight up to nxt. */
uint32_t tcp_sack_pipe(const struct tcp_sack *s, uint32_t una, uint32_t nxt,
		       uint32_t mss);
/* The first gap within [from, to): start and length. false: none. */
bool tcp_sack_gap(const struct tcp_sack *s, uint32_t from, uint32_t to,
		  struct tcp_range *out);
/*
 * Holes were sent again, and of what was sent after that three segments' worth
 * have arrived: una's must have got lost once more. Begins from una.
 */
bool tcp_sack_lost_again(struct tcp_sack *s, uint32_t una, uint32_t mss);
/* The end of the highest range, or una. */
uint32_t tcp_sack_high(const struct tcp_sack *s, uint32_t una);

#endif
