/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns_rig.h: a DNS server of the test's own, on loopback, UDP and TCP, over a
 * table of records, and what stands for a worker's sessions.
 */
#ifndef PENSTOCK_TESTS_DNS_RIG_H
#define PENSTOCK_TESTS_DNS_RIG_H

#include "engine/base/clock.h"
#include "engine/policy/dns.h"
#include "tests/unit/check.h"
#include "tests/unit/dns_message.h"
#include "tests/unit/dns_said.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define RIG_WAIT_US (60 * US_PER_SEC) /* nothing takes as long */

enum zone_trick {
	ZONE_PLAIN,
	ZONE_SILENT, /* no answer */
	ZONE_SERVFAIL,
	ZONE_BIG,      /* UDP: truncated; TCP: all of it */
	ZONE_LIE_ID,   /* a wrong one first, then the right one */
	ZONE_LIE_NAME, /* about another name */
	ZONE_GARBAGE,
	ZONE_CUT, /* of CNAMEs, only the first */
};

struct zone_row {
	const char *name;
	unsigned code;
	uint32_t ttl_s;
	const char *data;
	enum zone_trick trick;
};

struct zone_server {
	const struct zone_row *rows;
	size_t rows_n;
	int udp, tcp;
	uint16_t port;
	pthread_t thread;
	_Atomic bool is_stop_wanted;
	_Atomic bool is_held; /* reads nothing */
	_Atomic unsigned queries_n, tcp_n;
	_Atomic unsigned ports_n; /* of clients, seen one after the other */
	uint16_t port_seen;
	struct message in, out;
};

static inline void
zone_question(const struct message *m, char name[256], unsigned *code)
{
	size_t at = 12, n = 0;

	while (m->b[at] != 0) {
		must(m->b[at] < 64 && n + m->b[at] + 1 < 256);
		memcpy(name + n, m->b + at + 1, m->b[at]);
		n += m->b[at];
		name[n++] = '.';
		at += m->b[at] + 1u;
	}
	name[n ? n - 1 : 0] = '\0';
	*code = (unsigned)m->b[at + 1] << 8 | m->b[at + 2];
}

/* What the table has of name, and of where its CNAMEs lead. */
static inline enum zone_trick
zone_fill(struct zone_server *s, const char *name, unsigned code)
{
	enum zone_trick trick = ZONE_PLAIN;
	const char *at = name;
	bool is_known = false, has_rows = false, has_more = true;

	begin(&s->out, 0x8180, name, code);
	for (int hops = 0; has_more && hops < 20; hops++) {
		has_more = false;
		for (size_t i = 0; i < s->rows_n; i++) {
			const struct zone_row *r = &s->rows[i];

			if (strcasecmp(r->name, at) != 0)
				continue;
			is_known = true;
			if (r->trick != ZONE_PLAIN)
				trick = r->trick;
			if (r->code != code && r->code != CODE_CNAME)
				continue;
			put_row(&s->out, 1, at, r->code, r->ttl_s, r->data);
			has_rows = r->code == code;
			if (r->code != CODE_CNAME)
				continue;
			at = r->data;
			is_known = false;
			has_more = r->trick != ZONE_CUT;
			break;
		}
	}
	if (trick == ZONE_CUT)
		return trick;
	if (!is_known && !has_more)
		s->out.b[3] |= 3;
	if (!has_rows && !has_more)
		put_row(&s->out, 2, "example", CODE_SOA, 60, "60");
	return trick;
}

/* The answer to *in in *out. false: there is none. */
static inline bool
zone_answer(struct zone_server *s, bool is_tcp)
{
	char name[256];
	unsigned code;
	enum zone_trick trick;

	zone_question(&s->in, name, &code);
	atomic_fetch_add(&s->queries_n, 1);
	if (is_tcp)
		atomic_fetch_add(&s->tcp_n, 1);
	trick = zone_fill(s, name, code);
	switch (trick) {
	case ZONE_SILENT:
		return false;
	case ZONE_SERVFAIL:
		begin(&s->out, 0x8182, name, code);
		break;
	case ZONE_BIG:
		if (!is_tcp)
			begin(&s->out, 0x8380, name, code);
		break;
	case ZONE_LIE_NAME:
		begin(&s->out, 0x8180, "liar.example", code);
		put_row(&s->out, 1, "liar.example", CODE_A, 60, "192.0.2.66");
		break;
	case ZONE_GARBAGE:
		memset(s->out.b + 2, 0xff, s->out.n - 2);
		break;
	case ZONE_LIE_ID:
	case ZONE_PLAIN:
	case ZONE_CUT:
		break;
	}
	memcpy(s->out.b, s->in.b, 2);
	return true;
}

