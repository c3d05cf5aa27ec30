/* SPDX-License-Identifier: BSD-2-Clause */
/* A host as a whole: what it refuses to start with, two that talk, queues. */
#include "dataplane/host_int.h"
#include "tests/unit/host_rig.h"

static void
test_refused(void)
{
	struct rig r;
	struct host_cfg cfg = { 0 };

	CHECK_ROW("no address");
	rig_init(&r);
	rig_start(&r);
	CHECK(!host_open(&cfg, port_mem_port(r.m, 0), 0, &r.diag));
	CHECK(r.diag.errors_n == 1 &&
	      strstr(r.diag.last->text, "penstock_ipv4"));
	rig_close(&r);
	CHECK_ROW("too small a link for IPv6");
	rig_init(&r);
	rig_start(&r);
	host_close(&r.h);
	port_mem_close(&r.m);
	r.wire_cfg.mtu = 1279;
	r.m = port_mem_open(&r.wire_cfg);
	CHECK(!host_open(&r.cfg, port_mem_port(r.m, 0), 0, &r.diag));
	CHECK(r.diag.errors_n == 1 && strstr(r.diag.last->text, "1280"));
	CHECK_ROW("but not for IPv4");
	r.cfg.addrs_n = 1;
	r.h = host_open(&r.cfg, port_mem_port(r.m, 0), 0, &r.diag);
	CHECK(r.h != NULL);
	rig_close(&r);
}

static void
test_addrs(void)
{
	struct rig r;
	struct ip ip;
	enum host_addr_state state;
	unsigned n = 0;

	CHECK_ROW("addresses");
	rig_init(&r);
	rig_open(&r);
	while (host_addr_get(r.h, n, &ip, &state)) {
		CHECK(state == HOST_ADDR_VALID && host_has_addr(r.h, &ip));
		n++;
	}
	CHECK(n >= 2 && host_caps(r.h) == 0);
	rig_close(&r);
}

/* Two hosts on one wire: ARP, ND and the segments by themselves. */
static void
test_two(const char *a_text, const char *b_text)
{
	struct host_cfg cfg[2] = { { .is_dad_skipped = true },
				   { .is_dad_skipped = true } };
	struct ip ips[2] = { ip_of(a_text), ip_of(b_text) };
	struct port_mem *m = port_mem_open(&port_mem_cfg_default);
	struct host *hosts[2];
	struct host_path path = { 0 };
	struct diag diag;
	unsigned segs_n = 0;

	CHECK_ROW(a_text);
	diag_init(&diag);
	for (unsigned i = 0; i < 2; i++) {
		cfg[i].ends[0] = ips[i];
		cfg[i].addrs[0] = (struct ip_net) { ips[i], 120 };
		cfg[i].addrs[0].addr.b[15] = 0;
		cfg[i].addrs_n = 1;
		hosts[i] = host_open(&cfg[i], port_mem_port(m, i), 0, &diag);
		CHECK(hosts[i] != NULL);
	}
	for (uint64_t now_us = 1; now_us < 10; now_us++) {
		struct frame f;
		uint32_t room;
		uint8_t *tcp =
			host_tx_begin(hosts[0], !ip_is_v4(&ips[0]), &f, &room);

		memset(tcp, 0, 20);
		tcp[12] = 0x50;
		host_tx_end(hosts[0], &f, &ips[0], &ips[1], &path, 20, 1000,
			    false, now_us);
		for (unsigned i = 0; i < 2; i++) {
			struct port_queue *q =
				port_queue(port_mem_port(m, i), 0);
			struct frame frames[PORT_BURST_MAX];
			struct host_seg segs[PORT_BURST_MAX];
			unsigned n;

			host_tx_flush(hosts[0]);
			host_tx_flush(hosts[1]);
			port_mem_advance(m, now_us);
			n = port_rx(q, frames, PORT_BURST_MAX);
			segs_n += host_input(hosts[i], frames, n, segs, now_us);
			port_free(q, frames, n);
			host_step(hosts[i], now_us);
		}
	}
	CHECK(segs_n >= 7);
	host_close(&hosts[0]);
	host_close(&hosts[1]);
	CHECK(port_mem_bufs_out(m, 0) == 0 && port_mem_bufs_out(m, 1) == 0);
	port_mem_close(&m);
	diag_fini(&diag);
}

static void
test_flows(void)
{
	struct ip peer = ip_of("192.0.2.9"), us = ip_of("192.0.2.1");
	struct rig r;
	unsigned n = 0;

	CHECK_ROW("flows of this queue");
	rig_init(&r);
	r.wire_cfg.queues_n[0] = 2;
	rig_open(&r);
	for (unsigned port = 1; port <= 100; port++) {
		bool is_own =
			host_is_own_flow(r.h, &peer, 25, &us, (uint16_t)port);

		CHECK(is_own == (port_queue_of(port_mem_port(r.m, 0), &peer, 25,
					       &us, (uint16_t)port) == 0));
		n += is_own;
	}
	CHECK(n > 20 && n < 80);
	rig_close(&r);
}

int
main(void)
{
	test_refused();
	test_addrs();
	test_two("192.0.2.1", "192.0.2.2");
	test_two("2001:db8::1", "2001:db8::2");
	test_flows();
	return check_end();
}
