/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams over kernel sockets: one epoll set per worker, edge-triggered, a
 * stream registered once in its life. Bytes are read into one buffer that all
 * streams of a worker share; only what an owner leaves is kept per stream, so
 * an idle connection has no buffer at all.
 */
#include "dataplane/net_listen.h"
#include "engine/base/clock.h"
#include "engine/base/counter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX	 256
#define ACCEPTS_MAX	 64 /* per listener and turn */
#define WAKES_MAX	 8
#define LINGER_US	 (5 * US_PER_SEC)
#define LINGER_BYTES_MAX (1u << 20)

enum kind { KIND_LISTENER, KIND_WAKE, KIND_STREAM };

/* What an epoll event points at. */
struct source {
	enum kind kind;
	int fd;
	unsigned service_idx; /* KIND_LISTENER */
};

struct net_stream {
	struct source source;
	struct ready_node ready;
	void *owner;			/* NULL: given up, being closed */
	struct net_stream *next, *prev; /* accepted, or closing */
	char *left;    /* received and not used up; NULL: none */
	char *waiting; /* to be sent; NULL: none */
	uint32_t left_at, left_len;
	uint32_t waiting_at, waiting_len, waiting_cap;
	uint64_t close_by_us; /* closing: no later than this */
	uint32_t lingered_bytes;
	bool is_readable; /* a read may give something */
	bool is_ended;	  /* RDHUP or HUP seen: read until 0 */
	bool is_half_shut;
	bool is_lost; /* no memory for what it left */
	uint16_t peer_port;
	struct ip peer;
};

struct net {
	int epoll_fd;
	bool is_accepting;
	uint32_t conns_max, rx_bytes;
	struct net_listeners *listeners;
	unsigned worker_idx;
	char *rx;		     /* everybody's read buffer */
	struct net_stream *rx_owner; /* whose bytes are in it */
	struct net_stream accepted;  /* list head, newest last */
	struct net_stream closing;   /* list head, first to expire first */
	struct net_stream *free_streams;
	struct source *listener_sources;
	struct source wakes[WAKES_MAX];
	unsigned wakes_n, listener_sources_n;
	struct {
		counter_t accepted, refused, open, rx_bytes, tx_bytes, rx, tx;
		counter_t closed;
	} count;
};

/* --- lists of streams --- */

static void
list_init(struct net_stream *head)
{
	head->next = head->prev = head;
}

static void
list_add(struct net_stream *head, struct net_stream *s)
{
	s->prev = head->prev;
	s->next = head;
	head->prev->next = s;
	head->prev = s;
}

static void
list_remove(struct net_stream *s)
{
	s->prev->next = s->next;
	s->next->prev = s->prev;
	s->next = s->prev = NULL;
}

/* --- open and close --- */

static int
watch(struct net *net, struct source *source, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = source };

	return epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, source->fd, &ev) ? -errno
									: 0;
}

static int
watch_listeners(struct net *net)
{
	struct net_listeners *ls = net->listeners;

	net->listener_sources =
		calloc(ls->n ? ls->n : 1, sizeof(*net->listener_sources));
	if (net->listener_sources == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < ls->n; i++) {
		struct source *at =
			&net->listener_sources[net->listener_sources_n];
		int ret;

		if (ls->all[i].worker_idx != net->worker_idx)
			continue;
		*at = (struct source) { KIND_LISTENER, ls->all[i].fd,
					ls->all[i].service_idx };
		ret = watch(net, at, EPOLLIN);
		if (ret)
			return ret;
		net->listener_sources_n++;
	}
	return 0;
}

struct net *
net_open(const struct net_cfg *cfg, struct net_listeners *listeners,
	 unsigned worker_idx)
{
	struct net *net = calloc(1, sizeof(*net));

	if (net == NULL)
		return NULL;
	net->conns_max = cfg->conns_max;
	net->rx_bytes = cfg->rx_bytes;
	net->listeners = listeners;
	net->worker_idx = worker_idx;
	net->is_accepting = true;
	list_init(&net->accepted);
	list_init(&net->closing);
	net->rx = malloc(net->rx_bytes);
	net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (net->rx == NULL || net->epoll_fd < 0 || watch_listeners(net) != 0)
		net_close(&net);
	return net;
}

