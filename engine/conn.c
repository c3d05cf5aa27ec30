/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection: runs the SMTP machine on what has arrived and executes its
 * wants: policy is asked (conn_check.c), TLS begins (conn_tls.c), somebody logs
 * in (conn_auth.c), chunks and messages go to the queue, replies to the stream.
 */
#include "engine/conn.h"
#include "engine/base/clock.h"
#include "engine/conn_auth.h"
#include "engine/conn_log.h"
#include "engine/conn_tls.h"

#include <errno.h>
#include <stdlib.h>

#define READS_MAX    8 /* per run: then the others get their turn */
#define RETRY_MAX_US (30 * US_PER_SEC)
#define AWAY_US	     100000u /* its bytes are on their way */

/* --- the queue --- */

static void
retry_later(struct worker *w, struct conn *c)
{
	c->wait = CONN_WAIT_RETRY;
	c->has_work = true;
	if (c->retry_since_us == 0)
		c->retry_since_us = w->now_us;
	if (c->is_on_retry)
		return;
	c->is_on_retry = true;
	c->next_retry = w->retry;
	w->retry = c;
}

/* Hands waiting chunks on. false: the queue takes no more now. */
static bool
stream_chunks(struct worker *w, struct conn *c)
{
	while (c->streaming != NULL) {
		struct chunk *rest = c->streaming->next, *one = c->streaming;
		int ret;

		one->next = NULL;
		ret = queue_chunk_submit(w->queue, c->msg, &one);
		if (ret == 0) {
			c->streaming = rest;
			continue;
		}
		c->streaming->next = rest;
		if (ret == -EFBIG) { /* more than one entry can hold */
			chunk_put(c->streaming);
			c->streaming = NULL;
			smtp_too_big(&c->smtp);
			return true;
		}
		counter_add(&w->stats.waits_queue, 1);
		retry_later(w, c);
		return false;
	}
	return true;
}

static void
finish(struct worker *w, struct conn *c, enum queue_outcome outcome)
{
	static const enum smtp_commit commits[] = {
		[QUEUE_DURABLE] = SMTP_COMMIT_OK,
		[QUEUE_FULL] = SMTP_COMMIT_FULL,
		[QUEUE_FAILED] = SMTP_COMMIT_FAILED,
	};
	struct smtp_facts facts = smtp_facts(&c->smtp);

	c->is_commit_wanted = false;
	c->retry_since_us = 0;
	c->wait = CONN_WAIT_PEER;
	c->has_work = true;
	if (outcome == QUEUE_DURABLE) {
		counter_add(&w->stats.messages, 1);
		counter_add(&w->stats.message_bytes, facts.size_bytes);
		counter_add(&w->stats.recipients, facts.rcpt_n);
	} else {
		counter_add(outcome == QUEUE_FULL ? &w->stats.full
						  : &w->stats.failed,
			    1);
		conn_log_commit_failed(c, outcome);
	}
	smtp_committed(&c->smtp, &w->out, commits[outcome], w->now_us);
}

/* The message is whole: makes it durable. */
static void
commit(struct worker *w, struct conn *c)
{
	c->is_commit_wanted = true;
	if (c->is_discard) {
		queue_msg_drop(w->queue, &c->msg);
		finish(w, c, QUEUE_DURABLE);
		return;
	}
	if (!stream_chunks(w, c))
		return;
	if (!c->is_sealed) {
		c->is_sealed = true;
		c->msg->body = smtp_body_take(&c->smtp);
		c->msg->body_bytes = smtp_facts(&c->smtp).size_bytes;
		envelope_seal(&c->msg->env, c->msg->body_bytes);
		conn_log_message(c);
	}
	if (queue_msg_submit(w->queue, &c->msg, c) == 0) {
		c->wait = CONN_WAIT_COMMIT;
		c->retry_since_us = 0;
		return;
	}
	counter_add(&w->stats.waits_queue, 1);
	if (c->retry_since_us && w->now_us - c->retry_since_us > RETRY_MAX_US) {
		queue_msg_drop(w->queue, &c->msg);
		finish(w, c, QUEUE_FULL);
		return;
	}
	retry_later(w, c);
}

