/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of our addresses. */
#include "dataplane/host_int.h"
#include "tests/unit/host_rig.h"

static void
test_table(void)
{
	struct ip ip = ip_of("192.0.2.1"), extra = ip_of("198.18.0.1");
	struct ip_net net = { ip_of("198.18.0.0"), 112 };
	struct host_addr *a;
	struct rig r;
	uint32_t generation;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("found");
	CHECK(host_addr_find(r.h, &ip) != NULL && host_has_addr(r.h, &ip));
	CHECK(host_addr_find(r.h, &extra) == NULL);
	CHECK(!host_has_addr(r.h, &extra));
	CHECK_ROW("added and removed");
	generation = r.h->generation;
	a = host_addr_add(r.h, &extra, &net);
	CHECK(a != NULL && host_has_addr(r.h, &extra));
	CHECK(r.h->generation != generation);
	rig_later(&r, 1);
	CHECK(rig_drain(&r) == 1);
	host_addr_remove(r.h, host_addr_find(r.h, &ip));
	CHECK(!host_has_addr(r.h, &ip) && host_has_addr(r.h, &extra));
	CHECK_ROW("tentative and duplicate ones are not used");
	a = host_addr_find(r.h, &extra);
	a->state = HOST_ADDR_TENTATIVE;
	host_addr_changed(r.h);
	CHECK(!host_has_addr(r.h, &extra) && host_addr_find(r.h, &extra) == a);
	CHECK_ROW("full");
	for (unsigned i = r.h->net.addrs_n; i < HOST_ADDRS_ALL_MAX; i++) {
		extra = ip_of("2001:db8::100");
		extra.b[15] = (uint8_t)i;
		CHECK(host_addr_add(r.h, &extra, &net) != NULL);
	}
	extra.b[15] = 0xff;
	CHECK(host_addr_add(r.h, &extra, &net) == NULL);
	rig_close(&r);
}

/* A cable that was out: who is at its other end now has to hear of us. */
static void
test_link(void)
{
	struct ip extra = ip_of("2001:db8::77");
	struct ip_net net = { ip_of("2001:db8::"), 64 };
	unsigned announced_n = 0, arp_n = 0;
	struct rig r;

	CHECK_ROW("announced again when the link comes up");
	rig_init(&r);
	rig_open(&r);
	rig_later(&r, 10000000);
	rig_drain(&r);
	port_mem_link_set(r.m, false);
	rig_later(&r, 200000);
	rig_later(&r, 200000);
	CHECK(!rig_take(&r));
	port_mem_link_set(r.m, true);
	for (int i = 0; i < 30; i++) {
		rig_later(&r, 100000);
		for (; rig_take(&r); announced_n++)
			arp_n += r.out.p[12] == 0x08 && r.out.p[13] == 0x06;
	}
	CHECK(arp_n == HOST_ANNOUNCE_N);
	CHECK(announced_n > arp_n);
	CHECK_ROW("no probe while nobody could hear it");
	r.h->is_dad_skipped = false;
	port_mem_link_set(r.m, false);
	rig_later(&r, 200000);
	CHECK(host_addr_add(r.h, &extra, &net) != NULL);
	for (int i = 0; i < 50; i++)
		rig_later(&r, 100000);
	CHECK(!host_has_addr(r.h, &extra) && !rig_take(&r));
	port_mem_link_set(r.m, true);
	for (int i = 0; i < 50; i++)
		rig_later(&r, 100000);
	CHECK(host_has_addr(r.h, &extra) && rig_take(&r));
	rig_close(&r);
}

int
main(void)
{
	test_table();
	test_link();
	return check_end();
}
