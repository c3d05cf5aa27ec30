/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gbench.h: Google Benchmark for C. A file of micro-benchmarks has one function
 * that registers them, named in benches.def; `microbench --benchmark_filter=RE`
 * runs them. One thread.
 */
#ifndef PENSTOCK_BENCH_GBENCH_H
#define PENSTOCK_BENCH_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench; /* one run of one benchmark */

/* The body: sets up, then while (gbench_next(b)) does what is measured. */
typedef void gbench_fn(struct gbench *b, void *arg);

/* name: "smtp/session"; kept. arg is handed to fn as it is. */
void gbench_add(const char *name, gbench_fn *fn, void *arg);

/* True as long as another iteration is wanted. */
bool gbench_next(struct gbench *b);
/* What is not to be measured between two iterations: costs 100 ns itself. */
void gbench_pause(struct gbench *b);
void gbench_resume(struct gbench *b);
/* In all iterations together: shown as a rate. */
void gbench_bytes(struct gbench *b, uint64_t bytes);
void gbench_items(struct gbench *b, uint64_t items);
uint64_t gbench_iterations(const struct gbench *b);
/* Ends this benchmark with a message. */
void gbench_fail(struct gbench *b, const char *why);

/* Keeps the compiler from leaving out what made *p. */
static inline void
gbench_keep(const void *p)
{
	__asm__ volatile("" : : "g"(p) : "memory");
}

#ifdef __cplusplus
}
#endif
#endif
