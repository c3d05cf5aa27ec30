/* SPDX-License-Identifier: BSD-2-Clause */
/* The neighbour cache: states over time, what waits, what is pushed out. */
#include "dataplane/neigh.h"
#include "tests/unit/host_rig.h"

static bool
is_arp_request(const struct rig *r, const uint8_t *to)
{
	return wire_get16(r->out.p + ETH_TYPE) == ETH_TYPE_ARP &&
	       r->out.p[ETH_BYTES + 7] == 1 && memcmp(r->out.p, to, 6) == 0;
}

static bool
is_ip(const struct rig *r)
{
	return wire_get16(r->out.p + ETH_TYPE) == ETH_TYPE_IP4 &&
	       memcmp(r->out.p, mac_peer, 6) == 0;
}

static uint64_t
drops(const struct rig *r, enum host_drop why)
{
	struct host_stats s;

	host_stats_get(r->h, &s);
	return s.drops[why];
}

static void
test_waiting(void)
{
	struct host_path path = { 0 };
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("the last packet waits for the answer");
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_arp_request(&r, mac_all) && !rig_take(&r));
	CHECK(rig_send(&r, "192.0.2.9", &path, 2, 1460) && !rig_take(&r));
	CHECK(drops(&r, HOST_DROP_NEIGH) == 1);
	CHECK(port_mem_bufs_out(r.m, 0) == 1);
	rig_resolve(&r, "192.0.2.9");
	CHECK(rig_take(&r) && is_ip(&r) && r.out.len == 56 && !rig_take(&r));
	CHECK_ROW("then they go at once");
	CHECK(rig_send(&r, "192.0.2.9", &path, 3, 1460));
	CHECK(rig_take(&r) && is_ip(&r) && !rig_take(&r));
	rig_close(&r);

	CHECK_ROW("nobody answers");
	rig_init(&r);
	rig_open(&r);
	path = (struct host_path) { 0 };
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	for (unsigned i = 0; i < NEIGH_ASKS_N; i++) {
		CHECK(rig_take(&r) && is_arp_request(&r, mac_all));
		CHECK(!rig_take(&r));
		rig_later(&r, NEIGH_ASK_US + 2000);
	}
	CHECK(!rig_take(&r) && drops(&r, HOST_DROP_NEIGH) == 1);
	CHECK(neigh_find(r.h,
			 &(struct ip) { { [10] = 255, 255, 192, 0, 2, 9 } }) ==
	      NULL);
	CHECK_ROW("and is asked again with the next packet");
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_arp_request(&r, mac_all));
	rig_close(&r);
}

static void
test_ages(void)
{
	struct host_path path = { 0 };
	struct ip ip = ip_of("192.0.2.9");
	struct neigh *n;
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	CHECK(host_path_find(r.h, &ip, &path, r.now_us));
	rig_resolve(&r, "192.0.2.9");
	rig_drain(&r);
	n = neigh_find(r.h, &ip);
	CHECK_ROW("stale: used on, and asked by unicast five seconds later");
	rig_later(&r, NEIGH_REACHABLE_US + 1000000);
	CHECK(n->state == NEIGH_REACHABLE && !rig_take(&r));
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(n->state == NEIGH_DELAY && rig_take(&r) && is_ip(&r));
	rig_later(&r, NEIGH_DELAY_US + 2000);
	CHECK(n->state == NEIGH_PROBE && rig_take(&r));
	CHECK(is_arp_request(&r, mac_peer));
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_ip(&r));
	rig_resolve(&r, "192.0.2.9");
	CHECK(n->state == NEIGH_REACHABLE && !rig_take(&r));
	CHECK_ROW("gone: three questions, then from the start");
	rig_later(&r, NEIGH_REACHABLE_US + 1000000);
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_ip(&r));
	rig_later(&r, NEIGH_DELAY_US + 2000);
	for (unsigned i = 0; i < NEIGH_ASKS_N; i++) {
		CHECK(rig_take(&r) && is_arp_request(&r, mac_peer));
		rig_later(&r, NEIGH_ASK_US + 2000);
	}
	CHECK(n->state == NEIGH_FREE && !rig_take(&r));
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_arp_request(&r, mac_all) && !rig_take(&r));
	rig_resolve(&r, "192.0.2.9");
	CHECK(rig_take(&r) && is_ip(&r));
	CHECK_ROW("idle neighbours are not asked");
	rig_later(&r, 3600000000u);
	CHECK(!rig_take(&r));
	rig_close(&r);
}