/* --- the stream --- */

/* Sends the replies so far. false: the peer does not read: wait for it. */
static bool
send_replies(struct worker *w, struct conn *c)
{
	struct span bytes = { w->out.p, w->out.len };

	if (bytes.len == 0)
		return true;
	w->out.len = 0;
	if (c->wait == CONN_WAIT_TLS)
		return true; /* what could be said would not be understood */
	if (c->tls != NULL)
		return conn_tls_put(w, c, bytes);
	return net_tx(w->net, c->stream, bytes);
}

static void
conn_close(struct worker *w, struct conn *c)
{
	conn_log_disconnect(c);
	counter_add(&w->stats.disconnects, 1);
	for (int v = 0; v < SMTP_VERB_N; v++)
		counter_add(&w->stats.commands, c->smtp.verb_n[v]);
	if (c->msg != NULL)
		queue_msg_drop(w->queue, &c->msg);
	chunk_put(c->streaming);
	lookup_pins_drop(w->lookups, &c->pins);
	sasl_auth_close(&c->auth);
	limits_leave(&c->limit);
	conn_tls_close(w, c);
	smtp_fini(&c->smtp);
	wheel_clear(&w->wheel, &c->timer);
	ready_remove(&w->ready, net_ready_node(w->net, c->stream));
	net_shut(w->net, &c->stream);
	site_put(&c->site);
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		w->all = c->next;
	w->conns_n--;
	if (c->is_on_retry) {
		struct conn **at = &w->retry;

		while (*at != c)
			at = &(*at)->next_retry;
		*at = c->next_retry;
	}
	c->next = w->free_conns;
	w->free_conns = c;
}

static void
arm_timer(struct worker *w, struct conn *c)
{
	uint64_t due = c->wait == CONN_WAIT_PAUSE ? c->smtp.resume_us
						  : c->smtp.deadline_us;

	if (c->wait != CONN_WAIT_PEER && c->wait != CONN_WAIT_PAUSE &&
	    c->wait != CONN_WAIT_TLS)
		return; /* not the peer's fault */
	if (!wheel_is_set(&c->timer) || due < c->timer.due_tick * WHEEL_TICK_US)
		wheel_set(&w->wheel, &c->timer, due);
}

enum pumped {
	PUMP_INPUT, /* go on when there is input */
	PUMP_WAIT,  /* for something else */
	PUMP_TLS,   /* begin with TLS */
	PUMP_CLOSE,
};

/* Until it needs what is not here. Inlined, whatever TLS costs, for plain. */
static ALWAYS_INLINE enum pumped
pump(struct worker *w, struct conn *c, struct span *in)
{
	for (;;) {
		enum smtp_want want =
			smtp_step(&c->smtp, in, &w->out, w->now_us);

		if (c->msg != NULL && !smtp_has_txn(&c->smtp)) {
			chunk_put(c->streaming);
			c->streaming = NULL;
			queue_msg_drop(w->queue, &c->msg);
		}
		switch (want) {
		case SMTP_WANT_BYTES:
			return PUMP_INPUT;
		case SMTP_WANT_CLOSE:
			return PUMP_CLOSE;
		case SMTP_WANT_NAME:
		case SMTP_WANT_CHECK:
		case SMTP_WANT_AUTH:
			if (want == SMTP_WANT_AUTH)
				conn_auth_run(w, c);
			else
				conn_check(w, c);
			if (c->wait != CONN_WAIT_PEER)
				return PUMP_WAIT;
			break;
		case SMTP_WANT_FLUSH:
			if (!send_replies(w, c))
				return PUMP_CLOSE;
			if (!net_tx_has_room(w->net, c->stream)) {
				c->has_work = true;
				return PUMP_WAIT;
			}
			break;
		case SMTP_WANT_STREAM:
			c->streaming = smtp_body_take(&c->smtp);
			if (!stream_chunks(w, c))
				return PUMP_WAIT;
			break;
		case SMTP_WANT_COMMIT:
			commit(w, c);
			if (c->wait != CONN_WAIT_PEER)
				return PUMP_WAIT;
			break;
		case SMTP_WANT_MEMORY:
			counter_add(&w->stats.waits_memory, 1);
			retry_later(w, c);
			return PUMP_WAIT;
		case SMTP_WANT_PAUSE:
			c->wait = CONN_WAIT_PAUSE;
			c->has_work = true;
			return PUMP_WAIT;
		case SMTP_WANT_TLS:
			return PUMP_TLS;
		}
	}
}

