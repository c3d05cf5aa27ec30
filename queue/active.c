/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has which durable message: a chained hash table and a list. */
#include "queue/active.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define HELP_N	1024u	      /* waiting, for each further thread */
#define HELP_US (100 * 1000u) /* since anything was taken */

int
active_init(struct active *a, uint32_t known_max)
{
	pthread_condattr_t attr;
	uint32_t n = 1024;

	while (n < known_max)
		n *= 2;
	*a = (struct active) { .known_max = known_max, .mask = n - 1 };
	a->buckets = calloc(n, sizeof(*a->buckets));
	if (a->buckets == NULL)
		return -ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->ready_cond, &attr);
	pthread_cond_init(&a->help_cond, &attr);
	pthread_cond_init(&a->due_cond, &attr);
	pthread_cond_init(&a->done_cond, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

void
active_fini(struct active *a)
{
	if (a->buckets == NULL)
		return;
	pthread_cond_destroy(&a->ready_cond);
	pthread_cond_destroy(&a->help_cond);
	pthread_cond_destroy(&a->due_cond);
	pthread_cond_destroy(&a->done_cond);
	pthread_mutex_destroy(&a->lock);
	free(a->buckets);
	a->buckets = NULL;
}

/* Ids count microseconds above their low 12 bits: all bits must take part. */
static struct msg **
bucket(const struct active *a, uint64_t id)
{
	return &a->buckets[(id * 0x9e3779b97f4a7c15ull >> 32) & a->mask];
}

struct msg *
active_find(const struct active *a, uint64_t id)
{
	struct msg *m = *bucket(a, id);

	while (m != NULL && m->pub.id != id)
		m = m->hash_next;
	return m;
}

void
active_add(struct active *a, struct msg *m, enum place place)
{
	struct msg **at = bucket(a, m->pub.id);

	assert(m->place == PLACE_NONE);
	m->place = place;
	m->hash_next = *at;
	*at = m;
	a->known_n += place != PLACE_FRESH;
}

void
active_remove(struct active *a, struct msg *m)
{
	struct msg **at = bucket(a, m->pub.id);

	must(m->place != PLACE_NONE && m->place != PLACE_READY);
	while (*at != m)
		at = &(*at)->hash_next;
	*at = m->hash_next;
	m->hash_next = NULL;
	a->known_n -= m->place != PLACE_FRESH;
	m->place = PLACE_NONE;
}

void
active_push(struct active *a, struct msg *m)
{
	a->known_n += m->place == PLACE_FRESH;
	m->place = PLACE_READY;
	m->pub.next = NULL;
	if (a->last != NULL)
		a->last->pub.next = &m->pub;
	else
		a->first = m;
	a->last = m;
	a->ready_n++;
}

void
active_signal(struct active *a)
{
	if (a->ready_n > 0)
		pthread_cond_signal(&a->ready_cond);
	if (a->ready_n > HELP_N)
		pthread_cond_broadcast(&a->help_cond);
}

/*
 * One thread with large batches is cheaper, for new mail too, than several
 * with small ones: while a flush goes on, a file system lets others make files
 * only slowly. The next one helps when the first falls behind or is stuck.
 */
bool
active_is_for(const struct active *a, unsigned deliverer_idx)
{
	return a->ready_n > deliverer_idx * HELP_N ||
	       (a->ready_n > 0 && clock_now_us() > a->taken_us + HELP_US);
}

struct msg *
active_pop(struct active *a, uint32_t n)
{
	struct msg *first = a->first, *last = NULL;

	for (uint32_t i = 0; i < n && a->first != NULL; i++) {
		last = a->first;
		last->place = PLACE_TAKEN;
		a->first = msg_next(last);
		a->ready_n--;
	}
	if (last == NULL)
		return NULL;
	last->pub.next = NULL;
	if (a->first == NULL)
		a->last = NULL;
	a->taken_us = clock_now_us();
	return first;
}

/* Operators go by age, as the list does: m is near its head. */
void
active_unlist(struct active *a, struct msg *m)
{
	struct msg *prev = NULL, *at = a->first;

	must(m->place == PLACE_READY);
	while (at != m) {
		prev = at;
		at = msg_next(at);
	}
	if (prev != NULL)
		prev->pub.next = m->pub.next;
	else
		a->first = msg_next(m);
	if (a->last == m)
		a->last = prev;
	m->pub.next = NULL;
	m->place = PLACE_TAKEN;
	a->ready_n--;
}

bool
active_wait(struct active *a, pthread_cond_t *cond, uint64_t until_us)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_us / US_PER_SEC),
		.tv_nsec = (long)(until_us % US_PER_SEC) * 1000,
	};

	return pthread_cond_timedwait(cond, &a->lock, &until) == 0;
}
