/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports over DPDK's ethdev: made of a device, its queues and their pools of
 * buffers. An mbuf is a frame's buffer; nothing is copied in between. DPDK's
 * start is in port_dpdk_eal.c, the device's in port_dpdk_dev.c, bursts are in
 * port_dpdk_rx.c and port_dpdk_tx.c.
 */
#include "dataplane/port_dpdk_int.h"
#include "dataplane/port_dpdk_spread.h"

#include <rte_errno.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include <sysexits.h>

#define POOL_CACHE_N 256u
#define USERS_N	     4096u /* held by neighbours and by TCP */

uint32_t
dpdk_bufs_n(const struct port_dpdk_cfg *cfg)
{
	uint32_t ring_n = cfg->ring_n ? cfg->ring_n : DPDK_RING_N_DEFAULT;

	/* One less than a power of two fits a ring best. */
	return cfg->bufs_n ? cfg->bufs_n
			   : rte_align32pow2(2 * ring_n + DPDK_PASS_N +
					     DPDK_WAIT_N + USERS_N) -
				     1;
}

uint32_t
dpdk_tso_bufs_n(const struct port_dpdk_cfg *cfg)
{
	uint32_t ring_n = cfg->ring_n ? cfg->ring_n : DPDK_RING_N_DEFAULT;

	return rte_align32pow2(ring_n + DPDK_WAIT_N + 2 * POOL_CACHE_N) - 1;
}

/* --- port.h --- */

static bool
dpdk_is_up(const struct port *base)
{
	const struct dpdk_port *p = (const struct dpdk_port *)base;
	struct rte_eth_link link;
	int error = rte_eth_link_get_nowait(p->id, &link);

	/* A device that knows no link has no cable that could be pulled. */
	return error == -ENOTSUP ||
	       (error == 0 && link.link_status == RTE_ETH_LINK_UP);
}

static unsigned
dpdk_queue_of(const struct port *base, const struct ip *src, uint16_t src_port,
	      const struct ip *dst, uint16_t dst_port)
{
	const struct dpdk_port *p = (const struct dpdk_port *)base;

	if (p->reta_n == 0)
		return flow_hash(&p->spread_key, src, src_port, dst, dst_port) %
		       base->queues_n;
	return dpdk_rss_hash(p->rss_key, src, src_port, dst, dst_port) %
	       p->reta_n % base->queues_n;
}

static void
dpdk_stats(const struct port *base, unsigned queue_idx, struct port_stats *out)
{
	const struct dpdk_port *p = (const struct dpdk_port *)base;
	const struct dpdk_queue *q = p->queues[queue_idx];
	struct rte_eth_stats stats;

	port_counts_get(&q->base.count, out);
	out->bufs_free_n =
		rte_mempool_avail_count(q->rx_pool ? q->rx_pool : q->tx_pool);
	/* What the device counts as a whole stands with queue 0. */
	if (queue_idx != 0 || rte_eth_stats_get(p->id, &stats) != 0)
		return;
	out->rx_missed_n += stats.imissed + stats.rx_nombuf;
	out->rx_errors_n += stats.ierrors;
	out->tx_dropped_n += stats.oerrors;
}

static void
ring_free(struct dpdk_queue *q)
{
	struct rte_mbuf *m;

	if (q->in == NULL)
		return;
	while ((m = ring_get(q->in)) != NULL)
		rte_pktmbuf_free(m);
	ring_fini(q->in);
	free(q->in);
}

static void
queue_free(struct dpdk_queue *q)
{
	if (q->early_n)
		rte_pktmbuf_free_bulk(q->early + q->early_at,
				      q->early_n - q->early_at);
	rte_pktmbuf_free_bulk(q->wait, q->wait_n);
	ring_free(q);
	dpdk_guard_put(&q->guard);
}

