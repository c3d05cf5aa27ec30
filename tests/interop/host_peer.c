/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_peer: a host on one of DPDK's devices, for tests to talk to: answers
 * ARP, neighbour discovery and pings until its stdin ends, then prints its
 * counters, a "name value" on each line.
 *
 *	host_peer EAL-ARGS MTU VLAN WHOM [ADDRESS/BITS...]
 *
 * WHOM: an address whose closed port 9 gets one SYN, and with TSO a segment
 * that the device has to cut, until RSTs for all of it have come ("rst N"); or
 * "-". One queue. Where PENSTOCK_CAPTURE names a file, all frames go into it.
 */
#include "dataplane/capture.h"
#include "dataplane/host.h"
#include "dataplane/port_dpdk.h"
#include "dataplane/wire.h"
#include "engine/base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { SYN_US = 50000, TSO_MSS = 1000, TSO_PARTS = 8, IDLE_TURNS = 100 };

struct peer {
	struct host *host;
	struct port *port;
	struct port_queue *q;
	struct ip whom;
	bool has_whom;
	struct host_path path;
	uint64_t syn_us;
	unsigned rst_n, rst_wanted;
};

static bool
addr_parse(const char *text, struct host_cfg *cfg)
{
	struct span s = span_of(text);
	size_t slash = span_find(s, '/');
	uint64_t bits;
	struct ip *end = &cfg->ends[cfg->addrs_n];
	struct ip_net *net = &cfg->addrs[cfg->addrs_n];

	if (slash == s.len || cfg->addrs_n == HOST_ADDRS_MAX ||
	    !ip_parse(span_to(s, slash), end) ||
	    !span_to_u64(span_from(s, slash + 1), &bits))
		return false;
	bits += ip_is_v4(end) ? 96 : 0;
	if (bits > 128)
		return false;
	*net = (struct ip_net) { *end, (uint8_t)bits };
	for (unsigned i = (unsigned)bits; i < 128; i++)
		net->addr.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	cfg->addrs_n++;
	return true;
}

/* payload 0: a SYN; else so many bytes of a connection that is not there. */
static void
segment_send(struct peer *p, const struct ip *src, uint32_t payload,
	     uint64_t now_us)
{
	struct frame f;
	uint32_t room;
	uint8_t *tcp = host_tx_begin(p->host, !ip_is_v4(&p->whom), &f, &room);

	if (tcp == NULL)
		return;
	must(room >= TCP_HDR_BYTES + payload);
	memset(tcp, 0x55, TCP_HDR_BYTES + payload);
	wire_put16(tcp, 4321);
	wire_put16(tcp + 2, 9);
	wire_put16(tcp + 12, payload ? 0x5010 : 0x5002);
	wire_put16(tcp + 18, 0);
	host_tx_end(p->host, &f, src, &p->whom, &p->path,
		    TCP_HDR_BYTES + payload, TSO_MSS, false, now_us);
}

static void
provoke(struct peer *p, uint64_t now_us)
{
	struct ip src;

	if (!p->has_whom || p->rst_n >= p->rst_wanted || now_us < p->syn_us)
		return;
	p->syn_us = now_us + SYN_US;
	if (!host_source(p->host, &p->whom, &src) ||
	    !host_path_find(p->host, &p->whom, &p->path, now_us))
		return;
	if (p->rst_wanted == 1) {
		segment_send(p, &src, 0, now_us);
		return;
	}
	p->rst_n = 0;
	segment_send(p, &src, TSO_MSS * TSO_PARTS, now_us);
}

static unsigned
turn(struct peer *p)
{
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	uint64_t now_us = clock_now_us();
	unsigned n = port_rx(p->q, frames, PORT_BURST_MAX), segs_n;

	segs_n = host_input(p->host, frames, n, segs, now_us);
	for (unsigned i = 0; i < segs_n; i++)
		p->rst_n += (segs[i].tcp[13] & 4) != 0;
	port_free(p->q, frames, n);
	if (p->has_whom && p->rst_wanted == 1 && p->rst_n &&
	    host_caps(p->host) & PORT_CAP_TSO) {
		p->rst_n = 0;
		p->rst_wanted = TSO_PARTS;
		p->syn_us = 0;
	}
	host_step(p->host, now_us);
	provoke(p, now_us);
	host_tx_flush(p->host);
	return n;
}

