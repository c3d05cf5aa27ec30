/* SPDX-License-Identifier: BSD-2-Clause */
/* What a frame's flow is, and what has none. */
#include "dataplane/port_dpdk_spread.h"
#include "tests/unit/dpdk_rig.h"

static const struct flow_key key = { { 1, 2 } };

static void
test_hash(void)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");
	struct ip src6 = ip_of("2001:db8::1"), dst6 = ip_of("2001:db8::2");
	uint32_t want = flow_hash(&key, &src, 1025, &dst, 25), got = 0;
	uint32_t want6 = flow_hash(&key, &src6, 1025, &dst6, 25);
	static const uint8_t tag[4] = { 0x81, 0, 0, 7 };
	static const uint8_t options[8] = { IP_PROTO_TCP, 0, 1, 4 };
	struct bytes b;

	CHECK_ROW("IPv4");
	rig_segment(&b, false, 1025);
	CHECK(dpdk_spread_hash(&key, b.p, b.len, &got) && got == want);
	CHECK_ROW("cut");
	for (uint32_t len = 0; len < ETH_BYTES + IP4_BYTES + 4; len++)
		CHECK(!dpdk_spread_hash(&key, b.p, len, &got));
	CHECK_ROW("a header of IPv4 that is too short, or longer than all");
	b.p[ETH_BYTES] = 0x44;
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));
	b.p[ETH_BYTES] = 0x4f;
	CHECK(!dpdk_spread_hash(&key, b.p, ETH_BYTES + 60, &got));
	CHECK_ROW("a fragment");
	rig_segment(&b, false, 1025);
	wire_put16(b.p + ETH_BYTES + IP4_FRAG, IP4_FRAG_MORE);
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));
	CHECK_ROW("UDP");
	rig_segment(&b, false, 1025);
	b.p[ETH_BYTES + IP4_PROTO] = 17;
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));
	CHECK_ROW("tagged");
	rig_segment(&b, false, 1025);
	memmove(b.p + 16, b.p + 12, b.len - 12);
	memcpy(b.p + 12, tag, 4);
	CHECK(dpdk_spread_hash(&key, b.p, b.len + 4, &got) && got == want);
	CHECK_ROW("ARP");
	wire_put16(b.p + 12, ETH_TYPE_ARP);
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));

	CHECK_ROW("IPv6");
	rig_segment(&b, true, 1025);
	CHECK(dpdk_spread_hash(&key, b.p, b.len, &got) && got == want6);
	for (uint32_t len = 0; len < ETH_BYTES + IP6_BYTES + 4; len++)
		CHECK(!dpdk_spread_hash(&key, b.p, len, &got));
	CHECK_ROW("IPv6 with options before TCP");
	memmove(b.p + ETH_BYTES + IP6_BYTES + 8, b.p + ETH_BYTES + IP6_BYTES,
		b.len - ETH_BYTES - IP6_BYTES);
	memcpy(b.p + ETH_BYTES + IP6_BYTES, options, 8);
	b.p[ETH_BYTES + IP6_NEXT] = IP_PROTO_DSTOPTS;
	b.len += 8;
	CHECK(dpdk_spread_hash(&key, b.p, b.len, &got) && got == want6);
	for (uint32_t len = 0; len < ETH_BYTES + IP6_BYTES + 12; len++)
		CHECK(!dpdk_spread_hash(&key, b.p, len, &got));
	CHECK_ROW("options without an end");
	b.p[ETH_BYTES + IP6_BYTES] = IP_PROTO_DSTOPTS;
	b.p[ETH_BYTES + IP6_BYTES + 1] = 255;
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));
	b.p[ETH_BYTES + IP6_BYTES] = IP_PROTO_FRAG;
	CHECK(!dpdk_spread_hash(&key, b.p, b.len, &got));
}

/* Microsoft, "Verifying the RSS hash calculation": key and rows. */
static void
test_rss(void)
{
	static const uint8_t rss_key[RSS_KEY_BYTES] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
		0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
		0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
		0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	static const struct {
		const char *src;
		uint16_t src_port;
		const char *dst;
		uint16_t dst_port;
		uint32_t want;
	} rows[] = {
		{ "66.9.149.187", 2794, "161.142.100.80", 1766, 0x51ccc178 },
		{ "199.92.111.2", 14230, "65.69.140.83", 4739, 0xc626b0ea },
		{ "24.19.198.95", 12898, "12.22.207.184", 38024, 0x5c2b394a },
		{ "38.27.205.30", 48228, "209.142.163.6", 2217, 0xafc7327f },
		{ "153.39.163.191", 44251, "202.188.127.2", 1303, 0x10e828a2 },
		{ "3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766,
		  0x40207d3d },
		{ "3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739,
		  0xdde51bbf },
		{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251,
		  "fe80::200:f8ff:fe21:67cf", 38024, 0x02d1feef },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct ip src = ip_of(rows[i].src), dst = ip_of(rows[i].dst);

		CHECK_ROW(rows[i].src);
		CHECK(dpdk_rss_hash(rss_key, &src, rows[i].src_port, &dst,
				    rows[i].dst_port) == rows[i].want);
	}
}

int
main(void)
{
	test_rss();
	test_hash();
	return check_end();
}
