/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over loopback sockets: what is left comes first, who does not read is
 * slowed down, the last reply survives a close with unread input.
 */
#include "dataplane/net.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

struct rig {
	struct net_listeners *listeners;
	struct net *net;
	struct ready ready;
	struct net_stream *stream; /* the one connection */
	int client;
	uint16_t port;
};

static const struct net_cfg cfg = { .workers_n = 1,
				    .backlog = 16,
				    .conns_max = 2,
				    .rx_bytes = 4096,
				    .inet_protocols = "ipv4" };

static uint16_t
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(fd, (void *)&in, len) == 0);
	must(getsockname(fd, (void *)&in, &len) == 0);
	close(fd);
	return ntohs(in.sin_port);
}

static int
dial(uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(connect(fd, (void *)&in, sizeof(in)) == 0);
	return fd;
}

static void
open_net(struct rig *r)
{
	char port[8];
	struct net_listen listen = { .host = "127.0.0.1",
				     .port = port,
				     .file = "master.cf",
				     .line = 3,
				     .service_idx = 7 };
	struct diag diag;

	memset(r, 0, sizeof(*r));
	diag_init(&diag);
	r->port = free_port();
	snprintf(port, sizeof(port), "%u", r->port);
	r->listeners = net_listeners_open(&cfg, &listen, 1, &diag);
	diag_print(&diag, DIAG_NOTE);
	must(r->listeners != NULL);
	r->net = net_open(&cfg, r->listeners, 0, &diag);
	must(r->net != NULL);
}

static void
setup(struct rig *r)
{
	open_net(r);
	r->client = dial(r->port);
	while (r->stream == NULL) {
		net_poll_in(r->net, &r->ready, clock_now_us() + 1000000);
		r->stream = net_accept(r->net);
	}
	net_owner_set(r->net, r->stream, r);
}

static void
teardown(struct rig *r)
{
	if (r->stream != NULL)
		net_abort(r->net, &r->stream);
	if (r->client >= 0)
		close(r->client);
	net_close(&r->net);
	net_listeners_close(&r->listeners);
}

/* Polls until the stream gives something else than EMPTY. */
static enum net_rx
rx_wait(struct rig *r, struct span *out)
{
	enum net_rx rx;

	for (int i = 0; i < 100; i++) {
		rx = net_rx(r->net, r->stream, out);
		if (rx != NET_RX_EMPTY)
			return rx;
		net_poll_in(r->net, &r->ready, clock_now_us() + 100000);
		while (ready_get(&r->ready) != NULL)
			;
	}
	return NET_RX_EMPTY;
}

