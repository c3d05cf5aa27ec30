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

int
main(void)
{
	test_hash();
	return check_end();
}
