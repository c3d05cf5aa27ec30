/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash with as many rounds as the use asks for, over whole words. */
#include "dataplane/tcp_hash.h"

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(struct sip *s)
{
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

static inline void
sip_init(struct sip *s, const struct tcp_secret *key)
{
	s->a = key->k[0] ^ 0x736f6d6570736575ull;
	s->b = key->k[1] ^ 0x646f72616e646f6dull;
	s->c = key->k[0] ^ 0x6c7967656e657261ull;
	s->d = key->k[1] ^ 0x7465646279746573ull;
}

static inline void
sip_word(struct sip *s, uint64_t m, int rounds)
{
	s->d ^= m;
	for (int i = 0; i < rounds; i++)
		sip_round(s);
	s->a ^= m;
}

static inline uint64_t
sip_end(struct sip *s, uint64_t last, int rounds, int end_rounds)
{
	sip_word(s, last, rounds);
	s->c ^= 0xff;
	for (int i = 0; i < end_rounds; i++)
		sip_round(s);
	return s->a ^ s->b ^ s->c ^ s->d;
}

uint64_t
tcp_hash_key(const struct tcp_secret *key, const struct tcp_key *k)
{
	uint64_t w[5];
	struct sip s;

	w[4] = 0;
	memcpy(w, k, sizeof(*k));
	sip_init(&s, key);
	/* IPv4: nothing in the upper halves, and the length says so. */
	if (!(w[0] | w[2])) {
		sip_word(&s, w[1], 1);
		sip_word(&s, w[3], 1);
		sip_word(&s, w[4], 1);
		return sip_end(&s, (uint64_t)24 << 56, 1, 3);
	}
	for (int i = 0; i < 5; i++)
		sip_word(&s, w[i], 1);
	return sip_end(&s, (uint64_t)sizeof(w) << 56, 1, 3);
}

uint64_t
tcp_hash_strong(const struct tcp_secret *key, const struct tcp_key *k,
		uint64_t a, uint64_t b)
{
	uint64_t w[7];

	w[4] = 0;
	memcpy(w, k, sizeof(*k));
	w[5] = a;
	w[6] = b;
	return tcp_hash_bytes(key, w, sizeof(w));
}

uint64_t
tcp_hash_bytes(const struct tcp_secret *key, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t last = (uint64_t)(n & 0xff) << 56, w;
	struct sip s;

	sip_init(&s, key);
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		sip_word(&s, w, 2);
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)p[i] << (8 * i);
	return sip_end(&s, last, 2, 4);
}
