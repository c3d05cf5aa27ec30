/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A wire in memory: its two ports, its clock, and what tests do by hand. What
 * happens on the way is in port_mem_wire.c, what a network card would do in
 * port_mem_dev.c.
 */
#include "dataplane/port_mem_dev.h"
#include "dataplane/port_mem_int.h"
#include "dataplane/wire.h"

#include <stdlib.h>

const struct port_mem_cfg port_mem_cfg_default = {
	.seed = 1,
	.mtu = 1500,
	.buf_bytes = 2048,
	.bufs_n = 4096,
	.ring_n = 1024,
	.flight_n = 4096,
	.queues_n = { 1, 1 },
};

/* --- port.h --- */

static void
mem_close(struct port *port)
{
}

static bool
mem_is_up(const struct port *port)
{
	return ((const struct mem_end *)port)->wire->is_up;
}

static unsigned
mem_queue_of(const struct port *port, const struct ip *src, uint16_t src_port,
	     const struct ip *dst, uint16_t dst_port)
{
	const struct mem_end *e = (const struct mem_end *)port;

	return flow_hash(&e->wire->key, src, src_port, dst, dst_port) %
	       port->queues_n;
}

static unsigned
mem_rx(struct port_queue *base, struct frame *frames, unsigned frames_n_max)
{
	struct mem_queue *q = (struct mem_queue *)base;
	uint64_t bytes = 0;
	unsigned n = 0;

	for (; n < frames_n_max && q->first != NULL; n++) {
		struct mem_buf *b = q->first;

		q->first = b->next;
		q->n--;
		frames[n] = (struct frame) {
			.data = b->bytes + b->at,
			.buf = b,
			.hash = b->hash,
			.flags = b->flags,
			.vlan = b->vlan,
			.len = b->len,
		};
		bytes += b->len;
	}
	if (n) {
		counter_add(&base->count.rx, n);
		counter_add(&base->count.rx_bytes, bytes);
		counter_add(&base->count.bursts, 1);
	}
	return n;
}

static void
mem_free(struct port_queue *base, struct frame *frames, unsigned frames_n)
{
	for (unsigned i = 0; i < frames_n; i++)
		port_mem_buf_put(frames[i].buf);
}

static bool
mem_tx_get(struct port_queue *base, struct frame *out)
{
	struct mem_queue *q = (struct mem_queue *)base;
	struct mem_buf *b = port_mem_buf_get(q->end);

	if (b == NULL)
		return false;
	*out = (struct frame) { .data = b->bytes,
				.buf = b,
				.room = q->end->wire->cfg.buf_bytes };
	return true;
}

static void
tx_segments(struct mem_queue *q, const struct frame *f)
{
	struct mem_end *e = q->end;

	for (uint32_t i = 0;; i++) {
		struct mem_buf *b = port_mem_buf_get(e);

		if (b == NULL) {
			counter_add(&q->base.count.tx_dropped, 1);
			return;
		}
		b->len = port_mem_dev_segment(f, i, b->bytes);
		if (b->len == 0) {
			port_mem_buf_put(b);
			return;
		}
		port_mem_send(e, b);
	}
}

static void
mem_tx(struct port_queue *base, struct frame *frames, unsigned frames_n)
{
	struct mem_queue *q = (struct mem_queue *)base;
	struct mem_end *e = q->end;

	for (unsigned i = 0; i < frames_n; i++) {
		struct frame *f = &frames[i];
		struct mem_buf *b = f->buf;

		must(f->data == b->bytes && f->len <= e->wire->cfg.buf_bytes);
		must(b->owner == e);
		counter_add(&base->count.tx, 1);
		counter_add(&base->count.tx_bytes, f->len);
		if (f->flags & FRAME_WANT_TSO) {
			must(e->port.caps & PORT_CAP_TSO && f->tso_bytes);
			tx_segments(q, f);
			port_mem_buf_put(b);
			continue;
		}
		must(f->len <= e->port.mtu + ETH_VLAN_MAX);
		must(!(f->flags & FRAME_WANT_IP_SUM) ||
		     e->port.caps & PORT_CAP_TX_IP_SUM);
		must(!(f->flags & FRAME_WANT_TCP_SUM) ||
		     e->port.caps & PORT_CAP_TX_TCP_SUM);
		port_mem_dev_sums(f);
		b->len = f->len;
		port_mem_send(e, b);
	}
}

