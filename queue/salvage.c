/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repairs the database of each shard. First its log: what is sound stays, of a
 * batch that fails its checksum those records stay that pass their own. Then
 * every message is read: one whose body is not whole becomes dead, so that an
 * operator decides; nothing torn is ever delivered.
 */
#include "engine/base/clock.h"
#include "queue/queue_dir.h"
#include "queue/queue_int.h"
#include "queue/salvage.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#define WRITE_BYTES (4u << 20)
#define WHY	    "4.3.0 its body is damaged: found by salvage"

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

struct audit {
	struct store *store;
	FILE *out;
	struct record_meta meta;
	uint64_t broken_n, orphans_n;
};

/* --- one message --- */

static int
flush_batch(struct store *store, uint64_t limit)
{
	struct store_error error;
	int ret;

	if (store_batch_bytes(store) < limit)
		return 0;
	ret = store_write(store, true, &error);
	store_batch_clear(store);
	return ret;
}

static void
put(struct store *store, enum store_family family, enum record_kind kind,
    struct span key, struct span payload)
{
	unsigned char head[RECORD_HEAD_BYTES];
	struct span parts[2] = { { (char *)head, sizeof(head) }, payload };

	record_head_put(head, kind, 0, key, payload);
	store_put(store, family, key, parts, 2);
}

static int
make_dead(struct audit *a, const struct msg *m)
{
	struct record_key key = record_key(m->pub.id, 0);
	struct record_state state = { .state = QUEUE_DEAD,
				      .attempts_n = m->pub.attempts_n,
				      .rcpt_n = m->pub.env.rcpt_n };
	struct queue_rcpt_state *rcpts =
		calloc(state.rcpt_n + 1u, sizeof(*rcpts));
	char id[QUEUE_ID_TEXT_MAX], *payload;
	size_t len;

	if (rcpts == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < state.rcpt_n; i++) {
		rcpts[i].result = QUEUE_RCPT_FAILED;
		span_copy(SPAN(WHY), rcpts[i].why, sizeof(rcpts[i].why));
	}
	payload = record_state_new(&state, rcpts, &len);
	free(rcpts);
	if (payload == NULL)
		return -ENOMEM;
	put(a->store, STORE_STATE, RECORD_STATE, KEY_SPAN(key),
	    (struct span) { payload, len });
	free(payload);
	queue_id_print(m->pub.id, id);
	fprintf(a->out, "%s is damaged: kept as dead\n", id);
	a->broken_n++;
	a->meta.dead_n++;
	return 0;
}

static int
check_body(struct audit *a, const struct msg *m)
{
	int ret = 0;

	for (uint32_t i = 1; i <= m->records_n && ret == 0; i++) {
		struct span piece;
		char *value;

		ret = body_record(a->store, m->pub.id, i, &value, &piece);
		free(value);
	}
	return ret;
}

/* Its place in the counts and in the schedule. */
static void
count_state(struct audit *a, const struct msg *m)
{
	struct record_due_key due = record_due_key(m->db_due_us, m->pub.id);

	switch (m->db_state) {
	case QUEUE_DEFERRED:
		put(a->store, STORE_DUE, RECORD_DUE, KEY_SPAN(due),
		    (struct span) { "", 0 });
		a->meta.deferred_n++;
		break;
	case QUEUE_HELD:
		a->meta.held_n++;
		break;
	case QUEUE_DEAD:
		a->meta.dead_n++;
		break;
	default:
		break;
	}
}

static int
audit_one(struct audit *a, uint64_t id)
{
	struct msg *m = msg_new_loose();
	int ret;

	if (m == NULL)
		return -ENOMEM;
	m->pub.id = id;
	ret = scan_read(a->store, m);
	if (ret == 0)
		ret = check_body(a, m);
	if (ret == 0)
		count_state(a, m);
	else if (ret == -EBADMSG)
		ret = make_dead(a, m);
	a->meta.entries_n++;
	msg_free(NULL, m);
	return ret;
}

/* --- all of them --- */

static int
audit_entries(struct audit *a)
{
	struct store_iter *it = store_iter_open(a->store, STORE_ENVELOPE,
						(struct span) { "", 0 });
	int ret = 0;
	uint16_t record;
	uint64_t id;

	for (; store_iter_is_valid(it) && ret == 0; store_iter_next(it)) {
		if (!record_key_get(store_iter_key(it), &id, &record))
			continue;
		if (id > a->meta.id_max)
			a->meta.id_max = id;
		ret = audit_one(a, id);
		if (ret == 0)
			ret = flush_batch(a->store, WRITE_BYTES);
	}
	if (ret == 0)
		ret = store_iter_error(it);
	store_iter_close(&it);
	return ret;
}

