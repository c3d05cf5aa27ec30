/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h: what stands where in the headers below TCP, and reading and writing
 * of big-endian numbers at any alignment. Constants and inline functions only;
 * any thread. The reader has checked the length. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_WIRE_H
#define PENSTOCK_DATAPLANE_WIRE_H

#include <stdint.h>
#include <string.h>

/* Ethernet II: destination, source, type */
#define ETH_BYTES     14u
#define ETH_SRC	      6u
#define ETH_TYPE      12u
#define ETH_TYPE_IP4  0x0800u
#define ETH_TYPE_ARP  0x0806u
#define ETH_TYPE_VLAN 0x8100u
#define ETH_TYPE_IP6  0x86ddu
#define VLAN_BYTES    4u
#define VLAN_ID_MASK  0x0fffu
#define ETH_VLAN_MAX  (ETH_BYTES + VLAN_BYTES)

/* IPv4: RFC 791 section 3.1 */
#define IP4_BYTES      20u
#define IP4_BYTES_MAX  60u
#define IP4_TOS	       1u
#define IP4_LEN	       2u
#define IP4_ID	       4u
#define IP4_FRAG       6u
#define IP4_FRAG_DF    0x4000u
#define IP4_FRAG_MORE  0x2000u
#define IP4_FRAG_PLACE 0x1fffu
#define IP4_TTL	       8u
#define IP4_PROTO      9u
#define IP4_SUM	       10u
#define IP4_SRC	       12u
#define IP4_DST	       16u

/* IPv6: RFC 8200 section 3 */
#define IP6_BYTES   40u
#define IP6_LEN	    4u
#define IP6_NEXT    6u
#define IP6_HOPS    7u
#define IP6_SRC	    8u
#define IP6_DST	    24u
#define IP6_MTU_MIN 1280u

#define IP_PROTO_HOPOPT	 0u
#define IP_PROTO_ICMP	 1u
#define IP_PROTO_TCP	 6u
#define IP_PROTO_ROUTING 43u
#define IP_PROTO_FRAG	 44u
#define IP_PROTO_ICMP6	 58u
#define IP_PROTO_DSTOPTS 60u

#define IP_ECN_MASK 3u
#define IP_ECN_ECT0 2u
#define IP_ECN_CE   3u

/* TCP: RFC 9293 section 3.1 */
#define TCP_HDR_BYTES 20u
#define TCP_HDR_SUM   16u

static inline uint16_t
wire_get16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t
wire_get32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return __builtin_bswap32(v);
}

static inline void
wire_put16(void *p, uint16_t v)
{
	v = __builtin_bswap16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
wire_put32(void *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof(v));
}

#endif
