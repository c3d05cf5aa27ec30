/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a crash leaves in the journal is there after the next start, once; what
 * was removed is not; what is damaged is said, and salvaged.
 */
#include "tests/unit/queue_fixture.h"

static struct fix f;

struct plan {
	unsigned put_n, bytes, sent_n, deferred_n;
	bool is_seen; /* an operator looked: all is in the database, too */
};

static bool
ignore(void *arg, const struct queue_entry *entry)
{
	return true;
}

static void
run(struct fix *fix, void *arg)
{
	const struct plan *plan = arg;

	CHECK(fix_open(fix));
	for (unsigned i = 0; i < plan->put_n; i++)
		CHECK(fix_put(fix, 0, i, plan->bytes, 1) != 0);
	if (plan->is_seen)
		CHECK(queue_walk(fix->q, ignore, NULL) == 0);
	for (unsigned i = 0; i < plan->sent_n + plan->deferred_n; i++) {
		struct queue_msg *m = fix_take(fix);
		uint64_t id = m->id;

		fix_settle(fix, m,
			   i < plan->sent_n ? QUEUE_RCPT_SENT
					    : QUEUE_RCPT_DEFERRED,
			   "4.0.0 later");
		FIX_SOON(fix, !FIX_IS_KNOWN(fix, id));
	}
}

static void
only_open(struct fix *fix, void *arg)
{
	CHECK(fix_open(fix));
}

/* All that is there, in the order of its age, from seed `from` on. */
static unsigned
drain(unsigned from)
{
	struct queue_msg *m;
	unsigned n = 0;

	while ((m = fix_take_due(&f, 0)) != NULL) {
		CHECK(fix_seed(m) == from + n && m->is_recovered);
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		n++;
	}
	FIX_SOON(&f, fix_stats(&f).settled_n == n);
	return n;
}

static const struct {
	const char *name;
	struct plan plan;
	unsigned starts; /* that crash at once */
} rows[] = {
	{ "nothing", { 0, 0, 0, 0, false }, 0 },
	{ "all of it", { 40, 3000, 0, 0, false }, 0 },
	{ "empty bodies", { 5, 0, 0, 0, false }, 0 },
	{ "several pieces", { 9, 200000, 0, 0, false }, 0 },
	{ "some were delivered", { 40, 3000, 15, 0, false }, 0 },
	{ "all were", { 40, 3000, 40, 0, false }, 0 },
	{ "some wait", { 40, 3000, 15, 5, false }, 0 },
	{ "some wait, and all were seen", { 40, 3000, 15, 5, true }, 0 },
	{ "all were seen", { 40, 3000, 0, 0, true }, 0 },
	{ "and then delivered", { 40, 3000, 40, 0, true }, 0 },
	{ "the start was stopped, too", { 40, 3000, 15, 5, false }, 3 },
	{ "... of what was seen", { 40, 3000, 15, 5, true }, 3 },
};

static void
test_row(struct fix *none, void *arg)
{
	size_t i = *(size_t *)arg;
	const struct plan *plan = &rows[i].plan;
	unsigned left = plan->put_n - plan->sent_n - plan->deferred_n;

	CHECK_ROW(rows[i].name);
	fix_init(&f);
	f.cfg.journal_bytes_max = 8 << 20;
	CHECK(fix_in_child(&f, run, (void *)plan));
	for (unsigned k = 0; k < rows[i].starts; k++)
		CHECK(fix_in_child(&f, only_open, NULL));
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == left);
	CHECK(fix_stats(&f).deferred_n == plan->deferred_n);
	CHECK(drain(plan->sent_n + plan->deferred_n) == left);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 0);
	CHECK(fix_stats(&f).deferred_n == plan->deferred_n);
	fix_fini(&f);
	CHECK_ROW("");
}

static void
journal_path(char path[128])
{
	snprintf(path, 128, "%s/shard-0/" JOURNAL_FILE, f.dir);
}

