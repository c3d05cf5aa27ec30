/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look.h: what can be seen of a worker's own TCP/IP from outside: figures,
 * addresses, connections, and the port to capture from. Any thread, as long as
 * the net lives; its worker goes on as if nobody looked.
 */
#ifndef PENSTOCK_DATAPLANE_LOOK_H
#define PENSTOCK_DATAPLANE_LOOK_H

#include "dataplane/host.h"
#include "dataplane/tcp_walk.h"

struct look; /* net_look() gives it */

#define LOOK_ADDRS_MAX 32u

struct look_addr {
	struct ip ip;
	enum host_addr_state state;
};

struct look_stats {
	struct port_stats port; /* of the worker's queue */
	struct host_stats host;
	uint64_t tcp[TCP_COUNT_N];
	uint64_t states[TCP_STATES_N]; /* open connections */
	uint64_t bufs_n, bufs_free_n;  /* TCP's; as of up to 0.2 s ago */
	uint64_t busy_cycles, idle_cycles;
	unsigned addrs_n; /* as of up to 0.2 s ago */
	struct look_addr addrs[LOOK_ADDRS_MAX];
};
void look_stats_get(const struct look *l, struct look_stats *out);

/* For capture_open(), and what is the whole port's. */
struct port *look_port(const struct look *l);

/*
 * Asks the worker for its next connections from *pos on (tcp_walk()'s, 0 at
 * first): it copies a few each turn. Waits, at most LOOK_WAIT_US. Gives their
 * number, at most conns_n, or -ETIMEDOUT: the worker does not come round.
 */
#define LOOK_WAIT_US 5000000u
MUST_USE int look_conns_get(struct look *l, uint64_t *pos,
			    struct tcp_walk_conn *conns, unsigned conns_n);

/* Names for people and programs: "established", "tentative". */
const char *look_state_name(unsigned tcp_state);
const char *look_addr_state_name(enum host_addr_state state);

#endif
