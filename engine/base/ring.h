/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.h: a bounded ring of pointers with one producer and one consumer, the
 * only way in which threads hand things to each other. Never blocks, never
 * allocates after init. Each side keeps its own copy of the other's index, so
 * that a line moves between cores once a lap and not once an entry
 * (FastForward, Giacomoni et al., PPoPP 2008; this is the index variant).
 */
#ifndef PENSTOCK_BASE_RING_H
#define PENSTOCK_BASE_RING_H

#include "engine/base/must.h"

#include <stdatomic.h>

struct ring {
	/* producer's line */
	CACHE_ALIGNED _Atomic uint32_t tail;
	uint32_t head_seen;
	/* consumer's line */
	CACHE_ALIGNED _Atomic uint32_t head;
	uint32_t tail_seen;
	/* both read */
	CACHE_ALIGNED void **slots;
	uint32_t mask;
};

static_assert(offsetof(struct ring, head) == CACHE_LINE, "consumer's line");
static_assert(offsetof(struct ring, slots) == 2 * CACHE_LINE, "shared line");

/* entries_max is rounded up to a power of two. 0 or -ENOMEM. */
MUST_USE int ring_init(struct ring *r, uint32_t entries_max);
void ring_fini(struct ring *r);

/* Producer only: false when full; the entry is then still the caller's. */
static inline MUST_USE bool
ring_put(struct ring *r, void *entry)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail - r->head_seen > r->mask) {
		r->head_seen =
			atomic_load_explicit(&r->head, memory_order_acquire);
		if (tail - r->head_seen > r->mask)
			return false;
	}
	r->slots[tail & r->mask] = entry;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return true;
}

/* Consumer only: NULL when empty. */
static inline void *
ring_get(struct ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	void *entry;

	if (head == r->tail_seen) {
		r->tail_seen =
			atomic_load_explicit(&r->tail, memory_order_acquire);
		if (head == r->tail_seen)
			return NULL;
	}
	entry = r->slots[head & r->mask];
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return entry;
}

/* Entries now in it; exact only for one of the two sides. Any thread. */
static inline uint32_t
ring_n(const struct ring *r)
{
	return atomic_load_explicit(&r->tail, memory_order_acquire) -
	       atomic_load_explicit(&r->head, memory_order_acquire);
}

#endif
