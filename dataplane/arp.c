/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP: answers for our addresses, asks for neighbours, announces us. Known
 * neighbours may move (RFC 826's merge); new ones are learned from requests for
 * us only, since these are about to be answered.
 */
#include "dataplane/arp.h"
#include "dataplane/host_int.h"
#include "dataplane/route.h"

#define ARP_OP	       6u
#define ARP_SENDER_MAC 8u
#define ARP_SENDER     14u
#define ARP_TARGET_MAC 18u
#define ARP_TARGET     24u
#define ARP_REQUEST    1u
#define ARP_REPLY      2u

static const uint8_t everybody[PORT_MAC_BYTES] = {
	255, 255, 255, 255, 255, 255
};
/* Ethernet, IPv4, 6 and 4 bytes */
static const uint8_t head[ARP_OP] = { 0, 1, 8, 0, 6, 4 };

static void
arp_send(struct host *h, const uint8_t *to, uint16_t op, uint32_t sender,
	 const uint8_t *target_mac, uint32_t target)
{
	struct frame f;
	uint8_t *p;

	if (!host_tx_get(h, &f))
		return; /* it is asked again, or announced again */
	host_tx_eth(h, f.data, to, ETH_TYPE_ARP);
	p = f.data + h->l2_bytes;
	memcpy(p, head, sizeof(head));
	wire_put16(p + ARP_OP, op);
	memcpy(p + ARP_SENDER_MAC, h->mac, PORT_MAC_BYTES);
	memcpy(p + ARP_SENDER, &sender, 4);
	memcpy(p + ARP_TARGET_MAC, target_mac, PORT_MAC_BYTES);
	memcpy(p + ARP_TARGET, &target, 4);
	f.len = h->l2_bytes + ARP_BYTES;
	host_tx_frame(h, &f);
}

void
arp_ask(struct host *h, const struct ip *ip, const uint8_t *mac)
{
	static const uint8_t unknown[PORT_MAC_BYTES];
	struct ip src;

	if (host_source(h, ip, &src))
		arp_send(h, mac ? mac : everybody, ARP_REQUEST, host_ip4(&src),
			 unknown, host_ip4(ip));
}

void
arp_announce(struct host *h, const struct ip *ip)
{
	static const uint8_t unknown[PORT_MAC_BYTES];

	arp_send(h, everybody, ARP_REQUEST, host_ip4(ip), unknown,
		 host_ip4(ip));
}

static bool
is_well_formed(const uint8_t *p, uint32_t len)
{
	return len >= ARP_BYTES && memcmp(p, head, sizeof(head)) == 0 &&
	       host_mac_is_ok(p + ARP_SENDER_MAC);
}

/* RFC 5227 section 2.4: whoever else has our address. True: it was that. */
static bool
conflict(struct host *h, const uint8_t *p)
{
	struct ip ip = host_ip_of4(p + ARP_SENDER);
	struct host_addr *a = host_addr_find(h, &ip);

	if (a == NULL)
		return false;
	if (memcmp(p + ARP_SENDER_MAC, h->mac, PORT_MAC_BYTES) != 0)
		host_addr_conflict(h, a);
	return true;
}

void
arp_input(struct host *h, const uint8_t *p, uint32_t len, bool is_multi)
{
	uint32_t sender, target;
	struct ip ip;
	uint16_t op;
	bool is_probe; /* RFC 5227: asks before it uses the address */

	if (!is_well_formed(p, len)) {
		host_drop(h, HOST_DROP_ARP);
		return;
	}
	op = wire_get16(p + ARP_OP);
	memcpy(&sender, p + ARP_SENDER, 4);
	memcpy(&target, p + ARP_TARGET, 4);
	is_probe = sender == 0;
	if (conflict(h, p)) {
		counter_add(&h->count.arp, 1);
		return;
	}
	ip = host_ip_of4(p + ARP_SENDER);
	if (!is_probe && (!route_source4_is_ok(h, p + ARP_SENDER) ||
			  !route_is_on_link(h, &ip))) {
		host_drop(h, HOST_DROP_ARP);
		return;
	}
	if (op == ARP_REPLY && !is_probe) {
		neigh_learn(h, &ip, p + ARP_SENDER_MAC,
			    NEIGH_OVERRIDE | (is_multi ? 0 : NEIGH_ANSWER));
	} else if (op == ARP_REQUEST && host_is_ours4(h, target)) {
		if (!rate_take(&h->answer_rate, h->now_us)) {
			host_drop(h, HOST_DROP_RATE);
			return;
		}
		if (!is_probe)
			neigh_learn(h, &ip, p + ARP_SENDER_MAC,
				    NEIGH_OVERRIDE | NEIGH_CREATE);
		arp_send(h, p + ARP_SENDER_MAC, ARP_REPLY, target,
			 p + ARP_SENDER_MAC, sender);
	} else if (op == ARP_REQUEST && sender == target && !is_probe) {
		neigh_learn(h, &ip, p + ARP_SENDER_MAC, NEIGH_OVERRIDE);
	} else {
		host_drop(h, HOST_DROP_ARP);
		return;
	}
	counter_add(&h->count.arp, 1);
}
