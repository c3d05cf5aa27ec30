/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workers' side of SASL: the pool, the servers' addresses, and exchanges
 * that go to the SASL thread and come home.
 */
#include "engine/base/print.h"
#include "engine/policy/sasl_int.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

/* --- addresses --- */

/* "host:port", "[host]:port". false: *why says what is wrong. */
static bool
resolve_inet(struct span text, struct sockaddr_storage *out, socklen_t *len_out,
	     const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	size_t colon = span_find_last(text, ':');
	char host[256], port[32];
	struct span name = span_to(text, colon);
	int ret;

	*why = "inet: wants host:port behind it";
	if (colon == text.len || name.len == 0)
		return false;
	if (name.p[0] == '[' && name.p[name.len - 1] == ']')
		name = (struct span) { name.p + 1, name.len - 2 };
	if (name.len >= sizeof(host) || text.len - colon > sizeof(port))
		return false;
	span_copy(name, host, sizeof(host));
	span_copy(span_from(text, colon + 1), port, sizeof(port));
	ret = getaddrinfo(host, port, &hints, &found);
	if (ret) {
		*why = gai_strerror(ret);
		return false;
	}
	memcpy(out, found->ai_addr, found->ai_addrlen);
	*len_out = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool
resolve(struct span text, struct sockaddr_storage *out, socklen_t *len_out,
	const char **why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memset(out, 0, sizeof(*out));
	if (span_has_prefix_nocase(text, SPAN("inet:")))
		return resolve_inet(span_from(text, 5), out, len_out, why);
	if (span_has_prefix_nocase(text, SPAN("unix:")))
		text = span_from(text, 5);
	*why = "the path of a socket is too long";
	if (text.len >= sizeof(un.sun_path))
		return false;
	span_copy(text, un.sun_path, sizeof(un.sun_path));
	memcpy(out, &un, sizeof(un));
	*len_out = sizeof(un);
	return true;
}

struct sasl_server *
sasl_server_find(struct sasl *s, const char *address)
{
	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++)
		if (atomic_load(&s->servers[i].is_there) &&
		    strcmp(s->servers[i].address, address) == 0)
			return &s->servers[i];
	return NULL;
}

/* A place of its own, not seen by anybody yet. */
static struct sasl_server *
server_add(struct sasl *s, const char *address)
{
	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++) {
		struct sasl_server *server = &s->servers[i];

		if (atomic_load(&server->is_there))
			continue;
		server->idx = i;
		server->fd = -1;
		span_copy(span_of(address), server->address, SASL_ADDRESS_MAX);
		return server;
	}
	return NULL;
}

static bool
want_one(struct sasl *s, const char *address, struct diag *diag)
{
	struct sasl_server *server = sasl_server_find(s, address);
	struct sockaddr_storage to;
	const char *why = "too many different servers";
	socklen_t len = 0;

	if (strlen(address) >= SASL_ADDRESS_MAX ||
	    (server == NULL && (server = server_add(s, address)) == NULL) ||
	    !resolve(span_of(address), &to, &len, &why)) {
		diag_add(diag, DIAG_WARNING, NULL, 0,
			 "smtpd_sasl_path = %s: %s; nobody can log in there",
			 address, why);
		return false;
	}
	pthread_mutex_lock(&s->lock);
	server->sockaddr = to;
	server->sockaddr_len = len;
	pthread_mutex_unlock(&s->lock);
	atomic_store(&server->is_wanted, true);
	atomic_store(&server->is_there, true);
	return true;
}

void
sasl_want(struct sasl *s, const char *const *addresses, unsigned n,
	  struct diag *diag)
{
	bool is_kept[SASL_SERVERS_MAX] = { false };

	for (unsigned i = 0; i < n; i++)
		if (want_one(s, addresses[i], diag))
			is_kept[sasl_server_find(s, addresses[i])->idx] = true;
	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++)
		if (!is_kept[i])
			atomic_store(&s->servers[i].is_wanted, false);
	sasl_thread_wake(s);
}

bool
sasl_server_is_known(const struct sasl_server *server)
{
	return atomic_load(&server->is_known);
}

void
sasl_server_offer(const struct sasl_server *server, const struct sasl_cfg *cfg,
		  bool is_tls, char out[SASL_MECHS_TEXT_MAX])
{
	sasl_mechs_offer(atomic_load(&server->mechs), cfg, is_tls, out);
}

