/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_int.h: what the files behind host.h share: the host's state, and a few
 * functions of each. The owning worker's thread only; h->now_us is the time
 * that was handed to the call that is running. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_HOST_INT_H
#define PENSTOCK_DATAPLANE_HOST_INT_H

#include "dataplane/flow.h"
#include "dataplane/host.h"
#include "dataplane/neigh.h"
#include "dataplane/pmtu.h"
#include "dataplane/rate.h"
#include "dataplane/wire.h"

#include <string.h>

#define HOST_TTL	   64u
#define HOST_SLAAC_MAX	   4u /* addresses; the prefixes' are these too */
#define HOST_ADDRS_ALL_MAX (HOST_ADDRS_MAX + 1u + HOST_SLAAC_MAX)
#define HOST_PREFIXES_MAX  8u
#define HOST_ROUTERS_MAX   4u
#define HOST_UNREACH_MAX   64u
#define HOST_ANNOUNCE_N	   2u	    /* gratuitous ARPs (RFC 5227 section 1.1) */
#define HOST_PROBE_N	   1u	    /* RFC 4862's DupAddrDetectTransmits */
#define HOST_PROBE_US	   1000000u /* RFC 4861's RETRANS_TIMER */
#define HOST_ANNOUNCE_US   2000000u

/* One address of ours. */
struct host_addr {
	struct ip ip;
	struct ip_net net; /* on-link; a link-local's is fe80::/64 */
	uint8_t state;	   /* enum host_addr_state */
	bool is_slaac, is_deprecated;
	uint8_t sends_n;	 /* probes, or announcements, still to go */
	uint64_t due_us;	 /* next of them; UINT64_MAX: none */
	uint64_t valid_until_us; /* of SLAAC; else UINT64_MAX */
	uint64_t preferred_until_us;
};

struct host_prefix {
	struct ip_net net;
	uint64_t until_us;
};

struct host_router {
	struct ip ip;
	uint64_t until_us;
};

/* Who we are on the link: queue 0's host decides, the others have a copy. */
struct host_net {
	unsigned addrs_n, prefixes_n, routers_n;
	uint32_t mtu6; /* a router's, or the link's */
	struct host_addr addrs[HOST_ADDRS_ALL_MAX];
	struct host_prefix prefixes[HOST_PREFIXES_MAX];
	struct host_router routers[HOST_ROUTERS_MAX];
};

struct host_counts {
	counter_t drops[HOST_DROP_N];
	counter_t rx, tcp, arp, nd, echo, icmp, passed, tx;
	counter_t unshared, conflicts;
};

struct host {
	/* every frame's */
	struct port_queue *queue;
	uint32_t caps, mtu;
	uint16_t vlan, l2_bytes;
	uint8_t mac[PORT_MAC_BYTES];
	uint8_t ours4_n, ours6_n;
	uint16_t ip_id;
	uint32_t generation;	/* of all paths */
	bool is_started, is_up; /* as of the last look at the link */
	uint64_t now_us;
	struct flow_key key;
	uint32_t ours4[HOST_ADDRS_MAX]; /* valid ones, as on the wire */
	struct ip ours6[HOST_ADDRS_ALL_MAX];
	struct frame tx[PORT_BURST_MAX];
	unsigned tx_n;
	struct host_counts count;
	struct neigh_cache neighs;
	struct pmtu_cache pmtus;
	/* the rest */
	struct port *port;
	unsigned queue_idx;
	struct host_share *share;
	struct ip gateway4, gateway6; /* of the configuration */
	bool is_slaac, is_dad_skipped;
	struct host_net net;
	uint32_t router_turn;	/* which of several that do not answer */
	unsigned router_asks_n; /* still to go */
	uint64_t router_ask_us;
	uint64_t slow_due_us;
	uint64_t link_look_us;
	uint64_t told_us; /* the others, of h->net */
	bool is_net_news;
	struct rate echo_rate, answer_rate, ask_rate, defend_rate;
	struct host_unreachable unreach[HOST_UNREACH_MAX];
	unsigned unreach_at, unreach_n;
};

/* The first time is known: what was due at 0 is due from now on. */
void host_begin(struct host *h);

/* What every call with a time begins with. */
static inline void
host_now_set(struct host *h, uint64_t now_us)
{
	h->now_us = now_us;
	if (UNLIKELY(!h->is_started))
		host_begin(h);
}

