/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv6: echo at a bounded rate, errors about our segments handed to TCP
 * unbelieved (RFC 5927), neighbour discovery and MLD to their own files, and on
 * a queue other than the first to the first queue's host.
 */
#include "dataplane/icmp6.h"
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"
#include "dataplane/host_share.h"
#include "dataplane/mld.h"
#include "dataplane/nd.h"
#include "dataplane/route.h"

#define CODE_PORT	 4u
#define CODE_NEXT_HEADER 1u
#define QUOTED_TCP_BYTES 8u

void
icmp6_sum_put(const uint8_t *ip, uint8_t *icmp, uint32_t len)
{
	uint16_t sum = 0;

	memcpy(icmp + ICMP6_SUM, &sum, 2);
	sum = cksum_end(
		cksum_add(cksum_pseudo6(ip, IP_PROTO_ICMP6, len), icmp, len));
	memcpy(icmp + ICMP6_SUM, &sum, 2);
}

static void
echo(struct host *h, const uint8_t *ip, const uint8_t *icmp, uint32_t len)
{
	struct ip src = host_ip_of6(ip + IP6_DST);
	struct ip dst = host_ip_of6(ip + IP6_SRC);
	struct frame f;
	uint8_t *p;

	/* Not for groups: one question, many answers. */
	if (ip[IP6_DST] == 0xff || !route_source6_is_ok(h, ip + IP6_SRC) ||
	    IP6_BYTES + len > h->net.mtu6) {
		host_drop(h, HOST_DROP_ICMP);
		return;
	}
	if (!rate_take(&h->echo_rate, h->now_us) || !host_tx_get(h, &f)) {
		host_drop(h, HOST_DROP_RATE);
		return;
	}
	counter_add(&h->count.echo, 1);
	host_tx_ip6(h, &f, &src, &dst, IP_PROTO_ICMP6, HOST_TTL, len);
	p = f.data + h->l2_bytes + IP6_BYTES;
	memcpy(p, icmp, len);
	p[0] = ICMP6_ECHO_REPLY;
	p[1] = 0;
	icmp6_sum_put(f.data + h->l2_bytes, p, len);
	host_tx_routed(h, &f, &dst);
}

/* Our segments have no extension headers, so a quote that has is not ours. */
static bool
error(struct host *h, const uint8_t *icmp, uint32_t len)
{
	const uint8_t *inner = icmp + ICMP6_BYTES, *tcp = inner + IP6_BYTES;
	struct host_unreachable u;
	uint32_t mtu = 0;

	if (len < ICMP6_BYTES + IP6_BYTES + QUOTED_TCP_BYTES ||
	    inner[0] >> 4 != 6 || inner[IP6_NEXT] != IP_PROTO_TCP ||
	    !host_is_ours6(h, inner + IP6_SRC))
		return false;
	if (icmp[0] == ICMP6_TOO_BIG) {
		mtu = wire_get32(icmp + 4);
		if (mtu < IP6_MTU_MIN) /* RFC 8201 section 4 */
			return false;
		if (mtu > UINT16_MAX)
			mtu = UINT16_MAX;
	}
	u = (struct host_unreachable) {
		.src = host_ip_of6(inner + IP6_SRC),
		.dst = host_ip_of6(inner + IP6_DST),
		.src_port = wire_get16(tcp),
		.dst_port = wire_get16(tcp + 2),
		.seq = wire_get32(tcp + 4),
		.mtu = (uint16_t)mtu,
		.is_hard = (icmp[0] == ICMP6_UNREACHABLE &&
			    icmp[1] == CODE_PORT) ||
			   (icmp[0] == ICMP6_PARAMETER &&
			    icmp[1] == CODE_NEXT_HEADER),
	};
	host_input_unreachable(h, &u);
	return true;
}

void
icmp6_input(struct host *h, struct frame *f, const uint8_t *ip,
	    const uint8_t *icmp, uint32_t len)
{
	bool is_used = false;

	if (len < ICMP6_BYTES ||
	    cksum_end(cksum_add(cksum_pseudo6(ip, IP_PROTO_ICMP6, len), icmp,
				len)) != 0) {
		host_drop(h, HOST_DROP_ICMP);
		return;
	}
	switch (icmp[0]) {
	case ICMP6_ECHO_REQUEST:
		echo(h, ip, icmp, len);
		return;
	case ICMP6_UNREACHABLE:
	case ICMP6_TOO_BIG:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAMETER:
		is_used = error(h, icmp, len);
		break;
	case ICMP6_ROUTER_ADV:
	case ICMP6_NEIGH_SOL:
	case ICMP6_NEIGH_ADV:
	case ICMP6_MLD_QUERY:
		if (host_share_pass(h, f))
			return;
		if (icmp[0] == ICMP6_MLD_QUERY)
			mld_input(h, ip, len);
		else
			nd_input(h, f, ip, icmp, len);
		return;
	case ICMP6_ROUTER_SOL:
	case ICMP6_REDIRECT:
		host_drop(h, HOST_DROP_ND);
		return;
	}
	if (!is_used)
		host_drop(h, HOST_DROP_ICMP);
}
