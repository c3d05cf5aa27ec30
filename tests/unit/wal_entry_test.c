/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations of a batch as bytes, whole and cut anywhere. */
#include "queue/wal.h"
#include "tests/unit/check.h"

static const struct {
	const char *name;
	struct span bytes;
	enum wal_op op;
	uint32_t family;
	const char *key, *value;
} rows[] = {
	{ "put", SPAN("\1\3key\5value"), WAL_PUT, 0, "key", "value" },
	{ "put, family 2", SPAN("\5\2\3key\5value"), WAL_PUT, 2, "key",
	  "value" },
	{ "put of nothing", SPAN("\5\1\1k\0"), WAL_PUT, 1, "k", "" },
	{ "delete", SPAN("\0\3key"), WAL_DELETE, 0, "key", "" },
	{ "delete, family 300", SPAN("\4\xac\2\3key"), WAL_DELETE, 300, "key",
	  "" },
	{ "single delete", SPAN("\7\3key"), WAL_DELETE, 0, "key", "" },
	{ "single delete, family 4", SPAN("\10\4\3key"), WAL_DELETE, 4, "key",
	  "" },
	{ "note", SPAN("\3\4note"), WAL_NOTE, 0, "", "note" },
};

static const struct {
	const char *name;
	struct span bytes;
} wrong[] = {
	{ "nothing", SPAN("") },
	{ "unknown operation", SPAN("\2\3key") },
	{ "high operation", SPAN("\xff\3key") },
	{ "key longer than all", SPAN("\0\4key") },
	{ "value longer than all", SPAN("\1\3key\6value") },
	{ "a length of 2^32 and more", SPAN("\0\xff\xff\xff\xff\xffkey") },
	{ "a length of 2^31", SPAN("\0\x80\x80\x80\x80\x08key") },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span rest = rows[i].bytes;
		struct wal_entry e;

		CHECK_ROW(rows[i].name);
		CHECK(wal_entry_next(&rest, &e));
		CHECK(rest.len == 0 && e.op == rows[i].op);
		CHECK(e.family == rows[i].family);
		CHECK_SPAN(e.key, rows[i].key);
		CHECK_SPAN(e.value, rows[i].value);
		CHECK(span_is_equal(e.bytes, rows[i].bytes));
		for (size_t cut = 0; cut < rows[i].bytes.len; cut++) {
			rest = span_to(rows[i].bytes, cut);
			CHECK(!wal_entry_next(&rest, &e));
			CHECK(rest.len == cut); /* it stays where it was */
		}
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct span rest = wrong[i].bytes;
		struct wal_entry e;

		CHECK_ROW(wrong[i].name);
		CHECK(!wal_entry_next(&rest, &e));
		CHECK(rest.len == wrong[i].bytes.len);
	}
	return check_end();
}
