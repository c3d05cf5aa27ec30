/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS over another wire: from the first byte on, or after STARTTLS. What that
 * wire carries is encrypted; until TLS begins, it is left alone.
 */
#include "bench/load_wire.h"
#include "engine/base/clock.h"
#include "tls/tls_client.h"

#include <errno.h>

#define WRITE_BYTES (16u * 1024) /* a record's */
#define OUT_MAX	    (64u * 1024) /* waits to be sent; then plain text waits */

static int
open_under(struct load_thread *t)
{
	return t->under->open(t);
}

static void
close_under(struct load_thread *t)
{
	tls_session_free(&t->tls_session);
	t->under->close(t);
}

/* Sends what is encrypted. True: all of it. */
static bool
flush(struct load_thread *t, struct load_sock *s)
{
	struct span out;

	while ((out = tls_client_out(s->tls)).len > 0) {
		struct iovec iov = { (void *)out.p, out.len };
		ssize_t n = t->under->send(t, s, &iov, 1);

		if (n <= 0)
			return false;
		tls_client_out_sent(s->tls, (size_t)n);
		if ((size_t)n < out.len)
			return false;
	}
	return true;
}

static void
flush_any(struct load_thread *t, struct load_sock *s)
{
	if (s->tls != NULL)
		(void)!flush(t, s);
}

static int
begin_tls(struct load_thread *t, struct load_sock *s)
{
	must(s->tls == NULL);
	s->tls_us = clock_now_us();
	s->tls = tls_client_new(t->shared->tls, NULL, t->tls_session);
	if (s->tls == NULL)
		return -ENOMEM;
	s->is_tls_open = false;
	return 0;
}

static int
begin(struct load_thread *t, struct load_sock *s)
{
	int ret = t->under->connect(t, s);

	if (ret == 0 && t->shared->cfg->tls == LOAD_TLS_IMPLICIT) {
		ret = begin_tls(t, s);
		if (ret == 0)
			flush_any(t, s);
	}
	return ret;
}

static void
hang_up(struct load_thread *t, struct load_sock *s)
{
	if (s->tls != NULL) {
		struct tls_session *session = tls_client_session(s->tls);

		if (s->conn.is_in_order) {
			tls_client_shut(s->tls);
			flush_any(t, s);
		}
		if (session != NULL && t->shared->cfg->is_tls_resumed) {
			tls_session_free(&t->tls_session);
			t->tls_session = session;
		} else if (session != NULL) {
			tls_session_free(&session);
		}
		tls_client_free(&s->tls);
	}
	t->under->hang_up(t, s);
}

static ssize_t
send_some(struct load_thread *t, struct load_sock *s, const struct iovec *iov,
	  unsigned iov_n)
{
	size_t taken = 0;

	if (s->tls == NULL)
		return t->under->send(t, s, iov, iov_n);
	for (unsigned i = 0; i < iov_n; i++) {
		struct span left = { iov[i].iov_base, iov[i].iov_len };

		while (left.len > 0) {
			struct span now = span_to(left, left.len < WRITE_BYTES
								? left.len
								: WRITE_BYTES);

			if (tls_client_out(s->tls).len >= OUT_MAX &&
			    !flush(t, s))
				return (ssize_t)taken;
			if (!tls_client_write(s->tls, now))
				return (ssize_t)taken;
			taken += now.len;
			left = span_from(left, now.len);
		}
	}
	(void)!flush(t, s);
	return (ssize_t)taken;
}

/* The handshake is done, or it has failed. */
static int
on_step(struct load_thread *t, struct load_sock *s)
{
	struct load_stats *stats = &t->stats;

	switch (tls_client_state(s->tls)) {
	case TLS_CLIENT_HANDSHAKE:
		return 0;
	case TLS_CLIENT_FAILED:
		if (!s->is_tls_open)
			stats->tls_failed_n++;
		load_stats_reply(stats, s->conn.phase, LOAD_WRONG, 0,
				 span_of(tls_client_error(s->tls)));
		return -EPROTO;
	case TLS_CLIENT_OPEN:
	case TLS_CLIENT_ENDED:
		break;
	}
	if (s->is_tls_open)
		return 0;
	s->is_tls_open = true;
	stats->tls_n++;
	stats->tls_resumed_n += tls_client_is_resumed(s->tls);
	histogram_add(&stats->tls, clock_now_us() - s->tls_us);
	if (t->shared->cfg->tls == LOAD_TLS_STARTTLS)
		load_conn_tls_up(&s->conn);
	return 0;
}

/* Plain text out of what the wire has, until there is some or no more. */
static ssize_t
recv_some(struct load_thread *t, struct load_sock *s)
{
	size_t sum = 0, n;

	if (s->tls == NULL)
		return t->under->recv(t, s);
	while (sum == 0) {
		ssize_t got = t->under->recv(t, s);
		int ret;

		if (got <= 0)
			return got;
		tls_client_feed(s->tls, (struct span) { t->rx, (size_t)got });
		ret = on_step(t, s);
		flush_any(t, s);
		if (ret != 0)
			return ret;
		while ((n = tls_client_read(s->tls, t->rx + sum,
					    sizeof(t->rx) - sum)) > 0)
			sum += n;
		if (sum == 0 && tls_client_state(s->tls) == TLS_CLIENT_ENDED)
			return 0;
		if (sum == 0 && on_step(t, s) != 0)
			return -EPROTO;
	}
	return (ssize_t)sum;
}

static void
wait_under(struct load_thread *t, int ms)
{
	t->under->wait(t, ms);
}

const struct load_wire_ops load_wire_tls = {
	.open = open_under,
	.close = close_under,
	.connect = begin,
	.hang_up = hang_up,
	.begin_tls = begin_tls,
	.flush = flush_any,
	.send = send_some,
	.recv = recv_some,
	.wait = wait_under,
};
