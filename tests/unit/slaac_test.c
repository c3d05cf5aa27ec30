/* SPDX-License-Identifier: BSD-2-Clause */
/* What routers announce, and what is made of it, over its lifetime. */
#include "dataplane/slaac.h"
#include "tests/unit/host_rig.h"

#define OURS "2001:db8:9::ff:fe00:1" /* of 02:00:00:00:00:01 */
#define LINK "fe80::ff:fe00:1"

static const uint8_t mac_all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

static void
slaac_open(struct rig *r)
{
	rig_init(r);
	r->cfg.addrs_n = 0;
	r->cfg.gateway6 = (struct ip) { { 0 } };
	r->cfg.is_slaac = true;
	rig_open(r);
}

/* One prefix; lifetimes in seconds; flags: 0x80 on-link, 0x40 autonomous. */
static void
adv_make(struct bytes *b, const char *from, unsigned lifetime,
	 const char *prefix, unsigned bits, unsigned flags, uint32_t valid,
	 uint32_t preferred, uint32_t mtu)
{
	struct ip ip = ip_of(prefix);
	struct bytes m = { .len = 0 };

	bytes_add32(&m, 134u << 24);
	bytes_add16(&m, 64u << 8);
	bytes_add16(&m, lifetime);
	bytes_add32(&m, 0);
	bytes_add32(&m, 0);
	bytes_add16(&m, 0x0101);
	bytes_add(&m, mac_peer, 6);
	if (mtu) {
		bytes_add32(&m, 0x05010000);
		bytes_add32(&m, mtu);
	}
	bytes_add16(&m, 0x0304);
	bytes_add8(&m, bits);
	bytes_add8(&m, flags);
	bytes_add32(&m, valid);
	bytes_add32(&m, preferred);
	bytes_add32(&m, 0);
	bytes_add(&m, ip.b, 16);
	rig_icmp6(b, mac_all_nodes, from, "ff02::1", 255, m.p, m.len);
}

static bool
has(const struct rig *r, const char *text)
{
	struct ip ip = ip_of(text);

	return host_has_addr(r->h, &ip);
}

static bool
reaches(struct rig *r, const char *text)
{
	struct host_path path = { 0 };
	struct ip ip = ip_of(text);

	return host_path_find(r->h, &ip, &path, r->now_us);
}

static void
test_start(void)
{
	struct rig r;
	unsigned n = 0;

	CHECK_ROW("three questions, until a router answers");
	rig_init(&r);
	r.cfg.addrs_n = 0;
	r.cfg.is_slaac = true;
	rig_start(&r);
	for (unsigned i = 0; i < 200; i++) {
		rig_later(&r, 100000);
		while (rig_take_icmp6(&r, 133)) {
			CHECK(rig_goes(&r, LINK, "ff02::2"));
			CHECK(memcmp(r.out.p + 62, "\1\1\2\0\0\0\0\1", 8) == 0);
			n++;
		}
	}
	CHECK(n == 3 && has(&r, LINK));
	rig_close(&r);

	CHECK_ROW("answered at once");
	rig_init(&r);
	r.cfg.addrs_n = 0;
	r.cfg.is_slaac = true;
	rig_start(&r);
	host_step(r.h, r.now_us);
	rig_later(&r, 1000000);
	CHECK(rig_take_icmp6(&r, 133));
	{
		struct bytes b;

		adv_make(&b, "fe80::fe", 1800, "2001:db8:9::", 64, 0xc0, 86400,
			 14400, 0);
		CHECK(!rig_put(&r, &b));
	}
	for (unsigned i = 0; i < 20; i++) {
		rig_later(&r, 1000000);
		CHECK(!rig_take_icmp6(&r, 133));
	}
	rig_close(&r);
}

