/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets on their way out: headers, sums, the way, and the batch that goes to
 * the port. What TCP sends comes first; the host's own replies use the same.
 */
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"
#include "dataplane/route.h"

#define TCP_OFFSET 12u

bool
host_tx_get(struct host *h, struct frame *f)
{
	return port_tx_get(h->queue, f);
}

void
host_tx_cancel(struct host *h, struct frame *f)
{
	port_free(h->queue, f, 1);
	f->buf = NULL;
}

void
host_tx_flush(struct host *h)
{
	if (h->tx_n)
		port_tx(h->queue, h->tx, h->tx_n);
	h->tx_n = 0;
	port_tx_flush(h->queue);
}

void
host_tx_frame(struct host *h, const struct frame *f)
{
	h->tx[h->tx_n++] = *f;
	counter_add(&h->count.tx, 1);
	if (h->tx_n < PORT_BURST_MAX)
		return;
	port_tx(h->queue, h->tx, h->tx_n);
	h->tx_n = 0;
}

void
host_tx_eth(const struct host *h, uint8_t *p, const uint8_t dst[PORT_MAC_BYTES],
	    uint16_t type)
{
	memcpy(p, dst, PORT_MAC_BYTES);
	memcpy(p + ETH_SRC, h->mac, PORT_MAC_BYTES);
	if (h->vlan) {
		wire_put16(p + ETH_TYPE, ETH_TYPE_VLAN);
		wire_put16(p + ETH_BYTES, h->vlan);
		p += VLAN_BYTES;
	}
	wire_put16(p + ETH_TYPE, type);
}

static void
ip4_put(struct host *h, uint8_t *ip, const struct ip *src, const struct ip *dst,
	uint8_t proto, uint32_t ip_bytes, uint8_t tos, bool is_df)
{
	ip[0] = 0x45;
	ip[IP4_TOS] = tos;
	wire_put16(ip + IP4_LEN, (uint16_t)ip_bytes);
	/* With DF the ID says nothing (RFC 6864); without it counts on. */
	wire_put16(ip + IP4_ID, is_df ? 0 : h->ip_id++);
	wire_put16(ip + IP4_FRAG, is_df ? IP4_FRAG_DF : 0);
	ip[IP4_TTL] = HOST_TTL;
	ip[IP4_PROTO] = proto;
	memset(ip + IP4_SUM, 0, 2);
	memcpy(ip + IP4_SRC, src->b + 12, 4);
	memcpy(ip + IP4_DST, dst->b + 12, 4);
}

static void
ip6_put(uint8_t *ip, const struct ip *src, const struct ip *dst, uint8_t next,
	uint8_t hops, uint32_t l4_bytes, uint8_t class)
{
	wire_put32(ip, 6u << 28 | (uint32_t) class << 20);
	wire_put16(ip + IP6_LEN, (uint16_t)l4_bytes);
	ip[IP6_NEXT] = next;
	ip[IP6_HOPS] = hops;
	memcpy(ip + IP6_SRC, src->b, 16);
	memcpy(ip + IP6_DST, dst->b, 16);
}

static void
ip4_sum_put(uint8_t *ip)
{
	uint16_t sum = cksum_end(cksum_add(0, ip, IP4_BYTES));

	memcpy(ip + IP4_SUM, &sum, 2);
}

void
host_tx_ip4(struct host *h, struct frame *f, const struct ip *src,
	    const struct ip *dst, uint8_t proto, uint32_t l4_bytes)
{
	uint8_t *ip = f->data + h->l2_bytes;

	ip4_put(h, ip, src, dst, proto, IP4_BYTES + l4_bytes, 0, true);
	ip4_sum_put(ip);
	f->len = h->l2_bytes + IP4_BYTES + l4_bytes;
}

void
host_tx_ip6(struct host *h, struct frame *f, const struct ip *src,
	    const struct ip *dst, uint8_t next, uint8_t hops, uint32_t l4_bytes)
{
	ip6_put(f->data + h->l2_bytes, src, dst, next, hops, l4_bytes, 0);
	f->len = h->l2_bytes + IP6_BYTES + l4_bytes;
}

void
host_tx_routed(struct host *h, const struct frame *f, const struct ip *dst)
{
	struct frame taken = *f;
	struct ip hop;

	if (!route_find(h, dst, &hop)) {
		host_drop(h, HOST_DROP_ROUTE);
		port_free(h->queue, &taken, 1);
		return;
	}
	neigh_send(h, neigh_get(h, &hop), f);
}

uint8_t *
host_tx_begin(struct host *h, bool is_v6, struct frame *f, uint32_t *room_out)
{
	uint32_t head = h->l2_bytes + (is_v6 ? IP6_BYTES : IP4_BYTES);
	uint32_t room;

	if (UNLIKELY(!port_tx_get(h->queue, f)))
		return NULL;
	room = h->caps & PORT_CAP_TSO ? f->room : h->mtu + h->l2_bytes;
	/* IPv4's length has 16 bits, and TSO counts with it. */
	if (room > UINT16_MAX)
		room = UINT16_MAX;
	*room_out = room - head;
	return f->data + head;
}

