/* SPDX-License-Identifier: BSD-2-Clause */
/* A worker's cache: what is asked once, kept, shared, thrown out, refused. */
#include "engine/policy/dns_int.h"
#include "tests/unit/dns_rig.h"

static const struct zone_row zone[] = {
	{ "a.example", CODE_A, 300, "192.0.2.1", ZONE_PLAIN },
	{ "b.example", CODE_A, 300, "192.0.2.2", ZONE_PLAIN },
	{ "now.example", CODE_A, 0, "192.0.2.3", ZONE_PLAIN },
};

static const struct dns_answer *
find(struct dns_rig *r, unsigned pins, const char *name, uint64_t now_us)
{
	return dns_find(r->all[0], &r->pins[pins], span_of(name), DNS_A,
			now_us);
}

static unsigned
queries_n(const struct dns_rig *r)
{
	return atomic_load(&r->server->queries_n);
}

static struct dns_stats
stats_of(const struct dns_rig *r)
{
	struct dns_stats stats;

	dns_stats_get(r->dns, &stats);
	return stats;
}

static void
test_hit(void)
{
	uint64_t now_us = clock_now_us();
	const struct dns_answer *first;
	struct dns_rig r;

	rig_open(&r, zone, ARRAY_N(zone), NULL);
	CHECK_ROW("a hit");
	CHECK_SPAN(span_of(rig_ask(&r, 0, "a.example", DNS_A)),
		   "OK 300 192.0.2.1");
	CHECK(queries_n(&r) == 1 && stats_of(&r).hits_n == 0);
	first = find(&r, 0, "a.example", now_us);
	CHECK(first != NULL && r.pins[0].first == NULL);
	CHECK(find(&r, 0, "A.Example.", now_us) == first);
	CHECK(queries_n(&r) == 1 && stats_of(&r).hits_n == 2);
	CHECK(stats_of(&r).entries_n == 1 && stats_of(&r).bytes > 0);

	CHECK_ROW("names that are none cost nothing");
	CHECK(find(&r, 0, "192.0.2.1", now_us)->status == DNS_NXDOMAIN);
	CHECK(find(&r, 0, "", now_us)->status == DNS_NXDOMAIN);
	CHECK(dns_find(r.all[0], &r.pins[0], SPAN("a.example"), DNS_HOST_PTR,
		       now_us)
		      ->status == DNS_NXDOMAIN);
	CHECK(queries_n(&r) == 1);

	CHECK_ROW("its time is over");
	now_us = clock_now_us() + 301 * US_PER_SEC;
	CHECK(find(&r, 0, "a.example", now_us) == NULL);
	CHECK(first->status == DNS_OK); /* lent out: still there */
	CHECK(rig_next(&r, 0) == &r.pins[0]);
	CHECK(queries_n(&r) == 2 && stats_of(&r).entries_n == 1);

	CHECK_ROW("what was waited for counts, whatever the time");
	CHECK(find(&r, 0, "a.example", now_us + 999 * US_PER_SEC) != NULL);
	lookup_pins_drop(r.all[0], &r.pins[0]);
	rig_close(&r);
}

static void
test_shared(void)
{
	uint64_t now_us = clock_now_us();
	struct dns_rig r;

	rig_open(&r, zone, ARRAY_N(zone), NULL);
	atomic_store(&r.server->is_held, true);
	CHECK_ROW("one question for three sessions, one of which dies");
	for (unsigned i = 0; i < 3; i++)
		CHECK(find(&r, i, "a.example", now_us) == NULL);
	CHECK(find(&r, 0, "b.example", now_us) == NULL);
	CHECK(stats_of(&r).shared_n == 2 && stats_of(&r).pending_n == 2);
	lookup_pins_drop(r.all[0], &r.pins[1]);
	atomic_store(&r.server->is_held, false);
	for (int i = 0; i < 2; i++) {
		struct lookup_pins *next = rig_next(&r, 0);

		CHECK(next == &r.pins[0] || next == &r.pins[2]);
	}
	CHECK(lookups_next(r.all[0]) == NULL);
	CHECK(find(&r, 0, "a.example", now_us)->records_n == 1);
	CHECK(find(&r, 0, "b.example", now_us)->records_n == 1);
	CHECK(queries_n(&r) == 2 && stats_of(&r).pending_n == 0);
	for (unsigned i = 0; i < 3; i++)
		lookup_pins_drop(r.all[0], &r.pins[i]);

	CHECK_ROW("everybody who asked dies");
	atomic_store(&r.server->is_held, true);
	CHECK(find(&r, 0, "c.example", now_us) == NULL);
	lookup_pins_drop(r.all[0], &r.pins[0]);
	atomic_store(&r.server->is_held, false);
	CHECK_SPAN(span_of(rig_ask(&r, 0, "c.example", DNS_A)), "NXDOMAIN 60");
	CHECK(queries_n(&r) == 3);
	rig_close(&r);
}

