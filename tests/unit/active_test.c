/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of durable messages and the list of those that wait. */
#include "queue/active.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define MSGS_N 5000u

/* Ids as workers give them: a stamp above the worker's number. */
static uint64_t
id_of(uint32_t i)
{
	return (uint64_t)(1000000 + i / 4) << 12 | i % 4;
}

static struct msg *
new_msgs(void)
{
	struct msg *all = calloc(MSGS_N, sizeof(*all));

	must(all != NULL);
	for (uint32_t i = 0; i < MSGS_N; i++)
		all[i].pub.id = id_of(i);
	return all;
}

/* More messages than buckets: chains are walked and cut anywhere. */
static void
test_table(void)
{
	struct msg *all = new_msgs();
	struct active a;

	must(active_init(&a, 10) == 0);
	CHECK(a.mask + 1 < MSGS_N);
	for (uint32_t i = 0; i < MSGS_N; i++) {
		CHECK(active_find(&a, id_of(i)) == NULL);
		active_add(&a, &all[i], PLACE_TAKEN);
	}
	CHECK(a.known_n == MSGS_N);
	for (uint32_t i = 0; i < MSGS_N; i += 3)
		active_remove(&a, &all[i]);
	for (uint32_t i = 0; i < MSGS_N; i++) {
		CHECK(active_find(&a, id_of(i)) == (i % 3 ? &all[i] : NULL));
		CHECK((all[i].place == PLACE_NONE) == (i % 3 == 0));
	}
	CHECK(a.known_n == MSGS_N - (MSGS_N + 2) / 3);
	active_fini(&a);
	active_fini(&a); /* of one that never was */
	free(all);
}

static unsigned
length(const struct msg *m, uint8_t place)
{
	unsigned n = 0;

	for (; m != NULL; m = msg_next(m), n++)
		CHECK(m->place == place);
	return n;
}

static void
test_list(void)
{
	static const struct {
		const char *name;
		uint32_t pushed_n, asked_n, got_n;
	} rows[] = {
		{ "nothing there", 0, 5, 0 },
		{ "nothing asked", 3, 0, 0 },
		{ "some", 5, 3, 3 },
		{ "as many as there are", 4, 4, 4 },
		{ "more than there are", 2, 9, 2 },
	};
	struct msg *all = new_msgs(), *got;

	for (size_t row = 0; row < ARRAY_N(rows); row++) {
		struct active a;

		CHECK_ROW(rows[row].name);
		must(active_init(&a, 10) == 0);
		for (uint32_t i = 0; i < rows[row].pushed_n; i++)
			active_push(&a, &all[i]);
		CHECK(a.ready_n == rows[row].pushed_n);
		got = active_pop(&a, rows[row].asked_n);
		CHECK(length(got, PLACE_TAKEN) == rows[row].got_n);
		CHECK(got == (rows[row].got_n ? &all[0] : NULL));
		CHECK(length(a.first, PLACE_READY) ==
		      rows[row].pushed_n - rows[row].got_n);
		CHECK((a.first == NULL) == (a.last == NULL));
		/* The list goes on behind what is left. */
		active_push(&a, &all[100]);
		CHECK(a.last == &all[100]);
		CHECK(a.ready_n == rows[row].pushed_n - rows[row].got_n + 1);
		active_fini(&a);
	}
	CHECK_ROW("");
	free(all);
}

/* The first, one between, the last, and the only one. */
static void
test_unlist(void)
{
	static const uint32_t orders[][4] = {
		{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 }
	};
	struct msg *all = new_msgs();

	for (size_t i = 0; i < ARRAY_N(orders); i++) {
		struct active a;

		must(active_init(&a, 10) == 0);
		for (uint32_t j = 0; j < 4; j++)
			active_push(&a, &all[j]);
		for (uint32_t j = 0; j < 4; j++) {
			struct msg *m = &all[orders[i][j]];

			active_unlist(&a, m);
			CHECK(m->place == PLACE_TAKEN && m->pub.next == NULL);
			CHECK(length(a.first, PLACE_READY) == 3 - j);
			CHECK(a.ready_n == 3 - j);
			CHECK(a.last == NULL || msg_next(a.last) == NULL);
		}
		CHECK(a.first == NULL && a.last == NULL);
		active_fini(&a);
	}
	free(all);
}

static void
test_wait(void)
{
	uint64_t from_us = clock_now_us();
	struct active a;

	must(active_init(&a, 10) == 0);
	pthread_mutex_lock(&a.lock);
	CHECK(!active_wait(&a, &a.ready_cond, from_us)); /* in the past */
	CHECK(!active_wait(&a, &a.due_cond, from_us + 20000));
	CHECK(clock_now_us() >= from_us + 20000);
	pthread_mutex_unlock(&a.lock);
	active_fini(&a);
}

int
main(void)
{
	test_table();
	test_list();
	test_unlist();
	test_wait();
	return check_end();
}