static inline void
zone_udp(struct zone_server *s)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char name[256];
	unsigned code;
	ssize_t n = recvfrom(s->udp, s->in.b, sizeof(s->in.b), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);

	if (n < 16)
		return;
	s->in.n = (size_t)n;
	if (from.sin_port != s->port_seen)
		atomic_fetch_add(&s->ports_n, 1);
	s->port_seen = from.sin_port;
	if (!zone_answer(s, false))
		return;
	zone_question(&s->in, name, &code);
	if (zone_fill(s, name, code) == ZONE_LIE_ID) {
		s->out.b[0] = (uint8_t)~s->in.b[0];
		s->out.b[s->out.n - 1] = 66; /* not that address */
		(void)!sendto(s->udp, s->out.b, s->out.n, 0,
			      (struct sockaddr *)&from, len);
	}
	must(zone_answer(s, false));
	atomic_fetch_sub(&s->queries_n, 1);
	(void)!sendto(s->udp, s->out.b, s->out.n, 0, (struct sockaddr *)&from,
		      len);
}

static inline bool
read_all(int fd, uint8_t *to, size_t n)
{
	for (size_t got = 0; got < n;) {
		ssize_t r = recv(fd, to + got, n - got, 0);

		if (r <= 0)
			return false;
		got += (size_t)r;
	}
	return true;
}

