/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sessions.h: real sessions of conn.c and the SMTP machine over our own TCP,
 * and clients of theirs, over the wire in memory and on a clock of its own.
 * Policy and queue say yes. One thread.
 */
#ifndef PENSTOCK_TESTS_SESSIONS_H
#define PENSTOCK_TESTS_SESSIONS_H

#include "dataplane/net_tcp.h"
#include "dataplane/port_mem.h"
#include "engine/base/log.h"
#include "engine/conn.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PORT = 2500, PORTS_N = 4, ADDRS_N = 16, TURN_US = 20 };
/* Dialled in a turn: what follows from them has to fit into a burst. */
enum { BURST = 16 };
#define CLIENT_BYTES (512u << 20)

/* --- the log, policy and queue --- */

void
log_say(enum log_level level, const char *module, const char *fmt, ...)
{
}

void
log_put(enum log_level level, const char *module, struct span text)
{
}

struct queue {
	void *tag; /* of what is durable; NULL: nothing */
	uint64_t msgs_n;
};

struct queue_msg *
queue_msg_new(struct queue *q, unsigned worker_idx)
{
	struct queue_msg *m = must_alloc(sizeof(*m));

	m->id = ++q->msgs_n;
	return m;
}

void
queue_msg_drop(struct queue *q, struct queue_msg **m)
{
	chunk_put((*m)->body);
	envelope_fini(&(*m)->env);
	free(*m);
	*m = NULL;
}

int
queue_chunk_submit(struct queue *q, struct queue_msg *m, struct chunk **c)
{
	chunk_put(*c);
	*c = NULL;
	return 0;
}

int
queue_msg_submit(struct queue *q, struct queue_msg **m, void *tag)
{
	queue_msg_drop(q, m);
	must(q->tag == NULL);
	q->tag = tag;
	return 0;
}

unsigned
queue_reap(struct queue *q, unsigned worker_idx, struct queue_done *done,
	   unsigned max)
{
	if (q->tag == NULL)
		return 0;
	done[0] = (struct queue_done) { q->tag, 0, QUEUE_DURABLE };
	q->tag = NULL;
	return 1;
}

int
queue_wake_fd(struct queue *q, unsigned worker_idx)
{
	return -1;
}

void
queue_set_sleeping(struct queue *q, unsigned worker_idx, bool is_asleep)
{
}

bool
queue_has_room(struct queue *q, uint64_t bytes)
{
	return true;
}

void
queue_id_print(uint64_t id, char out[QUEUE_ID_TEXT_MAX])
{
	snprintf(out, QUEUE_ID_TEXT_MAX, "%016llX", (unsigned long long)id);
}

void
policy_ask(const struct policy *policy, const struct policy_query *q,
	   struct policy_verdict *out)
{
	policy_verdict_init(out);
}

bool
policy_is_idle(const struct policy *policy, enum policy_stage stage)
{
	return false;
}

bool
policy_has_servers(const struct policy *policy)
{
	return false;
}

int
policy_route(const struct policy *policy, const struct addr *rcpt,
	     const struct envelope_rcpt *like, struct envelope *env,
	     char text_out[POLICY_TEXT_MAX])
{
	struct envelope_rcpt r = *like;

	r.rcpt = addr_span(rcpt);
	r.dest = SPAN("/tmp/x/");
	must(envelope_rcpt_add(env, &r) == 0);
	return 0;
}

struct site *
site_get(struct site *site)
{
	site->refs++;
	return site;
}

void
site_put(struct site **site)
{
	if (*site != NULL)
		(*site)->refs--;
	*site = NULL;
}

/* --- a world: clients at one end, a worker at the other --- */

struct world {
	struct port_mem *wire;
	struct host *hosts[2];
	struct port_queue *client_q;
	struct tcp *client;
	struct ready client_ready;
	struct tcp_conn *active;
	uint64_t now_us, cycles; /* of the server's turns */
	uint32_t conns_n, greeted_n, helped_n;
	uint32_t replies_n; /* lines that the active one has got */
	uint64_t lines_n;   /* all of them */
	bool are_deaf;	    /* clients with an owner read nothing */
	uint64_t tcp_bytes; /* of both stacks as they were opened */
	struct queue queue;
	struct config cfg;
	struct service service;
	struct policy *policies[1];
	struct tls_ctx *contexts[1];
	struct site site;
	struct worker w;
	uint32_t tls_busy;
};

static uint64_t
rss_bytes(void)
{
	unsigned long all, resident;
	FILE *f = fopen("/proc/self/statm", "r");

	must(f != NULL && fscanf(f, "%lu %lu", &all, &resident) == 2);
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
world_now(void *arg)
{
	return ((struct world *)arg)->now_us;
}

static uint32_t
lines_n(struct span s)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == '\n';
	return n;
}

