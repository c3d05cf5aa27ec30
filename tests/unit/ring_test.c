/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring alone, and between two threads (worth most under TSan). */
#include "engine/base/ring.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <sched.h>

static int things[64];

static void
test_sizes(void)
{
	static const struct {
		uint32_t asked, room;
	} rows[] = { { 0, 2 }, { 1, 2 }, { 2, 2 }, { 3, 4 }, { 33, 64 } };

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct ring r;
		uint32_t n = 0;

		CHECK_ROW("size");
		CHECK(ring_init(&r, rows[i].asked) == 0);
		CHECK(ring_get(&r) == NULL && ring_n(&r) == 0);
		while (ring_put(&r, &things[n]))
			n++;
		CHECK(n == rows[i].room && ring_n(&r) == n);
		for (uint32_t k = 0; k < n; k++)
			CHECK(ring_get(&r) == &things[k]);
		CHECK(ring_get(&r) == NULL && ring_n(&r) == 0);
		ring_fini(&r);
	}
}

/* Many laps, at every fill; the indices wrap around 2^32 on the way. */
static void
test_laps(void)
{
	struct ring r;
	uint32_t put = 0, got = 0;

	CHECK_ROW("laps");
	CHECK(ring_init(&r, 8) == 0);
	r.head = r.tail = r.head_seen = r.tail_seen = UINT32_MAX - 20;
	for (int lap = 0; lap < 100; lap++) {
		int burst = lap % 8 + 1;

		for (int i = 0; i < burst; i++)
			CHECK(ring_put(&r, &things[put++ % 64]));
		CHECK(ring_n(&r) == (uint32_t)burst);
		if (burst == 8)
			CHECK(!ring_put(&r, &things[0]));
		for (int i = 0; i < burst; i++)
			CHECK(ring_get(&r) == &things[got++ % 64]);
		CHECK(ring_get(&r) == NULL);
	}
	ring_fini(&r);
}

enum { ENTRIES_N = 400000 };

struct entry {
	unsigned serial; /* plain: the ring must order it */
};

static struct entry entries[ENTRIES_N];

static void *
produce(void *arg)
{
	struct ring *r = arg;

	for (unsigned i = 0; i < ENTRIES_N; i++) {
		entries[i].serial = i + 1;
		while (!ring_put(r, &entries[i]))
			sched_yield();
	}
	return NULL;
}

static void
test_threads(void)
{
	pthread_t thread;
	struct ring r;
	unsigned wrong = 0;

	CHECK_ROW("two threads");
	CHECK(ring_init(&r, 128) == 0);
	must(pthread_create(&thread, NULL, produce, &r) == 0);
	for (unsigned i = 0; i < ENTRIES_N;) {
		struct entry *e = ring_get(&r);

		if (e == NULL) {
			sched_yield();
			continue;
		}
		wrong += e != &entries[i] || e->serial != i + 1;
		i++;
	}
	must(pthread_join(thread, NULL) == 0);
	CHECK(wrong == 0);
	CHECK(ring_get(&r) == NULL && ring_n(&r) == 0);
	ring_fini(&r);
}

int
main(void)
{
	test_sizes();
	test_laps();
	test_threads();
	return check_end();
}
