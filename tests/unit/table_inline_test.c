/* SPDX-License-Identifier: BSD-2-Clause */
/* inline:, static: and fail:, as Postfix 3.7's postmap -q answers. */
#include "engine/config/table.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

static const struct {
	const char *table, *key;
	const char *value; /* NULL: not found; "!": an error */
} rows[] = {
	{ "inline:{a=b}", "a", "b" },
	{ "inline:{A=b}", "a", "b" },
	{ "inline:{A=b}", "A", "b" },
	{ "inline:{a=b}", "b", NULL },
	{ "inline:{a=b,{c = d e},f=g}", "c", "d e" },
	{ "inline:{a=b,{c = d e},f=g}", "f", "g" },
	{ "inline:{ a=b c=d }", "c", "d" },
	{ "inline:{a=b,a=c}", "a", "c" },
	{ "inline:{{a = {x y}}}", "a", "{x y}" },
	{ "inline:{a={x}}", "a", "{x}" },
	{ "inline:{a=b=c}", "a", "b=c" },
	{ "inline:{}", "a", NULL },
	{ "inline:{{\"a b\"@c = d}}", "\"a b\"@c", "d" },
	{ "inline:{{\"a b\"@c = d}}", "a b@c", NULL },
	{ "inline:{{\"a=b\"@c = d}}", "\"a=b\"@c", "d" },
	{ "inline:{a\\=b=c}", "a\\=b", "c" },
	{ "inline:{{a\\ b = c}}", "a\\ b", "c" },
	{ "static:a", "anything", "a" },
	{ "static:a", "", "a" },
	{ "static:{a b}", "x", "a b" },
	{ "static:{ x y }", "x", "x y" },
	{ "proxy:static:a", "x", "a" },
	{ "proxy:proxy:inline:{a=b}", "a", "b" },
	{ "fail:x", "a", "!" },
};

static const struct {
	const char *table, *error;
} wrong[] = {
	{ "inline:{a = b}", "inline: \"a\": write inline:{ key=value" },
	{ "inline:{a=}", "inline: \"a=\": write" },
	{ "inline:a=b", "write inline:{ key=value, ... }" },
	{ "inline:{{a b = c}}", "inline: \"{a b = c}\"" },
	{ "inline:{a=b}c", "write inline:{ key=value, ... }" },
	{ "inline:{{a}b=c}", "inline: \"{a}b=c\": write" },
	{ "inline:{a\"=b}", "inline: \"a\"=b\": write" },
	{ "inline:{=b}", "inline: \"=b\": write" },
	{ "static:{a}b", "static:{a}b: write static:value or" },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct table_buf buf;
		struct span got = { NULL, 0 };
		const char *value = rows[i].value;
		enum table_result res;
		struct table *table;
		struct diag d;

		CHECK_ROW(rows[i].table);
		diag_init(&d);
		table = table_open(span_of(rows[i].table), NULL, &d);
		CHECK(table != NULL && d.first == NULL);
		res = table_find(table, span_of(rows[i].key), &buf, &got);
		if (value == NULL)
			CHECK(res == TABLE_NOT_FOUND);
		else if (*value == '!')
			CHECK(res == TABLE_ERROR);
		else
			CHECK_SPAN(got, value);
		CHECK(!table_is_pattern(table));
		table_close(&table);
		CHECK(table == NULL);
		diag_fini(&d);
	}
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct diag d;

		CHECK_ROW(wrong[i].table);
		diag_init(&d);
		CHECK(table_open(span_of(wrong[i].table), NULL, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		diag_fini(&d);
	}
	return check_end();
}
