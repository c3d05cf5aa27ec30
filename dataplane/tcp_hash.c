/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash with as many rounds as the use asks for, over whole words. */
#include "dataplane/tcp_hash.h"
#include "engine/base/sip.h"

uint64_t
tcp_hash_key(const struct tcp_secret *key, const struct tcp_key *k)
{
	uint64_t w[5];
	struct sip s = sip_begin(key->k);

	w[4] = 0;
	memcpy(w, k, sizeof(*k));
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
	const struct sip_key k = { { key->k[0], key->k[1] } };

	return sip_hash_rounds(&k, (struct span) { bytes, n }, 2, 4);
}