/*
 * The banner is answered with EHLO, and that is all a parked one says. Clients
 * with an owner say what they are told to.
 */
static void
client_read(struct world *w, struct tcp_conn *c)
{
	struct span in;
	enum net_rx rx;

	if (w->are_deaf && tcp_owner(c) != NULL)
		return;
	while ((rx = tcp_rx(w->client, c, &in)) == NET_RX_BYTES) {
		bool is_banner = span_has_prefix_nocase(in, SPAN("220 "));

		w->greeted_n += is_banner;
		w->helped_n += span_has_prefix_nocase(in, SPAN("250-"));
		w->lines_n += lines_n(in);
		if (c == w->active)
			w->replies_n += lines_n(in);
		if (is_banner && tcp_owner(c) == NULL)
			must(tcp_tx(w->client, c,
				    SPAN("EHLO mail-out-17.example.com\r\n")));
		tcp_rx_done(w->client, c, in.len);
	}
	must(rx == NET_RX_EMPTY);
}

static void
client_turn(struct world *w)
{
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	struct ready_node *node;
	unsigned n, segs_n;

	n = port_rx(w->client_q, frames, PORT_BURST_MAX);
	segs_n = host_input(w->hosts[0], frames, n, segs, w->now_us);
	tcp_input(w->client, segs, segs_n, &w->client_ready, w->now_us);
	tcp_timers(w->client, &w->client_ready, w->now_us);
	host_step(w->hosts[0], w->now_us);
	while ((node = ready_get(&w->client_ready)) != NULL)
		client_read(w, tcp_of_ready(node));
	tcp_burst_end(w->client, w->now_us);
	host_tx_flush(w->hosts[0]);
	port_free(w->client_q, frames, n);
}

/* The stages of worker.c's turn. */
static void
server_turn(struct world *world)
{
	uint64_t start = __builtin_ia32_rdtsc();
	struct worker *w = &world->w;
	struct queue_done done[1];
	struct net_stream *s;
	struct wheel_node *timer;
	struct ready_node *node;

	net_poll_in(w->net, &w->ready, 0);
	w->now_us = world->now_us;
	while ((s = net_accept(w->net)) != NULL)
		conn_open(w, s);
	if (queue_reap(w->queue, 0, done, 1))
		conn_committed(w, done[0].tag, done[0].outcome);
	wheel_advance(&w->wheel, w->now_us);
	while ((timer = wheel_take(&w->wheel)) != NULL)
		conn_timer(w, CONTAINER_OF(timer, struct conn, timer));
	must(w->retry == NULL);
	while ((node = ready_get(&w->ready)) != NULL)
		conn_run(w, net_owner(w->net, net_of_ready(w->net, node)));
	net_poll_out(w->net);
	world->cycles += __builtin_ia32_rdtsc() - start;
}

static void
turn(struct world *w)
{
	w->now_us += TURN_US;
	port_mem_advance(w->wire, w->now_us);
	client_turn(w);
	server_turn(w);
}

/* --- setting up --- */

static void
open_host(struct world *w, unsigned i, struct diag *diag)
{
	struct host_cfg hc = { .addrs_n = i ? ADDRS_N : 1,
			       .is_dad_skipped = true };

	for (unsigned k = 0; k < hc.addrs_n; k++) {
		must(ip_parse(SPAN("192.0.2.0"), &hc.addrs[k].addr));
		hc.addrs[k].prefix_bits = 96 + 24;
		hc.ends[k] = hc.addrs[k].addr;
		hc.ends[k].b[15] = (uint8_t)(1 + i * 100 + k);
	}
	w->hosts[i] = host_open(&hc, port_mem_port(w->wire, i), 0, diag);
	must(w->hosts[i] != NULL);
}

static void
open_site(struct world *w)
{
	w->service.smtp = (struct smtp_cfg) {
		.myhostname = "mx.example.test",
		.mail_name = "Penstock",
		.banner = "mx.example.test ESMTP",
		.rcpt_max = 100,
		.message_bytes_max = 50000000,
		.line_bytes_max = 2048,
		.hops_max = 50,
		.soft_errors_max = 10,
		.hard_errors_max = 20,
		.junk_max = 100,
		.timeout_us = 300 * 1000000ull,
		.discard_ehlo_keywords = "",
		.drop_headers = "bcc",
		.bare_newline = SMTP_BARE_NEWLINE_NORMALIZE,
	};
	w->cfg.services = &w->service;
	w->cfg.services_n = 1;
	w->site.cfg = &w->cfg;
	w->site.policies = w->policies;
	w->site.tls = w->contexts;
}

