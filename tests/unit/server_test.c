/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy servers' thread: pauses, crowds, servers that come and go. */
#include "tests/unit/server_rig.h"

#define OK "=action=OK\n\n"

static void
test_start_and_stop(void)
{
	struct servers *servers = NULL;
	struct diag diag;

	CHECK_ROW("nothing asked");
	servers_close(&servers);
	diag_init(&diag);
	for (unsigned n = 1; n < 5; n++) {
		servers = servers_open(n, &diag);
		CHECK(servers != NULL);
		for (unsigned i = 0; i < n; i++)
			CHECK(servers_source(servers, i)->wake_fd >= 0);
		servers_close(&servers);
	}
	diag_fini(&diag);
}

static void
test_pause(void)
{
	static const char *const plan[] = { OK, NULL };
	uint64_t begin_us = clock_now_us();
	struct rig r;

	CHECK_ROW("a pause lasts");
	rig_open(&r, plan);
	must(server_pause(r.all, &r.pins, 30000, &r));
	RIG_UNTIL(&r, lookups_next(r.all) == &r);
	CHECK(clock_now_us() - begin_us >= 30000);
	CHECK(r.requests_n == 0);
	rig_close(&r);
}

/* More questions than connections: the rest waits for its turn. */
static void
test_crowd(void)
{
	static const char *const plan[] = { OK, NULL };
	struct lookup_pins pins[SERVER_CONNS_MAX * 3] = { 0 };
	unsigned n = ARRAY_N(pins), done_n = 0;
	struct rig r;

	CHECK_ROW("a crowd");
	rig_open(&r, plan);
	for (unsigned i = 0; i < n; i++) {
		pins[i].owner = &pins[i];
		must(server_ask(r.all, &pins[i], r.def, SPAN("a=b\n\n"), &r));
	}
	while (done_n < n) {
		struct lookup_pins *p;

		RIG_UNTIL(&r, (p = lookups_next(r.all)) != NULL);
		p->pass_n++;
		CHECK(server_find(p, &r)->is_ok);
		lookup_pins_drop(r.all, p);
		done_n++;
	}
	CHECK(r.requests_n == n);
	CHECK(r.accepts_n <= SERVER_CONNS_MAX);
	rig_close(&r);
}

/* All connections hang: who waits for one gives up too. */
static void
test_busy(void)
{
	static const char *const plan[] = { "-", NULL };
	struct lookup_pins pins[SERVER_CONNS_MAX + 5] = { 0 };
	unsigned n = ARRAY_N(pins);
	struct rig r;

	CHECK_ROW("all busy");
	rig_open(&r, plan);
	r.def->timeout_us = 100000;
	r.def->try_limit = 1;
	for (unsigned i = 0; i < n; i++) {
		pins[i].owner = &pins[i];
		must(server_ask(r.all, &pins[i], r.def, SPAN("a=b\n\n"), &r));
	}
	for (unsigned i = 0; i < n; i++) {
		struct lookup_pins *p;

		RIG_UNTIL(&r, (p = lookups_next(r.all)) != NULL);
		p->pass_n++;
		CHECK(!server_find(p, &r)->is_ok);
		lookup_pins_drop(r.all, p);
	}
	rig_close(&r);
}

/* A reload's server with the same settings keeps the old connection. */
static void
test_reload(void)
{
	static const char *const plan[] = { OK, NULL };
	struct server_def *next;
	struct rig r;

	CHECK_ROW("reload");
	rig_open(&r, plan);
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	next = server_def_open(span_of(r.def->name), "/", &r.diag);
	must(next != NULL);
	next->timeout_us = r.def->timeout_us;
	next->max_idle_us = r.def->max_idle_us;
	next->max_ttl_us = r.def->max_ttl_us;
	next->retry_delay_us = r.def->retry_delay_us;
	next->try_limit = r.def->try_limit;
	lookup_pins_drop(r.all, &r.pins);
	server_def_put(&r.def);
	r.def = next;
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK(r.accepts_n == 1);

	CHECK_ROW("reload with another setting");
	next = server_def_open(span_of(r.def->name), "/", &r.diag);
	must(next != NULL);
	next->timeout_us = next->max_idle_us = next->max_ttl_us = RIG_WAIT_US;
	next->request_limit = 7;
	next->try_limit = 1;
	lookup_pins_drop(r.all, &r.pins);
	server_def_put(&r.def);
	r.def = next;
	CHECK(rig_ask(&r, "a=b\n\n")->is_ok);
	CHECK(r.accepts_n == 2);
	rig_close(&r);
}

int
main(void)
{
	test_start_and_stop();
	test_pause();
	test_crowd();
	test_busy();
	test_reload();
	return check_end();
}
