/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash over any bytes. */
#include "engine/base/sip.h"
#include "engine/base/must.h"

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static ALWAYS_INLINE void
mix(struct sip *s, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		s->a += s->b;
		s->b = rotl(s->b, 13) ^ s->a;
		s->a = rotl(s->a, 32);
		s->c += s->d;
		s->d = rotl(s->d, 16) ^ s->c;
		s->a += s->d;
		s->d = rotl(s->d, 21) ^ s->a;
		s->c += s->b;
		s->b = rotl(s->b, 17) ^ s->c;
		s->c = rotl(s->c, 32);
	}
}

/* Little-endian, whatever the machine. */
static inline uint64_t
word_at(const char *p, size_t n)
{
	uint64_t m = 0;

	for (size_t i = 0; i < n; i++)
		m |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return m;
}

static ALWAYS_INLINE void
add_word(struct sip *s, uint64_t m, int rounds)
{
	s->d ^= m;
	mix(s, rounds);
	s->a ^= m;
}

static ALWAYS_INLINE uint64_t
hash(const struct sip_key *key, struct span in, int rounds, int end_rounds)
{
	struct sip s = {
		.a = key->k[0] ^ 0x736f6d6570736575ull,
		.b = key->k[1] ^ 0x646f72616e646f6dull,
		.c = key->k[0] ^ 0x6c7967656e657261ull,
		.d = key->k[1] ^ 0x7465646279746573ull,
	};
	uint64_t last = (uint64_t)in.len << 56;
	size_t at = 0;

	for (; in.len - at >= 8; at += 8)
		add_word(&s, word_at(in.p + at, 8), rounds);
	add_word(&s, last | word_at(in.p + at, in.len - at), rounds);
	s.c ^= 0xff;
	mix(&s, end_rounds);
	return s.a ^ s.b ^ s.c ^ s.d;
}

uint64_t
sip_hash(const struct sip_key *key, struct span s)
{
	return hash(key, s, 1, 3);
}

uint64_t
sip_hash_rounds(const struct sip_key *key, struct span s, int rounds,
		int end_rounds)
{
	return hash(key, s, rounds, end_rounds);
}
