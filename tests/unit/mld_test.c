/* SPDX-License-Identifier: BSD-2-Clause */
/* MLDv2: reports at the start and when asked. */
#include "dataplane/mld.h"
#include "tests/unit/host_rig.h"

static const uint8_t mac_all_nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };

/* Groups of 2001:db8::1 and of the link-local address are different ones. */
static bool
is_report(const struct rig *r, const char *from, unsigned mode)
{
	const uint8_t *p = r->out.p + ETH_BYTES + IP6_BYTES;
	struct ip group = ip_of("ff02::1:ff00:1");

	return rig_is_icmp6(r, 143) && rig_goes(r, from, "ff02::16") &&
	       r->out.p[ETH_BYTES + IP6_HOPS] == 1 &&
	       memcmp(p, "\x3a\0\5\2\0\0\1\0", 8) == 0 &&
	       wire_get16(p + 8 + 6) == 2 && p[16] == mode &&
	       memcmp(p + 20, group.b, 16) == 0 && p[36] == mode;
}

int
main(void)
{
	static const uint8_t query[28] = { 130, 0, 0, 0, 0, 100 };
	struct rig r;
	struct bytes b;
	unsigned n = 0;

	CHECK_ROW("at the start, before and after the probes");
	rig_init(&r);
	r.cfg.is_dad_skipped = false;
	rig_start(&r);
	host_step(r.h, r.now_us);
	for (unsigned i = 0; i < 100; i++) {
		rig_later(&r, 100000);
		while (rig_take_icmp6(&r, 143)) {
			CHECK(is_report(&r, "::", 4) ||
			      is_report(&r, "fe80::ff:fe00:1", 4));
			n++;
		}
	}
	CHECK(n >= 4);
	CHECK_ROW("asked");
	rig_icmp6(&b, mac_all_nodes, "fe80::9", "ff02::1", 1, query, 28);
	CHECK(!rig_put(&r, &b) && rig_take(&r));
	CHECK(is_report(&r, "fe80::ff:fe00:1", 2));
	CHECK(memcmp(r.out.p, "\x33\x33\0\0\0\x16", 6) == 0 && !rig_take(&r));
	CHECK_ROW("from beyond the link");
	rig_icmp6(&b, mac_all_nodes, "fe80::9", "ff02::1", 2, query, 28);
	CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	rig_icmp6(&b, mac_all_nodes, "2001:db8::9", "ff02::1", 1, query, 28);
	CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	CHECK_ROW("cut");
	rig_icmp6(&b, mac_all_nodes, "fe80::9", "ff02::1", 1, query, 23);
	CHECK(rig_drops(&r, &b, HOST_DROP_ND));
	CHECK_ROW("over the rate");
	rig_icmp6(&b, mac_all_nodes, "fe80::9", "ff02::1", 1, query, 28);
	for (unsigned i = 0; i < 300; i++)
		rig_put(&r, &b);
	CHECK(rig_drops(&r, &b, HOST_DROP_RATE) && rig_drain(&r) <= 101);
	rig_close(&r);
	return check_end();
}
