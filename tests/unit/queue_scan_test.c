/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the disk into memory: claims, damaged records, and the messages that
 * found no room in memory and come back later.
 */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

#include <pthread.h>

#define BUSY_N 20000u

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

static void
test_claim(void)
{
	struct msg *m, *other = NULL;
	struct fix f;
	uint64_t id;

	fix_init(&f);
	CHECK(fix_open(&f));
	id = fix_put(&f, 0, 1, 10, 1);
	FIX_UNTIL(&f, FIX_READY_N(&f) == 1);
	CHECK(scan_claim(f.q, id, &other) == -EBUSY && other == NULL);
	CHECK(scan_claim(f.q, id + 1, &m) == 0);
	CHECK(m->place == PLACE_TAKEN && m->pub.id == id + 1);
	CHECK(scan_claim(f.q, id + 1, &other) == -EBUSY);
	/* Back to the scan of this run's: it is counted as forgotten. */
	scan_unclaim(&f.q->shards[0], m);
	CHECK(active_find(&f.q->active, id + 1) == NULL);
	CHECK(f.q->shards[0].forgotten_n == 1);
	f.q->shards[0].forgotten_n = 0;
	/* One of an earlier run: the recovery goes back to it. */
	CHECK(scan_claim(f.q, 77, &m) == 0);
	f.q->shards[0].recover_id = 100;
	scan_unclaim(&f.q->shards[0], m);
	CHECK(f.q->shards[0].recover_id == 77);
	fix_fini(&f);
}

/* Puts a value under a key of the closed queue's database. */
static void
overwrite(struct fix *f, enum store_family family, struct span key,
	  struct span value)
{
	struct store_error error;
	struct store *store;
	char path[128];

	snprintf(path, sizeof(path), "%s/shard-0", f->dir);
	must(store_open(path, 1 << 20, STORE_EXISTING, &store, &error) == 0);
	store_batch_clear(store);
	store_put(store, family, key, &value, 1);
	must(store_write(store, true, &error) == 0);
	must(store_flush(store, true, &error) == 0);
	store_close(&store);
}

struct seen {
	unsigned n, dead_n, unreadable_n;
};

static bool
look(void *arg, const struct queue_entry *e)
{
	struct seen *s = arg;

	s->n++;
	s->dead_n += e->state == QUEUE_DEAD;
	s->unreadable_n += e->env->len == 0;
	return true;
}

/* Which record is damaged, and how. */
static const struct {
	const char *name;
	enum store_family family;
	const char *value;
} damages[] = {
	{ "envelope of another kind", STORE_ENVELOPE,
	  "\1b\0\0xxxxNo envelope" },
	{ "envelope cut", STORE_ENVELOPE, "\1e" },
	{ "state that is none", STORE_STATE, "\1s\0\0xxxxno state at all" },
};

/* Dead, shown, and not in the way of the others; an operator removes it. */
static void
test_damage(size_t i)
{
	struct record_key key;
	struct seen seen = { 0 };
	struct queue_msg *m;
	uint64_t ids[3];
	struct fix f;

	CHECK_ROW(damages[i].name);
	fix_init(&f);
	CHECK(fix_open(&f));
	for (unsigned n = 0; n < 3; n++)
		ids[n] = fix_put(&f, 0, n, 100, 1);
	fix_close(&f);
	key = record_key(ids[1], 0);
	overwrite(&f, damages[i].family, KEY_SPAN(key),
		  span_of(damages[i].value));
	CHECK(fix_open(&f));
	for (unsigned n = 0; n < 3; n += 2) {
		m = fix_take_due(&f, FIX_WAIT_US);
		CHECK(m != NULL && m->id == ids[n]);
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL);
	FIX_SOON(&f, fix_stats(&f).dead_n == 1);
	FIX_SOON(&f, fix_stats(&f).settled_n == 2);
	CHECK(queue_walk(f.q, look, &seen) == 0);
	CHECK(seen.n == 1 && seen.dead_n == 1);
	CHECK(seen.unreadable_n == (damages[i].family == STORE_ENVELOPE));
	CHECK(queue_operate(f.q, ids[1], QUEUE_OP_DELETE) == 0);
	CHECK(queue_find(f.q, ids[1], look, &seen) == -ENOENT);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).dead_n == 0 && queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
	CHECK_ROW("");
}

