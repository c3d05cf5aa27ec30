/* SPDX-License-Identifier: BSD-2-Clause */
/* Every invariant of the stack, looked at one by one: tests and fuzzing only.
 */
#include "dataplane/tcp_int.h"

struct sums {
	uint64_t bufs_n, tx_bufs_n, reass_bufs_n;
	uint64_t states_n[TCP_STATES_N];
	uint64_t conns_n, refs_n, reass_n, losses_n;
};

static void
check_chain(const struct tcp *t, const struct tcp_chain *k, struct sums *s)
{
	uint32_t bytes = 0, last = 0;

	for (uint32_t i = k->head; i; i = tcp_buf(&t->pool, i)->next) {
		const struct tcp_buf *b = tcp_buf(&t->pool, i);

		must(i <= t->pool.bufs_n);
		must(b->start < b->end && b->end <= TCP_BUF_DATA_BYTES);
		bytes += (uint32_t)(b->end - b->start);
		last = i;
		s->bufs_n++;
	}
	must(bytes == k->bytes);
	must(last == k->tail);
}

static void
check_reass(const struct tcp *t, const struct tcp_conn *c, struct sums *s)
{
	const struct tcp_reass *r = tcp_reass_rec(&t->reass, c->reass);
	uint64_t had = s->bufs_n;

	s->reass_n++;
	must(r->n <= TCP_REASS_RANGES);
	must(r->n || r->has_fin);
	for (uint32_t i = 0; i < r->n; i++) {
		must(seq_gt(r->r[i].start, c->rcv_nxt));
		must(seq_lt(r->r[i].start, r->r[i].end));
		must(seq_le(r->r[i].end, c->rcv_edge));
		must(r->r[i].chain.bytes == r->r[i].end - r->r[i].start);
		check_chain(t, &r->r[i].chain, s);
		for (uint32_t j = 0; j < i; j++) /* apart from each other */
			must(seq_lt(r->r[i].end, r->r[j].start) ||
			     seq_gt(r->r[i].start, r->r[j].end));
	}
	must(s->bufs_n - had == r->bufs_n);
	must(r->bufs_n <= t->reass.conn_bufs_max);
	s->reass_bufs_n += r->bufs_n;
}

static void
check_loss(const struct tcp *t, const struct tcp_conn *c, struct sums *s)
{
	const struct tcp_sack *k = &tcp_loss(t, c)->sack;
	uint32_t at = c->snd_una, bytes = 0;

	s->losses_n++;
	must(k->n <= TCP_SACK_RANGES);
	for (uint32_t i = 0; i < k->n; i++) {
		must(seq_lt(k->r[i].start, k->r[i].end));
		must(seq_gt(k->r[i].start, at) ||
		     (i == 0 && seq_ge(k->r[i].start, at)));
		must(seq_le(k->r[i].end, c->snd_max));
		at = k->r[i].end;
		bytes += k->r[i].end - k->r[i].start;
	}
	must(bytes == k->bytes);
}

static void
check_sender(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t end = tcp_tx_end(c);

	must(seq_le(c->snd_una, c->snd_nxt) && seq_le(c->snd_nxt, c->snd_max));
	must(c->tx.bytes <= t->cfg.tx_bytes_max);
	must(c->cwnd > 0 || c->state < TCP_ESTABLISHED);
	/* An RTO is armed while anything is in flight. */
	if (c->snd_una != c->snd_max) {
		must(c->timers & TCP_T_RTX);
		must(wheel_is_set(&c->timer));
	}
	if (c->state < TCP_ESTABLISHED)
		return;
	must(seq_le(c->snd_max, end + 1));
	if (c->snd_max == end + 1)
		must(tcp_is_in(c, TCP_HAS_SENT_FIN));
	if (tcp_is_in(c, TCP_CAN_SEND_DATA))
		must(seq_le(c->snd_max, end));
	/* What waits has somebody to remember it. */
	if (c->tx.bytes)
		must((c->timers & TCP_T_RTX) || (c->flags & TCP_F_PENDING));
}

