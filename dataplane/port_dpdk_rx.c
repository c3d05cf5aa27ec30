/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving: a burst of mbufs as frames, whose bytes stay where the device has
 * put them. Where the device does not spread flows, queue 0 does.
 */
#include "dataplane/port_dpdk_int.h"
#include "dataplane/port_dpdk_spread.h"

/* Hands on what belongs to others. Gives how many stay, in m. */
static unsigned
spread(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n)
{
	struct dpdk_port *p = q->port;
	unsigned to = 0;
	uint32_t hash;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned i = 0; i < n; i++) {
		unsigned at = 0;

		if (dpdk_spread_hash(&p->spread_key,
				     rte_pktmbuf_mtod(m[i], uint8_t *),
				     rte_pktmbuf_data_len(m[i]), &hash))
			at = hash % p->base.queues_n;
		if (at == q->base.idx) {
			m[to++] = m[i];
		} else if (!ring_put(p->queues[at]->in, m[i])) {
			counter_add(&q->base.count.rx_missed, 1);
			rte_pktmbuf_free(m[i]);
		}
	}
	return to;
}

static unsigned
ring_take(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n_max)
{
	unsigned n = 0;

	while (n < n_max && (m[n] = ring_get(q->in)) != NULL)
		n++;
	return n;
}

static inline uint16_t
flags_of(uint64_t ol_flags)
{
	uint64_t ip = ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t l4 = ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t flags = 0;

	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD ||
	    ip == RTE_MBUF_F_RX_IP_CKSUM_NONE)
		flags |= FRAME_IP_SUM_OK;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD ||
	    l4 == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		flags |= FRAME_L4_SUM_OK;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
	    l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		flags |= FRAME_SUM_BAD;
	if (ol_flags & RTE_MBUF_F_RX_RSS_HASH)
		flags |= FRAME_HAS_HASH;
	if (ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		flags |= FRAME_HAS_VLAN;
	return flags;
}

/* A frame is one buffer: the pools are made for that. What still comes in
 * several (a peer of memif may) is joined where it fits. */
static bool
is_joined(struct dpdk_queue *q, struct rte_mbuf *m)
{
	if (LIKELY(m->nb_segs == 1) || rte_pktmbuf_linearize(m) == 0)
		return true;
	counter_add(&q->base.count.rx_errors, 1);
	rte_pktmbuf_free(m);
	return false;
}

unsigned
dpdk_rx_pull(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n_max)
{
	unsigned n = 0;

	if (UNLIKELY(!q->has_rx))
		return ring_take(q, m, n_max);
	dpdk_guard_enter(q->guard);
	if (LIKELY(!dpdk_is_away(q)))
		n = rte_eth_rx_burst(q->port_id, q->dev_queue, m,
				     (uint16_t)n_max);
	dpdk_guard_leave(q->guard);
	if (q->is_spreading && n)
		n = spread(q, m, n);
	return n;
}

static unsigned
early_take(struct dpdk_queue *q, struct rte_mbuf **m, unsigned n_max)
{
	unsigned n = 0;

	while (n < n_max && q->early_at < q->early_n)
		m[n++] = q->early[q->early_at++];
	if (q->early_at == q->early_n)
		q->early_at = q->early_n = 0;
	return n;
}

unsigned
dpdk_rx(struct port_queue *base, struct frame *frames, unsigned n_max)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;
	struct rte_mbuf *m[PORT_BURST_MAX];
	unsigned n, frames_n = 0;
	uint64_t bytes = 0;

	if (UNLIKELY(!q->is_begun))
		dpdk_queue_begin(q);
	n = UNLIKELY(q->early_n) ? early_take(q, m, n_max)
				 : dpdk_rx_pull(q, m, n_max);
	for (unsigned i = 0; i < n; i++) {
		if (!is_joined(q, m[i]))
			continue;
		frames[frames_n++] = (struct frame) {
			.data = rte_pktmbuf_mtod(m[i], uint8_t *),
			.buf = m[i],
			.hash = m[i]->hash.rss,
			.flags = flags_of(m[i]->ol_flags),
			.vlan = m[i]->vlan_tci,
			.len = rte_pktmbuf_data_len(m[i]),
		};
		bytes += rte_pktmbuf_data_len(m[i]);
	}
	if (frames_n) {
		counter_add(&base->count.rx, frames_n);
		counter_add(&base->count.rx_bytes, bytes);
		counter_add(&base->count.bursts, 1);
	}
	return frames_n;
}

void
dpdk_free(struct port_queue *base, struct frame *frames, unsigned n)
{
	struct rte_mbuf *m[PORT_BURST_MAX];

	while (n) {
		unsigned part = n < PORT_BURST_MAX ? n : PORT_BURST_MAX;

		for (unsigned i = 0; i < part; i++)
			m[i] = frames[i].buf;
		rte_pktmbuf_free_bulk(m, part);
		frames += part;
		n -= part;
	}
}
