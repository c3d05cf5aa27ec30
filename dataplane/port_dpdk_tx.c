/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending: frames as a burst of mbufs, with what the device is asked to do. For
 * what it has no room for there is a short line, so that a burst is not lost to
 * a ring that is full for a moment; behind the line's end frames are dropped.
 */
#include "dataplane/port_dpdk_int.h"

bool
dpdk_tx_get(struct port_queue *base, struct frame *out)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;
	struct rte_mbuf *m;

	if (UNLIKELY(!q->is_begun))
		dpdk_queue_begin(q);
	m = rte_pktmbuf_alloc(q->tx_pool);
	if (UNLIKELY(m == NULL))
		return false;
	*out = (struct frame) { .data = rte_pktmbuf_mtod(m, uint8_t *),
				.buf = m,
				.room = q->tx_room };
	return true;
}

static void
offload_set(struct rte_mbuf *m, const struct frame *f)
{
	bool is_v4 = f->data[f->l2_bytes] >> 4 == 4;
	uint64_t flags = is_v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;

	if (f->flags & FRAME_WANT_TCP_SUM)
		flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	if (f->flags & FRAME_WANT_IP_SUM)
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
	if (f->flags & FRAME_WANT_TSO) {
		flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
		if (is_v4)
			flags |= RTE_MBUF_F_TX_IP_CKSUM;
		m->tso_segsz = f->tso_bytes;
	}
	m->l2_len = f->l2_bytes;
	m->l3_len = f->l3_bytes;
	m->l4_len = f->l4_bytes;
	m->ol_flags |= flags;
}

/* Gives how many have left; the rest are as they were. */
static unsigned
burst(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n)
{
	unsigned done = 0;

	if (q->tx_lock != NULL)
		rte_spinlock_lock(q->tx_lock);
	dpdk_guard_enter(q->guard);
	if (LIKELY(!dpdk_is_away(q)))
		done = rte_eth_tx_burst(q->port_id, q->dev_queue, m,
					(uint16_t)n);
	dpdk_guard_leave(q->guard);
	if (q->tx_lock != NULL)
		rte_spinlock_unlock(q->tx_lock);
	return done;
}

static void
drop(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n)
{
	if (n == 0)
		return;
	counter_add(&q->base.count.tx_dropped, n);
	rte_pktmbuf_free_bulk(m, n);
}

/* What waits goes first. What the device will not have, however often it is
 * offered, must not keep the rest from going. */
static void
waiting_send(struct dpdk_queue *q)
{
	unsigned done = burst(q, q->wait, q->wait_n);

	if (done == 0 && ++q->tries_n == DPDK_TRIES_MAX) {
		drop(q, q->wait, 1);
		done = 1;
	}
	if (done)
		q->tries_n = 0;
	q->wait_n -= done;
	if (done && q->wait_n)
		memmove(q->wait, q->wait + done,
			q->wait_n * sizeof(struct rte_mbuf *));
}

static void
wait_or_drop(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n)
{
	unsigned room = DPDK_WAIT_N - q->wait_n;
	unsigned kept = n < room ? n : room;

	memcpy(q->wait + q->wait_n, m, kept * sizeof(struct rte_mbuf *));
	q->wait_n += kept;
	drop(q, m + kept, n - kept);
}

/* Drivers have a last look, and refuse what their device cannot do. */
static unsigned
prepare(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n)
{
	unsigned at = 0;

	while (at < n) {
		at += rte_eth_tx_prepare(q->port_id, q->dev_queue, m + at,
					 (uint16_t)(n - at));
		if (at == n)
			break;
		drop(q, m + at, 1);
		n--;
		memmove(m + at, m + at + 1,
			(n - at) * sizeof(struct rte_mbuf *));
	}
	return n;
}

static void
tx_part(struct dpdk_queue *q, struct frame *frames, unsigned n)
{
	struct rte_mbuf *m[PORT_BURST_MAX];
	uint16_t wanted = 0;
	uint64_t bytes = 0;
	unsigned done = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct frame *f = &frames[i];

		m[i] = f->buf;
		assert(f->len <= q->tx_room);
		m[i]->data_len = (uint16_t)f->len;
		m[i]->pkt_len = f->len;
		bytes += f->len;
		wanted |= f->flags;
		if (f->flags &
		    (FRAME_WANT_IP_SUM | FRAME_WANT_TCP_SUM | FRAME_WANT_TSO))
			offload_set(m[i], f);
	}
	counter_add(&q->base.count.tx, n);
	counter_add(&q->base.count.tx_bytes, bytes);
	if (wanted & (FRAME_WANT_IP_SUM | FRAME_WANT_TCP_SUM | FRAME_WANT_TSO))
		n = prepare(q, m, n);
	if (UNLIKELY(q->wait_n))
		waiting_send(q);
	if (LIKELY(q->wait_n == 0))
		done = burst(q, m, n);
	if (UNLIKELY(done < n))
		wait_or_drop(q, m + done, n - done);
}

void
dpdk_tx(struct port_queue *base, struct frame *frames, unsigned n)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;

	while (n) {
		unsigned part = n < PORT_BURST_MAX ? n : PORT_BURST_MAX;

		tx_part(q, frames, part);
		frames += part;
		n -= part;
	}
}

void
dpdk_tx_flush(struct port_queue *base)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;

	if (UNLIKELY(q->wait_n))
		waiting_send(q);
}
