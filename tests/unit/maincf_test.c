/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.cf's lines. What is an error or a warning, and on which line, is what
 * Postfix 3.7's postconf says of the same text.
 */
#include "engine/config/settings.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sysexits.h>

static const struct {
	const char *name, *in;
	const char *want; /* "name=value@line|" each */
	const char *error, *warning;
} rows[] = {
	{ "plain", "a = 1\nb=2\n", "a=1@1|b=2@2|", "", "" },
	{ "tabs and CR", "a\t=\t1\r\n", "a=1@1|", "", "" },
	{ "empty value", "a =\nb=\n", "a=@1|b=@2|", "", "" },
	{ "value on the next lines", "a =\n b\n  c\n", "a=b  c@1|", "", "" },
	{ "value with =", "a = b=c\n", "a=b=c@1|", "", "" },
	{ "odd name", "a-b = 2\n", "a-b=2@1|", "", "" },
	{ "later wins", "a = 1\nb = 2\na = 3\n", "a=3@3|b=2@2|", "",
	  "f:3: a replaces the value of line 1" },
	{ "no =", "a = 1\nfoo\n", "a=1@1|", "f:2: foo: \"=\" is missing", "" },
	{ "two words before =", "a b = 1\n", "", "f:1: a b = 1: \"=\" is mis",
	  "" },
	{ "no name", "= 1\n", "", "f:1: = 1: the name before", "" },
	{ "begins with white space", "  a = 1\nb = 2\n", "b=2@2|",
	  "f:1:   a = 1: this line begins with white space", "" },
	{ "empty file", "", "", "", "" },
};

static void
test_parse(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct settings s = { 0 };
		struct store st = { 0 };
		struct text buf = { 0 }, got = { 0 };
		struct diag d;
		int want = *rows[i].error ? -EINVAL : 0;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		text_add(&buf, span_of(rows[i].in));
		CHECK(maincf_parse(&s, &st, buf.p, buf.len, "f", &d) == want);
		for (unsigned k = 0; k < s.n; k++)
			text_addf(&got, "%s=%s@%u|", s.all[k].name,
				  s.all[k].value, s.all[k].line);
		CHECK_SPAN(text_span(&got), rows[i].want);
		CHECK(findings_has(&d, DIAG_ERROR, rows[i].error));
		CHECK(findings_has(&d, DIAG_WARNING, rows[i].warning));
		settings_fini(&s);
		store_fini(&st);
		text_fini(&buf);
		text_fini(&got);
		diag_fini(&d);
	}
}

static void
test_files(void)
{
	struct settings s = { 0 };
	struct store st = { 0 };
	struct diag d;

	diag_init(&d);
	CHECK_ROW("file");
	scratch_write(scratch_path("main.cf"), "a = b\n");
	CHECK(maincf_read(&s, &st, scratch_path("main.cf"), &d) == 0);
	CHECK(s.n == 1);
	CHECK_ROW("empty file");
	scratch_write(scratch_path("empty"), "");
	CHECK(maincf_read(&s, &st, scratch_path("empty"), &d) == 0);
	CHECK_ROW("missing file");
	CHECK(maincf_read(&s, &st, scratch_path("none"), &d) == -ENOENT);
	CHECK(d.exit_code == EX_NOINPUT);
	CHECK(findings_has(&d, DIAG_ERROR, "none: cannot be read: No such"));
	diag_fini(&d);
	settings_fini(&s);
	store_fini(&st);
}

static void
test_nul(void)
{
	struct settings s = { 0 };
	struct store st = { 0 };
	char buf[] = "a = x\0y\nb = 1\n";
	struct diag d;

	CHECK_ROW("NUL");
	diag_init(&d);
	CHECK(maincf_parse(&s, &st, buf, sizeof(buf) - 1, "f", &d) == -EINVAL);
	CHECK(findings_has(&d, DIAG_ERROR, "f:1: a = x: a NUL byte"));
	CHECK(s.n == 1);
	diag_fini(&d);
	settings_fini(&s);
	store_fini(&st);
}

int
main(void)
{
	scratch_open("maincf");
	test_parse();
	test_files();
	test_nul();
	scratch_close();
	return check_end();
}
