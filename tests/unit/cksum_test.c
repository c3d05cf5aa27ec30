/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums of every length at every alignment against the RFC's own words. */
#include "dataplane/cksum.h"
#include "dataplane/wire.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

enum { BYTES_MAX = 700 };

static uint8_t bytes[BYTES_MAX + 8];

/* RFC 1071 section 4.1, word by word. */
static uint16_t
plain(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n % 2)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t
host_order(uint16_t wire)
{
	return wire_get16(&wire);
}

static void
test_lengths(void)
{
	uint32_t x = 1;

	CHECK_ROW("every length and alignment");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
	for (size_t at = 0; at < 8; at++)
		for (size_t n = 0; n <= BYTES_MAX; n++)
			if (host_order(cksum_fold(cksum_add(
				    0, bytes + at, n))) != plain(bytes + at, n))
				CHECK(!"sum differs");
	CHECK_ROW("all ones, the most carries");
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t n = 1; n <= BYTES_MAX; n++)
		if (host_order(cksum_fold(cksum_add(0, bytes, n))) !=
		    plain(bytes, n))
			CHECK(!"sum differs");
	CHECK_ROW("in parts");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
	for (size_t n = 0; n <= 600; n += 2)
		CHECK(cksum_fold(cksum_add(cksum_add(0, bytes, n), bytes + n,
					   BYTES_MAX - n)) ==
		      cksum_fold(cksum_add(0, bytes, BYTES_MAX)));
}

static void
test_long(void)
{
	static uint8_t big[1u << 17];

	CHECK_ROW("64 KiB and more of ones");
	memset(big, 0xff, sizeof(big));
	CHECK(cksum_fold(cksum_add(0, big, sizeof(big))) == 0xffff);
	CHECK(cksum_end(cksum_add(0, big, sizeof(big))) == 0);
}

static void
test_headers(void)
{
	/* RFC 1071 section 3's example words: 0001 f203 f4f5 f6f7 → ddf2 */
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03,
					   0xf4, 0xf5, 0xf6, 0xf7 };
	uint8_t ip4[IP4_BYTES] = { [IP4_SRC] = 192, 0, 2, 1, 192, 0, 2, 2 };
	uint8_t ip6[IP6_BYTES] = { [IP6_SRC] = 0x20, 1, [IP6_DST + 15] = 9 };
	uint8_t pseudo[40] = { 0 };

	CHECK_ROW("RFC 1071 section 3");
	CHECK(host_order(cksum_fold(cksum_add(0, example, 8))) == 0xddf2);
	CHECK(host_order(cksum_end(cksum_add(0, example, 8))) == 0x220d);
	CHECK_ROW("pseudo-header of IPv4");
	memcpy(pseudo, ip4 + IP4_SRC, 8);
	pseudo[9] = 6;
	wire_put16(pseudo + 10, 0x1234);
	CHECK(host_order(cksum_fold(cksum_pseudo4(ip4, 6, 0x1234))) ==
	      plain(pseudo, 12));
	CHECK_ROW("pseudo-header of IPv6");
	memcpy(pseudo, ip6 + IP6_SRC, 32);
	wire_put32(pseudo + 32, 0x12345);
	wire_put32(pseudo + 36, 58);
	CHECK(host_order(cksum_fold(cksum_pseudo6(ip6, 58, 0x12345))) ==
	      plain(pseudo, 40));
}

int
main(void)
{
	test_lengths();
	test_long();
	test_headers();
	return check_end();
}
