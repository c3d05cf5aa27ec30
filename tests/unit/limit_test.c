/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting clients: connections and rates, prefixes, who is forgotten when a
 * set is full; and all of it from several threads.
 */
#include "engine/policy/limit.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdio.h>

#define S 1000000ull

static const struct limits_cfg cfg = { .unit_us = 60 * S,
				       .v4_bits = 32,
				       .v6_bits = 84 };

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	must(ip_parse(span_of(text), &ip));
	return ip;
}

static struct limit_client *
enter(struct limits *l, const char *text, uint32_t want)
{
	struct ip ip = ip_of(text);
	uint32_t n = 0;
	struct limit_client *c = limits_enter(l, 0, &ip, &cfg, 100 * S, &n);

	CHECK(c != NULL && n == want);
	return c;
}

static void
test_conns(void)
{
	struct limits *l = limits_open(LIMITS_PLACES);
	struct limit_client *a, *b, *other;
	struct ip ip = ip_of("192.0.2.1");
	uint32_t n;

	CHECK_ROW("connections");
	a = enter(l, "192.0.2.1", 1);
	b = enter(l, "192.0.2.1", 2);
	CHECK(a == b);
	other = enter(l, "192.0.2.2", 1);
	limits_leave(&b);
	CHECK(b == NULL);
	b = enter(l, "192.0.2.1", 2);
	limits_leave(&a);
	limits_leave(&b);
	a = enter(l, "192.0.2.1", 1);
	CHECK_ROW("another service");
	b = limits_enter(l, 1, &ip, &cfg, 0, &n);
	CHECK(b != a && n == 1);
	limits_leave(&a);
	limits_leave(&b);
	limits_leave(&other);
	limits_leave(&other);
	limits_close(&l);
	limits_close(&l);
}

static void
test_prefix(void)
{
	static const struct {
		const char *a, *b;
		uint32_t v4_bits, v6_bits;
		bool is_same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 32, 84, true },
		{ "192.0.2.1", "192.0.2.0", 32, 84, false },
		{ "192.0.2.1", "192.0.2.254", 24, 84, true },
		{ "192.0.2.1", "192.0.3.1", 24, 84, false },
		{ "192.0.2.1", "203.0.113.1", 0, 84, true },
		{ "2001:db8::1", "2001:db8::fff:ffff:ffff", 32, 84, true },
		{ "2001:db8::1", "2001:db8:0:0:0:1000::1", 32, 84, false },
		{ "2001:db8::1", "2001:db8::2", 32, 128, false },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", 32, 48, true },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct limits *l = limits_open(8);
		struct limits_cfg own = { .unit_us = 60 * S,
					  .v4_bits = rows[i].v4_bits,
					  .v6_bits = rows[i].v6_bits };
		struct ip a = ip_of(rows[i].a), b = ip_of(rows[i].b);
		struct limit_client *ca, *cb;
		uint32_t n;

		CHECK_ROW(rows[i].b);
		ca = limits_enter(l, 0, &a, &own, 0, &n);
		cb = limits_enter(l, 0, &b, &own, 0, &n);
		CHECK((ca == cb) == rows[i].is_same);
		CHECK(n == (rows[i].is_same ? 2 : 1));
		limits_leave(&ca);
		limits_leave(&cb);
		limits_close(&l);
	}
}

static void
test_rates(void)
{
	struct limits *l = limits_open(8);
	struct limit_client *c = enter(l, "192.0.2.1", 1);

	CHECK_ROW("rates");
	CHECK(limits_counted(c, LIMIT_AUTH, &cfg, 100 * S) == 0);
	for (uint32_t i = 1; i < 1000; i++)
		CHECK(limits_count(c, LIMIT_AUTH, &cfg, 100 * S) == i);
	CHECK(limits_count(c, LIMIT_RCPT, &cfg, 100 * S) == 1);
	CHECK_ROW("one unit later");
	CHECK(limits_count(c, LIMIT_AUTH, &cfg, 160 * S) == 1000);
	CHECK(limits_counted(c, LIMIT_AUTH, &cfg, 160 * S) == 1000);
	CHECK(limits_counted(c, LIMIT_AUTH, &cfg, 161 * S) == 0);
	CHECK(limits_count(c, LIMIT_AUTH, &cfg, 161 * S) == 1);
	CHECK(limits_count(c, LIMIT_AUTH, &cfg, 162 * S) == 2);
	CHECK_ROW("kept without a connection");
	limits_leave(&c);
	c = enter(l, "192.0.2.1", 1);
	CHECK(limits_counted(c, LIMIT_AUTH, &cfg, 162 * S) == 2);
	limits_leave(&c);
	limits_close(&l);
}

