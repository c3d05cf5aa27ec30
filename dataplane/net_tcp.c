/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over our own TCP: a turn takes a burst of frames in, lets the owners
 * read what is in them where it lies, and gives them back when it ends. A
 * stream is TCP's connection itself.
 */
#include "dataplane/net_tcp.h"
#include "dataplane/look_impl.h"
#include "engine/base/clock.h"
#include "engine/base/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#define SPIN_US	  50u		   /* without a frame before it sleeps */
#define SLEEP_US  (100 * 1000u)	   /* what has no timer is looked at then */
#define LINGER_US (2 * US_PER_SEC) /* for last replies, at the end */

/* Rows of tcp_states_get(). */
enum { STATE_ESTABLISHED = 4, STATE_TIME_WAIT = 10 };

struct net_tcp {
	struct net base;
	struct port_queue *queue;
	struct host *host;
	struct tcp *tcp;
	int wake_fd; /* an epoll set of the wakes */
	bool is_polled, was_busy;
	uint64_t (*clock)(void *);
	void *clock_arg;
	uint64_t now_us;
	uint64_t heard_us;    /* when the last frame came */
	uint64_t step_due_us; /* the host's */
	uint64_t tsc;	      /* at the last look at the wire */
	unsigned frames_n;
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	struct {
		counter_t accepted, closed, rx_bytes, tx_bytes, rx, tx;
		counter_t busy_cycles, idle_cycles, bursts;
	} count;
	struct look look;
};

static struct net_tcp *
of(const struct net *base)
{
	return CONTAINER_OF(base, struct net_tcp, base);
}

static struct tcp_conn *
conn_of(const struct net_stream *s)
{
	return (struct tcp_conn *)s;
}

static struct net_stream *
stream_of(struct tcp_conn *c)
{
	return (struct net_stream *)c;
}

static uint64_t
now(const struct net_tcp *n)
{
	return n->clock ? n->clock(n->clock_arg) : clock_now_us();
}

/* --- a turn --- */

static void
wakes_clear(struct net_tcp *n)
{
	struct epoll_event events[8];
	int events_n = epoll_wait(n->wake_fd, events, ARRAY_N(events), 0);

	for (int i = 0; i < events_n; i++) {
		uint64_t sink;

		if (read(events[i].data.fd, &sink, sizeof(sink)) < 0)
			continue; /* somebody else was faster */
	}
}

/*
 * A quiet worker sleeps: the device's interrupt, or a look at it every few
 * microseconds, and its timers wake it.
 */
static void
sleep_until(struct net_tcp *n, uint64_t until_us)
{
	uint64_t now_us = now(n), next_us = tcp_next_us(n->tcp);

	if (now_us - n->heard_us < SPIN_US || look_is_asked(&n->look))
		return;
	if (next_us < until_us)
		until_us = next_us;
	if (n->step_due_us < until_us)
		until_us = n->step_due_us;
	if (until_us > now_us + SLEEP_US)
		until_us = now_us + SLEEP_US;
	if (until_us <= now_us)
		return;
	port_queue_sleep(n->queue, n->wake_fd, until_us - now_us);
	wakes_clear(n);
}

/* Whose turn did something was busy since then. */
static void
count_cycles(struct net_tcp *n, bool was_busy)
{
	uint64_t tsc = __builtin_ia32_rdtsc();

	counter_add(was_busy ? &n->count.busy_cycles : &n->count.idle_cycles,
		    tsc - n->tsc);
	n->tsc = tsc;
}

static void
take_in(struct net_tcp *n, struct ready *ready)
{
	struct host_unreachable u;
	unsigned segs_n;

	segs_n =
		host_input(n->host, n->frames, n->frames_n, n->segs, n->now_us);
	tcp_input(n->tcp, n->segs, segs_n, ready, n->now_us);
	while (host_unreachable_take(n->host, &u))
		tcp_unreachable(n->tcp, &u, ready, n->now_us);
	n->heard_us = n->now_us;
	counter_add(&n->count.bursts, 1);
	counter_add(&n->count.rx, n->frames_n);
}

static uint64_t
step_host(struct net_tcp *n)
{
	uint64_t next_us = host_step(n->host, n->now_us);

	return next_us < n->now_us + SLEEP_US ? next_us : n->now_us + SLEEP_US;
}

