/* SPDX-License-Identifier: BSD-2-Clause */
/* unionmap: and pipemap: as Postfix 3.7's postmap -q answers. */
#include "engine/config/table.h"
#include "engine/config/text.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

static const struct {
	const char *table, *key;
	const char *value; /* NULL: not found; "!": an error */
} rows[] = {
	{ "unionmap:{static:a,static:b}", "x", "a,b" },
	{ "unionmap:{inline:{a=1},inline:{bx=2}}", "a", "1" },
	{ "unionmap:{inline:{a=1},inline:{bx=2}}", "BX", "2" },
	{ "unionmap:{inline:{a=1},inline:{bx=2}}", "c", NULL },
	{ "unionmap:{inline:{a=1} fail:x}", "a", "!" },
	{ "unionmap:{inline:{a=1} fail:x}", "b", "!" },
	{ "pipemap:{inline:{a=bx},inline:{bx=2}}", "A", "2" },
	{ "pipemap:{inline:{a=bx},inline:{bx=2}}", "bx", NULL },
	{ "pipemap:{static:bx,inline:{bx=2}}", "anything", "2" },
	{ "pipemap:{regexp:{{/^(.)(.)$/ $2$1}}, regexp:{{/^(.)/ <$1>}}, "
	  "regexp:{{/(.*)/ $1!}}}",
	  "ab", "<b>!" },
	{ "pipemap:{inline:{a=b},fail:x}", "a", "!" },
	{ "pipemap:{inline:{a=b},fail:x}", "c", NULL },
	{ "unionmap:{pipemap:{static:q,inline:{q=1}}, static:2}", "a", "1,2" },
};

static const struct {
	const char *table, *error;
} wrong[] = {
	{ "unionmap:static:a", "write unionmap:{type:name, type:name}" },
	{ "unionmap:{}", "write unionmap:{type:name" },
	{ "pipemap:{static:a}x", "write pipemap:{type:name" },
	{ "pipemap:{static:a,nothing}", "\"nothing\" is no table" },
	{ "unionmap:{hash:/no/such}", "/no/such cannot be read" },
	{ "unionmap:{unionmap:{unionmap:{unionmap:{unionmap:{static:a}}}}}",
	  "tables are nested too deeply: at most 4" },
};

int
main(void)
{
	struct table *table;
	struct table_buf buf;
	struct span got;
	struct diag d;

	diag_init(&d);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const char *value = rows[i].value;
		enum table_result res;

		CHECK_ROW(rows[i].table);
		table = table_open(span_of(rows[i].table), NULL, &d);
		CHECK(table != NULL && d.first == NULL);
		res = table_find(table, span_of(rows[i].key), &buf, &got);
		if (value == NULL)
			CHECK(res == TABLE_NOT_FOUND);
		else if (*value == '!' && value[1] == '\0')
			CHECK(res == TABLE_ERROR);
		else
			CHECK_SPAN(got, value);
		table_close(&table);
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		CHECK_ROW(wrong[i].table);
		CHECK(table_open(span_of(wrong[i].table), NULL, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		diag_fini(&d);
	}
	CHECK_ROW("pattern when one of them is");
	table = table_open(SPAN("unionmap:{static:a,regexp:{{/a/ b}}}"), NULL,
			   &d);
	CHECK(table_is_pattern(table) && table_entries_n(table) == 2);
	table_close(&table);
	CHECK_ROW("result too long");
	{
		struct text whole = { 0 };

		text_addf(&whole, "unionmap:{static:%05000d,static:%05000d}", 1,
			  2);
		table = table_open(text_span(&whole), NULL, &d);
		CHECK(table_find(table, SPAN("a"), &buf, &got) == TABLE_ERROR);
		table_close(&table);
		text_fini(&whole);
	}
	diag_fini(&d);
	return check_end();
}
