/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route.h: which neighbour packets to a destination go to, and what addresses a
 * source may have. One host's thread. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_ROUTE_H
#define PENSTOCK_DATAPLANE_ROUTE_H

#include "engine/base/ip.h"

struct host;

/* The neighbour: dst itself or a gateway; false: no route. */
bool route_find(struct host *h, const struct ip *dst, struct ip *hop);
/* On a network of ours, so that ARP or ND may speak of it. */
bool route_is_on_link(const struct host *h, const struct ip *ip);
/* False: nobody may send from it (RFC 1122 section 3.2.1.3, RFC 6890). */
bool route_source4_is_ok(const struct host *h, const uint8_t src[4]);
bool route_source6_is_ok(const struct host *h, const uint8_t src[16]);

#endif
