/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logical lines, written as "NUMBER:text|" each. The rows about joining are
 * what Postfix 3.7's postconf and postmap make of the same files.
 */
#include "engine/config/line.h"
#include "engine/config/text.h"
#include "tests/unit/check.h"

static const struct {
	const char *name, *in, *want;
} rows[] = {
	{ "empty", "", "" },
	{ "one", "a = b\n", "1:a = b|" },
	{ "no newline at the end", "a", "1:a|" },
	{ "two", "a\nb\n", "1:a|2:b|" },
	{ "continued", "a = 1\n  2\n\t3\n", "1:a = 1  2\t3|" },
	{ "comment between", "a = 1\n# c\n  2\n", "1:a = 1  2|" },
	{ "comment with white space before it", "a\n   # c\n b\n", "1:a b|" },
	{ "empty line between", "a\n\n  \n b\nc\n", "1:a b|5:c|" },
	{ "comment at the end stays", "a # b\n", "1:a # b|" },
	{ "comments first", "# x\n\n  # y\na\n", "4:a|" },
	{ "white space at the end goes", "a \t\r\n  \n", "1:a|" },
	{ "CRLF", "a\r\n b\r\nc\r\n", "1:a\r b|3:c|" },
	{ "backslash continues nothing", "a\\\nb\n", "1:a\\|2:b|" },
	{ "begins with white space", "  a\nb\n", "1!  a|2:b|" },
	{ "... after comments", "\n # c\n a\n", "3! a|" },
	{ "only white space", " \n\t\n", "" },
};

static void
test_row(const char *in, const char *want)
{
	struct text buf = { 0 }, got = { 0 };
	struct line_reader r;
	struct line line;

	text_add(&buf, span_of(in));
	line_reader_init(&r, buf.p, buf.len);
	while (line_next(&r, &line)) {
		CHECK(strlen(line.p) == line.len && !line.has_nul);
		text_addf(&got, "%u%c%s|", line.first,
			  line.is_indented ? '!' : ':', line.p);
	}
	CHECK_SPAN(text_span(&got), want);
	text_fini(&buf);
	text_fini(&got);
}

int
main(void)
{
	char nul[] = "a\0b\nc\n";
	struct line_reader r;
	struct line line;

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		test_row(rows[i].in, rows[i].want);
	}
	CHECK_ROW("NUL inside");
	line_reader_init(&r, nul, sizeof(nul) - 1);
	CHECK(line_next(&r, &line) && line.has_nul && line.len == 3);
	CHECK(line_next(&r, &line) && !line.has_nul && line.len == 1);
	CHECK(!line_next(&r, &line));
	return check_end();
}
