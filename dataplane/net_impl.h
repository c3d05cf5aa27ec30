/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_impl.h: what one kind of byte streams is made of. Each function is the
 * one of its name in net.h; net.c calls it for whichever kind a net is of.
 * Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_NET_IMPL_H
#define PENSTOCK_DATAPLANE_NET_IMPL_H

#include "dataplane/look.h"
#include "dataplane/net.h"

struct net_ops {
	struct net_listeners *(*listeners_open)(const struct net_cfg *cfg,
						const struct net_listen *list,
						unsigned n, struct diag *diag);
	void (*listeners_close)(struct net_listeners *ls);
	struct net *(*open)(const struct net_cfg *cfg, struct net_listeners *ls,
			    unsigned worker_idx, struct diag *diag);
	void (*close)(struct net *net);
	int (*wake_add)(struct net *net, int fd);
	unsigned (*poll_in)(struct net *net, struct ready *ready,
			    uint64_t sleep_until_us);
	unsigned (*poll_out)(struct net *net);
	void (*stop_accepting)(struct net *net);
	struct net_stream *(*accept)(struct net *net);
	struct ready_node *(*ready_node)(struct net_stream *s);
	struct net_stream *(*of_ready)(struct ready_node *n);
	void (*owner_set)(struct net_stream *s, void *owner);
	void *(*owner)(const struct net_stream *s);
	unsigned (*service_idx)(const struct net_stream *s);
	void (*peer)(const struct net_stream *s, struct ip *out,
		     uint16_t *port_out);
	int (*local)(const struct net_stream *s, struct ip *out,
		     uint16_t *port_out);
	enum net_rx (*rx)(struct net *net, struct net_stream *s,
			  struct span *out);
	void (*rx_done)(struct net *net, struct net_stream *s,
			size_t used_bytes);
	bool (*tx)(struct net *net, struct net_stream *s, struct span bytes);
	size_t (*tx_waiting_bytes)(const struct net *net,
				   const struct net_stream *s);
	bool (*tx_has_room)(struct net *net, struct net_stream *s);
	void (*shut)(struct net *net, struct net_stream *s);
	void (*abort)(struct net *net, struct net_stream *s);
	void (*stats_get)(const struct net *net, struct net_stats *out);
	struct look *(*look)(struct net *net); /* NULL: net_look() is too */
};

extern const struct net_ops net_sock_ops, net_tcp_ops;

/* What every kind begins with. */
struct net {
	const struct net_ops *ops;
};

struct net_listeners {
	const struct net_ops *ops;
};

#endif