static void
check_conn(const struct tcp *t, const struct tcp_conn *c, struct sums *s)
{
	uint64_t had;

	must(c->state < TCP_STATES_N && c->state != TCP_LISTEN &&
	     c->state != TCP_TIME_WAIT);
	s->states_n[c->state]++;
	s->conns_n++;
	had = s->bufs_n;
	check_chain(t, &c->tx, s);
	s->tx_bufs_n += s->bufs_n - had;
	check_chain(t, &c->rx, s);
	must(!(c->flags & TCP_F_TOLD) || (c->flags & TCP_F_OWNED));
	if (c->state == TCP_CLOSED) {
		must(!(c->flags & TCP_F_TABLE) && !c->timers);
		must(!wheel_is_set(&c->timer));
		must(!c->reass && !c->sack && !c->tx.bytes);
		return;
	}
	must(c->flags & TCP_F_TABLE);
	must(tcp_find(t, &c->key, tcp_hash_key(&t->hash_secret, &c->key)) ==
	     (TCP_REF_CONN | tcp_conn_number(t, c)));
	s->refs_n++;
	if (c->timers)
		must(wheel_is_set(&c->timer));
	if (c->state > TCP_SYN_SENT) {
		must(seq_le(c->rcv_nxt, c->rcv_edge + 1));
		must(seq_le(c->last_ack_sent, c->rcv_nxt));
	}
	check_sender(t, c);
	if (c->reass)
		check_reass(t, c, s);
	if (c->sack)
		check_loss(t, c, s);
}

static void
check_records(const struct tcp *t, struct sums *s)
{
	uint32_t n = 0, due = 0;

	for (uint32_t i = t->waits.first; i;
	     i = tcp_wait_rec(&t->waits, i)->next) {
		const struct tcp_wait *w = tcp_wait_rec(&t->waits, i);

		must(w->is_used);
		must(n == 0 || seq_le(due, w->due_ms));
		due = w->due_ms;
		n++;
	}
	must(n == t->waits.used_n);
	s->states_n[TCP_TIME_WAIT] += n;
	s->refs_n += n;
	n = 0;
	for (unsigned l = 0; l < TCP_SYN_LEVELS; l++)
		for (uint32_t i = t->syns.levels[l].first; i;
		     i = tcp_syn_rec(&t->syns, i)->next) {
			const struct tcp_syn *y = tcp_syn_rec(&t->syns, i);

			must(y->flags & TCP_SYN_USED);
			must(y->level == l);
			n++;
		}
	must(n == t->syns.used_n);
	s->states_n[TCP_SYN_RECEIVED] += n;
	s->refs_n += n;
}

void
tcp_check(const struct tcp *t)
{
	struct sums s = { 0 };
	uint32_t free_n = 0;

	for (uint32_t i = 1; i < t->conn_fresh; i++) {
		const struct tcp_conn *c = tcp_conn_at(t, i);

		if (c->flags & TCP_F_USED)
			check_conn(t, c, &s);
		else if (c->flags & (TCP_F_PENDING | TCP_F_STARVED)) {
			/* to be buried */
			s.states_n[TCP_CLOSED]++;
			s.conns_n++;
		} else
			free_n++;
	}
	check_records(t, &s);
	s.states_n[TCP_LISTEN] = t->listeners_n;
	must(s.conns_n == t->conns_n);
	must(s.conns_n + free_n + 1 == t->conn_fresh);
	must(s.refs_n == t->table.used_n);
	must(s.bufs_n == t->pool.bufs_n - t->pool.free_n);
	must(s.tx_bufs_n == t->tx_bufs_n);
	must(s.reass_n == t->reass.used_n);
	must(s.reass_bufs_n == t->reass.bufs_n);
	must(s.reass_bufs_n <= t->reass.bufs_max);
	must(s.losses_n == t->losses.used_n);
	for (unsigned i = 0; i < TCP_STATES_N; i++)
		must(s.states_n[i] == counter_get(&t->states_n[i]));
}
