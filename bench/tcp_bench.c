/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP alone: two stacks on the wire in memory, with no SMTP, no kernel and no
 * device between them. Cycles are the time-stamp counter's, of the server's
 * calls of TCP only: IP, the wire and the client are left out.
 *
 *	tcp_bench ask N [BYTES [ASKS]]	N connections ask and are answered
 *	tcp_bench bulk [BYTES]		one connection receives
 *	tcp_bench open			connections come and go
 *	tcp_bench idle N [LIMIT]	N idle ones, and one that is not; fails
 *					when one costs more than LIMIT bytes
 */
#include "dataplane/port_mem.h"
#include "dataplane/tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT = 2500, PORTS_N = 4, ADDRS_N = 16, TURN_US = 20 };

struct end {
	struct host *host;
	struct tcp *tcp;
	struct port_queue *q;
	struct ready ready;
	uint64_t cycles, segs_n;
};

struct bench {
	struct port_mem *wire;
	uint64_t now_us;
	struct end ends[2]; /* 0: the clients; 1: the server */
	uint32_t ask_bytes, conns_n, accepted_n;
	uint64_t tcp_bytes; /* of both stacks, when opened */
	uint64_t asked_n, answered_n, received, closed_n;
	bool is_closing;    /* the server ends what it has answered */
	bool is_asking;	    /* an answer is followed by the next question */
	bool is_swallowing; /* the server only reads */
};

static char text[65536];

static uint64_t
cycles_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	uint64_t t;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
	return t;
#endif
}

