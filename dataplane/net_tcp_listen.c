/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What services listen on when the addresses are our own: the dataplane is
 * opened, and each name and number of master.cf is held against its addresses.
 */
#include "dataplane/dataplane.h"
#include "dataplane/net_tcp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sysexits.h>

struct net_tcp_listeners {
	struct net_listeners base;
	struct dataplane *dataplane;
	struct net_tcp_cfg cfg;
};

static bool
add(struct net_tcp_cfg *cfg, const struct net_listen *l, const struct ip *addr,
    uint16_t port, struct diag *diag)
{
	if (cfg->listens_n == NET_TCP_LISTENS_MAX) {
		diag_fail(diag, EX_CONFIG, l->file, l->line,
			  "more than %u addresses to listen on",
			  NET_TCP_LISTENS_MAX);
		return false;
	}
	cfg->listens[cfg->listens_n++] = (struct net_tcp_listen) {
		.addr = *addr,
		.port = port,
		.service_idx = l->service_idx,
	};
	return true;
}

/* Every address, or every one of the family that inet_protocols names. */
static bool
add_any(struct net_tcp_cfg *cfg, const struct net_cfg *net,
	const struct net_listen *l, uint16_t port, struct diag *diag)
{
	const char *p = net->inet_protocols ? net->inet_protocols : "all";
	const struct host_cfg *host = &net->dataplane->host;
	bool is_v4 = strcmp(p, "ipv4") == 0, is_v6 = strcmp(p, "ipv6") == 0;
	struct ip all = { 0 };

	if (!is_v4 && (!is_v6 || host->is_slaac))
		return add(cfg, l, &all, port, diag);
	for (unsigned i = 0; i < host->addrs_n; i++)
		if (ip_is_v4(&host->ends[i]) == is_v4 &&
		    !add(cfg, l, &host->ends[i], port, diag))
			return false;
	return true;
}

static bool
add_named(struct net_tcp_cfg *cfg, const struct host_cfg *host,
	  const struct net_listen *l, const struct addrinfo *list,
	  struct diag *diag)
{
	bool has_one = false;

	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		struct sockaddr_storage at = { 0 };
		struct ip addr;
		uint16_t port;
		bool is_ours;

		memcpy(&at, ai->ai_addr, ai->ai_addrlen);
		ip_from_sockaddr(&at, &addr, &port);
		is_ours = host->is_slaac && !ip_is_v4(&addr);
		for (unsigned i = 0; i < host->addrs_n; i++)
			is_ours |= ip_is_equal(&host->ends[i], &addr);
		if (!is_ours)
			continue;
		has_one = true;
		if (!add(cfg, l, &addr, port, diag))
			return false;
	}
	if (!has_one)
		diag_fail(diag, EX_UNAVAILABLE, l->file, l->line,
			  "%s is not an address of the dataplane: name one of "
			  "penstock_ipv4 and penstock_ipv6, or leave the "
			  "service out",
			  l->host);
	return has_one;
}

static bool
add_listen(struct net_tcp_cfg *cfg, const struct net_cfg *net,
	   const struct net_listen *l, struct diag *diag)
{
	bool is_any = l->host == NULL || *l->host == '\0', is_ok;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	int error =
		getaddrinfo(is_any ? NULL : l->host, l->port, &hints, &list);

	if (error) {
		diag_fail(diag, EX_NOHOST, l->file, l->line,
			  "%s port %s: %s: give an address, and a port number "
			  "or a name from /etc/services",
			  is_any ? "*" : l->host, l->port, gai_strerror(error));
		return false;
	}
	if (is_any) {
		struct sockaddr_storage at = { 0 };
		struct ip ignored;
		uint16_t port;

		memcpy(&at, list->ai_addr, list->ai_addrlen);
		ip_from_sockaddr(&at, &ignored, &port);
		is_ok = add_any(cfg, net, l, port, diag);
	} else {
		is_ok = add_named(cfg, &net->dataplane->host, l, list, diag);
	}
	freeaddrinfo(list);
	return is_ok;
}

bool
net_tcp_listens_find(struct net_tcp_cfg *cfg, const struct net_cfg *net,
		     const struct net_listen *listens, unsigned listens_n,
		     struct diag *diag)
{
	for (unsigned i = 0; i < listens_n; i++)
		if (!add_listen(cfg, net, &listens[i], diag))
			return false;
	return true;
}

struct net_listeners *
net_tcp_listeners_open(const struct net_cfg *net,
		       const struct net_listen *listens, unsigned listens_n,
		       struct diag *diag)
{
	struct net_tcp_listeners *ls = must_alloc(sizeof(*ls));
	struct tcp_cfg *tcp = &ls->cfg.tcp;

	ls->base.ops = &net_tcp_ops;
	ls->cfg.is_polled = net->is_polled;
	*tcp = tcp_cfg_default;
	tcp->conns_max = net->conns_max;
	tcp->accepts_max = net->backlog;
	if (getrandom(tcp->secret, sizeof(tcp->secret), 0) !=
	    (ssize_t)sizeof(tcp->secret)) {
		diag_fail(diag, EX_OSERR, NULL, 0, "no random numbers");
		goto fail;
	}
	if (!net_tcp_listens_find(&ls->cfg, net, listens, listens_n, diag))
		goto fail;
	ls->dataplane = dataplane_open(net->dataplane, net->workers_n,
				       net->is_polled, diag);
	if (ls->dataplane != NULL)
		return &ls->base;
fail:
	net_tcp_listeners_close(&ls->base);
	return NULL;
}

void
net_tcp_listeners_close(struct net_listeners *base)
{
	struct net_tcp_listeners *ls =
		CONTAINER_OF(base, struct net_tcp_listeners, base);

	dataplane_close(&ls->dataplane);
	free(ls);
}

struct net *
net_tcp_worker_open(const struct net_cfg *net, struct net_listeners *base,
		    unsigned worker_idx, struct diag *diag)
{
	struct net_tcp_listeners *ls =
		CONTAINER_OF(base, struct net_tcp_listeners, base);
	struct port *port = dataplane_port(ls->dataplane);

	(void)net;
	return net_tcp_open(&ls->cfg, dataplane_host(ls->dataplane, worker_idx),
			    port_queue(port, worker_idx), diag);
}
