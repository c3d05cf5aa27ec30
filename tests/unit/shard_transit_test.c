/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail in transit: the database sees what stays and nothing else; what the
 * journal has is not lost, and does not come back.
 */
#include "tests/unit/queue_fixture.h"

static struct fix f;

static void
begin(uint64_t journal_bytes)
{
	fix_init(&f);
	f.cfg.journal_bytes_max = journal_bytes;
	CHECK(fix_open(&f));
}

static struct shard *
shard(void)
{
	return &f.q->shards[0];
}

static uint64_t
transit_n(void)
{
	return atomic_load(&shard()->transit_n);
}

static void
reopen(void)
{
	fix_close(&f);
	CHECK(fix_open(&f));
}

/* Everything that is there, each whole and once; then it is delivered. */
static unsigned
drain(void)
{
	unsigned n = 0;
	struct queue_msg *m;

	while ((m = fix_take_due(&f, 0)) != NULL) {
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		n++;
	}
	return n;
}

static void
test_delivered(void)
{
	uint64_t seq;

	begin(4 << 20);
	seq = store_sequence(shard()->store);
	for (unsigned i = 0; i < 60; i++) {
		struct queue_msg *m;

		CHECK(fix_put(&f, 0, i, i * 211, 1) != 0);
		CHECK(fix_stats(&f).active_n == 1 && transit_n() == 1);
		m = fix_take(&f);
		must(m != NULL);
		CHECK(fix_seed(m) == i && fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		FIX_SOON(&f, fix_stats(&f).settled_n == i + 1);
		CHECK(fix_stats(&f).active_n == 0 && transit_n() == 0);
		CHECK(fix_stats(&f).memory_bytes == 0);
	}
	CHECK(store_sequence(shard()->store) == seq);
	reopen();
	CHECK(drain() == 0 && fix_stats(&f).active_n == 0);
	fix_fini(&f);
}

static void
test_deferred(void)
{
	struct queue_msg *m;
	uint64_t id;

	begin(4 << 20);
	id = fix_put(&f, 0, 7, 70000, 2);
	m = fix_take(&f);
	fix_settle(&f, m, QUEUE_RCPT_DEFERRED, "4.2.0 not now");
	FIX_SOON(&f, !FIX_IS_KNOWN(&f, id));
	CHECK(fix_stats(&f).deferred_n == 1 && fix_stats(&f).active_n == 0);
	CHECK(transit_n() == 0);
	reopen();
	CHECK(fix_stats(&f).deferred_n == 1);
	CHECK(queue_operate(f.q, id, QUEUE_OP_REQUEUE) == 0);
	m = fix_take_due(&f, FIX_WAIT_US);
	CHECK(m != NULL && m->id == id && fix_body_is_whole(f.q, m));
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	FIX_SOON(&f, fix_stats(&f).settled_n == 1);
	reopen();
	CHECK(drain() == 0);
	fix_fini(&f);
}

static bool
count(void *arg, const struct queue_entry *entry)
{
	CHECK(entry->env->len > 0 && entry->state == QUEUE_ACTIVE);
	(*(unsigned *)arg)++;
	return true;
}

static bool
add(void *arg, struct span piece)
{
	*(uint64_t *)arg += piece.len;
	return true;
}

static void
test_seen(void)
{
	unsigned n = 0;
	uint64_t id, bytes = 0;

	begin(4 << 20);
	for (unsigned i = 0; i < 10; i++)
		id = fix_put(&f, 0, i, 1000 * i, 1);
	CHECK(transit_n() == 10);
	CHECK(queue_walk(f.q, count, &n) == 0 && n == 10);
	CHECK(transit_n() == 0 && fix_stats(&f).active_n == 10);
	id = fix_put(&f, 0, 10, 5000, 1);
	CHECK(queue_read(f.q, id, add, &bytes) == 0 && bytes == 5000);
	id = fix_put(&f, 0, 11, 5000, 1);
	n = 0;
	CHECK(queue_find(f.q, id, count, &n) == 0 && n == 1);
	CHECK(fix_stats(&f).active_n == 12);
	/* In the database now, and still delivered from memory. */
	for (unsigned i = 0; i < 12; i++) {
		struct queue_msg *m = fix_take(&f);

		CHECK(m->body != NULL || m->body_bytes == 0);
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	FIX_SOON(&f, fix_stats(&f).settled_n == 12);
	CHECK(fix_stats(&f).memory_bytes == 0);
	reopen();
	CHECK(drain() == 0);
	fix_fini(&f);
}

static void
test_operated(void)
{
	uint64_t held, deleted, left;

	begin(4 << 20);
	held = fix_put(&f, 0, 1, 4000, 1);
	deleted = fix_put(&f, 0, 2, 4000, 1);
	left = fix_put(&f, 0, 3, 4000, 1);
	CHECK(queue_operate(f.q, held, QUEUE_OP_HOLD) == 0);
	CHECK(queue_operate(f.q, deleted, QUEUE_OP_DELETE) == 0);
	CHECK(fix_stats(&f).held_n == 1 && fix_stats(&f).active_n == 1);
	reopen();
	CHECK(fix_stats(&f).held_n == 1 && fix_stats(&f).active_n == 1);
	CHECK(queue_operate(f.q, deleted, QUEUE_OP_HOLD) == -ENOENT);
	CHECK(queue_operate(f.q, held, QUEUE_OP_DELETE) == 0);
	CHECK(queue_operate(f.q, left, QUEUE_OP_DELETE) == 0);
	reopen();
	CHECK(drain() == 0 && fix_stats(&f).active_n == 0);
	fix_fini(&f);
}

/* One that is not delivered for long must not stop the others' journal. */
static void
test_stuck(void)
{
	struct queue_msg *stuck;

	begin(JOURNAL_BYTES_MIN);
	CHECK(fix_put(&f, 0, 9999, 30000, 1) != 0);
	stuck = fix_take(&f);
	for (unsigned i = 0; i < 600; i++) {
		struct queue_msg *m;

		CHECK(fix_put(&f, 0, i, 10000, 1) != 0);
		m = fix_take(&f);
		must(m != NULL);
		CHECK(fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(shard()->journal != NULL && transit_n() < 300);
	CHECK(journal_bytes(shard()->journal) <= JOURNAL_BYTES_MIN);
	CHECK(fix_body_is_whole(f.q, stuck));
	fix_settle(&f, stuck, QUEUE_RCPT_SENT, "");
	FIX_SOON(&f, fix_stats(&f).settled_n == 601);
	CHECK(fix_stats(&f).active_n == 0 && fix_stats(&f).memory_bytes == 0);
	reopen();
	CHECK(drain() == 0);
	fix_fini(&f);
}

/* Nobody delivers: the journal is full, and mail is taken all the same. */
static void
test_backlog(void)
{
	struct queue_msg *m;

	begin(JOURNAL_BYTES_MIN);
	for (unsigned i = 0; i < 400; i++)
		CHECK(fix_put(&f, 0, i, 10000, 1) != 0);
	CHECK(fix_stats(&f).active_n == 400);
	CHECK(transit_n() > 0 && transit_n() < 200);
	for (unsigned i = 0; i < 400; i++) {
		m = fix_take(&f);
		must(m != NULL);
		CHECK(fix_seed(m) == i && fix_body_is_whole(f.q, m));
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	FIX_SOON(&f, fix_stats(&f).settled_n == 400);
	/* It is used again. */
	CHECK(fix_put(&f, 0, 1, 10000, 1) != 0 && transit_n() == 1);
	reopen();
	CHECK(drain() == 1);
	fix_fini(&f);
}

static void
test_others(void)
{
	struct queue_msg *m;

	begin(4 << 20);
	CHECK(fix_put(&f, 0, 1, 400000, 1) != 0); /* large */
	CHECK(transit_n() == 0 && fix_stats(&f).active_n == 1);
	fix_close(&f);
	f.cfg.memory_bytes_max = 10000;
	CHECK(fix_open(&f));
	CHECK(fix_put(&f, 0, 2, 20000, 1) != 0); /* over the budget */
	CHECK(transit_n() == 0 && fix_stats(&f).active_n == 2);
	FIX_UNTIL(&f, fix_stats(&f).spilled_n == 1);
	m = fix_take(&f);
	CHECK(m != NULL && m->body == NULL && fix_body_is_whole(f.q, m));
	fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	CHECK(drain() == 1);
	fix_fini(&f);
}

/* The journal's file, made such that no write to it succeeds. */
static void
break_journal(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), broken_n = 0;

	must(null >= 0);
	for (int fd = 3; fd < 256; fd++) {
		char link[64], to[256];
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		if (strstr(to, f.dir) == NULL ||
		    strcmp(to + n - 8, "/journal") != 0)
			continue;
		must(dup2(null, fd) == fd);
		broken_n++;
	}
	close(null);
	must(broken_n == 1);
}

static void
test_broken(void)
{
	char path[128];

	begin(4 << 20);
	for (unsigned i = 0; i < 20; i++)
		CHECK(fix_put(&f, 0, i, 3000, 1) != 0);
	break_journal();
	CHECK(fix_put(&f, 0, 20, 3000, 1) != 0); /* the database took it */
	snprintf(path, sizeof(path), "%s/shard-0/journal", f.dir);
	FIX_SOON(&f, access(path, F_OK) != 0);
	CHECK(transit_n() == 0 && fix_stats(&f).active_n == 21);
	CHECK(fix_put(&f, 0, 21, 3000, 1) != 0 && transit_n() == 0);
	reopen();
	CHECK(fix_stats(&f).active_n == 22 && drain() == 22);
	CHECK(access(path, F_OK) == 0); /* a start tries it again */
	fix_fini(&f);
}

static bool
tally(void *arg, const struct queue_entry *entry)
{
	(*(unsigned *)arg)++;
	return entry->env->len > 0;
}

/* Many at once, over and over, with everybody at work. */
static void
test_mixture(void)
{
	enum { ROUNDS = 60, AT_ONCE = 40 };
	unsigned sent = 0, deferred = 0, held = 0;
	uint64_t id;

	begin(JOURNAL_BYTES_MIN);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct queue_done done[AT_ONCE];
		unsigned n = 0, seen = 0;

		for (unsigned k = 0; k < AT_ONCE; k++) {
			struct queue_msg *m =
				fix_msg(&f, 0, k, (i * k * 97) % 90000, 1);

			must(queue_msg_submit(f.q, &m, &n) == 0);
		}
		while (n < AT_ONCE) {
			unsigned got = fix_reap(&f, 0, done, AT_ONCE);

			must(got > 0);
			for (unsigned k = 0; k < got; k++)
				CHECK(done[k].outcome == QUEUE_DURABLE);
			n += got;
		}
		if (i % 7 == 0)
			CHECK(queue_walk(f.q, tally, &seen) == 0 &&
			      seen == AT_ONCE + deferred + held);
		for (unsigned k = 0; k < AT_ONCE; k++) {
			struct queue_msg *m = fix_take(&f);

			must(m != NULL);
			CHECK(fix_body_is_whole(f.q, m));
			id = m->id;
			if (k == 3 && i % 5 == 0) {
				deferred++;
				fix_settle(&f, m, QUEUE_RCPT_DEFERRED, "4.0.0");
				FIX_SOON(&f, !FIX_IS_KNOWN(&f, id));
				if (i % 10 == 0)
					continue;
				CHECK(queue_operate(f.q, id, QUEUE_OP_HOLD) ==
				      0);
				held++;
				deferred--;
				continue;
			}
			fix_settle(&f, m, QUEUE_RCPT_SENT, "");
			sent++;
		}
		FIX_SOON(&f, fix_stats(&f).settled_n == sent);
		if (i % 20 == 19) {
			sent = 0;
			reopen();
			CHECK(fix_stats(&f).active_n == 0);
		}
	}
	CHECK(fix_stats(&f).deferred_n == deferred);
	CHECK(fix_stats(&f).held_n == held);
	fix_fini(&f);
}

int
main(void)
{
	test_delivered();
	test_deferred();
	test_seen();
	test_operated();
	test_stuck();
	test_backlog();
	test_others();
	test_broken();
	test_mixture();
	return check_end();
}
