/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 as a host receives it (RFC 791, RFC 1122 section 3.2.1). Fragments are
 * counted and dropped: nothing that a mail server needs is ever fragmented
 * (TCP sets DF or honours our MSS), and reassembly is memory for strangers.
 */
#include "dataplane/ip4.h"
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"
#include "dataplane/icmp4.h"
#include "dataplane/route.h"

#define OPTION_END  0u
#define OPTION_NOP  1u
#define OPTION_LSRR 131u
#define OPTION_SSRR 137u

/* Walks the options; none is acted on, source routes are refused. */
static bool
options_are_ok(const uint8_t *p, uint32_t len)
{
	while (len > 0 && p[0] != OPTION_END) {
		uint32_t used = 1;

		if (p[0] != OPTION_NOP) {
			if (p[0] == OPTION_LSRR || p[0] == OPTION_SSRR)
				return false;
			if (len < 2 || p[1] < 2 || p[1] > len)
				return false;
			used = p[1];
		}
		p += used;
		len -= used;
	}
	return true;
}

static bool
tcp_input(struct host *h, struct frame *f, const uint8_t *ip, uint32_t ip_bytes,
	  uint32_t tcp_bytes, struct host_seg *seg)
{
	const uint8_t *tcp = ip + ip_bytes;

	if (tcp_bytes < TCP_HDR_BYTES) {
		host_drop(h, HOST_DROP_SHORT);
		return false;
	}
	if (!(f->flags & FRAME_L4_SUM_OK) &&
	    cksum_end(cksum_add(cksum_pseudo4(ip, IP_PROTO_TCP, tcp_bytes), tcp,
				tcp_bytes)) != 0) {
		host_drop(h, HOST_DROP_TCP_SUM);
		return false;
	}
	*seg = (struct host_seg) {
		.frame = f,
		.tcp = tcp,
		.tcp_bytes = tcp_bytes,
		.ip = ip,
		.is_ce = (ip[IP4_TOS] & IP_ECN_MASK) == IP_ECN_CE,
		.ip_ttl = ip[IP4_TTL],
		.hash = flow_hash4(&h->key, ip + IP4_SRC, tcp),
	};
	return true;
}

/* What is wrong with the header, or HOST_DROP_N. */
static enum host_drop
header_fault(const struct host *h, const struct frame *f, const uint8_t *ip,
	     uint32_t len)
{
	uint32_t ip_bytes, total, dst;

	if (len < IP4_BYTES)
		return HOST_DROP_SHORT;
	ip_bytes = (ip[0] & 15u) * 4;
	total = wire_get16(ip + IP4_LEN);
	if (ip[0] >> 4 != 4 || ip_bytes < IP4_BYTES || total < ip_bytes)
		return HOST_DROP_IP_HEADER;
	if (total > len)
		return HOST_DROP_SHORT;
	if (!(f->flags & FRAME_IP_SUM_OK) &&
	    cksum_end(cksum_add(0, ip, ip_bytes)) != 0)
		return HOST_DROP_IP_SUM;
	memcpy(&dst, ip + IP4_DST, 4);
	if (!host_is_ours4(h, dst))
		return HOST_DROP_NOT_OURS;
	if (!route_source4_is_ok(h, ip + IP4_SRC))
		return HOST_DROP_SOURCE;
	if (ip_bytes > IP4_BYTES &&
	    !options_are_ok(ip + IP4_BYTES, ip_bytes - IP4_BYTES))
		return HOST_DROP_IP_OPTION;
	if (wire_get16(ip + IP4_FRAG) & (IP4_FRAG_MORE | IP4_FRAG_PLACE))
		return HOST_DROP_FRAGMENT;
	return HOST_DROP_N;
}

bool
ip4_input(struct host *h, struct frame *f, const uint8_t *ip, uint32_t len,
	  bool is_multi, struct host_seg *seg)
{
	enum host_drop fault = header_fault(h, f, ip, len);
	uint32_t ip_bytes, l4_bytes;

	/* RFC 1122 section 3.3.6: unicast IP in a broadcast frame */
	if (fault == HOST_DROP_N && is_multi)
		fault = HOST_DROP_NOT_OURS;
	if (fault != HOST_DROP_N) {
		host_drop(h, fault);
		return false;
	}
	ip_bytes = (ip[0] & 15u) * 4;
	l4_bytes = wire_get16(ip + IP4_LEN) - ip_bytes;
	if (LIKELY(ip[IP4_PROTO] == IP_PROTO_TCP))
		return tcp_input(h, f, ip, ip_bytes, l4_bytes, seg);
	if (ip[IP4_PROTO] == IP_PROTO_ICMP)
		icmp4_input(h, ip, ip + ip_bytes, l4_bytes);
	else
		host_drop(h, HOST_DROP_PROTOCOL);
	return false;
}