static void
test_life(void)
{
	struct ip peer = ip_of("2001:db8:9::7"), src;
	struct rig r;
	struct bytes b;

	slaac_open(&r);
	CHECK_ROW("a router, a prefix, an address");
	CHECK(!has(&r, OURS) && !reaches(&r, "2001:db8:1::1"));
	adv_make(&b, "fe80::fe", 1800, "2001:db8:9::", 64, 0xc0, 86400, 14400,
		 1400);
	CHECK(!rig_put(&r, &b));
	rig_later(&r, 0);
	CHECK(has(&r, OURS) && reaches(&r, "2001:db8:1::1"));
	CHECK(reaches(&r, "2001:db8:9::7"));
	CHECK(host_source(r.h, &peer, &src));
	CHECK(r.h->net.mtu6 == 1400);
	CHECK(neigh_find(r.h, &r.h->net.routers[0].ip) != NULL);
	CHECK_ROW("the router's lifetime ends");
	rig_later(&r, 1801000000);
	CHECK(!reaches(&r, "2001:db8:1::1") && reaches(&r, "2001:db8:9::7"));
	CHECK_ROW("a router steps down");
	CHECK(!rig_put(&r, &b) && reaches(&r, "2001:db8:1::1"));
	adv_make(&b, "fe80::fe", 0, "2001:db8:9::", 64, 0xc0, 86400, 14400, 0);
	CHECK(!rig_put(&r, &b) && !reaches(&r, "2001:db8:1::1"));
	CHECK_ROW("the preferred lifetime ends");
	rig_later(&r, 14401000000);
	CHECK(has(&r, OURS));
	CHECK(host_addr_find(r.h, &src)->is_deprecated);
	CHECK_ROW("a stranger can't cut it off within two hours");
	adv_make(&b, "fe80::66", 1800, "2001:db8:9::", 64, 0x40, 1, 1, 0);
	CHECK(!rig_put(&r, &b));
	rig_later(&r, 7199000000);
	CHECK(has(&r, OURS));
	rig_later(&r, 2000000);
	CHECK(!has(&r, OURS));
	CHECK_ROW("no network is on the link any more");
	rig_later(&r, 86400000000);
	CHECK(!reaches(&r, "2001:db8:9::7") && has(&r, LINK));
	rig_close(&r);
}

static void
test_refused(void)
{
	static const struct {
		const char *name, *from, *prefix;
		unsigned bits, flags;
		uint32_t valid, preferred, mtu;
		bool is_dropped, is_on_link;
	} rows[] = {
		{ "router not of the link", "2001:db8::fe", "2001:db8:9::", 64,
		  0xc0, 9000, 9000, 0, true, false },
		{ "ourselves", LINK, "2001:db8:9::", 64, 0xc0, 9000, 9000, 0,
		  true, false },
		{ "preferred over valid", "fe80::fe", "2001:db8:9::", 64, 0xc0,
		  9000, 9001, 0, false, true },
		{ "not 64 bits", "fe80::fe", "2001:db8:9::", 63, 0xc0, 9000,
		  9000, 0, false, true },
		{ "129 bits", "fe80::fe", "2001:db8:9::", 129, 0xc0, 9000, 9000,
		  0, false, false },
		{ "all of the Internet", "fe80::fe", "::", 0, 0xc0, 9000, 9000,
		  0, false, false },
		{ "link-local prefix", "fe80::fe", "fe80::", 64, 0xc0, 9000,
		  9000, 0, false, false },
		{ "groups", "fe80::fe", "ff02::", 64, 0xc0, 9000, 9000, 0,
		  false, false },
		{ "valid for no time", "fe80::fe", "2001:db8:9::", 64, 0xc0, 0,
		  0, 0, false, false },
		{ "MTU too small", "fe80::fe", "2001:db8:9::", 64, 0x80, 9000,
		  9000, 1279, false, true },
		{ "MTU over the link's", "fe80::fe", "2001:db8:9::", 64, 0x80,
		  9000, 9000, 1501, false, true },
	};

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip on_link = ip_of("2001:db8:9::5");
		struct rig r;
		struct bytes b;

		CHECK_ROW(rows[i].name);
		slaac_open(&r);
		adv_make(&b, rows[i].from, 1800, rows[i].prefix, rows[i].bits,
			 rows[i].flags, rows[i].valid, rows[i].preferred,
			 rows[i].mtu);
		if (rows[i].is_dropped)
			CHECK(rig_drops(&r, &b, HOST_DROP_ND));
		else
			CHECK(!rig_put(&r, &b));
		rig_later(&r, 0);
		CHECK(!has(&r, OURS) && r.h->net.mtu6 == 1500);
		CHECK((r.h->net.prefixes_n > 0 &&
		       ip_net_has(&r.h->net.prefixes[0].net, &on_link)) ==
		      rows[i].is_on_link);
		CHECK(reaches(&r, "2001:db8:1::1") == !rows[i].is_dropped);
		rig_close(&r);
	}
	CHECK_ROW("with configured addresses routers are not listened to");
	{
		struct rig r;
		struct bytes b;

		rig_init(&r);
		rig_open(&r);
		adv_make(&b, "fe80::fe", 1800, "2001:db8:9::", 64, 0xc0, 9000,
			 9000, 0);
		CHECK(rig_drops(&r, &b, HOST_DROP_ND));
		rig_close(&r);
	}
}

