/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_isn.h: numbers that a stranger must not guess: initial sequence numbers
 * (RFC 6528), where a connection's timestamps begin (RFC 7323 section 5.4), and
 * SYN cookies (RFC 4987 section 3.6), which carry options in the timestamp. Any
 * thread; no state but the secret.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_ISN_H
#define PENSTOCK_DATAPLANE_TCP_ISN_H

#include "dataplane/tcp_hash.h"
#include "dataplane/tcp_opt.h"

/* A cookie is taken for one to two of these. */
#define TCP_COOKIE_PERIOD_US (64ull * 1000000)

uint32_t tcp_isn(const struct tcp_secret *s, const struct tcp_key *k,
		 uint64_t now_us);
/* Added to the clock's milliseconds. */
uint32_t tcp_isn_ts_offset(const struct tcp_secret *s, const struct tcp_key *k);
/* Which port to try first for a peer (RFC 6056 algorithm 3). */
uint32_t tcp_isn_port_offset(const struct tcp_secret *s,
			     const struct tcp_key *k);

/* The ISN that says which MSS the peer's SYN offered (rounded down). */
uint32_t tcp_cookie_make(const struct tcp_secret *s, const struct tcp_key *k,
			 uint32_t irs, uint16_t peer_mss, uint64_t now_us);
/* Whether iss is ours and not too old; gives that MSS. */
bool tcp_cookie_check(const struct tcp_secret *s, const struct tcp_key *k,
		      uint32_t irs, uint32_t iss, uint64_t now_us,
		      uint16_t *mss_out);

/* The peer's options in the low bits of a timestamp not later than ts. */
uint32_t tcp_cookie_ts(uint32_t ts, const struct tcp_opts *o, bool is_ecn);
/* And back, from what the peer echoes. */
void tcp_cookie_ts_read(uint32_t ts, struct tcp_opts *o, bool *is_ecn_out);

#endif
