/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which sessions wait for answers, and which have them all. What is asked and
 * how is not known here.
 */
#include "engine/policy/lookup.h"

#include <stdlib.h>

struct lookups {
	struct lookup_source *sources[LOOKUP_FROM_N];
	struct lookup_pins *first_ready, *last_ready;
};

struct lookups *
lookups_open(void)
{
	return must_alloc(sizeof(struct lookups));
}

void
lookups_close(struct lookups **l_inout)
{
	struct lookups *l = *l_inout;

	*l_inout = NULL;
	if (l == NULL)
		return;
	must(l->first_ready == NULL);
	free(l);
}

void
lookups_add(struct lookups *l, enum lookup_from from,
	    struct lookup_source *source)
{
	must(l->sources[from] == NULL);
	l->sources[from] = source;
}

struct lookup_source *
lookups_source(const struct lookups *l, enum lookup_from from)
{
	return l->sources[from];
}

void
lookups_reap(struct lookups *l)
{
	for (unsigned i = 0; i < LOOKUP_FROM_N; i++)
		if (l->sources[i] != NULL && l->sources[i]->busy_n > 0)
			l->sources[i]->reap(l->sources[i], l);
}

/* --- sessions that may go on --- */

static void
add_ready(struct lookups *l, struct lookup_pins *pins)
{
	must(!pins->is_ready);
	pins->is_ready = true;
	pins->next_ready = NULL;
	pins->prev_ready = l->last_ready;
	if (l->last_ready != NULL)
		l->last_ready->next_ready = pins;
	else
		l->first_ready = pins;
	l->last_ready = pins;
}

static void
remove_ready(struct lookups *l, struct lookup_pins *pins)
{
	pins->is_ready = false;
	if (pins->next_ready != NULL)
		pins->next_ready->prev_ready = pins->prev_ready;
	else
		l->last_ready = pins->prev_ready;
	if (pins->prev_ready != NULL)
		pins->prev_ready->next_ready = pins->next_ready;
	else
		l->first_ready = pins->next_ready;
}

void *
lookups_next(struct lookups *l)
{
	struct lookup_pins *pins = l->first_ready;

	if (pins == NULL)
		return NULL;
	remove_ready(l, pins);
	return pins->owner;
}

/* --- questions --- */

void
lookup_wait(struct lookup *l, const struct lookup_kind *kind,
	    struct lookup_pins *pins)
{
	l->kind = kind;
	l->pins = pins;
	l->is_done = false;
	l->next = pins->first;
	pins->first = l;
	pins->waiting_n++;
}

void
lookup_done(struct lookups *all, struct lookup *l)
{
	must(!l->is_done && l->pins != NULL && l->pins->waiting_n > 0);
	l->is_done = true;
	if (--l->pins->waiting_n == 0)
		add_ready(all, l->pins);
}

void
lookup_pins_drop(struct lookups *all, struct lookup_pins *pins)
{
	struct lookup *l = pins->first, *next;

	if (pins->is_ready)
		remove_ready(all, pins);
	pins->first = NULL;
	pins->waiting_n = pins->pass_n = 0;
	for (; l != NULL; l = next) {
		next = l->next;
		l->next = NULL;
		l->pins = NULL;
		l->kind->drop(l);
	}
}
