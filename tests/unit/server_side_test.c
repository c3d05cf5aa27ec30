/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes between threads: all of it, in order; whose answer is whose. */
#include "tests/unit/server_rig.h"

#include <pthread.h>
#include <sched.h>

#define JOBS_N	  20000u
#define PUSHERS_N 3u

static struct server_inbox inbox;

static void *
push_all(void *arg)
{
	unsigned who = *(unsigned *)arg;

	for (unsigned i = 0; i < JOBS_N; i++) {
		struct server_job *job = calloc(1, sizeof(*job));

		must(job != NULL);
		job->worker_idx = who;
		job->tries_n = i;
		server_inbox_push(&inbox, job);
	}
	return NULL;
}

static void
test_inbox(void)
{
	unsigned next[PUSHERS_N] = { 0 }, who[PUSHERS_N], n = 0;
	pthread_t threads[PUSHERS_N];

	CHECK_ROW("many push, one takes");
	CHECK(server_inbox_take(&inbox) == NULL);
	for (unsigned i = 0; i < PUSHERS_N; i++) {
		who[i] = i;
		must(pthread_create(&threads[i], NULL, push_all, &who[i]) == 0);
	}
	while (n < PUSHERS_N * JOBS_N) {
		struct server_job *job = server_inbox_take(&inbox), *rest;

		if (job == NULL)
			sched_yield();
		for (; job != NULL; job = rest, n++) {
			rest = job->next_in;
			CHECK(job->tries_n == next[job->worker_idx]++);
			server_job_free(job);
		}
	}
	for (unsigned i = 0; i < PUSHERS_N; i++)
		pthread_join(threads[i], NULL);
	CHECK(server_inbox_take(&inbox) == NULL);
}

/* An evaluation that asks the same rule twice gets its answers in order. */
static void
test_find(void)
{
	static const char *const plan[] = { "=action=one\n\n",
					    "=action=two\n\n", NULL };
	const struct server_ask *ask;
	struct rig r;
	int other;

	CHECK_ROW("the oldest that the pass has not used");
	rig_open(&r, plan);
	CHECK(server_find(&r.pins, &r) == NULL);
	r.pins.pass_n = 1;
	must(server_ask(r.all, &r.pins, r.def, SPAN("a=1\n\n"), &r));
	CHECK(server_find(&r.pins, &r) == NULL); /* this pass has asked it */
	RIG_UNTIL(&r, lookups_next(r.all) == &r);
	r.pins.pass_n = 2;
	ask = server_find(&r.pins, &r);
	CHECK(ask != NULL && strcmp(ask->answer, "one") == 0);
	CHECK(server_find(&r.pins, &r) == NULL);
	CHECK(server_find(&r.pins, &other) == NULL);
	must(server_ask(r.all, &r.pins, r.def, SPAN("a=2\n\n"), &r));
	RIG_UNTIL(&r, lookups_next(r.all) == &r);
	r.pins.pass_n = 3;
	ask = server_find(&r.pins, &r);
	CHECK(ask != NULL && strcmp(ask->answer, "one") == 0);
	ask = server_find(&r.pins, &r);
	CHECK(ask != NULL && strcmp(ask->answer, "two") == 0);
	rig_close(&r);
}

/* Who dies with questions on their way leaves nothing behind. */
static void
test_drop(void)
{
	static const char *const plan[] = { "-", NULL };
	struct lookup_source *source;
	struct rig r;

	CHECK_ROW("dropped before the answer");
	rig_open(&r, plan);
	source = servers_source(r.servers, 0);
	must(server_ask(r.all, &r.pins, r.def, SPAN("a=1\n\n"), &r));
	RIG_UNTIL(&r, r.requests_n == 1);
	lookup_pins_drop(r.all, &r.pins);
	CHECK(source->busy_n == 1);
	rig_go_away(&r);
	RIG_UNTIL(&r, source->busy_n == 0);
	CHECK(lookups_next(r.all) == NULL);
	rig_close(&r);

	CHECK_ROW("and at the engine's end");
	rig_open(&r, plan);
	must(server_ask(r.all, &r.pins, r.def, SPAN("a=1\n\n"), &r));
	must(server_pause(r.all, &r.pins, RIG_WAIT_US, &r));
	RIG_UNTIL(&r, r.requests_n == 1);
	rig_close(&r);
}

static void
test_no_source(void)
{
	struct lookups *all = lookups_open();
	struct lookup_pins pins = { 0 };
	struct server_def *def;
	struct diag diag;

	CHECK_ROW("nobody to ask");
	diag_init(&diag);
	def = server_def_open(SPAN("unix:/nobody"), "", &diag);
	CHECK(!server_ask(all, &pins, def, SPAN("a=b\n\n"), all));
	CHECK(!server_pause(all, &pins, 1, all));
	CHECK(pins.first == NULL);
	server_def_put(&def);
	lookups_close(&all);
	diag_fini(&diag);
}

int
main(void)
{
	test_inbox();
	test_find();
	test_drop();
	test_no_source();
	return check_end();
}