static int
has_envelope(struct store *store, uint64_t id)
{
	struct record_key key = record_key(id, 0);
	int ret = store_has(store, STORE_ENVELOPE, KEY_SPAN(key));

	return ret == -EBADMSG ? 1 : ret;
}

static bool
has_mark(struct store *store, uint64_t id)
{
	struct record_key key = record_key(id, 0);

	return store_has(store, STORE_META, KEY_SPAN(key)) == 1;
}

/* Bodies whose envelope is lost: nobody knows who they were for. */
static int
audit_bodies(struct audit *a)
{
	struct store_iter *it =
		store_iter_open(a->store, STORE_BODY, (struct span) { "", 0 });
	uint64_t id, last_id = 0;
	int ret = 0, has = 1;
	uint16_t record;

	for (; store_iter_is_valid(it) && ret == 0; store_iter_next(it)) {
		if (!record_key_get(store_iter_key(it), &id, &record))
			continue;
		if (id != last_id) {
			char text[QUEUE_ID_TEXT_MAX];

			has = has_envelope(a->store, id);
			last_id = id;
			if (has < 0) {
				ret = has;
				break;
			}
			/* One that was never finished had none to lose. */
			if (!has && !has_mark(a->store, id)) {
				queue_id_print(id, text);
				a->orphans_n++;
				fprintf(a->out,
					"%s has lost its envelope: removed\n",
					text);
			}
		}
		if (!has)
			store_delete_single(a->store, STORE_BODY,
					    store_iter_key(it));
		ret = flush_batch(a->store, WRITE_BYTES);
	}
	if (ret == 0)
		ret = store_iter_error(it);
	store_iter_close(&it);
	return ret;
}

/* Marks of unfinished messages: their bodies go with the others. */
static int
drop_marks(struct audit *a)
{
	struct store_iter *it =
		store_iter_open(a->store, STORE_META, (struct span) { "", 0 });
	uint16_t record;
	uint64_t id;
	int ret;

	for (; store_iter_is_valid(it); store_iter_next(it))
		if (record_key_get(store_iter_key(it), &id, &record))
			store_delete_single(a->store, STORE_META,
					    store_iter_key(it));
	ret = store_iter_error(it);
	store_iter_close(&it);
	return ret;
}

/* The largest id of the past must not be forgotten, if it can be read. */
static void
keep_id_max(struct audit *a)
{
	struct span key = SPAN(RECORD_META_KEY), payload;
	struct record_meta was;
	uint16_t n;
	char *value;
	size_t len;

	if (store_get(a->store, STORE_META, key, &value, &len) != 0)
		return;
	if (record_open((struct span) { value, len }, RECORD_META, key,
			&payload, &n) == 0 &&
	    record_meta_get(payload, &was) == 0)
		a->meta.id_max = was.id_max;
	free(value);
}

static int
audit(struct audit *a)
{
	unsigned char payload[RECORD_META_BYTES];
	int ret;

	keep_id_max(a);
	store_batch_clear(a->store);
	ret = audit_entries(a);
	if (ret == 0)
		ret = audit_bodies(a);
	if (ret == 0)
		ret = drop_marks(a);
	if (ret)
		return ret;
	record_meta_put(payload, &a->meta);
	put(a->store, STORE_META, RECORD_META, SPAN(RECORD_META_KEY),
	    (struct span) { (char *)payload, sizeof(payload) });
	return flush_batch(a->store, 0);
}

/* --- the journal --- */

/* What it has goes into the database; what was damaged moves aside. */
static int
salvage_journal(struct audit *a, const struct journal_log *log,
		const struct journal_report *report, const char *path,
		const char *aside, struct store_error *error)
{
	bool is_damaged = report->verdict == JOURNAL_DAMAGED;
	struct record_meta meta = { 0 };
	char from[PATH_MAX], to[PATH_MAX];
	uint64_t taken_n;
	int ret;

	keep_id_max(a);
	meta.id_max = a->meta.id_max > report->id_max ? a->meta.id_max
						      : report->id_max;
	ret = replay_log(log, a->store, &meta, &taken_n, error);
	if (ret)
		return ret;
	if (!is_damaged)
		return journal_remove(path);
	fprintf(a->out,
		"%s/" JOURNAL_FILE ": damaged at byte %llu: %llu of %llu "
		"batches lost, %llu messages taken from the others\n",
		path, (unsigned long long)report->offset,
		(unsigned long long)report->lost_n,
		(unsigned long long)(report->lost_n + report->batches_n),
		(unsigned long long)taken_n);
	snprintf(from, sizeof(from), "%s/" JOURNAL_FILE, path);
	snprintf(to, sizeof(to), "%s/" JOURNAL_FILE, aside);
	if (mkdir(aside, 0700) != 0 && errno != EEXIST)
		return -errno;
	/* With damaged tables, its folder has gone there already. */
	if (rename(from, to) != 0 && errno != ENOENT)
		return -errno;
	ret = salvage_sync_dir(aside);
	return ret ? ret : salvage_sync_dir(path);
}

