/* SPDX-License-Identifier: BSD-2-Clause */
/* The keyed hash of addresses and ports: SipHash with one round a word. */
#include "dataplane/flow.h"
#include "dataplane/wire.h"

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t
rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static inline void
sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32);
	s->c += s->b;
	s->a += s->d;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static inline struct sip
sip_init(const struct flow_key *key)
{
	return (struct sip) { .a = key->k[0] ^ 0x736f6d6570736575,
			      .b = key->k[1] ^ 0x646f72616e646f6d,
			      .c = key->k[0] ^ 0x6c7967656e657261,
			      .d = key->k[1] ^ 0x7465646279746573 };
}

static inline void
sip_word(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}

static inline void
sip_load(struct sip *s, const void *p, unsigned words_n)
{
	uint64_t word;

	for (unsigned i = 0; i < words_n; i++) {
		memcpy(&word, (const uint8_t *)p + 8 * i, sizeof(word));
		sip_word(s, word);
	}
}

static inline uint32_t
sip_end(struct sip *s, unsigned bytes, uint32_t tail)
{
	sip_word(s, (uint64_t)bytes << 56 | tail);
	s->c ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		sip_round(s);
	return (uint32_t)(s->a ^ s->b ^ s->c ^ s->d);
}

static inline uint32_t
hash_words(const struct flow_key *key, const void *p, unsigned words_n,
	   const void *ports)
{
	struct sip s = sip_init(key);
	uint32_t tail;

	memcpy(&tail, ports, sizeof(tail));
	sip_load(&s, p, words_n);
	return sip_end(&s, words_n * 8 + 4, tail);
}

uint32_t
flow_hash4(const struct flow_key *key, const void *addrs, const void *ports)
{
	return hash_words(key, addrs, 1, ports);
}

uint32_t
flow_hash6(const struct flow_key *key, const void *addrs, const void *ports)
{
	return hash_words(key, addrs, 4, ports);
}

uint32_t
flow_hash(const struct flow_key *key, const struct ip *src, uint16_t src_port,
	  const struct ip *dst, uint16_t dst_port)
{
	uint8_t addrs[32], ports[4];

	wire_put16(ports, src_port);
	wire_put16(ports + 2, dst_port);
	if (ip_is_v4(src)) {
		memcpy(addrs, src->b + 12, 4);
		memcpy(addrs + 4, dst->b + 12, 4);
		return flow_hash4(key, addrs, ports);
	}
	memcpy(addrs, src->b, 16);
	memcpy(addrs + 16, dst->b, 16);
	return flow_hash6(key, addrs, ports);
}

uint32_t
flow_hash_addr(const struct flow_key *key, const struct ip *addr)
{
	struct sip s = sip_init(key);

	sip_load(&s, addr->b, 2);
	return sip_end(&s, 16, 0);
}
