/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_rig.h: a host on end 0 of a wire in memory; the test is the machine at
 * the other end, by hand. Its addresses are 192.0.2.1/24 and 2001:db8::1/64,
 * its gateways .254 and ::fe; the peer's MAC is 02:00:00:00:00:02.
 */
#ifndef PENSTOCK_TESTS_HOST_RIG_H
#define PENSTOCK_TESTS_HOST_RIG_H

#include "dataplane/host_int.h"
#include "dataplane/port_mem.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

static const uint8_t mac_us[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_peer[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t mac_all[6] = { 255, 255, 255, 255, 255, 255 };

struct rig {
	struct port_mem_cfg wire_cfg;
	struct host_cfg cfg;
	struct port_mem *m;
	struct host *h;
	struct port_queue *q;
	struct diag diag;
	uint64_t now_us;
	struct frame frame; /* the last one received, and its segment */
	struct host_seg seg;
	bool has_frame;
	struct bytes out; /* the last one taken */
};

FRAME_UNUSED static void
rig_net(struct host_cfg *cfg, const char *end, const char *net)
{
	const char *why;

	cfg->ends[cfg->addrs_n] = ip_of(end);
	must(ip_net_parse(span_of(net), &cfg->addrs[cfg->addrs_n], &why));
	cfg->addrs_n++;
}

FRAME_UNUSED static void
rig_init(struct rig *r)
{
	*r = (struct rig) { .wire_cfg = port_mem_cfg_default,
			    .now_us = 1000000,
			    .cfg = { .gateway4 = ip_of("192.0.2.254"),
				     .gateway6 = ip_of("2001:db8::fe"),
				     .is_dad_skipped = true } };
	r->wire_cfg.now_us = r->now_us;
	rig_net(&r->cfg, "192.0.2.1", "192.0.2.0/24");
	rig_net(&r->cfg, "2001:db8::1", "2001:db8::/64");
}

/* The next frame that the host has sent, into r->out; false: none. */
FRAME_UNUSED static bool
rig_take(struct rig *r)
{
	host_tx_flush(r->h);
	r->out.len = port_mem_take(r->m, 0, r->out.p, sizeof(r->out.p));
	return r->out.len != 0;
}

FRAME_UNUSED static unsigned
rig_drain(struct rig *r)
{
	unsigned n = 0;

	while (rig_take(r))
		n++;
	return n;
}

FRAME_UNUSED static void
rig_start(struct rig *r)
{
	diag_init(&r->diag);
	r->m = port_mem_open(&r->wire_cfg);
	r->h = host_open(&r->cfg, port_mem_port(r->m, 0), 0, &r->diag);
	must(r->h != NULL);
	r->q = port_queue(port_mem_port(r->m, 0), 0);
}

/* With the announcements of the start done. */
FRAME_UNUSED static void
rig_open(struct rig *r)
{
	rig_start(r);
	for (unsigned i = 0; i < 4; i++) {
		r->now_us += 3000000;
		host_step(r->h, r->now_us);
	}
	port_mem_advance(r->m, r->now_us);
	rig_drain(r);
}

FRAME_UNUSED static void
rig_later(struct rig *r, uint64_t us)
{
	r->now_us += us;
	port_mem_advance(r->m, r->now_us);
	host_step(r->h, r->now_us);
}

FRAME_UNUSED static void
rig_release(struct rig *r)
{
	if (r->has_frame)
		port_free(r->q, &r->frame, 1);
	r->has_frame = false;
}

/* Every frame is somewhere, and is counted once. */
FRAME_UNUSED static void
rig_balance(struct rig *r)
{
	struct host_stats s;
	uint64_t n;

	host_stats_get(r->h, &s);
	n = s.tcp_n + s.arp_n + s.nd_n + s.echo_n + s.icmp_n + s.passed_n;
	for (unsigned i = 0; i < HOST_DROP_N; i++)
		if (i != HOST_DROP_NEIGH && i != HOST_DROP_ROUTE)
			n += s.drops[i];
	CHECK(n == s.rx_n);
}

FRAME_UNUSED static void
rig_close(struct rig *r)
{
	rig_release(r);
	rig_balance(r);
	host_close(&r->h);
	CHECK(r->h == NULL);
	CHECK(port_mem_bufs_out(r->m, 0) == 0);
	CHECK(port_mem_bufs_out(r->m, 1) == 0);
	port_mem_close(&r->m);
	diag_fini(&r->diag);
}

/* A frame arrives; true: it is a segment, in r->seg until the next one. */
FRAME_UNUSED static bool
rig_put(struct rig *r, const struct bytes *b)
{
	unsigned n;

	rig_release(r);
	must(port_mem_inject(r->m, 0, b->p, b->len));
	must(port_rx(r->q, &r->frame, 1) == 1);
	r->has_frame = true;
	n = host_input(r->h, &r->frame, 1, &r->seg, r->now_us);
	return n == 1;
}

/* A frame arrives that only adds one to a counter of drops. */
FRAME_UNUSED static bool
rig_drops(struct rig *r, const struct bytes *b, enum host_drop why)
{
	struct host_stats s;
	uint64_t before;
	bool is_seg;

	host_stats_get(r->h, &s);
	before = s.drops[why];
	is_seg = rig_put(r, b);
	host_stats_get(r->h, &s);
	return !is_seg && s.drops[why] == before + 1;
}

FRAME_UNUSED static void
rig_arp(struct bytes *b, const uint8_t *to, unsigned op,
	const uint8_t *sender_mac, const char *sender, const char *target)
{
	struct ip from = ip_of(sender), of = ip_of(target);

	frame_eth(b, to, sender_mac, ETH_TYPE_ARP);
	bytes_add32(b, 0x00010800);
	bytes_add16(b, 0x0604);
	bytes_add16(b, op);
	bytes_add(b, sender_mac, 6);
	bytes_add(b, from.b + 12, 4);
	bytes_add(b, to, 6);
	bytes_add(b, of.b + 12, 4);
}

/* The peer answers for an IPv4 address. */
FRAME_UNUSED static void
rig_resolve(struct rig *r, const char *ip)
{
	struct bytes b;

	rig_arp(&b, mac_us, 2, mac_peer, ip, "192.0.2.1");
	rig_put(r, &b);
}

/* An ICMPv6 message in its frame, with its sum. */
FRAME_UNUSED static void
rig_icmp6(struct bytes *b, const uint8_t *dst_mac, const char *from,
	  const char *to, unsigned hops, const void *message, uint32_t len)
{
	struct ip src = ip_of(from), dst = ip_of(to);
	uint32_t at;

	frame_eth(b, dst_mac, mac_peer, ETH_TYPE_IP6);
	at = frame_ip(b, &src, &dst, IP_PROTO_ICMP6, hops, len);
	bytes_add(b, message, len);
	memset(b->p + at + IP6_BYTES + 2, 0, 2);
	wire_put16(b->p + at + IP6_BYTES + 2,
		   frame_l4_sum(b, at, at + IP6_BYTES, IP_PROTO_ICMP6));
}

/* A neighbour solicitation (135) or advertisement (136); mac NULL: no option.
 */
FRAME_UNUSED static void
rig_nd(struct bytes *b, const uint8_t *dst_mac, const char *from,
       const char *to, unsigned type, unsigned flags, const char *target,
       const uint8_t *mac)
{
	struct ip ip = ip_of(target);
	struct bytes m = { .len = 0 };

	bytes_add32(&m, type << 24);
	bytes_add32(&m, flags << 24);
	bytes_add(&m, ip.b, 16);
	if (mac) {
		bytes_add16(&m, type == 135 ? 0x0101 : 0x0201);
		bytes_add(&m, mac, 6);
	}
	rig_icmp6(b, dst_mac, from, to, 255, m.p, m.len);
}

/* What the host has sent is an ICMPv6 message of that type, its sum right. */
FRAME_UNUSED static bool
rig_is_icmp6(const struct rig *r, unsigned type)
{
	const uint8_t *ip = r->out.p + ETH_BYTES;
	uint32_t at = ETH_BYTES + IP6_BYTES;

	if (wire_get16(r->out.p + ETH_TYPE) != ETH_TYPE_IP6)
		return false;
	if (ip[IP6_NEXT] == 0)
		at += 8;
	return ip[0] >> 4 == 6 &&
	       wire_get16(ip + IP6_LEN) == r->out.len - ETH_BYTES - 40 &&
	       r->out.p[at] == type &&
	       frame_l4_sum(&r->out, ETH_BYTES, at, IP_PROTO_ICMP6) == 0;
}

/* Addresses of the IP header of what the host has sent. */
FRAME_UNUSED static bool
rig_goes(const struct rig *r, const char *from, const char *to)
{
	struct ip src = ip_of(from), dst = ip_of(to);

	return memcmp(r->out.p + ETH_BYTES + IP6_SRC, src.b, 16) == 0 &&
	       memcmp(r->out.p + ETH_BYTES + IP6_DST, dst.b, 16) == 0;
}

/* The next message of that type among what the host has sent. */
FRAME_UNUSED static bool
rig_take_icmp6(struct rig *r, unsigned type)
{
	while (rig_take(r))
		if (rig_is_icmp6(r, type))
			return true;
	return false;
}

/* A segment leaves for dst, of payload_bytes 'x'. False: no frame. */
FRAME_UNUSED static bool
rig_send(struct rig *r, const char *dst, struct host_path *path,
	 uint32_t payload_bytes, uint32_t mss_bytes)
{
	struct ip to = ip_of(dst), from;
	struct frame f;
	uint32_t room;
	uint8_t *tcp;

	if (!host_source(r->h, &to, &from))
		return false;
	tcp = host_tx_begin(r->h, !ip_is_v4(&to), &f, &room);
	if (tcp == NULL)
		return false;
	must(room >= TCP_HDR_BYTES + payload_bytes);
	memset(tcp, 0, TCP_HDR_BYTES);
	wire_put16(tcp, 25);
	wire_put16(tcp + 2, 40000);
	wire_put32(tcp + 4, 7);
	tcp[12] = 0x50;
	tcp[13] = 0x18;
	memset(tcp + TCP_HDR_SUM, 0xaa, 2);
	memset(tcp + TCP_HDR_BYTES, 'x', payload_bytes);
	host_tx_end(r->h, &f, &from, &to, path, TCP_HDR_BYTES + payload_bytes,
		    mss_bytes, false, r->now_us);
	return true;
}

#endif