static void
run(struct peer *p)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char byte;

	for (unsigned idle = 0;;) {
		idle = turn(p) ? 0 : idle + 1;
		if (idle < IDLE_TURNS)
			continue;
		if (poll(&in, 1, 0) > 0 && read(0, &byte, 1) <= 0)
			return;
		port_queue_sleep(p->q, 0, 10000);
	}
}

static void
say(const struct peer *p)
{
	static const char *const drops[] = {
#define HOST_DROP(symbol, text) [HOST_DROP_##symbol] = #symbol,
#include "dataplane/host_drops.def"
#undef HOST_DROP
	};
	struct host_stats s;
	struct port_stats t;

	host_stats_get(p->host, &s);
	port_stats_get(p->port, 0, &t);
	printf("caps %#x\nmtu %u\nrst %u\nrx %lu\ntx %lu\necho %lu\narp %lu\n"
	       "nd %lu\ntcp %lu\nport_tx_dropped %lu\nport_rx_missed %lu\n",
	       port_caps(p->port), port_mtu(p->port), p->rst_n,
	       (unsigned long)t.rx_n, (unsigned long)t.tx_n,
	       (unsigned long)s.echo_n, (unsigned long)s.arp_n,
	       (unsigned long)s.nd_n, (unsigned long)s.tcp_n,
	       (unsigned long)t.tx_dropped_n, (unsigned long)t.rx_missed_n);
	for (unsigned i = 0; i < HOST_DROP_N; i++)
		if (s.drops[i])
			printf("drop_%s %lu\n", drops[i],
			       (unsigned long)s.drops[i]);
}

struct capturing {
	struct capture *capture;
	_Atomic bool is_ending;
	pthread_t thread;
	int fd;
};

static void *
capture_run(void *arg)
{
	struct capturing *c = arg;

	while (!atomic_load(&c->is_ending) &&
	       capture_step(c->capture) == CAPTURE_GOING)
		usleep(20000);
	return NULL;
}

static void
capturing_begin(struct capturing *c, struct port *port)
{
	const char *file = getenv("PENSTOCK_CAPTURE");
	struct capture_cfg cfg = { 0 };

	c->fd = -1;
	if (file == NULL)
		return;
	c->fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	must(c->fd >= 0 && capture_open(&c->capture, port, &cfg, c->fd) == 0);
	must(pthread_create(&c->thread, NULL, capture_run, c) == 0);
}

static void
capturing_end(struct capturing *c)
{
	struct capture_stats s;

	if (c->fd < 0)
		return;
	atomic_store(&c->is_ending, true);
	pthread_join(c->thread, NULL);
	capture_close(&c->capture, &s);
	close(c->fd);
	printf("captured %lu\ncapture_lost %lu\n", (unsigned long)s.frames_n,
	       (unsigned long)s.lost_n);
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
	struct port_dpdk_cfg cfg = { .queues_n = 1 };
	struct host_cfg host_cfg = { 0 };
	struct peer p = { .rst_wanted = 1 };
	struct capturing capturing = { 0 };
	struct port_dpdk *d;
	struct diag diag;

	if (argc < 5)
		return EX_USAGE;
	cfg.args = argv[1];
	cfg.mtu = (uint32_t)strtoul(argv[2], NULL, 10);
	host_cfg.vlan = (uint16_t)strtoul(argv[3], NULL, 10);
	p.has_whom = ip_parse(span_of(argv[4]), &p.whom);
	for (int i = 5; i < argc; i++)
		if (!addr_parse(argv[i], &host_cfg))
			return EX_USAGE;
	diag_init(&diag);
	d = port_dpdk_start(&cfg, &diag);
	if (d == NULL)
		return failed(&diag);
	p.port = port_dpdk_open(d, &cfg, &diag);
	if (p.port == NULL)
		return failed(&diag);
	p.q = port_queue(p.port, 0);
	p.host = host_open(&host_cfg, p.port, 0, &diag);
	if (p.host == NULL)
		return failed(&diag);
	capturing_begin(&capturing, p.port);
	puts("ready");
	fflush(stdout);
	run(&p);
	say(&p);
	capturing_end(&capturing);
	host_close(&p.host);
	port_close(&p.port);
	port_dpdk_stop(&d);
	diag_fini(&diag);
	return 0;
}