static uint64_t
rss_bytes(void)
{
	unsigned long all, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &all, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* --- the programs of both ends --- */

static void
ask(struct bench *b, struct tcp_conn *c)
{
	must(tcp_tx(b->ends[0].tcp, c, (struct span) { text, b->ask_bytes }));
	b->asked_n++;
}

static void
client(struct bench *b, struct tcp_conn *c)
{
	struct tcp *t = b->ends[0].tcp;
	struct span in;
	enum net_rx rx;
	bool is_answered = false;

	while ((rx = tcp_rx(t, c, &in)) == NET_RX_BYTES) {
		tcp_rx_done(t, c, in.len);
		is_answered = true;
	}
	must(rx != NET_RX_LOST);
	if (rx == NET_RX_END) {
		tcp_shut(t, &c);
		b->closed_n++;
	} else if (is_answered && b->is_asking) {
		ask(b, c);
	}
}

static void
server(struct bench *b, struct tcp_conn *c)
{
	struct tcp *t = b->ends[1].tcp;
	uint64_t got = 0, start = cycles_now();
	struct span in;
	enum net_rx rx;

	while ((rx = tcp_rx(t, c, &in)) == NET_RX_BYTES) {
		got += in.len;
		tcp_rx_done(t, c, in.len);
	}
	b->received += got;
	if (got && !b->is_swallowing) {
		must(tcp_tx(t, c, SPAN("250 2.0.0 Ok\r\n")));
		b->answered_n++;
		if (b->is_closing)
			tcp_shut(t, &c);
	} else if (rx == NET_RX_LOST) {
		tcp_abort(t, &c);
	} else if (rx == NET_RX_END) {
		tcp_shut(t, &c);
	}
	b->ends[1].cycles += cycles_now() - start;
}

static void
end_turn(struct bench *b, struct end *e)
{
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	unsigned n, segs_n;
	struct ready_node *node;
	struct tcp_conn *c;
	uint64_t start;

	n = port_rx(e->q, frames, PORT_BURST_MAX);
	segs_n = host_input(e->host, frames, n, segs, b->now_us);
	start = cycles_now();
	tcp_input(e->tcp, segs, segs_n, &e->ready, b->now_us);
	tcp_timers(e->tcp, &e->ready, b->now_us);
	e->cycles += cycles_now() - start;
	e->segs_n += segs_n;
	host_step(e->host, b->now_us);
	while ((c = tcp_accept(e->tcp)) != NULL) {
		b->accepted_n++;
		server(b, c);
	}
	while ((node = ready_get(&e->ready)) != NULL) {
		if (e == &b->ends[1])
			server(b, tcp_of_ready(node));
		else
			client(b, tcp_of_ready(node));
	}
	/* With what it calls of the host: building a packet is TCP's work. */
	start = cycles_now();
	tcp_burst_end(e->tcp, b->now_us);
	e->cycles += cycles_now() - start;
	host_tx_flush(e->host);
	port_free(e->q, frames, n);
}

static void
turn(struct bench *b)
{
	b->now_us += TURN_US;
	port_mem_advance(b->wire, b->now_us);
	end_turn(b, &b->ends[0]);
	end_turn(b, &b->ends[1]);
}

/* --- setting up --- */

static void
open_end(struct bench *b, unsigned i, uint32_t conns_max, uint32_t rx_bytes)
{
	struct host_cfg hc = { .addrs_n = i ? ADDRS_N : 1,
			       .is_dad_skipped = true };
	struct tcp_cfg tc = tcp_cfg_default;
	struct end *e = &b->ends[i];
	static const struct ip any;
	struct diag diag = { 0 };
	uint64_t before;

	for (unsigned k = 0; k < hc.addrs_n; k++) {
		must(ip_parse(SPAN("192.0.2.0"), &hc.addrs[k].addr));
		hc.addrs[k].prefix_bits = 96 + 24;
		hc.ends[k] = hc.addrs[k].addr;
		hc.ends[k].b[15] = (uint8_t)(1 + i * 100 + k);
	}
	e->host = host_open(&hc, port_mem_port(b->wire, i), 0, &diag);
	must(e->host != NULL);
	e->q = port_queue(port_mem_port(b->wire, i), 0);
	tc.conns_max = conns_max;
	tc.rx_bytes_max = rx_bytes;
	tc.memory_bytes_max = 512u << 20;
	for (unsigned k = 0; k < sizeof(tc.secret); k++)
		tc.secret[k] = (uint8_t)(k * 41 + i);
	before = rss_bytes();
	e->tcp = tcp_open(&tc, e->host, b->now_us);
	b->tcp_bytes += rss_bytes() - before;
	for (unsigned k = 0; i == 1 && k < PORTS_N; k++)
		must(tcp_listen(e->tcp, &any, (uint16_t)(PORT + k), 0) == 0);
}

static void
bench_open(struct bench *b, uint32_t conns_max)
{
	struct port_mem_cfg pc = port_mem_cfg_default;

	memset(b, 0, sizeof(*b));
	b->now_us = pc.now_us = 1000000;
	b->wire = port_mem_open(&pc);
	must(b->wire != NULL);
	open_end(b, 0, conns_max, 256 * 1024);
	open_end(b, 1, conns_max, 256 * 1024);
}

static void
bench_close(struct bench *b)
{
	for (unsigned i = 0; i < 2; i++) {
		tcp_close(&b->ends[i].tcp);
		host_close(&b->ends[i].host);
	}
	port_mem_close(&b->wire);
}

static struct tcp_conn *
connect_one(struct bench *b, uint32_t n)
{
	struct tcp_conn *c;
	struct ip dst;

	must(ip_parse(SPAN("192.0.2.101"), &dst));
	dst.b[15] = (uint8_t)(dst.b[15] + n % ADDRS_N);
	c = tcp_connect(b->ends[0].tcp, &dst,
			(uint16_t)(PORT + n / ADDRS_N % PORTS_N), b->now_us);
	must(c != NULL);
	b->conns_n++;
	return c;
}

/* n more, all of them accepted. */
static void
connect_all(struct bench *b, struct tcp_conn **out, uint32_t n)
{
	uint32_t done = b->accepted_n + n, first = b->conns_n;

	while (b->accepted_n < done) {
		for (unsigned i = 0; i < 32 && b->conns_n < first + n; i++) {
			struct tcp_conn *c = connect_one(b, b->conns_n);

			if (out != NULL)
				out[b->conns_n - 1 - first] = c;
		}
		turn(b);
	}
}

static void
begin_count(struct bench *b)
{
	b->ends[1].cycles = b->ends[1].segs_n = 0;
	b->answered_n = b->received = 0;
}

static uint64_t
fast_n(const struct bench *b)
{
	return tcp_count_get(b->ends[1].tcp, TCP_COUNT_FAST);
}

/* --- the benchmarks --- */

/* Cycles of the server's TCP for a question and its answer. */
static double
run_ask(struct bench *b, struct tcp_conn **conns, uint32_t n, uint32_t bytes,
	uint64_t asks, bool is_shown)
{
	uint64_t fast;

	b->ask_bytes = bytes;
	b->is_asking = true;
	for (uint32_t i = 0; i < n; i++)
		ask(b, conns[i]);
	while (b->answered_n < asks / 10)
		turn(b);
	begin_count(b);
	fast = fast_n(b);
	while (b->answered_n < asks)
		turn(b);
	b->is_asking = false;
	if (is_shown)
		printf("%.0f cycles a question and its answer, %.0f a packet "
		       "in; %.1f %% fast path\n",
		       (double)b->ends[1].cycles / (double)b->answered_n,
		       (double)b->ends[1].cycles / (double)b->ends[1].segs_n,
		       100.0 * (double)(fast_n(b) - fast) /
			       (double)b->ends[1].segs_n);
	return (double)b->ends[1].cycles / (double)b->answered_n;
}

static int
bench_ask(uint32_t n, uint32_t bytes, uint64_t asks)
{
	struct tcp_conn **conns = must_alloc(n * sizeof(struct tcp_conn *));
	struct bench b;

	bench_open(&b, n + 16);
	connect_all(&b, conns, n);
	printf("%u connections ask with %u bytes:\n", n, bytes);
	run_ask(&b, conns, n, bytes, asks, true);
	bench_close(&b);
	free(conns);
	return 0;
}

static int
bench_bulk(uint32_t bytes)
{
	struct tcp_conn *c;
	struct bench b;

	bench_open(&b, 16);
	b.is_swallowing = true;
	connect_all(&b, &c, 1);
	begin_count(&b);
	while (b.received < 4ull << 30) {
		while (tcp_tx_waiting_bytes(b.ends[0].tcp, c) == 0 &&
		       tcp_tx(b.ends[0].tcp, c, (struct span) { text, bytes }))
			;
		turn(&b);
	}
	printf("one connection receives: %.0f cycles a packet, %.3f a byte\n",
	       (double)b.ends[1].cycles / (double)b.ends[1].segs_n,
	       (double)b.ends[1].cycles / (double)b.received);
	bench_close(&b);
	return 0;
}

static int
bench_churn(void)
{
	const uint32_t n = 200000;
	struct bench b;

	bench_open(&b, 65536);
	b.is_closing = b.is_asking = true;
	b.ask_bytes = 100;
	begin_count(&b);
	while (b.closed_n < n) {
		for (unsigned i = 0; i < 16 && b.conns_n < n; i++)
			ask(&b, connect_one(&b, b.conns_n));
		b.is_asking = false;
		turn(&b);
	}
	printf("opened, asked, answered, closed: %.0f cycles a connection, "
	       "%.0f a packet in\n",
	       (double)b.ends[1].cycles / n,
	       (double)b.ends[1].cycles / (double)b.ends[1].segs_n);
	bench_close(&b);
	return 0;
}

/* The best of some: what else the machine does is left out. */
static double
run_one(struct bench *b, struct tcp_conn *c)
{
	double best = 1e9;

	for (unsigned i = 0; i < 9; i++) {
		double got = run_ask(b, &c, 1, 100, 60000, false);

		best = got < best ? got : best;
	}
	return best;
}

static int
bench_idle(uint32_t n, double limit)
{
	struct tcp_conn *one;
	struct bench b;
	double alone, among, each;
	uint64_t before;

	bench_open(&b, n + 16);
	connect_all(&b, &one, 1);
	alone = run_one(&b, one);
	before = rss_bytes();
	connect_all(&b, NULL, n);
	/* Half of what came is the clients'. */
	each = (double)(rss_bytes() - before + b.tcp_bytes) / 2 / n;
	printf("%u idle connections: %.0f bytes each, %.1f MB\n", n, each,
	       each * n / 1e6);
	among = run_one(&b, one);
	printf("an active one: %.0f cycles a question and its answer alone, "
	       "%.0f among them: %.2f times\n",
	       alone, among, among / alone);
	bench_close(&b);
	return each > limit;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	uint32_t n = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;

	if (!strcmp(what, "ask"))
		return bench_ask(
			n ? n : 1,
			argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 100,
			argc > 4 ? strtoull(argv[4], NULL, 0) : 2000000);
	if (!strcmp(what, "bulk"))
		return bench_bulk(n ? n : 16384);
	if (!strcmp(what, "open"))
		return bench_churn();
	if (!strcmp(what, "idle"))
		return bench_idle(n ? n : 1000000,
				  argc > 3 ? strtod(argv[3], NULL) : 600);
	fprintf(stderr,
		"usage: tcp_bench ask N [BYTES [ASKS]] | bulk [BYTES] | open "
		"| idle N [LIMIT]\n");
	return 64;
}
