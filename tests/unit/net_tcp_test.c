/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over our own TCP, between two nets on a wire in memory: what net.h
 * promises of sockets holds here too. Time is virtual, but for one sleep.
 */
#include "dataplane/net_tcp.h"
#include "dataplane/port_mem.h"
#include "tests/unit/check.h"

#define PORT 25u

struct end {
	struct host *host;
	struct net *net;
	struct ready ready;
	struct net_stream *stream;
};

struct rig {
	struct port_mem *wire;
	uint64_t now_us;
	struct end client, server;
	unsigned ready_n; /* of the server's stream */
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
open_end(struct rig *r, struct end *e, unsigned idx, bool has_service)
{
	struct port *port = port_mem_port(r->wire, idx);
	struct host_cfg host = { .addrs_n = 1, .is_dad_skipped = true };
	struct net_tcp_cfg cfg = { .tcp = tcp_cfg_default,
				   .is_polled = true,
				   .now_us = virtual_now,
				   .now_arg = r };
	struct diag diag;

	diag_init(&diag);
	host.ends[0] = addr(idx + 1);
	host.addrs[0] = (struct ip_net) { addr(0), 120 };
	cfg.tcp.conns_max = 4;
	if (has_service)
		cfg.listens[cfg.listens_n++] =
			(struct net_tcp_listen) { .port = PORT,
						  .service_idx = 7 };
	e->host = host_open(&host, port, 0, &diag);
	must(e->host != NULL);
	e->net = net_tcp_open(&cfg, e->host, port_queue(port, 0), &diag);
	must(e->net != NULL);
	diag_fini(&diag);
}

/* One turn of an end. Gives how often its stream became ready. */
static unsigned
turn(struct end *e)
{
	struct ready_node *n;
	unsigned ready_n = 0;

	net_poll_in(e->net, &e->ready, 0);
	if (e->stream == NULL)
		e->stream = net_accept(e->net);
	while ((n = ready_get(&e->ready)) != NULL)
		ready_n += net_of_ready(e->net, n) == e->stream;
	net_poll_out(e->net);
	return ready_n;
}

static void
step(struct rig *r)
{
	r->now_us += 1000;
	port_mem_advance(r->wire, r->now_us);
	turn(&r->client);
	r->ready_n += turn(&r->server);
}

static void
setup(struct rig *r)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;

	memset(r, 0, sizeof(*r));
	r->now_us = cfg.now_us = 5000000;
	r->wire = port_mem_open(&cfg);
	must(r->wire != NULL);
	open_end(r, &r->client, 0, false);
	open_end(r, &r->server, 1, true);
}

static void
dial(struct rig *r)
{
	struct ip to = addr(2);

	r->client.stream = net_tcp_connect(r->client.net, &to, PORT);
	must(r->client.stream != NULL);
	for (int i = 0; i < 100 && r->server.stream == NULL; i++)
		step(r);
	must(r->server.stream != NULL);
	net_owner_set(r->server.net, r->server.stream, r);
}

static void
end_close(struct end *e)
{
	if (e->stream != NULL)
		net_abort(e->net, &e->stream);
	net_close(&e->net);
	host_close(&e->host);
}

static void
teardown(struct rig *r)
{
	end_close(&r->client);
	end_close(&r->server);
	CHECK(port_mem_bufs_out(r->wire, 0) == 0);
	CHECK(port_mem_bufs_out(r->wire, 1) == 0);
	port_mem_close(&r->wire);
}

static enum net_rx
rx_wait(struct rig *r, struct end *e, struct span *out)
{
	for (int i = 0; i < 5000; i++) {
		enum net_rx rx = net_rx(e->net, e->stream, out);

		if (rx != NET_RX_EMPTY)
			return rx;
		step(r);
	}
	return NET_RX_EMPTY;
}

static void
test_facts(void)
{
	struct rig r;
	struct ip ip, want = addr(1);
	uint16_t port;

	CHECK_ROW("who is who");
	setup(&r);
	dial(&r);
	CHECK(net_service_idx(r.server.net, r.server.stream) == 7);
	CHECK(net_owner(r.server.net, r.server.stream) == &r);
	net_peer(r.server.net, r.server.stream, &ip, &port);
	CHECK(ip_is_equal(&ip, &want) && port != 0);
	want = addr(2);
	CHECK(net_local(r.server.net, r.server.stream, &ip, &port) == 0);
	CHECK(ip_is_equal(&ip, &want) && port == PORT);
	teardown(&r);
}

