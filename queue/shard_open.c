/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The database of a shard: opened at start, closed when a write fails, opened
 * again when that helps. After a failed write nothing is believed but what was
 * synced before: the log is cut there, so that mail that was answered with 4xx
 * does not appear later.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/shard_int.h"
#include "queue/wal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_US	   US_PER_SEC
#define STORE_WAIT_US	   (30 * US_PER_SEC)
#define STORE_WAIT_ONCE_US 200000u

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

/* --- readers --- */

struct store *
shard_store_try(struct shard *sh)
{
	pthread_rwlock_rdlock(&sh->store_lock);
	if (sh->store != NULL)
		return sh->store;
	pthread_rwlock_unlock(&sh->store_lock);
	return NULL;
}

struct store *
shard_store_get(struct shard *sh)
{
	struct active *a = &sh->queue->active;
	struct store *store;
	uint64_t until_us = 0;

	for (;;) {
		store = shard_store_try(sh);
		if (store != NULL)
			return store;
		if (until_us == 0)
			until_us = clock_now_us() + STORE_WAIT_US;
		if (clock_now_us() >= until_us ||
		    atomic_load(&sh->queue->is_closing))
			return NULL;
		pthread_mutex_lock(&a->lock);
		active_wait(a, &a->done_cond,
			    clock_now_us() + STORE_WAIT_ONCE_US);
		pthread_mutex_unlock(&a->lock);
	}
}

void
shard_store_put(struct shard *sh)
{
	pthread_rwlock_unlock(&sh->store_lock);
}

/* --- what the database says of itself --- */

static int
read_meta(struct store *store, struct record_meta *out)
{
	struct span key = SPAN(RECORD_META_KEY), payload;
	uint16_t n;
	char *value;
	size_t len;
	int ret;

	ret = store_get(store, STORE_META, key, &value, &len);
	if (ret == -ENOENT) {
		*out = (struct record_meta) { 0 };
		return 0;
	}
	if (ret)
		return ret;
	ret = record_open((struct span) { value, len }, RECORD_META, key,
			  &payload, &n);
	if (ret == 0)
		ret = record_meta_get(payload, out);
	free(value);
	return ret;
}

/* No id is given twice, whatever the record above says. */
static int
raise_id_max(struct store *store, struct record_meta *meta)
{
	static const enum store_family families[] = { STORE_ENVELOPE,
						      STORE_BODY };
	uint16_t record;
	uint64_t id;

	for (size_t i = 0; i < ARRAY_N(families); i++) {
		struct store_iter *it = store_iter_open(
			store, families[i], (struct span) { "", 0 });
		int ret;

		store_iter_seek_last(it);
		if (store_iter_is_valid(it) &&
		    record_key_get(store_iter_key(it), &id, &record) &&
		    id > meta->id_max)
			meta->id_max = id;
		ret = store_iter_error(it);
		store_iter_close(&it);
		if (ret)
			return ret;
	}
	return 0;
}

/* --- what an earlier run left unfinished --- */

static uint32_t
last_record(struct store *store, uint64_t id)
{
	struct record_key from = record_key(id, 0);
	struct store_iter *it =
		store_iter_open(store, STORE_BODY, KEY_SPAN(from));
	uint32_t last = 0;
	uint16_t record;
	uint64_t found;

	for (; store_iter_is_valid(it); store_iter_next(it)) {
		if (!record_key_get(store_iter_key(it), &found, &record))
			continue;
		if (found != id)
			break;
		last = record;
	}
	store_iter_close(&it);
	return last;
}

/* Messages whose end never came: nobody was told 250 for them. */
static int
drop_unfinished(struct shard *sh, struct store *store)
{
	struct store_iter *it =
		store_iter_open(store, STORE_META, (struct span) { "", 0 });
	uint16_t record;
	uint64_t id;
	int ret;

	for (; store_iter_is_valid(it); store_iter_next(it)) {
		struct msg *m;

		if (!record_key_get(store_iter_key(it), &id, &record))
			continue;
		m = msg_new_loose();
		if (m == NULL)
			break; /* the next start gets them */
		m->pub.id = id;
		m->is_streaming = true;
		m->records_n = last_record(store, id);
		m->settle = SETTLE_REMOVE;
		msg_list_add(&sh->waiting, m);
	}
	ret = store_iter_error(it);
	store_iter_close(&it);
	if (sh->waiting.n > 0)
		log_say(LOG_LEVEL_INFO, "queue",
			"%s: %u unfinished messages removed", sh->path,
			sh->waiting.n);
	return ret;
}

