/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nets.h: this host's own addresses and networks, and what Postfix makes of
 * them: the default of mynetworks, inet_interfaces. Asks the kernel, and for
 * host names the name service: start and reload only.
 */
#ifndef PENSTOCK_CONFIG_NETS_H
#define PENSTOCK_CONFIG_NETS_H

#include "engine/base/diag.h"
#include "engine/base/ip.h"
#include "engine/config/text.h"

#define NETS_MAX 256

enum nets_protocols { NETS_IPV4 = 1, NETS_IPV6 = 2, NETS_ALL = 3 };

/* "all", "ipv4", "ipv4, ipv6", ...: false when something else is in it. */
bool nets_parse_protocols(struct span text, unsigned *out);

static inline bool
nets_is_v4(const struct ip_net *net)
{
	return net->prefix_bits >= 96 && ip_is_v4(&net->addr);
}

/* An IPv6 network holds no IPv4 address: [::]/0 is not everybody. */
static inline bool
nets_has(const struct ip_net *net, const struct ip *ip)
{
	return nets_is_v4(net) == ip_is_v4(ip) && ip_net_has(net, ip);
}

/* Own addresses, each with the prefix length of its network. */
unsigned nets_own(struct ip_net out[NETS_MAX]);

/*
 * mynetworks as mynetworks_style says ("host", "subnet", "class"), appended to
 * *out. false: no such style.
 */
bool nets_mynetworks(struct span style, unsigned protocols,
		     const struct ip_net *own, unsigned own_n,
		     struct text *out);

/*
 * The addresses that a value of inet_interfaces or proxy_interfaces names, as
 * "192.0.2.1 [2001:db8::1]", appended to *out. false after saying what is
 * wrong.
 */
bool nets_interfaces(struct span value, unsigned protocols,
		     const struct ip_net *own, unsigned own_n, const char *file,
		     unsigned line, struct diag *diag, struct text *out);

#endif