static void
dpdk_close(struct port *base)
{
	struct dpdk_port *p = (struct dpdk_port *)base;

	dpdk_link_fini(p);
	for (unsigned i = 0; i < base->queues_n && p->queues[i]; i++) {
		if (p->is_started)
			dpdk_sleep_fini(p->queues[i]);
		queue_free(p->queues[i]);
	}
	if (p->is_started)
		(void)rte_eth_dev_stop(p->id);
	(void)rte_eth_dev_close(p->id);
	for (unsigned i = 0; i < base->queues_n && p->queues[i]; i++) {
		if (p->queues[i]->tx_pool != p->queues[i]->rx_pool)
			rte_mempool_free(p->queues[i]->tx_pool);
		rte_mempool_free(p->queues[i]->rx_pool);
		free(p->queues[i]);
	}
	free(p);
}

static const struct port_ops dpdk_ops = {
	.close = dpdk_close,
	.is_up = dpdk_is_up,
	.queue_of = dpdk_queue_of,
	.rx = dpdk_rx,
	.free = dpdk_free,
	.tx_get = dpdk_tx_get,
	.tx = dpdk_tx,
	.tx_flush = dpdk_tx_flush,
	.sleep = dpdk_sleep,
	.stats = dpdk_stats,
};

/* --- opening --- */

/* A pool of bufs_n buffers for frames of frame_bytes. NULL: rte_errno. */
static struct rte_mempool *
pool_open(const struct dpdk_port *p, const char *what, unsigned queue_idx,
	  uint32_t bufs_n, uint32_t frame_bytes)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	uint32_t room = RTE_ALIGN(frame_bytes, 1024u);

	if (room < p->info.min_rx_bufsize)
		room = p->info.min_rx_bufsize;
	if (room < 2048)
		room = 2048;
	if (p->room_bytes_max && room > p->room_bytes_max)
		room = p->room_bytes_max;
	snprintf(name, sizeof(name), "penstock_%s_%u_%u", what, p->id,
		 queue_idx);
	return rte_pktmbuf_pool_create(name, bufs_n, POOL_CACHE_N, 0,
				       (uint16_t)(room + RTE_PKTMBUF_HEADROOM),
				       rte_eth_dev_socket_id(p->id));
}

static bool
pools_open(struct dpdk_port *p, struct dpdk_queue *q,
	   const struct port_dpdk_cfg *cfg)
{
	bool has_tso = p->base.caps & PORT_CAP_TSO;
	uint32_t bytes = has_tso ? DPDK_TSO_BYTES : p->frame_bytes_max;

	if (q->has_rx) {
		q->rx_pool = pool_open(p, "rx", q->base.idx, p->bufs_n,
				       p->frame_bytes_max);
		if (q->rx_pool == NULL)
			return false;
	}
	q->tx_pool = q->rx_pool;
	if (has_tso || q->tx_pool == NULL)
		q->tx_pool = pool_open(
			p, "tx", q->base.idx,
			has_tso ? dpdk_tso_bufs_n(cfg) : p->bufs_n, bytes);
	if (q->tx_pool == NULL)
		return false;
	q->tx_room =
		rte_pktmbuf_data_room_size(q->tx_pool) - RTE_PKTMBUF_HEADROOM;
	return true;
}

static bool
queue_open(struct dpdk_port *p, unsigned idx, const struct port_dpdk_cfg *cfg)
{
	struct dpdk_queue *q = aligned_alloc(
		CACHE_LINE, RTE_ALIGN(sizeof(*q), (size_t)CACHE_LINE));
	bool is_alone = p->base.queues_n == 1 || p->reta_n;

	if (q == NULL)
		return false;
	memset(q, 0, sizeof(*q));
	p->queues[idx] = q;
	p->queue_list[idx] = &q->base;
	q->base.ops = &dpdk_ops;
	q->base.idx = idx;
	q->port = p;
	q->port_id = p->id;
	q->dev_queue = is_alone ? (uint16_t)idx : 0;
	q->has_rx = is_alone || idx == 0;
	q->is_spreading = !is_alone && idx == 0;
	q->tx_lock = is_alone ? NULL : &p->tx_lock;
	q->epoll_fd = q->socket_fd = -1;
	if (strcmp(p->info.driver_name, "net_memif") == 0)
		q->guard = dpdk_guard_get();
	if (!q->has_rx) {
		q->in = aligned_alloc(CACHE_LINE, sizeof(*q->in));
		if (q->in == NULL || ring_init(q->in, DPDK_PASS_N) != 0) {
			free(q->in);
			q->in = NULL;
			return false;
		}
	}
	return pools_open(p, q, cfg);
}

