/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmtu.h: how large packets to a destination may be, where that is less than
 * the link's MTU (RFC 1191, 8201): bounded, in sets of four, for ten minutes.
 * One host's thread. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_PMTU_H
#define PENSTOCK_DATAPLANE_PMTU_H

#include "engine/base/ip.h"
#include "engine/base/must.h"

#define PMTU_WAYS  4u
#define PMTU_N_MAX 65536u
/*
 * Less is not believed: small packets are an attack on whoever sends them. An
 * IPv4 path below it is used without DF.
 */
#define PMTU_MIN4    552u
#define PMTU_LIFE_US (600ull * 1000000)

struct host;

struct pmtu {
	struct ip dst;
	uint16_t mtu;
	bool is_df_off;
	uint64_t until_us; /* 0: free */
};

struct pmtu_cache {
	struct pmtu *entries;
	uint32_t sets_n;  /* a power of two */
	uint32_t n;	  /* in use or expired lately: 0 saves the lookup */
	uint64_t next_us; /* first expiry, or earlier */
};

/* 0 or -ENOMEM. */
MUST_USE int pmtu_init(struct host *h, uint32_t pmtu_n_max);
void pmtu_fini(struct host *h);

/* The entry that holds for dst, or NULL: the link's MTU does. */
const struct pmtu *pmtu_find(struct host *h, const struct ip *dst);
/* Keeps mtu where it is less than what holds. */
void pmtu_learn(struct host *h, const struct ip *dst, uint16_t mtu);
/* Forgets what is old. */
void pmtu_step(struct host *h);

/* RFC 1191 section 7.1: the next plateau below a packet that was too big. */
uint16_t pmtu_plateau(uint16_t packet_bytes);

#endif
