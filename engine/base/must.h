/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * must.h: what every file uses: checks that stay in, attributes, array sizes.
 * Any thread. A failed must() is a programmer's error: it says where and
 * aborts. Never use it on what a peer or the disk can do.
 */
#ifndef PENSTOCK_BASE_MUST_H
#define PENSTOCK_BASE_MUST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define LIKELY(x)	       __builtin_expect(!!(x), 1)
#define UNLIKELY(x)	       __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE	       inline __attribute__((always_inline))
#define CACHE_LINE	       64
#define CACHE_ALIGNED	       __attribute__((aligned(CACHE_LINE)))
#define ARRAY_N(a)	       (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) \
	((type *)(void *)((char *)(p)-offsetof(type, member)))

#define must(cond) \
	(LIKELY(cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))

__attribute__((noreturn, cold)) void must_failed(const char *cond,
						 const char *file, int line);

/* malloc that gives zeroed memory or aborts: for start-up only. */
MUST_USE void *must_alloc(size_t bytes);

#endif
