/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A received burst: Ethernet and the tag, then to each kind's own file. Every
 * frame ends as a segment for TCP or in exactly one counter.
 */
#include "dataplane/arp.h"
#include "dataplane/host_int.h"
#include "dataplane/host_share.h"
#include "dataplane/ip4.h"
#include "dataplane/ip6.h"

#define PREFETCH_AHEAD 4u

static inline bool
eth_input(struct host *h, struct frame *f, struct host_seg *seg)
{
	const uint8_t *p = f->data;
	uint32_t l2_bytes = ETH_BYTES;
	uint16_t type, vlan = f->flags & FRAME_HAS_VLAN ? f->vlan : 0;
	bool is_multi;

	if (UNLIKELY(f->len < ETH_BYTES)) {
		host_drop(h, HOST_DROP_SHORT);
		return false;
	}
	type = wire_get16(p + ETH_TYPE);
	if (type == ETH_TYPE_VLAN && !(f->flags & FRAME_HAS_VLAN)) {
		if (f->len < ETH_VLAN_MAX) {
			host_drop(h, HOST_DROP_SHORT);
			return false;
		}
		vlan = wire_get16(p + ETH_BYTES);
		type = wire_get16(p + ETH_BYTES + 2);
		l2_bytes = ETH_VLAN_MAX;
	}
	/* A tag with VLAN 0 has a priority only: as good as none. */
	if (UNLIKELY((vlan & VLAN_ID_MASK) != h->vlan)) {
		host_drop(h, HOST_DROP_VLAN);
		return false;
	}
	is_multi = p[0] & 1;
	if (UNLIKELY(!is_multi && memcmp(p, h->mac, PORT_MAC_BYTES) != 0)) {
		host_drop(h, HOST_DROP_NOT_OURS);
		return false;
	}
	if (UNLIKELY(p[ETH_SRC] & 1)) {
		host_drop(h, HOST_DROP_SOURCE);
		return false;
	}
	p += l2_bytes;
	switch (type) {
	case ETH_TYPE_IP4:
		return ip4_input(h, f, p, f->len - l2_bytes, is_multi, seg);
	case ETH_TYPE_IP6:
		return ip6_input(h, f, p, f->len - l2_bytes, is_multi, seg);
	case ETH_TYPE_ARP:
		if (host_share_pass(h, f))
			return false;
		arp_input(h, p, f->len - l2_bytes, is_multi);
		return false;
	}
	host_drop(h, HOST_DROP_ETHERTYPE);
	return false;
}

unsigned
host_input(struct host *h, struct frame *frames, unsigned frames_n,
	   struct host_seg *segs, uint64_t now_us)
{
	unsigned segs_n = 0;

	host_now_set(h, now_us);
	if (h->share)
		host_share_step(h);
	for (unsigned i = 0; i < frames_n && i < PREFETCH_AHEAD; i++)
		__builtin_prefetch(frames[i].data);
	for (unsigned i = 0; i < frames_n; i++) {
		if (i + PREFETCH_AHEAD < frames_n)
			__builtin_prefetch(frames[i + PREFETCH_AHEAD].data);
		segs_n += eth_input(h, &frames[i], &segs[segs_n]);
	}
	if (frames_n)
		counter_add(&h->count.rx, frames_n);
	if (segs_n)
		counter_add(&h->count.tcp, segs_n);
	return segs_n;
}

void
host_input_passed(struct host *h, struct frame *f)
{
	struct host_seg seg;

	counter_add(&h->count.rx, 1);
	/* Only ARP and neighbour discovery are handed over. */
	must(!eth_input(h, f, &seg));
}

bool
host_input_unreachable_keep(struct host *h, const struct host_unreachable *u)
{
	unsigned queue_idx = port_queue_of(h->port, &u->dst, u->dst_port,
					   &u->src, u->src_port);

	if (h->share && queue_idx != h->queue_idx)
		return host_share_unreachable(h, queue_idx, u);
	if (h->unreach_n == HOST_UNREACH_MAX)
		return false;
	h->unreach[(h->unreach_at + h->unreach_n++) % HOST_UNREACH_MAX] = *u;
	return true;
}

void
host_input_unreachable(struct host *h, const struct host_unreachable *u)
{
	if (host_input_unreachable_keep(h, u))
		counter_add(&h->count.icmp, 1);
	else
		host_drop(h, HOST_DROP_RATE);
}

bool
host_unreachable_take(struct host *h, struct host_unreachable *out)
{
	if (h->unreach_n == 0)
		return false;
	*out = h->unreach[h->unreach_at];
	h->unreach_at = (h->unreach_at + 1) % HOST_UNREACH_MAX;
	h->unreach_n--;
	return true;
}
