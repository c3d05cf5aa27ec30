/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP: what is answered, what is believed, what is refused. */
#include "dataplane/arp.h"
#include "tests/unit/host_rig.h"

static const uint8_t mac_other[6] = { 2, 0, 0, 0, 0, 9 };

/* An ARP packet of the host's, behind l2_bytes. */
static bool
is_arp(const struct rig *r, unsigned op, const char *sender, const char *target)
{
	const uint8_t *p = r->out.p + ETH_BYTES;
	struct ip from = ip_of(sender), of = ip_of(target);

	return r->out.len == ETH_BYTES + ARP_BYTES &&
	       wire_get16(r->out.p + ETH_TYPE) == ETH_TYPE_ARP &&
	       memcmp(r->out.p + 6, mac_us, 6) == 0 &&
	       wire_get32(p) == 0x00010800 && wire_get16(p + 4) == 0x0604 &&
	       wire_get16(p + 6) == op && memcmp(p + 8, mac_us, 6) == 0 &&
	       memcmp(p + 14, from.b + 12, 4) == 0 &&
	       memcmp(p + 24, of.b + 12, 4) == 0;
}

static void
test_start(void)
{
	struct rig r;

	CHECK_ROW("announced twice at the start");
	rig_init(&r);
	r.cfg.addrs_n = 1;
	rig_start(&r);
	CHECK(host_step(r.h, r.now_us) == r.now_us + HOST_ANNOUNCE_US);
	CHECK(rig_take(&r) && is_arp(&r, 1, "192.0.2.1", "192.0.2.1"));
	CHECK(memcmp(r.out.p, mac_all, 6) == 0 && !rig_take(&r));
	rig_later(&r, HOST_ANNOUNCE_US);
	CHECK(rig_take(&r) && is_arp(&r, 1, "192.0.2.1", "192.0.2.1"));
	rig_later(&r, 60000000);
	CHECK(!rig_take(&r));
	rig_close(&r);
}

static void
test_requests(void)
{
	struct rig r;
	struct bytes b;
	struct ip peer = ip_of("192.0.2.9");
	struct neigh *n;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("a request for us");
	rig_arp(&b, mac_all, 1, mac_peer, "192.0.2.9", "192.0.2.1");
	CHECK(!rig_put(&r, &b));
	CHECK(rig_take(&r) && is_arp(&r, 2, "192.0.2.1", "192.0.2.9"));
	CHECK(memcmp(r.out.p, mac_peer, 6) == 0);
	n = neigh_find(r.h, &peer);
	CHECK(n != NULL && n->state == NEIGH_STALE);
	CHECK(memcmp(n->eth, mac_peer, 6) == 0);
	CHECK_ROW("a probe (RFC 5227): answered, nothing learned");
	rig_arp(&b, mac_all, 1, mac_other, "0.0.0.0", "192.0.2.1");
	CHECK(!rig_put(&r, &b));
	CHECK(rig_take(&r) && is_arp(&r, 2, "192.0.2.1", "0.0.0.0"));
	CHECK(memcmp(r.out.p, mac_other, 6) == 0);
	CHECK_ROW("for somebody else");
	rig_arp(&b, mac_all, 1, mac_peer, "192.0.2.9", "192.0.2.77");
	CHECK(rig_drops(&r, &b, HOST_DROP_ARP) && !rig_take(&r));
	CHECK_ROW("over the rate");
	rig_arp(&b, mac_all, 1, mac_peer, "192.0.2.9", "192.0.2.1");
	for (unsigned i = 0; i < 200; i++)
		rig_put(&r, &b);
	CHECK(rig_drain(&r) < 110 && rig_drops(&r, &b, HOST_DROP_RATE));
	rig_later(&r, 1000000);
	rig_put(&r, &b);
	CHECK(rig_drain(&r) == 1);
	rig_close(&r);
}

