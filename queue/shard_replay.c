/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * At the start: what the journal has of an earlier run goes into the database,
 * unless it was removed, or is there already (the last start was stopped in
 * the middle of this).
 */
#include "engine/base/log.h"
#include "queue/shard_int.h"
#include "queue/wal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX (4u << 20)

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

struct replay {
	struct store *store;
	struct record_meta *meta;
	uint64_t *removed; /* ids, sorted after the first pass */
	size_t removed_n, removed_room;
	struct span *bodies; /* of the message that is coming in */
	size_t bodies_n, bodies_room;
	uint64_t taken_n;
	bool is_changed;
	struct store_error *error;
};

static int
grow(void **array, size_t *room, size_t bytes)
{
	size_t n = *room ? 2 * *room : 256;
	void *p = realloc(*array, n * bytes);

	if (p == NULL)
		return -ENOMEM;
	*array = p;
	*room = n;
	return 0;
}

/* --- the first pass: what was removed --- */

static int
see(void *arg, const struct journal_entry *entry)
{
	struct replay *r = arg;

	if (entry->id > r->meta->id_max) {
		r->meta->id_max = entry->id;
		r->is_changed = true;
	}
	if (entry->kind != JOURNAL_REMOVE)
		return 0;
	if (r->removed_n == r->removed_room) {
		int ret = grow((void **)&r->removed, &r->removed_room,
			       sizeof(*r->removed));

		if (ret)
			return ret;
	}
	r->removed[r->removed_n++] = entry->id;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool
is_removed(const struct replay *r, uint64_t id)
{
	return r->removed_n > 0 &&
	       bsearch(&id, r->removed, r->removed_n, sizeof(id), by_id);
}

/* --- the second: what was not --- */

static void
batch_start(struct store *store)
{
	unsigned char note[WAL_NOTE_BYTES];

	wal_note_put(note, store_sequence(store));
	store_batch_clear(store);
	store_batch_note(store, (struct span) { (char *)note, sizeof(note) });
}

/* One that cannot be read counts as missing: here it is whole. */
static int
is_stored(struct store *store, uint64_t id)
{
	struct record_key key = record_key(id, 0);
	int ret = store_has(store, STORE_ENVELOPE, KEY_SPAN(key));

	return ret == -EBADMSG ? 0 : ret;
}

static int
take(struct replay *r, const struct journal_entry *entry)
{
	int ret = is_removed(r, entry->id) ? 1 : is_stored(r->store, entry->id);

	if (ret)
		return ret > 0 ? 0 : ret;
	if (r->bodies_n != entry->n)
		return -EBADMSG; /* never written so */
	for (size_t i = 0; i < r->bodies_n; i++)
		batch_put_record(r->store, STORE_BODY, RECORD_BODY, entry->id,
				 (uint16_t)(i + 1), 0, r->bodies[i]);
	batch_put_record(r->store, STORE_ENVELOPE, RECORD_ENVELOPE, entry->id,
			 0, entry->n, entry->bytes);
	r->meta->entries_n++;
	r->taken_n++;
	r->is_changed = true;
	if (store_batch_bytes(r->store) < BATCH_MAX)
		return 0;
	ret = store_write(r->store, false, r->error);
	batch_start(r->store);
	return ret;
}

static int
replay(void *arg, const struct journal_entry *entry)
{
	struct replay *r = arg;
	int ret = 0;

	switch (entry->kind) {
	case JOURNAL_BODY:
		if (r->bodies_n == r->bodies_room)
			ret = grow((void **)&r->bodies, &r->bodies_room,
				   sizeof(*r->bodies));
		if (ret == 0)
			r->bodies[r->bodies_n++] = entry->bytes;
		return ret;
	case JOURNAL_ENVELOPE:
		ret = take(r, entry);
		r->bodies_n = 0;
		return ret;
	default:
		return 0;
	}
}

static int
finish(struct replay *r)
{
	unsigned char head[RECORD_HEAD_BYTES], payload[RECORD_META_BYTES];
	struct span key = SPAN(RECORD_META_KEY);
	struct span parts[2] = { { (char *)head, sizeof(head) },
				 { (char *)payload, sizeof(payload) } };

	if (!r->is_changed)
		return 0;
	record_meta_put(payload, r->meta);
	record_head_put(head, RECORD_META, 0, key, parts[1]);
	store_put(r->store, STORE_META, key, parts, 2);
	return store_write(r->store, true, r->error);
}

int
replay_log(const struct journal_log *log, struct store *store,
	   struct record_meta *meta, uint64_t *taken_n,
	   struct store_error *error)
{
	struct replay r = { .store = store, .meta = meta, .error = error };
	int ret;

	batch_start(store);
	ret = journal_each(log, see, &r);
	if (ret == 0 && r.removed_n > 0)
		qsort(r.removed, r.removed_n, sizeof(*r.removed), by_id);
	if (ret == 0)
		ret = journal_each(log, replay, &r);
	if (ret == 0)
		ret = finish(&r);
	*taken_n = r.taken_n;
	free(r.removed);
	free(r.bodies);
	return ret;
}

/* A small disk gets a small one: it has to leave room for all else. */
static uint64_t
fit(const struct shard *sh)
{
	uint64_t max = sh->queue->cfg.journal_bytes_max;
	uint64_t fits = 4 * sh->memtable_bytes;

	if (max > fits)
		max = fits;
	return max < JOURNAL_BYTES_MIN ? JOURNAL_BYTES_MIN : max;
}

int
replay_journal(struct shard *sh, struct store *store, struct record_meta *meta,
	       struct store_error *error)
{
	struct journal_report report;
	struct journal_log *log;
	uint64_t taken_n = 0;
	int ret;

	ret = journal_load(sh->path, &log, &report);
	if (ret == 0 && report.verdict == JOURNAL_DAMAGED) {
		snprintf(error->text, sizeof(error->text),
			 "%s/" JOURNAL_FILE ": damaged at byte %llu, and mail "
			 "behind it is whole",
			 sh->path, (unsigned long long)report.offset);
		journal_unload(&log);
		return -EBADMSG;
	}
	if (ret == 0) {
		if (report.id_max > meta->id_max)
			meta->id_max = report.id_max;
		ret = replay_log(log, store, meta, &taken_n, error);
		journal_unload(&log);
	}
	if (ret == 0 && taken_n > 0)
		log_say(LOG_LEVEL_INFO, "queue",
			"%s/" JOURNAL_FILE ": %llu messages were not "
			"delivered: they are now",
			sh->path, (unsigned long long)taken_n);
	if (ret == 0 && sh->queue->cfg.journal_bytes_max > 0)
		ret = journal_open(sh->path, fit(sh), meta->id_max,
				   &sh->journal);
	else if (ret == 0)
		ret = journal_remove(sh->path);
	if (ret && error->text[0] == '\0')
		snprintf(error->text, sizeof(error->text),
			 "%s/" JOURNAL_FILE ": %s", sh->path, strerror(-ret));
	return ret;
}
