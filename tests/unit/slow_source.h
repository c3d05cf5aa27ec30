/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow_source.h: a source of answers for the worker's test: what is asked for a
 * recipient "slow@" is answered when the test says so, from another thread.
 */
#ifndef PENSTOCK_TESTS_SLOW_SOURCE_H
#define PENSTOCK_TESTS_SLOW_SOURCE_H

#include "engine/policy/lookup.h"
#include "engine/policy/policy.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct slow_lookup {
	struct lookup lookup;
	struct slow_lookup *next;
};

static struct {
	struct lookup_source source;
	struct slow_lookup *asked; /* the worker's */
	_Atomic unsigned asked_n, dropped_n, answers_n;
} slow;

static inline void
slow_drop(struct lookup *l)
{
	struct slow_lookup *s = CONTAINER_OF(l, struct slow_lookup, lookup);
	struct slow_lookup **at = &slow.asked;

	while (*at != NULL && *at != s)
		at = &(*at)->next;
	if (*at == s) {
		*at = s->next;
		slow.source.busy_n--;
	}
	atomic_fetch_add(&slow.dropped_n, 1);
	free(s);
}

static const struct lookup_kind slow_kind = { "slow", slow_drop };

static inline void
slow_reap(struct lookup_source *source, struct lookups *all)
{
	uint64_t n;

	if (read(source->wake_fd, &n, sizeof(n)) < 0)
		n = 0; /* the loop has read it */
	while (atomic_load(&slow.answers_n) > 0 && slow.asked != NULL) {
		struct slow_lookup *s = slow.asked;

		atomic_fetch_sub(&slow.answers_n, 1);
		slow.asked = s->next;
		source->busy_n--;
		lookup_done(all, &s->lookup);
	}
}

static inline struct lookup_source *
slow_open(void)
{
	slow.source.reap = slow_reap;
	slow.source.busy_n = 0;
	slow.source.wake_fd = eventfd(0, EFD_NONBLOCK);
	must(slow.source.wake_fd >= 0);
	atomic_store(&slow.asked_n, 0);
	atomic_store(&slow.dropped_n, 0);
	atomic_store(&slow.answers_n, 0);
	return &slow.source;
}

static inline void
slow_close(void)
{
	must(slow.asked == NULL);
	close(slow.source.wake_fd);
}

/* The test's thread: one more answer. */
static inline void
slow_answer(void)
{
	uint64_t one = 1;

	atomic_fetch_add(&slow.answers_n, 1);
	must(write(slow.source.wake_fd, &one, sizeof(one)) == sizeof(one));
}

/* Two questions for such a recipient, one after the other. true: wait. */
static inline bool
slow_ask(const struct policy_query *q)
{
	struct slow_lookup *s;
	unsigned n = 0;

	if (q->rcpt == NULL || q->stage != POLICY_RCPT ||
	    !span_has_prefix_nocase(addr_span(q->rcpt), SPAN("slow@")))
		return false;
	for (struct lookup *l = q->pins->first; l != NULL; l = l->next, n++)
		must(l->is_done);
	if (n == 2)
		return false;
	s = calloc(1, sizeof(*s));
	must(s != NULL);
	lookup_wait(&s->lookup, &slow_kind, q->pins);
	s->next = slow.asked;
	slow.asked = s;
	slow.source.busy_n++;
	atomic_fetch_add(&slow.asked_n, 1);
	return true;
}

#endif
