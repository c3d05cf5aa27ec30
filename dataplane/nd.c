/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbour discovery. As with ARP, a stranger can refresh what is known but
 * add only what asks for us. Redirects are not followed.
 */
#include "dataplane/nd.h"
#include "dataplane/host_int.h"
#include "dataplane/icmp6.h"
#include "dataplane/ip6.h"
#include "dataplane/route.h"
#include "dataplane/slaac.h"

#define ND_HOPS		 255u /* nobody beyond the link can send it */
#define ND_TARGET	 8u
#define ND_BYTES	 24u /* of both neighbour messages */
#define ND_MAC_BYTES	 8u  /* a link-layer address option */
#define NA_FLAGS	 4u
#define NA_ROUTER	 0x80u
#define NA_SOLICITED	 0x40u
#define NA_OVERRIDE	 0x20u
#define OPTION_SOURCE	 1u
#define OPTION_TARGET	 2u
#define OPTION_PREFIX	 3u
#define OPTION_MTU	 5u
#define PREFIX_BYTES	 32u
#define ROUTER_SOL_BYTES 8u

static const struct ip unspecified;
static const struct ip all_routers = { { 0xff, 0x02, [15] = 2 } };

/* --- sending --- */

/* A message of len bytes at the place that begin() gave leaves for dst. */
static uint8_t *
begin(struct host *h, struct frame *f)
{
	uint8_t *p;

	if (!host_tx_get(h, f))
		return NULL; /* it is asked again, or announced again */
	p = f->data + h->l2_bytes + IP6_BYTES;
	memset(p, 0, ND_BYTES + ND_MAC_BYTES);
	return p;
}

static void
end(struct host *h, struct frame *f, const struct ip *src, const struct ip *dst,
    const uint8_t *mac, uint32_t len)
{
	uint8_t group_mac[PORT_MAC_BYTES];

	if (dst->b[0] == 0xff) {
		ip6_group_mac(dst, group_mac);
		mac = group_mac;
	}
	host_tx_eth(h, f->data, mac, ETH_TYPE_IP6);
	host_tx_ip6(h, f, src, dst, IP_PROTO_ICMP6, ND_HOPS, len);
	icmp6_sum_put(f->data + h->l2_bytes, f->data + h->l2_bytes + IP6_BYTES,
		      len);
	host_tx_frame(h, f);
}

static void
mac_put(const struct host *h, uint8_t *p, uint8_t type)
{
	p[0] = type;
	p[1] = 1;
	memcpy(p + 2, h->mac, PORT_MAC_BYTES);
}

void
nd_ask(struct host *h, const struct ip *ip, const uint8_t *mac)
{
	struct ip src, dst = mac ? *ip : ip6_solicited_node(ip);
	struct frame f;
	uint8_t *p;

	if (!host_source(h, ip, &src) || !(p = begin(h, &f)))
		return;
	p[0] = ICMP6_NEIGH_SOL;
	memcpy(p + ND_TARGET, ip->b, 16);
	mac_put(h, p + ND_BYTES, OPTION_SOURCE);
	end(h, &f, &src, &dst, mac, ND_BYTES + ND_MAC_BYTES);
}

void
nd_probe(struct host *h, const struct ip *ip)
{
	struct ip dst = ip6_solicited_node(ip);
	struct frame f;
	uint8_t *p = begin(h, &f);

	if (p == NULL)
		return;
	p[0] = ICMP6_NEIGH_SOL;
	memcpy(p + ND_TARGET, ip->b, 16);
	end(h, &f, &unspecified, &dst, NULL, ND_BYTES);
}

static void
advertise(struct host *h, const struct ip *ip, const struct ip *dst,
	  const uint8_t *mac, uint8_t flags)
{
	struct frame f;
	uint8_t *p = begin(h, &f);

	if (p == NULL)
		return;
	p[0] = ICMP6_NEIGH_ADV;
	p[NA_FLAGS] = flags;
	memcpy(p + ND_TARGET, ip->b, 16);
	mac_put(h, p + ND_BYTES, OPTION_TARGET);
	end(h, &f, ip, dst, mac, ND_BYTES + ND_MAC_BYTES);
}

void
nd_announce(struct host *h, const struct ip *ip)
{
	advertise(h, ip, &ip6_all_nodes, NULL, NA_OVERRIDE);
}

void
nd_router_ask(struct host *h)
{
	struct ip src = unspecified;
	bool has_source = host_source(h, &all_routers, &src);
	struct frame f;
	uint8_t *p = begin(h, &f);

	if (p == NULL)
		return;
	p[0] = ICMP6_ROUTER_SOL;
	if (has_source)
		mac_put(h, p + ROUTER_SOL_BYTES, OPTION_SOURCE);
	end(h, &f, &src, &all_routers, NULL,
	    ROUTER_SOL_BYTES + (has_source ? ND_MAC_BYTES : 0));
}

/* --- receiving --- */

