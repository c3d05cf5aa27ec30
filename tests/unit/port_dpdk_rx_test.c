/* SPDX-License-Identifier: BSD-2-Clause */
/* Spreading by software: each flow comes to its queue, and nothing is lost. */
#include "tests/unit/dpdk_rig.h"

#define ARGS	 "--no-huge --in-memory --no-pci --vdev=net_ring0"
#define QUEUES_N 3u
#define FLOWS_N	 64u

/* Every flow's segment is at the queue that port_queue_of() names. */
static void
test_spread(struct port *port)
{
	struct ip src = ip_of("2001:db8::1"), dst = ip_of("2001:db8::2");
	unsigned seen[QUEUES_N] = { 0 }, all = 0;
	struct bytes b;

	CHECK_ROW("spread");
	for (unsigned i = 0; i < FLOWS_N; i++) {
		rig_segment(&b, true, 1025 + i);
		rig_send(port_queue(port, i % QUEUES_N), &b);
	}
	for (unsigned i = 0; i < QUEUES_N; i++) {
		struct port_queue *q = port_queue(port, i);
		struct frame f[PORT_BURST_MAX];
		unsigned n;

		/* None for queue 0 may be among the 7 that are looked at. */
		for (unsigned turn = 0; turn < FLOWS_N; turn++) {
			n = port_rx(q, f, 7);
			for (unsigned k = 0; k < n; k++)
				CHECK(port_queue_of(port, &src,
						    wire_get16(f[k].data +
							       ETH_BYTES +
							       IP6_BYTES),
						    &dst, 25) == i);
			port_free(q, f, n);
			seen[i] += n;
			all += n;
		}
	}
	CHECK(seen[0] && seen[1] && seen[2] && all == FLOWS_N);
}

/* A ring that nobody empties loses frames, counted, and nothing else. */
static void
test_overflow(struct port *port)
{
	struct port_stats stats;
	struct bytes b;
	uint64_t missed = 0, sent = 0;
	struct frame f[PORT_BURST_MAX];
	unsigned n;

	CHECK_ROW("overflow");
	for (unsigned i = 0; i < 4000; i++) {
		rig_segment(&b, true, 1025 + i % 200);
		rig_send(port_queue(port, 0), &b);
		sent++;
		n = port_rx(port_queue(port, 0), f, PORT_BURST_MAX);
		port_free(port_queue(port, 0), f, n);
		sent -= n;
	}
	for (unsigned i = 1; i < QUEUES_N; i++)
		while ((n = port_rx(port_queue(port, i), f, 64)) != 0) {
			port_free(port_queue(port, i), f, n);
			sent -= n;
		}
	port_stats_get(port, 0, &stats);
	missed = stats.rx_missed_n;
	CHECK(missed > 0 && missed == sent);
}

static void
test_other_frames(struct port *port)
{
	static const uint8_t arp[60] = { [12] = 0x08, [13] = 0x06 };
	struct bytes b = { .len = 0 };
	struct frame f;

	CHECK_ROW("what is no segment stays with queue 0");
	bytes_add(&b, arp, sizeof(arp));
	rig_send(port_queue(port, 2), &b);
	CHECK(port_rx(port_queue(port, 0), &f, 1) == 1 && f.len == 60);
	port_free(port_queue(port, 0), &f, 1);
}

int
main(void)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, QUEUES_N);
	struct port_dpdk *d;
	struct port *port;

	d = rig_start(&cfg);
	port = rig_open(d, &cfg);
	CHECK(!(port_caps(port) & PORT_CAP_RSS) && port_queues_n(port) == 3);
	test_spread(port);
	test_other_frames(port);
	test_overflow(port);
	port_close(&port);
	port_dpdk_stop(&d);
	return check_end();
}
