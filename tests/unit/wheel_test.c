/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer wheel against a plain list of deadlines, and its edges by name. */
#include "engine/base/wheel.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define NODES_N 400

static uint64_t seed = 12345;

static uint64_t
draw(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

/* Not before its time, not later than a tick behind the advance. */
static void
test_one(const char *name, uint64_t start_us, uint64_t delay_us)
{
	struct wheel *w = malloc(sizeof(*w));
	struct wheel_node n = { 0 };
	uint64_t due = start_us + delay_us;

	CHECK_ROW(name);
	wheel_init(w, start_us);
	wheel_set(w, &n, due);
	CHECK(wheel_is_set(&n));
	CHECK(wheel_next_us(w) <= due + WHEEL_TICK_US);
	if (delay_us > WHEEL_TICK_US) {
		wheel_advance(w, due - WHEEL_TICK_US);
		CHECK(wheel_take(w) == NULL);
	}
	wheel_advance(w, due + WHEEL_TICK_US);
	CHECK(wheel_take(w) == &n);
	CHECK(!wheel_is_set(&n));
	CHECK(wheel_take(w) == NULL);
	CHECK(wheel_next_us(w) == UINT64_MAX);
	free(w);
}

static void
test_many(void)
{
	struct wheel *w = malloc(sizeof(*w));
	static struct wheel_node nodes[NODES_N];
	static uint64_t due[NODES_N]; /* 0: not set */
	uint64_t now = 987654321;

	CHECK_ROW("against a list");
	wheel_init(w, now);
	for (int step = 0; step < 20000; step++) {
		unsigned i = (unsigned)draw(NODES_N);
		struct wheel_node *n;

		if (draw(4) == 0) {
			wheel_clear(w, &nodes[i]);
			due[i] = 0;
		} else {
			due[i] = now + 1 + draw(draw(2) ? 5000 : 400000000);
			wheel_set(w, &nodes[i], due[i]);
		}
		CHECK(wheel_next_us(w) >= now / WHEEL_TICK_US * WHEEL_TICK_US);
		now += draw(draw(50) ? 3000 : 90000000);
		wheel_advance(w, now);
		while ((n = wheel_take(w)) != NULL) {
			i = (unsigned)(n - nodes);
			CHECK(due[i] != 0 && due[i] <= now);
			due[i] = 0;
		}
		for (i = 0; i < NODES_N; i++)
			if (due[i] != 0 && due[i] + WHEEL_TICK_US <= now)
				CHECK(!"fired late");
	}
	free(w);
}

/* Sleeping until wheel_next_us() each time fires everything in time. */
static void
test_sleeper(void)
{
	struct wheel *w = malloc(sizeof(*w));
	static struct wheel_node nodes[50];
	uint64_t now = 5000, dues[50];
	unsigned fired = 0, sleeps = 0;

	CHECK_ROW("sleeper");
	wheel_init(w, now);
	for (unsigned i = 0; i < 50; i++) {
		dues[i] = now + 1 + draw(100000000);
		wheel_set(w, &nodes[i], dues[i]);
	}
	while (fired < 50 && sleeps < 100000) {
		uint64_t next = wheel_next_us(w);
		struct wheel_node *n;

		CHECK(next != UINT64_MAX);
		now = next > now ? next : now + WHEEL_TICK_US;
		wheel_advance(w, now);
		sleeps++;
		for (; (n = wheel_take(w)) != NULL; fired++)
			CHECK(now - dues[n - nodes] <= 2 * WHEEL_TICK_US);
	}
	CHECK(fired == 50);
	CHECK(sleeps < 1000); /* 256 ticks a sleep where nothing is due */
	free(w);
}

int
main(void)
{
	static const struct {
		const char *name;
		uint64_t start_us, delay_us;
	} rows[] = {
		{ "at once", 1000, 0 },
		{ "within the tick", 1500, 100 },
		{ "next tick", 1000, 1000 },
		{ "last slot of level 0", 0, 255 * 1000 },
		{ "first slot of level 1", 0, 256 * 1000 },
		{ "level 1, hand in the middle", 128 * 1000, 256 * 1000 },
		{ "end of level 1", 0, 65535ull * 1000 },
		{ "level 2", 777 * 1000, 65536ull * 1000 },
		{ "level 3", 777 * 1000, 16777216ull * 1000 },
		{ "five minutes", 123456789, 300000000 },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_one(rows[i].name, rows[i].start_us, rows[i].delay_us);
	test_many();
	test_sleeper();
	return check_end();
}
