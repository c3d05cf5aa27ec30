/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counter.h: a number that one thread writes and any thread may read: no lock,
 * no locked instruction, never torn. The reader's value may be a moment old.
 */
#ifndef PENSTOCK_BASE_COUNTER_H
#define PENSTOCK_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t counter_t;

/* The writer's thread only. */
static inline void
counter_add(counter_t *c, uint64_t n)
{
	atomic_store_explicit(c,
			      atomic_load_explicit(c, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint64_t
counter_get(const counter_t *c)
{
	return atomic_load_explicit((counter_t *)c, memory_order_relaxed);
}

#endif