/* One connection after the other: tests ask for little by TCP. */
static inline void
zone_tcp(struct zone_server *s)
{
	int fd = accept(s->tcp, NULL, NULL);
	uint8_t len[2];

	must(fd >= 0);
	while (read_all(fd, len, 2)) {
		s->in.n = (size_t)len[0] << 8 | len[1];
		if (!read_all(fd, s->in.b, s->in.n) || !zone_answer(s, true))
			break;
		len[0] = (uint8_t)(s->out.n >> 8);
		len[1] = (uint8_t)s->out.n;
		if (send(fd, len, 2, MSG_NOSIGNAL) != 2 ||
		    send(fd, s->out.b, s->out.n, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
}

static inline void *
zone_main(void *arg)
{
	struct zone_server *s = arg;

	while (!atomic_load(&s->is_stop_wanted)) {
		struct pollfd p[2] = { { s->udp, POLLIN, 0 },
				       { s->tcp, POLLIN, 0 } };

		if (atomic_load(&s->is_held)) {
			usleep(200);
			continue;
		}
		must(poll(p, 2, 10) >= 0);
		if (atomic_load(&s->is_held))
			continue;
		if (p[0].revents)
			zone_udp(s);
		if (p[1].revents)
			zone_tcp(s);
	}
	return NULL;
}

static inline struct zone_server *
zone_open(const struct zone_row *rows, size_t rows_n)
{
	struct zone_server *s = must_alloc(sizeof(*s));
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	s->rows = rows;
	s->rows_n = rows_n;
	/* A port that is free for both. */
	for (;;) {
		s->tcp = socket(AF_INET, SOCK_STREAM, 0);
		s->udp = socket(AF_INET, SOCK_DGRAM, 0);
		must(s->tcp >= 0 && s->udp >= 0);
		sa.sin_port = 0;
		must(bind(s->tcp, (struct sockaddr *)&sa, sizeof(sa)) == 0);
		must(getsockname(s->tcp, (struct sockaddr *)&sa, &len) == 0);
		if (bind(s->udp, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			break;
		close(s->tcp);
		close(s->udp);
	}
	must(listen(s->tcp, 16) == 0);
	s->port = ntohs(sa.sin_port);
	must(pthread_create(&s->thread, NULL, zone_main, s) == 0);
	return s;
}

static inline void
zone_close(struct zone_server *s)
{
	atomic_store(&s->is_stop_wanted, true);
	pthread_join(s->thread, NULL);
	close(s->udp);
	close(s->tcp);
	free(s);
}

/* --- sessions --- */

struct dns_rig {
	struct zone_server *server;
	struct dns *dns;
	struct lookups *all[2]; /* of two workers */
	struct lookup_pins pins[4];
	char servers[32];
	struct dns_cfg cfg;
	char said[SAID_MAX];
};

static inline void
rig_open(struct dns_rig *r, const struct zone_row *rows, size_t rows_n,
	 const struct dns_cfg *like)
{
	struct diag diag;

	*r = (struct dns_rig) { .server = zone_open(rows, rows_n) };
	snprintf(r->servers, sizeof(r->servers), "127.0.0.1:%u",
		 r->server->port);
	r->cfg = (struct dns_cfg) {
		.servers = r->servers,
		.resolv_file = "",
		.hosts_file = "",
		.timeout_us = 10 * US_PER_SEC,
		.tries = 3,
		.pending_max = 4096,
		.cache_bytes_max = 1 << 20,
	};
	if (like != NULL && like->hosts_file != NULL)
		r->cfg.hosts_file = like->hosts_file;
	if (like != NULL && like->timeout_us)
		r->cfg.timeout_us = like->timeout_us;
	if (like != NULL && like->tries)
		r->cfg.tries = like->tries;
	if (like != NULL && like->pending_max)
		r->cfg.pending_max = like->pending_max;
	if (like != NULL && like->cache_bytes_max)
		r->cfg.cache_bytes_max = like->cache_bytes_max;
	diag_init(&diag);
	r->dns = dns_open(&r->cfg, 2, &diag);
	diag_print(&diag, DIAG_NOTE);
	must(r->dns != NULL);
	diag_fini(&diag);
	for (unsigned i = 0; i < 2; i++) {
		r->all[i] = lookups_open();
		lookups_add(r->all[i], LOOKUP_DNS, dns_source(r->dns, i));
	}
	for (size_t i = 0; i < ARRAY_N(r->pins); i++)
		r->pins[i].owner = &r->pins[i];
}

static inline void
rig_close(struct dns_rig *r)
{
	for (unsigned i = 0; i < 2; i++)
		lookups_close(&r->all[i]);
	dns_close(&r->dns);
	zone_close(r->server);
}

/* A worker's turn, that waits for the next session that may go on. */
static inline struct lookup_pins *
rig_next(struct dns_rig *r, unsigned worker)
{
	uint64_t until_us = clock_now_us() + RIG_WAIT_US;
	struct lookup_pins *next;

	while ((next = lookups_next(r->all[worker])) == NULL) {
		int fd = dns_source(r->dns, worker)->wake_fd;
		struct pollfd p = { fd, POLLIN, 0 };
		uint64_t n;

		must(clock_now_us() < until_us);
		must(poll(&p, 1, 1000) >= 0);
		if (p.revents)
			(void)!read(fd, &n, sizeof(n));
		lookups_reap(r->all[worker]);
	}
	return next;
}

/* Asks, waits, asks again: as a session on its own would. */
static inline const char *
rig_ask(struct dns_rig *r, unsigned worker, const char *name,
	enum dns_type type)
{
	struct lookup_pins *pins = &r->pins[worker];
	const struct dns_answer *a;

	while ((a = dns_find(r->all[worker], pins, span_of(name), type,
			     clock_now_us())) == NULL)
		must(rig_next(r, worker) == pins);
	answer_said(a, r->said);
	lookup_pins_drop(r->all[worker], pins);
	return r->said;
}

/* Until somebody else's counter says so. */
#define RIG_UNTIL(cond)                                            \
	do {                                                       \
		uint64_t until_us_ = clock_now_us() + RIG_WAIT_US; \
		while (!(cond)) {                                  \
			must(clock_now_us() < until_us_);          \
			usleep(500);                               \
		}                                                  \
	} while (0)

#endif
