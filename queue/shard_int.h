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
