/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP: echo, answered at a bounded rate, and errors about our segments, which
 * go to TCP unbelieved: it has the sequence numbers to judge them by (RFC
 * 5927). Everything else is counted; source quench (RFC 6633), redirects and
 * timestamps are among it on purpose.
 */
#include "dataplane/icmp4.h"
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"

#define ICMP_BYTES	 8u
#define ICMP_SUM	 2u
#define ICMP_MTU	 6u
#define ECHO_REPLY	 0u
#define UNREACHABLE	 3u
#define ECHO_REQUEST	 8u
#define TIME_EXCEEDED	 11u
#define PARAMETER	 12u
#define CODE_PROTOCOL	 2u
#define CODE_PORT	 3u
#define CODE_TOO_BIG	 4u
#define QUOTED_TCP_BYTES 8u /* ports and sequence number */

static void
echo(struct host *h, const uint8_t *ip, const uint8_t *icmp, uint32_t len)
{
	struct ip src = host_ip_of4(ip + IP4_DST);
	struct ip dst = host_ip_of4(ip + IP4_SRC);
	struct frame f;
	uint8_t *p;
	uint16_t sum;

	if (IP4_BYTES + len > h->mtu) {
		host_drop(h, HOST_DROP_ICMP);
		return;
	}
	if (!rate_take(&h->echo_rate, h->now_us) || !host_tx_get(h, &f)) {
		host_drop(h, HOST_DROP_RATE);
		return;
	}
	counter_add(&h->count.echo, 1);
	p = f.data + h->l2_bytes + IP4_BYTES;
	memcpy(p, icmp, len);
	p[0] = ECHO_REPLY;
	p[1] = 0;
	memset(p + ICMP_SUM, 0, 2);
	sum = cksum_end(cksum_add(0, p, len));
	memcpy(p + ICMP_SUM, &sum, 2);
	host_tx_ip4(h, &f, &src, &dst, IP_PROTO_ICMP, len);
	host_tx_routed(h, &f, &dst);
}

/* The packet that an error quotes: was it a segment of ours? */
static bool
quoted(const struct host *h, const uint8_t *ip, uint32_t len,
       struct host_unreachable *u)
{
	uint32_t ip_bytes, src;

	if (len < IP4_BYTES || ip[0] >> 4 != 4)
		return false;
	ip_bytes = (ip[0] & 15u) * 4;
	if (ip_bytes < IP4_BYTES || len < ip_bytes + QUOTED_TCP_BYTES ||
	    ip[IP4_PROTO] != IP_PROTO_TCP ||
	    wire_get16(ip + IP4_FRAG) & IP4_FRAG_PLACE)
		return false;
	memcpy(&src, ip + IP4_SRC, 4);
	if (!host_is_ours4(h, src))
		return false;
	*u = (struct host_unreachable) {
		.src = host_ip_of4(ip + IP4_SRC),
		.dst = host_ip_of4(ip + IP4_DST),
		.src_port = wire_get16(ip + ip_bytes),
		.dst_port = wire_get16(ip + ip_bytes + 2),
		.seq = wire_get32(ip + ip_bytes + 4),
	};
	return true;
}

static bool
error(struct host *h, const uint8_t *icmp, uint32_t len)
{
	const uint8_t *inner = icmp + ICMP_BYTES;
	struct host_unreachable u;

	if (!quoted(h, inner, len - ICMP_BYTES, &u))
		return false;
	if (icmp[0] == UNREACHABLE && icmp[1] == CODE_TOO_BIG) {
		u.mtu = wire_get16(icmp + ICMP_MTU);
		/* A router older than RFC 1191 does not say how much fits. */
		if (u.mtu == 0)
			u.mtu = pmtu_plateau(wire_get16(inner + IP4_LEN));
	}
	u.is_hard = icmp[0] == UNREACHABLE &&
		    (icmp[1] == CODE_PROTOCOL || icmp[1] == CODE_PORT);
	host_input_unreachable(h, &u);
	return true;
}

void
icmp4_input(struct host *h, const uint8_t *ip, const uint8_t *icmp,
	    uint32_t len)
{
	bool is_used = false;

	if (len < ICMP_BYTES || cksum_end(cksum_add(0, icmp, len)) != 0) {
		host_drop(h, HOST_DROP_ICMP);
		return;
	}
	switch (icmp[0]) {
	case ECHO_REQUEST:
		echo(h, ip, icmp, len);
		return;
	case UNREACHABLE:
	case TIME_EXCEEDED:
	case PARAMETER:
		is_used = error(h, icmp, len);
		break;
	}
	if (!is_used)
		host_drop(h, HOST_DROP_ICMP);
}
