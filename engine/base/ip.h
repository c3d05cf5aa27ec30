/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ip.h: one form for IPv4 and IPv6 addresses and networks. Any thread, no
 * allocation, no name service. IPv4 is kept as ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2), so a comparison needs no case split.
 */
#ifndef PENSTOCK_BASE_IP_H
#define PENSTOCK_BASE_IP_H

#include "engine/base/span.h"

#include <stdbool.h>

struct sockaddr_storage;

struct ip {
	uint8_t b[16];
};

struct ip_net {
	struct ip addr;
	uint8_t prefix_bits; /* of 128; an IPv4 /8 is 104 */
};

#define IP_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

bool ip_is_v4(const struct ip *ip);
bool ip_is_equal(const struct ip *a, const struct ip *b);
bool ip_is_loopback(const struct ip *ip);
bool ip_net_has(const struct ip_net *net, const struct ip *ip);

/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1". No brackets. */
bool ip_parse(struct span text, struct ip *out);
/*
 * "10.0.0.0/8", "192.0.2.1", "[2001:db8::]/32", "2001:db8::/32". False too when
 * host bits are set, as Postfix refuses those: *why says which it was.
 */
bool ip_net_parse(struct span text, struct ip_net *out, const char **why);

/* Without brackets; IPv4 in dotted form. Gives the length. */
unsigned ip_print(const struct ip *ip, char out[IP_TEXT_MAX]);

void ip_from_sockaddr(const struct sockaddr_storage *ss, struct ip *out,
		      uint16_t *port_out);

#endif
