/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over kernel sockets: one epoll set per worker, edge-triggered, a
 * stream registered once in its life. Bytes are read into one buffer that all
 * streams of a worker share; only what an owner leaves is kept per stream, so
 * an idle connection has no buffer at all.
 */
#include "dataplane/net_sock.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define EVENTS_MAX  256
#define ACCEPTS_MAX 64	    /* per listener and turn */
#define REST_US	    100000u /* without descriptors: accept nothing so long */

/* --- open and close --- */

static int
watch(struct net_sock *net, struct net_source *source, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = source };

	return epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, source->fd, &ev) ? -errno
									: 0;
}

static int
watch_listeners(struct net_sock *net)
{
	struct net_sock_listeners *ls = net->listeners;

	net->listener_sources =
		calloc(ls->n ? ls->n : 1, sizeof(*net->listener_sources));
	if (net->listener_sources == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < ls->n; i++) {
		struct net_source *at =
			&net->listener_sources[net->listener_sources_n];
		int ret;

		if (ls->all[i].worker_idx != net->worker_idx)
			continue;
		*at = (struct net_source) { NET_LISTENER, ls->all[i].fd,
					    ls->all[i].service_idx };
		ret = watch(net, at, EPOLLIN);
		if (ret)
			return ret;
		net->listener_sources_n++;
	}
	return 0;
}

static void
close_all(struct net *base)
{
	struct net_sock *net = net_sock_of(base);

	while (net->accepted.next != &net->accepted)
		net_stream_free(net, net->accepted.next);
	while (net->closing.next != &net->closing)
		net_stream_free(net, net->closing.next);
	while (net->free_streams != NULL) {
		struct net_stream *s = net->free_streams;

		net->free_streams = s->next;
		free(s);
	}
	if (net->epoll_fd >= 0)
		close(net->epoll_fd);
	free(net->listener_sources);
	free(net->rx);
	free(net);
}

static struct net *
open_one(const struct net_cfg *cfg, struct net_listeners *listeners,
	 unsigned worker_idx, struct diag *diag)
{
	struct net_sock *net = must_alloc(sizeof(*net));

	net->base.ops = &net_sock_ops;
	net->conns_max = cfg->conns_max;
	net->rx_bytes = cfg->rx_bytes;
	net->listeners =
		CONTAINER_OF(listeners, struct net_sock_listeners, base);
	net->worker_idx = worker_idx;
	net->is_accepting = true;
	net_list_init(&net->accepted);
	net_list_init(&net->closing);
	net->rx = malloc(net->rx_bytes);
	net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (net->rx != NULL && net->epoll_fd >= 0 && watch_listeners(net) == 0)
		return &net->base;
	diag_fail(diag, EX_OSERR, NULL, 0, "cannot watch sockets: %s",
		  strerror(errno));
	close_all(&net->base);
	return NULL;
}

static int
wake_add(struct net *base, int fd)
{
	struct net_sock *net = net_sock_of(base);
	struct net_source *at = &net->wakes[net->wakes_n];

	must(net->wakes_n < NET_WAKES_MAX);
	*at = (struct net_source) { NET_WAKE, fd, 0 };
	net->wakes_n++;
	return watch(net, at, EPOLLIN);
}

static void
listen_events(struct net_sock *net, uint32_t events)
{
	for (unsigned i = 0; i < net->listener_sources_n; i++) {
		struct net_source *at = &net->listener_sources[i];
		struct epoll_event ev = { .events = events, .data.ptr = at };

		epoll_ctl(net->epoll_fd, EPOLL_CTL_MOD, at->fd, &ev);
	}
}

static void
stop_accepting(struct net *base)
{
	struct net_sock *net = net_sock_of(base);

	net->is_accepting = false;
	listen_events(net, 0);
}

/*
 * No descriptor for who knocks: a listener that stays ready would keep the
 * worker spinning. The backlog waits until some connection has ended.
 */
static void
rest(struct net_sock *net)
{
	net->rest_until_us = clock_now_us() + REST_US;
	listen_events(net, 0);
}

static void
rest_end(struct net_sock *net)
{
	if (net->rest_until_us == 0 || clock_now_us() < net->rest_until_us)
		return;
	net->rest_until_us = 0;
	if (net->is_accepting)
		listen_events(net, EPOLLIN);
}

/* --- new streams --- */

static struct net_stream *
stream_new(struct net_sock *net)
{
	struct net_stream *s = net->free_streams;

	if (s == NULL)
		return calloc(1, sizeof(*s));
	net->free_streams = s->next;
	memset(s, 0, sizeof(*s));
	return s;
}

static uint64_t
open_n(const struct net_sock *net)
{
	return counter_get(&net->count.accepted) -
	       counter_get(&net->count.closed);
}

static void
stream_begin(struct net_sock *net, struct net_stream *s, int fd,
	     unsigned service_idx, const struct sockaddr_storage *peer)
{
	s->source = (struct net_source) { NET_STREAM, fd, service_idx };
	ip_from_sockaddr(peer, &s->peer, &s->peer_port);
	net_list_add(&net->accepted, s);
	counter_add(&net->count.accepted, 1);
}

static bool
accept_one(struct net_sock *net, const struct net_source *listener)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct net_stream *s;
	int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			rest(net);
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (open_n(net) >= net->conns_max || (s = stream_new(net)) == NULL) {
		close(fd);
		counter_add(&net->count.refused, 1);
		return true;
	}
	stream_begin(net, s, fd, listener->service_idx, &peer);
	if (watch(net, &s->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) !=
	    0) {
		net_stream_free(net, s);
		counter_add(&net->count.refused, 1);
	}
	return true;
}

