/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash:, btree:, texthash: and aliases(5). The values wanted are what
 * Postfix 3.7's postmap -q and postalias -q print for the same text and key;
 * where postmap leaves a bad line out with a warning, an error is wanted.
 */
#include "engine/config/table_priv.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

#define PAIRS_MAX 4

static const struct {
	const char *name, *in;
	struct {
		const char *key, *value; /* value NULL: not found */
	} want[PAIRS_MAX];
	const char *warning, *error;
} postmap_rows[] = {
	{ "plain",
	  "a b\n",
	  { { "a", "b" }, { "A", "b" }, { "b", NULL } },
	  "",
	  "" },
	{ "key in upper case",
	  "A b  c  \n",
	  { { "a", "b  c" }, { "A", "b  c" } },
	  "",
	  "" },
	{ "first wins",
	  "a b\na c\n",
	  { { "a", "b" } },
	  "table:2: \"a\" is there already",
	  "" },
	{ "quoted key",
	  "\"a b\" c\n",
	  { { "a b", NULL }, { "\"a b\"", "c" } },
	  "",
	  "" },
	{ "quotes inside", "\"A@x\"@Y z\n", { { "\"a@x\"@y", "z" } }, "", "" },
	{ "quotes in the value",
	  "a \"b\nd e\n",
	  { { "a", "\"b" }, { "d", "e" } },
	  "",
	  "" },
	{ "backslash space",
	  "a\\ b c\n",
	  { { "a b", NULL }, { "a\\", NULL }, { "a\\ b", "c" } },
	  "",
	  "" },
	{ "continued, with comments",
	  "a b\n c\n# x\n\n  d\ne f",
	  { { "a", "b c  d" }, { "e", "f" } },
	  "",
	  "" },
	{ "CRLF", "a b\r\nc d\r\n", { { "a", "b" }, { "c", "d" } }, "", "" },
	{ "comment behind", "a b # c\n", { { "a", "b # c" } }, "", "" },
	{ "8-bit", "\xc3\xa4 b\n", { { "\xc3\xa4", "b" } }, "", "" },
	{ "colon",
	  "a: b\n",
	  { { "a:", "b" }, { "a", NULL } },
	  "table:1: a:: the colon is part of the key",
	  "" },
	{ "empty", "", { { "a", NULL }, { "", NULL } }, "", "" },
	{ "only comments", "# a b\n\n", { { "#", NULL } }, "", "" },
	{ "no value",
	  "x y\na\n",
	  { { NULL, NULL } },
	  "",
	  "table:2: a: a value is missing" },
	{ "quote not closed",
	  "\"a b\nd e\n",
	  { { NULL, NULL } },
	  "",
	  "table:1: \"a b: a quote is not closed" },
	{ "begins with white space",
	  "  a b\nc d\n",
	  { { NULL, NULL } },
	  "",
	  "table:1:   a b: begins with white space" },
};

