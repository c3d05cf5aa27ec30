/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 3720 appendix B.4's examples, and both ways against each other. */
#include "engine/base/crc32c.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

static void
test_examples(void)
{
	static const struct {
		const char *name;
		uint8_t first, step;
		size_t len;
		uint32_t want;
	} rows[] = {
		{ "32 zeros", 0x00, 0, 32, 0x8a9136aa },
		{ "32 ones", 0xff, 0, 32, 0x62a8ab43 },
		{ "ascending", 0x00, 1, 32, 0x46dd794e },
		{ "descending", 0x1f, 0xff, 32, 0x113fdb5c },
		{ "nothing", 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		uint8_t bytes[32];

		CHECK_ROW(rows[i].name);
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)(rows[i].first + j * rows[i].step);
		CHECK(crc32c(0, bytes, rows[i].len) == rows[i].want);
		CHECK(crc32c_by_table(0, bytes, rows[i].len) == rows[i].want);
	}
}

/* Any length, start and cut gives the same by both ways. */
static void
test_cuts(void)
{
	uint8_t bytes[96];

	CHECK_ROW("cuts");
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; from + len <= sizeof(bytes); len++) {
			const uint8_t *p = bytes + from;
			uint32_t want = crc32c_by_table(0, p, len);

			CHECK(crc32c(0, p, len) == want);
			CHECK(crc32c(crc32c(0, p, len / 3), p + len / 3,
				     len - len / 3) == want);
		}
}

int
main(void)
{
	test_examples();
	test_cuts();
	return check_end();
}
