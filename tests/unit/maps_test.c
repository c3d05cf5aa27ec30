/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of tables: the first that has the key, partial keys, alias files. */
#include "engine/config/table.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

static const struct {
	const char *name, *list, *key;
	bool is_partial;
	enum table_result want;
	const char *value;
} rows[] = {
	{ "empty", "", "a", false, TABLE_NOT_FOUND, "" },
	{ "first", "inline:{a=1} inline:{a=2}", "a", false, TABLE_FOUND, "1" },
	{ "second", "inline:{b=1},inline:{a=2}", "a", false, TABLE_FOUND, "2" },
	{ "none", "inline:{b=1} inline:{c=2}", "a", false, TABLE_NOT_FOUND,
	  "" },
	{ "error before", "fail:x inline:{a=1}", "a", false, TABLE_ERROR, "" },
	{ "error behind", "inline:{a=1} fail:x", "a", false, TABLE_FOUND, "1" },
	{ "whole key, pattern", "pcre:{{/a/ p}} inline:{a=1}", "a", false,
	  TABLE_FOUND, "p" },
	{ "partial key skips patterns", "pcre:{{/a/ p}} inline:{a=1}", "a",
	  true, TABLE_FOUND, "1" },
	{ "partial key, patterns alone", "pcre:{{/a/ p}} regexp:{{/a/ p}}", "a",
	  true, TABLE_NOT_FOUND, "" },
	{ "partial key, static", "static:s", "a", true, TABLE_FOUND, "s" },
};

static const struct {
	const char *list, *error;
} wrong[] = {
	{ "inline:{a=1} nothing", "f:2: \"nothing\" is no table" },
	{ "inline:{a=1", "f:2: a \"{\" in a list of tables is not closed" },
	{ "hash:/a/b/none", "f:2: hash:/a/b/none: /a/b/none cannot be read" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct table_buf buf;
		struct span got = { "", 0 };
		struct maps *maps;
		struct diag d;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		maps = maps_open(span_of(rows[i].list), "/", "f", 2, &d);
		CHECK(maps != NULL && d.first == NULL);
		CHECK(maps_is_empty(maps) == !*rows[i].list);
		CHECK(maps_find(maps, span_of(rows[i].key), rows[i].is_partial,
				&buf, &got) == rows[i].want);
		if (rows[i].want == TABLE_FOUND)
			CHECK_SPAN(got, rows[i].value);
		maps_close(&maps);
		CHECK(maps == NULL);
		diag_fini(&d);
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct diag d;

		CHECK_ROW(wrong[i].list);
		diag_init(&d);
		CHECK(maps_open(span_of(wrong[i].list), "/", "f", 2, &d) ==
		      NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		diag_fini(&d);
	}
}

static void
test_static(void)
{
	static const struct {
		const char *list, *value; /* NULL: not static */
	} statics[] = {
		{ "static:997", "997" },
		{ "proxy:static:1", "1" },
		{ "static:1 static:2", NULL },
		{ "inline:{a=1}", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_N(statics); i++) {
		struct span value = { "", 0 };
		struct maps *maps;
		struct diag d;

		CHECK_ROW(statics[i].list);
		diag_init(&d);
		maps = maps_open(span_of(statics[i].list), "/", "f", 2, &d);
		CHECK(maps_is_static(maps, &value) ==
		      (statics[i].value != NULL));
		if (statics[i].value)
			CHECK_SPAN(value, statics[i].value);
		maps_close(&maps);
		diag_fini(&d);
	}
}

static void
count(void *ctx, const struct table *table, struct span key, struct span value)
{
	(void)table;
	*(unsigned *)ctx += 100 + (unsigned)(key.len + value.len);
}

static void
test_each(void)
{
	struct maps *maps;
	struct diag d;
	unsigned n = 0;

	diag_init(&d);
	CHECK_ROW("every row");
	maps = maps_open(SPAN("inline:{a=1,bb=22} inline:{c=3}"), "/", "f", 2,
			 &d);
	CHECK(maps_each(maps, count, &n) && n == 308);
	maps_close(&maps);
	CHECK_ROW("rows that cannot be walked");
	n = 0;
	maps = maps_open(SPAN("inline:{a=1} static:x"), "/", "f", 2, &d);
	CHECK(!maps_each(maps, count, &n) && n == 102);
	CHECK(maps_table(maps, 1) != NULL && maps_table(maps, 2) == NULL);
	maps_close(&maps);
	CHECK_ROW("none");
	CHECK(maps_each(NULL, count, &n) && maps_is_empty(NULL));
	diag_fini(&d);
}

/* local_recipient_maps names the alias file too: it stays an alias file. */
static void
test_aliases(void)
{
	struct tables *set = tables_open();
	struct table_buf buf;
	struct span got;
	struct maps *maps;
	struct diag d;

	CHECK_ROW("alias file in another list");
	diag_init(&d);
	scratch_write(scratch_path("aliases"), "a: b\n");
	tables_add_aliases(set, SPAN("proxy:hash:aliases, btree:x"));
	maps = maps_open_in(set, SPAN("inline:{z=1} hash:aliases"), scratch_dir,
			    "f", 2, &d);
	CHECK(maps != NULL && d.first == NULL);
	CHECK(maps_find(maps, SPAN("a"), false, &buf, &got) == TABLE_FOUND);
	CHECK_SPAN(got, "b");
	maps_close(&maps);
	tables_close(&set);
	diag_fini(&d);
}

int
main(void)
{
	scratch_open("maps");
	test_rows();
	test_static();
	test_each();
	test_aliases();
	scratch_close();
	return check_end();
}
