/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One client connection: connects, moves bytes between the wire and its
 * load_conn, takes messages from what is left to do, and connects again with a
 * growing delay when the server went away.
 */
#include "bench/load_wire.h"
#include "engine/base/clock.h"

#include <errno.h>

#define IOV_N	       8
#define BACKOFF_MIN_US 20000u
#define BACKOFF_MAX_US 1000000u
#define POLL_US	       20000u /* idle until others settle their messages */
#define LOST_MAX       5u     /* in a row, unless is_persist */
#define CONNECTING_MAX 128u   /* keeps the server's backlog from filling */

void
load_sock_state_set(struct load_thread *t, struct load_sock *s,
		    enum load_sock_state state)
{
	t->waiting_n -= s->state == LOAD_SOCK_WAITING;
	t->connecting_n -= s->state == LOAD_SOCK_CONNECTING;
	t->parked_n -= s->state == LOAD_SOCK_PARKED;
	t->done_n -= s->state == LOAD_SOCK_DONE;
	s->state = state;
	t->waiting_n += state == LOAD_SOCK_WAITING;
	t->connecting_n += state == LOAD_SOCK_CONNECTING;
	t->parked_n += state == LOAD_SOCK_PARKED;
	t->done_n += state == LOAD_SOCK_DONE;
}

void
load_now(struct load_thread *t)
{
	t->now_us = clock_now_us();
}

bool
load_is_over(struct load_shared *shared)
{
	if (atomic_load(&shared->is_stopping))
		return true;
	/* a message is counted in flight before it is taken off what is to
	 * do, and put back before it leaves: both zero means none at all */
	return atomic_load(&shared->todo_n) == 0 &&
	       atomic_load(&shared->inflight_n) == 0;
}

/* --- what is left to do --- */

static bool
claim(struct load_shared *shared, uint64_t *seq)
{
	uint64_t n = atomic_load(&shared->todo_n);

	if (n == 0 || atomic_load(&shared->is_stopping))
		return false;
	atomic_fetch_add(&shared->inflight_n, 1);
	while (n > 0 &&
	       !atomic_compare_exchange_weak(&shared->todo_n, &n,
					     n == LOAD_NO_LIMIT ? n : n - 1))
		;
	if (n == 0) {
		atomic_fetch_sub(&shared->inflight_n, 1);
		return false;
	}
	*seq = atomic_fetch_add(&shared->next_seq, 1);
	return true;
}

static void
give_back(struct load_shared *shared)
{
	if (atomic_load(&shared->todo_n) != LOAD_NO_LIMIT)
		atomic_fetch_add(&shared->todo_n, 1);
}

/* Takes what became of the message at hand, if any. */
static enum load_outcome
settle(struct load_thread *t, struct load_sock *s)
{
	struct load_shared *shared = t->shared;
	const struct load_cfg *cfg = shared->cfg;
	enum load_outcome outcome = load_conn_take(&s->conn);

	if (outcome == LOAD_NONE)
		return outcome;
	if (outcome == LOAD_UNBEGUN) {
		give_back(shared);
		atomic_fetch_sub(&shared->inflight_n, 1);
		return outcome;
	}
	s->msgs_n++;
	if (outcome == LOAD_ACKED) {
		s->backoff_n = s->lost_n = 0;
		t->stats.last_acked_us = t->now_us;
		if (cfg->ledger != NULL)
			ledger_add(cfg->ledger, s->conn.msg->seq,
				   s->conn.msg->size, s->conn.accepted,
				   s->conn.accepted_n);
		atomic_fetch_add(&shared->acked_n, 1);
	} else if (outcome == LOAD_DEFERRED || outcome == LOAD_REJECTED) {
		s->lost_n = 0;
		atomic_fetch_add(&shared->bad_n, 1);
	} else {
		atomic_fetch_add(&shared->lost_n, 1);
	}
	if ((outcome == LOAD_DEFERRED && cfg->is_retry) ||
	    ((outcome == LOAD_UNSENT || outcome == LOAD_DOUBT) &&
	     cfg->is_persist))
		give_back(shared);
	atomic_fetch_sub(&shared->inflight_n, 1);
	return outcome;
}

static bool
has_rate_for_one(const struct load_thread *t)
{
	const struct load_cfg *cfg = t->shared->cfg;
	uint64_t us = t->now_us - t->shared->started_us;

	/* each thread has its share */
	return cfg->rate == 0 ||
	       t->sent_n < us * cfg->rate / US_PER_SEC / cfg->threads_n + 1;
}

