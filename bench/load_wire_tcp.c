/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Penstock's own TCP over a device of DPDK's: the one load thread polls it and,
 * when nothing comes, sleeps, as a worker of the server does.
 */
#include "bench/load_wire.h"
#include "dataplane/dataplane.h"
#include "dataplane/net_tcp.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define UP_US	    (30 * US_PER_SEC) /* for the link and the address */
#define PIECE_BYTES (16u * 1024)

struct load_tcp {
	struct dataplane *dataplane;
	struct net *net;
	struct ready ready;
	struct ip to;
	uint16_t port;
};

static void
turn(struct load_tcp *w, uint64_t until_us)
{
	net_poll_in(w->net, &w->ready, until_us);
}

/* The other end may come up after us, and an address may be tried first. */
static bool
is_usable(const struct load_tcp *w)
{
	struct host *h = dataplane_host(w->dataplane, 0);
	struct ip src;

	return port_is_up(dataplane_port(w->dataplane)) &&
	       host_source(h, &w->to, &src);
}

static int
up_wait(struct load_tcp *w)
{
	uint64_t until_us = clock_now_us() + UP_US;

	while (!is_usable(w)) {
		if (clock_now_us() > until_us) {
			fputs("blast: no link, or no address and route to the "
			      "server: start the other end, and see "
			      "--ip and --gateway\n",
			      stderr);
			return -EINVAL;
		}
		turn(w, clock_now_us() + 1000);
		net_poll_out(w->net);
	}
	return 0;
}

static void
close_tcp(struct load_thread *t)
{
	struct load_tcp *w = t->tcp;

	if (w == NULL)
		return;
	net_close(&w->net);
	dataplane_close(&w->dataplane);
	free(w);
	t->tcp = NULL;
}

static int
open_tcp(struct load_thread *t)
{
	const struct load_cfg *cfg = t->shared->cfg;
	struct load_tcp *w = must_alloc(sizeof(*w));
	struct net_tcp_cfg net = { .tcp = tcp_cfg_default };
	struct diag diag;

	t->tcp = w;
	diag_init(&diag);
	ip_from_sockaddr(&cfg->to, &w->to, &w->port);
	net.tcp.conns_max = cfg->connections_n + cfg->idle_n + 64;
	if (getrandom(net.tcp.secret, sizeof(net.tcp.secret), 0) < 0)
		return -errno;
	w->dataplane = dataplane_open(cfg->dataplane, 1, false, &diag);
	if (w->dataplane != NULL)
		w->net = net_tcp_open(
			&net, dataplane_host(w->dataplane, 0),
			port_queue(dataplane_port(w->dataplane), 0), &diag);
	diag_print(&diag, DIAG_NOTE);
	diag_fini(&diag);
	return w->net != NULL ? up_wait(w) : -EINVAL;
}

static int
begin(struct load_thread *t, struct load_sock *s)
{
	struct load_tcp *w = t->tcp;

	s->stream = net_tcp_connect(w->net, &w->to, w->port);
	if (s->stream == NULL)
		return -EADDRNOTAVAIL;
	net_owner_set(w->net, s->stream, s);
	return 0;
}

static void
hang_up(struct load_thread *t, struct load_sock *s)
{
	struct load_tcp *w = t->tcp;

	if (s->stream == NULL)
		return;
	ready_remove(&w->ready, net_ready_node(w->net, s->stream));
	if (s->conn.is_in_order)
		net_shut(w->net, &s->stream);
	else
		net_abort(w->net, &s->stream);
}

static ssize_t
send_some(struct load_thread *t, struct load_sock *s, const struct iovec *iov,
	  unsigned iov_n)
{
	struct load_tcp *w = t->tcp;
	size_t sent = 0;

	for (unsigned i = 0; i < iov_n; i++) {
		struct span left = { iov[i].iov_base, iov[i].iov_len };

		while (left.len > 0) {
			size_t n = left.len < PIECE_BYTES ? left.len
							  : PIECE_BYTES;

			if (!net_tx(w->net, s->stream, span_to(left, n)))
				return (ssize_t)sent;
			left = span_from(left, n);
			sent += n;
		}
	}
	return (ssize_t)sent;
}

static ssize_t
recv_some(struct load_thread *t, struct load_sock *s)
{
	struct load_tcp *w = t->tcp;
	struct span in;

	switch (net_rx(w->net, s->stream, &in)) {
	case NET_RX_BYTES:
		in = span_to(in,
			     in.len < LOAD_RX_BYTES ? in.len : LOAD_RX_BYTES);
		memcpy(t->rx, in.p, in.len);
		net_rx_done(w->net, s->stream, in.len);
		return (ssize_t)in.len;
	case NET_RX_EMPTY:
		return -EAGAIN;
	case NET_RX_END:
		return 0;
	default:
		return -ECONNRESET;
	}
}

static void
wait_some(struct load_thread *t, int ms)
{
	struct load_tcp *w = t->tcp;
	struct ready_node *n;

	net_poll_out(w->net);
	turn(w, clock_now_us() + (uint64_t)ms * 1000);
	load_now(t);
	while ((n = ready_get(&w->ready)) != NULL) {
		struct net_stream *stream = net_of_ready(w->net, n);
		struct load_sock *s = net_owner(w->net, stream);

		/* More may wait than one recv() gives. */
		while (s->stream == stream &&
		       load_sock_event(t, s, LOAD_WIRE_RX | LOAD_WIRE_TX))
			;
	}
}

const struct load_wire_ops load_wire_tcp = {
	.open = open_tcp,
	.close = close_tcp,
	.connect = begin,
	.hang_up = hang_up,
	.send = send_some,
	.recv = recv_some,
	.wait = wait_some,
};
