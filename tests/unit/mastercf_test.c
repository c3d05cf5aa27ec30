/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * master.cf: its columns, the options of smtpd, what is wrong with a line.
 * Each row that is right is one that Postfix 3.7 takes (postconf -M, -P).
 */
#include "engine/config/mastercf.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sysexits.h>

static const struct {
	const char *name, *in;
	const char *want; /* "name/type/command@line(option=value,...)|" */
	const char *error, *warning;
} rows[] = {
	{ "plain", "smtp inet n - n - - smtpd\n", "smtp/inet/smtpd@1()|", "",
	  "" },
	{ "all columns", "q unix y n - 300? 10 qmgr\n", "q/unix/qmgr@1()|", "",
	  "" },
	{ "options", "smtp inet n - n - - smtpd -o a=b -v -o c=\n",
	  "smtp/inet/smtpd@1(a=b,c=,)|", "", "" },
	{ "continued",
	  "# x\nsmtp inet n - n - - smtpd\n  -o a=b\n# y\n  -o c=d"
	  "\nx unix - - - - - y\n",
	  "smtp/inet/smtpd@2(a=b,c=d,)|x/unix/y@6()|", "", "" },
	{ "in braces", "smtp inet n - n - - smtpd -o { a = b  c } -o{d=e}\n",
	  "smtp/inet/smtpd@1(a=b  c,d=e,)|", "", "" },
	{ "nested braces", "smtp inet n - n - - smtpd -o { a = ${b?{c}} }\n",
	  "smtp/inet/smtpd@1(a=${b?{c}},)|", "", "" },
	{ "braces in a column", "a inet n - n - - {smtpd\n",
	  "a/inet/{smtpd@1()|", "", "" },
	{ "glued", "smtp inet n - n - - smtpd -oa=b\n",
	  "smtp/inet/smtpd@1(a=b,)|", "", "" },
	{ "later option wins", "s inet n - n - - smtpd -o a=b -o a=c\n",
	  "s/inet/smtpd@1(a=c,)|", "", "" },
	{ "arguments of others",
	  "d unix - n n - - pipe\n  flags=DRhu "
	  "user=v:v argv=/lda -f ${sender} -o x {\n",
	  "d/unix/pipe@1()|", "", "" },
	{ "later service wins",
	  "a inet n - n - - smtpd -o x=1\na inet n - n - - smtpd -o y=1\n",
	  "a/inet/smtpd@2(y=1,)|", "",
	  "f:2: a inet replaces the one of "
	  "line 1" },
	{ "same name, other type",
	  "a inet n - n - - smtpd\n"
	  "a unix n - n - - smtp\n",
	  "a/inet/smtpd@1()|a/unix/smtp@2()|", "", "" },
	{ "column missing", "smtp inet n - n - -\n", "",
	  "f:1: smtp: the command is missing", "" },
	{ "only a name", "smtp\n", "", "f:1: smtp: the type is missing", "" },
	{ "type", "smtp tcp n - n - - smtpd\n", "",
	  "\"tcp\" is not right for the type: write inet,", "" },
	{ "private", "smtp inet no - n - - smtpd\n", "",
	  "\"no\" is not right for private: write y, n or -", "" },
	{ "unpriv", "smtp inet n x n - - smtpd\n", "", "unpriv", "" },
	{ "chroot", "smtp inet n - x - - smtpd\n", "", "chroot", "" },
	{ "wakeup", "smtp inet n - n 5m - smtpd\n", "",
	  "\"5m\" is not right for wakeup", "" },
	{ "wakeup without number", "smtp inet n - n ? - smtpd\n", "", "wakeup",
	  "" },
	{ "maxproc", "smtp inet n - n - many smtpd\n", "", "maxproc", "" },
	{ "spaces around =", "smtp inet n - n - - smtpd -o a = b\n",
	  "smtp/inet/smtpd@1()|", "f:1: -o a: write -o name=value", "" },
	{ "-o alone", "smtp inet n - n - - smtpd -o\n", "smtp/inet/smtpd@1()|",
	  "name=value is missing after -o", "" },
	{ "brace not closed", "smtp inet n - n - - smtpd -o { a = b\n",
	  "smtp/inet/smtpd@1()|", "f:1: name=value is missing after -o", "" },
	{ "stray brace", "smtp inet n - n - - smtpd { a\n",
	  "smtp/inet/smtpd@1()|", "f:1: a \"{\" is not closed", "" },
	{ "stray word", "smtp inet n - n - - smtpd a=b\n",
	  "smtp/inet/smtpd@1()|", "f:1: \"a=b\" is no argument of smtpd", "" },
	{ "begins with white space", " smtp inet n - n - - smtpd\n", "",
	  "f:1: this line begins with white space", "" },
	{ "empty", "", "", "", "" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct mastercf m = { 0 };
		struct store st = { 0 };
		struct text buf = { 0 }, got = { 0 };
		struct diag d;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		text_add(&buf, span_of(rows[i].in));
		CHECK(mastercf_parse(&m, &st, buf.p, buf.len, "f", &d) ==
		      (*rows[i].error ? -EINVAL : 0));
		for (unsigned k = 0; k < m.n; k++) {
			struct mastercf_entry *e = &m.all[k];

			text_addf(&got, "%s/%s/%s@%u(", e->name, e->type,
				  e->command, e->line);
			for (unsigned o = 0; o < e->options.n; o++)
				text_addf(&got, "%s=%s,",
					  e->options.all[o].name,
					  e->options.all[o].value);
			text_addf(&got, ")|");
		}
		CHECK_SPAN(text_span(&got), rows[i].want);
		CHECK(findings_has(&d, DIAG_ERROR, rows[i].error));
		CHECK(findings_has(&d, DIAG_WARNING, rows[i].warning));
		mastercf_fini(&m);
		store_fini(&st);
		text_fini(&buf);
		text_fini(&got);
		diag_fini(&d);
	}
}

