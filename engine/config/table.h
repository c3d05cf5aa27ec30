/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h: Postfix's lookup tables (DATABASE_README, cidr_table(5),
 * regexp_table(5), pcre_table(5), lmdb_table(5)): "type:name" opened at start
 * or reload, read whole into memory, then immutable. Lookups: any thread at
 * once, no system call, no lock, no allocation; only regexp: is libc's regexec,
 * which locks and allocates for itself (pcre: does neither).
 */
#ifndef PENSTOCK_CONFIG_TABLE_H
#define PENSTOCK_CONFIG_TABLE_H

#include "engine/base/diag.h"
#include "engine/base/must.h"
#include "engine/base/span.h"

struct table;  /* one table: one "type:name" */
struct maps;   /* a parameter's list of tables, searched in order */
struct tables; /* what is open: each "type:name" once */

#define TABLE_VALUE_MAX 8192

/* Where a value made for this lookup ($1 of a regexp) is put together. */
struct table_buf {
	char text[TABLE_VALUE_MAX];
};

enum table_result {
	TABLE_FOUND,
	TABLE_NOT_FOUND,
	TABLE_ERROR, /* it cannot be decided: try later (4xx) */
};

/*
 * The tables of one configuration: opened by whoever asks first, shared by who
 * asks later. One thread, while the configuration is made; what it gave out
 * stays valid after tables_close(), until its own table_close().
 */
struct tables *tables_open(void);
void tables_close(struct tables **set);
/*
 * The hash: and btree: tables in list (alias_maps, alias_database) are read by
 * the rules of aliases(5), "name: value, value", wherever they are used. Before
 * the first of them is opened.
 */
void tables_add_aliases(struct tables *set, struct span list);

/*
 * Opens "hash:/etc/postfix/virtual" and so on; proxy: is skipped. dir: what
 * relative names stand under. Complaints go to *diag with file and line;
 * NULL when there was an error. An unknown type names the known ones. set:
 * where it may be already; or NULL. file and line: where it is named.
 */
struct table *table_open(struct span type_name, const char *dir,
			 struct diag *diag);
struct table *table_open_in(struct tables *set, struct span type_name,
			    const char *dir, const char *file, unsigned line,
			    struct diag *diag);
void table_close(struct table **table);

/*
 * Looks key up as it is (indexed types fold it to lower case, as Postfix
 * does). *value_out borrows from the table or from *buf.
 */
enum table_result table_find(const struct table *table, struct span key,
			     struct table_buf *buf, struct span *value_out);
/*
 * regexp, pcre, cidr: want the whole address only, never its parts
 * (user, @domain, parent domains); "static" answers anything.
 */
bool table_is_pattern(const struct table *table);
const char *table_name(const struct table *table); /* "hash:/etc/…" */
uint64_t table_entries_n(const struct table *table);
uint64_t table_memory_bytes(const struct table *table);

/*
 * A parameter's value: "hash:/a, regexp:/b". An empty list gives an empty
 * maps. NULL when there was an error. file and line: where the value stands.
 */
struct maps *maps_open(struct span value, const char *dir, const char *file,
		       unsigned line, struct diag *diag);
struct maps *maps_open_in(struct tables *set, struct span value,
			  const char *dir, const char *file, unsigned line,
			  struct diag *diag);
void maps_close(struct maps **maps);
bool maps_is_empty(const struct maps *maps);
/* The first table that has key; partial keys skip pattern tables. */
enum table_result maps_find(const struct maps *maps, struct span key,
			    bool is_partial, struct table_buf *buf,
			    struct span *value_out);
/* The tables one by one, in order; NULL after the last. */
const struct table *maps_table(const struct maps *maps, unsigned idx);

/*
 * Every row of the tables that have rows in memory (hash, btree, texthash,
 * inline), in no order, for `penstock check`. key and value last until row()
 * returns. Gives false when there were tables that cannot be walked.
 */
typedef void table_row_fn(void *ctx, const struct table *table, struct span key,
			  struct span value);
bool maps_each(const struct maps *maps, table_row_fn *row, void *ctx);

/* True when the list is one "static:value" and nothing else. */
bool maps_is_static(const struct maps *maps, struct span *value_out);

#endif
