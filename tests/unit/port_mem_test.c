/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ports of a wire in memory: offloads, queues, hand work, accounts. */
#include "dataplane/port_mem.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };

static void
segment_make(struct bytes *b, unsigned src_port)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");

	frame_tcp(b, mac_b, mac_a, &src, &dst, src_port, 25, 1, 0x18, "data",
		  4);
}

static void
test_by_hand(void)
{
	struct port_mem *m = port_mem_open(&port_mem_cfg_default);
	struct port *port = port_mem_port(m, 1);
	struct port_queue *q = port_queue(port, 0);
	struct port_stats stats;
	struct frame f;
	struct bytes b, got;
	uint8_t mac[6];

	CHECK_ROW("injected");
	port_mac(port, mac);
	CHECK(memcmp(mac, mac_b, 6) == 0 && port_mtu(port) == 1500);
	segment_make(&b, 1025);
	CHECK(port_mem_inject(m, 1, b.p, b.len));
	CHECK(port_rx(q, &f, 1) == 1 && f.len == b.len && f.flags == 0);
	CHECK(memcmp(f.data, b.p, b.len) == 0);
	CHECK(port_mem_bufs_out(m, 0) == 1);
	port_free(q, &f, 1);
	CHECK(port_mem_bufs_out(m, 0) == 0 && port_rx(q, &f, 1) == 0);

	CHECK_ROW("taken, before it has arrived");
	port_mem_way_set(m, 1, &(struct port_mem_way) { .delay_us = 70 });
	CHECK(port_tx_get(q, &f) && f.room >= 1514);
	CHECK(port_mem_bufs_out(m, 1) == 1);
	memcpy(f.data, b.p, b.len);
	f.len = b.len;
	port_tx(q, &f, 1);
	port_tx_flush(q);
	CHECK(port_mem_next_us(m) == 70 && port_mem_waiting_n(m) == 1);
	got.len = port_mem_take(m, 1, got.p, sizeof(got.p));
	CHECK(got.len == b.len && memcmp(got.p, b.p, b.len) == 0);
	CHECK(port_mem_take(m, 1, got.p, sizeof(got.p)) == 0);
	CHECK(port_mem_bufs_out(m, 1) == 0);

	CHECK_ROW("unplugged");
	port_mem_link_set(m, false);
	CHECK(!port_is_up(port) && port_tx_get(q, &f));
	f.len = 60;
	port_tx(q, &f, 1);
	CHECK(port_mem_waiting_n(m) == 0);
	port_mem_link_set(m, true);
	CHECK(port_is_up(port));

	CHECK_ROW("counters");
	port_stats_get(port, 0, &stats);
	CHECK(stats.rx_n == 1 && stats.rx_bytes == b.len && stats.tx_n == 2);
	CHECK(stats.bufs_free_n == port_mem_cfg_default.bufs_n);
	port_close(&port);
	port_mem_close(&m);
}

static void
test_bounds(void)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct port_mem *m;
	struct port_queue *q;
	struct port_stats stats;
	struct frame f[3];
	struct bytes b;

	CHECK_ROW("bounds");
	cfg.bufs_n = 3;
	cfg.ring_n = 2;
	m = port_mem_open(&cfg);
	q = port_queue(port_mem_port(m, 1), 0);
	segment_make(&b, 1025);
	CHECK(port_mem_inject(m, 1, b.p, b.len));
	CHECK(port_mem_inject(m, 1, b.p, b.len));
	CHECK(!port_mem_inject(m, 1, b.p, b.len));
	port_stats_get(port_mem_port(m, 1), 0, &stats);
	CHECK(stats.rx_missed_n == 1);
	CHECK(port_tx_get(q, &f[0]) && port_tx_get(q, &f[1]));
	CHECK(port_tx_get(q, &f[2]) && !port_tx_get(q, &f[0]));
	CHECK(port_rx(q, f, 3) == 2);
	port_free(q, f, 2);
	CHECK(port_mem_bufs_out(m, 0) == 0 && port_mem_bufs_out(m, 1) == 3);
	port_mem_close(&m);
}

