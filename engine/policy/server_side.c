/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's side of the policy servers: questions out, answers in, and what
 * both sides do with a list of them.
 */
#include "engine/policy/server_int.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* --- lists between threads --- */

void
server_inbox_push(struct server_inbox *in, struct server_job *job)
{
	struct server_job *head =
		atomic_load_explicit(&in->head, memory_order_relaxed);

	do
		job->next_in = head;
	while (!atomic_compare_exchange_weak_explicit(&in->head, &head, job,
						      memory_order_release,
						      memory_order_relaxed));
}

struct server_job *
server_inbox_take(struct server_inbox *in)
{
	struct server_job *job, *next, *first = NULL;

	if (atomic_load_explicit(&in->head, memory_order_relaxed) == NULL)
		return NULL;
	job = atomic_exchange_explicit(&in->head, NULL, memory_order_acquire);
	for (; job != NULL; job = next) {
		next = job->next_in;
		job->next_in = first;
		first = job;
	}
	return first;
}

void
server_wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
}

void
server_job_free(struct server_job *job)
{
	server_def_put(&job->ask.def);
	free(job);
}

/* --- answers --- */

static void
reap(struct lookup_source *source, struct lookups *all)
{
	struct server_side *side =
		CONTAINER_OF(source, struct server_side, source);
	struct server_job *job = server_inbox_take(&side->done), *next;

	for (; job != NULL; job = next) {
		next = job->next_in;
		source->busy_n--;
		if (job->ask.lookup.pins == NULL)
			server_job_free(job);
		else
			lookup_done(all, &job->ask.lookup);
	}
}

void
server_side_init(struct server_side *side)
{
	side->source.reap = reap;
}

static void
drop(struct lookup *l)
{
	struct server_job *job = CONTAINER_OF(l, struct server_job, ask.lookup);

	if (l->is_done)
		server_job_free(job);
	else /* the thread has it, or it is on its way back */
		atomic_store_explicit(&job->is_dropped, true,
				      memory_order_relaxed);
}

static const struct lookup_kind kind = { "policy server", drop };

/* --- questions --- */

static bool
submit(struct lookups *all, struct lookup_pins *pins, struct server_def *def,
       struct span text, uint64_t pause_us, const void *who)
{
	struct lookup_source *source = lookups_source(all, LOOKUP_SERVERS);
	struct server_side *side;
	struct server_job *job;

	if (source == NULL)
		return false;
	job = malloc(sizeof(*job) + text.len);
	if (job == NULL)
		return false;
	side = CONTAINER_OF(source, struct server_side, source);
	*job = (struct server_job) { .ask = { .who = who,
					      .pass_n = pins->pass_n } };
	job->worker_idx = side->idx;
	job->pause_us = pause_us;
	job->text_len = (uint32_t)text.len;
	if (text.len > 0)
		memcpy(job->text, text.p, text.len);
	if (def != NULL)
		job->ask.def = server_def_get(def);
	lookup_wait(&job->ask.lookup, &kind, pins);
	source->busy_n++;
	server_inbox_push(&side->servers->inbox, job);
	server_wake(side->servers->wake_fd);
	return true;
}

bool
server_ask(struct lookups *all, struct lookup_pins *pins,
	   struct server_def *def, struct span text, const void *who)
{
	return submit(all, pins, def, text, 0, who);
}

bool
server_pause(struct lookups *all, struct lookup_pins *pins, uint64_t pause_us,
	     const void *who)
{
	return submit(all, pins, NULL, SPAN(""), pause_us, who);
}

const struct server_ask *
server_find(struct lookup_pins *pins, const void *who)
{
	struct server_ask *found = NULL;

	for (struct lookup *l = pins->first; l != NULL; l = l->next) {
		struct server_ask *ask;

		if (l->kind != &kind)
			continue;
		ask = CONTAINER_OF(l, struct server_ask, lookup);
		if (ask->who == who && ask->pass_n != pins->pass_n)
			found = ask;
	}
	if (found != NULL)
		found->pass_n = pins->pass_n;
	return found;
}

struct lookup_source *
servers_source(struct servers *servers, unsigned worker_idx)
{
	must(worker_idx < servers->workers_n);
	return &servers->sides[worker_idx].source;
}
