/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole runs against a sink that misbehaves: every message is settled once, and
 * the ledger has what the sink answered with 250, and nothing else.
 */
#include "bench/load_run.h"
#include "tests/unit/check.h"
#include "tests/unit/sink.h"

#include <errno.h>
#include <signal.h>

static const struct {
	const char *name;
	unsigned connections_n, threads_n;
	bool is_pipelined, is_retry, is_persist;
	unsigned defer_every, drop_every, drop_rcpt_every, reuse_n;
	uint64_t messages_n;
	uint64_t acked_n, deferred_n, doubt_n, unsent_n;
	bool is_all; /* ends only when messages_n are acknowledged */
} rows[] = {
	{ "in order", 4, 1, false, false, false, 0, 0, 0, 0, 500, 500, 0, 0, 0,
	  true },
	{ "pipelined, threads", 4, 2, true, false, false, 0, 0, 0, 0, 500, 500,
	  0, 0, 0, true },
	{ "more connections than messages", 9, 1, false, false, false, 0, 0, 0,
	  0, 3, 3, 0, 0, 0, true },
	{ "one message a connection", 4, 1, true, false, false, 0, 0, 0, 1, 50,
	  50, 0, 0, 0, true },
	{ "deferred", 2, 1, true, false, false, 10, 0, 0, 0, 100, 90, 10, 0, 0,
	  false },
	{ "lost in doubt", 2, 1, true, false, false, 0, 10, 0, 0, 100, 90, 0,
	  10, 0, false },
	{ "lost before the data", 1, 1, false, false, false, 0, 0, 10, 0, 100,
	  90, 0, 0, 10, false },
	{ "tried again", 3, 1, true, true, false, 3, 0, 0, 0, 60, 60, 29, 0, 0,
	  true },
	{ "persistent", 3, 2, true, true, true, 5, 7, 0, 3, 60, 60, 0, 0, 0,
	  true },
};

static struct load_result result;

static uint64_t
ledger_check(const char *path, struct sink *sink)
{
	static struct ledger_entry e;
	static unsigned char seen[SINK_SEQS_MAX];
	struct ledger_reader r;
	uint64_t n = 0;

	memset(seen, 0, sizeof(seen));
	CHECK(ledger_reader_open(&r, path) == 0);
	CHECK(ledger_read(&r, &e) == LEDGER_RUN);
	while (ledger_read(&r, &e) == LEDGER_OK) {
		must(e.seq < SINK_SEQS_MAX);
		CHECK(!seen[e.seq]);
		seen[e.seq] = 1;
		CHECK(atomic_load(&sink->acked[e.seq]));
		n++;
	}
	ledger_reader_close(&r);
	return n;
}

static void
cfg_fill(struct load_cfg *cfg, const struct message_gen *gen,
	 const struct sink *sink)
{
	*cfg = (struct load_cfg) { .gen = gen,
				   .helo = "me",
				   .threads_n = 1,
				   .messages_n = LOAD_NO_LIMIT,
				   .duration_us = LOAD_NO_LIMIT,
				   .timeout_us = 30000000 };
	memcpy(&cfg->to, &sink->addr, sizeof(sink->addr));
	cfg->to_len = sizeof(sink->addr);
}

static void
test_row(size_t i, const struct message_gen *gen, const char *path)
{
	struct sink *sink = sink_open(&(struct sink) {
		.defer_every = rows[i].defer_every,
		.drop_every = rows[i].drop_every,
		.drop_rcpt_every = rows[i].drop_rcpt_every,
	});
	struct load_stats *s = &result.stats;
	struct load_cfg cfg;

	CHECK_ROW(rows[i].name);
	cfg_fill(&cfg, gen, sink);
	cfg.connections_n = rows[i].connections_n;
	cfg.threads_n = rows[i].threads_n;
	cfg.messages_n = rows[i].messages_n;
	cfg.reuse_n = rows[i].reuse_n;
	cfg.is_pipelined = rows[i].is_pipelined;
	cfg.is_retry = rows[i].is_retry;
	cfg.is_persist = rows[i].is_persist;
	must(ledger_open(path, &gen->cfg, &cfg.ledger) == 0);
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(ledger_close(&cfg.ledger) == 0);
	CHECK(s->acked_n == rows[i].acked_n);
	CHECK(s->acked_n == atomic_load(&sink->acked_n));
	CHECK(s->end.n == s->acked_n);
	CHECK(s->wrong_n == 0);
	if (!rows[i].is_persist) {
		CHECK(s->deferred_n == rows[i].deferred_n);
		CHECK(s->doubt_n == rows[i].doubt_n);
		CHECK(s->unsent_n == rows[i].unsent_n);
	}
	if (!rows[i].is_all)
		CHECK(s->acked_n + s->deferred_n + s->doubt_n + s->unsent_n ==
		      rows[i].messages_n);
	CHECK(ledger_check(path, sink) == rows[i].acked_n);
	unlink(path);
	sink_close(sink);
}

/* Nobody there: it gives up, and says why. */
static void
test_refused(const struct message_gen *gen)
{
	struct sink *sink = sink_open(&(struct sink) { 0 });
	struct load_cfg cfg;

	CHECK_ROW("nobody there");
	cfg_fill(&cfg, gen, sink);
	sink_close(sink);
	cfg.connections_n = 2;
	cfg.messages_n = 10;
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.stats.connects_n == 0);
	CHECK(result.stats.connects_failed_n > 0);
	CHECK(result.stats.connect_errno == ECONNREFUSED);
	CHECK(result.stats.acked_n == 0);
}

/* SIGTERM ends an endless run in order. */
static void
test_signal(const struct message_gen *gen)
{
	struct sink *sink = sink_open(&(struct sink) { 0 });
	struct load_cfg cfg;

	CHECK_ROW("signal");
	cfg_fill(&cfg, gen, sink);
	cfg.connections_n = 2;
	cfg.idle_n = 3;
	must(ledger_open("/dev/null", &gen->cfg, &cfg.ledger) == 0);
	kill(getpid(), SIGTERM); /* blocked: waits for the run */
	CHECK(load_run(&cfg, &result) == 0);
	CHECK(result.is_interrupted);
	CHECK(ledger_close(&cfg.ledger) == 0);
	CHECK(result.stats.acked_n == atomic_load(&sink->acked_n));
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
				   .size_max = 9000,
				   .mailboxes_n = 3,
				   .rcpts_n = 1 };
	char folder[] = "/tmp/load-test-XXXXXX", path[64];
	struct message_gen gen;
	const char *why;

	signal(SIGPIPE, SIG_IGN);
	load_signals_block();
	must(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/ledger", folder);
	must(message_gen_open(&gen, &cfg, &why) == 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i, &gen, path);
	test_refused(&gen);
	test_signal(&gen);
	message_gen_close(&gen);
	rmdir(folder);
	return check_end();
}
