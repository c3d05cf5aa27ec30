/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h: one worker's end of the wire below TCP (RFC 1122, 4294): Ethernet,
 * VLAN, ARP and neighbour discovery with bounded caches, IPv4 and IPv6, ICMP
 * echo and errors, path MTU. Sorts a burst: TCP segments go to the caller, all
 * else is answered or counted here. The owning worker's thread only; no system
 * call, no allocation after host_open(), time is handed in.
 *
 * Queue 0's worker answers for the addresses (ARP, ND, DAD, RS) and learns;
 * the others hand it what they get of these, and hear from it of neighbours,
 * routers and addresses, through bounded rings (struct host_share). Each
 * answers echo requests itself.
 *
 * Left out on purpose: reassembly (fragments are counted and dropped: TCP sets
 * DF and its peers do as well), forwarding, redirects (RFC 4861 section 8: a
 * neighbour could draw traffic to itself), IPv6 routing headers (RFC 5095),
 * source routes, IPv4 probing before use (RFC 5227: addresses are static; a
 * conflict is counted and the address defended), ICMP errors of our own, and
 * confirmation of neighbours by TCP: a neighbour is asked every 30 s instead.
 */
#ifndef PENSTOCK_DATAPLANE_HOST_H
#define PENSTOCK_DATAPLANE_HOST_H

#include "dataplane/port.h"
#include "engine/base/counter.h"
#include "engine/base/ip.h"

#define HOST_ADDRS_MAX 16u

struct host;
struct host_share; /* what the hosts of one port tell each other */

struct host_cfg {
	struct ip_net addrs[HOST_ADDRS_MAX]; /* on-link networks with our end */
	struct ip ends[HOST_ADDRS_MAX];
	unsigned addrs_n;
	struct ip gateway4, gateway6;	  /* all zero: none */
	bool is_slaac;			  /* penstock_ipv6 = slaac */
	uint16_t vlan;			  /* 0: untagged */
	uint32_t neigh_n_max, pmtu_n_max; /* 0: 1024 */
	uint8_t secret[16];	  /* of hashes: random at start; tests: any */
	bool is_dad_skipped;	  /* tests, point to point: valid at once */
	struct host_share *share; /* NULL: this host is the port's only one */
};

/* A TCP segment within a burst: headers are checked as far as IP goes. */
struct host_seg {
	struct frame *frame;
	const uint8_t *tcp; /* the TCP header; may be unaligned */
	uint32_t tcp_bytes; /* header and payload, without padding */
	const uint8_t *ip;  /* IPv4 or IPv6 header */
	bool is_v6, is_ce;  /* ECN: congestion experienced */
	uint8_t ip_ttl;
	uint32_t hash; /* keyed, of addresses and ports: host_hash()'s */
};

/* What a connection keeps of the way to its peer: 32 bytes. */
struct host_path {
	uint32_t neigh_idx;
	uint32_t generation; /* of the cache: another one: ask again; 0: none */
	uint16_t mtu;	     /* of IP packets on this path */
	bool is_df_off;	     /* IPv4 below the least MTU that is believed */
};

/* An ICMP error that quotes one of our segments: RFC 5927 checks are TCP's. */
struct host_unreachable {
	struct ip src, dst; /* of the quoted packet: src is ours */
	uint16_t src_port, dst_port;
	uint32_t seq;
	uint16_t mtu; /* too big; else 0 */
	bool is_hard; /* protocol or port unreachable */
};

/* Rings between the hosts of queues 0 to hosts_n - 1. NULL: no memory. */
struct host_share *host_share_open(unsigned hosts_n);
void host_share_close(struct host_share **share);

/* Borrows port and cfg->share until host_close(). NULL: *diag says why. */
struct host *host_open(const struct host_cfg *cfg, struct port *port,
		       unsigned queue_idx, struct diag *diag);
/* Packets that wait for a neighbour are given back to the port. */
void host_close(struct host **h);

/*
 * Sorts frames_n frames: gives the TCP segments for our addresses, in order of
 * arrival, into segs (as many as there are frames), checksum verified in
 * software where the device has not. Frames stay the caller's.
 */
unsigned host_input(struct host *h, struct frame *frames, unsigned frames_n,
		    struct host_seg *segs, uint64_t now_us);