static void
test_news(void)
{
	static const struct {
		const char *name;
		const char *sender;
		unsigned op;
		uint32_t later_us;
		bool is_multi, is_gratuitous, is_believed, is_answer;
	} rows[] = {
		{ "answer", "192.0.2.9", 2, 0, false, false, true, true },
		{ "gratuitous", "192.0.2.9", 1, 2000000, true, true, true,
		  false },
		{ "gratuitous reply", "192.0.2.9", 2, 2000000, true, true, true,
		  false },
		{ "gratuitous, too soon", "192.0.2.9", 1, 1000, true, true,
		  false, false },
	};

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip peer = ip_of("192.0.2.9");
		struct host_path path = { 0 };
		struct neigh *n;
		struct rig r;
		struct bytes b;

		CHECK_ROW(rows[i].name);
		rig_init(&r);
		rig_open(&r);
		CHECK(host_path_find(r.h, &peer, &path, r.now_us));
		CHECK(rig_take(&r) && is_arp(&r, 1, "192.0.2.1", "192.0.2.9"));
		CHECK(memcmp(r.out.p, mac_all, 6) == 0);
		rig_resolve(&r, "192.0.2.9");
		n = neigh_find(r.h, &peer);
		CHECK(n && n->state == NEIGH_REACHABLE);
		rig_later(&r, rows[i].later_us);
		rig_arp(&b, rows[i].is_multi ? mac_all : mac_us, rows[i].op,
			mac_other, rows[i].sender,
			rows[i].is_gratuitous ? "192.0.2.9" : "192.0.2.1");
		CHECK(!rig_put(&r, &b));
		CHECK((memcmp(n->eth, mac_other, 6) == 0) ==
		      rows[i].is_believed);
		CHECK((n->state == NEIGH_REACHABLE) ==
		      (rows[i].is_answer || !rows[i].is_believed));
		CHECK(!rig_take(&r));
		rig_close(&r);
	}
}

static void
test_refused(void)
{
	struct rig r;
	struct bytes b;
	struct host_stats s;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("unknown neighbours are not learned unasked");
	rig_arp(&b, mac_us, 2, mac_peer, "192.0.2.8", "192.0.2.1");
	CHECK(!rig_put(&r, &b));
	CHECK(neigh_find(r.h,
			 &(struct ip) { { [10] = 255, 255, 192, 0, 2, 8 } }) ==
	      NULL);
	CHECK_ROW("malformed");
	rig_arp(&b, mac_us, 1, mac_peer, "192.0.2.9", "192.0.2.1");
	for (uint32_t len = ETH_BYTES; len < b.len; len++) {
		struct bytes cut = b;

		cut.len = len;
		CHECK(rig_drops(&r, &cut, HOST_DROP_ARP));
	}
	for (unsigned i = 0; i < 6; i++) {
		struct bytes bad = b;

		bad.p[ETH_BYTES + i] ^= 0x10;
		CHECK(rig_drops(&r, &bad, HOST_DROP_ARP));
	}
	b.p[ETH_BYTES + 7] = 9;
	CHECK(rig_drops(&r, &b, HOST_DROP_ARP));
	CHECK_ROW("a sender that can't be");
	rig_arp(&b, mac_us, 1, mac_peer, "10.9.9.9", "192.0.2.1");
	CHECK(rig_drops(&r, &b, HOST_DROP_ARP));
	rig_arp(&b, mac_us, 1, mac_peer, "192.0.2.255", "192.0.2.1");
	CHECK(rig_drops(&r, &b, HOST_DROP_ARP));
	b.p[ETH_BYTES + 8] |= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_ARP));
	CHECK(!rig_take(&r));
	CHECK_ROW("a conflict: counted, defended once in ten seconds");
	rig_arp(&b, mac_all, 1, mac_other, "192.0.2.1", "192.0.2.1");
	for (unsigned i = 0; i < 5; i++)
		CHECK(!rig_put(&r, &b));
	CHECK(rig_take(&r) && is_arp(&r, 1, "192.0.2.1", "192.0.2.1"));
	CHECK(!rig_take(&r));
	host_stats_get(r.h, &s);
	CHECK(s.conflicts_n == 5);
	CHECK_ROW("an echo of our own announcement is no conflict");
	rig_arp(&b, mac_all, 1, mac_us, "192.0.2.1", "192.0.2.1");
	CHECK(!rig_put(&r, &b));
	host_stats_get(r.h, &s);
	CHECK(s.conflicts_n == 5);
	rig_close(&r);
}

int
main(void)
{
	test_start();
	test_requests();
	test_news();
	test_refused();
	return check_end();
}
