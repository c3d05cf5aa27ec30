/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h: mail in transit. One file per shard, written in turn from its
 * beginning to its end and over again, each batch with one direct, synchronous
 * write: once the file has been round, the file system has nothing to add to
 * it, and a batch costs the disk what its bytes cost. Most mail is delivered
 * before its place is needed again, and no database ever sees it.
 *
 * One thread at a time; may block. Nothing here knows RocksDB.
 *
 *   file      block 0: name, version, nonce, largest id so far, checksum;
 *             then batches
 *   batch     head, entries, zeros up to a block (4,096 bytes)
 *   head      magic, version, nonce, sequence number, that of the oldest batch
 *             still needed, bytes, entries, CRC-32C of all
 *   entry     kind 1, zero 1, n 2, bytes 4, id 8, bytes
 *
 * The nonce is new with every start and secret: what senders write into their
 * mail is never mistaken for a batch, nor is what an earlier run left. Of the
 * numbers between the newest batch's oldest one and its own none may miss:
 * that is damage. A last batch that is torn was never acknowledged.
 */
#ifndef PENSTOCK_QUEUE_JOURNAL_H
#define PENSTOCK_QUEUE_JOURNAL_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_FILE	  "journal"
#define JOURNAL_BYTES_MIN (2u << 20)

enum journal_kind {
	JOURNAL_BODY = 'b',	/* n: 1, 2, … */
	JOURNAL_ENVELOPE = 'e', /* n: so many body entries stand before it */
	JOURNAL_REMOVE = 'r',
};

struct journal_entry {
	enum journal_kind kind;
	uint16_t n;
	uint64_t id;
	struct span bytes;
};

/* --- reading what the last run left --- */

struct journal_log;

enum journal_verdict { JOURNAL_CLEAN, JOURNAL_DAMAGED };

struct journal_report {
	enum journal_verdict verdict;
	uint64_t offset;    /* where something is missing */
	uint64_t batches_n; /* whole ones that are still needed */
	uint64_t lost_n;    /* needed and not whole */
	uint64_t id_max;    /* no message that was in it had a larger id */
};

/*
 * Reads dir's journal into memory. 0 (no file: nothing in it), -errno. What is
 * readable of a damaged one is given, too.
 */
MUST_USE int journal_load(const char *dir, struct journal_log **out,
			  struct journal_report *report);
/* Calls fn for each entry, in order, until it gives something else than 0. */
MUST_USE int journal_each(const struct journal_log *log,
			  int (*fn)(void *arg,
				    const struct journal_entry *entry),
			  void *arg);
void journal_unload(struct journal_log **log);

/* --- writing --- */

struct journal;

/*
 * Begins anew: what was in it counts no more. 0 or -errno.
 */
MUST_USE int journal_open(const char *dir, uint64_t bytes_max, uint64_t id_max,
			  struct journal **out);
void journal_close(struct journal **j);
/* Nothing in it shall ever be read again. Closes it. 0 or -errno. */
MUST_USE int journal_destroy(struct journal **j);
/* The same, of a folder whose journal nobody has open. */
MUST_USE int journal_remove(const char *dir);

/* The batch in hand: emptied; its bytes, 0 without an entry; its number. */
void journal_begin(struct journal *j);
uint64_t journal_batch_bytes(const struct journal *j);
uint64_t journal_batch_seq(const struct journal *j);
/* Whether so many more bytes, in entries_n entries, have a place. */
bool journal_has_room(const struct journal *j, uint64_t bytes,
		      uint32_t entries_n);
/* Adds an entry for which there is room. */
void journal_put(struct journal *j, enum journal_kind kind, uint16_t n,
		 uint64_t id, struct span bytes);
/*
 * What stands in batches before this one is not needed any more. Takes effect
 * with the next batch; the batch in hand is always needed.
 */
void journal_keep_from(struct journal *j, uint64_t seq);
/*
 * Writes the batch in hand; 0: it is on the disk. -ENOSPC: nothing was
 * written, and the file grows no more. Other errors: unknown, it must not be
 * used again.
 */
MUST_USE int journal_write(struct journal *j);
/*
 * Nothing in it is needed and there is no room all the same, since the last
 * batch does not say so: it begins anew. 0, or an error as above.
 */
MUST_USE int journal_restart(struct journal *j);
/* Of the file, now. */
uint64_t journal_bytes(const struct journal *j);

#endif