static void
mem_tx_flush(struct port_queue *base)
{
}

/* The clock is the test's: there is nothing to wait for. */
static void
mem_sleep(struct port_queue *base, int wake_fd, uint64_t timeout_us)
{
}

static void
mem_stats(const struct port *port, unsigned queue_idx, struct port_stats *out)
{
	const struct mem_end *e = (const struct mem_end *)port;

	port_counts_get(&e->queues[queue_idx].base.count, out);
	out->bufs_free_n = e->free_n;
}

static const struct port_ops mem_ops = {
	.close = mem_close,
	.is_up = mem_is_up,
	.queue_of = mem_queue_of,
	.rx = mem_rx,
	.free = mem_free,
	.tx_get = mem_tx_get,
	.tx = mem_tx,
	.tx_flush = mem_tx_flush,
	.sleep = mem_sleep,
	.stats = mem_stats,
};

/* --- port_mem.h --- */

static void
bufs_init(struct mem_end *e, const struct port_mem_cfg *cfg, size_t buf_size)
{
	for (uint32_t i = 0; i < cfg->bufs_n; i++) {
		struct mem_buf *b = (void *)(e->memory + i * buf_size);

		b->owner = e;
		port_mem_buf_put(b);
	}
}

static bool
end_init(struct port_mem *m, unsigned end)
{
	const struct port_mem_cfg *cfg = &m->cfg;
	struct mem_end *e = &m->ends[end];
	unsigned queues_n = cfg->queues_n[end];
	size_t buf_size =
		(sizeof(struct mem_buf) + cfg->buf_bytes + CACHE_LINE - 1) &
		~(size_t)(CACHE_LINE - 1);

	e->wire = m;
	e->way = cfg->ways[end];
	e->random = cfg->seed * 2 + end;
	e->queues = calloc(queues_n, sizeof(*e->queues));
	e->queue_list = calloc(queues_n, sizeof(struct port_queue *));
	e->memory = calloc(cfg->bufs_n, buf_size);
	e->flight = calloc(cfg->flight_n, sizeof(struct mem_buf *));
	if (!e->queues || !e->queue_list || !e->memory || !e->flight)
		return false;
	bufs_init(e, cfg, buf_size);
	for (unsigned i = 0; i < queues_n; i++) {
		e->queues[i].base.ops = &mem_ops;
		e->queues[i].base.idx = i;
		e->queues[i].end = e;
		e->queue_list[i] = &e->queues[i].base;
	}
	e->port = (struct port) { .ops = &mem_ops,
				  .queues = e->queue_list,
				  .queues_n = queues_n,
				  .caps = cfg->caps[end],
				  .mtu = cfg->mtu,
				  .mac = { 0x02, [5] = (uint8_t)(end + 1) } };
	return true;
}

struct port_mem *
port_mem_open(const struct port_mem_cfg *cfg)
{
	struct port_mem *m = calloc(1, sizeof(*m));

	must(cfg->queues_n[0] && cfg->queues_n[1] && cfg->bufs_n);
	must(cfg->buf_bytes >= cfg->mtu + ETH_VLAN_MAX && cfg->flight_n);
	if (m == NULL)
		return NULL;
	m->cfg = *cfg;
	m->now_us = cfg->now_us;
	m->is_up = true;
	m->key = (struct flow_key) { { cfg->seed, ~cfg->seed } };
	if (!end_init(m, 0) || !end_init(m, 1))
		port_mem_close(&m);
	return m;
}

