/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_share.h: what the hosts of one port tell each other, through rings
 * between queue 0's host and each other one. Each function: the thread of the
 * host that is given. A full ring loses news, never frames of TCP: what is lost
 * is counted, and told again or asked for again. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_HOST_SHARE_H
#define PENSTOCK_DATAPLANE_HOST_SHARE_H

#include "dataplane/host.h"

#define SHARE_RING_N	 64u
#define SHARE_FRAME_MAX	 512u /* longer ones are not passed on */
#define SHARE_TELL_US	 10000000u
#define SHARE_WAITING_US 1000u /* how often we look while we wait for news */

/* Handles what the others have sent, tells what is due. */
void host_share_step(struct host *h);
/* True: counted, and on its way to queue 0's host. False: handle it here. */
bool host_share_pass(struct host *h, const struct frame *f);
/* Queue 0's host has heard of a neighbour. */
void host_share_neigh(struct host *h, const struct ip *ip,
		      const uint8_t mac[PORT_MAC_BYTES], unsigned news);
/* Towards the host of that queue; false: no room. */
bool host_share_unreachable(struct host *h, unsigned queue_idx,
			    const struct host_unreachable *u);

#endif
