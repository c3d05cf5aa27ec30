/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's life: two hold it, the wire (it is in the table) and its owner
 * (from the accept queue or tcp_connect() on); the struct is free again when
 * neither does, and when tcp_burst_end() has passed it.
 */
#include "dataplane/tcp_int.h"
#include "dataplane/tcp_isn.h"

#define STARVED_TELL_MAX 64u

void
tcp_set_now(struct tcp *t, uint64_t now_us)
{
	t->now_us = now_us;
	t->now_ms = (uint32_t)(now_us / 1000);
	/* Not from now_ms: that wraps, and seconds would jump. */
	t->now_s = (uint32_t)(now_us / 1000000);
}

void
tcp_conn_set_slow(struct tcp_conn *c)
{
	const uint32_t why = TCP_F_FAST | TCP_F_RTO | TCP_F_TLP | TCP_F_ECE |
			     TCP_F_CWR | TCP_F_PERSIST | TCP_F_ECN_SLOWED;

	if (c->state == TCP_ESTABLISHED && !(c->flags & why) && !c->reass &&
	    !c->dupacks && (c->flags & TCP_F_OWNED))
		c->flags &= ~TCP_F_SLOW;
	else
		c->flags |= TCP_F_SLOW;
}

void
tcp_set_state(struct tcp *t, struct tcp_conn *c, enum tcp_state state)
{
	counter_add(&t->states_n[c->state], (uint64_t)-1);
	counter_add(&t->states_n[state], 1);
	c->state = state;
	tcp_conn_set_slow(c);
}

static void
slot_free(struct tcp *t, struct tcp_conn *c)
{
	counter_add(&t->states_n[TCP_CLOSED], (uint64_t)-1);
	c->flags = 0;
	c->pending_next = t->conn_free;
	t->conn_free = tcp_conn_number(t, c);
	t->conns_n--;
}

/* Neither the wire nor an owner holds it any more. */
static void
let_go(struct tcp *t, struct tcp_conn *c)
{
	c->flags &= ~TCP_F_USED;
	if (!(c->flags & (TCP_F_PENDING | TCP_F_STARVED)))
		slot_free(t, c);
}

bool
tcp_conn_bury(struct tcp *t, struct tcp_conn *c)
{
	if (c->flags & TCP_F_USED)
		return false;
	if (!(c->flags & (TCP_F_PENDING | TCP_F_STARVED)))
		slot_free(t, c);
	return true;
}

struct tcp_conn *
tcp_conn_new(struct tcp *t, const struct tcp_key *key, uint64_t hash)
{
	uint32_t number = t->conn_free;
	struct host_path path = { 0 };
	struct tcp_conn *c;

	if (!number && t->conn_fresh > t->cfg.conns_max)
		return NULL;
	if (!host_path_find(t->host, &key->peer, &path, t->now_us))
		return NULL;
	if (!number)
		number = t->conn_fresh;
	if (tcp_table_add(&t->table, hash, TCP_REF_CONN | number) < 0)
		return NULL;
	c = tcp_conn_at(t, number);
	if (number == t->conn_free)
		t->conn_free = c->pending_next;
	else
		t->conn_fresh++;
	memset(c, 0, sizeof(*c));
	c->key = *key;
	c->path = path;
	c->flags = TCP_F_USED | TCP_F_TABLE | TCP_F_SLOW;
	if (tcp_is_v6(key))
		c->flags |= TCP_F_V6;
	c->ts_offset = tcp_isn_ts_offset(&t->isn_secret, key);
	c->heard_s = t->now_s;
	t->born_s[number - 1] = t->now_s;
	c->mss = tcp_is_v6(key) ? TCP_MSS_DEFAULT_V6 : TCP_MSS_DEFAULT_V4;
	counter_add(&t->states_n[TCP_CLOSED], 1);
	t->conns_n++;
	return c;
}