static void
test_offloads(void)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct port_mem *m;
	struct port_queue *from, *to;
	struct frame f, got[4];
	struct bytes b;
	char big[3000];

	memset(big, 'x', sizeof(big));
	cfg.buf_bytes = 4096;
	cfg.caps[0] = PORT_CAP_TX_IP_SUM | PORT_CAP_TX_TCP_SUM | PORT_CAP_TSO;
	cfg.caps[1] = PORT_CAP_RX_SUM | PORT_CAP_VLAN_STRIP;
	m = port_mem_open(&cfg);
	from = port_queue(port_mem_port(m, 0), 0);
	to = port_queue(port_mem_port(m, 1), 0);
	CHECK_ROW("sums verified, tag stripped");
	segment_make(&b, 1025);
	memmove(b.p + 16, b.p + 12, b.len - 12);
	wire_put16(b.p + 12, ETH_TYPE_VLAN);
	wire_put16(b.p + 14, 0x6007);
	CHECK(port_mem_inject(m, 1, b.p, b.len + 4));
	CHECK(port_rx(to, got, 4) == 1 && got[0].vlan == 0x6007);
	CHECK(got[0].flags ==
	      (FRAME_IP_SUM_OK | FRAME_L4_SUM_OK | FRAME_HAS_VLAN));
	segment_make(&b, 1025);
	CHECK(got[0].len == b.len && memcmp(got[0].data, b.p, b.len) == 0);
	port_free(to, got, 1);
	CHECK_ROW("TSO");
	CHECK(port_tx_get(from, &f));
	frame_tcp(&b, mac_b, mac_a, &(struct ip) { { [10] = 255, 255, 9 } },
		  &(struct ip) { { [10] = 255, 255, 8 } }, 1, 2, 3, 0x18, big,
		  sizeof(big));
	wire_put16(b.p + 34 + TCP_HDR_SUM,
		   (uint16_t)frame_sum(IP_PROTO_TCP, b.p + 26, 8));
	memcpy(f.data, b.p, b.len);
	f.len = b.len;
	f.flags = FRAME_WANT_TSO;
	f.l2_bytes = 14;
	f.l3_bytes = f.l4_bytes = 20;
	f.tso_bytes = 1460;
	port_tx(from, &f, 1);
	CHECK(port_rx(to, got, 4) == 3);
	CHECK(got[0].len == 1514 && got[1].len == 1514 && got[2].len == 134);
	for (unsigned i = 0; i < 3; i++)
		CHECK(got[i].flags == (FRAME_IP_SUM_OK | FRAME_L4_SUM_OK));
	port_free(to, got, 3);
	CHECK(port_mem_bufs_out(m, 0) == 0);
	port_mem_close(&m);
}

static void
test_queues(void)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");
	struct port_mem *m;
	struct port *port;
	unsigned n[3] = { 0 };

	CHECK_ROW("flows over queues");
	cfg.queues_n[1] = 3;
	cfg.caps[1] = PORT_CAP_RSS;
	m = port_mem_open(&cfg);
	port = port_mem_port(m, 1);
	CHECK(port_queues_n(port) == 3);
	for (unsigned src_port = 1; src_port <= 300; src_port++) {
		unsigned want =
			port_queue_of(port, &src, (uint16_t)src_port, &dst, 25);
		struct frame f;
		struct bytes b;

		segment_make(&b, src_port);
		CHECK(port_mem_inject(m, 1, b.p, b.len));
		n[want]++;
		CHECK(port_rx(port_queue(port, want), &f, 1) == 1);
		CHECK(f.flags == FRAME_HAS_HASH && f.hash % 3 == want);
		port_free(port_queue(port, want), &f, 1);
	}
	CHECK(n[0] > 60 && n[1] > 60 && n[2] > 60);
	port_mem_close(&m);
}

int
main(void)
{
	test_by_hand();
	test_bounds();
	test_offloads();
	test_queues();
	return check_end();
}