static const struct {
	const char *in, *host;
	unsigned port; /* 0: wrong */
} addresses[] = {
	{ "25", "", 25 },
	{ "smtp", "", 25 },
	{ "submission", "", 587 },
	{ "submissions", "", 465 },
	{ "smtps", "", 465 },
	{ "lmtp", "", 24 },
	{ "127.0.0.1:2525", "127.0.0.1", 2525 },
	{ "localhost:smtp", "localhost", 25 },
	{ "[::1]:25", "::1", 25 },
	{ "[192.0.2.1]:25", "192.0.2.1", 25 },
	{ "65535", "", 65535 },
	{ "65536", NULL, 0 },
	{ "0", NULL, 0 },
	{ "", NULL, 0 },
	{ "no-such-service", NULL, 0 },
	{ ":25", "", 25 },
	{ ":", NULL, 0 },
	{ "::1:25", NULL, 0 },
	{ "[]:25", NULL, 0 },
	{ "[::1:25", NULL, 0 },
	{ "127.0.0.1:", NULL, 0 },
};

int
main(void)
{
	struct mastercf m = { 0 };
	struct store st = { 0 };
	struct diag d;

	scratch_open("mastercf");
	test_rows();
	for (size_t i = 0; i < ARRAY_N(addresses); i++) {
		struct span host;
		uint16_t port = 0;
		const char *why = NULL;
		bool is_ok = mastercf_split_address(span_of(addresses[i].in),
						    &host, &port, &why);

		CHECK_ROW(addresses[i].in);
		CHECK(is_ok == (addresses[i].port != 0));
		if (is_ok) {
			CHECK(port == addresses[i].port);
			CHECK_SPAN(host, addresses[i].host);
		} else {
			CHECK(why != NULL);
		}
	}
	CHECK_ROW("missing file");
	diag_init(&d);
	CHECK(mastercf_read(&m, &st, scratch_path("none"), &d) == -EINVAL);
	CHECK(d.exit_code == EX_NOINPUT);
	diag_fini(&d);
	store_fini(&st);
	scratch_close();
	return check_end();
}
