/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_bench: one end of a link, as fast as the port goes: bench/port_memif
 * runs two of them and compares with DPDK's own testpmd.
 *
 *	port_bench send|receive EAL-ARGS BYTES SECONDS
 *
 * Prints "frames N seconds S dropped N cycles C": those that were sent, or
 * received since the first one; C: of each frame, of this process's core.
 */
#include "dataplane/port_dpdk.h"
#include "engine/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

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
	uint64_t us;

	if (argc != 5)
		return EX_USAGE;
	cfg.args = argv[2];
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
	if (strcmp(argv[1], "send") == 0)
		send_all(port_queue(port, 0),
			 (uint32_t)strtoul(argv[3], NULL, 10), us, &r);
	else
		receive_all(port_queue(port, 0), us, &r);
	port_stats_get(port, 0, &stats);
	printf("frames %lu seconds %.3f dropped %lu cycles %.1f\n",
	       (unsigned long)r.frames_n, (double)r.us / US_PER_SEC,
	       (unsigned long)stats.tx_dropped_n,
	       r.frames_n ? (double)r.cycles / (double)r.frames_n : 0);
	port_close(&port);
	port_dpdk_stop(&d);
	diag_fini(&diag);
	return 0;
}
