/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens because time has passed: retransmission (RFC 6298), tail-loss
 * probes (RFC 8985 section 7), window probes, delayed ACKs, keep-alive, and the
 * end of connections that nobody continues. One wheel node a connection: it is
 * moved only when something is due earlier, and looks again when it fires.
 */
#include "dataplane/tcp_int.h"

#define TICK_US		WHEEL_TICK_US
#define PTO_MIN_US	10000u
#define STARVED_US	1000u
#define PEER_DELAYED_US 200000u /* RFC 8985: WCDelAckT */

/* --- the estimate --- */

void
tcp_rtt_sample(struct tcp_conn *c, uint32_t rtt_us)
{
	uint32_t diff;

	if (rtt_us == 0)
		rtt_us = 1;
	if (rtt_us > TCP_RTO_MAX_US)
		return;
	if (c->srtt_us == 0) { /* RFC 6298 (2.2) */
		c->srtt_us = rtt_us;
		c->rttvar_us = rtt_us / 2;
		return;
	}
	diff = rtt_us > c->srtt_us ? rtt_us - c->srtt_us : c->srtt_us - rtt_us;
	c->rttvar_us = c->rttvar_us - c->rttvar_us / 4 + diff / 4;
	c->srtt_us = c->srtt_us - c->srtt_us / 8 + rtt_us / 8;
	if (c->srtt_us == 0)
		c->srtt_us = 1;
}

uint32_t
tcp_rto_us(const struct tcp_conn *c)
{
	uint32_t var = 4 * c->rttvar_us;
	uint64_t rto = TCP_RTO_INIT_US;

	/* RFC 6298 (2.4) says 1 s at least, for peers that take their time to
	 * acknowledge; hosts have long used 200 ms, but beside the RTT: a long
	 * and steady one leaves nothing else for that time. Whole ticks. */
	if (c->srtt_us)
		rto = c->srtt_us / TICK_US * TICK_US +
		      (var > TCP_RTO_MIN_US ? var : TCP_RTO_MIN_US);
	rto <<= c->backoff < 16 ? c->backoff : 16;
	return rto > TCP_RTO_MAX_US ? TCP_RTO_MAX_US : (uint32_t)rto;
}

/* --- arming --- */

static void
node_by(struct tcp *t, struct tcp_conn *c, uint64_t due_us)
{
	if (!wheel_is_set(&c->timer) ||
	    c->timer.due_tick * WHEEL_TICK_US > due_us)
		wheel_set(&t->wheel, &c->timer, due_us);
}

static uint64_t
from_us(const struct tcp *t, uint32_t due_us)
{
	return t->now_us +
	       (uint64_t)(int64_t)(int32_t)(due_us - (uint32_t)t->now_us);
}

static void
rtx_by(struct tcp *t, struct tcp_conn *c, uint32_t after_us)
{
	c->rtx_due_us = (uint32_t)t->now_us + after_us;
	c->timers |= TCP_T_RTX;
	node_by(t, c, t->now_us + after_us);
}

/* RFC 8985 section 7.2: a probe instead of the timeout, when that is later. */
static bool
pto_arm(struct tcp *t, struct tcp_conn *c)
{
	const uint32_t not_in = TCP_F_FAST | TCP_F_RTO | TCP_F_TLP;
	uint32_t pto = 2 * c->srtt_us;

	if (!(c->flags & TCP_F_SACK) || (c->flags & not_in) || !c->srtt_us ||
	    c->backoff || c->dupacks || !tcp_is_in(c, TCP_CAN_SEND_DATA))
		return false;
	if (pto < PTO_MIN_US)
		pto = PTO_MIN_US;
	if (c->snd_max - c->snd_una <= tcp_mss(c))
		pto += PEER_DELAYED_US;
	if (pto >= tcp_rto_us(c))
		return false;
	c->timers |= TCP_T_PTO;
	rtx_by(t, c, pto);
	return true;
}

