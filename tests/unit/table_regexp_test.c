/* SPDX-License-Identifier: BSD-2-Clause */
/* regexp: as Postfix 3.7's postmap -q answers. */
#include "tests/unit/rules_rows.h"

static const struct rules_row rows[] = {
	{ "group not set",
	  "/a(b)?c/ [$1]\n",
	  { { "ac", "[]" }, { "abc", "[b]" } } },
	{ "alternatives",
	  "/(a)|(b)/ $1-$2\n",
	  { { "a", "a-" }, { "b", "-b" } } },
	{ "all forms",
	  "/^a(.)c$/ x${1}z$(1)w$$\n",
	  { { "abc", "xbzbw$" }, { "axc", "xxzxw$" } } },
	{ "case does not count", "/ABC/ ci\n", { { "abc", "ci" } } },
	{ "i: it does", "/ABC/i ci\n", { { "abc", NULL }, { "ABC", "ci" } } },
	{ "ii: it does not", "/a/ii x\n", { { "A", "x" } } },
	{ "x: basic syntax",
	  "/a{2}/x x\n",
	  { { "aa", NULL }, { "a{2}", "x" } } },
	{ "without: extended",
	  "/^a{2}$/ x\n",
	  { { "aa", "x" }, { "a{2}", NULL } } },
	{ "m: lines", "/^b/m m\n", { { "a\nb", "m" } } },
	{ "without: one line", "/^b/ m\n", { { "a\nb", NULL } } },
	{ "not", "!/a/ no\n", { { "b", "no" }, { "a", NULL } } },
	{ "classes",
	  "/^[[:digit:]]+$/ n\n",
	  { { "12", "n" }, { "1a", NULL } } },
	{ "whole match", "/b+/ <$0>\n", { { "abbc", "<bb>" } } },
	{ "empty key", "/^$/ empty\n", { { "", "empty" }, { "a", NULL } } },
	{ "large counts", "/^(a{100}){200}$/ x\n", { { "a", NULL } } },
	{ "not counts", "/^[+{(]\\+\\+\\+$/ x\n", { { "(+++", "x" } } },
	{ "larger ones",
	  "/(a{255}){255}{255}/ x\n",
	  { { NULL, "t:1: /(a{255}){255}{255}/: its repetitions multiply" } } },
	{ "stacked ones",
	  "/(.+)++++++++++++++++++++++/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "stacked around a star",
	  "/(.+)++++++++++*+?++++++++++/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "a star between",
	  "/(.+)+++++*++++++/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "of what may be nothing",
	  "/(.*){222}++/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "stacked question marks",
	  "/A(=???????????????{2,3}??????????+)/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "pluses behind a star",
	  "/\\+$z*+++++++]||/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "of what one branch lets be nothing",
	  "/(abc|d?){222}++/ x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "... but never is", "/^(.*a){222}$/ x\n", { { "a", NULL } } },
	{ "a few of them",
	  "/^((a?b?)*(c|d*)+)*$/ x\n",
	  { { "abcd", "x" }, { "e", NULL } } },
	{ "in groups",
	  "/((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+/ "
	  "x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "in basic syntax",
	  "/\\(a\\{255\\}\\)\\{255\\}\\{255\\}/x x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "depth",
	  "/((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
	  "(("
	  "a)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
	  "))/ "
	  "x\n",
	  { { NULL, "its repetitions multiply" } } },
	{ "flag", "/abc/q x\n", { { NULL, "t:1: there is no flag \"q\"" } } },
	{ "pattern", "/(a/ x\n", { { NULL, "t:1: /(a/: " } } },
	{ "too many groups", "/abc/ $2\n", { { NULL, "that many groups" } } },
	{ "text behind the number",
	  "/^a(.)c/ x$1y\n",
	  { { NULL, "(${1}x)" } } },
};

/* A NUL is a byte like any other: it does not hide what follows. */
static void
test_nul(const struct table *table)
{
	static const struct {
		const char *name;
		struct span key;
		enum table_result want;
	} keys[] = {
		{ "without", SPAN("ab"), TABLE_FOUND },
		{ "before what matches", SPAN("a\0xb"), TABLE_NOT_FOUND },
		{ "behind what matches", SPAN("ab\0"), TABLE_NOT_FOUND },
		{ "in the group", SPAN("ab\0b"), TABLE_FOUND },
		{ "key without an end", { "abX", 2 }, TABLE_FOUND },
		{ "no bytes", { NULL, 0 }, TABLE_NOT_FOUND },
	};

	for (size_t i = 0; i < ARRAY_N(keys); i++) {
		struct table_buf buf;
		struct span value = { 0 };

		CHECK_ROW(keys[i].name);
		CHECK(table->find(table, keys[i].key, &buf, &value) ==
		      keys[i].want);
		if (keys[i].want == TABLE_FOUND)
			CHECK(value.len == keys[i].key.len + 1 &&
			      value.p[1] == 'b' &&
			      value.p[value.len - 1] == ']');
	}
}

int
main(void)
{
	static const char text[] = "/^a(b[^x]*b|b)$/ [$1]\n/aaaa/ long\n";
	char *key = must_alloc(9001);
	struct table_complaints c = { 0 };
	struct table *table;

	rules_rows_test(&table_regexp_kind, rows, ARRAY_N(rows));
	table = table_rules_parse(&table_regexp_kind, strdup(text),
				  strlen(text), &c);
	must(table != NULL);
	test_nul(table);
	CHECK_ROW("key long");
	memset(key, 'a', 9000);
	key[8191] = '\0';
	rules_row_ask(table, key, "long");
	CHECK_ROW("key too long");
	key[8191] = 'a';
	rules_row_ask(table, key, "!");
	table->close(table);
	free(key);
	return check_end();
}
