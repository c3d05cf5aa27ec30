/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of bytes: compared, cut, converted; empty and NULL ones too. */
#include "engine/base/span.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

static const struct span none = { NULL, 0 };

static void
test_equal(void)
{
	static const struct {
		struct span a, b;
		bool is_equal, is_equal_nocase, has_prefix;
	} rows[] = {
		{ SPAN("abc"), SPAN("abc"), true, true, true },
		{ SPAN("aBc"), SPAN("AbC"), false, true, true },
		{ SPAN("abc"), SPAN("ab"), false, false, true },
		{ SPAN("ab"), SPAN("abc"), false, false, false },
		{ SPAN("abc"), SPAN("abd"), false, false, false },
		{ SPAN("abc"), SPAN(""), false, false, true },
		{ SPAN(""), SPAN("a"), false, false, false },
		{ SPAN("a\0b"), SPAN("a\0b"), true, true, true },
		{ SPAN("a\0b"), SPAN("a\0c"), false, false, false },
		{ SPAN("@["), SPAN("`{"), false, false, false },
		{ SPAN("\xc4"), SPAN("\xe4"), false, false, false },
		{ { NULL, 0 }, SPAN(""), true, true, true },
		{ { NULL, 0 }, { NULL, 0 }, true, true, true },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].a.p ? rows[i].a.p : "NULL");
		CHECK(span_is_equal(rows[i].a, rows[i].b) == rows[i].is_equal);
		CHECK(span_is_equal(rows[i].b, rows[i].a) == rows[i].is_equal);
		CHECK(span_is_equal_nocase(rows[i].a, rows[i].b) ==
		      rows[i].is_equal_nocase);
		CHECK(span_has_prefix_nocase(rows[i].a, rows[i].b) ==
		      rows[i].has_prefix);
	}
}

static void
test_find(void)
{
	struct span s = SPAN("a.b.c");

	CHECK_ROW("find");
	CHECK(span_find(s, '.') == 1 && span_find_last(s, '.') == 3);
	CHECK(span_find(s, 'a') == 0 && span_find_last(s, 'a') == 0);
	CHECK(span_find(s, 'c') == 4 && span_find_last(s, 'c') == 4);
	CHECK(span_find(s, 'x') == 5 && span_find_last(s, 'x') == 5);
	CHECK(span_find(none, 'x') == 0 && span_find_last(none, 'x') == 0);
	CHECK(span_find(SPAN("a\0b"), '\0') == 1);
}

static void
test_cut(void)
{
	struct span s = SPAN("abc");

	CHECK_ROW("cut");
	CHECK_SPAN(span_from(s, 1), "bc");
	CHECK_SPAN(span_from(s, 3), "");
	CHECK_SPAN(span_to(s, 2), "ab");
	CHECK_SPAN(span_to(s, 0), "");
	CHECK_SPAN(span_of(NULL), "");
	CHECK_SPAN(span_of("xy"), "xy");
}

static void
test_trim(void)
{
	static const struct {
		struct span in;
		const char *want;
	} rows[] = {
		{ SPAN(" a b "), "a b" },   { SPAN("\t\r\n a\n\r\t "), "a" },
		{ SPAN("a"), "a" },	    { SPAN(" \t\r\n"), "" },
		{ SPAN(""), "" },	    { { NULL, 0 }, "" },
		{ SPAN("\va\f"), "\va\f" },
	};

	CHECK_ROW("trim");
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		CHECK_SPAN(span_trim(rows[i].in), rows[i].want);
	CHECK(span_trim(SPAN("\0 ")).len == 1);
}

static void
test_word(void)
{
	struct span s = SPAN(", a,b\0c ,,d, "), word;

	CHECK_ROW("words");
	CHECK_SPAN(span_word(&s, ", "), "a");
	word = span_word(&s, ", ");
	CHECK(word.len == 3 && memcmp(word.p, "b\0c", 3) == 0);
	CHECK_SPAN(span_word(&s, ", "), "d");
	CHECK_SPAN(span_word(&s, ", "), "");
	CHECK(s.len == 0);
	CHECK_SPAN(span_word(&s, ", "), "");
	s = none;
	CHECK_SPAN(span_word(&s, ", "), "");
	s = SPAN("ab cd");
	CHECK_SPAN(span_word(&s, " "), "ab");
	CHECK_SPAN(s, " cd");
}

static void
test_number(void)
{
	static const struct {
		struct span in;
		bool ok;
		uint64_t n;
	} rows[] = {
		{ SPAN("0"), true, 0 },
		{ SPAN("007"), true, 7 },
		{ SPAN("18446744073709551615"), true, UINT64_MAX },
		{ SPAN("18446744073709551616"), false, 0 },
		{ SPAN("18446744073709551620"), false, 0 },
		{ SPAN("99999999999999999999"), false, 0 },
		{ SPAN("000000000000000000000000001"), true, 1 },
		{ SPAN(""), false, 0 },
		{ { NULL, 0 }, false, 0 },
		{ SPAN("-1"), false, 0 },
		{ SPAN("+1"), false, 0 },
		{ SPAN(" 1"), false, 0 },
		{ SPAN("1 "), false, 0 },
		{ SPAN("1a"), false, 0 },
		{ SPAN("0x1"), false, 0 },
		{ SPAN("1\0"), false, 0 },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		uint64_t n = 4711;

		CHECK_ROW(rows[i].in.p ? rows[i].in.p : "NULL");
		CHECK(span_to_u64(rows[i].in, &n) == rows[i].ok);
		CHECK(n == (rows[i].ok ? rows[i].n : 4711));
	}
}

