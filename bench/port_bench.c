/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_bench: one end of a link, as fast as the port goes: bench/port_memif
 * runs two of them and compares with DPDK's own testpmd.
 *
 *	port_bench send|receive EAL-ARGS BYTES SECONDS
 *	port_bench wake EAL-ARGS COUNT 0
 *
 * wake: how long a worker that sleeps takes to have a frame that another one
 * sends, over a device that loops (net_ring0), COUNT times at odd moments:
 * prints "us" and the percentiles 50, 90, 99, 100.
 *
 * Prints "frames N seconds S dropped N cycles C": those that were sent, or
 * received since the first one; C: of each frame, of this process's core.
 */
#include "dataplane/port_dpdk.h"
#include "engine/base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { LINK_WAIT_US = 20000000, CLOCK_TURNS = 64 };

struct result {
	uint64_t frames_n, us, cycles, dropped_n;
};

/* True while until_us is not reached; reads the clock now and then only. */
static bool
is_time_left(uint64_t until_us, unsigned *turn)
{
	return ++*turn % CLOCK_TURNS != 0 || clock_now_us() < until_us;
}

static bool
link_wait(const struct port *port)
{
	uint64_t until_us = clock_now_us() + LINK_WAIT_US;

	while (!port_is_up(port))
		if (clock_now_us() > until_us)
			return false;
	return true;
}

static void
send_all(struct port_queue *q, uint32_t bytes, uint64_t us, struct result *out)
{
	uint64_t from_us = clock_now_us(), from = __builtin_ia32_rdtsc();
	uint8_t head[64] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	unsigned turn = 0;

	while (is_time_left(from_us + us, &turn)) {
		struct frame f[PORT_BURST_MAX];
		unsigned n = 0;

		while (n < PORT_BURST_MAX && port_tx_get(q, &f[n])) {
			memcpy(f[n].data, head, sizeof(head));
			f[n++].len = bytes;
		}
		port_tx(q, f, n);
		port_tx_flush(q);
		out->frames_n += n;
	}
	out->us = clock_now_us() - from_us;
	out->cycles = __builtin_ia32_rdtsc() - from;
}

static void
receive_all(struct port_queue *q, uint64_t us, struct result *out)
{
	uint64_t from_us = clock_now_us(), from = 0;
	uint64_t until_us = from_us + LINK_WAIT_US;
	unsigned turn = 0;

	while (is_time_left(until_us, &turn)) {
		struct frame f[PORT_BURST_MAX];
		unsigned n = port_rx(q, f, PORT_BURST_MAX);

		if (n == 0)
			continue;
		if (out->frames_n == 0) {
			from_us = clock_now_us();
			until_us = from_us + us;
			from = __builtin_ia32_rdtsc();
		}
		for (unsigned i = 0; i < n; i++)
			out->frames_n += f[i].data[12] == 0x88;
		port_free(q, f, n);
	}
	out->us = clock_now_us() - from_us;
	out->cycles = __builtin_ia32_rdtsc() - from;
}

struct waker {
	struct port *port;
	uint64_t count;
};

/* Sends the time of sending, at moments that follow no nap's. */
static void *
wake_send(void *arg)
{
	const struct waker *w = arg;
	struct port_queue *q = port_queue(w->port, 1);

	for (uint64_t i = 0; i < w->count; i++) {
		struct timespec pause = { 0, 2000000 + (long)(i * 7919 % 1000) *
							       1000 };
		struct frame f;
		uint64_t now_us;

		nanosleep(&pause, NULL);
		if (!port_tx_get(q, &f))
			continue;
		memset(f.data, 0, 64);
		now_us = clock_now_us();
		memcpy(f.data + 14, &now_us, sizeof(now_us));
		f.len = 64;
		port_tx(q, &f, 1);
		port_tx_flush(q);
	}
	return NULL;
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
wake_all(struct port *port, uint64_t count)
{
	struct waker w = { port, count };
	uint64_t *us = must_alloc((count + 1) * sizeof(*us)), n = 0;
	struct port_queue *q = port_queue(port, 0);
	pthread_t thread;

	must(pthread_create(&thread, NULL, wake_send, &w) == 0);
	while (n < count) {
		struct frame f;
		uint64_t sent_us;

		port_queue_sleep(q, -1, US_PER_SEC);
		if (port_rx(q, &f, 1) == 0)
			continue;
		memcpy(&sent_us, f.data + 14, sizeof(sent_us));
		us[n++] = clock_now_us() - sent_us;
		port_free(q, &f, 1);
	}
	pthread_join(thread, NULL);
	qsort(us, n, sizeof(*us), by_size);
	printf("us %lu %lu %lu %lu\n", (unsigned long)us[n / 2],
	       (unsigned long)us[n * 9 / 10], (unsigned long)us[n * 99 / 100],
	       (unsigned long)us[n - 1]);
	free(us);
}

static int
failed(struct diag *diag)
{
	diag_print(diag, DIAG_ERROR);
	return diag->exit_code ? diag->exit_code : EX_SOFTWARE;
}

int
main(int argc, char **argv)
{
	struct port_dpdk_cfg cfg = { .queues_n = 1, .is_polled = true };
	struct result r = { 0 };
	struct port_stats stats;
	struct port_dpdk *d;
	struct port *port;
	struct diag diag;
	uint32_t bytes;
	uint64_t us;

	if (argc != 5)
		return EX_USAGE;
	cfg.args = argv[2];
	if (strcmp(argv[1], "wake") == 0)
		cfg.queues_n = 2;
	bytes = (uint32_t)strtoul(argv[3], NULL, 10);
	if (cfg.queues_n == 1 && bytes > 1514)
		cfg.mtu = bytes - 14;
	us = strtoull(argv[4], NULL, 10) * US_PER_SEC;
	diag_init(&diag);
	d = port_dpdk_start(&cfg, &diag);
	if (d == NULL)
		return failed(&diag);
	port = port_dpdk_open(d, &cfg, &diag);
	if (port == NULL)
		return failed(&diag);
	if (!link_wait(port)) {
		fprintf(stderr, "port_bench: the link does not come up\n");
		return EX_UNAVAILABLE;
	}
	if (strcmp(argv[1], "wake") == 0) {
		wake_all(port, bytes);
		goto done;
	}
	if (strcmp(argv[1], "send") == 0)
		send_all(port_queue(port, 0), bytes, us, &r);
	else
		receive_all(port_queue(port, 0), us, &r);
	port_stats_get(port, 0, &stats);
	printf("frames %lu seconds %.3f dropped %lu cycles %.1f\n",
	       (unsigned long)r.frames_n, (double)r.us / US_PER_SEC,
	       (unsigned long)stats.tx_dropped_n,
	       r.frames_n ? (double)r.cycles / (double)r.frames_n : 0);
done:
	port_close(&port);
	port_dpdk_stop(&d);
	diag_fini(&diag);
	return 0;
}
