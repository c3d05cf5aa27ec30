/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of sockets: idle ones, rates, time-outs, refusals, reuse. */
#include "bench/load_run.h"
#include "tests/unit/check.h"
#include "tests/unit/sink.h"

#include <signal.h>

static struct load_result result;
static struct message_gen gen;

static struct sink *
start(struct load_cfg *cfg, bool is_mute, bool is_refusing)
{
	struct sink *sink = sink_open(&(struct sink) {
		.is_mute = is_mute, .is_refusing = is_refusing });

	*cfg = (struct load_cfg) { .gen = &gen,
				   .helo = "me",
				   .threads_n = 1,
				   .connections_n = 1,
				   .messages_n = 10,
				   .duration_us = LOAD_NO_LIMIT,
				   .timeout_us = 30000000 };
	memcpy(&cfg->to, &sink->addr, sizeof(sink->addr));
	cfg->to_len = sizeof(sink->addr);
	return sink;
}

/* Idle connections stay until the messages are through. */
static void
test_idle(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, false, false);

	CHECK_ROW("idle beside busy");
	cfg.idle_n = 20;
	cfg.messages_n = 3000; /* long enough for all of them to connect */
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.acked_n == 3000);
	CHECK(result.stats.idle_open_n == 20);
	CHECK(result.stats.idle_lost_n == 0);
	CHECK(result.stats.conns_lost_n == 0);
	sink_close(sink);
}

static void
test_idle_alone(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, false, false);

	CHECK_ROW("idle alone");
	cfg.idle_n = 20;
	cfg.connections_n = 0;
	cfg.messages_n = 0;
	cfg.duration_us = 300000;
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.idle_open_n == 20);
	CHECK(result.elapsed_us >= 300000);
	CHECK(atomic_load(&sink->conns_n) == 20);
	sink_close(sink);
}

/* A rate bounds from above; how fast the machine is does not matter. */
static void
test_rate(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, false, false);

	CHECK_ROW("rate");
	cfg.connections_n = 4;
	cfg.messages_n = 40;
	cfg.rate = 100;
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.acked_n == 40);
	CHECK(result.acked_us >= 380000);
	sink_close(sink);
}

static void
test_reuse(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, false, false);

	CHECK_ROW("reuse");
	cfg.messages_n = 12;
	cfg.reuse_n = 5;
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.acked_n == 12);
	CHECK(result.stats.connects_n == 3);
	CHECK(result.stats.session.n == 3);
	sink_close(sink);
}

/* A server that accepts and says nothing. */
static void
test_timeout(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, true, false);

	CHECK_ROW("timeout");
	cfg.timeout_us = 100000;
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.timeouts_n == 5);
	CHECK(result.stats.acked_n == 0);
	sink_close(sink);
}

static void
test_refusing(void)
{
	struct load_cfg cfg;
	struct sink *sink = start(&cfg, false, true);

	CHECK_ROW("554 for a greeting");
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.permanent_n == 5);
	CHECK(result.stats.acked_n == 0);
	CHECK(result.stats.kinds_n == 1);
	CHECK(result.stats.kinds[0].phase == LOAD_GREETING);
	sink_close(sink);
}

int
main(void)
{
	struct message_cfg cfg = { .run_id = "0123456789abcdef",
				   .from = "a@b",
				   .domain = "d",
				   .mailbox_format = "u%u",
				   .size_min = 600,
				   .size_max = 600,
				   .mailboxes_n = 1,
				   .rcpts_n = 1 };
	const char *why;

	signal(SIGPIPE, SIG_IGN);
	must(message_gen_open(&gen, &cfg, &why) == 0);
	test_idle();
	test_idle_alone();
	test_rate();
	test_reuse();
	test_timeout();
	test_refusing();
	message_gen_close(&gen);
	return check_end();
}
