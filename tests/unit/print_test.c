/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces, numbers, and what does not fit. */
#include "engine/base/print.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

static void
test_numbers(void)
{
	static const struct {
		uint64_t n;
		unsigned digits_min;
		const char *text, *hex;
	} rows[] = {
		{ 0, 0, "0", "0000000000000000" },
		{ 0, 1, "0", "0000000000000000" },
		{ 7, 3, "007", "0000000000000007" },
		{ 10, 1, "10", "000000000000000A" },
		{ 255, 2, "255", "00000000000000FF" },
		{ 12345678901234567890u, 1, "12345678901234567890",
		  "AB54A98CEB1F0AD2" },
		{ UINT64_MAX, 20, "18446744073709551615", "FFFFFFFFFFFFFFFF" },
		{ 1, 20, "00000000000000000001", "0000000000000001" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char buf[64];
		struct print pr = PRINT_INTO(buf);

		print_u64(&pr, rows[i].n, rows[i].digits_min);
		CHECK_SPAN(print_done(&pr), rows[i].text);
		pr.len = 0;
		print_hex(&pr, rows[i].n);
		CHECK_SPAN(print_done(&pr), rows[i].hex);
	}
}

static void
test_pieces(void)
{
	char buf[32];
	struct print pr = PRINT_INTO(buf);

	print_span(&pr, SPAN("a"));
	print_text(&pr, "bc");
	print_text(&pr, "");
	print_some(&pr, "defgh", 2);
	print_some(&pr, "f", 9);
	print_span(&pr, (struct span) { NULL, 0 });
	CHECK_SPAN(print_done(&pr), "abcdef");
}

/* Every length around the end: cut there, and not a byte beyond. */
static void
test_cut(void)
{
	for (size_t cap = 0; cap < 12; cap++) {
		char buf[12];
		struct print pr = { buf, 0, cap };

		memset(buf, '#', sizeof(buf));
		print_text(&pr, "abc");
		print_u64(&pr, 1234, 1);
		print_hex(&pr, 0);
		CHECK(pr.len == cap);
		CHECK(memcmp(buf, "abc123400000", cap) == 0);
		for (size_t i = cap; i < sizeof(buf); i++)
			CHECK(buf[i] == '#');
	}
}

int
main(void)
{
	test_numbers();
	test_pieces();
	test_cut();
	return check_end();
}
