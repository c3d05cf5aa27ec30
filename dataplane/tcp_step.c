/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One segment for a connection that the fast path did not take: RFC 9293
 * section 3.10.7, with its step numbers, hardened as RFC 5961 says.
 */
#include "dataplane/tcp_int.h"

#define PAWS_IDLE_S (24u * 24 * 3600) /* RFC 7323 section 5.5 */

void
tcp_challenge(struct tcp *t, struct tcp_conn *c)
{
	uint8_t now_s = (uint8_t)(t->now_s);

	/* Of each connection: a common limit tells one peer about another
	 * (CVE-2016-5696). */
	if (c->challenge_s != now_s) {
		c->challenge_s = now_s;
		c->challenge_n = 0;
	}
	if (c->challenge_n >= TCP_CHALLENGES_S) {
		TCP_COUNT_ADD(t, CHALLENGES_HELD, 1);
		return;
	}
	c->challenge_n++;
	TCP_COUNT_ADD(t, CHALLENGES, 1);
	tcp_send_ack(t, c);
}

/* --- SYN-SENT: section 3.10.7.3 --- */

static void
syn_sent_opens(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	       struct ready *ready)
{
	uint32_t wnd = t->cfg.rx_bytes_max;
	bool is_ack = (s->flags & TCP_ACK) != 0;
	bool is_ecn = (s->flags & (TCP_ECE | TCP_CWR)) == TCP_ECE;

	if (!is_ack) /* simultaneous: the peer's SYN offers, as a client's */
		is_ecn = (s->flags & (TCP_ECE | TCP_CWR)) ==
			 (TCP_ECE | TCP_CWR);
	c->rcv_nxt = c->last_ack_sent = s->seq + 1;
	c->rcv_edge = c->rcv_nxt + (wnd > 0xffff ? 0xffff : wnd);
	tcp_conn_agree(t, c, &s->o, is_ecn);
	c->snd_wnd = c->snd_wnd_max = s->wnd; /* a SYN's is never scaled */
	c->snd_wl1 = s->seq;
	if (!is_ack) {
		tcp_set_state(t, c, TCP_SYN_RECEIVED);
		tcp_send_syn(t, c);
		tcp_syn_arm(t, c);
		return;
	}
	if (c->flags & TCP_F_TIMED)
		tcp_rtt_sample(c, (uint32_t)t->now_us - c->rtt_at_us);
	c->flags &= ~TCP_F_TIMED;
	c->snd_una = s->ack;
	c->backoff = 0;
	tcp_cc_init(c);
	tcp_set_state(t, c, TCP_ESTABLISHED);
	tcp_rtx_arm(t, c);
	c->flags |= TCP_F_ACK_NOW;
	tcp_conn_pend(t, c);
	tcp_conn_tell(c, ready);
	/* Text and FIN may come with it. */
	s->seq++;
	tcp_text(t, c, s, ready);
}

static void
syn_sent(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	 struct ready *ready)
{
	bool is_ack = (s->flags & TCP_ACK) != 0;

	/* First: of our SYN and of nothing else. */
	if (is_ack && s->ack != c->snd_una + 1) {
		tcp_send_reset(t, s);
		return;
	}
	/* Second: a reset is believed if it acknowledges our SYN. */
	if (s->flags & TCP_RST) {
		if (!is_ack)
			return;
		TCP_COUNT_ADD(t, RESETS_IN, 1);
		tcp_conn_end(t, c, true, ready);
		return;
	}
	/* Third: security: left out. Fourth and fifth: */
	if (s->flags & TCP_SYN)
		syn_sent_opens(t, c, s, ready);
}

/* --- the other states: section 3.10.7.4 --- */

/* RFC 7323 section 5.3 R1. */
static bool
is_paws_fail(const struct tcp *t, const struct tcp_conn *c,
	     const struct tcp_seg *s)
{
	if (!(c->flags & TCP_F_TS) || (s->flags & TCP_RST))
		return false;
	if (!s->o.has_ts) /* section 3.2: dropped, and no answer */
		return true;
	return seq_lt(s->o.ts_val, c->ts_recent) &&
	       t->now_s - c->heard_s < PAWS_IDLE_S;
}

/* First, section 3.4's table 6. */
static bool
is_acceptable(const struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t len =
		s->bytes + !!(s->flags & TCP_FIN) + !!(s->flags & TCP_SYN);
	uint32_t end = s->seq + len;

	if (len == 0) {
		if (c->rcv_edge == c->rcv_nxt)
			return s->seq == c->rcv_nxt;
		/* A peer that has filled the window acknowledges from its
		 * edge, which the table leaves out: what if text got lost? */
		return seq_ge(s->seq, c->rcv_nxt) &&
		       (s->flags & TCP_RST ? seq_lt(s->seq, c->rcv_edge)
					   : seq_le(s->seq, c->rcv_edge));
	}
	if (c->rcv_edge == c->rcv_nxt)
		return false;
	return seq_lt(s->seq, c->rcv_edge) && seq_gt(end, c->rcv_nxt);
}

static void
unacceptable(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	     struct ready *ready)
{
	TCP_COUNT_ADD(t, OUT_OF_WINDOW, 1);
	if (s->flags & TCP_RST)
		return;
	if (s->flags & TCP_SYN) { /* RFC 5961 section 4.2 */
		tcp_challenge(t, c);
		return;
	}
	/* The peer sends old text again: it must learn what is here. */
	if (s->bytes && seq_lt(s->seq, c->rcv_nxt) &&
	    s->bytes <= c->rcv_nxt - s->seq && tcp_is_in(c, TCP_CAN_RECEIVE)) {
		tcp_text(t, c, s, ready);
		return;
	}
	if (s->bytes || (s->flags & TCP_FIN)) { /* a probe, or our ACK lost */
		c->flags |= TCP_F_ACK_NOW;
		tcp_conn_pend(t, c);
		return;
	}
	tcp_challenge(t, c);
}

