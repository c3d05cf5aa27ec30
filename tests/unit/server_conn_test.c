/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy server that answers, or fails in every way that there is. */
#include "tests/unit/server_rig.h"

#include <sys/un.h>

#define OK "=action=OK\n\n"

static const struct {
	const char *name;
	const char *plan[5];
	const char *answer; /* NULL: nobody answered */
	unsigned requests_n, accepts_n;
} rows[] = {
	{ "answers", { OK }, "OK", 1, 1 },
	{ "closes after it", { "!action=OK\n\n" }, "OK", 1, 1 },
	{ "closes without one, twice", { "!" }, NULL, 2, 2 },
	{ "closes once", { "!", OK }, "OK", 2, 2 },
	{ "half a line", { "!action=O" }, NULL, 2, 2 },
	{ "no end", { "!action=OK\n", "=action=DUNNO\n\n" }, "DUNNO", 2, 2 },
	{ "nonsense", { "=nonsense\n\n" }, NULL, 2, 2 },
	{ "no action", { "=x=y\n\n", OK }, "OK", 2, 2 },
	{ "says too much", { "=action=OK\n\naction=REJECT\n\n" }, "OK", 1, 1 },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const struct server_ask *ask;
		struct rig r;

		CHECK_ROW(rows[i].name);
		rig_open(&r, rows[i].plan);
		ask = rig_ask(&r, "request=x\n\n");
		CHECK(ask->is_ok == (rows[i].answer != NULL));
		if (rows[i].answer != NULL)
			CHECK_SPAN(span_of(ask->answer), rows[i].answer);
		CHECK(r.requests_n == rows[i].requests_n);
		CHECK(r.accepts_n == rows[i].accepts_n);
		CHECK_SPAN(span_of(r.last), "request=x\n\n");
		rig_close(&r);
	}
}

static void
test_reuse(void)
{
	static const char *const plan[] = { OK, NULL };
	struct rig r;

	CHECK_ROW("one connection for all");
	rig_open(&r, plan);
	for (int i = 0; i < 20; i++)
		CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK(r.requests_n == 20 && r.accepts_n == 1);
	rig_close(&r);

	CHECK_ROW("request_limit");
	rig_open(&r, plan);
	r.def->request_limit = 4;
	for (int i = 0; i < 20; i++)
		CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK(r.requests_n == 20 && r.accepts_n == 5);
	rig_close(&r);

	CHECK_ROW("max_ttl");
	rig_open(&r, plan);
	r.def->max_ttl_us = 1;
	for (int i = 0; i < 5; i++) {
		CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
		RIG_UNTIL(&r, r.ends_n == (unsigned)i + 1);
	}
	CHECK(r.accepts_n == 5);
	rig_close(&r);

	CHECK_ROW("max_idle");
	rig_open(&r, plan);
	r.def->max_idle_us = 1;
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	RIG_UNTIL(&r, r.ends_n == 1);
	rig_close(&r);
}

/* What the server closed while nobody asked is no failed try. */
static void
test_old(void)
{
	static const char *const plan[] = { "!action=OK\n\n", OK, NULL };
	struct rig r;

	CHECK_ROW("an old connection");
	rig_open(&r, plan);
	r.def->try_limit = 1;
	for (int i = 0; i < 5; i++) {
		CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
		for (int c = 0; c < RIG_CONNS_MAX; c++)
			if (r.conns[c].fd >= 0)
				rig_hang_up(&r, &r.conns[c]);
	}
	CHECK(r.requests_n == 5 && r.accepts_n == 5);
	rig_close(&r);
}

static void
test_timeout(void)
{
	static const char *const plan[] = { "-", NULL };
	const struct server_ask *ask;
	struct rig r;

	CHECK_ROW("it hangs");
	rig_open(&r, plan);
	r.def->timeout_us = 50000;
	ask = rig_ask(&r, "a=b\n\n");
	CHECK(!ask->is_ok);
	CHECK(r.accepts_n <= 2);
	rig_close(&r);
}

static void
test_nobody(void)
{
	static const char *const plan[] = { OK, NULL };
	struct rig r;

	CHECK_ROW("connection refused");
	rig_open(&r, plan);
	rig_go_away(&r);
	CHECK(!rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK_ROW("no address");
	r.def->addrs_n = 0;
	CHECK(!rig_ask(&r, "a=b\n\n")->is_ok);
	rig_close(&r);
}

/* The second address is tried when the first refuses. */
static void
test_addresses(void)
{
	static const char *const plan[] = { OK, NULL };
	struct sockaddr_in *first;
	uint16_t port;
	struct rig r;
	int fd;

	CHECK_ROW("two addresses");
	rig_open(&r, plan);
	fd = rig_listen(&port);
	close(fd);
	r.def->addrs[1] = r.def->addrs[0];
	r.def->addrs_n = 2;
	first = (struct sockaddr_in *)&r.def->addrs[0].sa;
	first->sin_port = htons(port);
	r.def->try_limit = 1;
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK(r.accepts_n == 1);
	rig_close(&r);
}

static void
test_unix(void)
{
	static const char *const plan[] = { OK, NULL };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/server_conn.XXXXXX", name[64];
	struct rig r;

	CHECK_ROW("unix");
	must(mkdtemp(dir) != NULL);
	rig_open(&r, plan);
	server_def_put(&r.def);
	r.def = server_def_open(SPAN("unix:policy"), dir, &r.diag);
	must(r.def != NULL);
	r.def->timeout_us = r.def->max_idle_us = r.def->max_ttl_us =
		RIG_WAIT_US;
	r.def->retry_delay_us = 1000;
	r.def->try_limit = 2;
	CHECK(!rig_ask(&r, "a=b\n\n")->is_ok);
	close(r.listen_fd);
	snprintf(name, sizeof(name), "%s/policy", dir);
	strcpy(sa.sun_path, name);
	r.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(bind(r.listen_fd, (void *)&sa, sizeof(sa)) == 0);
	must(listen(r.listen_fd, 8) == 0);
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	rig_close(&r);
	must(unlink(name) == 0 && rmdir(dir) == 0);
}

/* More than a socket takes at once. */
static void
test_long(void)
{
	static const char *const plan[] = { OK, NULL };
	char text[8000];
	struct rig r;

	CHECK_ROW("a long question");
	rig_open(&r, plan);
	memset(text, 'x', sizeof(text));
	memcpy(text, "a=", 2);
	strcpy(text + sizeof(text) - 3, "\n\n");
	CHECK(rig_ask(&r, text)->is_ok);
	CHECK(strcmp(r.last, text) == 0);
	rig_close(&r);
}

int
main(void)
{
	test_rows();
	test_reuse();
	test_old();
	test_timeout();
	test_nobody();
	test_addresses();
	test_unix();
	test_long();
	return check_end();
}
