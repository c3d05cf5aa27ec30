/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame's flow by its headers. What is no whole TCP segment has none: it
 * stays with the queue that received it.
 */
#include "dataplane/port_dpdk_spread.h"
#include "dataplane/wire.h"

#define CHAIN_MAX 8u /* IPv6 extension headers that are walked */

static bool
hash4(const struct flow_key *key, const uint8_t *ip, uint32_t len,
      uint32_t *out)
{
	uint32_t head;

	if (len < IP4_BYTES || ip[IP4_PROTO] != IP_PROTO_TCP)
		return false;
	head = (ip[0] & 15) * 4u;
	if (head < IP4_BYTES || len < head + 4 ||
	    wire_get16(ip + IP4_FRAG) & (IP4_FRAG_MORE | IP4_FRAG_PLACE))
		return false;
	*out = flow_hash4(key, ip + IP4_SRC, ip + head);
	return true;
}

static bool
hash6(const struct flow_key *key, const uint8_t *ip, uint32_t len,
      uint32_t *out)
{
	uint32_t at = IP6_BYTES;
	uint8_t next;

	if (len < IP6_BYTES)
		return false;
	next = ip[IP6_NEXT];
	for (unsigned i = 0; next != IP_PROTO_TCP && i < CHAIN_MAX; i++) {
		if ((next != IP_PROTO_HOPOPT && next != IP_PROTO_DSTOPTS) ||
		    len < at + 8)
			return false;
		next = ip[at];
		at += (ip[at + 1] + 1u) * 8;
	}
	if (next != IP_PROTO_TCP || len < at + 4)
		return false;
	*out = flow_hash6(key, ip + IP6_SRC, ip + at);
	return true;
}

bool
dpdk_spread_hash(const struct flow_key *key, const uint8_t *data, uint32_t len,
		 uint32_t *out)
{
	uint32_t at = ETH_BYTES;
	uint16_t type;

	if (len < ETH_VLAN_MAX)
		return false;
	type = wire_get16(data + ETH_TYPE);
	if (type == ETH_TYPE_VLAN) {
		type = wire_get16(data + ETH_BYTES + 2);
		at = ETH_VLAN_MAX;
	}
	if (type == ETH_TYPE_IP4)
		return hash4(key, data + at, len - at, out);
	return type == ETH_TYPE_IP6 && hash6(key, data + at, len - at, out);
}

uint32_t
dpdk_rss_hash(const uint8_t key[RSS_KEY_BYTES], const struct ip *src,
	      uint16_t src_port, const struct ip *dst, uint16_t dst_port)
{
	unsigned skip = ip_is_v4(src) ? 12 : 0, n = 0;
	uint64_t window = (uint64_t)wire_get32(key) << 32 | wire_get32(key + 4);
	uint8_t input[36];
	uint32_t hash = 0;

	memcpy(input, src->b + skip, 16 - skip);
	n += 16 - skip;
	memcpy(input + n, dst->b + skip, 16 - skip);
	n += 16 - skip;
	wire_put16(input + n, src_port);
	wire_put16(input + n + 2, dst_port);
	n += 4;
	/* Each set bit of the input takes the 32 bits of the key that begin
	 * where it stands. */
	for (unsigned i = 0; i < n; i++) {
		for (unsigned bit = 0; bit < 8; bit++)
			if (input[i] & 0x80 >> bit)
				hash ^= (uint32_t)(window << bit >> 32);
		window <<= 8;
		if (i + 8 < RSS_KEY_BYTES)
			window |= key[i + 8];
	}
	return hash;
}