/* --- a shard --- */

static int
salvage_shard(const char *path, const char *aside, uint64_t memtable_bytes,
	      FILE *out, struct diag *diag)
{
	struct audit a = { .out = out };
	struct store_error error = { "" };
	struct journal_report report;
	struct journal_log *log = NULL;
	int ret;

	ret = journal_load(path, &log, &report);
	if (ret) {
		diag_fail(diag, EX_IOERR, path, 0,
			  "cannot read " JOURNAL_FILE ": %s", strerror(-ret));
		return diag->exit_code;
	}
	ret = salvage_log(path, aside, out);
	if (ret) {
		journal_unload(&log);
		diag_fail(diag, EX_IOERR, path, 0,
			  "cannot rewrite its log: %s: make room on the disk",
			  strerror(-ret));
		return diag->exit_code;
	}
	ret = store_open(path, memtable_bytes, STORE_SALVAGE, &a.store, &error);
	if (ret == -EBADMSG || ret == -ENOENT) {
		fprintf(out,
			"%s: %s: rebuilt from its tables; its logs are in its "
			"folder lost\n",
			path, error.text);
		ret = store_repair(path, &error);
		if (ret == 0)
			ret = store_open(path, memtable_bytes, STORE_SALVAGE,
					 &a.store, &error);
	}
	if (ret == 0)
		ret = salvage_tables(path, aside, memtable_bytes, &a.store, out,
				     &error);
	if (ret == 0)
		ret = salvage_journal(&a, log, &report, path, aside, &error);
	journal_unload(&log);
	if (ret == 0) {
		ret = audit(&a);
		if (ret == 0)
			ret = store_flush(a.store, true, &error);
		if (ret)
			span_copy(span_of(strerror(-ret)), error.text,
				  sizeof(error.text));
	}
	store_close(&a.store);
	if (ret) {
		diag_fail(diag, ret == -EAGAIN ? EX_TEMPFAIL : EX_IOERR, path,
			  0, "cannot be salvaged: %s", error.text);
		return diag->exit_code;
	}
	fprintf(out,
		"%s: %llu messages kept, %llu of them damaged and dead; "
		"%llu lost their envelope\n",
		path, (unsigned long long)a.meta.entries_n,
		(unsigned long long)a.broken_n,
		(unsigned long long)a.orphans_n);
	return 0;
}

static char *
aside_path(const char *dir)
{
	uint64_t now_us = clock_wall_us();
	time_t now = (time_t)(now_us / US_PER_SEC);
	char text[32] = "", *path;
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(text, sizeof(text), "%Y%m%d-%H%M%S", &tm);
	must(asprintf(&path, "%s/salvaged-%s-%06llu", dir, text,
		      (unsigned long long)(now_us % US_PER_SEC)) > 0);
	return path;
}

int
queue_salvage(const struct queue_cfg *cfg, FILE *out, struct diag *diag)
{
	int lock_fd = queue_dir_open(cfg->dir, false, diag);
	int shards_n, code = 0;
	char *aside;

	if (lock_fd < 0)
		return diag->exit_code;
	shards_n = queue_dir_shards(cfg->dir);
	if (shards_n < 0) {
		diag_fail(diag, EX_IOERR, cfg->dir, 0, "cannot read: %s",
			  strerror(-shards_n));
		code = diag->exit_code;
	}
	aside = aside_path(cfg->dir);
	for (int i = 0; i < shards_n && code == 0; i++) {
		char *path = queue_dir_shard_path(cfg->dir, (unsigned)i);
		char *to;

		must(asprintf(&to, "%s-%d", aside, i) > 0);
		code = salvage_shard(path, to, cfg->memtable_bytes, out, diag);
		free(to);
		free(path);
	}
	free(aside);
	queue_dir_close(lock_fd);
	return code;
}