/* Second: RFC 5961 section 3.2. true: it was one. */
static bool
step_rst(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	 struct ready *ready)
{
	if (!(s->flags & TCP_RST))
		return false;
	if (s->seq != c->rcv_nxt) {
		tcp_challenge(t, c);
		return true;
	}
	TCP_COUNT_ADD(t, RESETS_IN, 1);
	tcp_conn_end(t, c, true, ready);
	return true;
}

/* Our SYN is acknowledged in SYN-RECEIVED (simultaneous open). */
static bool
step_ack_syn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	     struct ready *ready)
{
	if (s->ack != c->snd_una + 1) {
		tcp_send_reset(t, s);
		return false;
	}
	if (c->flags & TCP_F_TIMED)
		tcp_rtt_sample(c, (uint32_t)t->now_us - c->rtt_at_us);
	c->flags &= ~TCP_F_TIMED;
	c->snd_una = s->ack;
	c->backoff = 0;
	c->snd_wnd = s->wnd << tcp_snd_wscale(c);
	c->snd_wnd_max = c->snd_wnd;
	c->snd_wl1 = s->seq;
	tcp_cc_init(c);
	tcp_set_state(t, c, TCP_ESTABLISHED);
	tcp_rtx_arm(t, c);
	tcp_conn_tell(c, ready);
	return true;
}

static bool
is_fin_acked(const struct tcp_conn *c)
{
	return tcp_is_in(c, TCP_HAS_SENT_FIN) && c->snd_una == c->snd_max &&
	       c->tx.bytes == 0;
}

/* Our FIN is acknowledged. false: the connection is over. */
static bool
fin_acked(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	switch (c->state) {
	case TCP_FIN_WAIT_1:
		if (!(c->flags & TCP_F_OWNED)) {
			if (c->flags & TCP_F_DISCARDED) {
				/* RFC 1122 section 4.2.2.13, once the last
				 * reply has surely arrived. */
				tcp_send_rst(t, c);
				tcp_conn_end(t, c, false, ready);
				return false;
			}
			tcp_life_arm(t, c, TCP_FIN_WAIT_MS);
		}
		tcp_set_state(t, c, TCP_FIN_WAIT_2);
		return true;
	case TCP_CLOSING:
		tcp_enter_time_wait(t, c, ready);
		return false;
	case TCP_LAST_ACK:
		tcp_conn_end(t, c, false, ready);
		return false;
	default:
		return true;
	}
}

/* Fifth. false: the segment goes no further. */
static bool
step_ack(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	 struct ready *ready)
{
	if (!(s->flags & TCP_ACK))
		return false;
	if (c->state == TCP_SYN_RECEIVED && !step_ack_syn(t, c, s, ready))
		return false;
	/* RFC 5961 section 5.2. */
	if (seq_gt(s->ack, c->snd_max) ||
	    seq_lt(s->ack, c->snd_una - c->snd_wnd_max)) {
		tcp_challenge(t, c);
		return false;
	}
	tcp_ack(t, c, s, ready);
	return !is_fin_acked(c) || fin_acked(t, c, ready);
}

/* RFC 3168 section 6.1.3. */
static void
note_ecn(struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(c->flags & TCP_F_ECN))
		return;
	if (s->flags & TCP_CWR)
		c->flags &= ~TCP_F_ECE;
	if (s->hs->is_ce && s->bytes)
		c->flags |= TCP_F_ECE;
}

static void
others(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
       struct ready *ready)
{
	/* RFC 9293 figure 8: the SYN-ACK of a simultaneous open. */
	if (c->state == TCP_SYN_RECEIVED && (s->flags & TCP_SYN) &&
	    s->seq + 1 == c->rcv_nxt) {
		s->seq++;
		s->flags &= (uint8_t)~TCP_SYN;
	}
	/* First: sequence number. */
	if (is_paws_fail(t, c, s)) {
		TCP_COUNT_ADD(t, PAWS, 1);
		if (s->o.has_ts &&
		    (s->bytes || (s->flags & (TCP_FIN | TCP_SYN))))
			c->flags |= TCP_F_ACK_NOW;
		tcp_conn_pend(t, c);
		return;
	}
	if (!is_acceptable(c, s)) {
		/* It may carry a good ACK: a shut window's probe does. */
		if ((s->flags & (TCP_ACK | TCP_RST | TCP_SYN)) == TCP_ACK &&
		    c->rcv_edge == c->rcv_nxt && s->seq == c->rcv_nxt &&
		    !step_ack(t, c, s, ready))
			return;
		unacceptable(t, c, s, ready);
		return;
	}
	if (step_rst(t, c, s, ready))
		return;
	/* Third: security: left out. Fourth: RFC 5961 section 4.2. */
	if (s->flags & TCP_SYN) {
		tcp_challenge(t, c);
		return;
	}
	/* What has passed PAWS is newer, or the old one is out of date. */
	if ((c->flags & TCP_F_TS) && seq_le(s->seq, c->last_ack_sent))
		c->ts_recent = s->o.ts_val;
	c->heard_s = t->now_s;
	if (!step_ack(t, c, s, ready))
		return;
	/* Sixth, URG: skipped: urgent data is left out (RFC 6093). */
	note_ecn(c, s);
	tcp_text(t, c, s, ready); /* seventh and eighth */
}

void
tcp_step(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	 struct ready *ready)
{
	if (c->state == TCP_SYN_SENT)
		syn_sent(t, c, s, ready);
	else
		others(t, c, s, ready);
	if (c->state != TCP_CLOSED)
		tcp_conn_set_slow(c);
}
