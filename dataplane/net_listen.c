/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listening sockets: one per address and worker (SO_REUSEPORT), all bound
 * before privileges are dropped, each failure a sentence with its remedy.
 */
#include "dataplane/net_listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

static void
bind_failed(const struct net_listen *l, int error, struct diag *diag)
{
	const char *host = l->host && *l->host ? l->host : "*";

	if (error == EADDRINUSE)
		diag_fail(diag, EX_UNAVAILABLE, l->file, l->line,
			  "%s port %s is in use by another server: stop that "
			  "one, or give this service another port",
			  host, l->port);
	else if (error == EACCES)
		diag_fail(diag, EX_NOPERM, l->file, l->line,
			  "no permission to listen on %s port %s: start as "
			  "root or with CAP_NET_BIND_SERVICE, or use a port "
			  "from 1024",
			  host, l->port);
	else if (error == EADDRNOTAVAIL)
		diag_fail(diag, EX_UNAVAILABLE, l->file, l->line,
			  "%s is not an address of this machine: correct "
			  "inet_interfaces or the service's host",
			  host);
	else
		diag_fail(diag, EX_OSERR, l->file, l->line,
			  "cannot listen on %s port %s: %s", host, l->port,
			  strerror(error));
}

static int
open_one(const struct addrinfo *ai, bool is_shared, uint32_t backlog)
{
	int on = 1, fd, error;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (is_shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	/* Inherited by what is accepted: replies are whole, never wait. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    (!is_shared || listen(fd, (int)backlog) == 0))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* The sockets of one address for every worker. 0 or -errno. */
static int
open_address(struct net_sock_listeners *ls, const struct addrinfo *ai,
	     const struct net_listen *l, uint32_t backlog)
{
	/*
	 * SO_REUSEPORT would share the port with whoever of our own uid has it
	 * already: one socket without it finds out first.
	 */
	int fd = open_one(ai, false, 0);

	if (fd < 0)
		return fd;
	close(fd);
	for (unsigned w = 0; w < ls->workers_n; w++) {
		struct net_listener *at;

		fd = open_one(ai, true, backlog);
		if (fd < 0)
			return fd;
		must(ls->n < ARRAY_N(ls->all));
		at = &ls->all[ls->n++];
		at->fd = fd;
		at->worker_idx = w;
		at->service_idx = l->service_idx;
	}
	return 0;
}

static bool
open_listen(struct net_sock_listeners *ls, const struct net_cfg *cfg,
	    const struct net_listen *l, struct diag *diag)
{
	const char *p = cfg->inet_protocols ? cfg->inet_protocols : "all";
	bool is_any = l->host == NULL || *l->host == '\0';
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE };
	struct addrinfo *list, *ai;
	int error;
	bool has_one = false;

	if (strcmp(p, "ipv4") == 0)
		hints.ai_family = AF_INET;
	else if (strcmp(p, "ipv6") == 0)
		hints.ai_family = AF_INET6;
	error = getaddrinfo(is_any ? NULL : l->host, l->port, &hints, &list);
	if (error) {
		diag_fail(diag, EX_NOHOST, l->file, l->line,
			  "%s port %s: %s: give an address, and a port number "
			  "or a name from /etc/services",
			  is_any ? "*" : l->host, l->port, gai_strerror(error));
		return false;
	}
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		error = open_address(ls, ai, l, cfg->backlog);
		has_one |= error == 0;
		/* A kernel without IPv6 is no error for "all addresses". */
		if (error == 0 || (is_any && (error == -EAFNOSUPPORT ||
					      error == -EADDRNOTAVAIL)))
			continue;
		bind_failed(l, -error, diag);
		freeaddrinfo(list);
		return false;
	}
	freeaddrinfo(list);
	if (!has_one)
		bind_failed(l, EADDRNOTAVAIL, diag);
	return has_one;
}

struct net_listeners *
net_sock_listeners_open(const struct net_cfg *cfg,
			const struct net_listen *listens, unsigned listens_n,
			struct diag *diag)
{
	struct net_sock_listeners *ls = must_alloc(sizeof(*ls));
	bool is_ok = true;

	ls->base.ops = &net_sock_ops;
	ls->workers_n = cfg->workers_n;
	if (listens_n * 2 * cfg->workers_n > ARRAY_N(ls->all)) {
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  "%u addresses for %u workers are too many: at most "
			  "%zu sockets",
			  listens_n, cfg->workers_n, ARRAY_N(ls->all));
		is_ok = false;
	}
	for (unsigned i = 0; is_ok && i < listens_n; i++)
		is_ok = open_listen(ls, cfg, &listens[i], diag);
	if (is_ok)
		return &ls->base;
	net_sock_listeners_close(&ls->base);
	return NULL;
}

void
net_sock_listeners_close(struct net_listeners *base)
{
	struct net_sock_listeners *ls =
		CONTAINER_OF(base, struct net_sock_listeners, base);

	for (unsigned i = 0; i < ls->n; i++)
		close(ls->all[i].fd);
	free(ls);
}
