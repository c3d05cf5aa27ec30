/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an acknowledgment means to the sender: RTT, the send buffer, loss
 * recovery (RFC 5681, 6582, 6675), ECN, and the peer's window. What it means to
 * the state machine is tcp_step.c's.
 */
#include "dataplane/tcp_int.h"

static void
take_rtt(struct tcp *t, struct tcp_conn *c, uint32_t ack, uint32_t ts_ecr)
{
	uint32_t ms;

	if (c->flags & TCP_F_TIMED) {
		if (seq_lt(ack, c->rtt_seq))
			return;
		c->flags &= ~TCP_F_TIMED;
		tcp_rtt_sample(c, (uint32_t)t->now_us - c->rtt_at_us);
		return;
	}
	/* After a timeout only the echo tells which one this is for. */
	if (!c->backoff || !(c->flags & TCP_F_TS) || !ts_ecr)
		return;
	ms = tcp_ts_now(t, c) - ts_ecr;
	if (ms <= TCP_RTO_MAX_US / 1000)
		tcp_rtt_sample(c, ms * 1000 + 1);
}

/* Moves SND.UNA. */
static void
advance(struct tcp *t, struct tcp_conn *c, uint32_t ack, uint32_t ts_ecr)
{
	uint32_t acked = ack - c->snd_una, mss = tcp_mss(c);
	uint32_t free_n = t->pool.free_n;

	take_rtt(t, c, ack, ts_ecr);
	if (acked >= mss)
		c->flags |= TCP_F_MSS_PROVEN;
	/* The last number may have been a FIN's. */
	tcp_chain_drop(&t->pool, &c->tx, &c->at,
		       acked < c->tx.bytes ? acked : c->tx.bytes);
	t->tx_bufs_n -= t->pool.free_n - free_n;
	c->snd_una = ack;
	if (seq_lt(c->snd_nxt, ack))
		c->snd_nxt = ack;
	/* Both stay near: numbers 2^31 away would count as ahead. */
	if (seq_lt(c->recover, ack - 1))
		c->recover = ack - 1;
	if (UNLIKELY(c->sack))
		tcp_sack_advance(&tcp_loss(t, c)->sack, ack);
	c->backoff = 0;
	c->pmtu = 0;
}

/* The owner may write again. */
static void
tell_room(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	if (!(c->flags & TCP_F_TX_FULL) || c->tx.bytes > t->tx_level)
		return;
	c->flags &= ~TCP_F_TX_FULL;
	tcp_conn_tell(c, ready);
}

void
tcp_ack_new(struct tcp *t, struct tcp_conn *c, uint32_t ack, uint32_t ts_ecr,
	    struct ready *ready)
{
	uint32_t acked = ack - c->snd_una;

	advance(t, c, ack, ts_ecr);
	tcp_cc_acked(t, c, acked);
	tcp_rtx_arm(t, c);
	if (c->tx.bytes || (c->flags & TCP_F_FIN_WANTED))
		tcp_conn_pend(t, c);
	tell_room(t, c, ready);
}

/* --- recovery --- */

static void
send_first(struct tcp *t, struct tcp_conn *c, uint32_t mss)
{
	uint32_t end = tcp_tx_end(c), n = c->tx.bytes;
	bool is_fin = n <= mss && seq_gt(c->snd_max, end);

	if (n > mss)
		n = mss;
	if (seq_gt(c->snd_una + n, c->snd_max))
		n = c->snd_max - c->snd_una;
	tcp_send_at(t, c, c->snd_una, n, is_fin);
}

/* RFC 6675 section 5 (4.3): the first hole, whatever the pipe. */
static void
send_hole(struct tcp *t, struct tcp_conn *c, struct tcp_loss *l, uint32_t mss)
{
	struct tcp_range gap;

	if (!tcp_sack_gap(&l->sack, c->snd_una, c->snd_max, &gap) ||
	    gap.start != c->snd_una)
		return;
	send_first(t, c, mss);
	l->sack.high_rxt = seq_min(gap.end, c->snd_una + mss);
	l->sack.rxt_max = c->snd_max;
}

