/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neigh.h: which Ethernet address a neighbour has: one bounded cache for ARP
 * and neighbour discovery (RFC 4861 section 7.3's states serve both), in sets
 * of eight, so that neither a lookup nor an eviction walks further. One host's
 * thread. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_NEIGH_H
#define PENSTOCK_DATAPLANE_NEIGH_H

#include "dataplane/port.h"
#include "dataplane/wire.h"
#include "engine/base/ip.h"
#include "engine/base/wheel.h"

#define NEIGH_WAYS	   8u
#define NEIGH_N_MAX	   65536u
#define NEIGH_PENDING_MAX  64u /* packets that wait, of all neighbours */
#define NEIGH_ASKS_N	   3u
#define NEIGH_ASK_US	   1000000u
#define NEIGH_REACHABLE_US 30000000u
#define NEIGH_DELAY_US	   5000000u
#define NEIGH_LOCK_US	   1000000u /* unasked news wait that long */

struct host;

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE, /* asked, no answer yet */
	NEIGH_STALE,	  /* known from hearsay or of old */
	NEIGH_REACHABLE,  /* has answered; stale after NEIGH_REACHABLE_US */
	NEIGH_DELAY,	  /* used while stale: asked again soon */
	NEIGH_PROBE,	  /* asked again, by unicast */
};

struct neigh {
	struct ip ip;
	uint8_t eth[ETH_VLAN_MAX]; /* the whole header, ready to be copied */
	uint8_t state;
	uint8_t asked_n;
	uint32_t generation; /* of this entry: counts its owners */
	uint64_t used_us, learned_us;
};
static_assert(sizeof(struct neigh) <= CACHE_LINE, "one line each");

/* The part that a known neighbour's packets don't touch. */
struct neigh_wait {
	struct wheel_node timer;
	struct frame frame; /* waits for the answer; buf NULL: none */
};

struct neigh_cache {
	struct neigh *entries;
	struct neigh_wait *waits;
	uint32_t sets_n; /* a power of two */
	uint32_t pending_n;
	struct wheel *wheel;
};

/* 0 or -ENOMEM. */
MUST_USE int neigh_init(struct host *h, uint32_t neigh_n_max);
/* The first time is known now. */
void neigh_start(struct host *h);
/* Frames that wait go back to the port. */
void neigh_fini(struct host *h);

/* The entry, or NULL. */
struct neigh *neigh_find(struct host *h, const struct ip *ip);
/* The entry; a new one is asked for, and may push out another. */
struct neigh *neigh_get(struct host *h, const struct ip *ip);
/* A finished frame but for its Ethernet header: sent, or kept. Takes it. */
void neigh_send(struct host *h, struct neigh *n, const struct frame *f);

enum neigh_news {
	NEIGH_ANSWER = 1u << 0,	  /* it answered what was asked: reachable */
	NEIGH_OVERRIDE = 1u << 1, /* may replace another Ethernet address */
	NEIGH_CREATE = 1u << 2,	  /* new ones too, where a place is free */
};
/* Something was heard of a neighbour: news is a set of enum neigh_news. */
void neigh_learn(struct host *h, const struct ip *ip,
		 const uint8_t mac[PORT_MAC_BYTES], unsigned news);
void neigh_timers(struct host *h);
/* Not later than the next timer. */
uint64_t neigh_next_us(const struct host *h);

#endif
