/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing text, files of every kind, and the store. */
#include "engine/config/text.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>

static void
test_grow(void)
{
	struct text t = { 0 };

	CHECK_ROW("grow");
	CHECK(strcmp(text_cstr(&t), "") == 0);
	CHECK_SPAN(text_span(&t), "");
	for (int i = 0; i < 1000; i++)
		text_addf(&t, "%d,", i);
	CHECK(t.len == 3890);
	CHECK(strncmp(t.p, "0,1,2,", 6) == 0);
	CHECK(strcmp(t.p + t.len - 8, "998,999,") == 0);
	text_cut(&t, 3);
	text_add(&t, SPAN("x"));
	CHECK_SPAN(text_span(&t), "0,1x");
	text_fini(&t);
	CHECK(t.p == NULL && t.len == 0);
}

static void
test_files(void)
{
	static const struct {
		const char *name, *path;
		size_t max;
		int want;
	} rows[] = {
		{ "whole file", "a", 0, 0 },
		{ "just small enough", "a", 5, 0 },
		{ "too large", "a", 4, -EFBIG },
		{ "missing", "nothing", 0, -ENOENT },
		{ "a directory", ".", 0, -EISDIR },
		{ "of unknown size", "/proc/self/status", 0, 0 },
		{ "of unknown size, too large", "/proc/self/status", 9,
		  -EFBIG },
	};

	scratch_write(scratch_path("a"), "hello");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct text t = { 0 };
		const char *path = rows[i].path[0] == '/'
					   ? rows[i].path
					   : scratch_path(rows[i].path);

		CHECK_ROW(rows[i].name);
		CHECK(text_read_file(&t, path, rows[i].max) == rows[i].want);
		if (rows[i].want != 0)
			CHECK(t.p == NULL);
		else if (rows[i].path[0] == '/')
			CHECK(t.len > 9 && strlen(t.p) == t.len);
		else
			CHECK_SPAN(text_span(&t), "hello");
		text_fini(&t);
	}
}

static void
test_store(void)
{
	struct store st = { 0 };
	const char *strings[500];
	char *large;

	CHECK_ROW("store");
	for (int i = 0; i < 500; i++)
		strings[i] = store_strf(&st, "string number %d", i);
	large = store_alloc(&st, 100000);
	CHECK((uintptr_t)large % _Alignof(max_align_t) == 0);
	CHECK(large[0] == 0 && large[99999] == 0);
	memset(large, 'x', 100000);
	CHECK(strcmp(store_str(&st, SPAN("abc")), "abc") == 0);
	CHECK(strcmp(store_str(&st, (struct span) { NULL, 0 }), "") == 0);
	CHECK(strcmp(strings[0], "string number 0") == 0);
	CHECK(strcmp(strings[499], "string number 499") == 0);
	store_fini(&st);
	CHECK(st.blocks == NULL);
}

int
main(void)
{
	scratch_open("text");
	test_grow();
	test_files();
	test_store();
	scratch_close();
	return check_end();
}