/* The device that is named, or the only one. */
static bool
device_find(struct dpdk_port *p, const char *wanted, struct diag *diag)
{
	char name[RTE_ETH_NAME_MAX_LEN], names[512] = "";
	unsigned n = 0;
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		size_t used = strlen(names);

		if (rte_eth_dev_get_name_by_port(id, name) != 0 ||
		    (wanted && strcmp(wanted, name) != 0))
			continue;
		p->id = id;
		n++;
		snprintf(names + used, sizeof(names) - used, "%s%s",
			 used ? ", " : "", name);
	}
	if (n == 1)
		return true;
	if (n == 0) {
		struct span said = dpdk_said_last(p->dpdk);

		diag_fail(diag, EX_UNAVAILABLE, NULL, 0,
			  "penstock_dpdk_args: DPDK has no device%s%s: bind a "
			  "card with `dpdk-devbind.py -b vfio-pci 0000:03:00.0`"
			  ", or add a virtual one, such as --vdev=net_tap0"
			  "%s%.*s%s",
			  wanted ? " of the name " : "", wanted ? wanted : "",
			  said.len ? " (DPDK: " : "", SPAN_FMT(said),
			  said.len ? ")" : "");
	} else {
		diag_fail(
			diag, EX_CONFIG, NULL, 0,
			"penstock_dpdk_args: DPDK has %u devices (%s): leave "
			"one, with -a 0000:03:00.0 or --no-pci and one --vdev",
			n, names);
	}
	return false;
}

struct port *
port_dpdk_open(struct port_dpdk *d, const struct port_dpdk_cfg *cfg,
	       struct diag *diag)
{
	struct dpdk_port *p = must_alloc(sizeof(*p));
	struct port *base = &p->base;

	must(cfg->queues_n && cfg->queues_n <= PORT_DPDK_QUEUES_MAX);
	atomic_store(&d->is_running, false);
	p->dpdk = d;
	if (!device_find(p, cfg->device, diag)) {
		free(p);
		return NULL;
	}
	base->ops = &dpdk_ops;
	base->queues = p->queue_list;
	base->queues_n = cfg->queues_n;
	p->is_polled = cfg->is_polled;
	p->ring_n = cfg->ring_n ? cfg->ring_n : DPDK_RING_N_DEFAULT;
	p->bufs_n = dpdk_bufs_n(cfg);
	rte_spinlock_init(&p->tx_lock);
	if (!dpdk_dev_settle(p, cfg, diag))
		goto fail;
	for (unsigned i = 0; i < cfg->queues_n; i++)
		if (!queue_open(p, i, cfg)) {
			dpdk_dev_fail(p, -ENOMEM, diag,
				      "no room for %u buffers of %u bytes: "
				      "give DPDK more memory (-m MEGABYTES, or "
				      "more huge pages)",
				      p->bufs_n, p->frame_bytes_max);
			goto fail;
		}
	if (!dpdk_dev_start(p, !cfg->is_polled, diag))
		goto fail;
	for (unsigned i = 0; i < cfg->queues_n; i++)
		dpdk_sleep_init(p->queues[i]);
	dpdk_link_init(p);
	atomic_store(&d->is_running, true);
	return base;
fail:
	port_close(&base);
	return NULL;
}