/* Turned off: it goes once, and its file. */
static void
test_off(struct fix *none, void *arg)
{
	struct plan plan = { 10, 3000, 0, 0, false };
	char path[128];

	fix_init(&f);
	f.cfg.journal_bytes_max = 8 << 20;
	CHECK(fix_in_child(&f, run, &plan));
	f.cfg.journal_bytes_max = 0;
	CHECK(fix_open(&f));
	journal_path(path);
	CHECK(access(path, F_OK) != 0);
	CHECK(fix_stats(&f).active_n == 10 && drain(0) == 10);
	fix_fini(&f);
}

/* No id is given twice, though the clock goes back: the journal has them. */
static void
test_ids(struct fix *none, void *arg)
{
	struct queue_msg *m;
	uint64_t id;

	fix_init(&f);
	f.cfg.journal_bytes_max = 8 << 20;
	CHECK(fix_open(&f));
	f.q->ports[0].stamp_us += 86400 * US_PER_SEC;
	id = fix_put(&f, 0, 1, 100, 1);
	CHECK(drain(1) == 0);
	m = fix_take(&f);
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	FIX_SOON(&f, fix_stats(&f).settled_n == 1);
	fix_close(&f);
	for (unsigned i = 0; i < 3; i++) {
		CHECK(fix_open(&f));
		m = queue_msg_new(f.q, 0);
		CHECK(m->id > id);
		queue_msg_drop(f.q, &m);
		fix_close(&f);
	}
	fix_fini(&f);
}

static void
test_damaged(struct fix *none, void *arg)
{
	struct plan plan = { 20, 6000, 0, 0, false };
	char path[128], *said = NULL;
	size_t said_len;
	FILE *out;

	fix_init(&f);
	f.cfg.journal_bytes_max = 8 << 20;
	CHECK(fix_in_child(&f, run, &plan));
	journal_path(path);
	fix_damage(path, 10 * 8192); /* in the batch of the tenth or so */
	f.q = queue_open(&f.cfg, &f.diag);
	CHECK(f.q == NULL && f.diag.exit_code == EX_DATAERR);
	CHECK(f.diag.errors_n == 1);
	CHECK(strstr(f.diag.first->text, "journal: damaged at byte "));
	CHECK(strstr(f.diag.first->text, "penstock queue salvage"));
	diag_fini(&f.diag);
	diag_init(&f.diag);
	out = open_memstream(&said, &said_len);
	CHECK(queue_salvage(&f.cfg, out, &f.diag) == 0);
	fclose(out);
	CHECK(strstr(said, "1 of 20 batches lost, 19 messages taken"));
	free(said);
	CHECK(access(path, F_OK) != 0);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 19);
	for (unsigned i = 0; i < 19; i++) {
		struct queue_msg *m = fix_take_due(&f, FIX_WAIT_US);

		must(m != NULL);
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	fix_fini(&f);
}

/* A sound one is salvaged like all else. */
static void
test_salvaged(struct fix *none, void *arg)
{
	struct plan plan = { 20, 6000, 0, 0, false };
	FILE *out;

	fix_init(&f);
	f.cfg.journal_bytes_max = 8 << 20;
	CHECK(fix_in_child(&f, run, &plan));
	out = fopen("/dev/null", "w");
	CHECK(queue_salvage(&f.cfg, out, &f.diag) == 0);
	fclose(out);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == 20 && drain(0) == 20);
	fix_fini(&f);
}

/* A test forks, and only a process without threads may. */
int
main(void)
{
	void (*const tests[])(struct fix *, void *) = { test_off, test_ids,
							test_salvaged,
							test_damaged };
	struct fix none = { 0 };

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		CHECK(fix_in_child(&none, test_row, &i));
	}
	CHECK_ROW("");
	for (size_t i = 0; i < ARRAY_N(tests); i++)
		CHECK(fix_in_child(&none, tests[i], NULL));
	return check_end();
}
