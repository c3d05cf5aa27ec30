/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv6 as a host receives it (RFC 8200). The chain of extension headers is
 * walked as far as IP6_EXTENSIONS_MAX of them; routing headers are refused
 * (RFC 5095), fragments counted and dropped but for atomic ones (RFC 6946).
 */
#include "dataplane/ip6.h"
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"
#include "dataplane/icmp6.h"
#include "dataplane/route.h"

#define OPTION_PAD1   0u
#define OPTION_ACTION 0xc0u /* of unknown ones: 0: skip it */

const struct ip ip6_all_nodes = { { 0xff, 0x02, [15] = 1 } };

struct ip
ip6_solicited_node(const struct ip *ip)
{
	struct ip group = { { 0xff, 0x02, [11] = 1, [12] = 0xff } };

	memcpy(group.b + 13, ip->b + 13, 3);
	return group;
}

void
ip6_group_mac(const struct ip *group, uint8_t out[PORT_MAC_BYTES])
{
	out[0] = out[1] = 0x33;
	memcpy(out + 2, group->b + 12, 4);
}

/* Options that we don't know say themselves what is to be done: skip, or not.
 * RFC 8200 section 4.2; no ICMP is sent about them. */
static bool
options_are_ok(const uint8_t *p, uint32_t len)
{
	while (len > 0) {
		uint32_t used = 1;

		if (p[0] != OPTION_PAD1) {
			if (len < 2 || p[1] + 2u > len || p[0] & OPTION_ACTION)
				return false;
			used = p[1] + 2u;
		}
		p += used;
		len -= used;
	}
	return true;
}

/* One extension header, used bytes long; HOST_DROP_N: go on behind it. */
static enum host_drop
extension(const uint8_t *p, uint32_t len, uint8_t type, bool is_first,
	  uint32_t *used)
{
	if (len < 8)
		return HOST_DROP_SHORT;
	*used = (p[1] + 1u) * 8;
	switch (type) {
	case IP_PROTO_FRAG:
		*used = 8;
		return wire_get16(p + 2) & 0xfff9 ? HOST_DROP_FRAGMENT
						  : HOST_DROP_N;
	case IP_PROTO_HOPOPT:
		if (!is_first)
			return HOST_DROP_IP_HEADER;
		/* fallthrough */
	case IP_PROTO_DSTOPTS:
		if (*used > len)
			return HOST_DROP_SHORT;
		return options_are_ok(p + 2, *used - 2) ? HOST_DROP_N
							: HOST_DROP_IP_OPTION;
	case IP_PROTO_ROUTING:
		return HOST_DROP_IP_OPTION;
	}
	return HOST_DROP_PROTOCOL;
}

/* Walks to TCP or ICMPv6: its place and protocol; or what is wrong. */
static enum host_drop
chain(const uint8_t *p, uint32_t len, uint8_t next, uint32_t *at_out,
      uint8_t *proto_out)
{
	uint32_t at = 0;

	for (unsigned i = 0; next != IP_PROTO_TCP && next != IP_PROTO_ICMP6;
	     i++) {
		enum host_drop fault;
		uint32_t used;

		if (i == IP6_EXTENSIONS_MAX)
			return HOST_DROP_IP_OPTION;
		fault = extension(p + at, len - at, next, i == 0, &used);
		if (fault != HOST_DROP_N)
			return fault;
		next = p[at];
		at += used;
	}
	*at_out = at;
	*proto_out = next;
	return HOST_DROP_N;
}

/* All nodes, or the solicited-node group of an address in any state. */
static bool
is_our_group(const struct host *h, const uint8_t *dst)
{
	if (memcmp(dst, ip6_all_nodes.b, 16) == 0)
		return true;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct ip *ip = &h->net.addrs[i].ip;
		struct ip group = ip6_solicited_node(ip);

		if (!ip_is_v4(ip) && memcmp(dst, group.b, 16) == 0)
			return true;
	}
	return false;
}

static enum host_drop
header_fault(const struct host *h, const uint8_t *ip, uint32_t len)
{
	if (len < IP6_BYTES)
		return HOST_DROP_SHORT;
	if (ip[0] >> 4 != 6)
		return HOST_DROP_IP_HEADER;
	if (wire_get16(ip + IP6_LEN) > len - IP6_BYTES)
		return HOST_DROP_SHORT;
	if (ip[IP6_DST] == 0xff ? !is_our_group(h, ip + IP6_DST)
				: !host_is_ours6(h, ip + IP6_DST))
		return HOST_DROP_NOT_OURS;
	if (ip[IP6_SRC] == 0xff)
		return HOST_DROP_SOURCE;
	return HOST_DROP_N;
}

static bool
tcp_input(struct host *h, struct frame *f, const uint8_t *ip,
	  const uint8_t *tcp, uint32_t tcp_bytes, struct host_seg *seg)
{
	if (tcp_bytes < TCP_HDR_BYTES) {
		host_drop(h, HOST_DROP_SHORT);
		return false;
	}
	if (!(f->flags & FRAME_L4_SUM_OK) &&
	    cksum_end(cksum_add(cksum_pseudo6(ip, IP_PROTO_TCP, tcp_bytes), tcp,
				tcp_bytes)) != 0) {
		host_drop(h, HOST_DROP_TCP_SUM);
		return false;
	}
	*seg = (struct host_seg) {
		.frame = f,
		.tcp = tcp,
		.tcp_bytes = tcp_bytes,
		.ip = ip,
		.is_v6 = true,
		.is_ce = (ip[1] >> 4 & IP_ECN_MASK) == IP_ECN_CE,
		.ip_ttl = ip[IP6_HOPS],
		.hash = flow_hash6(&h->key, ip + IP6_SRC, tcp),
	};
	return true;
}

bool
ip6_input(struct host *h, struct frame *f, const uint8_t *ip, uint32_t len,
	  bool is_multi, struct host_seg *seg)
{
	enum host_drop fault = header_fault(h, ip, len);
	uint32_t at, payload;
	bool is_group;
	uint8_t proto;

	if (fault == HOST_DROP_N)
		fault = chain(ip + IP6_BYTES, wire_get16(ip + IP6_LEN),
			      ip[IP6_NEXT], &at, &proto);
	if (fault != HOST_DROP_N) {
		host_drop(h, fault);
		return false;
	}
	payload = wire_get16(ip + IP6_LEN) - at;
	is_group = ip[IP6_DST] == 0xff;
	if (UNLIKELY(proto == IP_PROTO_ICMP6)) {
		icmp6_input(h, f, ip, ip + IP6_BYTES + at, payload);
		return false;
	}
	if (UNLIKELY(is_group || is_multi)) {
		host_drop(h, HOST_DROP_NOT_OURS);
		return false;
	}
	if (UNLIKELY(!route_source6_is_ok(h, ip + IP6_SRC))) {
		host_drop(h, HOST_DROP_SOURCE);
		return false;
	}
	return tcp_input(h, f, ip, ip + IP6_BYTES + at, payload, seg);
}