/* Buffers of the server in all, and a client's window; 0: the default. */
static struct world *
world_open(uint32_t conns_max, uint64_t memory_bytes, uint32_t client_rx_bytes)
{
	struct world *w = aligned_alloc(CACHE_LINE, sizeof(*w));
	struct port_mem_cfg pc = port_mem_cfg_default;
	struct net_tcp_cfg nc = { .tcp = tcp_cfg_default,
				  .is_polled = true,
				  .now_us = world_now,
				  .now_arg = w };
	struct diag diag;
	uint64_t before;
	uint32_t rx_bytes;

	must(w != NULL);
	memset(w, 0, sizeof(*w));
	diag_init(&diag);
	w->now_us = pc.now_us = 1000000;
	w->wire = port_mem_open(&pc);
	must(w->wire != NULL);
	open_host(w, 0, &diag);
	open_host(w, 1, &diag);
	w->client_q = port_queue(port_mem_port(w->wire, 0), 0);
	nc.tcp.conns_max = conns_max;
	nc.tcp.memory_bytes_max = CLIENT_BYTES;
	for (unsigned k = 0; k < PORTS_N; k++)
		nc.listens[nc.listens_n++] = (struct net_tcp_listen) {
			.port = (uint16_t)(PORT + k)
		};
	before = rss_bytes();
	rx_bytes = nc.tcp.rx_bytes_max;
	if (client_rx_bytes)
		nc.tcp.rx_bytes_max = client_rx_bytes;
	w->client = tcp_open(&nc.tcp, w->hosts[0], w->now_us);
	nc.tcp.rx_bytes_max = rx_bytes;
	nc.tcp.memory_bytes_max = memory_bytes;
	nc.tcp.secret[0] = 1;
	w->w.net = net_tcp_open(&nc, w->hosts[1],
				port_queue(port_mem_port(w->wire, 1), 0),
				&diag);
	must(w->w.net != NULL);
	w->tcp_bytes = rss_bytes() - before;
	open_site(w);
	w->w.queue = &w->queue;
	w->w.tls_busy = &w->tls_busy;
	w->w.site = &w->site;
	w->w.now_us = w->now_us;
	wheel_init(&w->w.wheel, w->now_us);
	w->w.smtp.chunks = chunk_pool_open(64u << 20);
	w->w.smtp.stream_bytes = 192 * 1024;
	w->w.out.cap = 32 * 1024;
	w->w.out.p = must_alloc(w->w.out.cap);
	diag_fini(&diag);
	return w;
}

static void
world_close(struct world **w_inout)
{
	struct world *w = *w_inout;

	while (w->w.all != NULL)
		conn_shut_down(&w->w, w->w.all, true);
	while (w->w.free_conns != NULL) {
		struct conn *c = w->w.free_conns;

		w->w.free_conns = c->next;
		free(c);
	}
	must(w->site.refs == 0);
	smtp_shared_fini(&w->w.smtp);
	must(chunk_pool_used_bytes(w->w.smtp.chunks) == 0);
	chunk_pool_close(&w->w.smtp.chunks);
	free(w->w.out.p);
	tcp_close(&w->client);
	net_close(&w->w.net);
	for (unsigned i = 0; i < 2; i++)
		host_close(&w->hosts[i]);
	port_mem_close(&w->wire);
	free(w);
	*w_inout = NULL;
}

static struct tcp_conn *
dial(struct world *w)
{
	struct tcp_conn *c;
	struct ip dst;

	must(ip_parse(SPAN("192.0.2.101"), &dst));
	dst.b[15] = (uint8_t)(dst.b[15] + w->conns_n % ADDRS_N);
	c = tcp_connect(w->client, &dst,
			(uint16_t)(PORT + w->conns_n / ADDRS_N % PORTS_N),
			w->now_us);
	must(c != NULL);
	w->conns_n++;
	return c;
}

/* n more sessions; all of them have had the answer to their EHLO. */
static void
dial_all(struct world *w, uint32_t n)
{
	uint32_t all = w->conns_n + n;

	while (w->helped_n < all) {
		for (unsigned i = 0; i < BURST && w->conns_n < all; i++)
			(void)dial(w);
		turn(w);
	}
	for (unsigned i = 0; i < 50000 / TURN_US; i++) /* the last ACKs */
		turn(w);
	must(w->w.conns_n == all && w->greeted_n == all);
}

/* --- an active one --- */

static void
say(struct world *w, struct span text, uint32_t replies_n)
{
	uint32_t want = w->replies_n + replies_n;

	must(tcp_tx(w->client, w->active, text));
	while (w->replies_n < want)
		turn(w);
}

/* Cycles of the server for a message. */
static uint64_t
message(struct world *w)
{
	static const char envelope[] = "MAIL FROM:<a@b.test>\r\n"
				       "RCPT TO:<c@d.test>\r\nDATA\r\n";
	static const char text[] = "Subject: x\r\n\r\nhello\r\n.\r\n";
	uint64_t before = w->cycles;

	say(w, SPAN(envelope), 3);
	say(w, SPAN(text), 1);
	return w->cycles - before;
}

#endif