/* One that pipelines is between messages before a read and only there. */
static bool
is_told_to_go(struct worker *w, struct conn *c)
{
	if (!w->is_stopping || !smtp_is_idle(&c->smtp))
		return false;
	smtp_shutting_down(&c->smtp, &w->out);
	return true;
}

static enum pumped
begin_tls(struct worker *w, struct conn *c)
{
	enum conn_tls begun = conn_tls_begin(w, c);

	if (begun == CONN_TLS_WAIT)
		return PUMP_WAIT;
	if (begun == CONN_TLS_CLOSE)
		return PUMP_CLOSE;
	c->has_work = true;
	ready_add(&w->ready, net_ready_node(w->net, c->stream));
	return PUMP_INPUT;
}

/* Steps the machine with what is in *cipher, or has been decrypted already. */
static enum pumped
pump_tls(struct worker *w, struct conn *c, struct span *cipher)
{
	enum pumped pumped;
	enum tls_read got;

	do {
		struct span in = { 0 };
		size_t had;

		got = tls_conn_read(c->tls, cipher, &in);
		if (got == TLS_READ_FAILED)
			conn_log_tls_failed(c, tls_conn_reason(c->tls),
					    tls_conn_error(c->tls));
		if (got == TLS_READ_FAILED || got == TLS_READ_END) {
			conn_log_lost(c);
			return PUMP_CLOSE;
		}
		if (got == TLS_READ_EMPTY && !c->has_work)
			return PUMP_INPUT;
		c->has_work = false;
		had = in.len;
		pumped = pump(w, c, &in);
		if (got == TLS_READ_BYTES)
			tls_conn_read_done(c->tls, had - in.len);
	} while (pumped == PUMP_INPUT && got == TLS_READ_BYTES);
	return pumped;
}

/* Records are the TLS threads': what has come home first, then more. */
static enum pumped
feed_away(struct worker *w, struct conn *c)
{
	struct span none = { 0 };
	enum pumped pumped;

	if (is_told_to_go(w, c))
		return PUMP_CLOSE;
	pumped = pump_tls(w, c, &none);
	if (pumped != PUMP_INPUT)
		return pumped;
	if (!send_replies(w, c))
		return PUMP_CLOSE;
	if (conn_tls_push(w, c))
		return PUMP_INPUT;
	conn_log_lost(c);
	return PUMP_CLOSE;
}

/* The same as feed(), with records in between. */
static enum pumped
feed_tls(struct worker *w, struct conn *c)
{
	if (tls_conn_is_fed(c->tls))
		return feed_away(w, c);
	for (int reads = 0; reads < READS_MAX; reads++) {
		struct span cipher = { 0 };
		enum pumped pumped;
		enum net_rx rx;
		size_t had;

		if (is_told_to_go(w, c))
			return PUMP_CLOSE;
		if (c->has_work || tls_conn_has_input(c->tls)) {
			pumped = pump_tls(w, c, &cipher);
			if (pumped != PUMP_INPUT)
				return pumped;
		}
		rx = net_rx(w->net, c->stream, &cipher);
		if (rx == NET_RX_EMPTY)
			return PUMP_INPUT;
		if (rx == NET_RX_END || rx == NET_RX_LOST) {
			conn_log_lost(c);
			return PUMP_CLOSE;
		}
		had = cipher.len;
		pumped = pump_tls(w, c, &cipher);
		net_rx_done(w->net, c->stream, had - cipher.len);
		if (pumped != PUMP_INPUT)
			return pumped;
	}
	ready_add(&w->ready, net_ready_node(w->net, c->stream));
	return PUMP_INPUT;
}