static void
test_bounds(void)
{
	struct rig r;
	struct bytes b;

	CHECK_ROW("a thousand routers and prefixes");
	slaac_open(&r);
	for (unsigned i = 1; i < 1000; i++) {
		char prefix[IP_TEXT_MAX], router[IP_TEXT_MAX];

		snprintf(prefix, sizeof(prefix), "2001:db8:%x::", i);
		snprintf(router, sizeof(router), "fe80::%x", i);
		adv_make(&b, router, 1800, prefix, 64, 0xc0, 9000, 9000, 0);
		rig_put(&r, &b);
		rig_later(&r, 2000);
		rig_drain(&r);
	}
	CHECK(r.h->net.routers_n == HOST_ROUTERS_MAX);
	CHECK(r.h->net.prefixes_n == HOST_PREFIXES_MAX);
	CHECK(r.h->net.addrs_n == HOST_SLAAC_MAX + 1);
	CHECK(has(&r, "2001:db8:1::ff:fe00:1"));
	CHECK_ROW("a router that is none any more");
	rig_nd(&b, mac_us, "fe80::1", LINK, 136, 0x60, "fe80::1", mac_peer);
	CHECK(!rig_put(&r, &b));
	CHECK(r.h->net.routers_n == HOST_ROUTERS_MAX - 1);
	rig_close(&r);
}

/* Of two routers the one that answers is used. */
static void
test_two_routers(void)
{
	struct ip dst = ip_of("2001:db8:1::1");
	struct host_path path = { 0 };
	struct ip second = ip_of("fe80::2");
	struct rig r;
	struct bytes b;
	bool is_second = false;

	CHECK_ROW("a dead router");
	slaac_open(&r);
	adv_make(&b, "fe80::1", 1800, "2001:db8:9::", 64, 0xc0, 9000, 9000, 0);
	rig_put(&r, &b);
	adv_make(&b, "fe80::2", 1800, "2001:db8:9::", 64, 0xc0, 9000, 9000, 0);
	rig_put(&r, &b);
	for (unsigned i = 0; i < 60 && !is_second; i++) {
		CHECK(rig_send(&r, "2001:db8:1::1", &path, 1, 1000));
		CHECK(host_path_find(r.h, &dst, &path, r.now_us));
		is_second = ip_is_equal(&r.h->neighs.entries[path.neigh_idx].ip,
					&second);
		rig_later(&r, 1000000);
		rig_drain(&r);
	}
	CHECK(is_second);
	rig_close(&r);
}

int
main(void)
{
	test_start();
	test_life();
	test_refused();
	test_bounds();
	test_two_routers();
	return check_end();
}
