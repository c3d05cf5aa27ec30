/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SYN cache: a list for each number of SYN-ACKs sent, in which all records
 * wait equally long, so that lists by age need no timer of their own.
 */
#include "dataplane/tcp_syn.h"

#include "dataplane/tcp_seq.h"

#include <stdlib.h>

#define LEVELS_UNDER_FLOOD 2u

void
tcp_syn_init(struct tcp_syn_all *a, uint32_t recs_n)
{
	*a = (struct tcp_syn_all) { .recs_n = recs_n, .fresh = 1 };
	a->recs = must_alloc((size_t)recs_n * sizeof(*a->recs));
}

void
tcp_syn_fini(struct tcp_syn_all *a)
{
	free(a->recs);
	a->recs = NULL;
}

static void
list_add(struct tcp_syn_all *a, uint32_t number)
{
	struct tcp_syn *s = tcp_syn_rec(a, number);
	struct tcp_syn_list *l = &a->levels[s->level];

	s->next = 0;
	s->prev = l->last;
	if (l->last)
		tcp_syn_rec(a, l->last)->next = number;
	else
		l->first = number;
	l->last = number;
}

static void
list_remove(struct tcp_syn_all *a, uint32_t number)
{
	struct tcp_syn *s = tcp_syn_rec(a, number);
	struct tcp_syn_list *l = &a->levels[s->level];

	if (s->prev)
		tcp_syn_rec(a, s->prev)->next = s->next;
	else
		l->first = s->next;
	if (s->next)
		tcp_syn_rec(a, s->next)->prev = s->prev;
	else
		l->last = s->prev;
}

uint32_t
tcp_syn_get(struct tcp_syn_all *a, uint32_t now_ms)
{
	uint32_t number = a->free;
	struct tcp_syn *s;

	if (number)
		a->free = tcp_syn_rec(a, number)->next;
	else if (a->fresh <= a->recs_n)
		number = a->fresh++;
	else
		return 0;
	s = tcp_syn_rec(a, number);
	*s = (struct tcp_syn) { .due_ms = now_ms + TCP_SYN_FIRST_MS,
				.flags = TCP_SYN_USED };
	list_add(a, number);
	a->used_n++;
	return number;
}

void
tcp_syn_put(struct tcp_syn_all *a, uint32_t number)
{
	struct tcp_syn *s = tcp_syn_rec(a, number);

	assert(s->flags & TCP_SYN_USED);
	list_remove(a, number);
	s->flags = 0;
	s->next = a->free;
	a->free = number;
	a->used_n--;
}

uint32_t
tcp_syn_due(const struct tcp_syn_all *a, uint32_t now_ms)
{
	for (unsigned i = 0; i < TCP_SYN_LEVELS; i++) {
		uint32_t first = a->levels[i].first;

		if (first && seq_le(tcp_syn_rec(a, first)->due_ms, now_ms))
			return first;
	}
	return 0;
}

bool
tcp_syn_again(struct tcp_syn_all *a, uint32_t number, uint32_t now_ms)
{
	struct tcp_syn *s = tcp_syn_rec(a, number);
	unsigned levels = tcp_syn_is_flood(a) ? LEVELS_UNDER_FLOOD
					      : TCP_SYN_LEVELS;

	if (s->level + 1u >= levels)
		return false;
	list_remove(a, number);
	s->level++;
	s->flags |= TCP_SYN_AGAIN;
	s->due_ms = now_ms + (TCP_SYN_FIRST_MS << s->level);
	list_add(a, number);
	return true;
}

uint32_t
tcp_syn_next_ms(const struct tcp_syn_all *a, uint32_t now_ms)
{
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < TCP_SYN_LEVELS; i++) {
		uint32_t first = a->levels[i].first, left;

		if (!first)
			continue;
		left = tcp_syn_rec(a, first)->due_ms - now_ms;
		if ((int32_t)left < 0)
			left = 0;
		if (left < least)
			least = left;
	}
	return least;
}
