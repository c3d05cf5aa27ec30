/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stream over a kernel socket: its bytes in and out, and its end, which
 * must not destroy the last reply.
 */
#include "dataplane/net_sock.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_US	 (5 * US_PER_SEC)
#define LINGER_BYTES_MAX (1u << 20)

void
net_stream_free(struct net_sock *net, struct net_stream *s)
{
	close(s->source.fd);
	free(s->left);
	free(s->waiting);
	if (s->next != NULL)
		net_list_remove(s);
	if (net->rx_owner == s)
		net->rx_owner = NULL;
	s->next = net->free_streams;
	net->free_streams = s;
	counter_add(&net->count.closed, 1);
}

/* --- sending --- */

bool
net_stream_flush(struct net_sock *net, struct net_stream *s)
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
net_stream_tx(struct net *base, struct net_stream *s, struct span bytes)
{
	struct net_sock *net = net_sock_of(base);
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

/* --- receiving --- */

enum net_rx
net_stream_rx(struct net *base, struct net_stream *s, struct span *out)
{
	struct net_sock *net = net_sock_of(base);
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
net_stream_rx_done(struct net *base, struct net_stream *s, size_t used_bytes)
{
	struct net_sock *net = net_sock_of(base);

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
drain(struct net_sock *net, struct net_stream *s)
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
		net_stream_free(net, s);
}

/*
 * A close with unread input would reset the connection and may destroy the
 * last reply on its way (RFC 1122 section 4.2.2.13): say FIN first, read on.
 */
void
net_stream_close_step(struct net_sock *net, struct net_stream *s)
{
	if (!net_stream_flush(net, s)) {
		net_stream_free(net, s);
		return;
	}
	if (s->waiting_len)
		return;
	if (!s->is_half_shut) {
		if (!s->is_readable && !s->left_len) {
			net_stream_free(net, s);
			return;
		}
		shutdown(s->source.fd, SHUT_WR);
		s->is_half_shut = true;
	}
	drain(net, s);
}

void
net_stream_shut(struct net *base, struct net_stream *s)
{
	struct net_sock *net = net_sock_of(base);

	s->owner = NULL;
	s->close_by_us = clock_now_us() + LINGER_US;
	net_list_add(&net->closing, s);
	net_stream_close_step(net, s);
}

void
net_stream_abort(struct net *base, struct net_stream *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(s->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	net_stream_free(net_sock_of(base), s);
}
