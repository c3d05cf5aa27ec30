/* SPDX-License-Identifier: BSD-2-Clause */
/* Where packets go, what sources may be, and which of ours is used. */
#include "dataplane/route.h"
#include "tests/unit/host_rig.h"

static void
test_hops(void)
{
	static const struct {
		const char *dst, *hop; /* NULL: none */
	} rows[] = {
		{ "192.0.2.9", "192.0.2.9" },
		{ "203.0.113.5", "192.0.2.254" },
		{ "192.0.2.1", NULL },
		{ "192.0.2.255", NULL },
		{ "255.255.255.255", NULL },
		{ "224.0.0.1", NULL },
		{ "127.0.0.1", NULL },
		{ "0.0.0.0", NULL },
		{ "2001:db8::9", "2001:db8::9" },
		{ "2001:db8:1::9", "2001:db8::fe" },
		{ "fe80::9", "fe80::9" },
		{ "2001:db8::1", NULL },
		{ "ff02::1", NULL },
		{ "::1", NULL },
		{ "::", NULL },
	};
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip dst = ip_of(rows[i].dst), hop, want;
		bool found = route_find(r.h, &dst, &hop);

		CHECK_ROW(rows[i].dst);
		CHECK(found == (rows[i].hop != NULL));
		if (!found)
			continue;
		want = ip_of(rows[i].hop);
		CHECK(ip_is_equal(&hop, &want));
	}
	rig_close(&r);
	CHECK_ROW("without gateways");
	rig_init(&r);
	memset(&r.cfg.gateway4, 0, 16);
	memset(&r.cfg.gateway6, 0, 16);
	rig_open(&r);
	{
		struct ip dst = ip_of("203.0.113.5"), hop;
		struct host_path path = { 0 };
		struct host_stats s;

		CHECK(!route_find(r.h, &dst, &hop));
		CHECK(!host_path_find(r.h, &dst, &path, r.now_us));
		CHECK(rig_send(&r, "203.0.113.5", &path, 5, 1460));
		host_stats_get(r.h, &s);
		CHECK(s.drops[HOST_DROP_ROUTE] == 1 && !rig_take(&r));
		dst = ip_of("2001:db8:1::9");
		CHECK(!route_find(r.h, &dst, &hop));
	}
	rig_close(&r);
}

static void
test_point_to_point(void)
{
	struct ip dst = ip_of("10.0.0.1"), hop;
	struct rig r;

	CHECK_ROW("/31 has no broadcast (RFC 3021)");
	rig_init(&r);
	r.cfg.addrs_n = 0;
	rig_net(&r.cfg, "10.0.0.0", "10.0.0.0/31");
	rig_open(&r);
	CHECK(route_find(r.h, &dst, &hop) && ip_is_equal(&hop, &dst));
	rig_close(&r);
}

static void
test_source(void)
{
	static const struct {
		const char *dst, *src;
	} rows[] = {
		{ "192.0.2.9", "192.0.2.1" },
		{ "10.1.2.3", "10.0.0.1" },
		{ "2001:db8::9", "2001:db8::1" },
		{ "2001:db8:2::9", "2001:db8:2::1" },
	};
	struct ip src, dst;
	struct rig r;

	rig_init(&r);
	rig_net(&r.cfg, "10.0.0.1", "10.0.0.0/8");
	rig_net(&r.cfg, "2001:db8:2::1", "2001:db8:2::/64");
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip want = ip_of(rows[i].src);

		CHECK_ROW(rows[i].dst);
		dst = ip_of(rows[i].dst);
		CHECK(host_source(r.h, &dst, &src));
		CHECK(ip_is_equal(&src, &want));
	}
	rig_close(&r);
	CHECK_ROW("none of that family");
	rig_init(&r);
	r.cfg.addrs_n = 1;
	rig_open(&r);
	dst = ip_of("2001:db8::9");
	CHECK(!host_source(r.h, &dst, &src));
	rig_close(&r);
}

int
main(void)
{
	test_hops();
	test_point_to_point();
	test_source();
	return check_end();
}
