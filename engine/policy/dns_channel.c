/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DNS thread's c-ares channels: opened with the servers of the day, retired
 * when these change or enough was asked from their ports, closed when their
 * last question is over. All of them are waited for in one epoll.
 */
#include "engine/base/clock.h"
#include "engine/policy/dns_int.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ASKED_MAX  512 /* from one port */
#define AGE_MAX_US (60 * US_PER_SEC)
#define UDP_BYTES  1232 /* of EDNS: fits any path (DNS flag day 2020) */
#define EVENTS_MAX 64
#define WAKE_KEY   UINT64_MAX

/* c-ares says what it wants of a socket. */
static void
want_socket(void *arg, ares_socket_t fd, int is_readable, int is_writable)
{
	struct dns_channel *c = arg;
	struct epoll_event ev = {
		.events = (is_readable ? EPOLLIN : 0u) |
			  (is_writable ? EPOLLOUT : 0u),
		.data.u64 = (uint64_t)c->idx << 32 | (uint32_t)fd,
	};

	if (ev.events == 0)
		epoll_ctl(c->dns->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(c->dns->epoll_fd, EPOLL_CTL_MOD, fd, &ev) != 0)
		/* No memory: its questions time out. */
		(void)epoll_ctl(c->dns->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* 0, or what of c-ares is none. */
static int
set_servers(struct dns_channel *c, const struct dns_resolv *resolv)
{
	struct ares_addr_port_node nodes[DNS_SERVERS_MAX] = { 0 };

	for (unsigned i = 0; i < resolv->servers_n; i++) {
		const struct dns_server *s = &resolv->servers[i];
		struct ares_addr_port_node *n = &nodes[i];

		n->next = i + 1 < resolv->servers_n ? n + 1 : NULL;
		n->udp_port = n->tcp_port = s->port;
		if (ip_is_v4(&s->ip)) {
			n->family = AF_INET;
			memcpy(&n->addr.addr4, s->ip.b + 12, 4);
		} else {
			n->family = AF_INET6;
			memcpy(&n->addr.addr6, s->ip.b, 16);
		}
	}
	return ares_set_servers_ports(c->ares, nodes);
}

static bool
open_channel(struct dns *dns, struct dns_channel *c)
{
	const struct dns_resolv *resolv = &dns->resolv;
	const struct dns_cfg *cfg = &dns->settings->cfg;
	char lookups[] = "b", nowhere[] = "/dev/null";
	struct ares_options opts = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH |
			 ARES_FLAG_NOALIASES,
		.timeout = (int)(cfg->timeout_us ? cfg->timeout_us / 1000
						 : resolv->timeout_s * 1000),
		.tries = (int)(cfg->tries ? cfg->tries : resolv->tries),
		.sock_state_cb = want_socket,
		.sock_state_cb_data = c,
		.lookups = lookups,
		.ednspsz = UDP_BYTES,
		.resolvconf_path = nowhere,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		   ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS |
		   ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF |
		   (resolv->is_rotating ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);

	*c = (struct dns_channel) {
		.dns = dns,
		.idx = (unsigned)(c - dns->channels),
		.opened_us = dns->now_us,
	};
	if (ares_init_options(&c->ares, &opts, mask) != ARES_SUCCESS)
		return false;
	if (set_servers(c, resolv) != ARES_SUCCESS) {
		ares_destroy(c->ares);
		return false;
	}
	c->is_open = true;
	return true;
}

static bool
is_worn(const struct dns *dns, const struct dns_channel *c)
{
	return c->is_retired || c->asked_n >= ASKED_MAX ||
	       dns->now_us - c->opened_us > AGE_MAX_US;
}

struct dns_channel *
dns_channel_get(struct dns *dns)
{
	struct dns_channel *c = dns->current;

	if (c != NULL && !is_worn(dns, c))
		return c;
	for (unsigned i = 0; i < DNS_CHANNELS_N; i++) {
		struct dns_channel *fresh = &dns->channels[i];

		if (fresh->is_open || !open_channel(dns, fresh))
			continue;
		if (c != NULL)
			c->is_retired = true;
		dns->current = fresh;
		return fresh;
	}
	/* A worn port is better than none, but not old servers. */
	return c != NULL && !c->is_retired ? c : NULL;
}

void
dns_channels_retire(struct dns *dns)
{
	unsigned open_n = 0;

	for (unsigned i = 0; i < DNS_CHANNELS_N; i++) {
		dns->channels[i].is_retired = dns->channels[i].is_open;
		open_n += dns->channels[i].is_open;
	}
	dns->current = NULL;
	if (open_n == DNS_CHANNELS_N)
		dns_channels_sweep(dns, true);
}

void
dns_channels_sweep(struct dns *dns, bool is_all)
{
	for (unsigned i = 0; i < DNS_CHANNELS_N; i++) {
		struct dns_channel *c = &dns->channels[i];

		if (!c->is_open ||
		    (!is_all && (!c->is_retired || c->flights_n > 0)))
			continue;
		if (c == dns->current)
			dns->current = NULL;
		ares_destroy(c->ares);
		must(c->flights_n == 0);
		c->is_open = false;
	}
}

/* --- waiting --- */

static void
handle(struct dns *dns, const struct epoll_event *ev)
{
	int fd = (int)(uint32_t)ev->data.u64;
	struct dns_channel *c;
	uint64_t n;
	bool is_in = ev->events & ~(uint32_t)EPOLLOUT;
	bool is_out = ev->events & (EPOLLOUT | EPOLLERR | EPOLLHUP);

	if (ev->data.u64 == WAKE_KEY) {
		(void)!read(dns->wake_fd, &n, sizeof(n));
		return;
	}
	c = &dns->channels[ev->data.u64 >> 32];
	if (!c->is_open)
		return;
	ares_process_fd(c->ares, is_in ? fd : ARES_SOCKET_BAD,
			is_out ? fd : ARES_SOCKET_BAD);
}

void
dns_channels_poll(struct dns *dns, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(dns->epoll_fd, events, EVENTS_MAX, timeout_ms);

	must(n >= 0 || errno == EINTR);
	dns->now_us = clock_now_us();
	for (int i = 0; i < n; i++)
		handle(dns, &events[i]);
	for (unsigned i = 0; i < DNS_CHANNELS_N; i++)
		if (dns->channels[i].flights_n > 0)
			ares_process_fd(dns->channels[i].ares, ARES_SOCKET_BAD,
					ARES_SOCKET_BAD);
}
