/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses without configuration. Only with penstock_ipv6 = slaac: otherwise
 * what is configured holds, and routers are not listened to. How many routers,
 * prefixes and addresses there can be is bounded; the first ones stay.
 */
#include "dataplane/slaac.h"
#include "dataplane/host_int.h"
#include "dataplane/host_share.h"

#define ADV_LIFETIME	  6u
#define PREFIX_BITS	  2u
#define PREFIX_FLAGS	  3u
#define PREFIX_VALID	  4u
#define PREFIX_PREFERRED  8u
#define PREFIX_ADDR	  16u
#define PREFIX_ON_LINK	  0x80u
#define PREFIX_AUTONOMOUS 0x40u
#define TWO_HOURS_US	  (7200ull * 1000000)
#define ROUTER_ASK_US	  4000000u

static uint64_t
until(const struct host *h, uint32_t seconds)
{
	if (seconds == UINT32_MAX)
		return UINT64_MAX;
	return h->now_us + seconds * 1000000ull;
}

static void
router_heard(struct host *h, const struct ip *ip, uint32_t seconds)
{
	struct host_net *net = &h->net;

	for (unsigned i = 0; i < net->routers_n; i++) {
		if (!ip_is_equal(&net->routers[i].ip, ip))
			continue;
		if (seconds == 0)
			slaac_router_gone(h, ip);
		else
			net->routers[i].until_us = until(h, seconds);
		return;
	}
	if (seconds == 0 || net->routers_n == HOST_ROUTERS_MAX)
		return;
	net->routers[net->routers_n++] =
		(struct host_router) { *ip, until(h, seconds) };
	host_addr_changed(h);
}

void
slaac_router_gone(struct host *h, const struct ip *ip)
{
	struct host_net *net = &h->net;

	for (unsigned i = 0; i < net->routers_n; i++) {
		if (!ip_is_equal(&net->routers[i].ip, ip))
			continue;
		net->routers[i] = net->routers[--net->routers_n];
		host_addr_changed(h);
		return;
	}
}

static void
prefix_heard(struct host *h, const struct ip_net *prefix, uint32_t seconds)
{
	struct host_net *net = &h->net;

	for (unsigned i = 0; i < net->prefixes_n; i++) {
		struct host_prefix *p = &net->prefixes[i];

		if (!ip_is_equal(&p->net.addr, &prefix->addr) ||
		    p->net.prefix_bits != prefix->prefix_bits)
			continue;
		p->until_us = until(h, seconds);
		if (seconds == 0) {
			*p = net->prefixes[--net->prefixes_n];
			host_addr_changed(h);
		}
		return;
	}
	if (seconds == 0 || net->prefixes_n == HOST_PREFIXES_MAX)
		return;
	net->prefixes[net->prefixes_n++] =
		(struct host_prefix) { *prefix, until(h, seconds) };
	host_addr_changed(h);
}

/* RFC 4862 section 5.5.3 */
static void
address_heard(struct host *h, const struct ip_net *prefix, uint32_t valid,
	      uint32_t preferred)
{
	struct ip ip = host_addr_eui64(h, &prefix->addr);
	struct host_addr *a = host_addr_find(h, &ip);
	uint64_t valid_until_us = until(h, valid);
	unsigned slaac_n = 0;

	if (a != NULL && !a->is_slaac)
		return; /* configured: stays as it is */
	for (unsigned i = 0; i < h->net.addrs_n; i++)
		slaac_n += h->net.addrs[i].is_slaac;
	if (a == NULL) {
		if (valid == 0 || slaac_n == HOST_SLAAC_MAX)
			return;
		a = host_addr_add(h, &ip, prefix);
		if (a == NULL)
			return;
		a->is_slaac = true;
		a->valid_until_us = valid_until_us;
	} else if (valid_until_us > h->now_us + TWO_HOURS_US ||
		   valid_until_us > a->valid_until_us) {
		a->valid_until_us = valid_until_us;
	} else if (a->valid_until_us > h->now_us + TWO_HOURS_US) {
		/* Step e: nobody on the link cuts an address off at once. */
		a->valid_until_us = h->now_us + TWO_HOURS_US;
	}
	a->preferred_until_us = until(h, preferred);
	a->is_deprecated = preferred == 0;
}

