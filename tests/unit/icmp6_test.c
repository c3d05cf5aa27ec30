/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMPv6: echo, and errors that quote segments of ours. */
#include "dataplane/icmp6.h"
#include "tests/unit/host_rig.h"

static void
test_echo(void)
{
	static const uint8_t mac_group[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const char ask[] = "\x80\0\0\0\x12\x34\0\1hello";
	struct ip peer = ip_of("2001:db8::9");
	struct host_stats s;
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	neigh_learn(r.h, &peer, mac_peer, NEIGH_CREATE | NEIGH_ANSWER);
	CHECK_ROW("echo");
	rig_icmp6(&b, mac_us, "2001:db8::9", "2001:db8::1", 64, ask, 13);
	CHECK(!rig_put(&r, &b) && rig_take(&r) && rig_is_icmp6(&r, 129));
	CHECK(rig_goes(&r, "2001:db8::1", "2001:db8::9"));
	CHECK(r.out.len == b.len && memcmp(r.out.p, mac_peer, 6) == 0);
	CHECK(memcmp(r.out.p + 58, ask + 4, 9) == 0 && r.out.p[21] == 64);
	CHECK_ROW("a wrong sum");
	b.p[60] ^= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("to everybody");
	rig_icmp6(&b, mac_group, "2001:db8::9", "ff02::1", 64, ask, 13);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("from nobody");
	rig_icmp6(&b, mac_us, "::", "2001:db8::1", 64, ask, 13);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("cut short");
	rig_icmp6(&b, mac_us, "2001:db8::9", "2001:db8::1", 64, ask, 7);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("over the rate");
	rig_icmp6(&b, mac_us, "2001:db8::9", "2001:db8::1", 64, ask, 8);
	for (unsigned i = 0; i < 300; i++)
		rig_put(&r, &b);
	host_stats_get(r.h, &s);
	CHECK(s.drops[HOST_DROP_RATE] >= 200 && rig_drain(&r) <= 100);
	CHECK_ROW("replies, solicitations of routers, redirects");
	rig_icmp6(&b, mac_us, "2001:db8::9", "2001:db8::1", 64,
		  "\x81\0\0\0xxxx", 8);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	rig_icmp6(&b, mac_us, "fe80::9", "2001:db8::1", 255, "\x85\0\0\0xxxx",
		  8);
	CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	rig_icmp6(&b, mac_us, "fe80::9", "2001:db8::1", 255, "\x89\0\0\0xxxx",
		  8);
	CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	rig_close(&r);
}

static void
error_make(struct bytes *b, unsigned type, unsigned code, uint32_t rest,
	   const char *from, unsigned proto, uint32_t quote_bytes)
{
	struct ip src = ip_of(from), dst = ip_of("2001:db8:5::5");
	struct bytes m = { .len = 0 };

	bytes_add32(&m, type << 24 | code << 16);
	bytes_add32(&m, rest);
	frame_ip(&m, &src, &dst, proto, 64, 1440);
	bytes_add16(&m, 25);
	bytes_add16(&m, 40000);
	bytes_add32(&m, 0xdeadbeef);
	rig_icmp6(b, mac_us, "2001:db8:7::7", "2001:db8::1", 64, m.p,
		  8 + quote_bytes);
}

static void
test_errors(void)
{
	static const struct {
		const char *name;
		unsigned type, code;
		uint32_t rest;
		uint16_t mtu;
		bool is_hard;
	} rows[] = {
		{ "no route", 1, 0, 0, 0, false },
		{ "port unreachable", 1, 4, 0, 0, true },
		{ "too big", 2, 0, 1400, 1400, false },
		{ "too big, least", 2, 0, 1280, 1280, false },
		{ "too big, more than any", 2, 0, 70000, 65535, false },
		{ "time exceeded", 3, 0, 0, 0, false },
		{ "header unknown", 4, 1, 0, 0, true },
		{ "bad field", 4, 0, 0, 0, false },
	};
	struct ip src = ip_of("2001:db8::1"), dst = ip_of("2001:db8:5::5");
	struct host_unreachable u;
	struct bytes b;
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		error_make(&b, rows[i].type, rows[i].code, rows[i].rest,
			   "2001:db8::1", 6, 48);
		CHECK(!rig_put(&r, &b) && host_unreachable_take(r.h, &u));
		CHECK(ip_is_equal(&u.src, &src) && ip_is_equal(&u.dst, &dst));
		CHECK(u.src_port == 25 && u.dst_port == 40000);
		CHECK(u.seq == 0xdeadbeef && u.mtu == rows[i].mtu);
		CHECK(u.is_hard == rows[i].is_hard);
		CHECK(!host_unreachable_take(r.h, &u));
	}
	CHECK_ROW("too big, below what IPv6 has");
	error_make(&b, 2, 0, 1279, "2001:db8::1", 6, 48);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("quotes that are cut");
	for (uint32_t len = 0; len < 48; len++) {
		error_make(&b, 1, 0, 0, "2001:db8::1", 6, len);
		CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	}
	CHECK_ROW("quotes of what we have not sent");
	error_make(&b, 1, 0, 0, "2001:db8::2", 6, 48);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	error_make(&b, 1, 0, 0, "2001:db8::1", 17, 48);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK(!rig_take(&r));
	rig_close(&r);
}

int
main(void)
{
	test_echo();
	test_errors();
	return check_end();
}
