/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h: what was acknowledged, on disk: the oracle of every loss test. A
 * text file, appended to: a "run" line with all that makes that run's messages
 * (see message_cfg), then an "ok" line for each message that got its 250, with
 * the mailboxes that took it. Each line ends in a checksum.
 *
 * Writing: ledger_add() from any thread, never blocks on the disk; a thread of
 * the ledger's own writes and flushes what has come together, one fdatasync
 * for many lines. Reading: any number of runs; a torn line is passed over where
 * a crash can have left one (at the end, or before a "run" line), and is an
 * error elsewhere.
 */
#ifndef PENSTOCK_BENCH_LEDGER_H
#define PENSTOCK_BENCH_LEDGER_H

#include "bench/message.h"

struct ledger;

/*
 * Opens or creates path for appending and writes the run's line, durable when
 * this returns. 0 or -errno.
 */
MUST_USE int ledger_open(const char *path, const struct message_cfg *cfg,
			 struct ledger **out);
/* Message seq got its 250 for these mailboxes (copied). */
void ledger_add(struct ledger *l, uint64_t seq, uint64_t size,
		const uint32_t *mailboxes, uint32_t mailboxes_n);
/* 0, or the -errno of the first write or flush that failed. Any thread. */
int ledger_error(const struct ledger *l);
/* Makes the rest durable. 0 or -errno. Takes *l. */
MUST_USE int ledger_close(struct ledger **l);

/* --- reading --- */

enum ledger_item {
	LEDGER_RUN, /* reader->run is a new one */
	LEDGER_OK,  /* entry is one message of reader->run_id */
	LEDGER_END,
	LEDGER_BAD, /* reader->line_no, reader->why */
};

struct ledger_entry {
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	uint64_t seq, size;
	uint32_t mailboxes_n;
	uint32_t mailboxes[MESSAGE_RCPTS_MAX];
};

struct ledger_reader {
	struct span left;
	void *map;
	size_t map_len;
	uint64_t line_no;
	uint64_t torn_n;
	const char *why;
	struct message_cfg run; /* its strings: see strings */
	char from[MESSAGE_ADDRESS_MAX + 1], domain[MESSAGE_ADDRESS_MAX + 1],
		mailbox_format[MESSAGE_ADDRESS_MAX + 1];
};

/* 0 or -errno. */
MUST_USE int ledger_reader_open(struct ledger_reader *r, const char *path);
/* The same over bytes that the caller keeps. */
void ledger_reader_init(struct ledger_reader *r, struct span bytes);
void ledger_reader_close(struct ledger_reader *r);
enum ledger_item ledger_read(struct ledger_reader *r,
			     struct ledger_entry *entry);

#endif
