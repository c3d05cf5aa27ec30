/* SPDX-License-Identifier: BSD-2-Clause */
/* The index against what was put in: few rows, full, many. */
#include "engine/config/table_index.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_N 20000

/* "key\0value\0" rows; gives the place of each. */
static size_t
put_row(struct table_index *ix, size_t at, const char *key, const char *value)
{
	size_t key_len = strlen(key), value_len = strlen(value);

	memcpy(ix->text + at, key, key_len + 1);
	memcpy(ix->text + at + key_len + 1, value, value_len + 1);
	return at + key_len + value_len + 2;
}

static bool
add(struct table_index *ix, size_t at, bool is_set)
{
	struct span key = span_of(ix->text + at);

	if (!is_set)
		return table_index_add(ix, at, key, table_index_hash(key));
	table_index_set(ix, at, key, table_index_hash(key));
	return true;
}

static bool
has(const struct table_index *ix, struct span key, const char *value)
{
	struct span got;

	if (!table_index_find(ix, key, &got))
		return value == NULL;
	return value != NULL && span_is_equal(got, span_of(value));
}

static void
test_few(void)
{
	struct table_index ix;
	size_t a, b, c;

	CHECK_ROW("few");
	must(table_index_init(&ix, 3) == 0);
	ix.text = must_alloc(1000);
	ix.text_bytes = 1000;
	a = 0;
	b = put_row(&ix, a, "abc", " \t one");
	c = put_row(&ix, b, "", "empty key");
	put_row(&ix, c, "abc", "two");
	CHECK(has(&ix, SPAN("abc"), NULL));
	CHECK(add(&ix, a, false));
	CHECK(add(&ix, b, false));
	CHECK(!add(&ix, c, false));
	CHECK(ix.entries_n == 2);
	CHECK(has(&ix, SPAN("abc"), "one"));
	CHECK(has(&ix, SPAN("ABC"), "one"));
	CHECK(has(&ix, SPAN(""), "empty key"));
	CHECK(has(&ix, SPAN("ab"), NULL));
	CHECK(has(&ix, SPAN("abcd"), NULL));
	CHECK(has(&ix, SPAN("ab\0"), NULL));
	CHECK(has(&ix, SPAN("\0"), NULL));
	CHECK_ROW("set");
	add(&ix, c, true);
	CHECK(ix.entries_n == 2 && has(&ix, SPAN("abc"), "two"));
	table_index_fini(&ix);
}

struct sum {
	unsigned n;
	uint64_t sum;
};

static void
sum_row(void *ctx, struct span key, struct span value)
{
	struct sum *sum = ctx;
	uint64_t k, v;

	sum->n++;
	if (span_to_u64(span_from(key, 3), &k) && span_to_u64(value, &v) &&
	    v == k * 7)
		sum->sum += k;
}

static void
test_many(void)
{
	struct table_index ix;
	struct sum sum = { 0 };
	size_t at = 0;
	char key[32], value[32];

	CHECK_ROW("many");
	must(table_index_init(&ix, ROWS_N) == 0);
	ix.text = must_alloc(ROWS_N * 32);
	ix.text_bytes = ROWS_N * 32;
	for (unsigned i = 0; i < ROWS_N; i++) {
		size_t place = at;

		snprintf(key, sizeof(key), "key%u", i);
		snprintf(value, sizeof(value), "%u", i * 7);
		at = put_row(&ix, at, key, value);
		CHECK(add(&ix, place, false));
	}
	CHECK(ix.entries_n == ROWS_N);
	for (unsigned i = 0; i < ROWS_N * 2; i++) {
		int n = snprintf(key, sizeof(key), "KEY%u", i);

		snprintf(value, sizeof(value), "%u", i * 7);
		CHECK(has(&ix, (struct span) { key, (size_t)n },
			  i < ROWS_N ? value : NULL));
	}
	table_index_each(&ix, sum_row, &sum);
	CHECK(sum.n == ROWS_N);
	CHECK(sum.sum == (uint64_t)ROWS_N * (ROWS_N - 1) / 2);
	CHECK(table_index_bytes(&ix) < ix.text_bytes + ROWS_N * 13 + 100);
	table_index_fini(&ix);
}

struct twice {
	unsigned n, line;
	uint64_t sum;
};

static void
on_twice(void *arg, const struct table_index_row *row)
{
	struct twice *t = arg;

	t->n++;
	CHECK(row->line > t->line); /* in the order of the text */
	t->line = row->line;
	t->sum += row->line;
}

/* Rows that wait go in all the same, the first of two with one key. */
static void
test_feed(unsigned rows_n)
{
	struct table_index ix;
	struct twice twice = { 0 };
	struct table_index_feed feed = { .ix = &ix,
					 .twice = on_twice,
					 .arg = &twice };
	uint64_t sum = 0;
	size_t at = 0;
	char key[32], value[32];

	must(table_index_init(&ix, rows_n) == 0);
	ix.text = must_alloc(rows_n * 32 + 1);
	ix.text_bytes = rows_n * 32;
	for (unsigned i = 0; i < rows_n; i++) {
		size_t place = at;

		snprintf(key, sizeof(key), "key%u", i % 7 == 6 ? i - 1 : i);
		snprintf(value, sizeof(value), "%u", i);
		at = put_row(&ix, at, key, value);
		table_index_feed(&feed, place, strlen(key), i + 1);
		sum += i % 7 == 6 ? i + 1 : 0;
	}
	table_index_feed_end(&feed);
	CHECK(twice.n == rows_n / 7 && twice.sum == sum);
	CHECK(ix.entries_n == rows_n - rows_n / 7);
	for (unsigned i = 0; i < rows_n; i++) {
		int n = snprintf(key, sizeof(key), "key%u", i);

		snprintf(value, sizeof(value), "%u", i);
		CHECK(has(&ix, (struct span) { key, (size_t)n },
			  i % 7 == 6 ? NULL : value));
	}
	table_index_fini(&ix);
}

int
main(void)
{
	struct table_index ix;

	CHECK_ROW("empty");
	must(table_index_init(&ix, 0) == 0);
	CHECK(has(&ix, SPAN("a"), NULL));
	CHECK(has(&ix, SPAN(""), NULL));
	table_index_fini(&ix);
	test_few();
	test_many();
	for (unsigned i = 0; i < 3 * TABLE_INDEX_LAG; i++) {
		CHECK_ROW("feed");
		test_feed(i);
	}
	CHECK_ROW("more than there is memory");
	CHECK(table_index_init(&ix, UINT64_MAX) != 0);
	return check_end();
}
