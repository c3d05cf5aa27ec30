/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes of questions to servers that answer, lie, or say nothing. */
#include "engine/policy/dns_int.h"
#include "tests/unit/dns_rig.h"

#define BIG "a text that does not fit often "

static const struct zone_row zone[] = {
	{ "a.example", CODE_A, 300, "192.0.2.1", ZONE_PLAIN },
	{ "a.example", CODE_AAAA, 300, "2001:db8::1", ZONE_PLAIN },
	{ "a.example", CODE_MX, 300, "10 mx.example", ZONE_PLAIN },
	{ "a.example", CODE_NS, 300, "ns.example", ZONE_PLAIN },
	{ "a.example", CODE_TXT, 300, "v=spf1 -all", ZONE_PLAIN },
	{ "1.2.0.192.in-addr.arpa", CODE_PTR, 300, "a.example", ZONE_PLAIN },
	{ "null.example", CODE_MX, 300, "0 .", ZONE_PLAIN },
	{ "alias.example", CODE_CNAME, 40, "a.example", ZONE_PLAIN },
	{ "far.example", CODE_CNAME, 40, "cut.example", ZONE_CUT },
	{ "cut.example", CODE_CNAME, 30, "a.example", ZONE_CUT },
	{ "tail.example", CODE_CNAME, 40, "nothing.example", ZONE_CUT },
	{ "loop.example", CODE_CNAME, 40, "pool.example", ZONE_PLAIN },
	{ "pool.example", CODE_CNAME, 40, "loop.example", ZONE_PLAIN },
	{ "turn.example", CODE_CNAME, 40, "nrut.example", ZONE_CUT },
	{ "nrut.example", CODE_CNAME, 40, "turn.example", ZONE_CUT },
	{ "big.example", CODE_TXT, 300, BIG "1", ZONE_BIG },
	{ "big.example", CODE_TXT, 300, BIG "2", ZONE_BIG },
	{ "fail.example", CODE_A, 300, "192.0.2.1", ZONE_SERVFAIL },
	{ "silent.example", CODE_A, 300, "192.0.2.1", ZONE_SILENT },
	{ "id.example", CODE_A, 300, "192.0.2.1", ZONE_LIE_ID },
	{ "lie.example", CODE_A, 300, "192.0.2.1", ZONE_LIE_NAME },
	{ "garbage.example", CODE_A, 300, "192.0.2.1", ZONE_GARBAGE },
};

static const struct {
	const char *name;
	enum dns_type type;
	const char *want;
} rows[] = {
	{ "a.example", DNS_A, "OK 300 192.0.2.1" },
	{ "a.example", DNS_AAAA, "OK 300 2001:db8::1" },
	{ "a.example", DNS_MX, "OK 300 10:mx.example" },
	{ "a.example", DNS_NS, "OK 300 0:ns.example" },
	{ "a.example", DNS_TXT, "OK 300 0:v=spf1 -all" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "OK 300 0:a.example" },
	{ "192.0.2.1", DNS_HOST_PTR, "OK 300 0:a.example" },
	{ "a.example", DNS_HOST_A, "OK 300 192.0.2.1" },
	{ "a.example", DNS_HOST_AAAA, "OK 300 2001:db8::1" },
	{ "null.example", DNS_MX, "NULLMX 300" },
	{ "null.example", DNS_A, "NODATA 60" },
	{ "nothing.example", DNS_A, "NXDOMAIN 60" },
	{ "alias.example", DNS_A, "OK 40 =a.example 192.0.2.1" },
	{ "far.example", DNS_A, "OK 30 =a.example 192.0.2.1" },
	{ "tail.example", DNS_A, "NXDOMAIN 40 =nothing.example" },
	{ "loop.example", DNS_A, "NODATA 5" },
	{ "turn.example", DNS_A, "NODATA 5" },
	{ "big.example", DNS_TXT, "OK 300 0:" BIG "1 0:" BIG "2" },
	{ "fail.example", DNS_A, "TRYAGAIN 5" },
	{ "id.example", DNS_A, "OK 300 192.0.2.1" },
};

