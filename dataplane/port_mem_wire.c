/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens between the two ends: chance from a seed, and the heap of frames
 * on their way, by time of arrival.
 */
#include "dataplane/port_mem_dev.h"
#include "dataplane/port_mem_int.h"
#include "dataplane/wire.h"

#define PPM 1000000u

/* --- chance and order --- */

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014) */
static uint64_t
draw(struct mem_end *e)
{
	uint64_t z = e->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool
is_drawn(struct mem_end *e, uint32_t ppm)
{
	return ppm != 0 && draw(e) % PPM < ppm;
}

static bool
is_before(const struct mem_buf *a, const struct mem_buf *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us
				      : a->serial < b->serial;
}

static void
flight_add(struct mem_end *to, struct mem_buf *b)
{
	uint32_t i = to->flight_n++;

	for (; i > 0 && is_before(b, to->flight[(i - 1) / 2]); i = (i - 1) / 2)
		to->flight[i] = to->flight[(i - 1) / 2];
	to->flight[i] = b;
}

struct mem_buf *
port_mem_flight_get(struct mem_end *to)
{
	struct mem_buf *first = to->flight[0];
	struct mem_buf *b = to->flight[--to->flight_n];
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < to->flight_n; i = child) {
		if (child + 1 < to->flight_n &&
		    is_before(to->flight[child + 1], to->flight[child]))
			child++;
		if (!is_before(to->flight[child], b))
			break;
		to->flight[i] = to->flight[child];
	}
	to->flight[i] = b;
	return first;
}

/* --- buffers --- */

struct mem_buf *
port_mem_buf_get(struct mem_end *e)
{
	struct mem_buf *b = e->free;

	if (b == NULL)
		return NULL;
	e->free = b->next;
	e->free_n--;
	b->at = b->len = 0;
	b->flags = 0;
	return b;
}

void
port_mem_buf_put(struct mem_buf *b)
{
	b->next = b->owner->free;
	b->owner->free = b;
	b->owner->free_n++;
}

/* --- the wire --- */

static void
strip_tag(struct mem_buf *b)
{
	uint8_t *p = b->bytes;

	if (b->len < ETH_VLAN_MAX || wire_get16(p + ETH_TYPE) != ETH_TYPE_VLAN)
		return;
	b->vlan = wire_get16(p + ETH_BYTES);
	b->flags |= FRAME_HAS_VLAN;
	memmove(p + VLAN_BYTES, p, ETH_TYPE);
	b->at = VLAN_BYTES;
	b->len -= VLAN_BYTES;
}

void
port_mem_deliver(struct mem_end *to, struct mem_buf *b)
{
	struct mem_queue *q = &to->queues[0];
	uint32_t caps = to->port.caps;

	b->flags = 0;
	if (caps & PORT_CAP_RX_SUM)
		b->flags = port_mem_dev_verify(b->bytes, b->len);
	if ((caps & PORT_CAP_RSS || to->port.queues_n > 1) &&
	    port_mem_dev_hash(&to->wire->key, b->bytes, b->len, &b->hash)) {
		q = &to->queues[b->hash % to->port.queues_n];
		b->flags |= FRAME_HAS_HASH;
	}
	if (caps & PORT_CAP_VLAN_STRIP)
		strip_tag(b);
	if (q->n == to->wire->cfg.ring_n) {
		counter_add(&q->base.count.rx_missed, 1);
		port_mem_buf_put(b);
		return;
	}
	b->next = NULL;
	if (q->n++ == 0)
		q->first = b;
	else
		q->last->next = b;
	q->last = b;
}

static void
corrupt(struct mem_end *from, struct mem_buf *b)
{
	uint16_t type;
	uint64_t bit;

	if (b->len <= ETH_BYTES)
		return;
	type = wire_get16(b->bytes + ETH_TYPE);
	if (type != ETH_TYPE_IP4 && type != ETH_TYPE_IP6)
		return;
	bit = draw(from) % ((b->len - ETH_BYTES) * 8);
	b->bytes[ETH_BYTES + bit / 8] ^= (uint8_t)(1u << bit % 8);
	from->stats.corrupted_n++;
}

static void
set_off(struct mem_end *from, struct mem_end *to, struct mem_buf *b,
	uint64_t line_us)
{
	struct port_mem *m = from->wire;

	b->due_us = line_us + from->way.delay_us;
	if (from->way.reorder_us && is_drawn(from, from->way.reorder_ppm)) {
		b->due_us += 1 + draw(from) % from->way.reorder_us;
		from->stats.reordered_n++;
	}
	if (is_drawn(from, from->way.corrupt_ppm))
		corrupt(from, b);
	b->serial = m->serial++;
	if (to->flight_n == 0 && b->due_us <= m->now_us) {
		port_mem_deliver(to, b);
		return;
	}
	if (to->flight_n == m->cfg.flight_n) {
		from->stats.overflow_n++;
		port_mem_buf_put(b);
		return;
	}
	flight_add(to, b);
}

void
port_mem_send(struct mem_end *from, struct mem_buf *b)
{
	struct port_mem *m = from->wire;
	struct mem_end *to = &m->ends[from == &m->ends[0]];
	uint64_t line_us = m->now_us;
	struct mem_buf *twin;

	from->stats.sent_n++;
	if (from->way.bytes_per_s) {
		uint64_t now_ns = m->now_us * 1000;

		if (from->line_free_ns < now_ns)
			from->line_free_ns = now_ns;
		from->line_free_ns +=
			b->len * 1000000000ull / from->way.bytes_per_s;
		line_us = from->line_free_ns / 1000;
	}
	if (!m->is_up || is_drawn(from, from->way.loss_ppm)) {
		from->stats.lost_n++;
		port_mem_buf_put(b);
		return;
	}
	if (is_drawn(from, from->way.dup_ppm) &&
	    (twin = port_mem_buf_get(from)) != NULL) {
		twin->len = b->len;
		memcpy(twin->bytes, b->bytes, b->len);
		from->stats.doubled_n++;
		set_off(from, to, twin, line_us);
	}
	set_off(from, to, b, line_us);
}
