/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp6.h: received ICMPv6 (RFC 4443), and the sum of what is sent. One host's
 * thread. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_ICMP6_H
#define PENSTOCK_DATAPLANE_ICMP6_H

#include "dataplane/port.h"

struct host;

#define ICMP6_BYTES	    8u
#define ICMP6_SUM	    2u
#define ICMP6_UNREACHABLE   1u
#define ICMP6_TOO_BIG	    2u
#define ICMP6_TIME_EXCEEDED 3u
#define ICMP6_PARAMETER	    4u
#define ICMP6_ECHO_REQUEST  128u
#define ICMP6_ECHO_REPLY    129u
#define ICMP6_MLD_QUERY	    130u
#define ICMP6_ROUTER_SOL    133u
#define ICMP6_ROUTER_ADV    134u
#define ICMP6_NEIGH_SOL	    135u
#define ICMP6_NEIGH_ADV	    136u
#define ICMP6_REDIRECT	    137u
#define ICMP6_MLD2_REPORT   143u

/* len bytes at icmp, in a packet for us or a group of ours. */
void icmp6_input(struct host *h, struct frame *f, const uint8_t *ip,
		 const uint8_t *icmp, uint32_t len);

/* Fills the sum of len bytes at icmp, whose IP header is at ip. */
void icmp6_sum_put(const uint8_t *ip, uint8_t *icmp, uint32_t len);

#endif