bool
nd_options_parse(const uint8_t *p, uint32_t len, struct nd_options *out)
{
	*out = (struct nd_options) { 0 };
	while (len > 0) {
		uint32_t bytes;

		if (len < 8 || p[1] == 0 || (bytes = p[1] * 8u) > len)
			return false;
		if (p[0] == OPTION_SOURCE && host_mac_is_ok(p + 2))
			out->source_mac = p + 2;
		else if (p[0] == OPTION_TARGET && host_mac_is_ok(p + 2))
			out->target_mac = p + 2;
		else if (p[0] == OPTION_MTU && bytes == 8)
			out->mtu = wire_get32(p + 4);
		else if (p[0] == OPTION_PREFIX && bytes == PREFIX_BYTES &&
			 out->prefixes_n < ARRAY_N(out->prefixes))
			out->prefixes[out->prefixes_n++] = p;
		p += bytes;
		len -= bytes;
	}
	return true;
}

/* What we hear is not ourselves, reflected by a switch. */
static bool
is_from_another(const struct host *h, const struct frame *f)
{
	return memcmp(f->data + ETH_SRC, h->mac, PORT_MAC_BYTES) != 0;
}

/* What is wrong with it, or HOST_DROP_N. */
static enum host_drop
solicitation(struct host *h, const struct frame *f, const uint8_t *ip,
	     const uint8_t *icmp, const struct nd_options *options)
{
	struct ip target = host_ip_of6(icmp + ND_TARGET);
	struct ip src = host_ip_of6(ip + IP6_SRC);
	struct ip dst = host_ip_of6(ip + IP6_DST);
	struct host_addr *a = host_addr_find(h, &target);
	struct ip group = ip6_solicited_node(&target);
	bool is_probe = host_ip_is_zero(&src);

	if (a == NULL ||
	    (is_probe && (options->source_mac || !ip_is_equal(&dst, &group))))
		return HOST_DROP_ND;
	if (a->state != HOST_ADDR_VALID) {
		/* RFC 4862 section 5.4.3: both want it, neither gets it. */
		if (is_probe && a->state == HOST_ADDR_TENTATIVE &&
		    is_from_another(h, f))
			host_addr_conflict(h, a);
		return is_probe ? HOST_DROP_N : HOST_DROP_ND;
	}
	if (!is_probe &&
	    (!route_source6_is_ok(h, src.b) || !route_is_on_link(h, &src)))
		return HOST_DROP_ND;
	if (!rate_take(&h->answer_rate, h->now_us))
		return HOST_DROP_RATE;
	if (is_probe) {
		advertise(h, &target, &ip6_all_nodes, NULL, NA_OVERRIDE);
		return HOST_DROP_N;
	}
	if (options->source_mac)
		neigh_learn(h, &src, options->source_mac,
			    NEIGH_OVERRIDE | NEIGH_CREATE);
	advertise(h, &target, &src,
		  options->source_mac ? options->source_mac : f->data + ETH_SRC,
		  NA_SOLICITED | NA_OVERRIDE);
	return HOST_DROP_N;
}

static enum host_drop
advertisement(struct host *h, const struct frame *f, const uint8_t *ip,
	      const uint8_t *icmp, const struct nd_options *options)
{
	struct ip target = host_ip_of6(icmp + ND_TARGET);
	struct host_addr *a = host_addr_find(h, &target);
	uint8_t flags = icmp[NA_FLAGS];
	const uint8_t *mac = options->target_mac;
	struct neigh *n;
	unsigned news = 0;

	if (flags & NA_SOLICITED && ip[IP6_DST] == 0xff)
		return HOST_DROP_ND;
	if (a != NULL) {
		if (is_from_another(h, f))
			host_addr_conflict(h, a);
		return HOST_DROP_N;
	}
	if (!route_source6_is_ok(h, target.b) || !route_is_on_link(h, &target))
		return HOST_DROP_ND;
	if (flags & NA_SOLICITED)
		news |= NEIGH_ANSWER;
	if (flags & NA_OVERRIDE)
		news |= NEIGH_OVERRIDE;
	n = neigh_find(h, &target);
	/* Asked by unicast, it may leave out what we know. */
	if (mac == NULL && n != NULL && n->state != NEIGH_INCOMPLETE)
		mac = n->eth;
	if (mac == NULL)
		return HOST_DROP_ND;
	neigh_learn(h, &target, mac, news);
	if (!(flags & NA_ROUTER))
		slaac_router_gone(h, &target);
	return HOST_DROP_N;
}

void
nd_input(struct host *h, const struct frame *f, const uint8_t *ip,
	 const uint8_t *icmp, uint32_t len)
{
	bool is_router = icmp[0] == ICMP6_ROUTER_ADV;
	uint32_t head = is_router ? SLAAC_ADV_BYTES : ND_BYTES;
	enum host_drop fault = HOST_DROP_ND;
	struct nd_options options;

	if (ip[IP6_HOPS] == ND_HOPS && icmp[1] == 0 && len >= head &&
	    nd_options_parse(icmp + head, len - head, &options) &&
	    (is_router || icmp[ND_TARGET] != 0xff)) {
		if (is_router)
			fault = slaac_input(h, ip, icmp, &options);
		else if (icmp[0] == ICMP6_NEIGH_SOL)
			fault = solicitation(h, f, ip, icmp, &options);
		else
			fault = advertisement(h, f, ip, icmp, &options);
	}
	if (fault == HOST_DROP_N)
		counter_add(&h->count.nd, 1);
	else
		host_drop(h, fault);
}
