/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wheel.h: a hierarchical timer wheel (Varghese and Lauck, SOSP 1987): 1 ms
 * ticks, four levels of 256 slots, one intrusive node per owner. One thread.
 * Setting and clearing are constant time; an owner with several deadlines sets
 * the nearest, and one whose deadline moved away leaves its node alone and sets
 * it again when it fires (lazy re-arming).
 */
#ifndef PENSTOCK_BASE_WHEEL_H
#define PENSTOCK_BASE_WHEEL_H

#include "engine/base/must.h"

#define WHEEL_TICK_US  1000u
#define WHEEL_LEVELS_N 4
#define WHEEL_SLOTS_N  256
/* Deadlines further away fire here, early: about 49 days. */
#define WHEEL_TICKS_MAX UINT32_MAX

struct wheel_node {
	struct wheel_node *next, *prev; /* NULL: not set */
	uint64_t due_tick;
};

struct wheel {
	uint64_t now_tick; /* everything before it has fired */
	uint64_t set_n;
	uint64_t busy[WHEEL_LEVELS_N][WHEEL_SLOTS_N / 64]; /* slots in use */
	struct wheel_node slots[WHEEL_LEVELS_N][WHEEL_SLOTS_N];
	struct wheel_node due; /* what has fired and was not taken yet */
};

void wheel_init(struct wheel *w, uint64_t now_us);

/* Fires at due_us or up to a tick later; moves a node that is set. */
void wheel_set(struct wheel *w, struct wheel_node *n, uint64_t due_us);
void wheel_clear(struct wheel *w, struct wheel_node *n);
static inline bool
wheel_is_set(const struct wheel_node *n)
{
	return n->next != NULL;
}

/*
 * Advances to now_us. Then wheel_take() gives what has fired, a node at a time,
 * each no longer set; NULL: no more.
 */
void wheel_advance(struct wheel *w, uint64_t now_us);
struct wheel_node *wheel_take(struct wheel *w);

/* Not later than the next firing; UINT64_MAX when nothing is set. */
uint64_t wheel_next_us(const struct wheel *w);

#endif
