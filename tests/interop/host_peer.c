/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_peer: a host on one of DPDK's devices, for tests to talk to: answers
 * ARP, neighbour discovery and pings until its stdin ends, then prints its
 * counters, a "name value" on each line.
 *
 *	host_peer EAL-ARGS MTU VLAN WHOM [ADDRESS/BITS...]
 *
 * WHOM: an address whose closed port 9 gets a SYN, and with TSO a segment that
 * the device has to cut, each again from another port until RSTs for all of one
 * have come ("rst N": to the last port that was answered in full); or "-". Its
 * end waits for that. Where PENSTOCK_CAPTURE names a file, all frames go into
 * it; PENSTOCK_WORKERS: threads, each with its queue and its host.
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
enum { PORT_FIRST = 4321, ASKED_MAX = 1024, END_US = 30000000 };

enum { WORKERS_MAX = 8 };

/* What the workers have in common. */
struct shared {
	/* Of each port that asked; one asks once, so that a late answer to an
	 * earlier one is not taken for this one's. */
	_Atomic unsigned rst_n[ASKED_MAX];
	_Atomic bool is_ending;
};

/* A worker; the first one provokes and listens to stdin. */
struct peer {
	struct shared *shared;
	struct host *host;
	struct port *port;
	struct port_queue *q;
	bool is_first;
	struct ip whom;
	bool has_whom;
	struct host_path path;
	uint64_t syn_us, end_us;
	unsigned asked_n;    /* ports used */
	unsigned asked_from; /* the first that asked for rst_wanted */
	unsigned rst_wanted;
	pthread_t thread;
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
	wire_put16(tcp, (uint16_t)(PORT_FIRST + p->asked_n));
	wire_put16(tcp + 2, 9);
	wire_put16(tcp + 12, payload ? 0x5010 : 0x5002);
	wire_put16(tcp + 18, 0);
	host_tx_end(p->host, &f, src, &p->whom, &p->path,
		    TCP_HDR_BYTES + payload, TSO_MSS, false, now_us);
}

/* The port whose segment was answered in full; ASKED_MAX: none yet. */
static unsigned
answered(const struct peer *p)
{
	for (unsigned i = p->asked_from; i < p->asked_n; i++)
		if (atomic_load(&p->shared->rst_n[i]) >= p->rst_wanted)
			return i;
	return ASKED_MAX;
}

static void
provoke(struct peer *p, uint64_t now_us)
{
	struct ip src;

	if (!p->has_whom || answered(p) < ASKED_MAX || now_us < p->syn_us ||
	    p->asked_n == ASKED_MAX)
		return;
	p->syn_us = now_us + SYN_US;
	if (!host_source(p->host, &p->whom, &src) ||
	    !host_path_find(p->host, &p->whom, &p->path, now_us))
		return;
	segment_send(p, &src, p->rst_wanted == 1 ? 0 : TSO_MSS * TSO_PARTS,
		     now_us);
	p->asked_n++;
}

static void
rst_count(struct peer *p, const uint8_t *tcp)
{
	unsigned i = wire_get16(tcp + 2) - (unsigned)PORT_FIRST;

	if (tcp[13] & 4 && i < ASKED_MAX)
		atomic_fetch_add(&p->shared->rst_n[i], 1);
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
		rst_count(p, segs[i].tcp);
	port_free(p->q, frames, n);
	if (p->has_whom && p->rst_wanted == 1 && answered(p) < ASKED_MAX &&
	    host_caps(p->host) & PORT_CAP_TSO) {
		p->rst_wanted = TSO_PARTS;
		p->asked_from = p->asked_n;
		p->syn_us = 0;
	}
	host_step(p->host, now_us);
	provoke(p, now_us);
	host_tx_flush(p->host);
	return n;
}

/* The first one's stdin has ended, and it has what it wanted. */
static bool
has_ended(struct peer *p)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	char byte;

	if (p->end_us == 0 && poll(&in, 1, 0) > 0 && read(0, &byte, 1) <= 0)
		p->end_us = clock_now_us() + END_US;
	return p->end_us && (!p->has_whom || answered(p) < ASKED_MAX ||
			     clock_now_us() > p->end_us);
}

static void *
run(void *arg)
{
	struct peer *p = arg;

	for (unsigned idle = 0; !atomic_load(&p->shared->is_ending);) {
		idle = turn(p) ? 0 : idle + 1;
		if (idle < IDLE_TURNS)
			continue;
		if (p->is_first && has_ended(p))
			atomic_store(&p->shared->is_ending, true);
		port_queue_sleep(p->q, p->is_first && !p->end_us ? 0 : -1,
				 10000);
	}
	/* What the first one has handed over before. */
	while (!p->is_first && turn(p))
		;
	return NULL;
}

