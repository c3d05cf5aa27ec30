/* SPDX-License-Identifier: BSD-2-Clause */
/* Sending into a device that is full: order is kept, what is lost is counted.
 */
#include "tests/unit/dpdk_rig.h"

#include <stdlib.h>

#define ARGS "--no-huge --in-memory --no-pci --vdev=net_ring0"

static void
numbered_send(struct port_queue *q, uint32_t first, unsigned n)
{
	struct frame f[3 * PORT_BURST_MAX];

	must(n <= ARRAY_N(f));
	for (unsigned i = 0; i < n; i++) {
		CHECK(port_tx_get(q, &f[i]));
		memset(f[i].data, 0, 60);
		wire_put32(f[i].data + 14, first + i);
		f[i].len = 60;
	}
	port_tx(q, f, n);
}

/* Takes all there is: in order from *next on. Gives how many. */
static unsigned
numbered_take(struct port_queue *q, uint32_t *next)
{
	struct frame f[PORT_BURST_MAX];
	unsigned n, all = 0;

	while ((n = port_rx(q, f, PORT_BURST_MAX)) != 0) {
		for (unsigned i = 0; i < n; i++) {
			CHECK(wire_get32(f[i].data + 14) == *next);
			*next = wire_get32(f[i].data + 14) + 1;
		}
		port_free(q, f, n);
		all += n;
	}
	return all;
}

static void
test_full(struct port *port)
{
	struct port_queue *q = port_queue(port, 0);
	struct port_stats stats, before;
	uint32_t next = 0, sent = 0;

	port_stats_get(port, 0, &before);
	CHECK_ROW("more than a burst at once");
	numbered_send(q, sent, 150);
	sent += 150;
	CHECK(numbered_take(q, &next) == 150);

	CHECK_ROW("the ring is full: some wait, and leave in order");
	for (; sent < 150 + 1050; sent += 50)
		numbered_send(q, sent, 50);
	port_stats_get(port, 0, &stats);
	CHECK(stats.tx_dropped_n == 0);
	CHECK(stats.tx_n == sent);
	CHECK(numbered_take(q, &next) > 1000 && next < sent);
	port_tx_flush(q);
	numbered_send(q, sent, 10);
	sent += 10;
	numbered_take(q, &next);
	port_tx_flush(q);
	numbered_take(q, &next);
	CHECK(next == sent);

	CHECK_ROW("no room to wait either: the last ones are dropped");
	for (unsigned i = 0; i < 30; i++)
		numbered_send(q, sent + i * 50, 50);
	numbered_take(q, &next);
	port_tx_flush(q);
	numbered_take(q, &next);
	port_stats_get(port, 0, &stats);
	CHECK(stats.tx_dropped_n > 0);
	CHECK(next == sent + 1500 - stats.tx_dropped_n);

	CHECK_ROW("and every buffer is back");
	CHECK(stats.bufs_free_n == before.bufs_free_n);
}

static void
test_all_taken(struct port *port)
{
	struct port_queue *q = port_queue(port, 0);
	struct frame *f = must_alloc(8192 * sizeof(*f));
	unsigned n = 0;

	CHECK_ROW("no buffer left");
	while (n < 8192 && port_tx_get(q, &f[n]))
		n++;
	CHECK(n > 4096 && n < 8192);
	port_free(q, f, n);
	CHECK(port_tx_get(q, f));
	port_free(q, f, 1);
	free(f);
}

int
main(void)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, 1);
	struct port_dpdk *d = rig_start(&cfg);
	struct port *port = rig_open(d, &cfg);

	test_full(port);
	test_all_taken(port);
	port_close(&port);
	port_dpdk_stop(&d);
	return check_end();
}