static void
begin_recovery(struct tcp *t, struct tcp_conn *c)
{
	uint32_t mss = tcp_mss(c), flight = c->snd_max - c->snd_una;
	struct tcp_loss *l;

	TCP_COUNT_ADD(t, FAST_RECOVERIES, 1);
	tcp_cc_loss(t, c, flight);
	c->flags |= TCP_F_FAST | TCP_F_SLOW;
	c->flags &= ~TCP_F_TLP;
	c->recover = c->snd_max;
	c->snd_nxt = c->snd_max;
	if (c->flags & TCP_F_ECN)
		c->flags |= TCP_F_CWR | TCP_F_ECN_SLOWED;
	l = tcp_loss(t, c);
	if ((c->flags & TCP_F_SACK) && l != NULL) {
		l->sack.high_rxt = c->snd_una;
		l->sack.is_rescued = 0;
		send_hole(t, c, l, mss);
	} else {
		send_first(t, c, mss);
		c->cwnd += TCP_DUP_THRESH * mss; /* RFC 6582 3.2 (2) */
	}
	tcp_rtx_arm(t, c);
}

static void
end_recovery(struct tcp *t, struct tcp_conn *c)
{
	uint32_t mss = tcp_mss(c), flight = c->snd_max - c->snd_una;

	/* RFC 6582 section 3.2 (3): no burst now. */
	if (flight < mss)
		flight = mss;
	if ((c->flags & TCP_F_FAST) && c->cwnd > flight + mss)
		c->cwnd = flight + mss > c->ssthresh ? c->ssthresh
						     : flight + mss;
	c->flags &= ~(TCP_F_FAST | TCP_F_RTO);
}

/* New data acknowledged while something is being recovered. */
static void
ack_in_recovery(struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	uint32_t mss = tcp_mss(c);

	if (seq_ge(c->snd_una, c->recover)) {
		end_recovery(t, c);
		return;
	}
	if (c->flags & TCP_F_RTO) {
		tcp_cc_acked(t, c, acked);
		return;
	}
	if (c->sack && (c->flags & TCP_F_SACK))
		return; /* the pipe decides: tcp_output() */
	/* RFC 6582 section 3.2 (3): a partial one: the next is lost too. */
	send_first(t, c, mss);
	c->cwnd = c->cwnd > acked ? c->cwnd - acked : 0;
	c->cwnd += mss;
}

static bool
is_duplicate(const struct tcp_conn *c, const struct tcp_seg *s,
	     uint32_t newly_sacked)
{
	if (s->ack != c->snd_una || c->snd_una == c->snd_max)
		return false;
	if (c->flags & TCP_F_SACK) /* RFC 6675 section 2 */
		return newly_sacked != 0;
	/* What answers a probe of a shut window tells of no loss. */
	return !(c->flags & TCP_F_PERSIST) && s->bytes == 0 &&
	       !(s->flags & TCP_FIN) &&
	       s->wnd << tcp_snd_wscale(c) == c->snd_wnd;
}

static void
duplicate(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_loss *l = tcp_loss(t, c);
	uint32_t mss = tcp_mss(c);
	bool is_lost;

	if (c->flags & TCP_F_RTO)
		return;
	if (c->flags & TCP_F_FAST) {
		if (!(c->flags & TCP_F_SACK) || l == NULL)
			c->cwnd += mss;
		else if (tcp_sack_lost_again(&l->sack, c->snd_una, mss)) {
			tcp_cc_loss(t, c, c->cwnd);
			send_hole(t, c, l, mss);
		}
		return;
	}
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	is_lost = c->dupacks >= TCP_DUP_THRESH;
	if ((c->flags & TCP_F_SACK) && l != NULL &&
	    tcp_sack_lost_edge(&l->sack, c->snd_una, mss) != c->snd_una)
		is_lost = true;
	/* RFC 6582 section 4: once for what was in flight at a loss. */
	else if (!(c->flags & TCP_F_SACK) && seq_le(c->snd_una, c->recover))
		is_lost = false;
	if (is_lost)
		begin_recovery(t, c);
}

/* RFC 8985 section 7.4: the probe has repaired a loss that nobody reported.
 * true: slower from now on. */