static void
stream_free(struct net *net, struct net_stream *s)
{
	close(s->source.fd);
	free(s->left);
	free(s->waiting);
	if (s->next != NULL)
		list_remove(s);
	if (net->rx_owner == s)
		net->rx_owner = NULL;
	s->next = net->free_streams;
	net->free_streams = s;
	counter_add(&net->count.closed, 1);
}

void
net_close(struct net **net_inout)
{
	struct net *net = *net_inout;

	*net_inout = NULL;
	if (net == NULL)
		return;
	while (net->accepted.next && net->accepted.next != &net->accepted)
		stream_free(net, net->accepted.next);
	while (net->closing.next && net->closing.next != &net->closing)
		stream_free(net, net->closing.next);
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

int
net_wake_add(struct net *net, int fd)
{
	struct source *at = &net->wakes[net->wakes_n];

	must(net->wakes_n < WAKES_MAX);
	*at = (struct source) { KIND_WAKE, fd, 0 };
	net->wakes_n++;
	return watch(net, at, EPOLLIN);
}

void
net_stop_accepting(struct net *net)
{
	if (!net->is_accepting)
		return;
	net->is_accepting = false;
	for (unsigned i = 0; i < net->listener_sources_n; i++)
		epoll_ctl(net->epoll_fd, EPOLL_CTL_DEL,
			  net->listener_sources[i].fd, NULL);
}

/* --- new streams --- */

static struct net_stream *
stream_new(struct net *net)
{
	struct net_stream *s = net->free_streams;

	if (s == NULL)
		return calloc(1, sizeof(*s));
	net->free_streams = s->next;
	memset(s, 0, sizeof(*s));
	return s;
}

static uint64_t
open_n(const struct net *net)
{
	return counter_get(&net->count.accepted) -
	       counter_get(&net->count.closed);
}

static void
stream_begin(struct net *net, struct net_stream *s, int fd,
	     unsigned service_idx, const struct sockaddr_storage *peer)
{
	s->source = (struct source) { KIND_STREAM, fd, service_idx };
	ip_from_sockaddr(peer, &s->peer, &s->peer_port);
	list_add(&net->accepted, s);
	counter_add(&net->count.accepted, 1);
}

static bool
accept_one(struct net *net, const struct source *listener)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	struct net_stream *s;
	int fd = accept4(listener->fd, (struct sockaddr *)&peer, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) /* nobody there, or no descriptor: the backlog waits */
		return errno == ECONNABORTED || errno == EINTR;
	if (open_n(net) >= net->conns_max || (s = stream_new(net)) == NULL) {
		close(fd);
		counter_add(&net->count.refused, 1);
		return true;
	}
	stream_begin(net, s, fd, listener->service_idx, &peer);
	if (watch(net, &s->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) !=
	    0) {
		stream_free(net, s);
		counter_add(&net->count.refused, 1);
	}
	return true;
}

struct net_stream *
net_accept(struct net *net)
{
	struct net_stream *s = net->accepted.next;

	if (s == &net->accepted)
		return NULL;
	list_remove(s);
	return s;
}

/* --- sending --- */

