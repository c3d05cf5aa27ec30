/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ready.h: the list of what a worker has to run this turn: an intrusive FIFO,
 * each node on it at most once. One worker's thread only.
 */
#ifndef PENSTOCK_BASE_READY_H
#define PENSTOCK_BASE_READY_H

#include "engine/base/must.h"

struct ready_node {
	struct ready_node *next; /* itself: last of the list; NULL: on none */
};

struct ready {
	struct ready_node *first, *last;
};

static inline void
ready_add(struct ready *r, struct ready_node *n)
{
	if (n->next != NULL)
		return;
	n->next = n;
	if (r->first == NULL)
		r->first = n;
	else
		r->last->next = n;
	r->last = n;
}

/* The first one, now on no list; or NULL. */
static inline struct ready_node *
ready_get(struct ready *r)
{
	struct ready_node *n = r->first;

	if (n == NULL)
		return NULL;
	r->first = n->next == n ? NULL : n->next;
	n->next = NULL;
	return n;
}

/* Takes n off wherever it stands: when its owner goes away. */
static inline void
ready_remove(struct ready *r, struct ready_node *n)
{
	struct ready_node *prev = NULL, *at = r->first;

	if (n->next == NULL)
		return;
	while (at != n) {
		must(at->next != at);
		prev = at;
		at = at->next;
	}
	if (prev == NULL)
		r->first = n->next == n ? NULL : n->next;
	else
		prev->next = n->next == n ? prev : n->next;
	if (r->last == n)
		r->last = prev;
	n->next = NULL;
}

#endif
