/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash:, btree: and texthash:, all read from the text (postmap(1), aliases(5)):
 * one read, rows cut and keys folded in place, an index over the result. No
 * compiled file is needed, and none is looked at.
 */
#include "engine/config/line.h"
#include "engine/config/table_index.h"
#include "engine/config/table_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct text_table {
	struct table table;
	struct table_index index;
};

struct loader {
	struct table_index_feed feed;
	struct table_complaints *complaints;
};

static enum table_result
find(const struct table *table, struct span key, struct table_buf *buf,
     struct span *value_out)
{
	const struct text_table *t = (const void *)table;

	(void)buf;
	return table_index_find(&t->index, key, value_out) ? TABLE_FOUND
							   : TABLE_NOT_FOUND;
}

static void
text_table_close(struct table *table)
{
	struct text_table *t = (void *)table;

	table_index_fini(&t->index);
	free(t);
}

struct each {
	const struct table *table;
	table_row_fn *row;
	void *ctx;
};

static void
each_row(void *arg, struct span key, struct span value)
{
	struct each *each = arg;

	each->row(each->ctx, each->table, key, value);
}

static void
walk(const struct table *table, table_row_fn *row, void *ctx)
{
	const struct text_table *t = (const void *)table;
	struct each each = { .table = table, .row = row, .ctx = ctx };

	table_index_each(&t->index, each_row, &each);
}

struct table *
table_of_index(struct table_index *ix)
{
	struct text_table *t = must_alloc(sizeof(*t));

	t->table.find = find;
	t->table.close = text_table_close;
	t->table.each = walk;
	t->table.entries_n = ix->entries_n;
	t->table.memory_bytes = table_index_bytes(ix);
	t->index = *ix;
	*ix = (struct table_index) { 0 };
	return &t->table;
}

static void
say_twice(void *arg, const struct table_index_row *row)
{
	struct loader *l = arg;

	table_complain(l->complaints, DIAG_WARNING, row->line,
		       "\"%s\" is there already: the first entry counts, "
		       "remove this one",
		       l->feed.ix->text + row->place);
}

static void
insert(struct loader *l, char *key, size_t key_len, unsigned line)
{
	for (size_t i = 0; i < key_len; i++)
		key[i] = ascii_lower(key[i]);
	table_index_feed(&l->feed, (size_t)(key - l->feed.ix->text), key_len,
			 line);
}

/* Length of the key: up to white space that is not quoted. */
static size_t
postmap_key_len(const struct line *line, bool *is_quoted_out)
{
	bool is_quoted = false;
	size_t n = 0;

	for (; n < line->len; n++) {
		if (line->p[n] == '\\' && n + 1 < line->len)
			n++;
		else if (line->p[n] == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted && line_is_space(line->p[n]))
			break;
	}
	*is_quoted_out = is_quoted;
	return n;
}

static void
add_postmap_row(struct loader *l, const struct line *line)
{
	bool is_quoted;
	size_t n = postmap_key_len(line, &is_quoted);

	if (is_quoted) {
		table_complain(l->complaints, DIAG_ERROR, line->first,
			       "%.60s: a quote is not closed: add \"", line->p);
		return;
	}
	if (n == line->len) {
		table_complain(l->complaints, DIAG_ERROR, line->first,
			       "%.60s: a value is missing: write key, white "
			       "space, value",
			       line->p);
		return;
	}
	if (line->p[n - 1] == ':')
		table_complain(l->complaints, DIAG_WARNING, line->first,
			       "%.*s: the colon is part of the key: if this "
			       "is an alias file, name it in alias_maps",
			       (int)(n < 60 ? n : 60), line->p);
	line->p[n] = '\0';
	insert(l, line->p, n, line->first);
}

/*
 * The name of an aliases(5) line: plain or in quotes, which go. Leaves NUL
 * behind it and white space up to the value. 0: no name or no colon.
 */
