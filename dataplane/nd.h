/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nd.h: neighbour discovery (RFC 4861) and duplicate address detection (RFC
 * 4862 section 5.4). One host's thread, queue 0's but for nd_ask(). Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_ND_H
#define PENSTOCK_DATAPLANE_ND_H

#include "dataplane/port.h"

struct host;
struct host_addr;

/* The options that are used; the last of each kind counts. */
struct nd_options {
	const uint8_t *source_mac, *target_mac; /* NULL: none */
	uint32_t mtu;				/* 0: none */
	const uint8_t *prefixes[8]; /* prefix information, 32 bytes */
	unsigned prefixes_n;
};

/* A solicitation or an advertisement whose sum is right. */
void nd_input(struct host *h, const struct frame *f, const uint8_t *ip,
	      const uint8_t *icmp, uint32_t len);
/* False: malformed (RFC 4861 section 4.6). Borrows p. */
bool nd_options_parse(const uint8_t *p, uint32_t len, struct nd_options *out);

/* Who has ip? mac: asked by unicast; NULL: its group. */
void nd_ask(struct host *h, const struct ip *ip, const uint8_t *mac);
/* Is anybody using this tentative address of ours? */
void nd_probe(struct host *h, const struct ip *ip);
/* Everybody: ip is here. */
void nd_announce(struct host *h, const struct ip *ip);
/* Are there routers? */
void nd_router_ask(struct host *h);

#endif
