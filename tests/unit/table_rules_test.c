/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: order, "!", if and endif, results with groups. The kind here matches
 * a key that contains the pattern's text; its only group is the first byte.
 */
#include "engine/config/table_rules.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

static void *
compile(struct span *rest, char why[TABLE_WHY_MAX])
{
	struct span pattern, flags;

	if (!table_rules_cut_pattern(rest, &pattern, &flags, why))
		return NULL;
	if (flags.len) {
		snprintf(why, TABLE_WHY_MAX, "flags %.*s", SPAN_FMT(flags));
		return NULL;
	}
	return strndup(pattern.p, pattern.len);
}

static enum table_match
match(const void *pattern, const struct table_subject *subject,
      struct table_groups *groups)
{
	if (strcmp(pattern, "fail") == 0)
		return TABLE_MATCH_FAILED;
	if (memmem(subject->key.p, subject->key.len, pattern,
		   strlen(pattern)) == NULL)
		return TABLE_NO_MATCH;
	if (groups != NULL) {
		groups->n = 3;
		groups->at[0].start = 0;
		groups->at[0].end = subject->key.len;
		groups->at[1].start = 0;
		groups->at[1].end = 1;
		groups->at[2].start = SIZE_MAX;
	}
	return TABLE_MATCH;
}

static unsigned
groups_n(const void *pattern)
{
	return 2;
}

static const struct table_rules_kind kind = {
	.compile = compile,
	.free = free,
	.match = match,
	.groups_n = groups_n,
};

#define PAIRS_MAX 4

static const struct {
	const char *name, *in;
	struct {
		const char *key, *value; /* NULL: not found; "!": an error */
	} want[PAIRS_MAX];
} rows[] = {
	{ "first wins",
	  "/a/ one\n/ab/ two\n",
	  { { "ab", "one" }, { "b", NULL } } },
	{ "not", "!/a/ no a\n", { { "b", "no a" }, { "a", NULL } } },
	{ "not not", "! ! /a/ x\n", { { "a", "x" } } },
	{ "other delimiter", "|a/b| x\n", { { "a/b", "x" } } },
	{ "escaped delimiter", "/a\\/b/ x\n", { { "a\\/b", "x" } } },
	{ "continued", "/a/\n  one\n# c\n two\n", { { "a", "one\n  two" } } },
	{ "if",
	  "if /a/\n/b/ ab\nendif\n/c/ c\n",
	  { { "ab", "ab" }, { "b", NULL }, { "ac", "c" }, { "c", "c" } } },
	{ "if not",
	  "if !/a/\n/b/ b\nendif\n",
	  { { "b", "b" }, { "ab", NULL } } },
	{ "if in if",
	  "IF /a/\nif /b/\n/c/ abc\nendif\n/d/ ad\nENDIF\n/e/ e\n",
	  { { "abc", "abc" }, { "ad", "ad" }, { "bc", NULL }, { "ae", "e" } } },
	{ "empty if",
	  "if /a/\nendif\n/b/ b\n",
	  { { "b", "b" }, { "ab", "b" } } },
	{ "groups", "/a/ $1-${1}x$(0)$$.$2.\n", { { "xa", "x-xxxa$.." } } },
	{ "text alone", "/a/ just text\n", { { "a", "just text" } } },
	{ "failure", "/fail/ x\n/a/ y\n", { { "a", "!" } } },
	{ "failure behind",
	  "/a/ y\n/fail/ x\n",
	  { { "a", "y" }, { "b", "!" } } },
	{ "empty", "\n# nothing\n", { { "a", NULL }, { "", NULL } } },
};

static const struct {
	const char *in, *error;
} wrong[] = {
	{ "/a/\n", "t:1: a result is missing" },
	{ "# c\n/a/ x\n/b x\n", "t:3: the pattern is not closed: add \"/\"" },
	{ "/a\\/ x\n", "the pattern is not closed" },
	{ "abc x\n", "t:1: a pattern is expected" },
	{ "!\n", "a pattern is expected" },
	{ "/a/q x\n", "t:1: flags q" },
	{ "endif\n", "t:1: endif without if" },
	{ "if /a/\n/b/ c\n", "t:1: if without endif" },
	{ "if\n", "a pattern is expected" },
	{ "/a/ $\n", "after \"$\" stands a number" },
	{ "/a/ $1y\n", "after \"$\" stands a number" },
	{ "/a/ ${1\n", "after \"$\" stands a number" },
	{ "/a/ $3\n", "has not that many groups" },
	{ "/a/ $100\n", "after \"$\" stands a number" },
	{ "!/a/ $1\n", "a rule with \"!\" has no $1" },
	{ " /a/ x\n", "t:1: begins with white space" },
};

static struct table *
parse(const char *in, struct diag *d)
{
	struct table_complaints c = { .diag = d, .path = "t" };
	char *text = strdup(in);

	return table_rules_parse(&kind, text, strlen(text), &c);
}

