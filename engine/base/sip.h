/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sip.h: SipHash (Aumasson and Bernstein, 2012): a keyed hash for tables whose
 * keys somebody hostile may choose. Any thread.
 */
#ifndef PENSTOCK_BASE_SIP_H
#define PENSTOCK_BASE_SIP_H

#include "engine/base/must.h"
#include "engine/base/span.h"

struct sip_key {
	uint64_t k[2];
};

/* --- word by word, for whoever knows what his keys look like --- */

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t
sip_rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static ALWAYS_INLINE void
sip_mix(struct sip *s, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		s->a += s->b;
		s->b = sip_rotl(s->b, 13) ^ s->a;
		s->a = sip_rotl(s->a, 32);
		s->c += s->d;
		s->d = sip_rotl(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = sip_rotl(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = sip_rotl(s->b, 17) ^ s->c;
		s->c = sip_rotl(s->c, 32);
	}
}

static ALWAYS_INLINE struct sip
sip_begin(const uint64_t key[2])
{
	return (struct sip) {
		.a = key[0] ^ 0x736f6d6570736575ull,
		.b = key[1] ^ 0x646f72616e646f6dull,
		.c = key[0] ^ 0x6c7967656e657261ull,
		.d = key[1] ^ 0x7465646279746573ull,
	};
}

static ALWAYS_INLINE void
sip_word(struct sip *s, uint64_t m, int rounds)
{
	s->d ^= m;
	sip_mix(s, rounds);
	s->a ^= m;
}

/* last: the bytes behind the last whole word, and above them the length. */
static ALWAYS_INLINE uint64_t
sip_end(struct sip *s, uint64_t last, int rounds, int end_rounds)
{
	sip_word(s, last, rounds);
	s->c ^= 0xff;
	sip_mix(s, end_rounds);
	return s->a ^ s->b ^ s->c ^ s->d;
}

/* --- over bytes --- */

/* SipHash-1-3. */
uint64_t sip_hash(const struct sip_key *key, struct span s);
/* With as many rounds a word, and at the end, as one likes. */
uint64_t sip_hash_rounds(const struct sip_key *key, struct span s, int rounds,
			 int end_rounds);

#endif