/* Questions for a whole network push out neither the gateway nor, first,
 * those who answer. */
static void
test_bounds(void)
{
	struct ip ip = ip_of("192.0.2.254"), flood = ip_of("192.0.2.0");
	struct host_path gateway = { 0 }, path;
	struct rig r;

	CHECK_ROW("a flood of neighbours");
	rig_init(&r);
	r.cfg.neigh_n_max = 32;
	rig_open(&r);
	CHECK(host_path_find(r.h, &ip, &gateway, r.now_us));
	rig_resolve(&r, "192.0.2.254");
	rig_drain(&r);
	for (unsigned i = 2; i < 250; i++) {
		char text[IP_TEXT_MAX];

		path = (struct host_path) { 0 };
		flood.b[15] = (uint8_t)i;
		ip_print(&flood, text);
		CHECK(rig_send(&r, text, &path, 1, 1460));
		CHECK(r.h->neighs.pending_n <= 32);
	}
	CHECK(port_mem_bufs_out(r.m, 0) <= 64 + 32);
	rig_drain(&r);
	CHECK(rig_send(&r, "203.0.113.5", &gateway, 1, 1460));
	CHECK(rig_take(&r) && is_ip(&r));
	for (unsigned i = 0; i < 10; i++) {
		rig_later(&r, 1000000);
		rig_drain(&r);
	}
	CHECK(r.h->neighs.pending_n == 0 && port_mem_bufs_out(r.m, 0) == 0);
	rig_close(&r);

	CHECK_ROW("packets that wait, of all");
	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 2; i < 200; i++) {
		char text[IP_TEXT_MAX];

		path = (struct host_path) { 0 };
		flood.b[15] = (uint8_t)i;
		ip_print(&flood, text);
		CHECK(rig_send(&r, text, &path, 1, 1460));
	}
	rig_drain(&r);
	CHECK(r.h->neighs.pending_n == NEIGH_PENDING_MAX);
	CHECK(port_mem_bufs_out(r.m, 0) == NEIGH_PENDING_MAX);
	rig_close(&r);
}

static void
test_path(void)
{
	struct host_path path = { 0 };
	struct ip old = ip_of("192.0.2.9");
	struct rig r;

	CHECK_ROW("a path whose neighbour was pushed out is found anew");
	rig_init(&r);
	rig_open(&r);
	CHECK(host_path_find(r.h, &old, &path, r.now_us));
	rig_resolve(&r, "192.0.2.9");
	rig_drain(&r);
	r.h->neighs.entries[path.neigh_idx].ip = ip_of("192.0.2.10");
	r.h->neighs.entries[path.neigh_idx].generation++;
	CHECK(rig_send(&r, "192.0.2.9", &path, 1, 1460));
	CHECK(rig_take(&r) && is_arp_request(&r, mac_all));
	rig_close(&r);
}

/* Nobody makes us send to everybody or to nobody. */
static void
test_forged(void)
{
	static const uint8_t group[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t none[6];
	const uint8_t *const macs[] = { mac_all, group, none };
	struct ip ip = ip_of("192.0.2.9");
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("forged Ethernet addresses are not learned");
	for (unsigned i = 0; i < ARRAY_N(macs); i++) {
		neigh_learn(r.h, &ip, macs[i],
			    NEIGH_CREATE | NEIGH_OVERRIDE | NEIGH_ANSWER);
		CHECK(neigh_find(r.h, &ip) == NULL);
	}
	neigh_learn(r.h, &ip, mac_peer, NEIGH_CREATE | NEIGH_ANSWER);
	CHECK(neigh_find(r.h, &ip) != NULL);
	for (unsigned i = 0; i < ARRAY_N(macs); i++) {
		neigh_learn(r.h, &ip, macs[i], NEIGH_OVERRIDE | NEIGH_ANSWER);
		CHECK(memcmp(neigh_find(r.h, &ip)->eth, mac_peer, 6) == 0);
	}
	rig_close(&r);
}

int
main(void)
{
	test_forged();
	test_waiting();
	test_ages();
	test_bounds();
	test_path();
	return check_end();
}
