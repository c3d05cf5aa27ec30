/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_index.h: keys and values in one run of text, found by an open-addressed
 * table of 8-byte slots: what hash:, inline:, lmdb: and the like have in
 * memory. Filled by one thread, then immutable; lookups from any thread, no
 * lock, no allocation, usually two cache misses.
 *
 * In the text a row is the key in lower case, NUL, white space or nothing, the
 * value, NUL. A slot is (place in the text + 1) << 24 | tag; 0 is free.
 */
#ifndef PENSTOCK_CONFIG_TABLE_INDEX_H
#define PENSTOCK_CONFIG_TABLE_INDEX_H

#include "engine/base/must.h"
#include "engine/base/span.h"

struct table_index {
	char *text;
	size_t text_bytes;
	uint64_t *slots;
	uint64_t slots_n;
	uint64_t entries_n;
	size_t key_len_max;
};

/* Room for rows_max rows. 0 or -ENOMEM, and *text is not taken. */
MUST_USE int table_index_init(struct table_index *ix, uint64_t rows_max);
void table_index_fini(struct table_index *ix);

/*
 * Adds the row whose key begins at ix->text + place (already in lower case).
 * false: the key is there already, and stays as it was.
 */
MUST_USE bool table_index_add(struct table_index *ix, size_t place,
			      struct span key, uint64_t hash);
/* The same, but a later row takes an earlier one's place. */
void table_index_set(struct table_index *ix, size_t place, struct span key,
		     uint64_t hash);
/* Of the key folded to lower case. */
uint64_t table_index_hash(struct span key);

/*
 * Rows on their way in: each waits behind TABLE_INDEX_LAG others until its slot
 * is in the cache. twice() gets those whose key is there already; NULL: nobody
 * wants to know.
 */
#define TABLE_INDEX_LAG 16
struct table_index_row {
	size_t place, key_len;
	uint64_t hash;
	unsigned line;
};
struct table_index_feed {
	struct table_index *ix;
	void (*twice)(void *arg, const struct table_index_row *row);
	void *arg;
	struct table_index_row rows[TABLE_INDEX_LAG];
	unsigned head, n;
};
/* A row as of table_index_add(); line is for twice(). */
void table_index_feed(struct table_index_feed *feed, size_t place,
		      size_t key_len, unsigned line);
/* Behind the last one: what waits goes in. */
void table_index_feed_end(struct table_index_feed *feed);

/* key in any case. *value_out lies in the text. */
bool table_index_find(const struct table_index *ix, struct span key,
		      struct span *value_out);
/* Every row, in no order. */
typedef void table_index_fn(void *ctx, struct span key, struct span value);
void table_index_each(const struct table_index *ix, table_index_fn *fn,
		      void *ctx);
uint64_t table_index_bytes(const struct table_index *ix);

#endif
