/* SPDX-License-Identifier: BSD-2-Clause */
/* A port over DPDK's ring device: what is sent comes back, and is accounted. */
#include "tests/unit/dpdk_rig.h"

#define ARGS "--no-huge --in-memory --no-pci --vdev=net_ring0 --vdev=net_null0"

static void
test_loop(struct port_dpdk *d)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, 1);
	struct port_stats stats, before;
	struct bytes b;
	struct port_queue *q;
	struct port *port;
	struct frame f[4];
	uint8_t mac[6];

	CHECK_ROW("opened");
	cfg.device = "net_ring0";
	port = rig_open(d, &cfg);
	port_mac(port, mac);
	CHECK(port_queues_n(port) == 1 && port_mtu(port) == 1500);
	CHECK(port_is_up(port) && port_caps(port) & PORT_CAP_RX_SLEEP);
	CHECK(!(mac[0] & 1));
	port_stats_get(port, 0, &before);
	CHECK(before.rx_n == 0 && before.bufs_free_n > 4096);

	CHECK_ROW("there and back");
	q = port_queue(port, 0);
	CHECK(port_rx(q, f, 4) == 0);
	for (unsigned i = 0; i < 3; i++) {
		rig_segment(&b, i == 1, 1025 + i);
		rig_send(q, &b);
	}
	CHECK(port_rx(q, f, 2) == 2 && port_rx(q, f + 2, 2) == 1);
	for (unsigned i = 0; i < 3; i++) {
		rig_segment(&b, i == 1, 1025 + i);
		CHECK(f[i].len == b.len && f[i].flags == 0);
		CHECK(memcmp(f[i].data, b.p, b.len) == 0);
	}
	port_free(q, f, 3);

	CHECK_ROW("taken, and not sent after all");
	CHECK(port_tx_get(q, f) && f[0].room >= 1518 && f[0].len == 0);
	port_free(q, f, 1);

	CHECK_ROW("accounts");
	port_stats_get(port, 0, &stats);
	CHECK(stats.rx_n == 3 && stats.tx_n == 3 && stats.bursts_n == 2);
	CHECK(stats.rx_bytes == stats.tx_bytes && stats.rx_bytes > 3 * 58);
	CHECK(stats.tx_dropped_n == 0 && stats.rx_missed_n == 0);
	CHECK(stats.bufs_free_n == before.bufs_free_n);
	port_close(&port);
	CHECK(port == NULL);
}

static void
test_refused(struct port_dpdk *d)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, 1);

	CHECK_ROW("two devices");
	rig_refused(d, &cfg, "DPDK has 2 devices (net_ring0, net_null0)");
	CHECK_ROW("a name that no device has");
	cfg.device = "net_tap7";
	rig_refused(d, &cfg, "DPDK has no device of the name net_tap7");
	CHECK_ROW("more buffers than memory");
	cfg.device = "net_null0";
	cfg.bufs_n = 3000000;
	rig_refused(d, &cfg, "give DPDK more memory");
}

int
main(void)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, 1);
	struct port_dpdk *d = rig_start(&cfg);

	test_refused(d);
	test_loop(d);
	port_dpdk_stop(&d);
	return check_end();
}