static unsigned
poll_in(struct net *base, struct ready *ready, uint64_t sleep_until_us)
{
	struct net_tcp *n = of(base);
	must(n->frames_n == 0); /* net_poll_out() ends a turn */
	count_cycles(n, n->was_busy || sleep_until_us == 0);
	n->frames_n = port_rx(n->queue, n->frames, PORT_BURST_MAX);
	if (n->frames_n == 0 && sleep_until_us != 0 && !n->is_polled) {
		sleep_until(n, sleep_until_us);
		n->frames_n = port_rx(n->queue, n->frames, PORT_BURST_MAX);
		count_cycles(n, false);
	}
	n->now_us = now(n);
	n->was_busy = n->frames_n > 0;
	if (n->frames_n > 0)
		take_in(n, ready);
	if (n->frames_n > 0 || n->now_us >= n->step_due_us)
		n->step_due_us = step_host(n);
	tcp_timers(n->tcp, ready, n->now_us);
	look_step(&n->look, n->now_us);
	return n->frames_n;
}

static unsigned
poll_out(struct net *base)
{
	struct net_tcp *n = of(base);

	tcp_burst_end(n->tcp, n->now_us);
	host_tx_flush(n->host);
	port_free(n->queue, n->frames, n->frames_n);
	n->frames_n = 0;
	return 0;
}

/* --- open and close --- */

static bool
listen_all(struct net_tcp *n, const struct net_tcp_cfg *cfg, struct diag *diag)
{
	for (unsigned i = 0; i < cfg->listens_n; i++) {
		const struct net_tcp_listen *l = &cfg->listens[i];
		int ret = tcp_listen(n->tcp, &l->addr, l->port, l->service_idx);

		if (ret == 0)
			continue;
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  "cannot listen on port %u of the dataplane: %s",
			  l->port,
			  ret == -EADDRINUSE ? "two services have it"
					     : "too many services");
		return false;
	}
	return true;
}

/* False: errno says why. */
static bool
look_open(struct net_tcp *n)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ret = look_init(&n->look, host_port(n->host),
			    host_queue_idx(n->host), n->host, n->tcp);

	n->look.busy_cycles = &n->count.busy_cycles;
	n->look.idle_cycles = &n->count.idle_cycles;
	ev.data.fd = n->look.wake_fd;
	return ret == 0 &&
	       epoll_ctl(n->wake_fd, EPOLL_CTL_ADD, n->look.wake_fd, &ev) == 0;
}

static void
close_now(struct net_tcp *n)
{
	look_fini(&n->look);
	tcp_close(&n->tcp);
	if (n->wake_fd >= 0)
		close(n->wake_fd);
	free(n);
}

struct net *
net_tcp_open(const struct net_tcp_cfg *cfg, struct host *host,
	     struct port_queue *queue, struct diag *diag)
{
	struct net_tcp *n =
		aligned_alloc(CACHE_LINE, (sizeof(*n) + CACHE_LINE - 1) /
						  CACHE_LINE * CACHE_LINE);
	bool is_ok;

	must(n != NULL);
	memset(n, 0, sizeof(*n));
	n->base.ops = &net_tcp_ops;
	n->queue = queue;
	n->host = host;
	n->is_polled = cfg->is_polled;
	n->clock = cfg->now_us;
	n->clock_arg = cfg->now_arg;
	n->now_us = n->heard_us = now(n);
	n->tsc = __builtin_ia32_rdtsc();
	n->wake_fd = epoll_create1(EPOLL_CLOEXEC);
	n->tcp = tcp_open(&cfg->tcp, host, n->now_us);
	is_ok = look_open(n) && n->wake_fd >= 0;
	if (!is_ok)
		diag_fail(diag, EX_OSERR, NULL, 0, "no descriptors: %s",
			  strerror(errno));
	if (is_ok && listen_all(n, cfg, diag))
		return &n->base;
	close_now(n);
	return NULL;
}

/* Whether some peer has not got, or not acknowledged, all it was sent. */
static bool
has_unfinished(const struct net_tcp *n)
{
	uint64_t states[TCP_STATES_N], sum = 0;

	tcp_states_get(n->tcp, states);
	for (unsigned i = STATE_ESTABLISHED; i < STATE_TIME_WAIT; i++)
		sum += states[i];
	return sum > 0;
}

/* Nobody goes on for us as the kernel does for a socket: wait a little. */
static void
close_all(struct net *base)
{
	struct net_tcp *n = of(base);
	uint64_t until_us = now(n) + LINGER_US;
	struct ready none = { 0 };

	n->clock = NULL;
	while (has_unfinished(n) && now(n) < until_us) {
		poll_in(base, &none, n->now_us + 1000);
		while (ready_get(&none) != NULL)
			;
		poll_out(base);
	}
	close_now(n);
}

static int
wake_add(struct net *base, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(of(base)->wake_fd, EPOLL_CTL_ADD, fd, &ev) ? -errno
								    : 0;
}