static bool
end_probe(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	bool is_doubled = s->o.sacks_n && seq_le(s->o.sacks[0].end, s->ack);

	bool is_slowed;

	if (!(c->flags & TCP_F_TLP) || seq_lt(s->ack, c->recover))
		return false;
	is_slowed = (c->flags & TCP_F_TLP_AGAIN) && !is_doubled;
	if (is_slowed)
		tcp_cc_loss(t, c, c->cwnd);
	c->flags &= ~(TCP_F_TLP | TCP_F_TLP_AGAIN);
	return is_slowed;
}

/* RFC 3168 section 6.1.2: as a loss, but nothing is sent again. true: slower
 * from now on. */
static bool
take_ecn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(c->flags & TCP_F_ECN))
		return false;
	if ((c->flags & TCP_F_ECN_SLOWED) && seq_ge(s->ack, c->recover))
		c->flags &= ~TCP_F_ECN_SLOWED;
	if (!(s->flags & TCP_ECE) || (c->flags & TCP_F_ECN_SLOWED) ||
	    (c->flags & (TCP_F_FAST | TCP_F_RTO)) || c->snd_una == c->snd_max)
		return false;
	tcp_cc_loss(t, c, c->snd_max - c->snd_una);
	TCP_COUNT_ADD(t, ECN_SLOWED, 1);
	c->flags |= TCP_F_ECN_SLOWED | TCP_F_CWR;
	if (!(c->flags & TCP_F_TLP))
		c->recover = c->snd_max;
	return true;
}

/* SEG.WND, if it is not older than what is known (RFC 9293 3.10.7.4). */
static void
take_window(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	    bool is_new)
{
	uint32_t wnd = s->wnd << tcp_snd_wscale(c);

	/* Of two that say the same but for the window, which one is later?
	 * Nobody takes back what was said: the wider one; or a shut one. */
	if (!is_new && !seq_gt(s->seq, c->snd_wl1) &&
	    !(s->seq == c->snd_wl1 && (wnd > c->snd_wnd || wnd == 0)))
		return;
	c->snd_wl1 = s->seq;
	c->snd_wnd = wnd;
	if (wnd > c->snd_wnd_max)
		c->snd_wnd_max = wnd;
	if ((c->flags & TCP_F_PERSIST) && wnd) {
		/* Probes were beyond the window: send them again. */
		c->flags &= ~TCP_F_PERSIST;
		c->snd_nxt = c->snd_una;
		c->backoff = 0;
		c->timers &= (uint8_t)~TCP_T_RTX;
	}
}

void
tcp_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	struct ready *ready)
{
	bool is_new = seq_gt(s->ack, c->snd_una), is_slowed;
	uint32_t acked = s->ack - c->snd_una, newly_sacked = 0;
	struct tcp_loss *l = tcp_loss(t, c);

	c->probes = 0;
	if (seq_lt(s->ack, c->snd_una))
		return; /* old: neither its window nor its SACKs count */
	if (is_new)
		advance(t, c, s->ack, s->o.ts_ecr);
	if ((c->flags & TCP_F_SACK) && c->snd_una != c->snd_max) {
		if (s->o.sacks_n && l == NULL)
			l = tcp_loss_get(t, c);
		if (l != NULL)
			newly_sacked = tcp_sack_update(&l->sack, c->snd_una,
						       c->snd_max, &s->o);
	} else if (l != NULL) {
		tcp_sack_clear(&l->sack, c->snd_una);
	}
	is_slowed = take_ecn(t, c, s);
	if (is_new) {
		is_slowed |= end_probe(t, c, s);
		if (c->flags & (TCP_F_FAST | TCP_F_RTO))
			ack_in_recovery(t, c, acked);
		else if (!is_slowed)
			tcp_cc_acked(t, c, acked);
		c->dupacks = 0;
		if (c->flags & TCP_F_SACK && newly_sacked)
			duplicate(t, c);
	} else if (is_duplicate(c, s, newly_sacked)) {
		duplicate(t, c);
	}
	take_window(t, c, s, is_new);
	if (is_new || !(c->timers & TCP_T_RTX) || c->snd_wnd == 0)
		tcp_rtx_arm(t, c);
	if (is_new && !(c->flags & TCP_F_OWNED))
		tcp_life_arm(t, c, TCP_FIN_WAIT_MS);
	if (is_new)
		tell_room(t, c, ready);
	if (c->tx.bytes || (c->flags & TCP_F_FIN_WANTED))
		tcp_conn_pend(t, c);
}