static void
test_rows(void)
{
	struct dns_stats stats;
	struct dns_rig r;

	rig_open(&r, zone, ARRAY_N(zone), NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		CHECK_SPAN(span_of(rig_ask(&r, 0, rows[i].name, rows[i].type)),
			   rows[i].want);
	}
	CHECK_ROW("counted");
	CHECK(atomic_load(&r.server->tcp_n) == 1);
	dns_stats_get(r.dns, &stats);
	CHECK(stats.failures_n == 1 && stats.timeouts_n == 0);
	CHECK(stats.pending_n == 0 && stats.servers_n == 1);
	rig_close(&r);
}

/* Those that it takes a clock to find out. */
static void
test_silence(void)
{
	static const struct dns_cfg quick = { .timeout_us = 20000, .tries = 1 };
	static const char *const names[] = { "silent.example", "lie.example",
					     "garbage.example" };
	struct dns_stats stats;
	struct dns_rig r;

	rig_open(&r, zone, ARRAY_N(zone), &quick);
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		CHECK_ROW(names[i]);
		CHECK_SPAN(span_of(rig_ask(&r, 0, names[i], DNS_A)),
			   "TRYAGAIN 5");
	}
	dns_stats_get(r.dns, &stats);
	CHECK(stats.failures_n + stats.timeouts_n == ARRAY_N(names));
	CHECK(stats.timeouts_n >= 1);
	rig_close(&r);
}

/* Two workers ask for one thing while its answer is on its way. */
static void
test_shared(void)
{
	struct span name = SPAN("a.example");
	struct dns_rig r;

	CHECK_ROW("one query for two workers");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	atomic_store(&r.server->is_held, true);
	for (unsigned i = 0; i < 2; i++)
		CHECK(dns_find(r.all[i], &r.pins[i], name, DNS_A, 1) == NULL);
	/* Both rings are empty: it has joined them. */
	RIG_UNTIL(ring_n(&r.dns->sides[0].to_thread) == 0 &&
		  ring_n(&r.dns->sides[1].to_thread) == 0);
	atomic_store(&r.server->is_held, false);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(rig_next(&r, i) == &r.pins[i]);
		CHECK_SPAN(span_of(answer_said(dns_find(r.all[i], &r.pins[i],
							name, DNS_A, 1),
					       r.said)),
			   "OK 300 192.0.2.1");
		lookup_pins_drop(r.all[i], &r.pins[i]);
	}
	CHECK(atomic_load(&r.server->queries_n) == 1);
	rig_close(&r);
}

/* What was asked of servers that are no longer ours is answered all the same.
 */
static void
test_configure(void)
{
	struct span name = SPAN("a.example");
	struct zone_server *other = zone_open(zone, ARRAY_N(zone));
	char servers[32];
	struct dns_rig r;

	CHECK_ROW("other servers");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	atomic_store(&r.server->is_held, true);
	CHECK(dns_find(r.all[0], &r.pins[0], name, DNS_A, 1) == NULL);
	RIG_UNTIL(ring_n(&r.dns->sides[0].to_thread) == 0);
	snprintf(servers, sizeof(servers), "127.0.0.1:%u", other->port);
	r.cfg.servers = servers;
	dns_configure(r.dns, &r.cfg);
	/* What is asked before the thread has seen it goes the old way. */
	RIG_UNTIL(atomic_load(&r.dns->next) == NULL);
	CHECK_SPAN(span_of(rig_ask(&r, 1, "alias.example", DNS_A)),
		   "OK 40 =a.example 192.0.2.1");
	CHECK(atomic_load(&other->queries_n) == 1);
	atomic_store(&r.server->is_held, false);
	CHECK(rig_next(&r, 0) == &r.pins[0]);
	lookup_pins_drop(r.all[0], &r.pins[0]);
	CHECK(atomic_load(&r.server->queries_n) >= 1);
	rig_close(&r);
	zone_close(other);
}

/* An end with questions still out there. */
static void
test_close(void)
{
	struct dns_rig r;

	CHECK_ROW("closed while it asks");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	atomic_store(&r.server->is_held, true);
	for (int i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "n%d.example", i);
		CHECK(dns_find(r.all[i % 2], &r.pins[i % 2], span_of(name),
			       DNS_A, 1) == NULL);
	}
	for (int i = 0; i < 2; i++)
		lookup_pins_drop(r.all[i], &r.pins[i]);
	rig_close(&r);
}

int
main(void)
{
	test_rows();
	test_silence();
	test_shared();
	test_configure();
	test_close();
	return check_end();
}
