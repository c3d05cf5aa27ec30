/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash against its authors' vectors; how connections' names spread. */
#include "dataplane/tcp_hash.h"
#include "tests/unit/check.h"

/* SipHash-2-4, key 00 01 .. 0f, of 00 01 .. (n - 1): Aumasson, Bernstein. */
static const struct {
	size_t n;
	uint64_t want;
} vectors[] = {
	{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd },
	{ 2, 0x0d6c8009d9a94f5a },  { 3, 0x85676696d7fb7e2d },
	{ 7, 0xab0200f58b01d137 },  { 8, 0x93f5f5799a932462 },
	{ 15, 0xa129ca6149be45e5 },
};

static struct tcp_secret
secret(void)
{
	struct tcp_secret s;
	uint8_t bytes[16];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memcpy(&s, bytes, sizeof(s));
	return s;
}

static void
test_vectors(void)
{
	struct tcp_secret s = secret();
	uint8_t in[16];

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	CHECK_ROW("vectors");
	for (unsigned i = 0; i < ARRAY_N(vectors); i++)
		CHECK(tcp_hash_bytes(&s, in, vectors[i].n) == vectors[i].want);
}

/* Ports in a row, as a peer would choose them: no bucket gets many. */
static void
test_spread(void)
{
	static unsigned hits[4096];
	struct tcp_secret s = secret();
	struct tcp_key k = { .local_port = 25 };
	unsigned most = 0;

	for (unsigned port = 1; port < 65536; port++) {
		k.peer_port = (uint16_t)port;
		hits[tcp_hash_key(&s, &k) % ARRAY_N(hits)]++;
	}
	for (unsigned i = 0; i < ARRAY_N(hits); i++)
		most = hits[i] > most ? hits[i] : most;
	CHECK_ROW("spread");
	CHECK(most < 45); /* 16 on average; Poisson: 1 in 10^9 above */
}

static void
test_differs(void)
{
	struct tcp_secret s = secret(), s2 = s;
	struct tcp_key k = { .local_port = 25, .peer_port = 40000 }, k2;
	uint64_t h = tcp_hash_key(&s, &k), strong;

	s2.k[0] ^= 1;
	CHECK_ROW("every bit counts");
	CHECK(tcp_hash_key(&s2, &k) != h);
	for (unsigned i = 0; i < sizeof(k) * 8; i++) {
		k2 = k;
		((uint8_t *)&k2)[i / 8] ^= (uint8_t)(1u << i % 8);
		CHECK(tcp_hash_key(&s, &k2) != h);
		CHECK(!tcp_key_is_equal(&k, &k2));
	}
	strong = tcp_hash_strong(&s, &k, 1, 2);
	CHECK(strong != tcp_hash_strong(&s, &k, 2, 1));
	CHECK(strong != tcp_hash_strong(&s, &k, 1, 3));
	CHECK(strong == tcp_hash_strong(&s, &k, 1, 2));
	CHECK(tcp_key_is_equal(&k, &k));
}

int
main(void)
{
	test_vectors();
	test_spread();
	test_differs();
	return check_end();
}
