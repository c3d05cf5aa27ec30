/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables whose contents stand in main.cf: inline:, static:, fail:. */
#include "engine/config/line.h"
#include "engine/config/say.h"
#include "engine/config/table_index.h"
#include "engine/config/table_priv.h"

#include <stdlib.h>

struct static_table {
	struct table table;
	char *value; /* NULL: fail:, every lookup is an error */
};

static enum table_result
static_find(const struct table *table, struct span key, struct table_buf *buf,
	    struct span *value_out)
{
	const struct static_table *t = (const void *)table;

	(void)key;
	(void)buf;
	if (t->value == NULL)
		return TABLE_ERROR;
	*value_out = span_of(t->value);
	return TABLE_FOUND;
}

static void
static_close(struct table *table)
{
	struct static_table *t = (void *)table;

	free(t->value);
	free(t);
}

static struct static_table *
static_new(void)
{
	struct static_table *t = must_alloc(sizeof(*t));

	t->table.find = static_find;
	t->table.close = static_close;
	return t;
}

struct table *
table_static_open(const struct table_spec *spec)
{
	struct span value = table_unbrace(spec->name);
	struct static_table *t;

	if (value.p == spec->name.p && value.len && value.p[0] == '{') {
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "%.*s: write static:value or static:{ a value }",
		    SPAN_FMT(spec->whole));
		return NULL;
	}
	t = static_new();
	t->value = strndup(value.p, value.len);
	must(t->value != NULL);
	t->table.static_value = t->value;
	t->table.entries_n = 1;
	t->table.memory_bytes = value.len + 1;
	return &t->table;
}

struct table *
table_fail_open(const struct table_spec *spec)
{
	(void)spec;
	return &static_new()->table;
}

/*
 * "key = value", where quotes and backslashes hide what would end the key, and
 * stay in it, as in a row of postmap(1).
 */
static bool
split(struct span item, struct span *key_out, struct span *value_out)
{
	size_t n = 0;
	bool is_quoted = false;

	item = span_trim(item);
	for (; n < item.len; n++) {
		if (item.p[n] == '\\' && n + 1 < item.len)
			n++;
		else if (item.p[n] == '"')
			is_quoted = !is_quoted;
		else if (!is_quoted &&
			 (item.p[n] == '=' || line_is_space(item.p[n])))
			break;
	}
	*key_out = span_to(item, n);
	item = span_trim(span_from(item, n));
	if (n == 0 || is_quoted || item.len == 0 || item.p[0] != '=')
		return false;
	*value_out = span_trim(span_from(item, 1));
	return value_out->len > 0;
}

/* One "key = value" or "{key = value}" of inline:, appended to the text. */
static bool
add_pair(struct table_index *ix, struct text *text, struct span item,
	 const struct table_spec *spec)
{
	struct span key, value, pair = table_unbrace(item);
	size_t place = text->len;

	if ((pair.p == item.p && item.p[0] == '{') ||
	    !split(pair, &key, &value)) {
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "inline: \"%.*s\": write inline:{ key=value, { key = "
		    "text with spaces } }",
		    SPAN_FMT(item));
		return false;
	}
	text_add(text, key);
	text_add(text, (struct span) { "", 1 });
	text_add(text, value);
	text_add(text, (struct span) { "", 1 });
	for (size_t i = 0; i < key.len; i++)
		text->p[place + i] = ascii_lower(text->p[place + i]);
	ix->text = text->p;
	key.p = text->p + place;
	table_index_set(ix, place, key, table_index_hash(key));
	return true;
}

struct table *
table_inline_open(const struct table_spec *spec)
{
	struct span list = table_unbrace(spec->name), item;
	struct table_index ix;
	struct text text = { 0 };
	bool is_ok = list.p != spec->name.p;

	must(table_index_init(&ix, spec->name.len / 2 + 1) == 0);
	if (!is_ok)
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "%.*s: write inline:{ key=value, ... }",
		    SPAN_FMT(spec->whole));
	while (is_ok && (item = table_list_next(&list, &is_ok)).len)
		is_ok &= add_pair(&ix, &text, item, spec);
	ix.text = text.p;
	ix.text_bytes = text.len;
	if (is_ok)
		return table_of_index(&ix);
	table_index_fini(&ix);
	return NULL;
}