static void
test_leftover(void)
{
	struct rig r;
	struct span in;

	CHECK_ROW("what is left comes first");
	setup(&r);
	CHECK(net_service_idx(r.net, r.stream) == 7);
	CHECK(send(r.client, "abcdef", 6, 0) == 6);
	CHECK(rx_wait(&r, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "abcdef");
	net_rx_done(r.net, r.stream, 2);
	CHECK(send(r.client, "gh", 2, 0) == 2);
	CHECK(rx_wait(&r, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "cdef");
	net_rx_done(r.net, r.stream, 3);
	CHECK(rx_wait(&r, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "f");
	net_rx_done(r.net, r.stream, 1);
	CHECK(rx_wait(&r, &in) == NET_RX_BYTES);
	CHECK_SPAN(in, "gh");
	net_rx_done(r.net, r.stream, 2);
	shutdown(r.client, SHUT_WR);
	CHECK(rx_wait(&r, &in) == NET_RX_END);
	teardown(&r);
}

static void
test_reset(void)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct rig r;
	struct span in;

	CHECK_ROW("reset");
	setup(&r);
	setsockopt(r.client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(r.client);
	r.client = -1;
	CHECK(rx_wait(&r, &in) == NET_RX_LOST);
	teardown(&r);
}

/* A peer that does not read fills the kernel, then our bound, then refusal. */
static void
test_backpressure(void)
{
	static char block[16384], sink[65536];
	struct rig r;
	uint64_t sent = 0, got = 0;
	ssize_t n;

	CHECK_ROW("backpressure");
	setup(&r);
	memset(block, 'x', sizeof(block));
	while (sent < 1u << 30 &&
	       net_tx(r.net, r.stream, (struct span) { block, sizeof(block) }))
		sent += sizeof(block);
	CHECK(sent < 1u << 30);
	CHECK(net_tx_waiting_bytes(r.net, r.stream) <= NET_TX_BYTES_MAX);
	CHECK(!net_tx_has_room(r.net, r.stream));
	while (got < sent) {
		n = recv(r.client, sink, sizeof(sink), MSG_DONTWAIT);
		if (n > 0)
			got += (uint64_t)n;
		else if (net_poll_in(r.net, &r.ready,
				     clock_now_us() + 2000000) == 0)
			break;
	}
	CHECK(got == sent);
	CHECK(net_tx_waiting_bytes(r.net, r.stream) == 0);
	CHECK(net_tx_has_room(r.net, r.stream));
	teardown(&r);
}

static void
test_last_reply(void)
{
	static char junk[100000];
	char buf[64];
	struct rig r;
	struct span in;
	ssize_t n = 0;

	CHECK_ROW("last reply survives unread input");
	setup(&r);
	CHECK(send(r.client, "QUIT\r\n", 6, 0) == 6);
	CHECK(rx_wait(&r, &in) == NET_RX_BYTES);
	net_rx_done(r.net, r.stream, in.len);
	CHECK(send(r.client, junk, sizeof(junk), 0) == sizeof(junk));
	while (net_poll_in(r.net, &r.ready, clock_now_us() + 1000000) == 0)
		;
	CHECK(net_tx(r.net, r.stream, SPAN("221 Bye\r\n")));
	while (ready_get(&r.ready) != NULL)
		;
	net_shut(r.net, &r.stream);
	CHECK(r.stream == NULL);
	for (int i = 0; i < 100 && n <= 0; i++) {
		net_poll_in(r.net, &r.ready, clock_now_us() + 10000);
		n = recv(r.client, buf, sizeof(buf), MSG_DONTWAIT);
	}
	CHECK(n == 9 && memcmp(buf, "221 Bye\r\n", 9) == 0);
	CHECK(recv(r.client, buf, sizeof(buf), 0) == 0);
	teardown(&r);
}

static void
test_limit(void)
{
	struct net_stats stats;
	struct rig r;
	int more[2];
	char c;

	CHECK_ROW("connection limit");
	setup(&r);
	more[0] = dial(r.port);
	more[1] = dial(r.port);
	for (int i = 0; i < 100; i++) {
		net_poll_in(r.net, &r.ready, clock_now_us() + 20000);
		net_stats_get(r.net, &stats);
		if (stats.refused_n)
			break;
	}
	CHECK(stats.refused_n == 1 && stats.open_n == 2);
	CHECK(recv(more[1], &c, 1, 0) == 0);
	close(more[0]);
	close(more[1]);
	teardown(&r);
}

/* Without descriptors the worker rests instead of spinning, then goes on. */
static void
test_no_descriptors(void)
{
	struct rlimit was, none;
	struct rig r;
	unsigned events = 0;
	int probe;

	CHECK_ROW("no descriptors");
	open_net(&r);
	r.client = dial(r.port);
	probe = dup(0);
	close(probe);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)probe;
	must(setrlimit(RLIMIT_NOFILE, &none) == 0);
	for (int i = 0; i < 50; i++)
		events += net_poll_in(r.net, &r.ready, clock_now_us() + 2000);
	CHECK(net_accept(r.net) == NULL);
	CHECK(events < 10);
	must(setrlimit(RLIMIT_NOFILE, &was) == 0);
	for (int i = 0; i < 100 && r.stream == NULL; i++) {
		net_poll_in(r.net, &r.ready, clock_now_us() + 20000);
		r.stream = net_accept(r.net);
	}
	CHECK(r.stream != NULL);
	teardown(&r);
}

static void
test_wake(void)
{
	uint64_t one = 1;
	struct rig r;
	int fd = eventfd(0, EFD_NONBLOCK);

	CHECK_ROW("wake");
	open_net(&r);
	r.client = -1;
	CHECK(net_wake_add(r.net, fd) == 0);
	CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
	CHECK(net_poll_in(r.net, &r.ready, clock_now_us() + 60000000) == 1);
	CHECK(net_poll_in(r.net, &r.ready, 0) == 0);
	teardown(&r);
	close(fd);
}

static void
test_errors(void)
{
	static const struct {
		const char *name, *host, *port, *says;
		int exit_code;
	} rows[] = {
		{ "taken", "127.0.0.1", NULL, "in use", EX_UNAVAILABLE },
		{ "not ours", "192.0.2.1", "2525", "not an address of this",
		  EX_UNAVAILABLE },
		{ "no such service", "127.0.0.1", "nosuchservice", "port",
		  EX_NOHOST },
	};
	struct rig r;
	char port[8];

	open_net(&r);
	r.client = -1;
	snprintf(port, sizeof(port), "%u", r.port);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct net_listen listen = {
			.host = rows[i].host,
			.port = rows[i].port ? rows[i].port : port,
			.file = "master.cf",
			.line = 12,
		};
		struct net_listeners *ls;
		struct diag diag;

		CHECK_ROW(rows[i].name);
		diag_init(&diag);
		ls = net_listeners_open(&cfg, &listen, 1, &diag);
		CHECK(ls == NULL);
		CHECK(diag.exit_code == rows[i].exit_code);
		CHECK(diag.first && strstr(diag.first->text, rows[i].says));
		CHECK(diag.first && strstr(diag.first->text, "master.cf:12: "));
		diag_fini(&diag);
	}
	teardown(&r);
}

int
main(void)
{
	test_leftover();
	test_reset();
	test_backpressure();
	test_last_reply();
	test_limit();
	test_no_descriptors();
	test_wake();
	test_errors();
	return check_end();
}