/* More messages than may be known in memory: all come, each once, in order. */
static void
test_refill(void)
{
	struct queue_msg *m;
	uint64_t last_id = 0;
	unsigned n = 0;
	struct fix f;

	fix_init(&f);
	f.cfg.memory_bytes_max = 1; /* 1,024 are known at a time */
	CHECK(fix_open(&f));
	for (unsigned i = 0; i < 1500; i++) {
		m = fix_msg(&f, 0, i, 10, 1);
		must(queue_msg_submit(f.q, &m, NULL) == 0);
	}
	for (unsigned i = 0; i < 1500; i++) {
		struct queue_done done;

		must(fix_reap(&f, 0, &done, 1) == 1);
	}
	FIX_UNTIL(&f, FIX_READY_N(&f) == 1024);
	CHECK(f.q->active.known_max == 1024);
	while (n < 1500 && (m = fix_take(&f)) != NULL) {
		CHECK(m->id > last_id && fix_seed(m) == n);
		CHECK(!m->is_recovered && fix_body_is_whole(f.q, m));
		last_id = m->id;
		fix_settle(&f, m, QUEUE_RCPT_SENT, "");
		if (++n % 512 == 0)
			fix_hurry(&f);
	}
	CHECK(n == 1500);
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	FIX_SOON(&f, fix_stats(&f).active_n == 0);
	shard_stop(&f.q->shards[0]);
	CHECK(f.q->shards[0].forgotten_n == 0);
	fix_fini(&f);
}

struct busy {
	struct fix *f;
	uint8_t taken_n[BUSY_N]; /* the delivery thread's */
	_Atomic uint32_t all_n;
};

static void *
deliver_all(void *arg)
{
	struct queue_rcpt_state sent = { .result = QUEUE_RCPT_SENT };
	struct busy *b = arg;

	while (atomic_load(&b->all_n) < BUSY_N) {
		struct queue_msg *m = queue_take(b->f->q, 0, 200, FIX_WAIT_US);

		must(m != NULL);
		while (m != NULL) {
			struct queue_msg *next = m->next;

			b->taken_n[fix_seed(m)]++;
			atomic_fetch_add(&b->all_n, 1);
			queue_settle(b->f->q, &m, &sent);
			m = next;
		}
		fix_hurry(b->f);
	}
	return NULL;
}

/*
 * The same while mail comes in: what is written and not yet on the disk is not
 * for the scan to find.
 */
static void
test_refill_busy(void)
{
	struct busy *b = must_alloc(sizeof(*b));
	struct queue_done done[256];
	uint32_t sent_n = 0, done_n = 0, wrong_n = 0;
	pthread_t thread;
	struct fix f;

	fix_init(&f);
	f.cfg.memory_bytes_max = 1;
	CHECK(fix_open(&f));
	b->f = &f;
	must(pthread_create(&thread, NULL, deliver_all, b) == 0);
	while (done_n < BUSY_N) {
		unsigned n;

		while (sent_n < BUSY_N && sent_n - done_n < 4000) {
			struct queue_msg *m = fix_msg(&f, 0, sent_n, 200, 1);

			must(queue_msg_submit(f.q, &m, NULL) == 0);
			sent_n++;
		}
		n = fix_reap(&f, 0, done, ARRAY_N(done));
		must(n > 0);
		for (unsigned i = 0; i < n; i++)
			CHECK(done[i].outcome == QUEUE_DURABLE);
		done_n += n;
	}
	pthread_join(thread, NULL);
	for (uint32_t i = 0; i < BUSY_N; i++)
		wrong_n += b->taken_n[i] != 1;
	CHECK(wrong_n == 0);
	CHECK(queue_take(f.q, 0, 1, 0) == NULL);
	FIX_SOON(&f, fix_stats(&f).active_n == 0);
	fix_fini(&f);
	free(b);
}

int
main(void)
{
	test_claim();
	for (size_t i = 0; i < ARRAY_N(damages); i++)
		test_damage(i);
	test_refill();
	test_refill_busy();
	return check_end();
}
