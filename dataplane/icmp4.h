/* SPDX-License-Identifier: BSD-2-Clause */
/* icmp4.h: received ICMP (RFC 792). One host's thread. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_ICMP4_H
#define PENSTOCK_DATAPLANE_ICMP4_H

#include "dataplane/port.h"

struct host;

/* len bytes at icmp, in a packet for us whose header at ip is in order. */
void icmp4_input(struct host *h, const uint8_t *ip, const uint8_t *icmp,
		 uint32_t len);

#endif
