/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_listen.h: the listening sockets, between net_listen.c, which opens them
 * on the main thread, and net_sock.c, whose workers accept from their own.
 * Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_NET_LISTEN_H
#define PENSTOCK_DATAPLANE_NET_LISTEN_H

#include "dataplane/net_impl.h"

#define NET_LISTENERS_MAX 4096u

struct net_listener {
	int fd;
	unsigned worker_idx, service_idx;
};

struct net_sock_listeners {
	struct net_listeners base;
	unsigned workers_n, n;
	struct net_listener all[NET_LISTENERS_MAX];
};

struct net_listeners *net_sock_listeners_open(const struct net_cfg *cfg,
					      const struct net_listen *listens,
					      unsigned listens_n,
					      struct diag *diag);
void net_sock_listeners_close(struct net_listeners *base);

#endif