void
tcp_rtx_arm(struct tcp *t, struct tcp_conn *c)
{
	bool is_flight = c->snd_max != c->snd_una;
	bool is_fin_due = (c->flags & TCP_F_FIN_WANTED) &&
			  tcp_is_in(c, TCP_CAN_SEND_DATA);
	bool is_waiting = is_flight || c->tx.bytes || is_fin_due;

	c->timers &= (uint8_t)~TCP_T_PTO;
	if (!is_waiting) {
		c->timers &= (uint8_t)~TCP_T_RTX;
		c->flags &= ~TCP_F_PERSIST;
		return;
	}
	/* Shut, or too narrow to be worth it (SWS) with nothing on its way. */
	if (c->snd_wnd == 0 || !is_flight) {
		if (!(c->flags & TCP_F_PERSIST) || !(c->timers & TCP_T_RTX))
			rtx_by(t, c, tcp_rto_us(c));
		c->flags |= TCP_F_PERSIST | TCP_F_SLOW;
		return;
	}
	c->flags &= ~TCP_F_PERSIST;
	if (!pto_arm(t, c))
		rtx_by(t, c, tcp_rto_us(c));
}

void
tcp_ack_arm(struct tcp *t, struct tcp_conn *c)
{
	if (c->timers & TCP_T_ACK)
		return;
	c->ack_due_us = (uint32_t)(t->now_us + t->cfg.delayed_ack_us);
	c->timers |= TCP_T_ACK;
	node_by(t, c, t->now_us + t->cfg.delayed_ack_us);
}

void
tcp_life_arm(struct tcp *t, struct tcp_conn *c, uint32_t after_ms)
{
	c->life_due_ms = t->now_ms + after_ms;
	c->timers |= TCP_T_LIFE;
	node_by(t, c, t->now_us + after_ms * 1000ull);
}

void
tcp_timers_off(struct tcp *t, struct tcp_conn *c)
{
	wheel_clear(&t->wheel, &c->timer);
	c->timers = 0;
}

/* The node has fired or a deadline has gone: what is next? */
static void
node_again(struct tcp *t, struct tcp_conn *c)
{
	if (c->timers & TCP_T_RTX)
		node_by(t, c, from_us(t, c->rtx_due_us));
	if (c->timers & TCP_T_ACK)
		node_by(t, c, from_us(t, c->ack_due_us));
	if (c->timers & TCP_T_LIFE)
		node_by(t, c,
			t->now_us +
				(uint64_t)((int64_t)(int32_t)(c->life_due_ms -
							      t->now_ms) *
					   1000));
}

/* --- firing --- */

static void
give_up(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	TCP_COUNT_ADD(t, GIVEN_UP, 1);
	if (c->state != TCP_SYN_SENT)
		tcp_send_rst(t, c);
	tcp_conn_end(t, c, true, ready);
}

void
tcp_syn_arm(struct tcp *t, struct tcp_conn *c)
{
	rtx_by(t, c, tcp_rto_us(c));
}

/* Without counting it as a loss: nothing was lost to congestion. */
void
tcp_pmtu_take(struct tcp *t, struct tcp_conn *c)
{
	if (!c->pmtu)
		return;
	host_pmtu_learn(t->host, &c->key.peer, c->pmtu, t->now_us);
	(void)host_path_find(t->host, &c->key.peer, &c->path, t->now_us);
	c->pmtu = 0;
	c->flags &= ~TCP_F_MSS_PROVEN;
	TCP_COUNT_ADD(t, PMTU_LOWERED, 1);
	if (c->state >= TCP_ESTABLISHED && !(c->flags & TCP_F_FAST)) {
		c->snd_nxt = c->snd_una;
		c->recover = c->snd_max;
		c->flags |= TCP_F_RTO | TCP_F_SLOW;
		tcp_conn_pend(t, c);
	}
}

