/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's TLS: handshakes that go on elsewhere, records that are the
 * worker's or, with penstock_tls_offload = all, the TLS threads'.
 */
#include "engine/conn_tls.h"
#include "engine/conn_log.h"

/* Sent before our 220, and more than this: not a client that can be helped. */
#define DRAIN_BYTES_MAX (1u << 20)

bool
conn_tls_is_away(const struct conn *c)
{
	return c->tls != NULL && tls_conn_is_away(c->tls);
}

bool
conn_tls_flush(struct worker *w, struct conn *c)
{
	struct span out = tls_conn_out(c->tls);
	bool is_sent = out.len == 0 || net_tx(w->net, c->stream, out);

	tls_conn_out_sent(c->tls);
	return is_sent;
}

bool
conn_tls_put(struct worker *w, struct conn *c, struct span replies)
{
	if (!tls_conn_write(c->tls, replies))
		return false;
	return tls_conn_is_away(c->tls) || conn_tls_flush(w, c);
}

/* --- the handshake --- */

/*
 * CVE-2011-0411: what came before our 220 was not meant for what follows it, or
 * not by who sends that. Streams give what TCP has reassembled too.
 */
static bool
drain(struct worker *w, struct conn *c)
{
	size_t sum = 0;
	struct span in;

	while (sum < DRAIN_BYTES_MAX) {
		switch (net_rx(w->net, c->stream, &in)) {
		case NET_RX_BYTES:
			sum += in.len;
			net_rx_done(w->net, c->stream, in.len);
			break;
		case NET_RX_EMPTY:
			return true;
		case NET_RX_END:
		case NET_RX_LOST:
			return false;
		}
	}
	return false;
}

enum conn_tls
conn_tls_begin(struct worker *w, struct conn *c)
{
	bool is_asked = c->smtp.is_tls_asked;

	if (is_asked && !tls_has_room(w->tls, w->idx)) {
		smtp_tls_begin(&c->smtp, &w->out, false, w->now_us);
		counter_add(&w->stats.tls_refused, 1);
		return CONN_TLS_REFUSED;
	}
	if (c->tls_ctx == NULL) {
		conn_log_tls_failed(c, TLS_REASON_OTHER, "no certificate");
		return CONN_TLS_CLOSE;
	}
	if (is_asked && !drain(w, c)) {
		conn_log_lost(c);
		return CONN_TLS_CLOSE;
	}
	smtp_tls_begin(&c->smtp, &w->out, true, w->now_us);
	if (w->out.len &&
	    !net_tx(w->net, c->stream, (struct span) { w->out.p, w->out.len }))
		return CONN_TLS_CLOSE;
	w->out.len = 0;
	c->tls = tls_conn_new(w->tls, w->idx, c->tls_ctx, c);
	c->tls_why = TLS_REASON_GONE;
	c->wait = CONN_WAIT_TLS;
	return c->tls != NULL ? conn_tls_step(w, c) : CONN_TLS_CLOSE;
}

static enum conn_tls
done(struct worker *w, struct conn *c)
{
	const struct tls_info *info = tls_conn_info(c->tls);

	c->tls_text =
		(struct smtp_tls) { info->summary, info->detail, info->peer };
	c->tls_info = info;
	c->wait = CONN_WAIT_PEER;
	c->has_work = true;
	conn_log_tls(c, info);
	smtp_tls_done(&c->smtp, &c->tls_text, w->now_us);
	return CONN_TLS_DONE;
}

enum conn_tls
conn_tls_step(struct worker *w, struct conn *c)
{
	struct span in;

	while (!tls_conn_is_away(c->tls)) {
		enum tls_state state = tls_conn_state(c->tls);

		if (!conn_tls_flush(w, c))
			return CONN_TLS_CLOSE;
		if (state == TLS_OPEN || state == TLS_ENDED)
			return done(w, c);
		if (state == TLS_FAILED) {
			conn_log_tls_failed(c, tls_conn_reason(c->tls),
					    tls_conn_error(c->tls));
			conn_log_lost(c);
			return CONN_TLS_CLOSE;
		}
		switch (net_rx(w->net, c->stream, &in)) {
		case NET_RX_BYTES:
			net_rx_done(w->net, c->stream,
				    tls_conn_feed(c->tls, in, w->now_us));
			break;
		case NET_RX_EMPTY:
			return CONN_TLS_WAIT;
		case NET_RX_END:
		case NET_RX_LOST:
			conn_log_tls_failed(c, TLS_REASON_GONE, "");
			conn_log_lost(c);
			return CONN_TLS_CLOSE;
		}
	}
	return CONN_TLS_WAIT;
}

/* --- records --- */

bool
conn_tls_push(struct worker *w, struct conn *c)
{
	struct span in;

	tls_conn_push(c->tls);
	while (!tls_conn_is_away(c->tls) &&
	       tls_conn_state(c->tls) == TLS_OPEN) {
		size_t used;

		switch (net_rx(w->net, c->stream, &in)) {
		case NET_RX_BYTES:
			used = tls_conn_feed(c->tls, in, w->now_us);
			net_rx_done(w->net, c->stream, used);
			if (used == 0)
				return true; /* plain text waits for its turn */
			break;
		case NET_RX_EMPTY:
			return true;
		case NET_RX_END:
		case NET_RX_LOST:
			return false;
		}
	}
	return true;
}

void
conn_tls_close(struct worker *w, struct conn *c)
{
	if (c->tls == NULL)
		return;
	if (!tls_conn_is_away(c->tls)) {
		tls_conn_shut(c->tls);
		(void)!conn_tls_flush(w, c);
	}
	tls_conn_close(&c->tls, c->tls_why);
}
