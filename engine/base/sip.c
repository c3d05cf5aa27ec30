/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash over any bytes. */
#include "engine/base/sip.h"

/* Little-endian, whatever the machine. */
static inline uint64_t
word_at(const char *p, size_t n)
{
	uint64_t m = 0;

	for (size_t i = 0; i < n; i++)
		m |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return m;
}

static ALWAYS_INLINE uint64_t
hash(const struct sip_key *key, struct span in, int rounds, int end_rounds)
{
	struct sip s = sip_begin(key->k);
	uint64_t last = (uint64_t)in.len << 56;
	size_t at = 0;

	for (; in.len - at >= 8; at += 8)
		sip_word(&s, word_at(in.p + at, 8), rounds);
	return sip_end(&s, last | word_at(in.p + at, in.len - at), rounds,
		       end_rounds);
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
