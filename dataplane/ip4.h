/* SPDX-License-Identifier: BSD-2-Clause */
/* ip4.h: received IPv4 packets. One host's thread. Private to dataplane/. */
#ifndef PENSTOCK_DATAPLANE_IP4_H
#define PENSTOCK_DATAPLANE_IP4_H

#include "dataplane/host.h"

/*
 * len bytes at ip are what the frame has behind its Ethernet header. True:
 * *seg is a TCP segment; false: it was answered or counted.
 */
bool ip4_input(struct host *h, struct frame *f, const uint8_t *ip, uint32_t len,
	       bool is_multi, struct host_seg *seg);

#endif
