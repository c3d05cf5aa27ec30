/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exchanges with an auth server of the test's own, on a socket: what it is
 * asked, what comes home, and what becomes of everybody when it goes away,
 * babbles, or is not there.
 */
#include "engine/base/clock.h"
#include "engine/policy/sasl_int.h"
#include "tests/unit/check.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define LOST   "Connection lost to authentication server"
#define NO_WAY "Can't connect to authentication server"
#define HELLO                                                  \
	"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\t" \
	"plaintext\nSPID\t1\nCUID\t1\nCOOKIE\tab\nDONE\n"
#define WAIT_MS 60000 /* for what must come */

struct rig {
	char dir[32], path[64];
	int listener, fd; /* the server's; fd -1: no connection */
	FILE *lines;	  /* what fd brings */
	char line[16384];
	struct diag diag;
	struct sasl *sasl;
	struct sasl_server *server;
};

static const struct sasl_cfg cfg = { .options = "", .tls_options = "" };

/* --- the server --- */

static void
fake_listen(struct rig *r)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	span_copy(span_of(r->path), un.sun_path, sizeof(un.sun_path));
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(r->listener >= 0);
	must(bind(r->listener, (struct sockaddr *)&un, sizeof(un)) == 0);
	must(listen(r->listener, 16) == 0);
}

static void
wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	must(poll(&p, 1, WAIT_MS) == 1);
}