/* As many messages as --reuse allows, those not yet settled counted. */
static bool
is_used_up(const struct load_thread *t, const struct load_sock *s,
	   uint64_t unsettled_n)
{
	uint64_t reuse_n = t->shared->cfg->reuse_n;

	return reuse_n != 0 && s->msgs_n + unsettled_n >= reuse_n;
}

/* The connection wants a message: the next one, a rest, or the end. */
static void
next_message(struct load_thread *t, struct load_sock *s, enum load_outcome last)
{
	const struct load_cfg *cfg = t->shared->cfg;
	uint64_t seq;

	s->must_quit |= last == LOAD_DEFERRED && cfg->is_retry;
	s->backoff_n += last == LOAD_DEFERRED && cfg->is_retry;
	if (s->conn.has_ahead) {
		load_conn_next(&s->conn);
		return;
	}
	if (!s->must_quit && !is_used_up(t, s, 0)) {
		if (!has_rate_for_one(t) && !load_is_over(t->shared)) {
			load_sock_state_set(t, s, LOAD_SOCK_PARKED);
			return;
		}
		if (claim(t->shared, &seq)) {
			t->sent_n++;
			load_conn_msg(&s->conn, seq);
			return;
		}
	}
	load_conn_quit(&s->conn);
}

/* Another message right behind the body that is about to go. */
static void
message_ahead(struct load_thread *t, struct load_sock *s)
{
	uint64_t seq;

	if (s->must_quit || is_used_up(t, s, 1) || !has_rate_for_one(t) ||
	    !claim(t->shared, &seq))
		return;
	t->sent_n++;
	load_conn_ahead(&s->conn, seq);
}

/* --- connections --- */

static uint64_t
backoff_us(struct load_thread *t, const struct load_sock *s)
{
	uint64_t us = BACKOFF_MIN_US;

	if (s->backoff_n == 0)
		return 0;
	for (uint32_t i = 1; i < s->backoff_n && us < BACKOFF_MAX_US; i++)
		us *= 2;
	if (us > BACKOFF_MAX_US)
		us = BACKOFF_MAX_US;
	/* spread, so that they do not all come back at once */
	t->random = t->random * 6364136223846793005ull + 1442695040888963407ull;
	return us / 2 + (t->random >> 33) % us;
}

/* The connection is gone. What comes next? */
static void
rest(struct load_thread *t, struct load_sock *s)
{
	const struct load_cfg *cfg = t->shared->cfg;

	if (s->is_idle || (s->lost_n >= LOST_MAX && !cfg->is_persist)) {
		load_sock_state_set(t, s, LOAD_SOCK_DONE);
		return;
	}
	s->due_us = t->now_us + backoff_us(t, s);
	load_sock_state_set(t, s, LOAD_SOCK_WAITING);
}

static void
sock_close(struct load_thread *t, struct load_sock *s)
{
	load_conn_lost(&s->conn);
	while (settle(t, s) != LOAD_NONE)
		;
	t->wire->hang_up(t, s);
	if (s->state != LOAD_SOCK_CONNECTING)
		histogram_add(&t->stats.session, t->now_us - s->opened_us);
	if (s->is_idle && s->conn.phase == LOAD_IDLE)
		atomic_fetch_sub(&t->shared->idle_open_n, 1);
	rest(t, s);
}

/* Closed by the peer, reset, or timed out. */
static void
sock_lost(struct load_thread *t, struct load_sock *s, int err)
{
	if (s->state == LOAD_SOCK_CONNECTING && err != 0 &&
	    s->conn.phase == LOAD_GREETING) {
		t->stats.connects_failed_n++;
		t->stats.connect_errno = err;
	} else {
		t->stats.conns_lost_n++;
		t->stats.idle_lost_n += s->is_idle;
	}
	s->backoff_n++;
	s->lost_n++;
	sock_close(t, s);
}

static void
sock_connect(struct load_thread *t, struct load_sock *s)
{
	int ret;

	load_now(t);
	s->opened_us = s->heard_us = t->now_us;
	s->msgs_n = 0;
	s->must_quit = false;
	load_conn_open(&s->conn);
	load_sock_state_set(t, s, LOAD_SOCK_CONNECTING);
	ret = t->wire->connect(t, s);
	if (ret)
		sock_lost(t, s, -ret);
}

