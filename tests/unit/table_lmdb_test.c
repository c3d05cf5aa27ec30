/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lmdb: a file that Postfix 3.7's "postmap lmdb:" wrote for the two rows
 * "User@Example.com  Box/" and "b  c d" (its bytes that are not 0), whole and
 * damaged.
 */
#include "engine/config/table.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

#define FILE_BYTES 12288

static const struct {
	unsigned at;
	const char *hex;
} pieces[] = {
	{ 10, "080000000000dec0efbe01" },
	{ 35, "0100000000001000000840" },
	{ 80, "ffffffffffffffff" },
	{ 128, "ffffffffffffffff01" },
	{ 4096, "01" },
	{ 4106, "080000000000dec0efbe01" },
	{ 4131, "0100000000001000000840" },
	{ 4176, "ffffffffffffffff" },
	{ 4190, "01" },
	{ 4200, "01" },
	{ 4216, "02" },
	{ 4224, "02" },
	{ 4232, "02" },
	{ 4240, "01" },
	{ 8192, "02" },
	{ 8202, "02001400d40fd40fe20f" },
	{ 12244, "0400000000000200620063206400050000000000110075736572"
		 "406578616d706c652e636f6d00426f782f" },
};

static void
make_file(const char *path, size_t bytes)
{
	unsigned char *file = must_alloc(FILE_BYTES);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (size_t i = 0; i < ARRAY_N(pieces); i++)
		for (unsigned k = 0; pieces[i].hex[2 * k]; k++) {
			unsigned byte;

			must(sscanf(pieces[i].hex + 2 * k, "%2x", &byte) == 1);
			file[pieces[i].at + k] = (unsigned char)byte;
		}
	must(fd >= 0 && write(fd, file, bytes) == (ssize_t)bytes);
	close(fd);
	free(file);
}

static void
test_whole(void)
{
	struct table_buf buf;
	struct table *table;
	struct span got;
	struct diag d;

	CHECK_ROW("whole");
	diag_init(&d);
	make_file(scratch_path("t.lmdb"), FILE_BYTES);
	table = table_open(SPAN("lmdb:t"), scratch_dir, &d);
	CHECK(table != NULL && d.first == NULL);
	findings_print(&d);
	CHECK(table_entries_n(table) == 2);
	CHECK(table_find(table, SPAN("USER@example.com"), &buf, &got) ==
	      TABLE_FOUND);
	CHECK_SPAN(got, "Box/");
	CHECK(table_find(table, SPAN("b"), &buf, &got) == TABLE_FOUND);
	CHECK_SPAN(got, "c d");
	CHECK(table_find(table, SPAN("c"), &buf, &got) == TABLE_NOT_FOUND);
	CHECK_ROW("removed afterwards");
	unlink(scratch_path("t.lmdb"));
	CHECK(table_find(table, SPAN("b"), &buf, &got) == TABLE_FOUND);
	table_close(&table);
	diag_fini(&d);
}

static void
test_damaged(void)
{
	static const struct {
		const char *name;
		size_t bytes;
	} rows[] = {
		{ "empty", 0 },
		{ "one byte", 1 },
		{ "half a page", 2048 },
		{ "without its last page", 8192 },
		{ "in the last page", 12287 },
	};
	struct diag d;

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		diag_init(&d);
		make_file(scratch_path("t.lmdb"), rows[i].bytes);
		CHECK(table_open(SPAN("lmdb:t"), scratch_dir, &d) == NULL);
		CHECK(d.exit_code == EX_DATAERR);
		CHECK(findings_has(&d, DIAG_ERROR, "postmap lmdb:t"));
		diag_fini(&d);
	}
	CHECK_ROW("missing");
	unlink(scratch_path("t.lmdb"));
	CHECK(table_open(SPAN("lmdb:t"), scratch_dir, &d) == NULL);
	CHECK(d.exit_code == EX_NOINPUT);
	CHECK(findings_has(&d, DIAG_ERROR, "t.lmdb cannot be read: No such"));
	diag_fini(&d);
	CHECK_ROW("not LMDB");
	scratch_write(scratch_path("t.lmdb"), "a b\nc d\n");
	CHECK(table_open(SPAN("lmdb:t"), scratch_dir, &d) == NULL);
	CHECK(d.exit_code == EX_DATAERR);
	diag_fini(&d);
}

int
main(void)
{
	scratch_open("table_lmdb");
	test_whole();
	test_damaged();
	scratch_close();
	return check_end();
}
