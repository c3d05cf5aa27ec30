/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP: echo, and errors that quote segments of ours. */
#include "dataplane/icmp4.h"
#include "tests/unit/host_rig.h"

#define ICMP (ETH_BYTES + IP4_BYTES)

static void
icmp_make(struct bytes *b, const char *from, unsigned type, unsigned code,
	  uint32_t rest, const void *data, uint32_t data_bytes)
{
	struct ip src = ip_of(from), dst = ip_of("192.0.2.1");

	frame_eth(b, mac_us, mac_peer, ETH_TYPE_IP4);
	frame_ip(b, &src, &dst, IP_PROTO_ICMP, 64, 8 + data_bytes);
	bytes_add16(b, type << 8 | code);
	bytes_add16(b, 0);
	bytes_add32(b, rest);
	bytes_add(b, data, data_bytes);
	wire_put16(b->p + ICMP + 2,
		   (uint16_t)~frame_sum(0, b->p + ICMP, b->len - ICMP));
}

static void
test_echo(void)
{
	struct rig r;
	struct bytes b;
	struct host_stats s;

	rig_init(&r);
	rig_open(&r);
	rig_arp(&b, mac_all, 1, mac_peer, "192.0.2.9", "192.0.2.1");
	rig_put(&r, &b);
	rig_drain(&r);
	CHECK_ROW("echo");
	icmp_make(&b, "192.0.2.9", 8, 0, 0x12340001, "0123456789", 10);
	CHECK(!rig_put(&r, &b) && rig_take(&r));
	CHECK(r.out.len == b.len && memcmp(r.out.p, mac_peer, 6) == 0);
	CHECK(r.out.p[ICMP] == 0 && r.out.p[ICMP + 1] == 0);
	CHECK(wire_get32(r.out.p + ICMP + 4) == 0x12340001);
	CHECK(memcmp(r.out.p + ICMP + 8, "0123456789", 10) == 0);
	CHECK(frame_sum(0, r.out.p + ICMP, 18) == 0xffff);
	CHECK(frame_sum(0, r.out.p + ETH_BYTES, 20) == 0xffff);
	CHECK(memcmp(r.out.p + 26, b.p + 30, 4) == 0);
	CHECK(memcmp(r.out.p + 30, b.p + 26, 4) == 0);
	CHECK_ROW("a wrong sum");
	b.p[ICMP + 9] ^= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("cut short");
	icmp_make(&b, "192.0.2.9", 8, 0, 0, "", 0);
	wire_put16(b.p + ETH_BYTES + IP4_LEN, 27);
	memset(b.p + ETH_BYTES + IP4_SUM, 0, 2);
	wire_put16(b.p + ETH_BYTES + IP4_SUM,
		   (uint16_t)~frame_sum(0, b.p + ETH_BYTES, 20));
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("over the rate");
	icmp_make(&b, "192.0.2.9", 8, 0, 0, "x", 1);
	for (unsigned i = 0; i < 300; i++)
		rig_put(&r, &b);
	host_stats_get(r.h, &s);
	CHECK(s.drops[HOST_DROP_RATE] >= 200 && s.echo_n <= 101);
	CHECK(rig_drain(&r) == s.echo_n - 1);
	CHECK_ROW("replies and timestamps are nothing to us");
	icmp_make(&b, "192.0.2.9", 0, 0, 0, "x", 1);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	icmp_make(&b, "192.0.2.9", 13, 0, 0, "xxxxxxxxxxxx", 12);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	rig_close(&r);
}

/* The first 28 bytes of a segment of ours to 203.0.113.5:40000. */
static void
quote_make(struct bytes *b)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("203.0.113.5");

	b->len = 0;
	frame_ip(b, &src, &dst, IP_PROTO_TCP, 64, 1480);
	bytes_add16(b, 25);
	bytes_add16(b, 40000);
	bytes_add32(b, 0xdeadbeef);
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
		{ "host unreachable", 3, 1, 0, 0, false },
		{ "protocol unreachable", 3, 2, 0, 0, true },
		{ "port unreachable", 3, 3, 0, 0, true },
		{ "too big", 3, 4, 1400, 1400, false },
		{ "too big, from an old router", 3, 4, 0, 1492, false },
		{ "prohibited", 3, 13, 0, 0, false },
		{ "time exceeded", 11, 0, 0, 0, false },
		{ "parameter", 12, 0, 0, 0, false },
	};
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("203.0.113.5");
	struct host_unreachable u;
	struct bytes quote, b;
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	quote_make(&quote);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		icmp_make(&b, "198.51.100.1", rows[i].type, rows[i].code,
			  rows[i].rest, quote.p, quote.len);
		CHECK(!rig_put(&r, &b) && host_unreachable_take(r.h, &u));
		CHECK(ip_is_equal(&u.src, &src) && ip_is_equal(&u.dst, &dst));
		CHECK(u.src_port == 25 && u.dst_port == 40000);
		CHECK(u.seq == 0xdeadbeef && u.mtu == rows[i].mtu);
		CHECK(u.is_hard == rows[i].is_hard);
		CHECK(!host_unreachable_take(r.h, &u));
	}
	CHECK_ROW("source quench and redirects");
	icmp_make(&b, "198.51.100.1", 4, 0, 0, quote.p, quote.len);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	icmp_make(&b, "198.51.100.1", 5, 0, 0, quote.p, quote.len);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("quotes that are cut");
	for (uint32_t len = 0; len < quote.len; len++) {
		icmp_make(&b, "198.51.100.1", 3, 1, 0, quote.p, len);
		CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	}
	CHECK_ROW("quotes of what we have not sent");
	quote.p[IP4_SRC + 3] = 2;
	icmp_make(&b, "198.51.100.1", 3, 1, 0, quote.p, quote.len);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	quote_make(&quote);
	quote.p[IP4_PROTO] = 17;
	icmp_make(&b, "198.51.100.1", 3, 1, 0, quote.p, quote.len);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	quote_make(&quote);
	quote.p[0] = 0x4f;
	icmp_make(&b, "198.51.100.1", 3, 1, 0, quote.p, quote.len);
	CHECK(rig_drops(&r, &b, HOST_DROP_ICMP));
	CHECK_ROW("more errors than are kept");
	quote_make(&quote);
	icmp_make(&b, "198.51.100.1", 3, 1, 0, quote.p, quote.len);
	for (unsigned i = 0; i < HOST_UNREACH_MAX; i++)
		rig_put(&r, &b);
	CHECK(rig_drops(&r, &b, HOST_DROP_RATE));
	for (unsigned i = 0; i < HOST_UNREACH_MAX; i++)
		CHECK(host_unreachable_take(r.h, &u));
	CHECK(!host_unreachable_take(r.h, &u) && !rig_take(&r));
	rig_close(&r);
}

int
main(void)
{
	test_echo();
	test_errors();
	return check_end();
}