static const struct {
	const char *name, *in;
	struct {
		const char *key, *value;
	} want[PAIRS_MAX];
	const char *warning, *error;
} alias_rows[] = {
	{ "plain", "a: b\n", { { "a", "b" }, { "A", "b" } }, "", "" },
	{ "space before the colon", "A : b, c\n", { { "a", "b, c" } }, "", "" },
	{ "name with a space", "a b: c\n", { { "a b", "c" } }, "", "" },
	{ "quoted name",
	  "\"a b\": c\n",
	  { { "a b", "c" }, { "\"a b\"", NULL } },
	  "",
	  "" },
	{ "all kinds of values",
	  "a: \"|cmd x y\", /file/a, :include:/x\n",
	  { { "a", "\"|cmd x y\", /file/a, :include:/x" } },
	  "",
	  "" },
	{ "continued",
	  "a: b\n  c\n# x\n ,d\n",
	  { { "a", "b  c ,d" } },
	  "",
	  "" },
	{ "colon in the value", "a: b: c\n", { { "a", "b: c" } }, "", "" },
	{ "dots and plus", "a.b+c: d\n", { { "a.b+c", "d" } }, "", "" },
	{ "first wins",
	  "a: b\na: c\n",
	  { { "a", "b" } },
	  "\"a\" is there already",
	  "" },
	{ "no space after the colon", "a:b\n", { { "a", "b" } }, "", "" },
	{ "a domain",
	  "a@b.c: d\n",
	  { { "a@b.c", "d" } },
	  "table:1: a@b.c: is never looked up: the name of an alias",
	  "" },
	{ "no value",
	  "a:\nb: c\n",
	  { { NULL, NULL } },
	  "",
	  "table:1: a: \"name: value\" is expected" },
	{ "no colon",
	  "a b\nb: c\n",
	  { { NULL, NULL } },
	  "",
	  "table:1: a b: \"name: value\" is expected" },
	{ "no name", ": x\n", { { NULL, NULL } }, "", "\"name: value\"" },
};

/* Opens "TYPE:scratch/table"; NULL after errors, which are in *d. */
static struct table *
open_table(const char *type, bool is_aliases, struct diag *d)
{
	struct tables *set = tables_open();
	struct text whole = { 0 };
	struct table *table;

	text_addf(&whole, "%s:%s", type, scratch_path("table"));
	if (is_aliases)
		tables_add_aliases(set, text_span(&whole));
	table = table_open_in(set, text_span(&whole), NULL, "main.cf", 7, d);
	tables_close(&set);
	text_fini(&whole);
	return table;
}

static void
check_pair(const struct table *table, const char *key, const char *value)
{
	struct table_buf buf;
	struct span got = { NULL, 0 };
	enum table_result res = table_find(table, span_of(key), &buf, &got);

	CHECK(res == (value ? TABLE_FOUND : TABLE_NOT_FOUND));
	if (value != NULL && res == TABLE_FOUND)
		CHECK_SPAN(got, value);
}

static void
test_postmap(const char *type)
{
	for (size_t i = 0; i < ARRAY_N(postmap_rows); i++) {
		struct table *table;
		struct diag d;

		CHECK_ROW(postmap_rows[i].name);
		diag_init(&d);
		scratch_write(scratch_path("table"), postmap_rows[i].in);
		table = open_table(type, false, &d);
		CHECK((table == NULL) == (*postmap_rows[i].error != '\0'));
		CHECK(findings_has(&d, DIAG_ERROR, postmap_rows[i].error));
		CHECK(findings_has(&d, DIAG_WARNING, postmap_rows[i].warning));
		CHECK(table != NULL || d.exit_code == EX_DATAERR);
		for (unsigned k = 0;
		     table && k < PAIRS_MAX && postmap_rows[i].want[k].key; k++)
			check_pair(table, postmap_rows[i].want[k].key,
				   postmap_rows[i].want[k].value);
		table_close(&table);
		diag_fini(&d);
	}
}

static void
test_aliases(const char *type)
{
	for (size_t i = 0; i < ARRAY_N(alias_rows); i++) {
		struct table *table;
		struct diag d;

		CHECK_ROW(alias_rows[i].name);
		diag_init(&d);
		scratch_write(scratch_path("table"), alias_rows[i].in);
		table = open_table(type, true, &d);
		CHECK((table == NULL) == (*alias_rows[i].error != '\0'));
		CHECK(findings_has(&d, DIAG_ERROR, alias_rows[i].error));
		CHECK(findings_has(&d, DIAG_WARNING, alias_rows[i].warning));
		for (unsigned k = 0;
		     table && k < PAIRS_MAX && alias_rows[i].want[k].key; k++)
			check_pair(table, alias_rows[i].want[k].key,
				   alias_rows[i].want[k].value);
		table_close(&table);
		diag_fini(&d);
	}
}

