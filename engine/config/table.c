/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "type:name" to an open table, once per configuration; and lists of tables.
 * What the types do is in table_*.c.
 */
#include "engine/config/table_priv.h"
#include "engine/config/line.h"
#include "engine/config/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define LIST_SEPS " \t\r\n,"

/* Every type that Postfix has. open NULL: fix says what to do instead. */
static const struct {
	const char *type;
	struct table *(*open)(const struct table_spec *spec);
	const char *fix;
} types[] = {
#define TABLE_TYPE(type, open, fix) { type, open, fix },
#include "engine/config/table_types.def"
#undef TABLE_TYPE
};

struct entry {
	struct entry *next;
	char *whole;
	struct table *table; /* NULL: could not be opened */
};

struct tables {
	struct entry *first;
	struct text aliases; /* "hash:/a hash:/b" */
};

struct tables *
tables_open(void)
{
	return must_alloc(sizeof(struct tables));
}

void
tables_close(struct tables **set)
{
	if (*set == NULL)
		return;
	while ((*set)->first != NULL) {
		struct entry *e = (*set)->first;

		(*set)->first = e->next;
		table_close(&e->table);
		free(e->whole);
		free(e);
	}
	text_fini(&(*set)->aliases);
	free(*set);
	*set = NULL;
}

static struct span
skip_proxy(struct span whole)
{
	while (span_has_prefix_nocase(whole, SPAN("proxy:")))
		whole = span_from(whole, 6);
	return whole;
}

void
tables_add_aliases(struct tables *set, struct span list)
{
	struct span item;
	bool is_ok = true;

	while ((item = table_list_next(&list, &is_ok)).len) {
		text_add(&set->aliases, skip_proxy(item));
		text_add(&set->aliases, SPAN("\n"));
	}
}

/* What postalias would have compiled is text of aliases(5). */
static enum table_format
format_of(const struct table_spec *spec)
{
	struct span list, item;

	if (spec->set == NULL || (!span_is_equal(spec->type, SPAN("hash")) &&
				  !span_is_equal(spec->type, SPAN("btree"))))
		return TABLE_POSTMAP;
	list = text_span(&spec->set->aliases);
	while ((item = span_word(&list, "\n")).len)
		if (span_is_equal(item, spec->whole))
			return TABLE_ALIASES;
	return TABLE_POSTMAP;
}

static struct table *
get(struct table *table)
{
	if (table != NULL)
		atomic_fetch_add_explicit(&table->refs, 1,
					  memory_order_relaxed);
	return table;
}

static struct entry *
find_entry(const struct tables *set, const struct table_spec *spec)
{
	struct entry *e = set ? set->first : NULL;

	while (e != NULL && !span_is_equal(span_of(e->whole), spec->whole))
		e = e->next;
	return e;
}

static void
keep(struct tables *set, const struct table_spec *spec, struct table *table)
{
	struct entry *e;

	if (set == NULL)
		return;
	e = must_alloc(sizeof(*e));
	e->whole = strndup(spec->whole.p, spec->whole.len);
	must(e->whole != NULL);
	e->table = get(table);
	e->next = set->first;
	set->first = e;
}

static void
say_known_types(const struct table_spec *spec)
{
	struct text known = { 0 };

	for (size_t i = 0; i < ARRAY_N(types); i++)
		if (types[i].open != NULL)
			text_addf(&known, "%s%s", known.len ? ", " : "",
				  types[i].type);
	say(spec->diag, DIAG_ERROR, spec->file, spec->line,
	    "%.*s: there is no table type \"%.*s\": the types are %s",
	    SPAN_FMT(spec->whole), SPAN_FMT(spec->type), text_cstr(&known));
	text_fini(&known);
}

static struct table *
open_type(const struct table_spec *spec)
{
	for (size_t i = 0; i < ARRAY_N(types); i++) {
		struct table *table;

		if (!span_is_equal(spec->type, span_of(types[i].type)))
			continue;
		if (types[i].open == NULL) {
			say(spec->diag, DIAG_ERROR, spec->file, spec->line,
			    "%.*s: tables of type %s are not supported: %s",
			    SPAN_FMT(spec->whole), types[i].type, types[i].fix);
			return NULL;
		}
		table = types[i].open(spec);
		if (table == NULL)
			return NULL;
		table->name = strndup(spec->whole.p, spec->whole.len);
		must(table->name != NULL);
		atomic_init(&table->refs, 1);
		return table;
	}
	say_known_types(spec);
	return NULL;
}

static struct table *
open_spec(struct table_spec *spec)
{
	struct entry *e;
	struct table *table;
	size_t colon;

	spec->whole = skip_proxy(spec->whole);
	colon = span_find(spec->whole, ':');
	spec->type = span_to(spec->whole, colon);
	if (colon == spec->whole.len) {
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "\"%.*s\" is no table: write type:name, such as "
		    "hash:/etc/postfix/virtual",
		    SPAN_FMT(spec->whole));
		return NULL;
	}
	spec->name = span_trim(span_from(spec->whole, colon + 1));
	spec->format = format_of(spec);
	e = find_entry(spec->set, spec);
	if (e != NULL)
		return get(e->table);
	table = open_type(spec);
	keep(spec->set, spec, table);
	return table;
}