/* Sends what waits. false: the peer is gone. */
static bool
flush(struct net *net, struct net_stream *s)
{
	while (s->waiting_len) {
		ssize_t n = send(s->source.fd, s->waiting + s->waiting_at,
				 s->waiting_len, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		counter_add(&net->count.tx, 1);
		counter_add(&net->count.tx_bytes, (uint64_t)n);
		s->waiting_at += (uint32_t)n;
		s->waiting_len -= (uint32_t)n;
	}
	free(s->waiting);
	s->waiting = NULL;
	s->waiting_at = s->waiting_cap = 0;
	return true;
}

static bool
keep_waiting(struct net_stream *s, struct span bytes)
{
	uint32_t need = s->waiting_len + (uint32_t)bytes.len;

	if (s->waiting_at)
		memmove(s->waiting, s->waiting + s->waiting_at, s->waiting_len);
	s->waiting_at = 0;
	if (need > s->waiting_cap) {
		char *p = realloc(s->waiting, need);

		if (p == NULL)
			return false;
		s->waiting = p;
		s->waiting_cap = need;
	}
	memcpy(s->waiting + s->waiting_len, bytes.p, bytes.len);
	s->waiting_len = need;
	return true;
}

bool
net_tx(struct net *net, struct net_stream *s, struct span bytes)
{
	ssize_t n = 0;

	if (s->waiting_len + bytes.len > NET_TX_BYTES_MAX)
		return false;
	if (s->waiting_len == 0) {
		n = send(s->source.fd, bytes.p, bytes.len, MSG_NOSIGNAL);
		if (n < 0)
			/* A peer that is gone shows itself at the next read. */
			n = errno == EAGAIN || errno == EINTR
				    ? 0
				    : (ssize_t)bytes.len;
		counter_add(&net->count.tx, 1);
		counter_add(&net->count.tx_bytes, (uint64_t)n);
	}
	if ((size_t)n == bytes.len)
		return true;
	return keep_waiting(s, span_from(bytes, (size_t)n));
}

size_t
net_tx_waiting_bytes(const struct net_stream *s)
{
	return s->waiting_len;
}

/* --- receiving --- */

enum net_rx
net_rx(struct net *net, struct net_stream *s, struct span *out)
{
	ssize_t n;

	if (s->left_len) {
		*out = (struct span) { s->left + s->left_at, s->left_len };
		return NET_RX_BYTES;
	}
	if (s->is_lost)
		return NET_RX_LOST;
	if (!s->is_readable)
		return NET_RX_EMPTY;
	do
		n = recv(s->source.fd, net->rx, net->rx_bytes, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		s->is_readable = false;
		return NET_RX_END;
	}
	if (n < 0) {
		s->is_readable = false;
		return errno == EAGAIN ? NET_RX_EMPTY : NET_RX_LOST;
	}
	/* A short read has emptied the socket; what comes later is an event. */
	if ((size_t)n < net->rx_bytes && !s->is_ended)
		s->is_readable = false;
	counter_add(&net->count.rx, 1);
	counter_add(&net->count.rx_bytes, (uint64_t)n);
	net->rx_owner = s;
	*out = (struct span) { net->rx, (size_t)n };
	s->left_at = 0;
	s->left_len = (uint32_t)n;
	return NET_RX_BYTES;
}

void
net_rx_done(struct net *net, struct net_stream *s, size_t used_bytes)
{
	must(used_bytes <= s->left_len);
	s->left_at += (uint32_t)used_bytes;
	s->left_len -= (uint32_t)used_bytes;
	if (s->left_len == 0) {
		free(s->left);
		s->left = NULL;
	} else if (net->rx_owner == s) {
		/* Kept: the shared buffer is the next stream's. */
		s->left = malloc(s->left_len);
		if (s->left != NULL)
			memcpy(s->left, net->rx + s->left_at, s->left_len);
		else
			s->left_len = 0;
		s->is_lost = s->left == NULL;
		s->left_at = 0;
	}
	if (net->rx_owner == s)
		net->rx_owner = NULL;
}

/* --- closing --- */

static void
drain(struct net *net, struct net_stream *s)
{
	while (s->is_readable && s->lingered_bytes < LINGER_BYTES_MAX) {
		ssize_t n = recv(s->source.fd, net->rx, net->rx_bytes, 0);

		if (n < 0 && errno == EAGAIN) {
			s->is_readable = false;
			return;
		}
		if (n <= 0)
			break;
		s->lingered_bytes += (uint32_t)n;
	}
	if (s->is_readable)
		stream_free(net, s);
}

/*
 * A close with unread input would reset the connection and may destroy the
 * last reply on its way (RFC 1122 section 4.2.2.13): say FIN first, read on.
 */
static void
closing_step(struct net *net, struct net_stream *s)
{
	if (!flush(net, s)) {
		stream_free(net, s);
		return;
	}
	if (s->waiting_len)
		return;
	if (!s->is_half_shut) {
		if (!s->is_readable && !s->left_len) {
			stream_free(net, s);
			return;
		}
		shutdown(s->source.fd, SHUT_WR);
		s->is_half_shut = true;
	}
	drain(net, s);
}

void
net_shut(struct net *net, struct net_stream **s_inout)
{
	struct net_stream *s = *s_inout;

	*s_inout = NULL;
	s->owner = NULL;
	s->close_by_us = clock_now_us() + LINGER_US;
	list_add(&net->closing, s);
	closing_step(net, s);
}

void
net_abort(struct net *net, struct net_stream **s_inout)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct net_stream *s = *s_inout;

	*s_inout = NULL;
	setsockopt(s->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	stream_free(net, s);
}

/* --- the turn --- */

static void
stream_event(struct net *net, struct net_stream *s, uint32_t events,
	     struct ready *ready)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->is_readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->is_ended = true;
	if (s->close_by_us) {
		closing_step(net, s);
		return;
	}
	if (events == EPOLLOUT && !s->waiting_len)
		return; /* every socket says so once, at its start */
	if (s->waiting_len && (events & EPOLLOUT) && !flush(net, s))
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
expire_closing(struct net *net)
{
	struct net_stream *s = net->closing.next;
	uint64_t now;

	if (s == &net->closing)
		return;
	now = clock_now_us();
	while (s != &net->closing && s->close_by_us <= now) {
		stream_free(net, s);
		s = net->closing.next;
	}
}

unsigned
net_poll_in(struct net *net, struct ready *ready, uint64_t sleep_until_us)
{
	struct epoll_event events[EVENTS_MAX];
	int timeout = sleep_ms(sleep_until_us), n;

	expire_closing(net);
	if (net->closing.next != &net->closing && timeout > 1000)
		timeout = 1000;
	n = epoll_wait(net->epoll_fd, events, EVENTS_MAX, timeout);
	for (int i = 0; i < n; i++) {
		struct source *source = events[i].data.ptr;
		uint64_t sink;

		switch (source->kind) {
		case KIND_LISTENER:
			for (int k = 0; k < ACCEPTS_MAX; k++)
				if (!accept_one(net, source))
					break;
			break;
		case KIND_WAKE:
			if (read(source->fd, &sink, sizeof(sink)) < 0)
				break; /* somebody else was faster */
			break;
		case KIND_STREAM:
			stream_event(
				net,
				CONTAINER_OF(source, struct net_stream, source),
				events[i].events, ready);
			break;
		}
	}
	return n > 0 ? (unsigned)n : 0;
}

unsigned
net_poll_out(struct net *net)
{
	(void)net; /* sockets send in net_tx(): one write per run of a stream */
	return 0;
}

/* --- facts --- */

struct ready_node *
net_ready_node(struct net_stream *s)
{
	return &s->ready;
}

struct net_stream *
net_of_ready(struct ready_node *n)
{
	return CONTAINER_OF(n, struct net_stream, ready);
}

void
net_owner_set(struct net_stream *s, void *owner)
{
	s->owner = owner;
}

void *
net_owner(const struct net_stream *s)
{
	return s->owner;
}

unsigned
net_service_idx(const struct net_stream *s)
{
	return s->source.service_idx;
}

const struct ip *
net_peer(const struct net_stream *s, uint16_t *port_out)
{
	*port_out = s->peer_port;
	return &s->peer;
}

int
net_local(const struct net_stream *s, struct ip *out, uint16_t *port_out)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (getsockname(s->source.fd, (struct sockaddr *)&local, &len))
		return -errno;
	ip_from_sockaddr(&local, out, port_out);
	return 0;
}

void
net_stats_get(const struct net *net, struct net_stats *out)
{
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