/* Feeds what the stream has. */
static enum pumped
feed(struct worker *w, struct conn *c)
{
	if (c->tls != NULL)
		return feed_tls(w, c);
	for (int reads = 0; reads < READS_MAX; reads++) {
		enum net_rx rx;
		enum pumped pumped;
		struct span in = { 0 };
		size_t had;

		if (is_told_to_go(w, c))
			return PUMP_CLOSE;
		rx = net_rx(w->net, c->stream, &in);
		if (rx == NET_RX_END || rx == NET_RX_LOST) {
			conn_log_lost(c);
			return PUMP_CLOSE;
		}
		if (rx == NET_RX_EMPTY && !c->has_work)
			return PUMP_INPUT;
		c->has_work = false;
		had = in.len;
		pumped = pump(w, c, &in);
		if (rx == NET_RX_BYTES)
			net_rx_done(w->net, c->stream, had - in.len);
		if (pumped == PUMP_TLS)
			return begin_tls(w, c);
		if (pumped != PUMP_INPUT)
			return pumped;
	}
	ready_add(&w->ready, net_ready_node(w->net, c->stream));
	return PUMP_INPUT;
}

/* What was interrupted goes on first. false: it still waits. */
static bool
resume(struct worker *w, struct conn *c)
{
	switch ((enum conn_wait)c->wait) {
	case CONN_WAIT_COMMIT:
	case CONN_WAIT_LOOKUP:
	case CONN_WAIT_AUTH:
		return false;
	case CONN_WAIT_PAUSE:
		if (w->now_us < c->smtp.resume_us)
			return false;
		c->wait = CONN_WAIT_PEER;
		break;
	case CONN_WAIT_REPLY:
		if (!net_tx_has_room(w->net, c->stream))
			return false;
		finish(w, c, (enum queue_outcome)c->outcome);
		break;
	case CONN_WAIT_RETRY:
		c->wait = CONN_WAIT_PEER;
		if (c->is_commit_wanted)
			commit(w, c);
		else if (!stream_chunks(w, c))
			return false;
		else
			c->retry_since_us = 0;
		break;
	case CONN_WAIT_TLS:
	case CONN_WAIT_PEER:
		break;
	}
	return c->wait == CONN_WAIT_PEER;
}

static bool
has_waited_too_long(const struct worker *w, const struct conn *c)
{
	return c->wait == CONN_WAIT_RETRY && !c->is_commit_wanted &&
	       c->retry_since_us &&
	       w->now_us - c->retry_since_us > RETRY_MAX_US;
}

/* With TLS. false: there is nothing else to do now. */
static bool
run_tls(struct worker *w, struct conn *c, enum pumped *pumped)
{
	if (tls_conn_is_away(c->tls)) { /* tls_reap() runs it again */
		if (!send_replies(w, c))
			*pumped = PUMP_CLOSE;
		return false;
	}
	if (c->wait != CONN_WAIT_TLS) {
		if (conn_tls_flush(w, c))
			return true;
		*pumped = PUMP_CLOSE;
		return false;
	}
	switch (conn_tls_step(w, c)) {
	case CONN_TLS_DONE:
		return true;
	case CONN_TLS_CLOSE:
		*pumped = PUMP_CLOSE;
		return false;
	case CONN_TLS_WAIT:
	case CONN_TLS_REFUSED:
		break;
	}
	return false;
}

/* What was encrypted, or is to be. */
static bool
end_tls(struct worker *w, struct conn *c)
{
	if (tls_conn_is_away(c->tls))
		return true;
	if (!conn_tls_flush(w, c))
		return false;
	tls_conn_push(c->tls);
	return true;
}

