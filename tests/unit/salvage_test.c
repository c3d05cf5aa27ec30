/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The repair of a queue: what it says, what it keeps, and that a message whose
 * body is not whole is shown to an operator and never delivered.
 */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

#define MSGS_N	      20
#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

static uint64_t ids[MSGS_N];

static void
fill(struct fix *f)
{
	fix_init(f);
	CHECK(fix_open(f));
	for (unsigned i = 0; i < MSGS_N; i++)
		ids[i] = fix_put(f, 0, i, 70000, 1); /* two body records */
	fix_close(f);
}

static void
change(struct fix *f, void (*fn)(struct store *store))
{
	struct store_error error;
	struct store *store;
	char path[128];

	snprintf(path, sizeof(path), "%s/shard-0", f->dir);
	must(store_open(path, 1 << 20, STORE_EXISTING, &store, &error) == 0);
	store_batch_clear(store);
	fn(store);
	must(store_write(store, true, &error) == 0);
	must(store_flush(store, true, &error) == 0);
	store_close(&store);
}

static void
no_change(struct store *store)
{
	(void)store;
}

static void
lose_body(struct store *store)
{
	struct record_key key = record_key(ids[3], 2);

	store_delete_single(store, STORE_BODY, KEY_SPAN(key));
}

static void
spoil_body(struct store *store)
{
	struct record_key key = record_key(ids[3], 2);
	const struct span value = SPAN("\1b\0\0xxxxwrong");

	store_put(store, STORE_BODY, KEY_SPAN(key), &value, 1);
}

static void
lose_envelope(struct store *store)
{
	struct record_key key = record_key(ids[3], 0);

	store_delete_single(store, STORE_ENVELOPE, KEY_SPAN(key));
}

/* As a session leaves it that was cut off by a crash. */
static void
unfinished(struct store *store)
{
	struct record_key key = record_key(ids[3], 0);
	const struct span value = SPAN("mark");

	store_delete_single(store, STORE_ENVELOPE, KEY_SPAN(key));
	store_put(store, STORE_META, KEY_SPAN(key), &value, 1);
}

static void
lose_meta(struct store *store)
{
	store_delete(store, STORE_META, SPAN(RECORD_META_KEY));
}

static const struct {
	const char *name;
	void (*change)(struct store *store);
	unsigned kept_n, dead_n;
	const char *said;
} rows[] = {
	{ "nothing wrong", no_change, MSGS_N, 0,
	  "20 messages kept, 0 of them damaged and dead; 0 lost their" },
	{ "a body record is missing", lose_body, MSGS_N, 1,
	  "20 messages kept, 1 of them damaged and dead" },
	{ "a body record is damaged", spoil_body, MSGS_N, 1,
	  "20 messages kept, 1 of them damaged and dead" },
	{ "an envelope is missing", lose_envelope, MSGS_N - 1, 0,
	  "has lost its envelope: removed" },
	{ "a message was never finished", unfinished, MSGS_N - 1, 0,
	  "19 messages kept, 0 of them damaged and dead; 0 lost their" },
	{ "the numbers are missing", lose_meta, MSGS_N, 0,
	  "20 messages kept, 0 of them" },
};

static void
test_row(size_t i)
{
	struct queue_stats stats;
	struct queue_msg *m;
	char *said = NULL;
	size_t said_len = 0;
	unsigned n = 0;
	struct fix f;
	FILE *out;

	CHECK_ROW(rows[i].name);
	fill(&f);
	change(&f, rows[i].change);
	out = open_memstream(&said, &said_len);
	must(out != NULL);
	CHECK(queue_salvage(&f.cfg, out, &f.diag) == 0);
	fclose(out);
	CHECK(strstr(said, rows[i].said) != NULL);
	free(said);
	CHECK(fix_open(&f));
	stats = fix_stats(&f);
	CHECK(stats.dead_n == rows[i].dead_n);
	CHECK(stats.active_n == rows[i].kept_n - rows[i].dead_n);
	while (n < MSGS_N && (m = fix_take_due(&f, 0)) != NULL) {
		CHECK(fix_body_is_whole(f.q, m));
		CHECK(rows[i].dead_n == 0 || m->id != ids[3]);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		n++;
	}
	CHECK(n == rows[i].kept_n - rows[i].dead_n);
	/* Ids go on above all that were ever given. */
	CHECK(fix_put(&f, 0, 1, 1, 1) > ids[MSGS_N - 1]);
	fix_fini(&f);
	CHECK_ROW("");
}

static void
test_refused(void)
{
	struct fix f;

	fix_init(&f);
	CHECK(queue_salvage(&f.cfg, stderr, &f.diag) == EX_NOINPUT);
	CHECK(fix_open(&f));
	diag_fini(&f.diag);
	diag_init(&f.diag);
	CHECK(queue_salvage(&f.cfg, stderr, &f.diag) == EX_TEMPFAIL);
	fix_fini(&f);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i);
	test_refused();
	return check_end();
}
