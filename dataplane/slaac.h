/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slaac.h: what routers announce: themselves, prefixes, addresses from these
 * (RFC 4861 section 6.3, RFC 4862 section 5.5). Queue 0's host only. Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_SLAAC_H
#define PENSTOCK_DATAPLANE_SLAAC_H

#include "dataplane/nd.h"
#include "dataplane/host.h"

#define SLAAC_ADV_BYTES 16u /* a router advertisement before its options */

/* A router advertisement: what is wrong with it, or HOST_DROP_N. */
enum host_drop slaac_input(struct host *h, const uint8_t *ip,
			   const uint8_t *icmp,
			   const struct nd_options *options);
/* A neighbour says that it is no router. */
void slaac_router_gone(struct host *h, const struct ip *ip);
/* Solicitations, and the end of lifetimes. */
void slaac_step(struct host *h);

#endif
