/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much may be in flight: slow start and loss response of RFC 5681, initial
 * window of RFC 6928, and between losses CUBIC (RFC 9438). A connection that
 * has never lost anything has no CUBIC state: it is in slow start.
 */
#include "dataplane/tcp_int.h"

#define BETA_NUM 7u /* RFC 9438 section 4.6: 0.7 */
#define BETA_DEN 10u
#define CWND_MAX (1u << 30)

void
tcp_cc_init(struct tcp_conn *c)
{
	uint32_t mss = tcp_mss(c), least = 2 * mss > 14600 ? 2 * mss : 14600;

	/* RFC 6928 section 2. */
	c->cwnd = TCP_IW_SEGS * mss < least ? TCP_IW_SEGS * mss : least;
	c->ssthresh = CWND_MAX;
}

/* The cube root of x, rounded down: one bit after another, from the top. */
static uint32_t
cube_root(uint64_t x)
{
	uint64_t root = 0;

	for (int bit = 20; bit >= 0; bit--) {
		uint64_t more = root | 1ull << bit;

		if (more * more * more <= x)
			root = more;
	}
	return (uint32_t)root;
}

/* A new epoch of congestion avoidance: RFC 9438 section 4.2. */
static void
begin_epoch(struct tcp *t, struct tcp_conn *c, struct tcp_loss *l, uint32_t mss)
{
	l->is_epoch = 1;
	l->epoch_ms = t->now_ms;
	l->w_est = c->cwnd;
	l->acked = 0;
	l->k_ms = 0;
	if (l->w_max < c->cwnd)
		l->w_max = c->cwnd;
	else /* K = cbrt((W_max - cwnd) / C), C = 0.4, in segments and s */
		l->k_ms = cube_root((uint64_t)(l->w_max - c->cwnd) * 5 *
				    1000000000 / (2ull * mss));
}

/* W_cubic(t + RTT) of figure 1, in bytes. */
static uint32_t
w_cubic(const struct tcp *t, const struct tcp_conn *c, const struct tcp_loss *l,
	uint32_t mss)
{
	int64_t ms = (int64_t)(t->now_ms - l->epoch_ms) + c->srtt_us / 1000 -
		     l->k_ms;
	int64_t target;

	if (ms > 300000)
		ms = 300000;
	target = ms * ms * ms / 1000000 * (int64_t)mss * 4 / 10 / 1000;
	target += l->w_max;
	if (target < (int64_t)c->cwnd)
		target = c->cwnd;
	if (target > (int64_t)c->cwnd + c->cwnd / 2)
		target = c->cwnd + c->cwnd / 2;
	return (uint32_t)target;
}

static void
avoid_congestion(struct tcp *t, struct tcp_conn *c, uint32_t bytes,
		 uint32_t mss)
{
	struct tcp_loss *l = tcp_loss(t, c);
	uint32_t target;

	if (l == NULL) { /* RFC 5681 section 3.1, by bytes */
		uint64_t more = (uint64_t)mss * bytes / c->cwnd;

		c->cwnd += (uint32_t)(more ? more : 1);
		return;
	}
	if (!l->is_epoch)
		begin_epoch(t, c, l, mss);
	/* Section 4.3: as Reno would, with alpha 3 (1 - beta) / (1 + beta). */
	l->w_est += (uint32_t)((uint64_t)mss * bytes / c->cwnd * 9 / 17);
	target = w_cubic(t, c, l, mss);
	if (target < l->w_est) {
		c->cwnd = l->w_est;
		return;
	}
	l->acked += (uint32_t)((uint64_t)(target - c->cwnd) * bytes / c->cwnd);
	c->cwnd += l->acked;
	l->acked = 0;
}

void
tcp_cc_acked(struct tcp *t, struct tcp_conn *c, uint32_t bytes)
{
	uint32_t mss = tcp_mss(c);

	/* RFC 9293 3.8.6: a window that was not used says nothing. */
	if (c->snd_max - c->snd_una + bytes + mss < c->cwnd / 2)
		return;
	if (c->cwnd >= CWND_MAX)
		return;
	if (c->cwnd < c->ssthresh)
		c->cwnd += bytes;
	else
		avoid_congestion(t, c, bytes, mss);
}

static void
reduce(struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	struct tcp_loss *l = tcp_loss_get(t, c);
	uint32_t mss = tcp_mss(c);

	/* Behind a hole that does not close, much more than cwnd piles up that
	 * has arrived: none of it is in flight. */
	if (flight > c->cwnd)
		flight = c->cwnd;
	c->ssthresh = flight / BETA_DEN * BETA_NUM;
	if (l != NULL) {
		/* Section 4.7: leave room for others the sooner. */
		l->w_max = c->cwnd < l->w_max ? c->cwnd / (2 * BETA_DEN) *
							(BETA_DEN + BETA_NUM)
					      : c->cwnd;
		l->is_epoch = 0;
	} else {
		c->ssthresh = flight / 2;
	}
	if (c->ssthresh < 2 * mss)
		c->ssthresh = 2 * mss;
}

void
tcp_cc_loss(struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	reduce(t, c, flight);
	c->cwnd = c->ssthresh;
}

void
tcp_cc_timeout(struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	/* RFC 5681 section 3.1: once for one loss. */
	if (c->backoff == 0)
		reduce(t, c, flight);
	c->cwnd = tcp_mss(c);
}

/* RFC 5681 section 4.1: after a pause, the ACK clock has stopped. */
void
tcp_cc_idle(struct tcp *t, struct tcp_conn *c)
{
	uint32_t idle_s = t->now_s - c->heard_s;
	uint32_t cwnd = c->cwnd, ssthresh = c->ssthresh;

	if ((uint64_t)idle_s * 1000000 <= tcp_rto_us(c) + 1000000ull ||
	    !tcp_is_in(c, TCP_CAN_SEND_DATA))
		return;
	tcp_cc_init(c);
	if (cwnd < c->cwnd)
		c->cwnd = cwnd;
	c->ssthresh = ssthresh;
}
