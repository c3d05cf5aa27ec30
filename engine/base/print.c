/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, from their last digit to their first. */
#include "engine/base/print.h"
#include "engine/base/must.h"

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

void
print_hex(struct print *pr, uint64_t n)
{
	char digits[16];

	for (size_t at = sizeof(digits); at > 0; n >>= 4)
		digits[--at] = "0123456789ABCDEF"[n & 15];
	print_span(pr, (struct span) { digits, sizeof(digits) });
}
