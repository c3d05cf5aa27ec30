/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_priv.h: what the kinds of tables are to table.c: how one is opened, and
 * what an open one can do. A kind's struct begins with a struct table.
 */
#ifndef PENSTOCK_CONFIG_TABLE_PRIV_H
#define PENSTOCK_CONFIG_TABLE_PRIV_H

#include "engine/config/table.h"
#include "engine/config/text.h"

#include <stdatomic.h>

/* How the text of a row is to be read. */
enum table_format {
	TABLE_POSTMAP, /* postmap(1): key, white space, value */
	TABLE_ALIASES, /* aliases(5): name: value, value */
};

struct table {
	enum table_result (*find)(const struct table *table, struct span key,
				  struct table_buf *buf,
				  struct span *value_out);
	void (*close)(struct table *table);
	/* NULL: its rows cannot be walked */
	void (*each)(const struct table *table, table_row_fn *row, void *ctx);
	char *name;		  /* "hash:/etc/…" */
	const char *static_value; /* static: only */
	bool is_pattern;
	_Atomic uint32_t refs;
	uint64_t entries_n, memory_bytes;
};

#define TABLE_NESTING_MAX 4 /* of unionmap: and pipemap: in one another */

/* One "type:name" to be opened. */
struct table_spec {
	struct span whole; /* "hash:/etc/…", without "proxy:" */
	struct span type, name;
	struct tables *set; /* where tables inside it are looked up */
	const char *dir;    /* relative names stand under it */
	const char *file;   /* where it is named: for complaints */
	unsigned line;
	enum table_format format; /* of hash: and btree: */
	unsigned nesting;
	struct diag *diag;
};

/* Each gives NULL after saying why in *spec->diag. */
struct table *table_text_open(const struct table_spec *spec);
struct table *table_inline_open(const struct table_spec *spec);
struct table *table_static_open(const struct table_spec *spec);
struct table *table_fail_open(const struct table_spec *spec);
struct table *table_unix_open(const struct table_spec *spec);
struct table *table_lmdb_open(const struct table_spec *spec);
struct table *table_cidr_open(const struct table_spec *spec);
struct table *table_regexp_open(const struct table_spec *spec);
struct table *table_pcre_open(const struct table_spec *spec);
struct table *table_union_open(const struct table_spec *spec);
struct table *table_pipe_open(const struct table_spec *spec);

/* spec->name as a path (the caller frees it); suffix: "" or ".lmdb". */
char *table_path(const struct table_spec *spec, const char *suffix);
/* Says why a file cannot be read; missing_fix: what would be right. */
void table_cannot_read(const struct table_spec *spec, const char *path,
		       int error);
/* A member table of unionmap: or pipemap:. */
struct table *table_open_nested(const struct table_spec *outer,
				struct span type_name);

/*
 * The next item of a list cut at commas and white space, where {…} is one item;
 * empty at the end. Braces around an item stay. *is_ok becomes false when one
 * is not closed.
 */
struct span table_list_next(struct span *list, bool *is_ok);
/* "{ text }" → "text"; else s itself. */
struct span table_unbrace(struct span s);

/* A table of a struct table_index, which it takes. */
struct table_index;
struct table *table_of_index(struct table_index *ix);

/*
 * Rows of text, in place: each kind of complaint is said for at most
 * TABLE_COMPLAINTS_MAX rows of one file; the rest is counted.
 */
#define TABLE_COMPLAINTS_MAX 10
struct table_complaints {
	struct diag *diag;
	const char *path;
	unsigned errors_n, warnings_n;
	unsigned errors_line, warnings_line; /* of the first that is not said */
};
PRINTF_LIKE(4, 5)
void table_complain(struct table_complaints *c, enum diag_level level,
		    unsigned line, const char *fmt, ...);
/* Says how many were left out. false when any was an error. */
bool table_complaints_end(struct table_complaints *c);

/*
 * table_text.c: indexes text, which it changes, by the rules of postmap(1) or
 * aliases(5). text[len] must be writable; ix takes it. False after errors.
 */
MUST_USE bool table_text_index(struct table_index *ix, char *text, size_t len,
			       enum table_format format,
			       struct table_complaints *c);

#endif