static void
test_now(void)
{
	struct dns_rig r;

	CHECK_ROW("a TTL of 0 is good for who waits");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	CHECK_SPAN(span_of(rig_ask(&r, 0, "now.example", DNS_A)),
		   "OK 0 192.0.2.3");
	CHECK_SPAN(span_of(rig_ask(&r, 0, "now.example", DNS_A)),
		   "OK 0 192.0.2.3");
	CHECK(queries_n(&r) == 2 && stats_of(&r).entries_n == 1);
	rig_close(&r);
}

static void
test_refused(void)
{
	static const struct dns_cfg small = { .pending_max = 2 };
	uint64_t now_us = clock_now_us();
	struct dns_rig r;

	CHECK_ROW("no room for a third question");
	rig_open(&r, zone, ARRAY_N(zone), &small);
	atomic_store(&r.server->is_held, true);
	CHECK(find(&r, 0, "a.example", now_us) == NULL);
	CHECK(find(&r, 0, "b.example", now_us) == NULL);
	CHECK(find(&r, 1, "c.example", now_us)->status == DNS_TRYAGAIN);
	CHECK(find(&r, 1, "b.example", now_us) == NULL);
	CHECK(stats_of(&r).refused_n == 1);
	atomic_store(&r.server->is_held, false);
	rig_next(&r, 0);
	rig_next(&r, 0);
	for (unsigned i = 0; i < 2; i++)
		lookup_pins_drop(r.all[0], &r.pins[i]);
	CHECK_SPAN(span_of(rig_ask(&r, 0, "c.example", DNS_A)), "NXDOMAIN 60");
	rig_close(&r);

	CHECK_ROW("nobody to ask");
	{
		struct lookups *all = lookups_open();
		struct lookup_pins pins = { 0 };

		CHECK(dns_find(all, &pins, SPAN("a.example"), DNS_A, 1)
			      ->status == DNS_TRYAGAIN);
		lookups_close(&all);
	}
}

/* More names than fit: what is asked for stays, what is pinned too. */
static void
test_evict(void)
{
	static const struct dns_cfg small = { .cache_bytes_max = 8192 };
	uint64_t now_us = clock_now_us();
	const struct dns_answer *pinned;
	struct dns_rig r;
	char name[32];

	CHECK_ROW("more than fits");
	rig_open(&r, zone, ARRAY_N(zone), &small);
	CHECK(find(&r, 1, "a.example", now_us) == NULL);
	CHECK(rig_next(&r, 0) == &r.pins[1]);
	pinned = find(&r, 1, "a.example", now_us);
	rig_ask(&r, 0, "b.example", DNS_A);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		CHECK_SPAN(span_of(rig_ask(&r, 0, name, DNS_A)), "NXDOMAIN 60");
		rig_ask(&r, 0, "b.example", DNS_A);
		CHECK(stats_of(&r).bytes <= 8192);
	}
	CHECK(queries_n(&r) == 302);
	CHECK(stats_of(&r).evicted_n > 200);
	CHECK(stats_of(&r).entries_n + stats_of(&r).evicted_n == 302);
	CHECK(pinned->status == DNS_OK && pinned->records_n == 1);
	CHECK(find(&r, 1, "a.example", now_us) == pinned);
	lookup_pins_drop(r.all[0], &r.pins[1]);
	rig_close(&r);
}

int
main(void)
{
	test_hit();
	test_shared();
	test_now();
	test_refused();
	test_evict();
	return check_end();
}
