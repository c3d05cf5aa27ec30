/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arp.h: ARP (RFC 826) for Ethernet and IPv4. One host's thread. Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_ARP_H
#define PENSTOCK_DATAPLANE_ARP_H

#include "dataplane/port.h"

struct host;

#define ARP_BYTES 28u

/* What follows the Ethernet header; is_multi: that was not sent to us alone. */
void arp_input(struct host *h, const uint8_t *p, uint32_t len, bool is_multi);
/* Who has ip? mac: asked by unicast; NULL: everybody. */
void arp_ask(struct host *h, const struct ip *ip, const uint8_t *mac);
/* Everybody: ip is here. */
void arp_announce(struct host *h, const struct ip *ip);

#endif