void
tcp_conn_agree(struct tcp *t, struct tcp_conn *c, const struct tcp_opts *o,
	       bool is_ecn)
{
	const struct tcp_cfg *cfg = &t->cfg;

	if (o->has_mss)
		c->mss = o->mss;
	/* CVE-2019-11479: a tiny MSS multiplies the work a byte costs. */
	if (c->mss < cfg->mss_min)
		c->mss = cfg->mss_min;
	c->wscales = 0;
	if (o->has_wscale && cfg->has_scaling)
		c->wscales = (uint8_t)(o->wscale << 4 | t->rcv_wscale);
	if (o->has_ts && cfg->has_timestamps) {
		c->flags |= TCP_F_TS;
		c->ts_recent = o->ts_val;
	}
	if (o->is_sack_ok && cfg->has_sack)
		c->flags |= TCP_F_SACK;
	if (is_ecn && cfg->has_ecn)
		c->flags |= TCP_F_ECN;
}

struct tcp_loss *
tcp_loss_get(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_loss_all *a = &t->losses;
	struct tcp_loss *l;

	if (c->sack)
		return tcp_loss(t, c);
	if (a->free) {
		c->sack = a->free;
		a->free = a->recs[c->sack - 1].next_free;
	} else if (a->fresh <= a->recs_n) {
		c->sack = a->fresh++;
	} else {
		return NULL; /* NewReno does without */
	}
	a->used_n++;
	l = tcp_loss(t, c);
	memset(l, 0, sizeof(*l));
	tcp_sack_clear(&l->sack, c->snd_una);
	return l;
}

void
tcp_loss_put(struct tcp *t, struct tcp_conn *c)
{
	if (!c->sack)
		return;
	tcp_loss(t, c)->next_free = t->losses.free;
	t->losses.free = c->sack;
	t->losses.used_n--;
	c->sack = 0;
}

void
tcp_conn_tell(struct tcp_conn *c, struct ready *ready)
{
	if ((c->flags & TCP_F_TOLD) && ready != NULL)
		ready_add(ready, &c->ready);
}

void
tcp_conn_pend(struct tcp *t, struct tcp_conn *c)
{
	uint32_t number;

	if (c->flags & TCP_F_PENDING)
		return;
	number = tcp_conn_number(t, c);
	c->flags |= TCP_F_PENDING;
	c->pending_next = 0;
	if (t->pending)
		tcp_conn_at(t, t->pending_last)->pending_next = number;
	else
		t->pending = number;
	t->pending_last = number;
}

void
tcp_starved_add(struct tcp *t, struct tcp_conn *c)
{
	uint32_t number = tcp_conn_number(t, c);

	if (c->flags & TCP_F_STARVED)
		return;
	c->flags |= TCP_F_STARVED;
	c->starved_next = 0;
	if (t->starved)
		tcp_conn_at(t, t->starved_last)->starved_next = number;
	else
		t->starved = number;
	t->starved_last = number;
}

void
tcp_starved_tell(struct tcp *t, struct ready *ready)
{
	/* A few at a time: most of thousands would find nothing left. */
	for (unsigned i = 0; i < STARVED_TELL_MAX && t->starved; i++) {
		struct tcp_conn *c = tcp_conn_at(t, t->starved);

		t->starved = c->starved_next;
		c->flags &= ~TCP_F_STARVED;
		if (tcp_conn_bury(t, c) || !(c->flags & TCP_F_TX_FULL))
			continue;
		c->flags &= ~TCP_F_TX_FULL;
		tcp_conn_tell(c, ready);
	}
}

void
tcp_conn_end(struct tcp *t, struct tcp_conn *c, bool is_lost,
	     struct ready *ready)
{
	uint32_t free_n;

