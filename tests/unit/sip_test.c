/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 against its authors' vectors; the faster one's properties. */
#include "engine/base/must.h"
#include "engine/base/sip.h"
#include "tests/unit/check.h"

/* Key 00 01 .. 0f, message 00 01 .. (len - 1). */
static const struct sip_key key = { { 0x0706050403020100ull,
				      0x0f0e0d0c0b0a0908ull } };

static const struct {
	const char *name;
	size_t len;
	uint64_t hash;
} rows[] = {
	{ "nothing", 0, 0x726fdb47dd0e0e31ull },
	{ "a byte", 1, 0x74f839c593dc67fdull },
	{ "all but a word", 7, 0xab0200f58b01d137ull },
	{ "a word", 8, 0x93f5f5799a932462ull },
	{ "a word and a rest", 15, 0xa129ca6149be45e5ull },
};

int
main(void)
{
	char bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span s = { bytes, rows[i].len };

		CHECK_ROW(rows[i].name);
		CHECK(sip_hash_rounds(&key, s, 2, 4) == rows[i].hash);
		CHECK(sip_hash(&key, s) == sip_hash_rounds(&key, s, 1, 3));
	}
	CHECK_ROW("each byte and the key count");
	for (size_t i = 0; i < 20; i++) {
		struct span s = { bytes, 20 };
		uint64_t before = sip_hash(&key, s);
		struct sip_key other = { { key.k[0] ^ 1, key.k[1] } };

		CHECK(sip_hash(&other, s) != before);
		bytes[i] ^= 64;
		CHECK(sip_hash(&key, s) != before);
		bytes[i] ^= 64;
		CHECK(sip_hash(&key, s) == before);
	}
	return check_end();
}