struct table *
table_open_in(struct tables *set, struct span type_name, const char *dir,
	      const char *file, unsigned line, struct diag *diag)
{
	struct table_spec spec = { .whole = span_trim(type_name),
				   .set = set,
				   .dir = dir,
				   .file = file,
				   .line = line,
				   .diag = diag };

	return open_spec(&spec);
}

struct table *
table_open(struct span type_name, const char *dir, struct diag *diag)
{
	return table_open_in(NULL, type_name, dir, NULL, 0, diag);
}

struct table *
table_open_nested(const struct table_spec *outer, struct span type_name)
{
	struct table_spec spec = *outer;

	spec.whole = span_trim(type_name);
	spec.nesting++;
	if (spec.nesting > TABLE_NESTING_MAX) {
		say(spec.diag, DIAG_ERROR, spec.file, spec.line,
		    "%.*s: tables are nested too deeply: at most %d in one "
		    "another",
		    SPAN_FMT(spec.whole), TABLE_NESTING_MAX);
		return NULL;
	}
	return open_spec(&spec);
}

void
table_close(struct table **table_inout)
{
	struct table *table = *table_inout;

	*table_inout = NULL;
	if (table == NULL || atomic_fetch_sub_explicit(
				     &table->refs, 1, memory_order_acq_rel) > 1)
		return;
	free(table->name);
	table->close(table);
}

enum table_result
table_find(const struct table *table, struct span key, struct table_buf *buf,
	   struct span *value_out)
{
	return table->find(table, key, buf, value_out);
}

bool
table_is_pattern(const struct table *table)
{
	return table->is_pattern;
}

const char *
table_name(const struct table *table)
{
	return table->name;
}

uint64_t
table_entries_n(const struct table *table)
{
	return table->entries_n;
}

uint64_t
table_memory_bytes(const struct table *table)
{
	return table->memory_bytes;
}

/* --- what the types share --- */

char *
table_path(const struct table_spec *spec, const char *suffix)
{
	bool is_absolute = spec->name.len && spec->name.p[0] == '/';
	struct text t = { 0 };

	text_addf(&t, "%s%s%.*s%s", is_absolute || !spec->dir ? "" : spec->dir,
		  is_absolute || !spec->dir ? "" : "/", SPAN_FMT(spec->name),
		  suffix);
	return t.p;
}

void
table_cannot_read(const struct table_spec *spec, const char *path, int error)
{
	const char *fix = error == -ENOENT   ? ": create it, or take it out of "
					       "the parameter"
			  : error == -EACCES ? ": make it readable for the "
					       "user that starts Penstock"
					     : "";

	say_fail(spec->diag, EX_NOINPUT, spec->file, spec->line,
		 "%.*s: %s cannot be read: %s%s", SPAN_FMT(spec->whole), path,
		 strerror(-error), fix);
}

struct span
table_list_next(struct span *list, bool *is_ok)
{
	unsigned level = 0;
	size_t n = 0;
	struct span item;

	while (list->len && strchr(LIST_SEPS, list->p[0]) && list->p[0])
		*list = span_from(*list, 1);
	for (; n < list->len; n++) {
		char c = list->p[n];

		if (c == '{')
			level++;
		else if (c == '}' && level > 0)
			level--;
		else if (level == 0 && c && strchr(LIST_SEPS, c))
			break;
	}
	if (level > 0)
		*is_ok = false;
	item = span_to(*list, n);
	*list = span_from(*list, n);
	return item;
}

/* The place of the "}" that closes the "{" at the front; s.len: none does. */
static size_t
closing_brace(struct span s)
{
	unsigned level = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '{')
			level++;
		if (s.p[i] == '}' && --level == 0)
			return i;
	}
	return s.len;
}

struct span
table_unbrace(struct span s)
{
	if (s.len >= 2 && s.p[0] == '{' && closing_brace(s) == s.len - 1)
		return span_trim((struct span) { s.p + 1, s.len - 2 });
	return s;
}

void
table_complain(struct table_complaints *c, enum diag_level level, unsigned line,
	       const char *fmt, ...)
{
	bool is_error = level == DIAG_ERROR;
	unsigned *n = is_error ? &c->errors_n : &c->warnings_n;
	char text[400];
	va_list ap;

	if (*n == TABLE_COMPLAINTS_MAX)
		*(is_error ? &c->errors_line : &c->warnings_line) = line;
	if ((*n)++ >= TABLE_COMPLAINTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (is_error)
		say_fail(c->diag, EX_DATAERR, c->path, line, "%s", text);
	else
		say(c->diag, level, c->path, line, "%s", text);
}

bool
table_complaints_end(struct table_complaints *c)
{
	if (c->errors_n > TABLE_COMPLAINTS_MAX)
		say_fail(c->diag, EX_DATAERR, c->path, c->errors_line,
			 "%u more errors like these from here on",
			 c->errors_n - TABLE_COMPLAINTS_MAX);
	if (c->warnings_n > TABLE_COMPLAINTS_MAX)
		say(c->diag, DIAG_WARNING, c->path, c->warnings_line,
		    "%u more warnings like these from here on",
		    c->warnings_n - TABLE_COMPLAINTS_MAX);
	return c->errors_n == 0;
}