/* Removals that the cut log forgot: their mail was delivered. */
static int
remove_again(struct shard *sh, struct store *store)
{
	for (; sh->unsynced_n > 0; sh->unsynced_n--) {
		const struct removal *r = &sh->unsynced[sh->unsynced_n - 1];
		struct record_key key = record_key(r->id, 0);
		struct msg *m;
		int ret;

		ret = store_has(store, STORE_ENVELOPE, KEY_SPAN(key));
		if (ret == 0)
			continue;
		if (ret == 1)
			ret = scan_claim(sh->queue, r->id, &m);
		if (ret)
			return ret;
		m->pub.shard_idx = sh->idx;
		m->records_n = r->records_n;
		m->db_state = r->db_state;
		m->db_due_us = r->due_us;
		m->settle = SETTLE_REMOVE;
		msg_list_add(&sh->waiting, m);
	}
	return 0;
}

/* --- opening --- */

static int
check_log(struct shard *sh, struct store_error *error)
{
	uint64_t after = sh->epoch > 0 ? sh->synced_seq : WAL_CUT_NOTHING;
	struct wal_report report;
	int ret;

	ret = wal_check(sh->path, after, &report);
	if (ret == 0 && report.verdict == WAL_DAMAGED) {
		snprintf(error->text, sizeof(error->text),
			 "%s/%s: damaged at byte %llu, and mail behind it is "
			 "whole",
			 sh->path, report.file,
			 (unsigned long long)report.offset);
		ret = -EBADMSG;
	} else if (ret == 0 && report.verdict == WAL_TORN) {
		sh->is_log_cut = true;
		ret = wal_cut(sh->path, &report);
		if (ret == 0)
			log_say(LOG_LEVEL_WARNING, "queue",
				"%s/%s: the last %llu bytes were never "
				"acknowledged: dropped",
				sh->path, report.file,
				(unsigned long long)report.dropped_bytes);
	}
	if (ret && ret != -EBADMSG)
		snprintf(error->text, sizeof(error->text), "%s: %s", sh->path,
			 strerror(-ret));
	return ret;
}

int
shard_store_open(struct shard *sh, enum store_mode mode,
		 struct store_error *error)
{
	struct record_meta meta;
	struct store *store;
	int ret;

	ret = check_log(sh, error);
	if (ret)
		return ret;
	/* RocksDB syncs a log that it has filled by itself, and notes how long
	 * it is; what nobody was told of is cut off there, too. */
	if (sh->is_log_cut && mode == STORE_EXISTING)
		mode = STORE_CUT;
	ret = store_open(sh->path, sh->memtable_bytes, mode, &store, error);
	if (ret)
		return ret;
	ret = read_meta(store, &meta);
	if (ret == 0)
		ret = raise_id_max(store, &meta);
	if (ret == 0 && sh->epoch == 0) {
		ret = replay_journal(sh, store, &meta, error);
		if (ret) {
			store_close(&store);
			return ret;
		}
	}
	if (ret == 0)
		ret = sh->epoch == 0 ? drop_unfinished(sh, store)
				     : remove_again(sh, store);
	if (ret) {
		snprintf(error->text, sizeof(error->text),
			 "%s: cannot read it back: %s", sh->path,
			 strerror(-ret));
		store_close(&store);
		return ret;
	}
	if (meta.id_max < sh->meta.id_max)
		meta.id_max = sh->meta.id_max;
	sh->meta = meta;
	post_numbers(sh, &meta);
	sh->epoch++;
	sh->synced_seq = store_sequence(store);
	pthread_rwlock_wrlock(&sh->store_lock);
	sh->store = store;
	pthread_rwlock_unlock(&sh->store_lock);
	return 0;
}

void
shard_store_lose(struct shard *sh, int ret, const struct store_error *error)
{
	log_say(LOG_LEVEL_ERROR, "queue",
		"%s: write failed: %s: nothing of it was acknowledged; new "
		"mail is refused with %s until the disk works again",
		sh->path, error->text, ret == -ENOSPC ? "452" : "451");
	pthread_rwlock_wrlock(&sh->store_lock);
	store_close(&sh->store);
	pthread_rwlock_unlock(&sh->store_lock);
	sh->retry_us = clock_now_us();
}

void
shard_store_retry(struct shard *sh, uint64_t now_us)
{
	struct active *a = &sh->queue->active;
	struct store_error error = { "" };
	int ret;

	if (now_us < sh->retry_us)
		return;
	ret = shard_store_open(sh, STORE_EXISTING, &error);
	if (ret) {
		sh->retry_us = clock_now_us() + RETRY_US;
		if (strcmp(error.text, sh->last_error.text) != 0)
			log_say(LOG_LEVEL_ERROR, "queue",
				"%s: still not usable: %s", sh->path,
				error.text);
		sh->last_error = error;
		return;
	}
	sh->last_error.text[0] = '\0';
	atomic_store_explicit(&sh->trouble, QUEUE_DURABLE,
			      memory_order_relaxed);
	log_say(LOG_LEVEL_INFO, "queue",
		"%s: opened again and verified: mail is taken", sh->path);
	pthread_mutex_lock(&a->lock);
	pthread_cond_broadcast(&a->done_cond);
	pthread_cond_broadcast(&a->ready_cond);
	pthread_cond_broadcast(&a->due_cond);
	pthread_mutex_unlock(&a->lock);
}
