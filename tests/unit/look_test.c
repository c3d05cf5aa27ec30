/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look at a worker that is at work, from another thread: figures and
 * addresses are whole, connections are listed, and a worker that does not come
 * round is not waited for for ever.
 */
#include "dataplane/look.h"
#include "dataplane/net_tcp.h"
#include "dataplane/port_mem.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#define PORT	25u
#define CONNS_N 200u /* several turns' work */

struct end {
	struct host *host;
	struct net *net;
	struct ready ready;
	struct net_stream *streams[CONNS_N];
	unsigned streams_n;
};

struct rig {
	struct port_mem *wire;
	uint64_t now_us;
	struct end client, server;
	_Atomic bool is_stop_wanted;
	pthread_t thread;
};

static uint64_t
virtual_now(void *arg)
{
	return ((struct rig *)arg)->now_us;
}

static struct ip
addr(unsigned last)
{
	char text[IP_TEXT_MAX];
	struct ip ip;

	snprintf(text, sizeof(text), "192.0.2.%u", last);
	must(ip_parse(span_of(text), &ip));
	return ip;
}

static void
open_end(struct rig *r, struct end *e, unsigned idx)
{
	struct port *port = port_mem_port(r->wire, idx);
	struct host_cfg host = { .addrs_n = 1, .is_dad_skipped = true };
	struct net_tcp_cfg cfg = { .tcp = tcp_cfg_default,
				   .now_us = virtual_now,
				   .now_arg = r };
	struct diag diag;

	diag_init(&diag);
	host.ends[0] = addr(idx + 1);
	host.addrs[0] = (struct ip_net) { addr(0), 120 };
	cfg.tcp.conns_max = CONNS_N;
	cfg.listens[cfg.listens_n++] = (struct net_tcp_listen) { .port = PORT };
	e->host = host_open(&host, port, 0, &diag);
	must(e->host != NULL);
	e->net = net_tcp_open(&cfg, e->host, port_queue(port, 0), &diag);
	must(e->net != NULL);
	diag_fini(&diag);
}

static void
turn(struct end *e)
{
	struct net_stream *s;

	net_poll_in(e->net, &e->ready, 0);
	while ((s = net_accept(e->net)) != NULL) {
		must(e->streams_n < CONNS_N);
		net_owner_set(e->net, s, e);
		e->streams[e->streams_n++] = s;
	}
	while (ready_get(&e->ready) != NULL)
		;
	net_poll_out(e->net);
}

static void
step(struct rig *r)
{
	r->now_us += 1000;
	port_mem_advance(r->wire, r->now_us);
	turn(&r->client);
	turn(&r->server);
}

static void
setup(struct rig *r)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct ip to = addr(2);

	memset(r, 0, sizeof(*r));
	r->now_us = cfg.now_us = 5000000;
	r->wire = port_mem_open(&cfg);
	must(r->wire != NULL);
	open_end(r, &r->client, 0);
	open_end(r, &r->server, 1);
	for (unsigned i = 0; i < CONNS_N; i++) {
		struct net_stream *s =
			net_tcp_connect(r->client.net, &to, PORT);

		must(s != NULL);
		r->client.streams[r->client.streams_n++] = s;
		for (int k = 0; k < 100 && r->server.streams_n <= i; k++)
			step(r);
	}
	must(r->server.streams_n == CONNS_N);
	must(net_tx(r->client.net, r->client.streams[3], SPAN("hello")));
	for (int i = 0; i < 300; i++)
		step(r);
}

static void
end_close(struct end *e)
{
	while (e->streams_n)
		net_abort(e->net, &e->streams[--e->streams_n]);
	net_close(&e->net);
	host_close(&e->host);
}

static void
teardown(struct rig *r)
{
	end_close(&r->client);
	end_close(&r->server);
	port_mem_close(&r->wire);
}

static void *
worker(void *arg)
{
	struct rig *r = arg;

	while (!atomic_load(&r->is_stop_wanted))
		step(r);
	return NULL;
}

static void
test_stats(struct rig *r)
{
	struct look *look = net_look(r->server.net);
	struct ip own = addr(2);
	struct look_stats s, c;

	look_stats_get(look, &s);
	look_stats_get(net_look(r->client.net), &c);
	CHECK(s.addrs_n == 1 && s.addrs[0].state == HOST_ADDR_VALID);
	CHECK(ip_is_equal(&s.addrs[0].ip, &own));
	CHECK(s.states[4] == CONNS_N && s.states[1] == 1);
	CHECK(s.tcp[TCP_COUNT_OPENED_PASSIVE] == CONNS_N);
	CHECK(c.tcp[TCP_COUNT_OPENED_ACTIVE] == CONNS_N);
	CHECK(s.tcp[TCP_COUNT_RX_BYTES] == 5);
	CHECK(s.port.rx_n == c.port.tx_n && c.port.rx_n == s.port.tx_n);
	CHECK(s.port.rx_n > 2 * CONNS_N);
	CHECK(s.host.tcp_n == s.tcp[TCP_COUNT_SEGS_IN]);
	CHECK(s.busy_cycles > 0);
	/* The five bytes that nobody reads. */
	CHECK(s.bufs_n == s.bufs_free_n + 1 && c.bufs_n == c.bufs_free_n);
	CHECK(look_port(look) == port_mem_port(r->wire, 1));
}

/* How many there are, few_n a question. */
static unsigned
count(struct rig *r, unsigned few_n, unsigned *waiting_n)
{
	struct tcp_walk_conn few[CONNS_N + 1];
	unsigned n = 0;
	uint64_t pos = 0;

	*waiting_n = 0;
	while (pos != TCP_WALK_END) {
		int got = look_conns_get(net_look(r->server.net), &pos, few,
					 few_n);

		CHECK(got >= 0);
		if (got < 0)
			break;
		for (int i = 0; i < got; i++) {
			CHECK(few[i].local_port == PORT);
			CHECK(few[i].state == 4);
			*waiting_n += few[i].rx_bytes == 5;
		}
		n += (unsigned)got;
	}
	return n;
}

static void
test_conns(struct rig *r)
{
	static const unsigned rooms[] = { 1, 63, CONNS_N, CONNS_N + 1 };
	unsigned waiting_n;

	must(pthread_create(&r->thread, NULL, worker, r) == 0);
	for (unsigned i = 0; i < ARRAY_N(rooms); i++) {
		CHECK(count(r, rooms[i], &waiting_n) == CONNS_N);
		CHECK(waiting_n == 1);
	}
	atomic_store(&r->is_stop_wanted, true);
	pthread_join(r->thread, NULL);
}

/* It does not turn any more. */
static void
test_stopped(struct rig *r)
{
	struct tcp_walk_conn few[2];
	uint64_t pos = 0;

	CHECK(look_conns_get(net_look(r->server.net), &pos, few, 2) ==
	      -ETIMEDOUT);
	step(r); /* what was asked is forgotten */
	CHECK(pos == 0);
}

static void
test_names(void)
{
	CHECK_SPAN(span_of(look_state_name(0)), "closed");
	CHECK_SPAN(span_of(look_state_name(4)), "established");
	CHECK_SPAN(span_of(look_state_name(TCP_STATES_N - 1)), "time_wait");
	CHECK_SPAN(span_of(look_addr_state_name(HOST_ADDR_DUPLICATE)),
		   "duplicate");
}

int
main(void)
{
	static struct rig r;

	setup(&r);
	test_stats(&r);
	test_conns(&r);
	test_stopped(&r);
	test_names();
	teardown(&r);
	return check_end();
}
