/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_tcp.h: streams over our own TCP upon any host: what net_tcp.c's kind of
 * net is made of once a host is there, for tests and benchmarks that bring a
 * host of their own. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_NET_TCP_H
#define PENSTOCK_DATAPLANE_NET_TCP_H

#include "dataplane/host.h"
#include "dataplane/net_impl.h"
#include "dataplane/tcp.h"

#define NET_TCP_LISTENS_MAX 64u

struct net_tcp_listen {
	struct ip addr; /* all zero: every one */
	uint16_t port;
	unsigned service_idx;
};

struct net_tcp_cfg {
	struct tcp_cfg tcp;
	struct net_tcp_listen listens[NET_TCP_LISTENS_MAX];
	unsigned listens_n;
	bool is_polled;		    /* never sleeps */
	uint64_t (*now_us)(void *); /* NULL: the clock */
	void *now_arg;
};

/* Borrows host and its queue until net_close(). NULL: *diag says why. */
struct net *net_tcp_open(const struct net_tcp_cfg *cfg, struct host *host,
			 struct port_queue *queue, struct diag *diag);

/*
 * Active open from an address of the host. Becomes ready when it stands, or has
 * failed. NULL: no route, no port, no memory.
 */
struct net_stream *net_tcp_connect(struct net *net, const struct ip *dst,
				   uint16_t port);

/* --- net_tcp_listen.c: net.h's, upon DPDK --- */

/*
 * Fills cfg->listens with what master.cf's addresses are on net->dataplane's
 * host. False: *diag says which is not there.
 */
MUST_USE bool net_tcp_listens_find(struct net_tcp_cfg *cfg,
				   const struct net_cfg *net,
				   const struct net_listen *listens,
				   unsigned listens_n, struct diag *diag);

struct net_listeners *net_tcp_listeners_open(const struct net_cfg *net,
					     const struct net_listen *listens,
					     unsigned listens_n,
					     struct diag *diag);
void net_tcp_listeners_close(struct net_listeners *base);
struct net *net_tcp_worker_open(const struct net_cfg *net,
				struct net_listeners *base, unsigned worker_idx,
				struct diag *diag);

#endif