static void
syn_timeout(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	if (c->backoff >= TCP_SYN_RTX_MAX) {
		give_up(t, c, ready);
		return;
	}
	c->backoff++;
	tcp_pmtu_take(t, c);
	tcp_send_syn(t, c);
	tcp_syn_arm(t, c);
}

static void
probe_window(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	uint32_t n = c->snd_wnd, mss = tcp_mss(c);

	/* Somebody who answers may take his time, as long as we have an owner
	 * who can lose patience; see TCP_T_LIFE. */
	if (c->probes >= TCP_RTX_MAX) {
		give_up(t, c, ready);
		return;
	}
	c->probes++;
	if (n > mss)
		n = mss;
	if (n == 0)
		n = 1;
	if (n > c->tx.bytes)
		n = c->tx.bytes;
	TCP_COUNT_ADD(t, WINDOW_PROBES, 1);
	tcp_send_at(t, c, c->snd_una, n,
		    n == c->tx.bytes && (c->flags & TCP_F_FIN_WANTED));
	c->snd_nxt = c->snd_max;
	if (c->backoff < 16)
		c->backoff++;
	rtx_by(t, c, tcp_rto_us(c));
}

/* RFC 8985 section 7.3. */
static void
probe_loss(struct tcp *t, struct tcp_conn *c)
{
	uint32_t mss = tcp_mss(c), end = tcp_tx_end(c), left, from, n;

	left = seq_lt(c->snd_max, end) ? end - c->snd_max : 0;
	n = left < mss ? left : mss;
	c->timers &= (uint8_t)~TCP_T_PTO;
	c->flags |= TCP_F_TLP | TCP_F_SLOW;
	TCP_COUNT_ADD(t, LOSS_PROBES, 1);
	if (n && seq_le(c->snd_max + n, c->snd_una + c->snd_wnd)) {
		c->flags &= ~TCP_F_TLP_AGAIN;
		tcp_send_at(t, c, c->snd_max, n, false);
		c->snd_nxt = c->snd_max;
	} else {
		n = c->snd_max - c->snd_una;
		from = n > mss ? c->snd_max - mss : c->snd_una;
		n = seq_min(c->snd_max, end) - from;
		c->flags |= TCP_F_TLP_AGAIN;
		tcp_send_at(t, c, from, n, seq_gt(c->snd_max, end));
	}
	c->recover = c->snd_max;
	rtx_by(t, c, tcp_rto_us(c));
}

/* RFC 6298 (5.4) to (5.7): from the oldest on, slowly. */
static void
timeout(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	struct tcp_loss *l = tcp_loss(t, c);

	if (c->backoff >= TCP_RTX_MAX) {
		give_up(t, c, ready);
		return;
	}
	TCP_COUNT_ADD(t, TIMEOUTS, 1);
	tcp_pmtu_take(t, c);
	tcp_cc_timeout(t, c, c->snd_max - c->snd_una);
	c->flags &= ~(TCP_F_FAST | TCP_F_TLP | TCP_F_TIMED);
	c->flags |= TCP_F_RTO | TCP_F_SLOW;
	c->recover = c->snd_max;
	c->snd_nxt = c->snd_una;
	c->dupacks = 0;
	/* RFC 2018 section 8: the peer may have thrown it away. */
	if (l != NULL && c->backoff)
		tcp_sack_clear(&l->sack, c->snd_una);
	c->backoff++;
	rtx_by(t, c, tcp_rto_us(c));
	tcp_output(t, c);
}

static void
rtx_due(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	c->timers &= (uint8_t)~TCP_T_RTX;
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED)
		syn_timeout(t, c, ready);
	else if (c->flags & TCP_F_PERSIST)
		probe_window(t, c, ready);
	else if (c->timers & TCP_T_PTO)
		probe_loss(t, c);
	else
		timeout(t, c, ready);
}