void
conn_run(struct worker *w, struct conn *c)
{
	enum pumped pumped = PUMP_WAIT;

	if (c->tls != NULL && !run_tls(w, c, &pumped))
		;
	else if (has_waited_too_long(w, c)) {
		smtp_out_of_storage(&c->smtp, &w->out);
		pumped = PUMP_CLOSE;
	} else if (resume(w, c) && net_tx_has_room(w->net, c->stream)) {
		pumped = feed(w, c); /* not who does not read replies */
	}
	if (!send_replies(w, c))
		pumped = PUMP_CLOSE;
	if (pumped != PUMP_CLOSE && c->tls != NULL && !end_tls(w, c))
		pumped = PUMP_CLOSE;
	if (pumped == PUMP_CLOSE) {
		conn_close(w, c);
		return;
	}
	arm_timer(w, c);
}

void
conn_committed(struct worker *w, struct conn *c, enum queue_outcome outcome)
{
	must(c->wait == CONN_WAIT_COMMIT);
	c->outcome = (uint8_t)outcome;
	c->wait = CONN_WAIT_REPLY;
	conn_run(w, c);
}

void
conn_timer(struct worker *w, struct conn *c)
{
	if (c->wait == CONN_WAIT_PAUSE) {
		conn_run(w, c);
		return;
	}
	if ((c->wait != CONN_WAIT_PEER && c->wait != CONN_WAIT_TLS) ||
	    w->now_us < c->smtp.deadline_us) {
		arm_timer(w, c);
		return;
	}
	if (c->wait == CONN_WAIT_PEER && conn_tls_is_away(c)) {
		wheel_set(&w->wheel, &c->timer, w->now_us + AWAY_US);
		return;
	}
	c->tls_why = TLS_REASON_TIMEOUT;
	if (c->wait == CONN_WAIT_TLS)
		conn_log_tls_failed(c, TLS_REASON_TIMEOUT, "");
	counter_add(&w->stats.timeouts, 1);
	conn_log_timeout(c);
	smtp_timed_out(&c->smtp, &w->out);
	(void)send_replies(w, c);
	conn_close(w, c);
}

void
conn_shut_down(struct worker *w, struct conn *c, bool is_forced)
{
	if (c->wait == CONN_WAIT_REPLY && is_forced)
		finish(w, c, (enum queue_outcome)c->outcome);
	if (c->wait == CONN_WAIT_COMMIT || c->wait == CONN_WAIT_REPLY)
		return; /* its 250 comes first, whatever happens */
	if (!is_forced && (!smtp_is_idle(&c->smtp) ||
			   (c->wait == CONN_WAIT_PEER && conn_tls_is_away(c))))
		return;
	c->tls_why = TLS_REASON_SHUTDOWN;
	smtp_shutting_down(&c->smtp, &w->out);
	(void)send_replies(w, c);
	conn_close(w, c);
}

void
conn_open(struct worker *w, struct net_stream *stream)
{
	struct conn *c = w->free_conns;
	struct ip ip;
	uint16_t port;
	unsigned service_idx = net_service_idx(w->net, stream);

	if (c != NULL)
		w->free_conns = c->next;
	else if ((c = malloc(sizeof(*c))) == NULL) {
		net_abort(w->net, &stream);
		return;
	}
	/* The SMTP session clears itself. */
	memset((char *)c + sizeof(c->smtp), 0, sizeof(*c) - sizeof(c->smtp));
	c->stream = stream;
	c->pins.owner = c;
	c->site = site_get(w->site);
	c->service = &c->site->cfg->services[service_idx];
	c->policy = c->site->policies[service_idx];
	c->tls_ctx = c->site->tls[service_idx];
	c->next = w->all;
	if (w->all != NULL)
		w->all->prev = c;
	w->all = c;
	w->conns_n++;
	net_owner_set(w->net, stream, c);
	net_peer(w->net, stream, &ip, &port);
	smtp_init(&c->smtp, &c->service->smtp, &w->smtp, &ip, port, w->now_us);
	c->smtp.is_tls_possible = c->tls_ctx != NULL;
	conn_auth_open(w, c);
	counter_add(&w->stats.connects, 1);
	if (!c->smtp.is_name_wanted)
		conn_log_connect(c);
	c->has_work = true;
	conn_run(w, c);
}