static size_t
cut_alias_name(const struct line *line, const char **value_out)
{
	char *p = line->p, *end = line->p + line->len, *to = line->p;
	bool is_quoted = false;

	for (; p < end && (is_quoted || *p != ':'); p++) {
		if (*p == '"')
			is_quoted = !is_quoted;
		else if (*p == '\\' && p + 1 < end)
			*to++ = *++p;
		else
			*to++ = *p;
	}
	if (p == end)
		return 0;
	while (to > line->p && line_is_space(to[-1]))
		to--;
	*value_out = p + 1;
	if (to == line->p)
		return 0;
	for (char *c = to + 1; c <= p; c++)
		*c = ' ';
	*to = '\0';
	return (size_t)(to - line->p);
}

static void
add_alias_row(struct loader *l, const struct line *line)
{
	const char *value = "";
	size_t n = cut_alias_name(line, &value);

	while (line_is_space(*value))
		value++;
	if (n && memchr(line->p, '@', n))
		table_complain(l->complaints, DIAG_WARNING, line->first,
			       "%.60s: is never looked up: the name of an "
			       "alias has no domain, addresses with one belong "
			       "in virtual_alias_maps",
			       line->p);
	if (n == 0 || *value == '\0')
		table_complain(l->complaints, DIAG_ERROR, line->first,
			       "%.60s: \"name: value\" is expected", line->p);
	else
		insert(l, line->p, n, line->first);
}

static uint64_t
count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t n = 1;

	while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		text++;
		n++;
	}
	return n;
}

bool
table_text_index(struct table_index *ix, char *text, size_t len,
		 enum table_format format, struct table_complaints *c)
{
	struct loader l = { .feed = { .ix = ix, .twice = say_twice, .arg = &l },
			    .complaints = c };
	struct line_reader r;
	struct line line;

	if (table_index_init(ix, count_lines(text, len)) != 0) {
		free(text);
		table_complain(c, DIAG_ERROR, 0, "does not fit in memory");
		return table_complaints_end(c);
	}
	ix->text = text;
	ix->text_bytes = len + 1;
	line_reader_init(&r, text, len);
	while (line_next(&r, &line)) {
		if (line.is_indented)
			table_complain(c, DIAG_ERROR, line.first,
				       "%.60s: begins with white space, but "
				       "continues nothing: remove the white "
				       "space",
				       line.p);
		else if (line.has_nul)
			table_complain(c, DIAG_ERROR, line.first,
				       "a NUL byte is in this line: is this a "
				       "compiled file? Name the text");
		else if (format == TABLE_ALIASES)
			add_alias_row(&l, &line);
		else
			add_postmap_row(&l, &line);
	}
	table_index_feed_end(&l.feed);
	return table_complaints_end(c);
}

/* What to say beside "no such file" when only the compiled file is there. */
static void
say_unreadable(const struct table_spec *spec, const char *path, int error)
{
	char *compiled = table_path(spec, ".db");
	struct stat st;

	table_cannot_read(spec, path, error);
	if (error == -ENOENT && stat(compiled, &st) == 0)
		diag_add(spec->diag, DIAG_NOTE, compiled, 0,
			 "is there, but the text that it was made of is what "
			 "is read: write it with \"postmap -s %.*s\"",
			 SPAN_FMT(spec->whole));
	free(compiled);
}

struct table *
table_text_open(const struct table_spec *spec)
{
	char *path = table_path(spec, "");
	struct table_complaints c = { .diag = spec->diag, .path = path };
	struct table *table = NULL;
	struct text text = { 0 };
	struct table_index ix;
	int res = text_read_file(&text, path, 0);

	if (res != 0) {
		say_unreadable(spec, path, res);
	} else {
		if (text.p == NULL)
			text_add(&text, SPAN(""));
		if (table_text_index(&ix, text.p, text.len, spec->format, &c))
			table = table_of_index(&ix);
		else
			table_index_fini(&ix);
	}
	free(path);
	return table;
}