static void
test_copy(void)
{
	char buf[8];

	CHECK_ROW("copy");
	memset(buf, 'x', sizeof(buf));
	CHECK(span_copy(SPAN("abc"), buf, sizeof(buf)) == 3);
	CHECK(memcmp(buf, "abc\0xxxx", 8) == 0);
	CHECK(span_copy(SPAN("abcdefg"), buf, sizeof(buf)) == 7);
	CHECK(strcmp(buf, "abcdefg") == 0);
	CHECK(span_copy(SPAN("abcdefgh"), buf, sizeof(buf)) == 7);
	CHECK(strcmp(buf, "abcdefg") == 0);
	CHECK(span_copy(SPAN("abc"), buf, 1) == 0 && buf[0] == '\0');
	CHECK(span_copy(none, buf, sizeof(buf)) == 0 && buf[0] == '\0');
	CHECK(span_copy_lower(SPAN("A-Z@\xc4"), buf, sizeof(buf)) == 5);
	CHECK(strcmp(buf, "a-z@\xc4") == 0);
	CHECK(span_copy_lower(SPAN("ABCDEFGHI"), buf, 4) == 3);
	CHECK(strcmp(buf, "abc") == 0);
}

static void
test_utf8(void)
{
	static const struct {
		const char *name;
		struct span in;
		bool ok;
	} rows[] = {
		{ "empty", SPAN(""), true },
		{ "NULL", { NULL, 0 }, true },
		{ "ASCII", SPAN("a\0\x7f"), true },
		{ "two bytes", SPAN("\xc2\x80\xdf\xbf"), true },
		{ "three bytes", SPAN("\xe0\xa0\x80\xef\xbf\xbf"), true },
		{ "around surrogates", SPAN("\xed\x9f\xbf\xee\x80\x80"), true },
		{ "four bytes", SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
		  true },
		{ "continuation alone", SPAN("\x80"), false },
		{ "overlong two", SPAN("\xc1\xbf"), false },
		{ "overlong three", SPAN("\xe0\x9f\xbf"), false },
		{ "overlong four", SPAN("\xf0\x8f\xbf\xbf"), false },
		{ "surrogate", SPAN("\xed\xa0\x80"), false },
		{ "too high", SPAN("\xf4\x90\x80\x80"), false },
		{ "five bytes", SPAN("\xf8\x88\x80\x80\x80"), false },
		{ "FE, FF", SPAN("\xfe\xff"), false },
		{ "cut after one", SPAN("a\xe2"), false },
		{ "cut after two", SPAN("a\xe2\x82"), false },
		{ "no continuation",
		  SPAN("\xc3"
		       "a"),
		  false },
		{ "no second one",
		  SPAN("\xe2\x82"
		       "a"),
		  false },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		CHECK(span_is_utf8(rows[i].in) == rows[i].ok);
	}
}

static void
test_ascii(void)
{
	CHECK_ROW("ASCII");
	for (int i = -128; i < 128; i++) {
		char c = (char)i;
		bool is_upper = i >= 'A' && i <= 'Z';
		bool is_lower = i >= 'a' && i <= 'z';

		CHECK(ascii_lower(c) == (is_upper ? (char)(i + 32) : c));
		CHECK(ascii_is_alnum(c) ==
		      (is_upper || is_lower || (i >= '0' && i <= '9')));
		CHECK(ascii_is_blank(c) == (i == ' ' || i == '\t'));
	}
}

/* Good enough for a table: a million keys in half a million buckets. */
static void
test_hash(void)
{
	enum { KEYS_N = 1000000, BUCKETS_N = 1 << 19 };
	static uint8_t load[BUCKETS_N];
	unsigned most = 0, empty = 0;

	CHECK_ROW("hash");
	CHECK(span_hash(SPAN("a")) == span_hash(span_of("a")));
	CHECK(span_hash(SPAN("a")) != span_hash(SPAN("b")));
	CHECK(span_hash(SPAN("")) == span_hash(none));
	CHECK(span_hash(SPAN("a\0")) != span_hash(SPAN("a")));
	for (unsigned i = 0; i < KEYS_N; i++) {
		char key[32];
		int n = snprintf(key, sizeof(key), "user%u@example.com", i);
		uint64_t h = span_hash((struct span) { key, (size_t)n });
		unsigned at = h & (BUCKETS_N - 1);

		if (++load[at] > most)
			most = load[at];
	}
	for (unsigned i = 0; i < BUCKETS_N; i++)
		empty += load[i] == 0;
	/* Two keys a bucket: e^-2 of them stay empty, and none has twenty. */
	CHECK(most < 20);
	CHECK(empty > BUCKETS_N / 10 && empty < BUCKETS_N / 6);
}

int
main(void)
{
	test_equal();
	test_find();
	test_cut();
	test_trim();
	test_word();
	test_number();
	test_copy();
	test_utf8();
	test_ascii();
	test_hash();
	return check_end();
}