static void
option_heard(struct host *h, const uint8_t *p)
{
	uint32_t valid = wire_get32(p + PREFIX_VALID);
	uint32_t preferred = wire_get32(p + PREFIX_PREFERRED);
	struct ip_net prefix = { host_ip_of6(p + PREFIX_ADDR), p[PREFIX_BITS] };

	if (prefix.prefix_bits > 128 || prefix.addr.b[0] == 0xff ||
	    prefix.prefix_bits < 3 || host_ip_is_link_local(&prefix.addr) ||
	    ip_is_v4(&prefix.addr))
		return;
	for (unsigned bit = prefix.prefix_bits; bit < 128; bit++)
		prefix.addr.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	if (p[PREFIX_FLAGS] & PREFIX_ON_LINK)
		prefix_heard(h, &prefix, valid);
	if (p[PREFIX_FLAGS] & PREFIX_AUTONOMOUS && prefix.prefix_bits == 64 &&
	    preferred <= valid)
		address_heard(h, &prefix, valid, preferred);
}

enum host_drop
slaac_input(struct host *h, const uint8_t *ip, const uint8_t *icmp,
	    const struct nd_options *options)
{
	struct ip src = host_ip_of6(ip + IP6_SRC);

	if (!h->is_slaac || !host_ip_is_link_local(&src) ||
	    host_addr_find(h, &src) != NULL)
		return HOST_DROP_ND;
	if (!rate_take(&h->answer_rate, h->now_us))
		return HOST_DROP_RATE;
	router_heard(h, &src, wire_get16(icmp + ADV_LIFETIME));
	if (options->source_mac)
		neigh_learn(h, &src, options->source_mac,
			    NEIGH_OVERRIDE | NEIGH_CREATE);
	if (options->mtu >= IP6_MTU_MIN && options->mtu <= h->mtu &&
	    options->mtu != h->net.mtu6) {
		h->net.mtu6 = options->mtu;
		host_addr_changed(h);
	}
	for (unsigned i = 0; i < options->prefixes_n; i++)
		option_heard(h, options->prefixes[i]);
	h->router_asks_n = 0;
	h->is_net_news = true;
	host_due(h, h->now_us);
	return HOST_DROP_N;
}

/* True: at least one address is gone, or new connections avoid it now. */
static bool
addresses_age(struct host *h)
{
	bool is_changed = false;

	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		struct host_addr *a = &h->net.addrs[i];

		if (a->valid_until_us <= h->now_us) {
			host_addr_remove(h, a);
			i--;
			continue;
		}
		if (!a->is_deprecated && a->preferred_until_us <= h->now_us)
			a->is_deprecated = is_changed = true;
		host_due(h, a->valid_until_us);
		if (!a->is_deprecated)
			host_due(h, a->preferred_until_us);
	}
	return is_changed;
}

static bool
routers_age(struct host *h)
{
	struct host_net *net = &h->net;
	bool is_changed = false;

	for (unsigned i = 0; i < net->prefixes_n; i++) {
		if (net->prefixes[i].until_us > h->now_us) {
			host_due(h, net->prefixes[i].until_us);
			continue;
		}
		net->prefixes[i--] = net->prefixes[--net->prefixes_n];
		is_changed = true;
	}
	for (unsigned i = 0; i < net->routers_n; i++) {
		if (net->routers[i].until_us > h->now_us) {
			host_due(h, net->routers[i].until_us);
			continue;
		}
		net->routers[i--] = net->routers[--net->routers_n];
		is_changed = true;
	}
	return is_changed;
}

void
slaac_step(struct host *h)
{
	bool is_changed = addresses_age(h);

	is_changed |= routers_age(h);
	if (is_changed)
		host_addr_changed(h);
	if (h->router_asks_n == 0)
		return;
	if (h->router_ask_us <= h->now_us) {
		nd_router_ask(h);
		h->router_ask_us = h->now_us + ROUTER_ASK_US;
		h->router_asks_n--;
	}
	host_due(h, h->router_ask_us);
}
