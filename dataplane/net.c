/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of net.h, led to the kind of streams that the configuration names. */
#include "dataplane/net_impl.h"

struct net_listeners *
net_listeners_open(const struct net_cfg *cfg, const struct net_listen *listens,
		   unsigned listens_n, struct diag *diag)
{
	const struct net_ops *ops = cfg->dataplane ? &net_tcp_ops
						   : &net_sock_ops;

	return ops->listeners_open(cfg, listens, listens_n, diag);
}

void
net_listeners_close(struct net_listeners **listeners)
{
	if (*listeners != NULL)
		(*listeners)->ops->listeners_close(*listeners);
	*listeners = NULL;
}

struct net *
net_open(const struct net_cfg *cfg, struct net_listeners *listeners,
	 unsigned worker_idx, struct diag *diag)
{
	return listeners->ops->open(cfg, listeners, worker_idx, diag);
}

void
net_close(struct net **net)
{
	if (*net != NULL)
		(*net)->ops->close(*net);
	*net = NULL;
}

int
net_wake_add(struct net *net, int fd)
{
	return net->ops->wake_add(net, fd);
}

unsigned
net_poll_in(struct net *net, struct ready *ready, uint64_t sleep_until_us)
{
	return net->ops->poll_in(net, ready, sleep_until_us);
}

unsigned
net_poll_out(struct net *net)
{
	return net->ops->poll_out(net);
}

void
net_stop_accepting(struct net *net)
{
	net->ops->stop_accepting(net);
}

struct net_stream *
net_accept(struct net *net)
{
	return net->ops->accept(net);
}

struct ready_node *
net_ready_node(const struct net *net, struct net_stream *s)
{
	return net->ops->ready_node(s);
}

struct net_stream *
net_of_ready(const struct net *net, struct ready_node *n)
{
	return net->ops->of_ready(n);
}

void
net_owner_set(const struct net *net, struct net_stream *s, void *owner)
{
	net->ops->owner_set(s, owner);
}

void *
net_owner(const struct net *net, const struct net_stream *s)
{
	return net->ops->owner(s);
}

unsigned
net_service_idx(const struct net *net, const struct net_stream *s)
{
	return net->ops->service_idx(s);
}

void
net_peer(const struct net *net, const struct net_stream *s, struct ip *out,
	 uint16_t *port_out)
{
	net->ops->peer(s, out, port_out);
}

int
net_local(const struct net *net, const struct net_stream *s, struct ip *out,
	  uint16_t *port_out)
{
	return net->ops->local(s, out, port_out);
}

enum net_rx
net_rx(struct net *net, struct net_stream *s, struct span *out)
{
	return net->ops->rx(net, s, out);
}

void
net_rx_done(struct net *net, struct net_stream *s, size_t used_bytes)
{
	net->ops->rx_done(net, s, used_bytes);
}

bool
net_tx(struct net *net, struct net_stream *s, struct span bytes)
{
	return net->ops->tx(net, s, bytes);
}

size_t
net_tx_waiting_bytes(const struct net *net, const struct net_stream *s)
{
	return net->ops->tx_waiting_bytes(net, s);
}

bool
net_tx_has_room(struct net *net, struct net_stream *s)
{
	return net->ops->tx_has_room(net, s);
}

void
net_shut(struct net *net, struct net_stream **s)
{
	net->ops->shut(net, *s);
	*s = NULL;
}

void
net_abort(struct net *net, struct net_stream **s)
{
	net->ops->abort(net, *s);
	*s = NULL;
}

void
net_stats_get(const struct net *net, struct net_stats *out)
{
	net->ops->stats_get(net, out);
}

struct look *
net_look(struct net *net)
{
	return net->ops->look ? net->ops->look(net) : NULL;
}