static struct net_stream *
accept_next(struct net *base)
{
	struct net_sock *net = net_sock_of(base);
	struct net_stream *s = net->accepted.next;

	if (s == &net->accepted)
		return NULL;
	net_list_remove(s);
	return s;
}

/* --- the turn --- */

static void
stream_event(struct net_sock *net, struct net_stream *s, uint32_t events,
	     struct ready *ready)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->is_readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->is_ended = true;
	if (s->close_by_us) {
		net_stream_close_step(net, s);
		return;
	}
	if (events == EPOLLOUT && !s->waiting_len)
		return; /* every socket says so once, at its start */
	if (s->waiting_len && (events & EPOLLOUT) && !net_stream_flush(net, s))
		s->is_readable = s->is_ended = true;
	if (s->owner != NULL)
		ready_add(ready, &s->ready);
}

static int
sleep_ms(uint64_t sleep_until_us)
{
	uint64_t now;

	if (sleep_until_us == 0)
		return 0;
	now = clock_now_us();
	if (sleep_until_us <= now)
		return 0;
	if (sleep_until_us - now > 60 * US_PER_SEC)
		return 60 * 1000;
	return (int)((sleep_until_us - now + 999) / 1000);
}

static void
expire_closing(struct net_sock *net)
{
	struct net_stream *s = net->closing.next;
	uint64_t now;

	if (s == &net->closing)
		return;
	now = clock_now_us();
	while (s != &net->closing && s->close_by_us <= now) {
		net_stream_free(net, s);
		s = net->closing.next;
	}
}

static unsigned
poll_in(struct net *base, struct ready *ready, uint64_t sleep_until_us)
{
	struct net_sock *net = net_sock_of(base);
	struct epoll_event events[EVENTS_MAX];
	int timeout = sleep_ms(sleep_until_us), n;

	expire_closing(net);
	rest_end(net);
	if (net->rest_until_us && timeout > (int)(REST_US / 1000))
		timeout = REST_US / 1000;
	if (net->closing.next != &net->closing && timeout > 1000)
		timeout = 1000;
	n = epoll_wait(net->epoll_fd, events, EVENTS_MAX, timeout);
	for (int i = 0; i < n; i++) {
		struct net_source *source = events[i].data.ptr;
		uint64_t sink;

		switch (source->kind) {
		case NET_LISTENER:
			for (int k = 0; k < ACCEPTS_MAX; k++)
				if (!accept_one(net, source))
					break;
			break;
		case NET_WAKE:
			if (read(source->fd, &sink, sizeof(sink)) < 0)
				break; /* somebody else was faster */
			break;
		case NET_STREAM:
			stream_event(
				net,
				CONTAINER_OF(source, struct net_stream, source),
				events[i].events, ready);
			break;
		}
	}
	return n > 0 ? (unsigned)n : 0;
}

static unsigned
poll_out(struct net *base)
{
	(void)base; /* sockets send in net_tx(): one write per run of a stream
		     */
	return 0;
}

/* --- facts --- */

static struct ready_node *
ready_node(struct net_stream *s)
{
	return &s->ready;
}

static struct net_stream *
of_ready(struct ready_node *n)
{
	return CONTAINER_OF(n, struct net_stream, ready);
}

static void
owner_set(struct net_stream *s, void *owner)
{
	s->owner = owner;
}

static void *
owner(const struct net_stream *s)
{
	return s->owner;
}

static unsigned
service_idx(const struct net_stream *s)
{
	return s->source.service_idx;
}

static void
peer(const struct net_stream *s, struct ip *out, uint16_t *port_out)
{
	*out = s->peer;
	*port_out = s->peer_port;
}

static int
local(const struct net_stream *s, struct ip *out, uint16_t *port_out)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	if (getsockname(s->source.fd, (struct sockaddr *)&at, &len))
		return -errno;
	ip_from_sockaddr(&at, out, port_out);
	return 0;
}

static size_t
tx_waiting_bytes(const struct net *base, const struct net_stream *s)
{
	(void)base;
	return s->waiting_len;
}

static bool
tx_has_room(struct net *base, struct net_stream *s)
{
	return tx_waiting_bytes(base, s) == 0;
}

static void
stats_get(const struct net *base, struct net_stats *out)
{
	const struct net_sock *net = net_sock_of(base);

	*out = (struct net_stats) {
		.accepted_n = counter_get(&net->count.accepted),
		.refused_n = counter_get(&net->count.refused),
		.open_n = open_n(net),
		.rx_bytes = counter_get(&net->count.rx_bytes),
		.tx_bytes = counter_get(&net->count.tx_bytes),
		.rx_n = counter_get(&net->count.rx),
		.tx_n = counter_get(&net->count.tx),
	};
}

const struct net_ops net_sock_ops = {
	.listeners_open = net_sock_listeners_open,
	.listeners_close = net_sock_listeners_close,
	.open = open_one,
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
	.rx = net_stream_rx,
	.rx_done = net_stream_rx_done,
	.tx = net_stream_tx,
	.tx_waiting_bytes = tx_waiting_bytes,
	.tx_has_room = tx_has_room,
	.shut = net_stream_shut,
	.abort = net_stream_abort,
	.stats_get = stats_get,
};
