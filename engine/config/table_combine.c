/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unionmap: the results of all its tables, with commas between; pipemap: what
 * one table gives is what the next is asked for.
 */
#include "engine/config/say.h"
#include "engine/config/table_priv.h"

#include <stdlib.h>

struct combined {
	struct table table;
	unsigned n;
	struct table *all[];
};

static void
combined_close(struct table *table)
{
	struct combined *c = (void *)table;

	for (unsigned i = 0; i < c->n; i++)
		table_close(&c->all[i]);
	free(c);
}

static enum table_result
union_find(const struct table *table, struct span key, struct table_buf *buf,
	   struct span *value_out)
{
	const struct combined *c = (const void *)table;
	size_t len = 0;
	bool found = false;

	for (unsigned i = 0; i < c->n; i++) {
		struct table_buf one;
		struct span value;
		enum table_result res =
			table_find(c->all[i], key, &one, &value);

		if (res == TABLE_ERROR)
			return res;
		if (res == TABLE_NOT_FOUND)
			continue;
		if (value.len + 1 > sizeof(buf->text) - len)
			return TABLE_ERROR;
		if (found)
			buf->text[len++] = ',';
		if (value.len)
			memcpy(buf->text + len, value.p, value.len);
		len += value.len;
		found = true;
	}
	*value_out = (struct span) { buf->text, len };
	return found ? TABLE_FOUND : TABLE_NOT_FOUND;
}

static enum table_result
pipe_find(const struct table *table, struct span key, struct table_buf *buf,
	  struct span *value_out)
{
	const struct combined *c = (const void *)table;
	struct table_buf bufs[2];

	for (unsigned i = 0; i < c->n; i++) {
		/* The key may lie in the buffer that was filled before. */
		enum table_result res =
			table_find(c->all[i], key, &bufs[i & 1], value_out);

		if (res != TABLE_FOUND)
			return res;
		key = *value_out;
	}
	if (value_out->len > sizeof(buf->text))
		return TABLE_ERROR;
	if (value_out->len)
		memcpy(buf->text, value_out->p, value_out->len);
	value_out->p = buf->text;
	return TABLE_FOUND;
}

static unsigned
count(struct span list)
{
	unsigned n = 0;
	bool is_ok = true;

	while (table_list_next(&list, &is_ok).len)
		n++;
	return n;
}

/* Its tables, or NULL after saying what is wrong. */
static struct combined *
combined_open(const struct table_spec *spec)
{
	struct span list = table_unbrace(spec->name), item;
	struct combined *c;
	bool is_ok = list.p != spec->name.p && list.len;

	if (!is_ok)
		say(spec->diag, DIAG_ERROR, spec->file, spec->line,
		    "%.*s: write %.*s:{type:name, type:name}",
		    SPAN_FMT(spec->whole), SPAN_FMT(spec->type));
	c = must_alloc(sizeof(*c) + count(list) * sizeof(c->all[0]));
	c->table.close = combined_close;
	while (is_ok && (item = table_list_next(&list, &is_ok)).len) {
		struct table *one =
			table_open_nested(spec, table_unbrace(item));

		is_ok &= one != NULL;
		if (one == NULL)
			break;
		c->all[c->n++] = one;
		c->table.is_pattern |= one->is_pattern;
		c->table.entries_n += one->entries_n;
		c->table.memory_bytes += one->memory_bytes;
	}
	if (!is_ok) {
		combined_close(&c->table);
		return NULL;
	}
	return c;
}

struct table *
table_union_open(const struct table_spec *spec)
{
	struct combined *c = combined_open(spec);

	if (c == NULL)
		return NULL;
	c->table.find = union_find;
	return &c->table;
}

struct table *
table_pipe_open(const struct table_spec *spec)
{
	struct combined *c = combined_open(spec);

	if (c == NULL)
		return NULL;
	c->table.find = pipe_find;
	return &c->table;
}
