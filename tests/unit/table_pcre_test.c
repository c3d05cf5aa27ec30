/* SPDX-License-Identifier: BSD-2-Clause */
/* pcre: as pcre_table(5) says; the same table asked by many threads. */
#include "tests/unit/rules_rows.h"

#include <pthread.h>

static const struct rules_row rows[] = {
	{ "groups",
	  "/^a(.)c(?<n>x)?/ ${1}-$2-$(0)$$\n",
	  { { "abc", "b--abc$" }, { "abcx", "b-x-abcx$" }, { "b", NULL } } },
	{ "case does not count", "/ABC/ ci\n", { { "abc", "ci" } } },
	{ "i: it does", "/ABC/i ci\n", { { "abc", NULL }, { "ABC", "ci" } } },
	{ "dot is a newline too", "/a.b/ s\n", { { "a\nb", "s" } } },
	{ "s: it is not", "/a.b/s s\n", { { "a\nb", NULL }, { "axb", "s" } } },
	{ "m: lines", "/^b$/m m\n", { { "a\nb\nc", "m" } } },
	{ "without: one line", "/^b$/ m\n", { { "a\nb\nc", NULL } } },
	{ "x: spaces and comments",
	  "/a b # c\\/d/x x\n",
	  { { "ab", "x" }, { "a b", NULL } } },
	{ "A: at the front", "/a/A x\n", { { "ba", NULL }, { "ab", "x" } } },
	{ "without E: before a newline", "/a$/ x\n", { { "a\n", "x" } } },
	{ "E: only at the end",
	  "/a$/E x\n",
	  { { "a\n", NULL }, { "a", "x" } } },
	{ "U: not greedy", "/a(.+)/U $1\n", { { "abc", "b" } } },
	{ "greedy", "/a(.+)/ $1\n", { { "abc", "bc" } } },
	{ "X does nothing", "/a/X x\n", { { "a", "x" } } },
	{ "not, if",
	  "if !/a/\n/b/ b\nendif\n",
	  { { "b", "b" }, { "ab", NULL } } },
	{ "look-ahead",
	  "/^(?!.*@example\\.com$)/ other\n",
	  { { "a@example.com", NULL }, { "a@example.org", "other" } } },
	{ "bytes that are no UTF-8",
	  "/^\\xff(.)/ $1\n",
	  { { "\xff\xfe", "\xfe" } } },
	{ "never ends",
	  "/^(a+)+$/ x\n",
	  { { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "!" } } },
	{ "flag", "/abc/q x\n", { { NULL, "t:1: there is no flag \"q\"" } } },
	{ "pattern",
	  "/(a/ x\n",
	  { { NULL,
	      "t:1: /(a/: missing closing parenthesis at its byte 2" } } },
	{ "too many groups", "/abc/ $1\n", { { NULL, "that many groups" } } },
};

#define THREADS_N 4
#define ROUNDS_N  2000

static void *
ask_many(void *arg)
{
	const struct table *table = arg;
	uintptr_t wrong_n = 0;

	for (unsigned i = 0; i < ROUNDS_N; i++) {
		char key[64], want[64];
		struct table_buf buf;
		struct span got;
		int n = snprintf(key, sizeof(key), "user%u@example.com", i);

		snprintf(want, sizeof(want), "%u/user%u", i, i);
		if (table->find(table, (struct span) { key, (size_t)n }, &buf,
				&got) != TABLE_FOUND ||
		    !span_is_equal(got, span_of(want)))
			wrong_n++;
	}
	return (void *)wrong_n;
}

static void
test_threads(void)
{
	static const char in[] = "/nothing/ x\n/^(user(\\d+))@/ $2/$1\n";
	struct table_complaints c = { 0 };
	pthread_t threads[THREADS_N];
	struct table *table =
		table_rules_parse(&table_pcre_kind, strdup(in), strlen(in), &c);

	CHECK_ROW("threads");
	for (unsigned i = 0; i < THREADS_N; i++)
		must(pthread_create(&threads[i], NULL, ask_many, table) == 0);
	for (unsigned i = 0; i < THREADS_N; i++) {
		void *wrong_n;

		pthread_join(threads[i], &wrong_n);
		CHECK(wrong_n == NULL);
	}
	table->close(table);
}

/* 99 groups fit in what a lookup has; more are there, but have no $N. */
static void
test_many_groups(void)
{
	struct text in = { 0 }, key = { 0 };
	struct table_complaints c = { 0 };
	struct table *table;

	CHECK_ROW("many groups");
	text_addf(&in, "/^");
	for (unsigned i = 0; i < 150; i++) {
		text_addf(&in, "(%c)", 'a' + (int)(i % 26));
		text_addf(&key, "%c", 'a' + (int)(i % 26));
	}
	text_addf(&in, "/ $1$99\n");
	table = table_rules_parse(&table_pcre_kind, in.p, in.len, &c);
	CHECK(table != NULL);
	rules_row_ask(table, text_cstr(&key), "au");
	table->close(table);
	text_fini(&key);
}

int
main(void)
{
	rules_rows_test(&table_pcre_kind, rows, ARRAY_N(rows));
	test_threads();
	test_many_groups();
	return check_end();
}
