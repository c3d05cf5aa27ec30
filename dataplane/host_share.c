/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings in the shape of a star: queue 0's host in the middle. An entry lies in
 * a slot of its ring; there are twice as many slots as entries, so that one is
 * not written again while its reader is still at it.
 */
#include "dataplane/host_share.h"
#include "dataplane/host_int.h"
#include "engine/base/ring.h"

#include <stdlib.h>

enum share_kind { SHARE_FRAME, SHARE_NEIGH, SHARE_UNREACHABLE, SHARE_NET };

struct share_frame {
	uint32_t len;
	uint16_t flags, vlan;
	uint8_t bytes[SHARE_FRAME_MAX];
};

struct share_neigh {
	struct ip ip;
	uint8_t mac[PORT_MAC_BYTES];
	unsigned news;
};

struct share_msg {
	enum share_kind kind;
	union {
		struct share_frame frame;
		struct share_neigh neigh;
		struct host_unreachable unreachable;
		struct host_net net;
	} u;
};

struct share_ring {
	struct ring ring;
	struct share_msg *slots;
	uint32_t put_n; /* the producer's */
};

struct host_share {
	unsigned hosts_n;
	struct share_ring *up;	 /* from host i to host 0; [0] is not used */
	struct share_ring *down; /* from host 0 to host i */
};

static bool
share_ring_init(struct share_ring *r)
{
	if (ring_init(&r->ring, SHARE_RING_N) != 0)
		return false;
	r->slots = calloc(2 * (size_t)SHARE_RING_N, sizeof(*r->slots));
	return r->slots != NULL;
}

struct host_share *
host_share_open(unsigned hosts_n)
{
	struct host_share *s = calloc(1, sizeof(*s));

	must(hosts_n > 0);
	if (s == NULL)
		return NULL;
	s->hosts_n = hosts_n;
	s->up = aligned_alloc(CACHE_LINE, hosts_n * sizeof(*s->up));
	s->down = aligned_alloc(CACHE_LINE, hosts_n * sizeof(*s->down));
	if (s->up)
		memset(s->up, 0, hosts_n * sizeof(*s->up));
	if (s->down)
		memset(s->down, 0, hosts_n * sizeof(*s->down));
	for (unsigned i = 1; i < hosts_n && s->up && s->down; i++)
		if (!share_ring_init(&s->up[i]) ||
		    !share_ring_init(&s->down[i]))
			goto fail;
	if (s->up && s->down)
		return s;
fail:
	host_share_close(&s);
	return NULL;
}

void
host_share_close(struct host_share **share)
{
	struct host_share *s = *share;

	if (s == NULL)
		return;
	for (unsigned i = 1; i < s->hosts_n && s->up && s->down; i++) {
		free(s->up[i].slots);
		free(s->down[i].slots);
		ring_fini(&s->up[i].ring);
		ring_fini(&s->down[i].ring);
	}
	free(s->up);
	free(s->down);
	free(s);
	*share = NULL;
}

/* The slot for the next message of r, or NULL: full. */
static struct share_msg *
msg_begin(struct host *h, struct share_ring *r, enum share_kind kind)
{
	struct share_msg *msg = &r->slots[r->put_n % (2 * SHARE_RING_N)];

	if (ring_n(&r->ring) >= SHARE_RING_N) {
		counter_add(&h->count.unshared, 1);
		return NULL;
	}
	msg->kind = kind;
	return msg;
}

static void
msg_end(struct share_ring *r, struct share_msg *msg)
{
	r->put_n++;
	must(ring_put(&r->ring, msg));
}

bool
host_share_pass(struct host *h, const struct frame *f)
{
	struct share_ring *r;
	struct share_msg *msg;

	if (h->queue_idx == 0 || h->share == NULL)
		return false;
	r = &h->share->up[h->queue_idx];
	counter_add(&h->count.passed, 1);
	if (f->len > SHARE_FRAME_MAX) {
		counter_add(&h->count.unshared, 1);
		return true;
	}
	msg = msg_begin(h, r, SHARE_FRAME);
	if (msg == NULL)
		return true;
	msg->u.frame.len = f->len;
	msg->u.frame.flags = f->flags & FRAME_HAS_VLAN;
	msg->u.frame.vlan = f->vlan;
	memcpy(msg->u.frame.bytes, f->data, f->len);
	msg_end(r, msg);
	return true;
}

void
host_share_neigh(struct host *h, const struct ip *ip,
		 const uint8_t mac[PORT_MAC_BYTES], unsigned news)
{
	for (unsigned i = 1; i < h->share->hosts_n; i++) {
		struct share_ring *r = &h->share->down[i];
		struct share_msg *msg = msg_begin(h, r, SHARE_NEIGH);

		if (msg == NULL)
			continue;
		msg->u.neigh.ip = *ip;
		memcpy(msg->u.neigh.mac, mac, PORT_MAC_BYTES);
		msg->u.neigh.news = news;
		msg_end(r, msg);
	}
}

bool
host_share_unreachable(struct host *h, unsigned queue_idx,
		       const struct host_unreachable *u)
{
	struct share_ring *r;
	struct share_msg *msg;

	must(queue_idx != h->queue_idx && queue_idx < h->share->hosts_n);
	r = h->queue_idx ? &h->share->up[h->queue_idx]
			 : &h->share->down[queue_idx];
	msg = msg_begin(h, r, SHARE_UNREACHABLE);
	if (msg == NULL)
		return false;
	msg->u.unreachable = *u;
	msg_end(r, msg);
	return true;
}

static void
frame_take(struct host *h, struct share_frame *s)
{
	struct frame f = { .data = s->bytes,
			   .len = s->len,
			   .flags = s->flags,
			   .vlan = s->vlan };

	host_input_passed(h, &f);
}

static void
net_take(struct host *h, const struct host_net *net)
{
	if (memcmp(&h->net, net, sizeof(*net)) == 0)
		return;
	h->net = *net;
	host_addr_changed(h);
}

static void
drain(struct host *h, struct share_ring *r)
{
	struct share_msg *msg;

	for (unsigned n = 0; n < SHARE_RING_N && (msg = ring_get(&r->ring));
	     n++)
		switch (msg->kind) {
		case SHARE_FRAME:
			frame_take(h, &msg->u.frame);
			break;
		case SHARE_NEIGH:
			neigh_learn(h, &msg->u.neigh.ip, msg->u.neigh.mac,
				    msg->u.neigh.news);
			break;
		case SHARE_UNREACHABLE:
			host_input_unreachable_keep(h, &msg->u.unreachable);
			break;
		case SHARE_NET:
			net_take(h, &msg->u.net);
			break;
		}
}

/* Who we are: after each change, and now and then, so that nothing that a full
 * ring has lost stays unknown. */
static void
net_tell(struct host *h)
{
	bool is_told = true;

	if (!h->is_net_news && h->now_us - h->told_us < SHARE_TELL_US)
		return;
	for (unsigned i = 1; i < h->share->hosts_n; i++) {
		struct share_ring *r = &h->share->down[i];
		struct share_msg *msg = msg_begin(h, r, SHARE_NET);

		is_told &= msg != NULL;
		if (msg == NULL)
			continue;
		msg->u.net = h->net;
		msg_end(r, msg);
	}
	h->told_us = h->now_us;
	h->is_net_news = !is_told;
}

void
host_share_step(struct host *h)
{
	if (h->queue_idx) {
		drain(h, &h->share->down[h->queue_idx]);
		return;
	}
	for (unsigned i = 1; i < h->share->hosts_n; i++)
		drain(h, &h->share->up[i]);
	net_tell(h);
}