void
port_mem_close(struct port_mem **m)
{
	if (*m == NULL)
		return;
	for (unsigned end = 0; end < 2; end++) {
		struct mem_end *e = &(*m)->ends[end];

		free(e->queues);
		free(e->queue_list);
		free(e->memory);
		free(e->flight);
	}
	free(*m);
	*m = NULL;
}

struct port *
port_mem_port(struct port_mem *m, unsigned end)
{
	must(end < 2);
	return &m->ends[end].port;
}

void
port_mem_advance(struct port_mem *m, uint64_t now_us)
{
	must(now_us >= m->now_us);
	m->now_us = now_us;
	for (unsigned end = 0; end < 2; end++) {
		struct mem_end *to = &m->ends[end];

		while (to->flight_n && to->flight[0]->due_us <= now_us)
			port_mem_deliver(to, port_mem_flight_get(to));
	}
}

uint64_t
port_mem_now_us(const struct port_mem *m)
{
	return m->now_us;
}

uint64_t
port_mem_next_us(const struct port_mem *m)
{
	uint64_t next_us = UINT64_MAX;

	for (unsigned end = 0; end < 2; end++) {
		const struct mem_end *to = &m->ends[end];

		if (to->flight_n && to->flight[0]->due_us < next_us)
			next_us = to->flight[0]->due_us;
	}
	return next_us;
}

void
port_mem_way_set(struct port_mem *m, unsigned from_end,
		 const struct port_mem_way *way)
{
	m->ends[from_end].way = *way;
}

void
port_mem_link_set(struct port_mem *m, bool is_up)
{
	m->is_up = is_up;
}

bool
port_mem_inject(struct port_mem *m, unsigned to_end, const void *bytes,
		uint32_t len)
{
	struct mem_end *to = &m->ends[to_end];
	struct mem_buf *b = port_mem_buf_get(&m->ends[!to_end]);
	uint32_t free_n = m->ends[!to_end].free_n;

	must(len <= m->cfg.buf_bytes);
	if (b == NULL)
		return false;
	memcpy(b->bytes, bytes, len);
	b->len = len;
	port_mem_deliver(to, b);
	return m->ends[!to_end].free_n == free_n;
}

uint32_t
port_mem_take(struct port_mem *m, unsigned from_end, void *out,
	      uint32_t out_max)
{
	struct mem_end *to = &m->ends[!from_end];
	struct mem_buf *b = NULL;
	uint32_t len;

	for (unsigned i = 0; b == NULL && i < to->port.queues_n; i++) {
		struct mem_queue *q = &to->queues[i];

		if ((b = q->first) == NULL)
			continue;
		q->first = b->next;
		q->n--;
	}
	if (b == NULL && to->flight_n)
		b = port_mem_flight_get(to);
	if (b == NULL)
		return 0;
	len = b->len;
	must(len <= out_max);
	memcpy(out, b->bytes + b->at, len);
	port_mem_buf_put(b);
	return len;
}

static uint32_t
waiting_from(const struct port_mem *m, const struct mem_end *from)
{
	uint32_t n = 0;

	for (unsigned end = 0; end < 2; end++) {
		const struct mem_end *to = &m->ends[end];

		for (uint32_t i = 0; i < to->flight_n; i++)
			n += to->flight[i]->owner == from;
		for (unsigned i = 0; i < to->port.queues_n; i++)
			for (const struct mem_buf *b = to->queues[i].first; b;
			     b = b->next)
				n += b->owner == from;
	}
	return n;
}

uint32_t
port_mem_bufs_out(const struct port_mem *m, unsigned end)
{
	const struct mem_end *e = &m->ends[end];

	return m->cfg.bufs_n - e->free_n - waiting_from(m, e);
}

uint32_t
port_mem_waiting_n(const struct port_mem *m)
{
	return waiting_from(m, &m->ends[0]) + waiting_from(m, &m->ends[1]);
}

void
port_mem_stats_get(const struct port_mem *m, unsigned from_end,
		   struct port_mem_stats *out)
{
	*out = m->ends[from_end].stats;
}
