/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_dpdk_spread.h: which flow a frame belongs to, for devices that do not
 * say; and what devices with RSS say. Any thread, no state. Private to
 * dataplane/port_dpdk*.c.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_DPDK_SPREAD_H
#define PENSTOCK_DATAPLANE_PORT_DPDK_SPREAD_H

#include "dataplane/flow.h"

#include <stdbool.h>

/* flow_hash() of a frame's addresses and ports, if it is a TCP segment. */
bool dpdk_spread_hash(const struct flow_key *key, const uint8_t *data,
		      uint32_t len, uint32_t *out);

#define RSS_KEY_BYTES 40u

/* RSS's hash of a segment from src to dst: Toeplitz, of what is on the wire. */
uint32_t dpdk_rss_hash(const uint8_t key[RSS_KEY_BYTES], const struct ip *src,
		       uint16_t src_port, const struct ip *dst,
		       uint16_t dst_port);

#endif
