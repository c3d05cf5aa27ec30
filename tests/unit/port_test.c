/* SPDX-License-Identifier: BSD-2-Clause */
/* port.c: each call reaches its implementation; what the port itself knows. */
#include "dataplane/port_impl.h"
#include "tests/unit/check.h"

static struct fake {
	struct port port;
	struct port_queue queues[2], *list[2];
	const char *called;
	struct port_queue *queue;
} fake;

static void
fake_close(struct port *port)
{
	fake.called = "close";
}

static bool
fake_is_up(const struct port *port)
{
	fake.called = "is_up";
	return true;
}

static unsigned
fake_queue_of(const struct port *port, const struct ip *src, uint16_t src_port,
	      const struct ip *dst, uint16_t dst_port)
{
	fake.called = "queue_of";
	return src_port == 40000 && dst_port == 25;
}

static unsigned
fake_rx(struct port_queue *q, struct frame *frames, unsigned frames_n_max)
{
	fake.called = "rx";
	fake.queue = q;
	return frames_n_max;
}

static void
fake_free(struct port_queue *q, struct frame *frames, unsigned frames_n)
{
	fake.called = "free";
	fake.queue = q;
}

static bool
fake_tx_get(struct port_queue *q, struct frame *out)
{
	fake.called = "tx_get";
	fake.queue = q;
	return true;
}

static void
fake_tx(struct port_queue *q, struct frame *frames, unsigned frames_n)
{
	fake.called = "tx";
	fake.queue = q;
}

static void
fake_tx_flush(struct port_queue *q)
{
	fake.called = "tx_flush";
	fake.queue = q;
}

static void
fake_sleep(struct port_queue *q, int wake_fd, uint64_t timeout_us)
{
	fake.called = "sleep";
	fake.queue = q;
}

static void
fake_stats(const struct port *port, unsigned queue_idx, struct port_stats *out)
{
	fake.called = "stats";
	port_counts_get(&port->queues[queue_idx]->count, out);
}

static const struct port_ops fake_ops = {
	fake_close,  fake_is_up, fake_queue_of, fake_rx,    fake_free,
	fake_tx_get, fake_tx,	 fake_tx_flush, fake_sleep, fake_stats,
};

static bool
was(const char *what, const struct port_queue *queue)
{
	bool ok = strcmp(fake.called, what) == 0 && fake.queue == queue;

	fake.called = "";
	fake.queue = NULL;
	return ok;
}

static void
test_calls(struct port *port)
{
	struct ip ip = { { 0 } };
	struct port_queue *q = port_queue(port, 1);
	struct port_stats stats;
	struct frame f[2];

	CHECK_ROW("calls");
	CHECK(port_is_up(port) && was("is_up", NULL));
	CHECK(port_queue_of(port, &ip, 40000, &ip, 25) == 1);
	CHECK(was("queue_of", NULL));
	CHECK(port_rx(q, f, 2) == 2 && was("rx", q));
	port_free(q, f, 2);
	CHECK(was("free", q));
	CHECK(port_tx_get(q, f) && was("tx_get", q));
	port_tx(q, f, 1);
	CHECK(was("tx", q));
	port_tx_flush(q);
	CHECK(was("tx_flush", q));
	port_queue_sleep(q, -1, 1);
	CHECK(was("sleep", q));
	counter_add(&fake.queues[1].count.rx_missed, 3);
	port_stats_get(port, 1, &stats);
	CHECK(was("stats", NULL) && stats.rx_missed_n == 3);
}

int
main(void)
{
	struct port *port = &fake.port, *none = NULL;
	struct ip ip = { { 0 } };
	uint8_t mac[PORT_MAC_BYTES];

	fake.called = "";
	for (unsigned i = 0; i < 2; i++) {
		fake.list[i] = &fake.queues[i];
		fake.queues[i].ops = &fake_ops;
	}
	fake.port = (struct port) { &fake_ops, fake.list,
				    2,	       PORT_CAP_TSO,
				    9000,      { 2, 0, 0, 0, 0, 7 } };
	CHECK_ROW("what a port is");
	CHECK(port_queues_n(port) == 2 && port_caps(port) == PORT_CAP_TSO);
	CHECK(port_mtu(port) == 9000);
	port_mac(port, mac);
	CHECK(mac[0] == 2 && mac[5] == 7);
	test_calls(port);
	CHECK_ROW("one queue needs no hash");
	fake.port.queues_n = 1;
	CHECK(port_queue_of(port, &ip, 40000, &ip, 25) == 0 && was("", NULL));
	CHECK_ROW("close");
	port_close(&none);
	CHECK(was("", NULL));
	port_close(&port);
	CHECK(port == NULL && was("close", NULL));
	return check_end();
}