static void
test_texthash_is_no_alias_file(void)
{
	struct table *table;
	struct diag d;

	CHECK_ROW("texthash in alias_maps");
	diag_init(&d);
	scratch_write(scratch_path("table"), "a: b\n");
	table = open_table("texthash", true, &d);
	check_pair(table, "a:", "b");
	table_close(&table);
	diag_fini(&d);
}

static void
test_files(void)
{
	struct table *table;
	struct diag d;

	diag_init(&d);
	CHECK_ROW("only the compiled file is there");
	unlink(scratch_path("table"));
	scratch_write(scratch_path("table.db"), "x");
	CHECK(open_table("hash", false, &d) == NULL);
	CHECK(d.exit_code == EX_NOINPUT);
	CHECK(findings_has(&d, DIAG_ERROR, "main.cf:7: hash:"));
	CHECK(findings_has(&d, DIAG_ERROR, "table cannot be read: No such"));
	CHECK(findings_has(&d, DIAG_NOTE, "table.db: is there, but the text"));
	diag_fini(&d);
	CHECK_ROW("many bad rows");
	scratch_write(scratch_path("table"),
		      "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n");
	CHECK(open_table("hash", false, &d) == NULL);
	CHECK(d.errors_n == TABLE_COMPLAINTS_MAX + 1);
	CHECK(findings_has(&d, DIAG_ERROR, "table:11: 3 more errors"));
	diag_fini(&d);
	CHECK_ROW("a compiled file");
	{
		char nul[] = "a \0b\n";
		FILE *f = fopen(scratch_path("table"), "w");

		fwrite(nul, 1, sizeof(nul) - 1, f);
		fclose(f);
	}
	CHECK(open_table("hash", false, &d) == NULL);
	CHECK(findings_has(&d, DIAG_ERROR, "is this a compiled file?"));
	diag_fini(&d);
	CHECK_ROW("counts");
	scratch_write(scratch_path("table"), "a b\nc d\n");
	table = open_table("btree", false, &d);
	CHECK(table_entries_n(table) == 2);
	CHECK(table_memory_bytes(table) > 8 && !table_is_pattern(table));
	table_close(&table);
	diag_fini(&d);
}

struct rows {
	unsigned n;
	bool is_good;
};

static void
count_row(void *ctx, const struct table *table, struct span key,
	  struct span value)
{
	struct rows *rows = ctx;

	(void)table;
	rows->n++;
	rows->is_good &= key.len == 7 && value.len == 6 &&
			 memcmp(key.p + 1, value.p, 6) == 0;
}

/* Enough rows that slots are taken by others, and the lag counts. */
static void
test_many(void)
{
	FILE *f = fopen(scratch_path("table"), "w");
	struct rows rows = { .is_good = true };
	struct text whole = { 0 };
	struct maps *maps;
	struct diag d;

	CHECK_ROW("many");
	for (unsigned i = 0; i < 50000; i++)
		fprintf(f, "K%06u \t %06u\n", i, i);
	fclose(f);
	diag_init(&d);
	text_addf(&whole, "hash:%s", scratch_path("table"));
	maps = maps_open(text_span(&whole), NULL, NULL, 0, &d);
	CHECK(maps_each(maps, count_row, &rows));
	CHECK(rows.n == 50000 && rows.is_good);
	CHECK(table_memory_bytes(maps_table(maps, 0)) < 3 * 50000 * 17);
	check_pair(maps_table(maps, 0), "k049999", "049999");
	check_pair(maps_table(maps, 0), "k050000", NULL);
	maps_close(&maps);
	text_fini(&whole);
	diag_fini(&d);
}

int
main(void)
{
	scratch_open("table_text");
	test_postmap("hash");
	test_postmap("texthash");
	test_aliases("hash");
	test_aliases("btree");
	test_texthash_is_no_alias_file();
	test_files();
	test_many();
	scratch_close();
	return check_end();
}