/* The next ICMP error for TCP of the last burst, or false. */
bool host_unreachable_take(struct host *h, struct host_unreachable *out);
/*
 * Retries, DAD, router solicitations; gives when it wants to run again. To be
 * called a few times a second all the same: it looks at the link, and announces
 * our addresses when that comes up.
 */
uint64_t host_step(struct host *h, uint64_t now_us);

/* True where addr is ours and may be used: not while it is tentative. */
bool host_has_addr(const struct host *h, const struct ip *addr);
/* Every address, the i-th; false: no more. For status and for listening. */
enum host_addr_state {
	HOST_ADDR_TENTATIVE, /* duplicate address detection goes on */
	HOST_ADDR_VALID,
	HOST_ADDR_DUPLICATE, /* somebody else has it: not used */
};
bool host_addr_get(const struct host *h, unsigned i, struct ip *out,
		   enum host_addr_state *state);
/* The source address for a destination (RFC 6724, in short), or false. */
bool host_source(const struct host *h, const struct ip *dst, struct ip *out);

/*
 * Finds or renews the way; false: no route. An unresolved neighbour is asked
 * for: packets to it wait (one each) or are dropped, as RFC 1122 2.3.2.2 says.
 */
bool host_path_find(struct host *h, const struct ip *dst,
		    struct host_path *path, uint64_t now_us);
/*
 * TCP has found an ICMP error's MTU to be true (RFC 5927 section 7.2): kept for
 * ten minutes, not below 552 (IPv4; from there on without DF) or 1280 (IPv6).
 * Paths are found anew at their next use.
 */
void host_pmtu_learn(struct host *h, const struct ip *dst, uint16_t mtu,
		     uint64_t now_us);

/* The hash that a segment from src to dst has when it arrives. */
uint32_t host_hash(const struct host *h, const struct ip *src,
		   uint16_t src_port, const struct ip *dst, uint16_t dst_port);
/* Whether such a segment arrives at this host's queue. */
bool host_is_own_flow(const struct host *h, const struct ip *src,
		      uint16_t src_port, const struct ip *dst,
		      uint16_t dst_port);
/* enum port_caps of its port. */
uint32_t host_caps(const struct host *h);

/*
 * Begins a packet to be sent: gives where the TCP header goes, with room for
 * *room_out bytes from there on (without PORT_CAP_TSO: one packet of the link's
 * MTU; keep to path->mtu); NULL: no frame left. host_tx_end() fills in Ethernet
 * and IP headers and checksums (the TCP one too, in software or by the device)
 * and queues it; payload longer than mss_bytes asks for TSO. A frame that was
 * begun ends with host_tx_end() or host_tx_cancel().
 */
uint8_t *host_tx_begin(struct host *h, bool is_v6, struct frame *f,
		       uint32_t *room_out);
void host_tx_end(struct host *h, struct frame *f, const struct ip *src,
		 const struct ip *dst, struct host_path *path,
		 uint32_t tcp_bytes, uint32_t mss_bytes, bool is_ect,
		 uint64_t now_us);
void host_tx_cancel(struct host *h, struct frame *f);
void host_tx_flush(struct host *h);

/* Every reason why a packet was not used: host_drops.def has the rows. All but
 * NEIGH and ROUTE, which are of packets to be sent, are of received ones. */
enum host_drop {
#define HOST_DROP(symbol, text) HOST_DROP_##symbol,
#include "dataplane/host_drops.def"
#undef HOST_DROP
	HOST_DROP_N
};
/* rx_n = tcp_n + arp_n + nd_n + icmp_n + echo_n + passed_n + drops of reception
 */
struct host_stats {
	uint64_t drops[HOST_DROP_N];
	uint64_t rx_n, tcp_n, arp_n, nd_n, echo_n, tx_n;
	uint64_t icmp_n;      /* errors for TCP */
	uint64_t passed_n;    /* handed to queue 0's host, or by it onwards */
	uint64_t unshared_n;  /* lost between hosts: ring full */
	uint64_t conflicts_n; /* another machine uses an address of ours */
};
/* Any thread. */
void host_stats_get(const struct host *h, struct host_stats *out);
/* What it was opened on. */
struct port *host_port(const struct host *h);
unsigned host_queue_idx(const struct host *h);

#endif
