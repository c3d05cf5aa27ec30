/* SPDX-License-Identifier: BSD-2-Clause */
/* Buckets cover every value once, and quantiles are right within 1/32. */
#include "bench/histogram.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static void
test_buckets(void)
{
	uint64_t end = 0;

	CHECK_ROW("buckets");
	for (size_t i = 0; i < HISTOGRAM_BUCKETS_N; i++) {
		uint64_t first = i ? end + 1 : 0;

		end = histogram_bucket_end(i);
		CHECK(end >= first);
		CHECK(histogram_bucket(first) == i);
		CHECK(histogram_bucket(end) == i);
		CHECK((end - first) * 32 <= first);
	}
	CHECK(end == (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1);
	CHECK(histogram_bucket(UINT64_MAX) == HISTOGRAM_BUCKETS_N - 1);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against a sorted array of what was added. */
static void
test_against_sorted(const char *row, uint64_t spread_bits, size_t n)
{
	static const uint32_t ppm[] = { 1,	500000, 900000,
					990000, 999000, 1000000 };
	static uint64_t values[20000];
	static struct histogram h, half;
	uint64_t x = 88172645463325252ull;

	CHECK_ROW(row);
	histogram_init(&h);
	histogram_init(&half);
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		values[i] = (x >> 8) >> (64 - 8 - x % spread_bits);
		histogram_add(i % 2 ? &half : &h, values[i]);
	}
	histogram_merge(&h, &half);
	qsort(values, n, sizeof(values[0]), compare);
	CHECK(h.n == n);
	CHECK(h.min == values[0]);
	for (size_t i = 0; i < ARRAY_N(ppm); i++) {
		size_t rank = (n * (uint64_t)ppm[i] + 999999) / 1000000;
		uint64_t want = values[rank ? rank - 1 : 0];
		uint64_t got = histogram_quantile(&h, ppm[i]);

		CHECK(got >= want);
		CHECK(got - want <= want / 32);
	}
	CHECK(histogram_quantile(&h, 1000000) == values[n - 1]);
}

static void
test_edges(void)
{
	static struct histogram h;

	CHECK_ROW("empty");
	histogram_init(&h);
	CHECK(histogram_quantile(&h, 500000) == 0);
	CHECK(histogram_mean(&h) == 0);

	CHECK_ROW("one value");
	histogram_add(&h, 1234567);
	CHECK(histogram_quantile(&h, 1) == 1234567);
	CHECK(histogram_quantile(&h, 999999) == 1234567);
	CHECK(histogram_mean(&h) == 1234567);

	CHECK_ROW("beyond the last bucket");
	histogram_add(&h, UINT64_MAX / 2);
	CHECK(histogram_quantile(&h, 1000000) == UINT64_MAX / 2);
}

int
main(void)
{
	test_buckets();
	test_against_sorted("small values", 8, 1000);
	test_against_sorted("microseconds", 30, 20000);
	test_against_sorted("all of it", 40, 20000);
	test_edges();
	return check_end();
}
