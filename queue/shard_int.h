/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shard_int.h: how the files of a shard share its work. Every function: the
 * commit thread, or queue_open() and queue_close() while there is none.
 */
#ifndef PENSTOCK_QUEUE_SHARD_INT_H
#define PENSTOCK_QUEUE_SHARD_INT_H

#include "queue/queue_int.h"

/* --- shard_batch.c: what goes into a batch --- */

void batch_begin(struct shard *sh);
/* Everything that waits, or as much as a batch holds. */
void batch_collect(struct shard *sh);
bool batch_is_empty(const struct shard *sh);
bool batch_is_full(const struct shard *sh);
/* A record with its head, into a batch of that store. */
void batch_put_record(struct store *store, enum store_family family,
		      enum record_kind kind, uint64_t id, uint16_t record,
		      uint16_t n, struct span payload);
/* Body and envelope of a message, and what follows for the numbers. */
void batch_put_message(struct shard *sh, struct msg *m);

/* --- shard_post.c: what follows from its outcome --- */

/* What queue_stats_get() reads. */
void post_numbers(struct shard *sh, const struct record_meta *meta);
/* Before new messages are written: they are claimed. */
void post_begin(struct shard *sh, const struct msg_list *fresh);
/* The commit thread, or the sync thread while it has the flight. */
void post_durable(struct shard *sh, struct flight *f);
/* Nothing of it is on the disk, as far as anybody will be told. */
void post_failed(struct shard *sh, struct flight *f, int ret);
/* Chunks are in the log: their memory is free. */
void post_chunks(struct shard *sh);
/* The store is away: operators are told, the rest waits for it. */
void post_unavailable(struct shard *sh);
/* Messages that were not even tried. */
void post_refused(struct shard *sh);

/* What the journal has, or removals that it need not have. */
void post_passed(struct shard *sh, struct flight *f);

/* --- shard_transit.c: mail in the journal --- */

void transit_begin(struct shard *sh);
/* At the end: nothing that was delivered is looked for at the next start. */
void transit_close(struct shard *sh);
/* Whether a new message goes into the journal; adds it. */
bool transit_takes(const struct shard *sh, const struct msg *m);
void transit_add(struct shard *sh, struct msg *m);
/* A settled one that is in no database. */
void transit_remove(struct shard *sh, struct msg *m);
/* Into the database, with this batch. */
void transit_store(struct shard *sh, struct msg *m);
/* Those that have to go there. */
void transit_store_some(struct shard *sh);
/* What became of them. */
void transit_stored(struct shard *sh, bool is_durable);
/* Writes the journal's part of the batch, and says so to everybody. */
void transit_commit(struct shard *sh);
/* After a batch: operators who wait, a broken journal. */
void transit_answer(struct shard *sh);
/* Something of it has to be done without new mail. */
bool transit_is_work(const struct shard *sh);

/* --- shard_replay.c: what the journal has of an earlier run --- */

/* Into the database, synced; *meta goes on. 0 or -errno and why. */
MUST_USE int replay_log(const struct journal_log *log, struct store *store,
			struct record_meta *meta, uint64_t *taken_n,
			struct store_error *error);
/* Into the database; then the journal begins anew. 0 or -errno and why. */
MUST_USE int replay_journal(struct shard *sh, struct store *store,
			    struct record_meta *meta,
			    struct store_error *error);

/* --- shard_sync.c: the second half of a large commit --- */

MUST_USE int sync_start(struct shard *sh);
void sync_stop(struct shard *sh);
/* Takes the batch as it was written. */
void sync_hand_over(struct shard *sh, struct flight *f);
/* Nothing is under way, or it failed. */
bool sync_is_idle(struct shard *sh);
/* The same, after waiting for it; false: not within us. */
bool sync_wait_idle(struct shard *sh, uint64_t us);
/* 0 or -errno and why: no later sync may be believed. */
int sync_is_failed(struct shard *sh, struct store_error *error);
/* A sync failed: its flight and all behind it. 0: none did. Idle from then. */
int sync_take_failed(struct shard *sh, struct flight *out,
		     struct store_error *error);

/* --- shard_space.c: is there room --- */

/* A batch took that much of it. */
void space_used(struct shard *sh, uint64_t bytes);
void space_sample(struct shard *sh, uint64_t now_us);
bool space_is_due(const struct shard *sh, uint64_t now_us);

/* --- shard_open.c: the database and its log --- */

/* 0 or -errno and why. */
MUST_USE int shard_store_open(struct shard *sh, enum store_mode mode,
			      struct store_error *error);
/* After a failed write: nobody reads it any more, and it is gone. */
void shard_store_lose(struct shard *sh, int ret,
		      const struct store_error *error);
/* Tries to get it back, not more often than once in a while. */
void shard_store_retry(struct shard *sh, uint64_t now_us);

#endif
