/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h: what each client of each service does: connections open now, and
 * five rates. One table for all workers, without a lock: a client's place is
 * one cache line of atomics, held by whoever has a connection of it. Any
 * thread; never blocks; allocates only in limits_open().
 *
 * What it says is exact but for this:
 *  - A rate begins anew one time unit after its first event, as anvil's do, in
 *    whole seconds; each of the five by itself.
 *  - Eight places share a set. A client without a connection is forgotten,
 *    the one longest quiet first, when a ninth of its set comes; when all eight
 *    have connections open, the ninth is not counted (NULL) and not limited.
 *  - Two workers that get a new client's first two connections in the same
 *    instant may give it two places, which count apart until one is forgotten:
 *    at most as many places as there are workers.
 *  - An event counted while its place changes hands, at another client's first
 *    connection, may be lost: at most one a worker.
 *  - Two clients with the same 40 bits of SipHash in one set count as one: of a
 *    million clients, about one pair in a hundred thousand.
 */
#ifndef PENSTOCK_POLICY_LIMIT_H
#define PENSTOCK_POLICY_LIMIT_H

#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "engine/policy/limit_cfg.h"

struct limits;
struct limit_client;

#define LIMITS_PLACES 65536u /* 4 MB */

/* places_n is rounded up to a power of two, at least 8. NULL: no memory. */
struct limits *limits_open(uint32_t places_n);
/* After the workers' end. Takes *l; NULL is fine. */
void limits_close(struct limits **l);

/*
 * One connection more: gives its client's place, until limits_leave(), and how
 * many it has now, this one with it. NULL: it cannot be counted.
 */
struct limit_client *limits_enter(struct limits *l, unsigned service_idx,
				  const struct ip *ip,
				  const struct limits_cfg *cfg, uint64_t now_us,
				  uint32_t *conns_n_out);
/* Takes *c; NULL is fine. */
void limits_leave(struct limit_client **c);

/* One event more: how many there are in its time unit, this one with it. */
uint32_t limits_count(struct limit_client *c, enum limit_rate rate,
		      const struct limits_cfg *cfg, uint64_t now_us);
/* The same without a new one. */
uint32_t limits_counted(const struct limit_client *c, enum limit_rate rate,
			const struct limits_cfg *cfg, uint64_t now_us);

#endif