bool
sasl_server_offers(const struct sasl_server *server, const struct sasl_cfg *cfg,
		   bool is_tls, struct span mech)
{
	return sasl_mechs_offers(atomic_load(&server->mechs), cfg, is_tls,
				 mech);
}

/* --- the pool --- */

static bool
side_init(struct sasl_side *side)
{
	side->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return side->wake_fd >= 0 &&
	       ring_init(&side->to_thread, SASL_RING_MAX) == 0 &&
	       ring_init(&side->to_worker, SASL_RING_MAX) == 0;
}

struct sasl *
sasl_open(unsigned workers_n, struct diag *diag)
{
	struct sasl *s = must_alloc(sizeof(*s));
	size_t bytes = workers_n * sizeof(*s->sides);
	bool is_ok = true;
	int ret;

	s->workers_n = workers_n;
	s->wake_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	s->sides = aligned_alloc(CACHE_LINE, bytes);
	must(s->sides != NULL);
	memset(s->sides, 0, bytes);
	for (unsigned i = 0; i < workers_n; i++)
		is_ok &= side_init(&s->sides[i]);
	ret = is_ok ? sasl_thread_start(s) : -ENOMEM;
	if (ret) {
		diag_fail(diag, EX_OSERR, NULL, 0,
			  "cannot start the SASL thread: %s", strerror(-ret));
		sasl_close(&s);
	}
	return s;
}

static void
side_fini(struct sasl_side *side)
{
	struct sasl_auth *a;

	while ((a = side->no_room.first) != NULL) {
		side->no_room.first = a->next;
		sasl_auth_free(a);
	}
	if (side->to_worker.slots != NULL)
		while ((a = ring_get(&side->to_worker)) != NULL)
			sasl_auth_free(a);
	ring_fini(&side->to_thread);
	ring_fini(&side->to_worker);
	if (side->wake_fd >= 0)
		close(side->wake_fd);
}

void
sasl_close(struct sasl **s_inout)
{
	struct sasl *s = *s_inout;

	*s_inout = NULL;
	if (s == NULL)
		return;
	sasl_thread_stop(s);
	for (unsigned i = 0; i < s->workers_n; i++)
		side_fini(&s->sides[i]);
	pthread_mutex_destroy(&s->lock);
	free(s->sides);
	free(s);
}

/* --- exchanges --- */

struct sasl_auth *
sasl_auth_new(struct sasl *s, unsigned worker_idx, struct sasl_server *server,
	      void *owner)
{
	struct sasl_auth *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->sasl = s;
	a->server = server;
	a->owner = owner;
	a->worker_idx = (uint16_t)worker_idx;
	return a;
}

void
sasl_auth_free(struct sasl_auth *a)
{
	/* It may have held a password. */
	if (a->line != NULL)
		explicit_bzero(a->line, a->line_len);
	free(a->line);
	free(a->text);
	free(a);
}

void
sasl_auth_say(struct sasl_auth *a, enum sasl_outcome outcome, const char *text)
{
	a->outcome = (uint8_t)outcome;
	free(a->text);
	a->text = strdup(text);
}

struct sasl_answer
sasl_auth_answer(const struct sasl_auth *a)
{
	must(!a->is_away);
	return (struct sasl_answer) { (enum sasl_outcome)a->outcome,
				      a->text ? a->text : "", a->user };
}

static void
put(struct sasl_side *side, struct sasl_auth *a)
{
	side->away_n++;
	must(ring_put(&side->to_thread, a));
	sasl_thread_wake(a->sasl);
}

static void
submit(struct sasl_auth *a, enum sasl_step step)
{
	struct sasl_side *side = &a->sasl->sides[a->worker_idx];

	must(!a->is_away);
	a->step = (uint8_t)step;
	a->is_away = true;
	side->busy_n++;
	if (side->no_room.first == NULL && side->away_n < SASL_RING_MAX) {
		put(side, a);
		return;
	}
	a->next = NULL;
	if (side->no_room.first == NULL)
		side->no_room.first = a;
	else
		side->no_room.last->next = a;
	side->no_room.last = a;
}

void
sasl_auth_wait(struct sasl_auth *a)
{
	submit(a, SASL_STEP_WAIT);
}

