/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h: one RocksDB database and the batch that is written to it next. The
 * only header behind which rocksdb/c.h is included. One thread writes; any
 * thread reads while the store is open. Everything here may block.
 */
#ifndef PENSTOCK_QUEUE_STORE_H
#define PENSTOCK_QUEUE_STORE_H

#include "engine/base/must.h"
#include "engine/base/span.h"

struct store;

enum store_family {
	STORE_META,
	STORE_ENVELOPE,
	STORE_BODY,
	STORE_STATE,
	STORE_DUE,
	STORE_FAMILY_N,
};

/* Why something failed, for people: RocksDB's own words, one line. */
struct store_error {
	char text[256];
};

enum store_mode {
	STORE_CREATE,	/* when it is not there */
	STORE_EXISTING, /* nothing is made */
	STORE_CUT,	/* the same; its log is shorter than it knows */
	STORE_SALVAGE,	/* logs may lack what the manifest knows of */
};

/*
 * Gives an open database; memtable_bytes bounds what lives in its log alone.
 * 0, -ENOSPC, -EIO, -EBADMSG (damaged), -EAGAIN (locked), -EACCES, -ENOENT.
 */
MUST_USE int store_open(const char *path, uint64_t memtable_bytes,
			enum store_mode mode, struct store **out,
			struct store_error *error);
/*
 * Rebuilds a closed database's manifest from its tables and logs. 0 or -errno.
 */
MUST_USE int store_repair(const char *path, struct store_error *error);
void store_close(struct store **store);

/* --- the batch: the writing thread only --- */

void store_batch_clear(struct store *store);
uint64_t store_batch_bytes(const struct store *store);
/* Goes to the log only, for wal.h. First in the batch. */
void store_batch_note(struct store *store, struct span note);
/* The value is gathered from the parts: the only copy that is made. */
void store_put(struct store *store, enum store_family family, struct span key,
	       const struct span *parts, unsigned parts_n);
/* Of a key that was put exactly once since it was last deleted. */
void store_delete_single(struct store *store, enum store_family family,
			 struct span key);
void store_delete(struct store *store, enum store_family family,
		  struct span key);
/*
 * Writes the batch, all of it or nothing; is_sync: it and all before it are on
 * the disk. 0, -ENOSPC, -EIO: the store must then be closed and opened again.
 */
MUST_USE int store_write(struct store *store, bool is_sync,
			 struct store_error *error);
/* All that was written before the call is on the disk. Any thread. */
MUST_USE int store_sync(struct store *store, struct store_error *error);
/* Number of the last operation written: wal.h counts in it. */
uint64_t store_sequence(const struct store *store);

/* --- upkeep --- */

/*
 * Writes the memtables out, so that the log can go. The writing thread only.
 * Without is_wait it only sets it off, unless that is done already. 0 or
 * -errno.
 */
MUST_USE int store_flush(struct store *store, bool is_wait,
			 struct store_error *error);
/* Any thread from here on. Asks for deleted bodies to leave the disk soon. */
void store_compact(struct store *store);
/* Bytes of table files, deleted entries included. */
uint64_t store_table_bytes(const struct store *store);

/* --- reading: any thread --- */

/* Gives a copy (free()). 0, -ENOENT, -EIO, -EBADMSG. */
MUST_USE int store_get(struct store *store, enum store_family family,
		       struct span key, char **value_out, size_t *len_out);

/* 1: there, 0: not, -EBADMSG: it cannot be read, -errno. */
MUST_USE int store_has(struct store *store, enum store_family family,
		       struct span key);
struct store_iter;

/* Stands on the first key at or behind `from`. Sees no later writes. */
struct store_iter *store_iter_open(struct store *store,
				   enum store_family family, struct span from);
bool store_iter_is_valid(const struct store_iter *it);
/* Spans hold until it moves. */
struct span store_iter_key(const struct store_iter *it);
struct span store_iter_value(const struct store_iter *it);
void store_iter_next(struct store_iter *it);
void store_iter_seek(struct store_iter *it, struct span from);
void store_iter_seek_last(struct store_iter *it);
/*
 * Where a key could not be read: goes on behind *number, which the first 8
 * bytes of a key are, at the next number from which on it can. false: none.
 * Sees later writes.
 */
bool store_iter_skip(struct store_iter *it, uint64_t *number);
/* 0, -EIO, -EBADMSG: why it is not valid any more. */
MUST_USE int store_iter_error(const struct store_iter *it);
void store_iter_close(struct store_iter **it);

#endif
