/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies whole and in pieces, and everything that is none. */
#include "bench/load_reply.h"
#include "tests/unit/check.h"

static const struct {
	const char *name, *in;
	enum load_reply_feed want; /* of the last feed */
	unsigned code;
	const char *text; /* of the last line */
	unsigned lines_n;
} rows[] = {
	{ "one line", "250 Ok\r\n", LOAD_REPLY_LAST, 250, "Ok", 1 },
	{ "code alone", "354\r\n", LOAD_REPLY_LAST, 354, "", 1 },
	{ "code and space", "250 \r\n", LOAD_REPLY_LAST, 250, "", 1 },
	{ "three lines", "250-a\r\n250-b\r\n250 c\r\n", LOAD_REPLY_LAST, 250,
	  "c", 3 },
	{ "tab", "550 a\tb\r\n", LOAD_REPLY_LAST, 550, "a\tb", 1 },
	{ "8-bit text", "550 \xc3\xa4\r\n", LOAD_REPLY_LAST, 550, "\xc3\xa4",
	  1 },
	{ "half a line", "250 O", LOAD_REPLY_MORE, 0, "", 0 },
	{ "half a reply", "250-a\r\n25", LOAD_REPLY_MORE, 250, "", 1 },
	{ "bare LF", "250 Ok\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "CR in the text", "250 a\rb\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "NUL in the text", "250 a\x01\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "empty line", "\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "two digits", "25\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "letters", "Ok 250\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "1xx", "150 Ok\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "6xx", "650 Ok\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "second digit", "260 Ok\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "no separator", "250Ok\r\n", LOAD_REPLY_BAD, 0, "", 0 },
	{ "codes differ", "250-a\r\n251 b\r\n", LOAD_REPLY_BAD, 250, "", 1 },
};

/* Feeds a row in pieces of `step` bytes. */
static void
test_row(size_t i, size_t step)
{
	struct span all = span_of(rows[i].in), text = { "", 0 };
	enum load_reply_feed got = LOAD_REPLY_MORE;
	struct load_reply r;
	unsigned lines_n = 0;
	const char *why;

	CHECK_ROW(rows[i].name);
	load_reply_init(&r);
	while (all.len > 0 && got != LOAD_REPLY_BAD) {
		struct span piece =
			span_to(all, step < all.len ? step : all.len);
		size_t before = piece.len;

		got = load_reply_feed(&r, &piece, &text, &why);
		lines_n += got == LOAD_REPLY_LINE || got == LOAD_REPLY_LAST;
		all = span_from(all, before - piece.len);
	}
	CHECK(got == rows[i].want);
	CHECK(lines_n == rows[i].lines_n);
	if (got == LOAD_REPLY_LAST) {
		CHECK(r.code == rows[i].code);
		CHECK_SPAN(text, rows[i].text);
		CHECK(!r.is_open);
	}
	if (got == LOAD_REPLY_BAD)
		CHECK(why != NULL && *why != '\0');
}

/* 512 bytes with CRLF are a line, 513 are none; in one piece and in many. */
static void
test_length(size_t bytes, size_t step, bool is_ok)
{
	static char line[1024];
	struct span all = { line, bytes }, text;
	enum load_reply_feed got = LOAD_REPLY_MORE;
	struct load_reply r;
	const char *why;

	memset(line, 'x', sizeof(line));
	memcpy(line, "250 ", 4);
	memcpy(line + bytes - 2, "\r\n", 2);
	load_reply_init(&r);
	while (all.len > 0 && got == LOAD_REPLY_MORE) {
		struct span piece =
			span_to(all, step < all.len ? step : all.len);
		size_t before = piece.len;

		got = load_reply_feed(&r, &piece, &text, &why);
		all = span_from(all, before - piece.len);
	}
	CHECK(got == (is_ok ? LOAD_REPLY_LAST : LOAD_REPLY_BAD));
}

static void
test_status(void)
{
	static const struct {
		const char *text;
		unsigned code;
		bool has;
	} status[] = {
		{ "2.1.0 Ok", 250, true },     { "2.1.0", 250, true },
		{ "5.123.456 x", 550, true },  { "4.1.0 Ok", 250, false },
		{ "2.1 Ok", 250, false },      { "2.1.0Ok", 250, false },
		{ "2..0 Ok", 250, false },     { "2.1. Ok", 250, false },
		{ "2.1234.0 Ok", 250, false }, { "", 250, false },
		{ "Ok", 250, false },
	};

	for (size_t i = 0; i < ARRAY_N(status); i++) {
		CHECK_ROW(status[i].text);
		CHECK(load_reply_has_status(span_of(status[i].text),
					    status[i].code) == status[i].has);
	}
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (size_t step = 1; step < 32; step++)
			test_row(i, step);
	CHECK_ROW("longest line");
	test_length(512, 1024, true);
	test_length(512, 7, true);
	CHECK_ROW("too long a line");
	test_length(513, 1024, false);
	test_length(513, 7, false);
	test_status();
	return check_end();
}
