/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram.h: how long things took, in little memory: counts in buckets that
 * are linear within each power of two, so that a quantile is right within
 * 1/32 wherever it lies (the layout of HdrHistogram). One thread; no
 * allocation; add is a few instructions. Histograms of several threads are
 * merged when they are done.
 */
#ifndef PENSTOCK_BENCH_HISTOGRAM_H
#define PENSTOCK_BENCH_HISTOGRAM_H

#include "engine/base/must.h"

#define HISTOGRAM_SUB_BITS 5 /* 32 buckets for each power of two */
#define HISTOGRAM_MAX_BITS                                 \
	40 /* microseconds: 12 days; more is counted there \
	    */
#define HISTOGRAM_BUCKETS_N                                    \
	((size_t)(HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) \
	 << HISTOGRAM_SUB_BITS)

struct histogram {
	uint64_t n, sum, min, max;
	uint64_t buckets[HISTOGRAM_BUCKETS_N];
};

void histogram_init(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t value);
/* Adds what `from` has to *h. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/*
 * The smallest value v such that at least parts_per_million of the values are
 * <= v, rounded up to the end of its bucket but never over the maximum. 0 when
 * there are no values. 1000000 gives the maximum itself.
 */
uint64_t histogram_quantile(const struct histogram *h,
			    uint32_t parts_per_million);
/* Rounded down; 0 when there are no values. */
uint64_t histogram_mean(const struct histogram *h);

/* For the test and for who prints the whole: bucket of a value, last value of
 * a bucket. */
size_t histogram_bucket(uint64_t value);
uint64_t histogram_bucket_end(size_t idx);

#endif
