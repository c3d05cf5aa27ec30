/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour discovery: questions, answers, duplicate addresses, options. */
#include "dataplane/nd.h"
#include "dataplane/icmp6.h"
#include "tests/unit/host_rig.h"

#define GROUP_1 "ff02::1:ff00:1"

static const uint8_t mac_group[6] = { 0x33, 0x33, 0xff, 0, 0, 1 };
static const uint8_t mac_other[6] = { 2, 0, 0, 0, 0, 9 };

static void
test_answers(void)
{
	struct ip peer = ip_of("2001:db8::9");
	struct neigh *n;
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("a question to the group");
	rig_nd(&b, mac_group, "2001:db8::9", GROUP_1, 135, 0, "2001:db8::1",
	       mac_peer);
	CHECK(!rig_put(&r, &b) && rig_take(&r) && rig_is_icmp6(&r, 136));
	CHECK(rig_goes(&r, "2001:db8::1", "2001:db8::9"));
	CHECK(memcmp(r.out.p, mac_peer, 6) == 0 && r.out.p[21] == 255);
	CHECK(r.out.p[58] == 0x60 && r.out.len == 86);
	CHECK(memcmp(r.out.p + 78, "\2\1\2\0\0\0\0\1", 8) == 0);
	n = neigh_find(r.h, &peer);
	CHECK(n != NULL && n->state == NEIGH_STALE);
	CHECK_ROW("a question by unicast, without an option");
	rig_nd(&b, mac_us, "2001:db8::8", "2001:db8::1", 135, 0, "2001:db8::1",
	       NULL);
	CHECK(!rig_put(&r, &b) && rig_take(&r) && rig_is_icmp6(&r, 136));
	CHECK(rig_goes(&r, "2001:db8::1", "2001:db8::8"));
	CHECK(memcmp(r.out.p, mac_peer, 6) == 0);
	CHECK_ROW("somebody wants our address");
	rig_nd(&b, mac_group, "::", GROUP_1, 135, 0, "2001:db8::1", NULL);
	CHECK(!rig_put(&r, &b) && rig_take(&r) && rig_is_icmp6(&r, 136));
	CHECK(rig_goes(&r, "2001:db8::1", "ff02::1"));
	CHECK(r.out.p[58] == 0x20 && r.out.p[0] == 0x33 && r.out.p[5] == 1);
	CHECK_ROW("over the rate");
	rig_nd(&b, mac_group, "2001:db8::9", GROUP_1, 135, 0, "2001:db8::1",
	       mac_peer);
	for (unsigned i = 0; i < 300; i++)
		rig_put(&r, &b);
	CHECK(rig_drain(&r) <= 100 && rig_drops(&r, &b, HOST_DROP_RATE));
	rig_close(&r);
}

static void
test_refused(void)
{
	static const struct {
		const char *name, *from, *to, *target;
		unsigned type, flags, at, value; /* the byte at `at` is set */
	} rows[] = {
		{ "hop limit 254", "2001:db8::9", GROUP_1, "2001:db8::1", 135,
		  0, 21, 254 },
		{ "code 1", "2001:db8::9", GROUP_1, "2001:db8::1", 135, 0, 55,
		  1 },
		{ "for somebody else", "2001:db8::9", GROUP_1, "2001:db9::1",
		  135, 0, 0, 0 },
		{ "for a group", "2001:db8::9", GROUP_1, "ff02::1", 135, 0, 0,
		  0 },
		{ "a probe with an option", "::", GROUP_1, "2001:db8::1", 135,
		  0, 0, 0 },
		{ "from another network", "2001:db9::9", GROUP_1, "2001:db8::1",
		  135, 0, 0, 0 },
		{ "an option of length 0", "2001:db8::9", GROUP_1,
		  "2001:db8::1", 135, 0, 79, 0 },
		{ "an option over the end", "2001:db8::9", GROUP_1,
		  "2001:db8::1", 135, 0, 79, 2 },
		{ "solicited, to everybody", "2001:db8::9", "ff02::1",
		  "2001:db8::9", 136, 0x60, 0, 0 },
		{ "about another network", "2001:db8::9", "2001:db8::1",
		  "2001:db9::9", 136, 0x60, 0, 0 },
	};
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		rig_nd(&b, mac_us, rows[i].from, rows[i].to, rows[i].type,
		       rows[i].flags, rows[i].target, mac_peer);
		if (rows[i].at) {
			b.p[rows[i].at] = (uint8_t)rows[i].value;
			memset(b.p + 56, 0, 2);
			wire_put16(b.p + 56,
				   frame_l4_sum(&b, 14, 54, IP_PROTO_ICMP6));
		}
		CHECK(rig_drops(&r, &b, HOST_DROP_ND) && !rig_take(&r));
	}
	CHECK_ROW("cut");
	for (uint32_t cut = 8; cut < 32; cut += 8) {
		struct ip target = ip_of("2001:db8::1");
		struct bytes m = { .len = 0 };

		bytes_add32(&m, 135u << 24);
		bytes_add32(&m, 0);
		bytes_add(&m, target.b, 16);
		bytes_add32(&m, 0x01010200);
		rig_icmp6(&b, mac_us, "2001:db8::9", GROUP_1, 255, m.p,
			  cut < 24 ? cut : 28);
		CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	}
	rig_close(&r);
}