static void
keep_alive(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	uint32_t keep_ms = (uint32_t)(t->cfg.keepalive_us / 1000);
	uint32_t idle_ms = (t->now_s - c->heard_s) * 1000;
	struct tcp_bare b = { .seq = c->snd_una - 1,
			      .ack = c->rcv_nxt,
			      .flags = TCP_ACK };

	/* With something in flight the retransmission timer decides. */
	if (c->snd_una != c->snd_max || idle_ms < keep_ms) {
		c->probes = 0;
		tcp_life_arm(t, c,
			     idle_ms < keep_ms ? keep_ms - idle_ms : keep_ms);
		return;
	}
	if (c->probes >= TCP_KEEP_PROBES) {
		give_up(t, c, ready);
		return;
	}
	c->probes++;
	TCP_COUNT_ADD(t, KEEPALIVES, 1);
	b.wnd = (uint16_t)((c->rcv_edge - c->rcv_nxt) >> tcp_rcv_wscale(c));
	if (c->flags & TCP_F_TS) {
		b.o.has_ts = true;
		b.o.ts_val = tcp_ts_now(t, c);
		b.o.ts_ecr = c->ts_recent;
	}
	tcp_send_bare(t, &c->key, &c->path, &b);
	tcp_life_arm(t, c, TCP_KEEP_EVERY_MS);
}

static void
life_due(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	c->timers &= (uint8_t)~TCP_T_LIFE;
	if (c->flags & TCP_F_KEEP)
		keep_alive(t, c, ready);
	else if (c->state == TCP_FIN_WAIT_2)
		tcp_conn_end(t, c, false, ready); /* it owes us only a FIN */
	else
		give_up(t, c, ready);
}

static void
fire(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	uint32_t now_us = (uint32_t)t->now_us;

	if ((c->timers & TCP_T_ACK) && seq_le(c->ack_due_us, now_us)) {
		c->timers &= (uint8_t)~TCP_T_ACK;
		if (c->ack_segs)
			tcp_send_ack(t, c);
	}
	if ((c->timers & TCP_T_RTX) && seq_le(c->rtx_due_us, now_us))
		rtx_due(t, c, ready);
	if ((c->timers & TCP_T_LIFE) && seq_le(c->life_due_ms, t->now_ms))
		life_due(t, c, ready);
	if (c->state != TCP_CLOSED) {
		tcp_conn_set_slow(c);
		node_again(t, c);
	}
}

void
tcp_timers(struct tcp *t, struct ready *ready, uint64_t now_us)
{
	struct wheel_node *n;
	uint32_t number;

	tcp_set_now(t, now_us);
	wheel_advance(&t->wheel, now_us);
	while ((n = wheel_take(&t->wheel)) != NULL)
		fire(t, CONTAINER_OF(n, struct tcp_conn, timer), ready);
	tcp_syn_timers(t);
	while ((number = tcp_wait_due(&t->waits, t->now_ms)) != 0)
		tcp_drop_wait(t, number);
	if (UNLIKELY(t->starved) && t->starved_ms != t->now_ms) {
		t->starved_ms = t->now_ms;
		tcp_starved_tell(t, ready);
	}
}

uint64_t
tcp_next_us(const struct tcp *t)
{
	uint64_t next = wheel_next_us(&t->wheel), at;
	uint32_t ms = tcp_syn_next_ms(&t->syns, t->now_ms);

	if (t->pending)
		return t->now_us;
	if (t->starved && t->now_us + STARVED_US < next)
		next = t->now_us + STARVED_US;
	if (ms != UINT32_MAX) {
		at = t->now_us + ms * 1000ull;
		next = at < next ? at : next;
	}
	if (t->waits.first) {
		ms = tcp_wait_rec(&t->waits, t->waits.first)->due_ms -
		     t->now_ms;
		at = t->now_us + ((int32_t)ms > 0 ? ms * 1000ull : 0);
		next = at < next ? at : next;
	}
	return next;
}
