/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h: what a unit test needs: a check that says where and which row, goes
 * on, and makes the program fail. One thread. Rows are named by CHECK_ROW.
 */
#ifndef PENSTOCK_TESTS_CHECK_H
#define PENSTOCK_TESTS_CHECK_H

#include "engine/base/span.h"

#include <stdio.h>

static unsigned check_failed_n, check_n;
static const char *check_row = "";

#define CHECK_ROW(name) (check_row = (name))
#define CHECK(cond)	check_one((cond), #cond, __FILE__, __LINE__)
#define CHECK_SPAN(span, text) \
	check_span((span), (text), #span, __FILE__, __LINE__)

static inline void
check_one(bool ok, const char *cond, const char *file, int line)
{
	check_n++;
	if (ok)
		return;
	check_failed_n++;
	fprintf(stderr, "%s:%d: %s%s%s\n", file, line, check_row,
		*check_row ? ": " : "", cond);
}

__attribute__((unused)) static void
check_span(struct span got, const char *want, const char *what,
	   const char *file, int line)
{
	bool ok = span_is_equal(got, span_of(want));

	check_one(ok, what, file, line);
	if (!ok)
		fprintf(stderr, "\tgot  \"%.*s\"\n\twant \"%s\"\n",
			SPAN_FMT(got), want);
}

/* The last line of main(). No check at all is a failure too. */
static inline int
check_end(void)
{
	fprintf(stderr, "%u checks, %u failed\n", check_n, check_failed_n);
	return check_failed_n || !check_n;
}

#endif
