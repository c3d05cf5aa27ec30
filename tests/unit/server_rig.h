/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_rig.h: one worker's side, the real thread, and a policy server that
 * does what a test says, all waited for in one loop. One thread beside the
 * real one.
 */
#ifndef PENSTOCK_TESTS_SERVER_RIG_H
#define PENSTOCK_TESTS_SERVER_RIG_H

#include "engine/base/clock.h"
#include "engine/policy/server_int.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define RIG_CONNS_MAX 128
#define RIG_WAIT_US   (60 * US_PER_SEC)

struct rig_conn {
	int fd; /* -1: none */
	size_t len;
	char buf[8192];
};

struct rig {
	struct diag diag;
	struct servers *servers;
	struct lookups *all;
	struct lookup_pins pins;
	struct server_def *def;
	int listen_fd;
	struct rig_conn conns[RIG_CONNS_MAX];
	/*
	 * What the server does with request n: "=TEXT" sends TEXT, "!TEXT"
	 * sends it and closes, "-" stays silent; the last goes on for all
	 * others.
	 */
	const char *const *plan;
	unsigned accepts_n, requests_n, ends_n;
	char last[8192]; /* request */
};

static inline int
rig_listen(uint16_t *port_out)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	must(fd >= 0 && bind(fd, (void *)&in, len) == 0);
	must(getsockname(fd, (void *)&in, &len) == 0);
	must(listen(fd, 128) == 0);
	*port_out = ntohs(in.sin_port);
	return fd;
}

static inline void
rig_open(struct rig *r, const char *const *plan)
{
	char name[64];
	uint16_t port;

	memset(r, 0, sizeof(*r));
	diag_init(&r->diag);
	r->plan = plan;
	r->listen_fd = rig_listen(&port);
	for (int i = 0; i < RIG_CONNS_MAX; i++)
		r->conns[i].fd = -1;
	snprintf(name, sizeof(name), "inet:127.0.0.1:%u", port);
	r->def = server_def_open(span_of(name), "/", &r->diag);
	must(r->def != NULL && r->def->addrs_n == 1);
	r->def->timeout_us = RIG_WAIT_US;
	r->def->max_idle_us = r->def->max_ttl_us = RIG_WAIT_US;
	r->def->retry_delay_us = 1000;
	r->def->try_limit = 2;
	r->servers = servers_open(1, &r->diag);
	must(r->servers != NULL);
	r->all = lookups_open();
	lookups_add(r->all, LOOKUP_SERVERS, servers_source(r->servers, 0));
	r->pins.owner = r;
}

static inline void
rig_hang_up(struct rig *r, struct rig_conn *c)
{
	close(c->fd);
	c->fd = -1;
	r->ends_n++;
}

/* From now on nobody listens there. */
static inline void
rig_go_away(struct rig *r)
{
	close(r->listen_fd);
	r->listen_fd = -1;
	for (int i = 0; i < RIG_CONNS_MAX; i++)
		if (r->conns[i].fd >= 0)
			rig_hang_up(r, &r->conns[i]);
}

static inline void
rig_close(struct rig *r)
{
	lookup_pins_drop(r->all, &r->pins);
	lookups_close(&r->all);
	servers_close(&r->servers);
	CHECK(atomic_load(&r->def->refs) == 1);
	server_def_put(&r->def);
	if (r->listen_fd >= 0)
		rig_go_away(r);
	diag_fini(&r->diag);
}

static inline void
rig_serve(struct rig *r, struct rig_conn *c)
{
	char *end = memmem(c->buf, c->len, "\n\n", 2);
	const char *act = r->plan[0];
	size_t n;

	if (end == NULL)
		return;
	n = (size_t)(end + 2 - c->buf);
	memcpy(r->last, c->buf, n);
	r->last[n] = '\0';
	c->len = 0;
	for (unsigned i = 0; i < r->requests_n && act[0]; i++)
		if (r->plan[i + 1] != NULL)
			act = r->plan[i + 1];
		else
			break;
	r->requests_n++;
	if (act[0] != '-' && act[1] != '\0')
		must(send(c->fd, act + 1, strlen(act + 1), MSG_NOSIGNAL) ==
		     (ssize_t)strlen(act + 1));
	if (act[0] == '!')
		rig_hang_up(r, c);
}

static inline void
rig_read(struct rig *r, struct rig_conn *c)
{
	ssize_t n = read(c->fd, c->buf + c->len, sizeof(c->buf) - c->len);

	if (n <= 0) {
		rig_hang_up(r, c);
		return;
	}
	c->len += (size_t)n;
	rig_serve(r, c);
}

static inline void
rig_accept(struct rig *r)
{
	int fd = accept(r->listen_fd, NULL, NULL);

	if (fd < 0)
		return;
	for (int i = 0; i < RIG_CONNS_MAX; i++)
		if (r->conns[i].fd < 0) {
			r->conns[i].fd = fd;
			r->conns[i].len = 0;
			r->accepts_n++;
			return;
		}
	must(!"too many connections");
}

/* One round of everything; waits for something to happen. */
static inline void
rig_turn(struct rig *r)
{
	struct pollfd fds[RIG_CONNS_MAX + 2];
	uint64_t n;

	for (int i = 0; i < RIG_CONNS_MAX; i++)
		fds[i] = (struct pollfd) { r->conns[i].fd, POLLIN, 0 };
	fds[RIG_CONNS_MAX] = (struct pollfd) { r->listen_fd, POLLIN, 0 };
	fds[RIG_CONNS_MAX + 1] =
		(struct pollfd) { servers_source(r->servers, 0)->wake_fd,
				  POLLIN, 0 };
	must(poll(fds, RIG_CONNS_MAX + 2, 50) >= 0);
	for (int i = 0; i < RIG_CONNS_MAX; i++)
		if (fds[i].revents)
			rig_read(r, &r->conns[i]);
	if (fds[RIG_CONNS_MAX].revents)
		rig_accept(r);
	if (fds[RIG_CONNS_MAX + 1].revents)
		must(read(fds[RIG_CONNS_MAX + 1].fd, &n, sizeof(n)) > 0);
	lookups_reap(r->all);
}

/* Turns until cond, which must come. */
#define RIG_UNTIL(r, cond)                                      \
	do {                                                    \
		uint64_t end_us = clock_now_us() + RIG_WAIT_US; \
                                                                \
		while (!(cond)) {                               \
			must(clock_now_us() < end_us);          \
			rig_turn(r);                            \
		}                                               \
	} while (0)

/* Asks, waits, and gives what came of it, which stays until the next one. */
static inline const struct server_ask *
rig_ask(struct rig *r, const char *text)
{
	const struct server_ask *ask;

	lookup_pins_drop(r->all, &r->pins);
	must(server_ask(r->all, &r->pins, r->def, span_of(text), r));
	RIG_UNTIL(r, lookups_next(r->all) == r);
	r->pins.pass_n++;
	ask = server_find(&r->pins, r);
	must(ask != NULL && ask->lookup.is_done);
	return ask;
}

#endif
