/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_rows.h: rows of tests for the kinds of tables that are rules. */
#ifndef PENSTOCK_TESTS_RULES_ROWS_H
#define PENSTOCK_TESTS_RULES_ROWS_H

#include "engine/config/table_rules.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

#include <stdlib.h>

#define RULES_PAIRS_MAX 5

struct rules_row {
	const char *name, *in;
	struct {
		/*
		 * value NULL: not found; "!": an error. The first without a
		 * key: the table is wrong, and value says how.
		 */
		const char *key, *value;
	} want[RULES_PAIRS_MAX];
};

static void
rules_row_ask(const struct table *table, const char *key, const char *value)
{
	struct table_buf buf;
	struct span got = { "", 0 };
	enum table_result res = table->find(table, span_of(key), &buf, &got);

	if (value == NULL)
		CHECK(res == TABLE_NOT_FOUND);
	else if (*value == '!')
		CHECK(res == TABLE_ERROR);
	else
		CHECK_SPAN(got, value);
}

static void
rules_rows_test(const struct table_rules_kind *kind,
		const struct rules_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text = strdup(rows[i].in);
		struct diag d;
		struct table_complaints c = { .diag = &d, .path = "t" };
		const char *error = rows[i].want[0].key ? NULL
							: rows[i].want[0].value;
		struct table *table;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		table = table_rules_parse(kind, text, strlen(text), &c);
		CHECK((table == NULL) == (error != NULL));
		if (table == NULL)
			CHECK(findings_has(&d, DIAG_ERROR, error));
		if (table == NULL && !findings_has(&d, DIAG_ERROR, error))
			findings_print(&d);
		for (unsigned k = 0;
		     table && k < RULES_PAIRS_MAX && rows[i].want[k].key; k++)
			rules_row_ask(table, rows[i].want[k].key,
				      rows[i].want[k].value);
		if (table != NULL)
			table->close(table);
		diag_fini(&d);
	}
}

#endif
