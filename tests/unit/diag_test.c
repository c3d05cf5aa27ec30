/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints: collected in order, counted, printed. */
#include "engine/base/diag.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

static void
test_lines(void)
{
	static const struct {
		enum diag_level level;
		const char *text;
	} want[] = {
		{ DIAG_NOTE, "main.cf:3: a service" },
		{ DIAG_WARNING, "main.cf: 17 of them" },
		{ DIAG_ERROR, "no file at all" },
		{ DIAG_ERROR, "master.cf:1: missing" },
	};
	const struct diag_line *line;
	struct diag d;
	size_t n = 0;

	CHECK_ROW("lines");
	diag_init(&d);
	CHECK(d.exit_code == EX_OK && d.first == NULL);
	diag_add(&d, DIAG_NOTE, "main.cf", 3, "a %s", "service");
	diag_add(&d, DIAG_WARNING, "main.cf", 0, "%d of them", 17);
	CHECK(d.exit_code == EX_OK);
	diag_add(&d, DIAG_ERROR, NULL, 9, "no file at all");
	CHECK(d.exit_code == EX_CONFIG);
	diag_fail(&d, EX_NOINPUT, "master.cf", 1, "missing");
	CHECK(d.exit_code == EX_CONFIG); /* the first one's */
	CHECK(d.errors_n == 2 && d.warnings_n == 1);
	for (line = d.first; line != NULL && n < ARRAY_N(want);
	     line = line->next, n++) {
		CHECK(line->level == want[n].level);
		CHECK_SPAN(span_of(line->text), want[n].text);
	}
	CHECK(line == NULL && n == ARRAY_N(want));
	diag_fini(&d);
	CHECK(d.first == NULL && d.last == NULL && d.errors_n == 0);
	CHECK(d.exit_code == EX_OK);
	diag_fail(&d, EX_OSERR, "f", 2, "again");
	CHECK(d.exit_code == EX_OSERR && d.errors_n == 1);
	diag_fini(&d);
}

static void
test_print(void)
{
	static const struct {
		enum diag_level least;
		const char *want;
	} rows[] = {
		{ DIAG_NOTE, "penstock: note: a:1: x\n"
			     "penstock: warning: y\npenstock: error: b: z\n" },
		{ DIAG_WARNING,
		  "penstock: warning: y\npenstock: error: b: z\n" },
		{ DIAG_ERROR, "penstock: error: b: z\n" },
	};
	struct diag d;

	diag_init(&d);
	diag_add(&d, DIAG_NOTE, "a", 1, "x");
	diag_add(&d, DIAG_WARNING, NULL, 0, "y");
	diag_add(&d, DIAG_ERROR, "b", 0, "z");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char got[256];
		size_t n;
		FILE *file = tmpfile();
		int saved = dup(STDERR_FILENO);

		CHECK_ROW(rows[i].want);
		must(file != NULL && saved >= 0);
		must(dup2(fileno(file), STDERR_FILENO) >= 0);
		diag_print(&d, rows[i].least);
		fflush(stderr);
		must(dup2(saved, STDERR_FILENO) >= 0);
		close(saved);
		rewind(file);
		n = fread(got, 1, sizeof(got), file);
		fclose(file);
		CHECK_SPAN(((struct span) { got, n }), rows[i].want);
	}
	diag_fini(&d);
}

int
main(void)
{
	test_lines();
	test_print();
	return check_end();
}
