/* SPDX-License-Identifier: BSD-2-Clause */
/* A capture's filter: addresses and ports of a frame as far as it has them. */
#include "dataplane/capture_int.h"
#include "dataplane/wire.h"

#define CHAIN_MAX     8u
#define IP_PROTO_UDP  17u
#define ARP_SENDER_IP 14u
#define ARP_TARGET_IP 24u
#define ARP_BYTES     28u

static struct ip
ip4_of(const uint8_t *p)
{
	struct ip ip = { { [10] = 0xff, [11] = 0xff } };

	memcpy(ip.b + 12, p, 4);
	return ip;
}

static bool
is_net4(const struct capture_cfg *cfg, const uint8_t *a, const uint8_t *b)
{
	struct ip ip_a = ip4_of(a), ip_b = ip4_of(b);

	return !cfg->has_net || ip_net_has(&cfg->net, &ip_a) ||
	       ip_net_has(&cfg->net, &ip_b);
}

static bool
is_net6(const struct capture_cfg *cfg, const uint8_t *addrs)
{
	struct ip ip_a, ip_b;

	memcpy(ip_a.b, addrs, 16);
	memcpy(ip_b.b, addrs + 16, 16);
	return !cfg->has_net || ip_net_has(&cfg->net, &ip_a) ||
	       ip_net_has(&cfg->net, &ip_b);
}

/* at: where TCP or UDP begins, or what there is in their place. */
static bool
is_port(const struct capture_cfg *cfg, uint8_t proto, const uint8_t *ip,
	uint32_t at, uint32_t len)
{
	if (cfg->port == 0)
		return true;
	if ((proto != IP_PROTO_TCP && proto != IP_PROTO_UDP) || len < at + 4)
		return false;
	return wire_get16(ip + at) == cfg->port ||
	       wire_get16(ip + at + 2) == cfg->port;
}

static bool
is_wanted4(const struct capture_cfg *cfg, const uint8_t *ip, uint32_t len)
{
	uint32_t head;

	if (len < IP4_BYTES || !is_net4(cfg, ip + IP4_SRC, ip + IP4_DST))
		return false;
	head = (ip[0] & 15) * 4u;
	if (cfg->port &&
	    (head < IP4_BYTES || wire_get16(ip + IP4_FRAG) & IP4_FRAG_PLACE))
		return false;
	return is_port(cfg, ip[IP4_PROTO], ip, head, len);
}

static bool
is_wanted6(const struct capture_cfg *cfg, const uint8_t *ip, uint32_t len)
{
	uint32_t at = IP6_BYTES;
	uint8_t next;

	if (len < IP6_BYTES || !is_net6(cfg, ip + IP6_SRC))
		return false;
	next = ip[IP6_NEXT];
	for (unsigned i = 0;
	     i < CHAIN_MAX && len >= at + 8 &&
	     (next == IP_PROTO_HOPOPT || next == IP_PROTO_DSTOPTS);
	     i++) {
		next = ip[at];
		at += (ip[at + 1] + 1u) * 8;
	}
	return is_port(cfg, next, ip, at, len);
}

bool
capture_is_wanted(const struct capture_cfg *cfg, const uint8_t *data,
		  uint32_t len)
{
	uint32_t at = ETH_BYTES;
	uint16_t type;

	if (!cfg->has_net && cfg->port == 0)
		return true;
	if (len < ETH_BYTES)
		return false;
	type = wire_get16(data + ETH_TYPE);
	if (type == ETH_TYPE_VLAN && len >= ETH_VLAN_MAX) {
		type = wire_get16(data + ETH_BYTES + 2);
		at = ETH_VLAN_MAX;
	}
	data += at;
	len -= at;
	switch (type) {
	case ETH_TYPE_IP4:
		return is_wanted4(cfg, data, len);
	case ETH_TYPE_IP6:
		return is_wanted6(cfg, data, len);
	case ETH_TYPE_ARP:
		return cfg->port == 0 && len >= ARP_BYTES &&
		       is_net4(cfg, data + ARP_SENDER_IP, data + ARP_TARGET_IP);
	}
	return false;
}
