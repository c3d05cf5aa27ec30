/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log-linear buckets. Values under 2^SUB_BITS have a bucket each; from there
 * on every power of two is cut into 2^SUB_BITS equal ones.
 */
#include "bench/histogram.h"

#define SUB_N (1u << HISTOGRAM_SUB_BITS)

void
histogram_init(struct histogram *h)
{
	*h = (struct histogram) { .min = UINT64_MAX };
}

size_t
histogram_bucket(uint64_t value)
{
	unsigned top_bit, shift;

	if (value < SUB_N)
		return (size_t)value;
	top_bit = 63u - (unsigned)__builtin_clzll(value);
	if (top_bit >= HISTOGRAM_MAX_BITS)
		return HISTOGRAM_BUCKETS_N - 1;
	shift = top_bit - HISTOGRAM_SUB_BITS;
	return ((size_t)(shift + 1) << HISTOGRAM_SUB_BITS) +
	       (size_t)((value >> shift) - SUB_N);
}

uint64_t
histogram_bucket_end(size_t idx)
{
	uint64_t sub = idx & (SUB_N - 1);
	unsigned shift;

	must(idx < HISTOGRAM_BUCKETS_N);
	if (idx < SUB_N)
		return idx;
	shift = (unsigned)(idx >> HISTOGRAM_SUB_BITS) - 1;
	return ((SUB_N + sub + 1) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t value)
{
	h->n++;
	h->sum += value;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->buckets[histogram_bucket(value)]++;
}

void
histogram_merge(struct histogram *h, const struct histogram *from)
{
	h->n += from->n;
	h->sum += from->sum;
	if (from->min < h->min)
		h->min = from->min;
	if (from->max > h->max)
		h->max = from->max;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS_N; i++)
		h->buckets[i] += from->buckets[i];
}

uint64_t
histogram_quantile(const struct histogram *h, uint32_t parts_per_million)
{
	uint64_t rank, seen = 0, end;

	must(parts_per_million <= 1000000);
	if (h->n == 0)
		return 0;
	/* 128 bits: n times a million does not fit for long runs */
	rank = (uint64_t)(((unsigned __int128)h->n * parts_per_million +
			   999999) /
			  1000000);
	if (rank == 0)
		return h->min;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS_N; i++) {
		seen += h->buckets[i];
		if (seen < rank)
			continue;
		end = histogram_bucket_end(i);
		return end < h->max && i < HISTOGRAM_BUCKETS_N - 1 ? end
								   : h->max;
	}
	return h->max;
}

uint64_t
histogram_mean(const struct histogram *h)
{
	return h->n ? h->sum / h->n : 0;
}
