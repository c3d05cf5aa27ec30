/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes: networks on the link, then the configured gateway, then the routers
 * that have announced themselves. And the choice of a source address.
 */
#include "dataplane/route.h"
#include "dataplane/host_int.h"

static bool
is_broadcast4(const struct host *h, const uint8_t addr[4])
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	if (memcmp(addr, all, 4) == 0)
		return true;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct ip_net *net = &h->net.addrs[i].net;
		uint32_t host_mask;

		/* /31 (RFC 3021) and /32 have none */
		if (net->prefix_bits < 96 || net->prefix_bits > 126 ||
		    !ip_is_v4(&net->addr))
			continue;
		host_mask = 0xffffffffu >> (net->prefix_bits - 96);
		if (wire_get32(addr) ==
		    (wire_get32(net->addr.b + 12) | host_mask))
			return true;
	}
	return false;
}

bool
route_source4_is_ok(const struct host *h, const uint8_t src[4])
{
	uint32_t raw;

	memcpy(&raw, src, 4);
	/* "this" network, loopback, multicast and above */
	if (src[0] == 0 || src[0] == 127 || src[0] >= 224)
		return false;
	return !host_is_ours4(h, raw) && !is_broadcast4(h, src);
}

bool
route_source6_is_ok(const struct host *h, const uint8_t src[16])
{
	static const uint8_t zero[15], mapped[12] = { [10] = 255, 255 };

	/* multicast; unspecified and loopback; ::ffff:a.b.c.d (RFC 4942) */
	if (src[0] == 0xff || (memcmp(src, zero, 15) == 0 && src[15] <= 1) ||
	    memcmp(src, mapped, 12) == 0)
		return false;
	return !host_is_ours6(h, src);
}

bool
route_is_on_link(const struct host *h, const struct ip *ip)
{
	bool is_v4 = ip_is_v4(ip);

	if (!is_v4 && host_ip_is_link_local(ip))
		return h->ours6_n != 0;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct host_addr *a = &h->net.addrs[i];

		if (!a->is_slaac && ip_is_v4(&a->ip) == is_v4 &&
		    ip_net_has(&a->net, ip))
			return true;
	}
	for (unsigned i = 0; !is_v4 && i < h->net.prefixes_n; i++)
		if (h->net.prefixes[i].until_us > h->now_us &&
		    ip_net_has(&h->net.prefixes[i].net, ip))
			return true;
	return false;
}

/* RFC 4861 section 6.3.6: one that answers, else each in turn. */
static bool
router_find(struct host *h, struct ip *hop)
{
	const struct host_net *net = &h->net;

	for (unsigned i = 0; i < net->routers_n; i++) {
		const struct neigh *n;

		if (net->routers[i].until_us <= h->now_us)
			continue;
		n = neigh_find(h, &net->routers[i].ip);
		if (n != NULL && n->state != NEIGH_INCOMPLETE) {
			*hop = net->routers[i].ip;
			return true;
		}
	}
	for (unsigned i = 0; i < net->routers_n; i++) {
		unsigned k = (h->router_turn + i) % net->routers_n;

		if (net->routers[k].until_us <= h->now_us)
			continue;
		*hop = net->routers[k].ip;
		return true;
	}
	return false;
}

bool
route_find(struct host *h, const struct ip *dst, struct ip *hop)
{
	bool is_v4 = ip_is_v4(dst);
	const struct ip *gateway = is_v4 ? &h->gateway4 : &h->gateway6;

	/* The same are no destination that are no source. */
	if (is_v4 ? !route_source4_is_ok(h, dst->b + 12)
		  : !route_source6_is_ok(h, dst->b))
		return false;
	if (route_is_on_link(h, dst)) {
		*hop = *dst;
		return true;
	}
	if (!host_ip_is_zero(gateway)) {
		*hop = *gateway;
		return true;
	}
	return !is_v4 && router_find(h, hop);
}

static unsigned
common_bits(const struct ip *a, const struct ip *b)
{
	unsigned i = 0;

	while (i < 128 && !((a->b[i / 8] ^ b->b[i / 8]) & (0x80u >> (i % 8))))
		i++;
	return i;
}

bool
host_source(const struct host *h, const struct ip *dst, struct ip *out)
{
	bool is_v4 = ip_is_v4(dst);
	unsigned best = 0;

	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct host_addr *a = &h->net.addrs[i];
		unsigned rank;

		if (a->state != HOST_ADDR_VALID || ip_is_v4(&a->ip) != is_v4)
			continue;
		/* RFC 6724 section 5: scope, not deprecated, common prefix */
		rank = 1 + common_bits(&a->ip, dst);
		if (!a->is_deprecated)
			rank += 256;
		if (!is_v4 &&
		    host_ip_is_link_local(&a->ip) == host_ip_is_link_local(dst))
			rank += 512;
		if (rank <= best)
			continue;
		best = rank;
		*out = a->ip;
	}
	return best != 0;
}
