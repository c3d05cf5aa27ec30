/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports change, channels come and go, and no question is lost over it. */
#include "engine/policy/dns_int.h"
#include "tests/unit/dns_rig.h"

#define NAMES_N 2000

static const struct zone_row zone[] = {
	{ "a.example", CODE_A, 300, "192.0.2.1", ZONE_PLAIN },
};

static void
test_ports(void)
{
	unsigned open_n = 0;
	struct dns_stats stats;
	struct dns_rig r;
	char name[32];

	CHECK_ROW("many questions");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	for (int i = 0; i < NAMES_N; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		CHECK_SPAN(span_of(rig_ask(&r, 0, name, DNS_A)), "NXDOMAIN 60");
	}
	CHECK(atomic_load(&r.server->queries_n) >= NAMES_N);
	CHECK(atomic_load(&r.server->ports_n) >= NAMES_N / 512);
	dns_stats_get(r.dns, &stats);
	CHECK(stats.queries_n == NAMES_N && stats.negatives_n == NAMES_N);
	dns_thread_stop(r.dns);
	for (int i = 0; i < DNS_CHANNELS_N; i++)
		open_n += r.dns->channels[i].is_open;
	CHECK(open_n == 0);
	rig_close(&r);
}

/* Every reload retires the channels that wait; there is an end of them. */
static void
test_reloads(void)
{
	struct dns_rig r;
	char name[32];

	CHECK_ROW("more reloads than channels");
	rig_open(&r, zone, ARRAY_N(zone), NULL);
	atomic_store(&r.server->is_held, true);
	for (int i = 0; i < 3 * DNS_CHANNELS_N; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		CHECK(dns_find(r.all[0], &r.pins[0], span_of(name), DNS_A, 1) ==
		      NULL);
		RIG_UNTIL(ring_n(&r.dns->sides[0].to_thread) == 0);
		dns_configure(r.dns, &r.cfg);
		RIG_UNTIL(atomic_load(&r.dns->next) == NULL);
	}
	atomic_store(&r.server->is_held, false);
	CHECK(rig_next(&r, 0) == &r.pins[0]);
	for (int i = 0; i < 3 * DNS_CHANNELS_N; i++) {
		const struct dns_answer *a;

		snprintf(name, sizeof(name), "n%d.example", i);
		a = dns_find(r.all[0], &r.pins[0], span_of(name), DNS_A, 1);
		CHECK(a != NULL && a->status == DNS_NXDOMAIN);
	}
	lookup_pins_drop(r.all[0], &r.pins[0]);
	rig_close(&r);
}

int
main(void)
{
	test_ports();
	test_reloads();
	return check_end();
}
