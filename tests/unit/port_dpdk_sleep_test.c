/* SPDX-License-Identifier: BSD-2-Clause */
/* A sleep ends with a frame, a wake-up or its time; none of them is lost. */
#include "engine/base/clock.h"
#include "tests/unit/dpdk_rig.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ARGS	"--no-huge --in-memory --no-pci --vdev=net_ring0"
#define LONG_US (100 * US_PER_SEC) /* ctest ends us before */

struct sender {
	struct port *port;
	unsigned queue_idx;
	int fd;
};

static void *
send_one(void *arg)
{
	const struct sender *s = arg;
	struct bytes b;

	rig_segment(&b, false, 1025);
	rig_send(port_queue(s->port, s->queue_idx), &b);
	return NULL;
}

static void *
wake_one(void *arg)
{
	const struct sender *s = arg;

	must(eventfd_write(s->fd, 1) == 0);
	return NULL;
}

static void
test_sleep(struct port *port, int fd)
{
	struct port_queue *q = port_queue(port, 0);
	struct sender s = { .port = port, .queue_idx = 1, .fd = fd };
	struct port_stats stats;
	struct frame f[4];
	eventfd_t value;
	uint64_t from_us;
	pthread_t thread;
	bool is_first;
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");

	CHECK_ROW("no time");
	port_queue_sleep(q, fd, 0);
	CHECK_ROW("time passes");
	from_us = clock_now_us();
	port_queue_sleep(q, fd, 3000);
	CHECK(clock_now_us() - from_us >= 3000);
	port_queue_sleep(q, -1, 1);

	CHECK_ROW("woken by another thread");
	must(pthread_create(&thread, NULL, wake_one, &s) == 0);
	port_queue_sleep(q, fd, LONG_US);
	pthread_join(thread, NULL);
	CHECK(eventfd_read(fd, &value) == 0 && value == 1);

	CHECK_ROW("woken by a frame");
	is_first = port_queue_of(port, &src, 1025, &dst, 25) == 0;
	must(pthread_create(&thread, NULL, send_one, &s) == 0);
	if (is_first)
		port_queue_sleep(q, fd, LONG_US);
	pthread_join(thread, NULL);
	if (is_first) {
		port_stats_get(port, 0, &stats);
		CHECK(stats.rx_n == 0);
		CHECK(port_rx(q, f, 4) == 1 && f[0].len == 58);
		port_free(q, f, 1);
		port_stats_get(port, 0, &stats);
		CHECK(stats.rx_n == 1);
	} else {
		CHECK(port_rx(q, f, 4) == 0);
		port_queue_sleep(port_queue(port, 1), fd, LONG_US);
		CHECK(port_rx(port_queue(port, 1), f, 4) == 1);
		port_free(q, f, 1);
	}
}

/* A sleeper that sees more than it may give keeps the rest, in order. */
static void
test_many(struct port *port, int fd)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("192.0.2.2");
	struct port_queue *q = port_queue(port, 0);
	unsigned port_no = 2000, n = 0;
	struct frame f[8];
	struct bytes b;

	CHECK_ROW("several frames while it slept");
	while (port_queue_of(port, &src, (uint16_t)port_no, &dst, 25) != 0)
		port_no++;
	for (unsigned i = 0; i < 20; i++) {
		rig_segment(&b, false, port_no);
		b.p[0] = (uint8_t)(2 + 4 * i);
		rig_send(q, &b);
	}
	port_queue_sleep(q, fd, LONG_US);
	port_queue_sleep(q, fd, LONG_US);
	for (unsigned k = 0; k < 4; k++) {
		unsigned got = port_rx(q, f, 8);

		for (unsigned i = 0; i < got; i++, n++)
			CHECK(f[i].data[0] == 2 + 4 * n);
		port_free(q, f, got);
	}
	CHECK(n == 20);
	CHECK_ROW("closed while frames wait");
	rig_send(q, &b);
	port_queue_sleep(q, fd, LONG_US);
}

int
main(void)
{
	struct port_dpdk_cfg cfg = rig_cfg(ARGS, 2);
	struct port_dpdk *d = rig_start(&cfg);
	struct port *port = rig_open(d, &cfg);
	int fd = eventfd(0, EFD_CLOEXEC);

	test_sleep(port, fd);
	test_many(port, fd);
	port_close(&port);
	port_dpdk_stop(&d);
	close(fd);
	return check_end();
}
