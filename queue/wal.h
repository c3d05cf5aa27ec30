/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wal.h: RocksDB's write-ahead log, read without RocksDB, to tell a torn tail
 * (what a crash leaves: nothing in it was acknowledged) from damage (what a bad
 * disk leaves: acknowledged mail is behind it). RocksDB cannot: its modes
 * either refuse both or drop both, and a zeroed block passes in all of them.
 *
 * How it is told: every batch begins with a note that says up to which
 * operation all was on the disk when the batch was built. Damage at operation s
 * with a whole batch behind it that says "s is on the disk" is damage; without
 * one it is the tail. Operations are numbered without gaps, so what is missing
 * is noticed too. Only while the database is closed. May block.
 *
 * Format: RocksDB's wiki, "Write Ahead Log File Format": blocks of 32 KiB,
 * records of checksum 4, length 2, type 1, payload, never across blocks.
 */
#ifndef PENSTOCK_QUEUE_WAL_H
#define PENSTOCK_QUEUE_WAL_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#define WAL_CUT_NOTHING UINT64_MAX
#define WAL_NOTE_BYTES	12

enum wal_verdict { WAL_CLEAN, WAL_TORN, WAL_DAMAGED };

struct wal_report {
	enum wal_verdict verdict;
	char file[32];	 /* where it begins */
	uint64_t number; /* of that file */
	uint64_t offset;
	uint64_t dropped_bytes; /* from there on, later files included */
	uint64_t last_seq;	/* last operation before it */
};

void wal_note_put(unsigned char out[WAL_NOTE_BYTES], uint64_t synced_seq);

/* One batch, whole and checked. */
struct wal_batch {
	const char *file;
	uint64_t offset;
	uint64_t seq;
	uint32_t count;	     /* operations */
	uint64_t synced_seq; /* its note; WAL_CUT_NOTHING: it has none */
	struct span bytes;   /* as RocksDB built it */
};

/* One operation of a batch, as RocksDB encodes it. */
enum wal_op { WAL_PUT, WAL_DELETE, WAL_NOTE };

struct wal_entry {
	enum wal_op op;
	uint32_t family;
	struct span bytes; /* all of it */
	struct span key, value;
};

/* Walks a batch's bytes: start behind its header. false: end, or not sound. */
#define WAL_BATCH_HEADER_BYTES 12u /* sequence 8, count 4 */
MUST_USE bool wal_entry_next(struct span *rest, struct wal_entry *out);

struct wal_visitor {
	void *arg;
	/* Files in order, then what is in them. */
	void (*file)(void *arg, const char *file, uint64_t number,
		     uint64_t bytes);
	void (*batch)(void *arg, const struct wal_batch *batch);
	/* Unreadable from here to the next block, or to the file's end. */
	void (*damage)(void *arg, uint64_t offset);
	/*
	 * All of its bytes, but some fail their checksum, or it is not what it
	 * says. NULL: that is damage like any other.
	 */
	void (*suspect)(void *arg, const struct wal_batch *batch);
};

/* 0, -ENOENT: no folder, -errno. */
MUST_USE int wal_read(const char *dir, const struct wal_visitor *visitor);
/* One file of it. */
MUST_USE int wal_read_file(const char *dir, uint64_t number,
			   const struct wal_visitor *visitor);
/* Appends one batch to a log that was begun empty. 0 or -errno. */
struct wal_writer {
	int fd;
	uint32_t block_at; /* bytes of the last block in use */
};
MUST_USE int wal_write(struct wal_writer *w, struct span batch);

/*
 * Reads all logs in the folder and syncs them. With a cut_after_seq whatever
 * lies behind that operation counts as torn. 0 or -errno.
 */
MUST_USE int wal_check(const char *dir, uint64_t cut_after_seq,
		       struct wal_report *out);
/* Cuts what a WAL_TORN report names. 0 or -errno. */
MUST_USE int wal_cut(const char *dir, const struct wal_report *report);

#endif
