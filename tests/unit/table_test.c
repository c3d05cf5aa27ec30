/* SPDX-License-Identifier: BSD-2-Clause */
/* Types by name, tables opened once, items of a list, complaints. */
#include "engine/config/table_priv.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

static void
test_types(void)
{
	static const struct {
		const char *table, *error;
	} rows[] = {
		{ "virtual", "main.cf:3: \"virtual\" is no table: write "
			     "type:name" },
		{ "hsah:/x", "there is no table type \"hsah\": the types are "
			     "hash, btree, texthash, lmdb" },
		{ "ldap:/x", "tables of type ldap are not supported: write" },
		{ "cdb:/x", "type cdb are not supported: write hash:" },
		{ "HASH:/x", "there is no table type \"HASH\"" },
		{ "", "is no table" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct diag d;

		CHECK_ROW(rows[i].table);
		diag_init(&d);
		CHECK(table_open_in(NULL, span_of(rows[i].table), "/",
				    "main.cf", 3, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, rows[i].error));
		CHECK(d.exit_code == EX_CONFIG);
		diag_fini(&d);
	}
}

static void
test_shared(void)
{
	struct tables *set = tables_open();
	struct table *a, *b, *c, *other;
	struct diag d;

	CHECK_ROW("shared");
	diag_init(&d);
	scratch_write(scratch_path("t"), "a b\n");
	a = table_open_in(set, SPAN("hash:t"), scratch_dir, NULL, 0, &d);
	b = table_open_in(set, SPAN(" proxy:hash:t "), scratch_dir, NULL, 0,
			  &d);
	other = table_open_in(set, SPAN("btree:t"), scratch_dir, NULL, 0, &d);
	CHECK(a != NULL && a == b && other != a);
	CHECK_SPAN(span_of(table_name(a)), "hash:t");
	CHECK_ROW("missing, said once");
	CHECK(table_open_in(set, SPAN("hash:u"), scratch_dir, NULL, 0, &d) ==
	      NULL);
	scratch_write(scratch_path("u"), "a b\n");
	CHECK(table_open_in(set, SPAN("hash:u"), scratch_dir, NULL, 0, &d) ==
	      NULL);
	CHECK(d.errors_n == 1);
	CHECK_ROW("outlives the set");
	tables_close(&set);
	CHECK(set == NULL);
	table_close(&a);
	{
		struct table_buf buf;
		struct span got;

		CHECK(table_find(b, SPAN("a"), &buf, &got) == TABLE_FOUND);
		CHECK_SPAN(got, "b");
	}
	table_close(&b);
	table_close(&other);
	CHECK_ROW("without a set");
	a = table_open(SPAN("hash:t"), scratch_dir, &d);
	c = table_open(SPAN("hash:t"), scratch_dir, &d);
	CHECK(a != NULL && c != NULL && a != c);
	table_close(&a);
	table_close(&c);
	table_close(&c); /* NULL is fine */
	diag_fini(&d);
}

static void
test_lists(void)
{
	static const struct {
		const char *in, *want; /* "item|" each, "!" when not closed */
	} rows[] = {
		{ "a b,c", "a|b|c|" },
		{ " ,a,, b\n\tc ", "a|b|c|" },
		{ "", "" },
		{ "inline:{a=b, c=d} hash:/x", "inline:{a=b, c=d}|hash:/x|" },
		{ "{a {b c} d} e", "{a {b c} d}|e|" },
		{ "a} b", "a}|b|" },
		{ "a{b c", "a{b c|!" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span list = span_of(rows[i].in), item;
		struct text got = { 0 };
		bool is_ok = true;

		CHECK_ROW(rows[i].in);
		while ((item = table_list_next(&list, &is_ok)).len)
			text_addf(&got, "%.*s|", SPAN_FMT(item));
		text_addf(&got, "%s", is_ok ? "" : "!");
		CHECK_SPAN(text_span(&got), rows[i].want);
		text_fini(&got);
	}
	CHECK_ROW("braces off");
	CHECK_SPAN(table_unbrace(SPAN("{ a b }")), "a b");
	CHECK_SPAN(table_unbrace(SPAN("{}")), "");
	CHECK_SPAN(table_unbrace(SPAN("{")), "{");
	CHECK_SPAN(table_unbrace(SPAN("a}")), "a}");
	CHECK_SPAN(table_unbrace(SPAN("{{a} {b}}")), "{a} {b}");
	CHECK_SPAN(table_unbrace(SPAN("{a} {b}")), "{a} {b}");
	CHECK_SPAN(table_unbrace(SPAN("{a}b}")), "{a}b}");
}

static void
test_complaints(void)
{
	struct diag d;
	struct table_complaints c = { .diag = &d, .path = "t" };

	CHECK_ROW("complaints");
	diag_init(&d);
	CHECK(table_complaints_end(&c));
	for (unsigned i = 1; i <= 15; i++)
		table_complain(&c, DIAG_WARNING, i, "odd");
	CHECK(table_complaints_end(&c));
	CHECK(d.warnings_n == TABLE_COMPLAINTS_MAX + 1);
	CHECK(findings_has(&d, DIAG_WARNING, "t:11: 5 more warnings"));
	table_complain(&c, DIAG_ERROR, 3, "bad");
	CHECK(!table_complaints_end(&c));
	CHECK(d.exit_code == EX_DATAERR);
	CHECK(findings_has(&d, DIAG_ERROR, "t:3: bad"));
	diag_fini(&d);
}

int
main(void)
{
	scratch_open("table");
	test_types();
	test_shared();
	test_lists();
	test_complaints();
	scratch_close();
	return check_end();
}
