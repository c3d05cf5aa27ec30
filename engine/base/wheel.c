/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer wheel. Level l holds what is due within 256^(l+1) ticks; when a
 * level's hand has gone round, one slot of the next level is dealt out anew.
 */
#include "engine/base/wheel.h"

#include <string.h>

static void
list_init(struct wheel_node *head)
{
	head->next = head->prev = head;
}

static bool
list_is_empty(const struct wheel_node *head)
{
	return head->next == head;
}

static void
list_add(struct wheel_node *head, struct wheel_node *n)
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static void
list_remove(struct wheel_node *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

void
wheel_init(struct wheel *w, uint64_t now_us)
{
	memset(w, 0, sizeof(*w));
	w->now_tick = now_us / WHEEL_TICK_US;
	list_init(&w->due);
	for (int l = 0; l < WHEEL_LEVELS_N; l++)
		for (int i = 0; i < WHEEL_SLOTS_N; i++)
			list_init(&w->slots[l][i]);
}

static void
deal(struct wheel *w, struct wheel_node *n)
{
	uint64_t ahead;
	unsigned level = 0, slot;

	if (n->due_tick < w->now_tick) {
		list_add(&w->due, n);
		return;
	}
	ahead = n->due_tick - w->now_tick;
	if (ahead > WHEEL_TICKS_MAX) {
		n->due_tick = w->now_tick + WHEEL_TICKS_MAX;
		ahead = WHEEL_TICKS_MAX;
	}
	while (ahead >> (8 * (level + 1)))
		level++;
	slot = (n->due_tick >> (8 * level)) & (WHEEL_SLOTS_N - 1);
	list_add(&w->slots[level][slot], n);
	w->busy[level][slot / 64] |= 1ull << (slot % 64);
}

void
wheel_set(struct wheel *w, struct wheel_node *n, uint64_t due_us)
{
	if (wheel_is_set(n))
		wheel_clear(w, n);
	n->due_tick = due_us / WHEEL_TICK_US + (due_us % WHEEL_TICK_US != 0);
	w->set_n++;
	deal(w, n);
}

void
wheel_clear(struct wheel *w, struct wheel_node *n)
{
	if (!wheel_is_set(n))
		return;
	list_remove(n); /* the busy bit may stay: it costs one look */
	w->set_n--;
}

static void
empty_slot(struct wheel *w, unsigned level, unsigned slot)
{
	struct wheel_node *head = &w->slots[level][slot], taken;

	w->busy[level][slot / 64] &= ~(1ull << (slot % 64));
	if (list_is_empty(head))
		return;
	taken = *head;
	taken.next->prev = taken.prev->next = &taken;
	list_init(head);
	while (!list_is_empty(&taken)) {
		struct wheel_node *n = taken.next;

		list_remove(n);
		deal(w, n);
	}
}

/* Ticks to the next that has something to do, or to the end of the round. */
static uint64_t
idle_ticks(const struct wheel *w, uint64_t tick)
{
	unsigned slot = tick & (WHEEL_SLOTS_N - 1);
	uint64_t mask = ~0ull << (slot % 64);

	for (unsigned i = slot / 64; i < WHEEL_SLOTS_N / 64; i++) {
		uint64_t busy = w->busy[0][i] & mask;

		if (busy)
			return i * 64 + (unsigned)__builtin_ctzll(busy) - slot;
		mask = ~0ull;
	}
	return WHEEL_SLOTS_N - slot;
}

void
wheel_advance(struct wheel *w, uint64_t now_us)
{
	uint64_t end = now_us / WHEEL_TICK_US + 1;

	if (w->set_n == 0 && end > w->now_tick) {
		w->now_tick = end;
		return;
	}
	while (w->now_tick < end) {
		uint64_t tick = w->now_tick;
		uint64_t skip = idle_ticks(w, tick);

		if (skip && (tick & (WHEEL_SLOTS_N - 1)) != 0) {
			w->now_tick += skip < end - tick ? skip : end - tick;
			continue;
		}
		for (unsigned l = 1; l < WHEEL_LEVELS_N; l++) {
			if (tick & ((1ull << (8 * l)) - 1))
				break;
			empty_slot(w, l,
				   (tick >> (8 * l)) & (WHEEL_SLOTS_N - 1));
		}
		w->now_tick++;
		empty_slot(w, 0, tick & (WHEEL_SLOTS_N - 1));
	}
}

struct wheel_node *
wheel_take(struct wheel *w)
{
	struct wheel_node *n = w->due.next;

	if (n == &w->due)
		return NULL;
	list_remove(n);
	w->set_n--;
	return n;
}

uint64_t
wheel_next_us(const struct wheel *w)
{
	if (w->set_n == 0)
		return UINT64_MAX;
	if (!list_is_empty(&w->due))
		return 0;
	/* The next busy tick, or the next time that a level is dealt out. */
	if ((w->now_tick & (WHEEL_SLOTS_N - 1)) == 0)
		return w->now_tick * WHEEL_TICK_US;
	return (w->now_tick + idle_ticks(w, w->now_tick)) * WHEEL_TICK_US;
}
