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
	{ "flag", "/abc/q x\n", { { NULL, "t:1: there is no flag \"q\"" } } },
	{ "pattern", "/(a/ x\n", { { NULL, "t:1: /(a/: " } } },
	{ "too many groups", "/abc/ $2\n", { { NULL, "that many groups" } } },
	{ "text behind the number",
	  "/^a(.)c/ x$1y\n",
	  { { NULL, "(${1}x)" } } },
};

int
main(void)
{
	static char text[] = "/a/ x\n";
	char *long_key = must_alloc(10000);
	struct table_complaints c = { 0 };
	struct table *table;

	rules_rows_test(&table_regexp_kind, rows, ARRAY_N(rows));
	CHECK_ROW("key too long");
	memset(long_key, 'a', 9999);
	table = table_rules_parse(&table_regexp_kind, strdup(text),
				  strlen(text), &c);
	rules_row_ask(table, long_key, "!");
	table->close(table);
	free(long_key);
	return check_end();
}
