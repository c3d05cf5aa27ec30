/* SPDX-License-Identifier: BSD-2-Clause */
/* journal_int.h: the journal's format, for journal.c and journal_load.c. */
#ifndef PENSTOCK_QUEUE_JOURNAL_INT_H
#define PENSTOCK_QUEUE_JOURNAL_INT_H

#include "queue/journal.h"

#include <assert.h>

#define JOURNAL_BLOCK	4096u /* what a direct write is made of */
#define JOURNAL_NAME	"Penstock journal"
#define JOURNAL_MAGIC	"PSJB"
#define JOURNAL_VERSION 1

struct journal_file_head {
	char name[16];
	uint32_t version;
	uint32_t zero;
	uint64_t nonce;
	uint64_t id_max; /* largest id that was in it before */
	uint32_t crc;	 /* of what stands before it */
	uint32_t zero2;
};

struct journal_batch_head {
	char magic[4];
	uint32_t version;
	uint64_t nonce, seq, keep_seq;
	uint32_t bytes; /* with this head */
	uint32_t entries_n;
	uint32_t crc; /* of all of it, this being 0 */
	uint32_t zero;
};

struct journal_entry_head {
	uint8_t kind, zero;
	uint16_t n;
	uint32_t bytes;
	uint64_t id;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored as it is");
static_assert(sizeof(struct journal_file_head) == 48, "version 1");
static_assert(sizeof(struct journal_batch_head) == 48, "version 1");
static_assert(sizeof(struct journal_entry_head) == 16, "version 1");

#endif