static void
stop_accepting(struct net *base)
{
	tcp_stop_listening(of(base)->tcp);
}

/* --- streams --- */

static struct net_stream *
accept_next(struct net *base)
{
	struct net_tcp *n = of(base);
	struct tcp_conn *c = tcp_accept(n->tcp);

	if (c != NULL)
		counter_add(&n->count.accepted, 1);
	return stream_of(c);
}

struct net_stream *
net_tcp_connect(struct net *base, const struct ip *dst, uint16_t port)
{
	struct net_tcp *n = of(base);

	return stream_of(tcp_connect(n->tcp, dst, port, n->now_us));
}

static struct ready_node *
ready_node(struct net_stream *s)
{
	return tcp_ready_node(conn_of(s));
}

static struct net_stream *
of_ready(struct ready_node *node)
{
	return stream_of(tcp_of_ready(node));
}

static void
owner_set(struct net_stream *s, void *owner)
{
	tcp_owner_set(conn_of(s), owner);
}

static void *
owner(const struct net_stream *s)
{
	return tcp_owner(conn_of(s));
}

static unsigned
service_idx(const struct net_stream *s)
{
	return tcp_service_idx(conn_of(s));
}

static void
peer(const struct net_stream *s, struct ip *out, uint16_t *port_out)
{
	tcp_peer(conn_of(s), out, port_out);
}

static int
local(const struct net_stream *s, struct ip *out, uint16_t *port_out)
{
	tcp_local(conn_of(s), out, port_out);
	return 0;
}

static enum net_rx
rx(struct net *base, struct net_stream *s, struct span *out)
{
	return tcp_rx(of(base)->tcp, conn_of(s), out);
}

static void
rx_done(struct net *base, struct net_stream *s, size_t used_bytes)
{
	struct net_tcp *n = of(base);

	counter_add(&n->count.rx_bytes, used_bytes);
	tcp_rx_done(n->tcp, conn_of(s), used_bytes);
}

static bool
tx(struct net *base, struct net_stream *s, struct span bytes)
{
	struct net_tcp *n = of(base);

	if (!tcp_tx(n->tcp, conn_of(s), bytes))
		return false;
	counter_add(&n->count.tx_bytes, bytes.len);
	counter_add(&n->count.tx, 1);
	return true;
}

static size_t
tx_waiting_bytes(const struct net *base, const struct net_stream *s)
{
	return tcp_tx_waiting_bytes(of(base)->tcp, conn_of(s));
}

static bool
tx_has_room(struct net *base, struct net_stream *s)
{
	return tcp_tx_has_room(of(base)->tcp, conn_of(s));
}

static void
shut(struct net *base, struct net_stream *s)
{
	struct tcp_conn *c = conn_of(s);

	counter_add(&of(base)->count.closed, 1);
	tcp_shut(of(base)->tcp, &c);
}

static void
abort_now(struct net *base, struct net_stream *s)
{
	struct tcp_conn *c = conn_of(s);

	counter_add(&of(base)->count.closed, 1);
	tcp_abort(of(base)->tcp, &c);
}

static void
stats_get(const struct net *base, struct net_stats *out)
{
	const struct net_tcp *n = of(base);
	uint64_t accepted_n = counter_get(&n->count.accepted);

	*out = (struct net_stats) {
		.accepted_n = accepted_n,
		.refused_n = tcp_count_get(n->tcp, TCP_COUNT_LISTEN_OVERFLOW),
		.open_n = accepted_n - counter_get(&n->count.closed),
		.rx_bytes = counter_get(&n->count.rx_bytes),
		.tx_bytes = counter_get(&n->count.tx_bytes),
		.rx_n = counter_get(&n->count.rx),
		.tx_n = counter_get(&n->count.tx),
	};
}

static struct look *
look(struct net *base)
{
	return &of(base)->look;
}

const struct net_ops net_tcp_ops = {
	.listeners_open = net_tcp_listeners_open,
	.listeners_close = net_tcp_listeners_close,
	.open = net_tcp_worker_open,
	.close = close_all,
	.wake_add = wake_add,
	.poll_in = poll_in,
	.poll_out = poll_out,
	.stop_accepting = stop_accepting,
	.accept = accept_next,
	.ready_node = ready_node,
	.of_ready = of_ready,
	.owner_set = owner_set,
	.owner = owner,
	.service_idx = service_idx,
	.peer = peer,
	.local = local,
	.rx = rx,
	.rx_done = rx_done,
	.tx = tx,
	.tx_waiting_bytes = tx_waiting_bytes,
	.tx_has_room = tx_has_room,
	.shut = shut,
	.abort = abort_now,
	.stats_get = stats_get,
	.look = look,
};
