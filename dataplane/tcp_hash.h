/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_hash.h: a connection's name, and the keyed hash of it (SipHash, Aumasson
 * and Bernstein 2012): a peer that chooses its ports cannot choose its bucket,
 * which the Toeplitz hash of network cards would let it do. Any thread.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_HASH_H
#define PENSTOCK_DATAPLANE_TCP_HASH_H

#include "engine/base/ip.h"
#include "engine/base/must.h"

/* IPv4 as mapped addresses: one form. Hashed as 40 bytes, the last four 0;
 * of IPv4 the lower halves and the ports. */
struct tcp_key {
	struct ip local, peer;
	uint16_t local_port, peer_port; /* host byte order */
};
static_assert(sizeof(struct tcp_key) == 36, "no gaps: compared as bytes");

struct tcp_secret {
	uint64_t k[2];
};

/* For the table: SipHash-1-3. */
uint64_t tcp_hash_key(const struct tcp_secret *s, const struct tcp_key *k);
/* For what a peer sees a part of: SipHash-2-4 of the key and two words. */
uint64_t tcp_hash_strong(const struct tcp_secret *s, const struct tcp_key *k,
			 uint64_t a, uint64_t b);
/* SipHash-2-4 of any bytes: the published test vectors are of this. */
uint64_t tcp_hash_bytes(const struct tcp_secret *s, const void *bytes,
			size_t n);

static inline bool
tcp_key_is_equal(const struct tcp_key *a, const struct tcp_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

#endif