void
load_sock_due(struct load_thread *t, struct load_sock *s)
{
	struct load_shared *shared = t->shared;

	if (atomic_load(&shared->is_stopping) ||
	    (!s->is_idle && load_is_over(shared))) {
		load_sock_state_set(t, s, LOAD_SOCK_DONE);
	} else if (!s->is_idle && atomic_load(&shared->todo_n) == 0) {
		/* others may still give theirs back */
		s->due_us = t->now_us + POLL_US;
	} else if (t->connecting_n < CONNECTING_MAX) {
		sock_connect(t, s);
	}
}

/* Sends what there is. An error shows, with the last replies, in recv(). */
static void
sock_send(struct load_thread *t, struct load_sock *s)
{
	struct iovec iov[IOV_N];
	unsigned iov_n;

	while ((iov_n = load_conn_tx(&s->conn, iov, IOV_N)) > 0) {
		ssize_t n = t->wire->send(t, s, iov, iov_n);
		size_t bytes = 0;

		for (unsigned i = 0; i < iov_n; i++)
			bytes += iov[i].iov_len;
		load_now(t);
		s->heard_us = t->now_us;
		if (n > 0)
			load_conn_tx_done(&s->conn, (size_t)n, s->heard_us);
		if (n < 0 || (size_t)n < bytes)
			return;
	}
}

static void
on_up(struct load_thread *t, struct load_sock *s)
{
	load_sock_state_set(t, s, LOAD_SOCK_OPEN);
	t->stats.connects_n++;
	histogram_add(&t->stats.connect, t->now_us - s->opened_us);
	if (s->is_idle && s->conn.phase == LOAD_IDLE) {
		t->stats.idle_open_n++;
		atomic_fetch_add(&t->shared->idle_open_n, 1);
	}
}

/* Gives the bytes to the machine and does what it wants. False: closed. */
static bool
sock_feed(struct load_thread *t, struct load_sock *s, struct span in)
{
	enum load_want want;

	do {
		want = load_conn_feed(&s->conn, &in, t->now_us);
		if (s->state == LOAD_SOCK_CONNECTING &&
		    s->conn.phase != LOAD_GREETING)
			on_up(t, s);
		if (want == LOAD_WANT_MSG)
			next_message(t, s, settle(t, s));
		if (want == LOAD_WANT_TLS) {
			int ret = t->wire->begin_tls(t, s);

			if (ret == 0)
				return true;
			sock_lost(t, s, -ret);
			return false;
		}
		if (want == LOAD_WANT_CLOSE) {
			if (s->conn.is_in_order)
				sock_close(t, s);
			else
				sock_lost(t, s, 0);
			return false;
		}
	} while (in.len > 0);
	if (load_conn_can_ahead(&s->conn))
		message_ahead(t, s);
	return true;
}

bool
load_sock_event(struct load_thread *t, struct load_sock *s, unsigned events)
{
	ssize_t n = 0;

	if (t->wire->flush != NULL)
		t->wire->flush(t, s);
	if (events & LOAD_WIRE_RX) {
		n = t->wire->recv(t, s);
		load_now(t);
		if (n == 0 || (n < 0 && n != -EAGAIN)) {
			sock_lost(t, s, (int)-n);
			return false;
		}
		if (n > 0) {
			s->heard_us = t->now_us;
			if (!sock_feed(t, s,
				       (struct span) { t->rx, (size_t)n }))
				return false;
		}
	}
	sock_send(t, s);
	if (t->wire->flush != NULL)
		t->wire->flush(t, s);
	return n > 0;
}

void
load_sock_unpark(struct load_thread *t, struct load_sock *s)
{
	if (!has_rate_for_one(t) && !load_is_over(t->shared))
		return;
	load_sock_state_set(t, s, LOAD_SOCK_OPEN);
	next_message(t, s, LOAD_NONE);
	sock_send(t, s);
}

void
load_sock_drop(struct load_thread *t, struct load_sock *s)
{
	sock_lost(t, s, 0);
}

void
load_sock_stop(struct load_thread *t, struct load_sock *s)
{
	if (s->state == LOAD_SOCK_PARKED)
		load_sock_unpark(t, s);
	else if (s->state == LOAD_SOCK_WAITING)
		load_sock_state_set(t, s, LOAD_SOCK_DONE);
	else if (s->is_idle && (s->state == LOAD_SOCK_CONNECTING ||
				s->state == LOAD_SOCK_OPEN))
		sock_close(t, s);
}