static void
test_news(void)
{
	static const struct {
		const char *name;
		unsigned flags;
		bool has_mac, is_known, is_new_mac;
		enum neigh_state state;
		bool is_moved; /* the Ethernet address is another now */
	} rows[] = {
		{ "an answer", 0x60, true, false, false, NEIGH_REACHABLE,
		  false },
		{ "unasked, for who is asked", 0x20, true, false, false,
		  NEIGH_STALE, false },
		{ "an answer without an address", 0x60, false, false, false,
		  NEIGH_INCOMPLETE, false },
		{ "confirmed", 0x40, false, true, false, NEIGH_REACHABLE,
		  false },
		{ "moved", 0x60, true, true, true, NEIGH_REACHABLE, true },
		{ "moved, unasked", 0x20, true, true, true, NEIGH_STALE, true },
		{ "another, but no override", 0x40, true, true, true,
		  NEIGH_STALE, false },
	};

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip peer = ip_of("2001:db8::9");
		struct host_path path = { 0 };
		const uint8_t *mac = mac_peer;
		struct neigh *n;
		struct rig r;
		struct bytes b;

		CHECK_ROW(rows[i].name);
		rig_init(&r);
		rig_open(&r);
		CHECK(host_path_find(r.h, &peer, &path, r.now_us));
		CHECK(rig_take(&r) && rig_is_icmp6(&r, 135));
		CHECK(rig_goes(&r, "2001:db8::1", "ff02::1:ff00:9"));
		CHECK(memcmp(r.out.p, "\x33\x33\xff\0\0\x09", 6) == 0);
		CHECK(memcmp(r.out.p + 78, "\1\1\2\0\0\0\0\1", 8) == 0);
		if (rows[i].is_known) {
			neigh_learn(r.h, &peer, mac_peer, NEIGH_ANSWER);
			rig_later(&r, 2000000);
		}
		if (rows[i].is_new_mac)
			mac = mac_other;
		rig_nd(&b, mac_us, "2001:db8::9", "2001:db8::1", 136,
		       rows[i].flags, "2001:db8::9",
		       rows[i].has_mac ? mac : NULL);
		rig_put(&r, &b);
		n = neigh_find(r.h, &peer);
		CHECK(n != NULL && n->state == rows[i].state);
		if (n->state != NEIGH_INCOMPLETE)
			CHECK((memcmp(n->eth, mac_other, 6) == 0) ==
			      rows[i].is_moved);
		rig_close(&r);
	}
}

static enum host_addr_state
state_of(const struct rig *r, const char *text)
{
	struct ip want = ip_of(text), ip;
	enum host_addr_state state;

	for (unsigned i = 0; host_addr_get(r->h, i, &ip, &state); i++)
		if (ip_is_equal(&ip, &want))
			return state;
	must(!"no such address");
	return HOST_ADDR_DUPLICATE;
}