/* The sum of pseudo-header and segment, by the device or here. */
static void
tcp_sum_put(struct host *h, struct frame *f, uint8_t *ip, bool is_v4,
	    uint32_t tcp_bytes)
{
	uint8_t *tcp = ip + f->l3_bytes;
	bool is_ours = !(f->flags & (FRAME_WANT_TSO | FRAME_WANT_TCP_SUM));
	uint32_t counted = f->flags & FRAME_WANT_TSO ? 0 : tcp_bytes;
	uint64_t sum = is_v4 ? cksum_pseudo4(ip, IP_PROTO_TCP, counted)
			     : cksum_pseudo6(ip, IP_PROTO_TCP, counted);
	uint16_t field = 0;

	if (is_ours) {
		memcpy(tcp + TCP_HDR_SUM, &field, 2);
		field = cksum_end(cksum_add(sum, tcp, tcp_bytes));
	} else {
		field = cksum_fold(sum);
	}
	memcpy(tcp + TCP_HDR_SUM, &field, 2);
}

/* The IP header and what the device is asked to do. */
static void
headers_put(struct host *h, struct frame *f, const struct ip *src,
	    const struct ip *dst, const struct host_path *path,
	    uint32_t tcp_bytes, uint32_t mss_bytes, bool is_ect)
{
	uint8_t *ip = f->data + h->l2_bytes, ecn = is_ect ? IP_ECN_ECT0 : 0;
	bool is_v4 = ip_is_v4(dst);

	f->l2_bytes = h->l2_bytes;
	f->l3_bytes = is_v4 ? IP4_BYTES : IP6_BYTES;
	f->l4_bytes = (uint16_t)(ip[f->l3_bytes + TCP_OFFSET] >> 4) * 4;
	f->len = (uint32_t)f->l2_bytes + f->l3_bytes + tcp_bytes;
	f->flags = 0;
	if (tcp_bytes - f->l4_bytes > mss_bytes) {
		assert(h->caps & PORT_CAP_TSO);
		f->flags |= FRAME_WANT_TSO;
		f->tso_bytes = (uint16_t)mss_bytes;
	} else {
		assert(f->l3_bytes + tcp_bytes <= h->mtu);
	}
	if (h->caps & PORT_CAP_TX_TCP_SUM)
		f->flags |= FRAME_WANT_TCP_SUM;
	if (is_v4) {
		ip4_put(h, ip, src, dst, IP_PROTO_TCP, IP4_BYTES + tcp_bytes,
			ecn, !path->is_df_off);
		if (h->caps & PORT_CAP_TX_IP_SUM)
			f->flags |= FRAME_WANT_IP_SUM;
		else
			ip4_sum_put(ip);
	} else {
		ip6_put(ip, src, dst, IP_PROTO_TCP, HOST_TTL, tcp_bytes, ecn);
	}
	tcp_sum_put(h, f, ip, is_v4, tcp_bytes);
}

static inline bool
is_current(const struct host *h, const struct host_path *path)
{
	return path->generation ==
	       h->generation + h->neighs.entries[path->neigh_idx].generation;
}

bool
host_path_find(struct host *h, const struct ip *dst, struct host_path *path,
	       uint64_t now_us)
{
	const struct pmtu *pmtu;
	struct neigh *n;
	struct ip hop;

	host_now_set(h, now_us);
	if (path->generation && is_current(h, path))
		return true;
	path->generation = 0;
	if (!route_find(h, dst, &hop))
		return false;
	n = neigh_get(h, &hop);
	pmtu = pmtu_find(h, dst);
	path->neigh_idx = (uint32_t)(n - h->neighs.entries);
	path->generation = h->generation + n->generation;
	path->mtu = (uint16_t)(ip_is_v4(dst) ? h->mtu : h->net.mtu6);
	path->is_df_off = false;
	if (pmtu != NULL && pmtu->mtu < path->mtu) {
		path->mtu = pmtu->mtu;
		path->is_df_off = pmtu->is_df_off;
	}
	return true;
}

void
host_tx_end(struct host *h, struct frame *f, const struct ip *src,
	    const struct ip *dst, struct host_path *path, uint32_t tcp_bytes,
	    uint32_t mss_bytes, bool is_ect, uint64_t now_us)
{
	struct neigh *n;

	host_now_set(h, now_us);
	if (UNLIKELY(!path->generation || !is_current(h, path)) &&
	    !host_path_find(h, dst, path, now_us)) {
		host_drop(h, HOST_DROP_ROUTE);
		host_tx_cancel(h, f);
		return;
	}
	headers_put(h, f, src, dst, path, tcp_bytes, mss_bytes, is_ect);
	n = &h->neighs.entries[path->neigh_idx];
	neigh_send(h, n, f);
	f->buf = NULL;
}