static void
stats_add(const struct peer *p, unsigned idx, struct host_stats *s,
	  struct port_stats *t)
{
	struct host_stats h;
	struct port_stats q;

	host_stats_get(p->host, &h);
	port_stats_get(p->port, idx, &q);
	s->echo_n += h.echo_n;
	s->arp_n += h.arp_n;
	s->nd_n += h.nd_n;
	s->tcp_n += h.tcp_n;
	for (unsigned i = 0; i < HOST_DROP_N; i++)
		s->drops[i] += h.drops[i];
	t->rx_n += q.rx_n;
	t->tx_n += q.tx_n;
	t->tx_dropped_n += q.tx_dropped_n;
	t->rx_missed_n += q.rx_missed_n;
	if (h.tcp_n)
		printf("worker%u_tcp %lu\n", idx, (unsigned long)h.tcp_n);
}

static void
say(const struct peer *peers, unsigned n)
{
	static const char *const drops[] = {
#define HOST_DROP(symbol, text) [HOST_DROP_##symbol] = #symbol,
#include "dataplane/host_drops.def"
#undef HOST_DROP
	};
	unsigned last = answered(peers);
	struct host_stats s = { 0 };
	struct port_stats t = { 0 };

	for (unsigned i = 0; i < n; i++)
		stats_add(&peers[i], i, &s, &t);
	if (last == ASKED_MAX && peers->asked_n)
		last = peers->asked_n - 1;
	printf("caps %#x\nmtu %u\nrst %u\nrx %lu\ntx %lu\necho %lu\narp %lu\n"
	       "nd %lu\ntcp %lu\nport_tx_dropped %lu\nport_rx_missed %lu\n",
	       port_caps(peers->port), port_mtu(peers->port),
	       last < ASKED_MAX ? atomic_load(&peers->shared->rst_n[last]) : 0,
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

static unsigned
workers_n(void)
{
	const char *text = getenv("PENSTOCK_WORKERS");
	unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : 1;

	return n && n <= WORKERS_MAX ? n : 1;
}

/* Runs until stdin ends, then says what there was. */
static bool
peers_run(struct peer *peers, struct port *port, struct host_cfg *cfg,
	  const struct ip *whom, struct diag *diag)
{
	struct shared shared = { 0 };
	struct capturing capturing = { 0 };
	unsigned n = port_queues_n(port);

	cfg->share = n > 1 ? host_share_open(n) : NULL;
	for (unsigned i = 0; i < n; i++) {
		peers[i] = (struct peer) { .shared = &shared,
					   .port = port,
					   .q = port_queue(port, i),
					   .is_first = i == 0,
					   .rst_wanted = 1 };
		if (i == 0 && whom != NULL) {
			peers[i].whom = *whom;
			peers[i].has_whom = true;
		}
		peers[i].host = host_open(cfg, port, i, diag);
		if (peers[i].host == NULL)
			return false;
	}
	capturing_begin(&capturing, port);
	puts("ready");
	fflush(stdout);
	for (unsigned i = 1; i < n; i++)
		must(pthread_create(&peers[i].thread, NULL, run, &peers[i]) ==
		     0);
	(void)run(&peers[0]);
	for (unsigned i = 1; i < n; i++)
		pthread_join(peers[i].thread, NULL);
	say(peers, n);
	capturing_end(&capturing);
	for (unsigned i = 0; i < n; i++)
		host_close(&peers[i].host);
	host_share_close(&cfg->share);
	return true;
}

int
main(int argc, char **argv)
{
	struct port_dpdk_cfg cfg = { .queues_n = workers_n() };
	struct host_cfg host_cfg = { 0 };
	struct peer peers[WORKERS_MAX];
	struct port_dpdk *d;
	struct port *port;
	struct diag diag;
	bool has_whom;
	struct ip whom;

	if (argc < 5)
		return EX_USAGE;
	cfg.args = argv[1];
	cfg.mtu = (uint32_t)strtoul(argv[2], NULL, 10);
	host_cfg.vlan = (uint16_t)strtoul(argv[3], NULL, 10);
	has_whom = ip_parse(span_of(argv[4]), &whom);
	for (int i = 5; i < argc; i++)
		if (!addr_parse(argv[i], &host_cfg))
			return EX_USAGE;
	diag_init(&diag);
	d = port_dpdk_start(&cfg, &diag);
	if (d == NULL)
		return failed(&diag);
	port = port_dpdk_open(d, &cfg, &diag);
	if (port == NULL ||
	    !peers_run(peers, port, &host_cfg, has_whom ? &whom : NULL, &diag))
		return failed(&diag);
	port_close(&port);
	port_dpdk_stop(&d);
	diag_fini(&diag);
	return 0;
}