static void
test_duplicates(void)
{
	static const struct {
		const char *name, *from, *to;
		unsigned type;
		bool is_mirror, is_duplicate;
	} rows[] = {
		{ "free", NULL, NULL, 0, false, false },
		{ "somebody has it", "2001:db8::1", "ff02::1", 136, false,
		  true },
		{ "somebody wants it too", "::", GROUP_1, 135, false, true },
		{ "our own probe comes back", "::", GROUP_1, 135, true, false },
	};

	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip us = ip_of("2001:db8::1");
		struct host_stats s;
		struct rig r;
		struct bytes b;
		bool is_probed = false;

		CHECK_ROW(rows[i].name);
		rig_init(&r);
		r.cfg.is_dad_skipped = false;
		rig_start(&r);
		host_step(r.h, r.now_us);
		for (unsigned k = 0; k < 11 && !is_probed; k++) {
			rig_later(&r, 100000);
			while (rig_take_icmp6(&r, 135))
				is_probed |= rig_goes(&r, "::", GROUP_1);
		}
		CHECK(is_probed && !host_has_addr(r.h, &us));
		CHECK(state_of(&r, "2001:db8::1") == HOST_ADDR_TENTATIVE);
		if (rows[i].type) {
			rig_nd(&b, mac_group, rows[i].from, rows[i].to,
			       rows[i].type, 0x20, "2001:db8::1",
			       rows[i].type == 136 ? mac_peer : NULL);
			if (rows[i].is_mirror)
				memcpy(b.p + 6, mac_us, 6);
			rig_put(&r, &b);
		}
		for (unsigned k = 0; k < 20; k++)
			rig_later(&r, 100000);
		CHECK(host_has_addr(r.h, &us) == !rows[i].is_duplicate);
		CHECK(state_of(&r, "2001:db8::1") ==
		      (rows[i].is_duplicate ? HOST_ADDR_DUPLICATE
					    : HOST_ADDR_VALID));
		host_stats_get(r.h, &s);
		CHECK(s.conflicts_n == rows[i].is_duplicate);
		rig_close(&r);
	}
	CHECK_ROW("a conflict later: counted, and defended");
	{
		struct ip us = ip_of("2001:db8::1");
		struct host_stats s;
		struct rig r;
		struct bytes b;

		rig_init(&r);
		rig_open(&r);
		rig_nd(&b, mac_group, "2001:db8::1", "ff02::1", 136, 0x20,
		       "2001:db8::1", mac_peer);
		CHECK(!rig_put(&r, &b) && !rig_put(&r, &b));
		host_stats_get(r.h, &s);
		CHECK(s.conflicts_n == 2 && host_has_addr(r.h, &us));
		CHECK(rig_take(&r) && rig_is_icmp6(&r, 136) && !rig_take(&r));
		rig_close(&r);
	}
}

static void
test_options(void)
{
	struct nd_options o;
	uint8_t many[32 * 12] = { 0 };

	CHECK_ROW("options");
	CHECK(nd_options_parse(NULL, 0, &o) && !o.source_mac && !o.mtu);
	CHECK(nd_options_parse((const uint8_t *)"\1\1\2\0\0\0\0\7"
						"\5\1\0\0\0\0\5\xdc"
						"\x63\1xxxxxx",
			       24, &o));
	CHECK(o.source_mac && o.source_mac[5] == 7 && o.mtu == 1500);
	CHECK(nd_options_parse((const uint8_t *)"\1\1\3\0\0\0\0\7", 8, &o));
	CHECK(o.source_mac == NULL);
	CHECK(!nd_options_parse((const uint8_t *)"\1\0\2\0\0\0\0\7", 8, &o));
	CHECK(!nd_options_parse((const uint8_t *)"\1\2\2\0\0\0\0\7", 8, &o));
	CHECK(!nd_options_parse((const uint8_t *)"\1\1\2\0\0\0\0", 7, &o));
	CHECK_ROW("more prefixes than are kept");
	for (unsigned i = 0; i < 12; i++) {
		many[i * 32] = 3;
		many[i * 32 + 1] = 4;
	}
	CHECK(nd_options_parse(many, sizeof(many), &o) && o.prefixes_n == 8);
}

int
main(void)
{
	test_answers();
	test_refused();
	test_news();
	test_duplicates();
	test_options();
	return check_end();
}