static void
fake_say(struct rig *r, const char *text)
{
	size_t len = strlen(text);

	must(send(r->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static const char *
fake_read(struct rig *r)
{
	struct timeval limit = { .tv_sec = WAIT_MS / 1000 };

	must(setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
			sizeof(limit)) == 0);
	if (fgets(r->line, sizeof(r->line), r->lines) == NULL)
		r->line[0] = '\0';
	return r->line;
}

/* The next connection, and the handshake up to what the server says of it. */
static void
fake_accept(struct rig *r, const char *hello)
{
	wait_readable(r->listener);
	r->fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	must(r->fd >= 0);
	r->lines = fdopen(dup(r->fd), "r");
	must(r->lines != NULL);
	fake_say(r, hello);
	CHECK_SPAN(span_of(fake_read(r)), "VERSION\t1\t0\n");
	CHECK(strncmp(fake_read(r), "CPID\t", 5) == 0);
}

static void
fake_hang_up(struct rig *r)
{
	if (r->fd < 0)
		return;
	fclose(r->lines);
	close(r->fd);
	r->fd = -1;
}

/* --- the worker --- */

static void
rig_open(struct rig *r, bool is_there)
{
	const char *addresses[1] = { r->path };

	*r = (struct rig) { .fd = -1, .listener = -1 };
	span_copy(SPAN("/tmp/sasl_test.XXXXXX"), r->dir, sizeof(r->dir));
	must(mkdtemp(r->dir) != NULL);
	snprintf(r->path, sizeof(r->path), "%s/auth", r->dir);
	if (is_there)
		fake_listen(r);
	diag_init(&r->diag);
	r->sasl = sasl_open(1, &r->diag);
	must(r->sasl != NULL);
	CHECK(sasl_server_find(r->sasl, r->path) == NULL);
	sasl_want(r->sasl, addresses, 1, &r->diag);
	CHECK(r->diag.warnings_n == 0);
	r->server = sasl_server_find(r->sasl, r->path);
	must(r->server != NULL);
}

static void
rig_close(struct rig *r)
{
	sasl_close(&r->sasl);
	CHECK(r->sasl == NULL);
	fake_hang_up(r);
	if (r->listener >= 0)
		close(r->listener);
	unlink(r->path);
	rmdir(r->dir);
	diag_fini(&r->diag);
}

/* The next owner that comes home, or NULL when there is nobody left away. */
static void *
reap(struct rig *r)
{
	for (;;) {
		void *owner = sasl_reap(r->sasl, 0);
		uint64_t n;

		if (owner != NULL || *sasl_busy(r->sasl, 0) == 0)
			return owner;
		wait_readable(sasl_wake_fd(r->sasl, 0));
		(void)!read(sasl_wake_fd(r->sasl, 0), &n, sizeof(n));
	}
}

static struct sasl_auth *
begin(struct rig *r, const char *mech, const char *response)
{
	struct sasl_auth *a = sasl_auth_new(r->sasl, 0, r->server, r);
	struct sasl_question q = {
		.mech = span_of(mech),
		.service = SPAN("smtp"),
		.response = span_of(response),
		.has_response = response != NULL,
		.is_tls = true,
	};

	must(a != NULL);
	must(ip_parse(SPAN("192.0.2.1"), &q.client_ip));
	q.client_port = 4321;
	must(sasl_auth_begin(a, &q));
	return a;
}

static void
check_answer(struct rig *r, struct sasl_auth *a, enum sasl_outcome outcome,
	     const char *text, const char *user)
{
	struct sasl_answer got;

	CHECK(reap(r) == r);
	got = sasl_auth_answer(a);
	CHECK(got.outcome == outcome);
	CHECK_SPAN(span_of(got.text), text);
	CHECK_SPAN(span_of(got.user), user);
}

/* The id in the line read last, which must begin so. */
static unsigned
id_of(struct rig *r, const char *word)
{
	size_t n = strlen(word);

	CHECK(strncmp(fake_read(r), word, n) == 0);
	return (unsigned)strtoul(r->line + n, NULL, 10);
}

static void
say_id(struct rig *r, const char *word, unsigned id, const char *rest)
{
	char text[512];

	snprintf(text, sizeof(text), "%s\t%u%s\n", word, id, rest);
	fake_say(r, text);
}

/* --- one question --- */

static const struct {
	const char *name, *word, *rest;
	enum sasl_outcome outcome;
	const char *text, *user;
} rows[] = {
	{ "ok", "OK", "\tuser=joe@x", SASL_OK, "", "joe@x" },
	{ "ok, odd name", "OK", "\tuser=j\001to\x80", SASL_OK, "", "j?o?" },
	{ "ok, nobody", "OK", "", SASL_FAIL, "Authentication backend error",
	  "" },
	{ "failed", "FAIL", "\tuser=joe", SASL_FAIL, "", "joe" },
	{ "failed, why", "FAIL", "\treason=Go\001taway", SASL_FAIL, "Go?away",
	  "" },
	{ "temporarily", "FAIL", "\ttemp", SASL_TEMP, "", "" },
	{ "temporarily, why", "FAIL", "\tcode=temp_fail\treason=x", SASL_TEMP,
	  "x", "" },
};

static void
test_rows(void)
{
	char out[SASL_MECHS_TEXT_MAX];
	struct sasl_auth *a;
	struct rig r;

	CHECK_ROW("handshake");
	rig_open(&r, true);
	a = sasl_auth_new(r.sasl, 0, r.server, &r);
	CHECK(!sasl_server_is_known(r.server));
	sasl_auth_wait(a);
	fake_accept(&r, HELLO);
	check_answer(&r, a, SASL_NOTHING, "", "");
	sasl_auth_close(&a);
	CHECK(sasl_server_is_known(r.server));
	sasl_server_offer(r.server, &cfg, false, out);
	CHECK_SPAN(span_of(out), "PLAIN LOGIN");
	CHECK(sasl_server_offers(r.server, &cfg, false, SPAN("login")));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		unsigned id;

		CHECK_ROW(rows[i].name);
		a = begin(&r, "PLAIN", i == 0 ? "YWJj" : "");
		id = id_of(&r, "AUTH\t");
		if (i == 0)
			CHECK(strstr(r.line,
				     "\tPLAIN\tservice=smtp\tnologin\trip="
				     "192.0.2.1\trport=4321\tsecured\t"
				     "resp=YWJj\n") != NULL);
		say_id(&r, "OK", id + 1, "\tuser=somebody-else");
		say_id(&r, rows[i].word, id, rows[i].rest);
		check_answer(&r, a, rows[i].outcome, rows[i].text,
			     rows[i].user);
		sasl_auth_close(&a);
	}
	rig_close(&r);
}

/* Challenges; an exchange that its client leaves, at home or away. */
static void
test_more(void)
{
	struct sasl_auth *a;
	struct rig r;
	unsigned id;

	CHECK_ROW("challenge");
	rig_open(&r, true);
	fake_accept(&r, HELLO);
	a = begin(&r, "LOGIN", NULL);
	id = id_of(&r, "AUTH\t");
	CHECK(strstr(r.line, "resp=") == NULL);
	say_id(&r, "CONT", id, "\tVXNlcm5hbWU6");
	check_answer(&r, a, SASL_MORE, "VXNlcm5hbWU6", "");
	must(sasl_auth_go_on(a, SPAN("am9l")));
	CHECK(id_of(&r, "CONT\t") == id);
	CHECK(strstr(r.line, "\tam9l\n") != NULL);
	/* Without a reason the challenge stands for it. */
	say_id(&r, "FAIL", id, "\tuser=joe");
	check_answer(&r, a, SASL_FAIL, "VXNlcm5hbWU6", "joe");
	sasl_auth_close(&a);

	CHECK_ROW("left at home");
	a = begin(&r, "LOGIN", NULL);
	id = id_of(&r, "AUTH\t");
	say_id(&r, "CONT", id, "\t");
	check_answer(&r, a, SASL_MORE, "", "");
	sasl_auth_close(&a);
	CHECK(id_of(&r, "CANCEL\t") == id);
	CHECK(reap(&r) == NULL);

	CHECK_ROW("left while away");
	a = begin(&r, "LOGIN", NULL);
	id = id_of(&r, "AUTH\t");
	sasl_auth_close(&a);
	say_id(&r, "CONT", id, "\t");
	CHECK(id_of(&r, "CANCEL\t") == id);
	CHECK(reap(&r) == NULL);

	CHECK_ROW("the server has lost patience");
	a = begin(&r, "LOGIN", NULL);
	id = id_of(&r, "AUTH\t");
	say_id(&r, "CONT", id, "\t");
	check_answer(&r, a, SASL_MORE, "", "");
	say_id(&r, "FAIL", id, "\treason=too slow");
	say_id(&r, "FAIL", id, "\treason=too slow");
	sasl_auth_close(&a);
	a = begin(&r, "PLAIN", "");
	/* Whether it is told that nobody waits depends on who was first. */
	if (strncmp(fake_read(&r), "CANCEL\t", 7) == 0)
		(void)fake_read(&r);
	CHECK(strncmp(r.line, "AUTH\t", 5) == 0);
	id = (unsigned)strtoul(r.line + 5, NULL, 10);
	say_id(&r, "OK", id, "\tuser=x");
	check_answer(&r, a, SASL_OK, "", "x");
	sasl_auth_close(&a);
	CHECK(reap(&r) == NULL);
	rig_close(&r);
}

/* --- servers that go --- */

static void
test_gone(void)
{
	struct sasl_auth *first, *next;
	struct rig r;
	unsigned id;

	CHECK_ROW("gone in the middle");
	rig_open(&r, true);
	fake_accept(&r, HELLO);
	next = begin(&r, "LOGIN", NULL);
	id = id_of(&r, "AUTH\t");
	say_id(&r, "CONT", id, "\t");
	check_answer(&r, next, SASL_MORE, "", "");
	first = begin(&r, "PLAIN", "YWJj");
	(void)id_of(&r, "AUTH\t");
	fake_hang_up(&r);
	fake_accept(&r, HELLO);
	CHECK_ROW("asked again");
	id = id_of(&r, "AUTH\t");
	say_id(&r, "OK", id, "\tuser=again");
	check_answer(&r, first, SASL_OK, "", "again");
	sasl_auth_close(&first);
	CHECK_ROW("another connection knows nothing of it");
	must(sasl_auth_go_on(next, SPAN("am9l")));
	check_answer(&r, next, SASL_TEMP, LOST, "");
	sasl_auth_close(&next);
	CHECK_ROW("not asked a third time");
	first = begin(&r, "PLAIN", "YWJj");
	(void)id_of(&r, "AUTH\t");
	fake_hang_up(&r);
	fake_accept(&r, HELLO);
	(void)id_of(&r, "AUTH\t");
	fake_hang_up(&r);
	check_answer(&r, first, SASL_TEMP, LOST, "");
	sasl_auth_close(&first);
	CHECK_ROW("gone for good");
	close(r.listener);
	r.listener = -1;
	first = begin(&r, "PLAIN", "YWJj");
	check_answer(&r, first, SASL_TEMP, NO_WAY, "");
	sasl_auth_close(&first);
	CHECK(sasl_server_offers(r.server, &cfg, false, SPAN("PLAIN")));
	rig_close(&r);
}

static void
test_odd_servers(void)
{
	static const struct {
		const char *name, *hello;
	} odd[] = {
		{ "another version", "VERSION\t2\t0\n" },
		{ "another protocol", "MECH\t?\n" },
		{ "an early answer", "OK\tx\n" },
	};
	struct sasl_auth *a;
	struct rig r;

	for (size_t i = 0; i < ARRAY_N(odd); i++) {
		CHECK_ROW(odd[i].name);
		rig_open(&r, true);
		a = begin(&r, "PLAIN", "");
		wait_readable(r.listener);
		r.fd = accept4(r.listener, NULL, NULL, SOCK_CLOEXEC);
		must(r.fd >= 0);
		r.lines = fdopen(dup(r.fd), "r");
		fake_say(&r, odd[i].hello);
		/* Whether it is asked before or after: there is no second. */
		close(r.listener);
		r.listener = -1;
		check_answer(&r, a, SASL_TEMP, NO_WAY, "");
		sasl_auth_close(&a);
		rig_close(&r);
	}
	CHECK_ROW("nobody there");
	rig_open(&r, false);
	a = sasl_auth_new(r.sasl, 0, r.server, &r);
	sasl_auth_wait(a);
	CHECK(reap(&r) == &r);
	CHECK(sasl_auth_answer(a).outcome == SASL_NOTHING);
	sasl_auth_close(&a);
	CHECK(sasl_server_is_known(r.server));
	CHECK(!sasl_server_offers(r.server, &cfg, false, SPAN("PLAIN")));
	sasl_want(r.sasl, NULL, 0, &r.diag);
	a = begin(&r, "PLAIN", "");
	check_answer(&r, a, SASL_TEMP, NO_WAY, "");
	sasl_auth_close(&a);
	rig_close(&r);
}

/* --- many at once --- */

#define MANY (3 * SASL_RING_MAX)

static void
test_many(void)
{
	static struct sasl_auth *all[MANY];
	unsigned ok_n = 0;
	struct rig r;

	CHECK_ROW("more than a ring takes");
	rig_open(&r, true);
	fake_accept(&r, HELLO);
	for (unsigned i = 0; i < MANY; i++) {
		all[i] = begin(&r, "PLAIN", "YWJj");
		all[i]->owner = &all[i];
	}
	CHECK(*sasl_busy(r.sasl, 0) == MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct sasl_auth **a;

		say_id(&r, "OK", id_of(&r, "AUTH\t"), "\tuser=x");
		a = reap(&r);
		CHECK(a != NULL && *a != NULL);
		ok_n += sasl_auth_answer(*a).outcome == SASL_OK;
		sasl_auth_close(a);
	}
	CHECK(ok_n == MANY && reap(&r) == NULL);
	CHECK_ROW("left in every place");
	for (unsigned i = 0; i < MANY; i++)
		all[i] = begin(&r, "PLAIN", "YWJj");
	for (unsigned i = 0; i < MANY; i++)
		sasl_auth_close(&all[i]);
	rig_close(&r);
}

static void
test_addresses(void)
{
	const char *bad[] = { "inet:nowhere", "inet::1", "inet:[::1]:x y" };
	const char *many[SASL_SERVERS_MAX + 1];
	char names[SASL_SERVERS_MAX + 1][32];
	struct diag diag;
	struct sasl *s;

	CHECK_ROW("addresses");
	diag_init(&diag);
	s = sasl_open(1, &diag);
	sasl_want(s, bad, ARRAY_N(bad), &diag);
	CHECK(diag.warnings_n == ARRAY_N(bad));
	CHECK(sasl_server_find(s, bad[0]) == NULL);
	for (unsigned i = 0; i <= SASL_SERVERS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "/nowhere/%u", i);
		many[i] = names[i];
	}
	sasl_want(s, many, ARRAY_N(many), &diag);
	CHECK(diag.warnings_n == ARRAY_N(bad) + 1);
	CHECK(sasl_server_find(s, many[SASL_SERVERS_MAX - 1]) != NULL);
	CHECK(sasl_server_find(s, many[SASL_SERVERS_MAX]) == NULL);
	sasl_close(&s);
	sasl_close(&s);
	diag_fini(&diag);
}

int
main(void)
{
	test_rows();
	test_more();
	test_gone();
	test_odd_servers();
	test_many();
	test_addresses();
	return check_end();
}
