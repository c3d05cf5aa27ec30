/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h: the keyed hash of a segment's addresses and ports (SipHash-1-3,
 * Aumasson and Bernstein, 2012). With a secret key nobody can aim at one
 * bucket, which the Toeplitz hash of RSS, linear and with a known key, would
 * allow. Any thread, no state. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_FLOW_H
#define PENSTOCK_DATAPLANE_FLOW_H

#include "engine/base/ip.h"

#include <stdint.h>

struct flow_key {
	uint64_t k[2];
};

/*
 * addrs: source and destination as they stand in the IP header, 2 x 4 or
 * 2 x 16 bytes; ports: the two of the TCP header, 4 bytes.
 */
uint32_t flow_hash4(const struct flow_key *key, const void *addrs,
		    const void *ports);
uint32_t flow_hash6(const struct flow_key *key, const void *addrs,
		    const void *ports);
/* The same of a segment that would go from src to dst. */
uint32_t flow_hash(const struct flow_key *key, const struct ip *src,
		   uint16_t src_port, const struct ip *dst, uint16_t dst_port);
/* Of one address, for caches whose keys strangers choose. */
uint32_t flow_hash_addr(const struct flow_key *key, const struct ip *addr);

#endif