static inline void
host_drop(struct host *h, enum host_drop why)
{
	counter_add(&h->count.drops[why], 1);
}

static inline bool
host_is_ours4(const struct host *h, uint32_t addr)
{
	for (unsigned i = 0; i < h->ours4_n; i++)
		if (h->ours4[i] == addr)
			return true;
	return false;
}

static inline bool
host_is_ours6(const struct host *h, const void *addr)
{
	for (unsigned i = 0; i < h->ours6_n; i++)
		if (memcmp(h->ours6[i].b, addr, 16) == 0)
			return true;
	return false;
}

static inline bool
host_mac_is_ok(const uint8_t mac[PORT_MAC_BYTES])
{
	static const uint8_t zero[PORT_MAC_BYTES];

	return !(mac[0] & 1) && memcmp(mac, zero, PORT_MAC_BYTES) != 0;
}

/* The four bytes of a v4-mapped address as they stand on the wire. */
static inline uint32_t
host_ip4(const struct ip *ip)
{
	uint32_t v;

	memcpy(&v, ip->b + 12, 4);
	return v;
}

static inline struct ip
host_ip_of4(const void *p)
{
	struct ip ip = { { [10] = 0xff, [11] = 0xff } };

	memcpy(ip.b + 12, p, 4);
	return ip;
}

static inline struct ip
host_ip_of6(const void *p)
{
	struct ip ip;

	memcpy(ip.b, p, 16);
	return ip;
}

static inline bool
host_ip_is_zero(const struct ip *ip)
{
	static const struct ip zero;

	return ip_is_equal(ip, &zero);
}

static inline bool
host_ip_is_link_local(const struct ip *ip)
{
	return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* --- host_tx.c --- */

/* An empty frame, its Ethernet header still to be written; false: none. */
bool host_tx_get(struct host *h, struct frame *f);
/* Writes h->l2_bytes of Ethernet header (and tag) at p. */
void host_tx_eth(const struct host *h, uint8_t *p,
		 const uint8_t dst[PORT_MAC_BYTES], uint16_t type);
/* Queues a finished frame. Takes it. */
void host_tx_frame(struct host *h, const struct frame *f);
/* An IPv4 header at f->data + l2_bytes for l4_bytes; f->len is set. */
void host_tx_ip4(struct host *h, struct frame *f, const struct ip *src,
		 const struct ip *dst, uint8_t proto, uint32_t l4_bytes);
void host_tx_ip6(struct host *h, struct frame *f, const struct ip *src,
		 const struct ip *dst, uint8_t next, uint8_t hops,
		 uint32_t l4_bytes);
/* A finished IP packet of our own, by the route to dst. Takes it. */
void host_tx_routed(struct host *h, const struct frame *f,
		    const struct ip *dst);

/* --- host_addr.c --- */

/* After a change of h->net: what is derived from it; paths are found anew. */
void host_addr_changed(struct host *h);
/* The address in the table, in whatever state, or NULL. */
struct host_addr *host_addr_find(struct host *h, const struct ip *ip);
/* Adds one that starts its life now; NULL: the table is full. */
struct host_addr *host_addr_add(struct host *h, const struct ip *ip,
				const struct ip_net *net);
void host_addr_remove(struct host *h, struct host_addr *a);
/* Somebody else uses it. */
void host_addr_conflict(struct host *h, struct host_addr *a);
/* Probes and announcements that are due. */
void host_link_step(struct host *h);
void host_addr_step(struct host *h);
/* fe80::/64 with the EUI-64 of our MAC (RFC 4291 appendix A). */
struct ip host_addr_eui64(const struct host *h, const struct ip *prefix);
/* Runs h's slow part again at due_us, or earlier. */
static inline void
host_due(struct host *h, uint64_t due_us)
{
	if (due_us < h->slow_due_us)
		h->slow_due_us = due_us;
}

/* --- host_input.c --- */

/* Counts an ICMP error for TCP, and keeps it or hands it to the flow's host. */
void host_input_unreachable(struct host *h, const struct host_unreachable *u);
/* Keeps one that another host has counted. False: too many wait. */
bool host_input_unreachable_keep(struct host *h,
				 const struct host_unreachable *u);
/* A frame that another queue's host has handed over: not a segment. */
void host_input_passed(struct host *h, struct frame *f);

#endif