	if (c->flags & TCP_F_TABLE)
		tcp_table_remove(&t->table,
				 tcp_hash_key(&t->hash_secret, &c->key),
				 TCP_REF_CONN | tcp_conn_number(t, c));
	c->flags &= ~(TCP_F_TABLE | TCP_F_FAST | TCP_F_RTO | TCP_F_ACK_NOW);
	tcp_timers_off(t, c);
	free_n = t->pool.free_n;
	tcp_chain_free(&t->pool, &c->tx);
	t->tx_bufs_n -= t->pool.free_n - free_n;
	c->at.buf = 0;
	tcp_reass_free(&t->reass, &t->pool, &c->reass);
	tcp_loss_put(t, c);
	if (is_lost || !(c->flags & TCP_F_OWNED)) {
		tcp_chain_free(&t->pool, &c->rx);
		c->chunk = c->chunk_last = 0;
		c->burst_bytes = 0;
	}
	if (is_lost)
		c->flags |= TCP_F_LOST;
	tcp_set_state(t, c, TCP_CLOSED);
	if (c->flags & TCP_F_OWNED)
		tcp_conn_tell(c, ready);
	else
		let_go(t, c);
}

/* --- the queue of those that nobody has taken yet --- */

bool
tcp_accept_has_room(const struct tcp *t)
{
	return t->accepts_tail - t->accepts_head < t->cfg.accepts_max;
}

bool
tcp_accept_put(struct tcp *t, struct tcp_conn *c)
{
	if (!tcp_accept_has_room(t))
		return false;
	t->accepts[t->accepts_tail++ & t->accepts_mask] = tcp_conn_number(t, c);
	c->flags |= TCP_F_OWNED;
	return true;
}

struct tcp_conn *
tcp_accept(struct tcp *t)
{
	struct tcp_conn *c;

	if (t->accepts_head == t->accepts_tail)
		return NULL;
	c = tcp_conn_at(t, t->accepts[t->accepts_head++ & t->accepts_mask]);
	c->flags |= TCP_F_TOLD;
	return c;
}

/* --- the end that the owner makes --- */

/* The owner is gone: what it has not read never will be. */
static void
disown(struct tcp *t, struct tcp_conn *c)
{
	must(c->flags & TCP_F_TOLD);
	must(c->ready.next == NULL);
	c->flags &= ~(TCP_F_OWNED | TCP_F_TOLD | TCP_F_TX_FULL);
	c->owner = NULL;
	if (c->rx.bytes || c->burst_bytes)
		c->flags |= TCP_F_DISCARDED;
	tcp_chain_free(&t->pool, &c->rx);
	c->chunk = c->chunk_last = 0;
	c->burst_bytes = 0;
}

void
tcp_shut_tx(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_CLOSED || (c->flags & TCP_F_FIN_WANTED))
		return;
	c->flags |= TCP_F_FIN_WANTED;
	tcp_conn_pend(t, c);
}

void
tcp_shut(struct tcp *t, struct tcp_conn **c_inout)
{
	struct tcp_conn *c = *c_inout;

	*c_inout = NULL;
	disown(t, c);
	if (c->state == TCP_CLOSED) {
		let_go(t, c);
		return;
	}
	if (c->state == TCP_SYN_SENT) {
		tcp_conn_end(t, c, false, NULL);
		return;
	}
	tcp_shut_tx(t, c);
	tcp_conn_set_slow(c);
	if (c->state == TCP_FIN_WAIT_2 && (c->flags & TCP_F_DISCARDED)) {
		tcp_send_rst(t, c);
		tcp_conn_end(t, c, false, NULL);
		return;
	}
	/* RFC 9293 section 3.6.1: what is acknowledged no more, ends. */
	c->flags &= ~TCP_F_KEEP;
	tcp_life_arm(t, c, TCP_FIN_WAIT_MS);
}

void
tcp_abort(struct tcp *t, struct tcp_conn **c_inout)
{
	struct tcp_conn *c = *c_inout;

	*c_inout = NULL;
	disown(t, c);
	if (c->state == TCP_CLOSED) {
		let_go(t, c);
		return;
	}
	if (c->state != TCP_SYN_SENT)
		tcp_send_rst(t, c);
	tcp_conn_end(t, c, false, NULL);
}