/* Eight places: who is quiet makes room, who has a connection does not. */
static void
test_full(void)
{
	struct limits *l = limits_open(1);
	struct limit_client *all[8], *c;
	struct ip ip = ip_of("198.51.100.1");
	uint32_t n;
	char text[32];

	CHECK_ROW("full");
	for (unsigned i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "192.0.2.%u", i);
		all[i] = enter(l, text, 1);
		CHECK(limits_count(all[i], LIMIT_MESSAGE, &cfg, 100 * S) == 1);
	}
	CHECK(limits_enter(l, 0, &ip, &cfg, 100 * S, &n) == NULL);
	c = enter(l, "192.0.2.3", 2);
	limits_leave(&c);
	CHECK_ROW("the quiet one goes");
	limits_leave(&all[5]);
	c = limits_enter(l, 0, &ip, &cfg, 101 * S, &n);
	CHECK(c != NULL && n == 1);
	CHECK(limits_counted(c, LIMIT_MESSAGE, &cfg, 101 * S) == 0);
	limits_leave(&c);
	CHECK_ROW("the one longest quiet goes");
	limits_leave(&all[2]);
	all[5] = enter(l, "192.0.2.5", 1);
	c = limits_enter(l, 0, &ip, &cfg, 102 * S, &n);
	CHECK(c != NULL && n == 1);
	limits_leave(&c);
	for (unsigned i = 0; i < 8; i++)
		limits_leave(&all[i]);
	limits_close(&l);
}

/* --- threads --- */

#define THREADS 4
#define ROUNDS	20000

struct crowd {
	struct limits *l;
	unsigned idx;
	uint64_t lost_n;
};

/* Comes and goes as a client of its own and as one that all share. */
static void *
crowd_main(void *arg)
{
	struct crowd *crowd = arg;
	struct ip shared = ip_of("192.0.2.1"), own = ip_of("198.51.100.0");

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct limit_client *a, *b;
		uint32_t a_n = 0, b_n = 0;

		own.b[15] = (uint8_t)(crowd->idx * 16 + i % 16);
		a = limits_enter(crowd->l, 0, &shared, &cfg, 100 * S, &a_n);
		b = limits_enter(crowd->l, 0, &own, &cfg, 100 * S, &b_n);
		must(a != NULL && a_n > 1 && a_n <= THREADS + 1);
		crowd->lost_n += b == NULL;
		limits_count(a, LIMIT_RCPT, &cfg, 100 * S);
		if (b != NULL) {
			must(b_n == 1);
			limits_count(b, LIMIT_RCPT, &cfg, 100 * S);
		}
		limits_leave(&a);
		limits_leave(&b);
	}
	return NULL;
}

static void
test_threads(void)
{
	struct limits *l = limits_open(64);
	struct limit_client *held = enter(l, "192.0.2.1", 1), *c;
	struct crowd crowd[THREADS];
	pthread_t threads[THREADS];

	CHECK_ROW("threads");
	for (unsigned i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd) { .l = l, .idx = i };
		must(pthread_create(&threads[i], NULL, crowd_main, &crowd[i]) ==
		     0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		CHECK(crowd[i].lost_n == 0);
	}
	/* Held all the time, so nothing of it is lost. */
	CHECK(limits_counted(held, LIMIT_RCPT, &cfg, 100 * S) ==
	      THREADS * ROUNDS);
	c = enter(l, "192.0.2.1", 2);
	limits_leave(&c);
	limits_leave(&held);
	limits_close(&l);
}

int
main(void)
{
	test_conns();
	test_prefix();
	test_rates();
	test_full();
	test_threads();
	return check_end();
}