/* What an owner leaves comes first, whether its burst is over or not. */
static void
test_leftover(void)
{
	struct rig r;
	struct span in;

	CHECK_ROW("what is left comes first");
	setup(&r);
	dial(&r);
	CHECK(net_tx(r.client.net, r.client.stream, SPAN("one\r\ntwo")));
	CHECK(rx_wait(&r, &r.server, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "one\r\ntwo");
	net_rx_done(r.server.net, r.server.stream, 5);
	CHECK(net_rx(r.server.net, r.server.stream, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "two");
	step(&r);
	CHECK(net_rx(r.server.net, r.server.stream, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "two");
	net_rx_done(r.server.net, r.server.stream, 3);
	CHECK(net_rx(r.server.net, r.server.stream, &in) == NET_RX_EMPTY);
	teardown(&r);
}

/* A peer that does not read: net_tx() says so, and the stream gets ready. */
static void
test_full(void)
{
	static char bytes[16384];
	size_t sent = 0, got = 0;
	struct rig r;
	struct span in;

	CHECK_ROW("room comes back");
	setup(&r);
	dial(&r);
	for (int i = 0; i < 200; i++) {
		for (; net_tx(r.server.net, r.server.stream,
			      (struct span) { bytes, sizeof(bytes) });
		     sent += sizeof(bytes))
			;
		step(&r);
	}
	CHECK(sent >= NET_TX_BYTES_MAX);
	CHECK(sent <= tcp_cfg_default.rx_bytes_max +
			      tcp_cfg_default.tx_bytes_max + sizeof(bytes));
	CHECK(net_tx_waiting_bytes(r.server.net, r.server.stream) > 0);
	CHECK(!net_tx_has_room(r.server.net, r.server.stream));
	r.ready_n = 0;
	while (got < sent) {
		if (rx_wait(&r, &r.client, &in) != NET_RX_BYTES)
			break;
		got += in.len;
		net_rx_done(r.client.net, r.client.stream, in.len);
	}
	CHECK(got == sent);
	CHECK(r.ready_n > 0);
	CHECK(net_tx_waiting_bytes(r.server.net, r.server.stream) == 0);
	CHECK(net_tx_has_room(r.server.net, r.server.stream));
	CHECK(net_tx(r.server.net, r.server.stream, SPAN("on")));
	teardown(&r);
}

/* The last reply gets through although input is left unread. */
static void
test_last_reply(void)
{
	struct rig r;
	struct span in;

	CHECK_ROW("no reset destroys the last reply");
	setup(&r);
	dial(&r);
	CHECK(net_tx(r.client.net, r.client.stream, SPAN("never read")));
	for (int i = 0; i < 5; i++)
		step(&r);
	CHECK(net_rx(r.server.net, r.server.stream, &in) == NET_RX_BYTES);
	CHECK(net_tx(r.server.net, r.server.stream, SPAN("421 bye")));
	net_shut(r.server.net, &r.server.stream);
	CHECK(r.server.stream == NULL);
	CHECK(rx_wait(&r, &r.client, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "421 bye");
	net_rx_done(r.client.net, r.client.stream, in.len);
	CHECK(rx_wait(&r, &r.client, &in) != NET_RX_BYTES);
	teardown(&r);
}

static void
test_ends(void)
{
	struct rig r;
	struct span in;
	struct ip to;

	CHECK_ROW("in order");
	setup(&r);
	dial(&r);
	net_shut(r.client.net, &r.client.stream);
	CHECK(rx_wait(&r, &r.server, &in) == NET_RX_END);
	teardown(&r);

	CHECK_ROW("reset");
	setup(&r);
	dial(&r);
	net_abort(r.client.net, &r.client.stream);
	CHECK(rx_wait(&r, &r.server, &in) == NET_RX_LOST);
	teardown(&r);

	CHECK_ROW("nobody listens any more");
	setup(&r);
	net_stop_accepting(r.server.net);
	to = addr(2);
	r.client.stream = net_tcp_connect(r.client.net, &to, PORT);
	CHECK(rx_wait(&r, &r.client, &in) == NET_RX_LOST);
	CHECK(r.server.stream == NULL);
	teardown(&r);
}

static void
test_stats(void)
{
	struct net_stats stats;
	struct rig r;
	struct span in;

	CHECK_ROW("counters");
	setup(&r);
	dial(&r);
	CHECK(net_tx(r.client.net, r.client.stream, SPAN("12345")));
	CHECK(rx_wait(&r, &r.server, &in) == NET_RX_BYTES);
	net_rx_done(r.server.net, r.server.stream, in.len);
	net_stats_get(r.server.net, &stats);
	CHECK(stats.accepted_n == 1 && stats.open_n == 1);
	CHECK(stats.rx_bytes == 5 && stats.tx_bytes == 0 && stats.rx_n > 1);
	net_shut(r.server.net, &r.server.stream);
	net_stats_get(r.server.net, &stats);
	CHECK(stats.open_n == 0);
	teardown(&r);
}

/* Two services at one address: said, and nothing is opened. */
static void
test_twice(void)
{
	struct net_tcp_cfg cfg = { .tcp = tcp_cfg_default, .listens_n = 2 };
	struct diag diag;
	struct rig r;

	CHECK_ROW("a port twice");
	setup(&r);
	diag_init(&diag);
	cfg.listens[0].port = cfg.listens[1].port = PORT;
	CHECK(net_tcp_open(&cfg, r.server.host,
			   port_queue(port_mem_port(r.wire, 1), 0),
			   &diag) == NULL);
	CHECK(diag.errors_n == 1);
	diag_fini(&diag);
	teardown(&r);
}

int
main(void)
{
	test_facts();
	test_leftover();
	test_full();
	test_last_reply();
	test_ends();
	test_stats();
	test_twice();
	return check_end();
}
