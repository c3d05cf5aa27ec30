/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, from their last digit to their first. */
#include "engine/base/print.h"
#include "engine/base/must.h"

#include <endian.h>

void
print_u64(struct print *pr, uint64_t n, unsigned digits_min)
{
	char digits[PRINT_U64_MAX];
	size_t at = sizeof(digits);

	must(digits_min <= sizeof(digits));
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (at > sizeof(digits) - digits_min)
		digits[--at] = '0';
	print_span(pr, (struct span) { digits + at, sizeof(digits) - at });
}

/* All at once: a byte for each nibble, then 7 more for those above 9. */
static uint64_t
eight_digits(uint32_t n)
{
	uint64_t x = n;

	x = (x << 16 | x) & 0x0000ffff0000ffff;
	x = (x << 8 | x) & 0x00ff00ff00ff00ff;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0f;
	x += 0x3030303030303030 +
	     ((x + 0x0606060606060606) >> 4 & 0x0101010101010101) * 7;
	return htobe64(x);
}

void
print_hex(struct print *pr, uint64_t n)
{
	uint64_t digits[2] = { eight_digits((uint32_t)(n >> 32)),
			       eight_digits((uint32_t)n) };

	print_span(pr, (struct span) { (char *)digits, sizeof(digits) });
}
