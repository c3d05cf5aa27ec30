/* SPDX-License-Identifier: BSD-2-Clause */
/* ip6.h: received IPv6 packets. One host's thread. Private to dataplane/. */
#ifndef PENSTOCK_DATAPLANE_IP6_H
#define PENSTOCK_DATAPLANE_IP6_H

#include "dataplane/host.h"

#define IP6_EXTENSIONS_MAX 8u

/*
 * len bytes at ip are what the frame has behind its Ethernet header. True:
 * *seg is a TCP segment; false: it was answered or counted.
 */
bool ip6_input(struct host *h, struct frame *f, const uint8_t *ip, uint32_t len,
	       bool is_multi, struct host_seg *seg);

/* ff02::1, and ff02::1:ffXX:XXXX of an address (RFC 4291 section 2.7.1). */
extern const struct ip ip6_all_nodes;
struct ip ip6_solicited_node(const struct ip *ip);
/* The Ethernet address of an IPv6 group (RFC 2464 section 7). */
void ip6_group_mac(const struct ip *group, uint8_t out[PORT_MAC_BYTES]);

#endif