static void
close_it(struct table **table)
{
	if (*table != NULL)
		(*table)->close(*table);
	*table = NULL;
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct table *table;
		struct diag d;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		table = parse(rows[i].in, &d);
		CHECK(table != NULL && d.first == NULL);
		for (unsigned k = 0; k < PAIRS_MAX && rows[i].want[k].key;
		     k++) {
			const char *value = rows[i].want[k].value;
			struct table_buf buf;
			struct span got = { "", 0 };
			enum table_result res =
				table->find(table, span_of(rows[i].want[k].key),
					    &buf, &got);

			if (value == NULL)
				CHECK(res == TABLE_NOT_FOUND);
			else if (*value == '!')
				CHECK(res == TABLE_ERROR);
			else if (strchr(value, '\n') == NULL)
				CHECK_SPAN(got, value);
			else /* joined: the newline is gone */
				CHECK_SPAN(got, "one two");
		}
		CHECK(table->is_pattern);
		close_it(&table);
		diag_fini(&d);
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct diag d;

		CHECK_ROW(wrong[i].in);
		diag_init(&d);
		CHECK(parse(wrong[i].in, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		diag_fini(&d);
	}
}

static void
test_warnings(void)
{
	struct table *table;
	struct diag d;

	CHECK_ROW("text behind if and endif");
	diag_init(&d);
	table = parse("if /a/ foo\n/b/ c\nendif bar\n", &d);
	CHECK(table != NULL && d.warnings_n == 2);
	CHECK(table_entries_n(table) == 1);
	CHECK(findings_has(&d, DIAG_WARNING, "t:1: what follows the pattern"));
	CHECK(findings_has(&d, DIAG_WARNING, "t:3: what follows endif"));
	close_it(&table);
	diag_fini(&d);
}

/* A result longer than what there is room for cannot be given. */
static void
test_long(void)
{
	struct text in = { 0 };
	static char key[TABLE_VALUE_MAX + 1];
	struct table_buf buf;
	struct table *table;
	struct span got;
	struct diag d;

	CHECK_ROW("long result");
	diag_init(&d);
	memset(key, 'a', sizeof(key));
	table = parse("/a/ $0\n", &d);
	CHECK(table->find(table, (struct span) { key, TABLE_VALUE_MAX }, &buf,
			  &got) == TABLE_FOUND);
	CHECK(got.len == TABLE_VALUE_MAX);
	CHECK(table->find(table, (struct span) { key, TABLE_VALUE_MAX + 1 },
			  &buf, &got) == TABLE_ERROR);
	close_it(&table);
	CHECK_ROW("if nested too deeply");
	for (int i = 0; i < 70; i++)
		text_addf(&in, "if /a/\n");
	CHECK(parse(text_cstr(&in), &d) == NULL);
	CHECK(findings_has(&d, DIAG_ERROR, "if stands in more than 64"));
	text_fini(&in);
	diag_fini(&d);
}

static void
test_inline(void)
{
	static const struct {
		const char *table, *key, *value, *error;
	} inlines[] = {
		{ "regexp:{{/a/ x}, {/b(.)/ y$1}}", "bz", "yz", NULL },
		{ "regexp:{{if /a/} {/b/ y} {endif}}", "ab", "y", NULL },
		{ "regexp:{{/^[^A-Z]/ Bogus}}", "1", "Bogus", NULL },
		{ "cidr:{{1.2.3.4 x} {::1 y}}", "::1", "y", NULL },
		{ "regexp:{/a/ x}", NULL, NULL,
		  "f:4: \"/a/\": each rule stands in braces of its own" },
		{ "regexp:{{/a/ x}", NULL, NULL, "is not closed" },
		{ "regexp:{{/a/}}", NULL, NULL, "f:4: a result is missing" },
		{ "regexp:/no/file", NULL, NULL,
		  "f:4: regexp:/no/file: /no/file cannot be read" },
	};

	for (size_t i = 0; i < ARRAY_N(inlines); i++) {
		struct table_buf buf;
		struct table *table;
		struct span got;
		struct diag d;

		CHECK_ROW(inlines[i].table);
		diag_init(&d);
		table = table_open_in(NULL, span_of(inlines[i].table), "/", "f",
				      4, &d);
		CHECK((table == NULL) == (inlines[i].error != NULL));
		if (table == NULL)
			CHECK(findings_has(&d, DIAG_ERROR, inlines[i].error));
		else if (table_find(table, span_of(inlines[i].key), &buf,
				    &got) == TABLE_FOUND)
			CHECK_SPAN(got, inlines[i].value);
		else
			CHECK(!"found");
		table_close(&table);
		diag_fini(&d);
	}
}

int
main(void)
{
	test_rows();
	test_warnings();
	test_long();
	test_inline();
	return check_end();
}
