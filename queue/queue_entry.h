/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_entry.h: what goes through the two rings between a worker and its
 * commit thread. Each function: the side that it names.
 *
 * An entry is a pointer whose low bits say what it is. A chunk carries its
 * message in its `next`: nothing has to be allocated for it.
 */
#ifndef PENSTOCK_QUEUE_ENTRY_H
#define PENSTOCK_QUEUE_ENTRY_H

#include "queue/queue_int.h"

enum entry { ENTRY_MSG, ENTRY_CHUNK, ENTRY_DROP, ENTRY_MASK = 3 };

static_assert(_Alignof(struct msg) > ENTRY_MASK, "room for the kind");
static_assert(_Alignof(struct chunk) > ENTRY_MASK, "room for the kind");

/* worker */
static inline void *
entry_of(void *p, enum entry kind)
{
	return (void *)((uintptr_t)p | kind);
}

/* commit thread */
static inline enum entry
entry_kind(const void *e)
{
	return (enum entry)((uintptr_t)e & ENTRY_MASK);
}

static inline void *
entry_pointer(void *e)
{
	return (void *)((uintptr_t)e & ~(uintptr_t)ENTRY_MASK);
}

/* worker */
static inline struct chunk *
entry_chunk_owner(struct msg *m)
{
	return (struct chunk *)(void *)m;
}

/* commit thread: afterwards the chunk stands alone */
static inline struct msg *
entry_chunk_take_owner(struct chunk *c)
{
	struct msg *m = (struct msg *)(void *)c->next;

	c->next = NULL;
	return m;
}

/* commit thread; a worker never has more than PORT_ENTRIES outstanding */
static inline void
done_put(struct done_ring *r, const struct queue_done *done)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	r->slots[tail % PORT_ENTRIES] = *done;
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

/* worker: false when empty */
static inline bool
done_get(struct done_ring *r, struct queue_done *out)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&r->tail, memory_order_acquire))
		return false;
	*out = r->slots[head % PORT_ENTRIES];
	atomic_store_explicit(&r->head, head + 1, memory_order_relaxed);
	return true;
}

/* worker */
static inline uint32_t
done_n(const struct done_ring *r)
{
	return atomic_load_explicit(&r->tail, memory_order_acquire) -
	       atomic_load_explicit(&r->head, memory_order_relaxed);
}

#endif
