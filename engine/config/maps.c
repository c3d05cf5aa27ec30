/* SPDX-License-Identifier: BSD-2-Clause */
/* A parameter's list of tables, asked in order. */
#include "engine/config/say.h"
#include "engine/config/table_priv.h"

#include <stdlib.h>

struct maps {
	unsigned n;
	struct table *all[];
};

static unsigned
count(struct span list)
{
	unsigned n = 0;
	bool is_ok = true;

	while (table_list_next(&list, &is_ok).len)
		n++;
	return n;
}

struct maps *
maps_open_in(struct tables *set, struct span value, const char *dir,
	     const char *file, unsigned line, struct diag *diag)
{
	unsigned n = count(value);
	struct maps *maps =
		must_alloc(sizeof(*maps) + n * sizeof(maps->all[0]));
	bool is_ok = true;

	for (unsigned i = 0; i < n; i++) {
		struct span item = table_list_next(&value, &is_ok);
		struct table *table =
			table_open_in(set, item, dir, file, line, diag);

		if (table != NULL)
			maps->all[maps->n++] = table;
	}
	if (!is_ok)
		say(diag, DIAG_ERROR, file, line,
		    "a \"{\" in a list of tables is not closed: add \"}\"");
	if (!is_ok || maps->n != n)
		maps_close(&maps);
	return maps;
}

struct maps *
maps_open(struct span value, const char *dir, const char *file, unsigned line,
	  struct diag *diag)
{
	return maps_open_in(NULL, value, dir, file, line, diag);
}

void
maps_close(struct maps **maps)
{
	if (*maps == NULL)
		return;
	for (unsigned i = 0; i < (*maps)->n; i++)
		table_close(&(*maps)->all[i]);
	free(*maps);
	*maps = NULL;
}

bool
maps_is_empty(const struct maps *maps)
{
	return maps == NULL || maps->n == 0;
}

enum table_result
maps_find(const struct maps *maps, struct span key, bool is_partial,
	  struct table_buf *buf, struct span *value_out)
{
	for (unsigned i = 0; maps != NULL && i < maps->n; i++) {
		const struct table *table = maps->all[i];
		enum table_result res;

		if (is_partial && table->is_pattern)
			continue;
		res = table_find(table, key, buf, value_out);
		if (res != TABLE_NOT_FOUND)
			return res;
	}
	return TABLE_NOT_FOUND;
}

const struct table *
maps_table(const struct maps *maps, unsigned idx)
{
	return maps != NULL && idx < maps->n ? maps->all[idx] : NULL;
}

bool
maps_each(const struct maps *maps, table_row_fn *row, void *ctx)
{
	bool is_all = true;

	for (unsigned i = 0; maps != NULL && i < maps->n; i++) {
		if (maps->all[i]->each == NULL)
			is_all = false;
		else
			maps->all[i]->each(maps->all[i], row, ctx);
	}
	return is_all;
}

bool
maps_is_static(const struct maps *maps, struct span *value_out)
{
	if (maps == NULL || maps->n != 1 || !maps->all[0]->static_value)
		return false;
	*value_out = span_of(maps->all[0]->static_value);
	return true;
}