static bool
line_set(struct sasl_auth *a, const struct print *pr)
{
	if (a->line != NULL)
		explicit_bzero(a->line, a->line_len);
	free(a->line);
	a->line = malloc(pr->len);
	a->line_len = a->line ? pr->len : 0;
	if (a->line != NULL)
		memcpy(a->line, pr->p, pr->len);
	return a->line != NULL;
}

static void
put_field(struct print *pr, const char *name, struct span value)
{
	print_span(pr, SPAN("\t"));
	print_text(pr, name);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] > ' ')
			print_span(pr, (struct span) { value.p + i, 1 });
}

static void
put_ip(struct print *pr, const char *name, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	ip_print(ip, text);
	put_field(pr, name, span_of(text));
}

static void
put_port(struct print *pr, const char *name, uint16_t port)
{
	if (port == 0)
		return;
	put_field(pr, name, SPAN(""));
	print_u64(pr, port, 1);
}

/* What stands behind "AUTH\tid"; the response last, as the protocol demands. */
bool
sasl_auth_begin(struct sasl_auth *a, const struct sasl_question *q)
{
	size_t cap = 512 + q->mech.len + q->service.len + q->response.len;
	struct print pr = { malloc(cap), 0, cap };
	bool is_ok;

	must(!a->is_away && sasl_is_base64(q->response));
	if (pr.p == NULL)
		return false;
	put_field(&pr, "", q->mech);
	put_field(&pr, "service=", q->service);
	print_span(&pr, SPAN("\tnologin"));
	if (q->has_local) {
		put_ip(&pr, "lip=", &q->local_ip);
		put_port(&pr, "lport=", q->local_port);
	}
	put_ip(&pr, "rip=", &q->client_ip);
	put_port(&pr, "rport=", q->client_port);
	if (q->is_tls)
		print_span(&pr, SPAN("\tsecured"));
	if (q->has_response)
		put_field(&pr, "resp=", q->response);
	must(pr.len < cap);
	print_span(&pr, SPAN("\n"));
	is_ok = line_set(a, &pr);
	explicit_bzero(pr.p, pr.len);
	free(pr.p);
	if (is_ok)
		submit(a, SASL_STEP_FIRST);
	return is_ok;
}

bool
sasl_auth_go_on(struct sasl_auth *a, struct span response)
{
	size_t cap = response.len + 2;
	struct print pr = { malloc(cap), 0, cap };
	bool is_ok;

	must(!a->is_away && sasl_is_base64(response));
	if (pr.p == NULL)
		return false;
	put_field(&pr, "", response);
	print_span(&pr, SPAN("\n"));
	is_ok = line_set(a, &pr);
	explicit_bzero(pr.p, pr.len);
	free(pr.p);
	if (is_ok)
		submit(a, SASL_STEP_NEXT);
	return is_ok;
}

void
sasl_auth_close(struct sasl_auth **a_inout)
{
	struct sasl_auth *a = *a_inout;

	*a_inout = NULL;
	if (a == NULL)
		return;
	a->owner = NULL;
	if (a->is_away)
		atomic_store(&a->is_given_up, true);
	else if (a->has_begun)
		submit(a, SASL_STEP_END);
	else
		sasl_auth_free(a);
}

/* --- what comes home --- */

int
sasl_wake_fd(const struct sasl *s, unsigned worker_idx)
{
	return s->sides[worker_idx].wake_fd;
}

const uint32_t *
sasl_busy(const struct sasl *s, unsigned worker_idx)
{
	return &s->sides[worker_idx].busy_n;
}

static void
submit_waiting(struct sasl_side *side)
{
	struct sasl_auth *a;

	while ((a = side->no_room.first) != NULL &&
	       side->away_n < SASL_RING_MAX) {
		side->no_room.first = a->next;
		put(side, a);
	}
}

void *
sasl_reap(struct sasl *s, unsigned worker_idx)
{
	struct sasl_side *side = &s->sides[worker_idx];
	struct sasl_auth *a;

	while ((a = ring_get(&side->to_worker)) != NULL) {
		side->away_n--;
		side->busy_n--;
		submit_waiting(side);
		a->is_away = false;
		if (a->owner != NULL)
			return a->owner;
		if (a->has_begun && a->step != SASL_STEP_END &&
		    a->outcome == SASL_MORE)
			submit(a, SASL_STEP_END);
		else
			sasl_auth_free(a);
	}
	return NULL;
}
