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

int
main(void)
{
	test_table();
	return check_end();
}
