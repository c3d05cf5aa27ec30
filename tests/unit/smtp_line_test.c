/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines out of bytes, however those are cut. */
#include "tests/unit/smtp_session.h"

static void
bare_newline_no(struct driver *d)
{
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_NO;
}

static void
bare_newline_reject(struct driver *d)
{
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
}

static void
bare_newline_excluded(struct driver *d)
{
	static struct match match = { "192.0.2.1" };

	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = &match;
}

static void
bare_newline_others_excluded(struct driver *d)
{
	static struct match match = { "192.0.2.2" };

	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = &match;
}

static void
without_smtputf8(struct driver *d)
{
	d->cfg.is_smtputf8 = false;
}

static void
long_lines(struct driver *d)
{
	d->cfg.line_bytes_max = 1u << 30;
}

#define BARE   "550 5.5.2 mx.example.com Error: bare <LF> received\r\n"
#define SYNTAX "500 5.5.2 Error: bad syntax\r\n"

static const struct session_row line_rows[] = {
	{ "longest line", NULL,
	  FEED("NOOP " X2000 X10 X10 X10 X10 "x\r\n" QUIT), OK BYE, "", "" },
	{ "one byte too long", NULL,
	  FEED("NOOP " X2000 X10 X10 X10 X10 "xx\r\n" QUIT), TOO_LONG BYE, "",
	  "" },
	{ "far too long, told once", NULL, FEED(X2000 X2000 "\r\n" QUIT),
	  TOO_LONG BYE, "", "" },
	{ "too long twice", NULL,
	  FEED(X2000 X100 "\r\n" X2000 X100 "\nNOOP\r\n"), TOO_LONG TOO_LONG OK,
	  "", "" },
	{ "too long, no end yet", NULL, FEED(X2000 X2000), "", "", "" },
	{ "a limit beyond memory is memory's", long_lines,
	  FEED("NOOP " X8160 "xx\r\nNOOP " X8160 "x\r\n"), TOO_LONG OK, "",
	  "" },
	{ "empty lines", NULL, FEED("\r\n  \r\n\t\r\nNOOP\r\n"),
	  SYNTAX SYNTAX SYNTAX OK, "", "" },
	{ "blanks around", NULL, FEED(" \tNOOP \t \r\n"), OK, "", "" },
	{ "any case", NULL, FEED("noop\r\nNoOp\r\n"), OK OK, "", "" },
	{ "bare LF ends a command", NULL, FEED("NOOP\nNOOP\n\n"), OK OK SYNTAX,
	  "", "" },
	{ "bare LF, no", bare_newline_no, FEED("NOOP\nNOOP\n"), OK OK, "", "" },
	{ "bare LF, reject", bare_newline_reject,
	  FEED("NOOP\r\nNOOP\nNOOP\r\n"), OK BARE, "", "" },
	{ "bare LF, reject, after a long line", bare_newline_reject,
	  FEED(X2000 X100 "\nNOOP\r\n"), TOO_LONG OK, "", "" },
	{ "bare LF, client excluded", bare_newline_excluded, FEED("NOOP\n"), OK,
	  "", "" },
	{ "bare LF, other client excluded", bare_newline_others_excluded,
	  FEED("NOOP\n"), BARE, "", "" },
	{ "bare CR is no end", NULL, FEED("NOOP\rQUIT\r\n"), UNKNOWN, "", "" },
	{ "CRCRLF", NULL, FEED("NOOP\r\r\n"), UNKNOWN, "", "" },
	{ "NUL", NULL, FEED("NO\0OP\r\nNOOP \0\r\n"), UNKNOWN OK, "", "" },
	{ "bad UTF-8", NULL, FEED("NOOP \xff\r\nNOOP \xc3\xbc\r\n"),
	  "500 5.5.2 Error: bad UTF-8 syntax\r\n" OK, "", "" },
	{ "bad UTF-8, SMTPUTF8 disabled", without_smtputf8,
	  FEED("NOOP \xff\r\n"), OK, "", "" },
	{ "no end yet", NULL, FEED("QUIT"), "", "", "" },
	{ "half an end", NULL, FEED("QUIT\r"), "", "", "" },
};

static void
small_buffer(struct driver *d)
{
	d->out.cap = SMTP_OUT_ROOM_MIN;
	d->cfg.junk_max = 1u << 30;
	d->cfg.soft_errors_max = d->cfg.hard_errors_max = 1u << 15;
}

static void
test_thousand(void)
{
	static const struct {
		const char *in, *said;
	} commands[] = {
		{ EHLO, EHLO_OK },
		{ MAIL, MAIL_OK },
		{ "RCPT TO:<no@x>\r\n", "550 5.1.1 no such user\r\n" },
		{ RCPT, RCPT_OK },
		{ DATA "A: b\r\n\r\n..c\r\n.\r\n", DATA_GO QUEUED },
		{ "NOOP\r\n", OK },
		{ MAIL, MAIL_OK },
		{ RCPT, RCPT_OK },
		{ "BDAT 4\r\nA:\r\n", "250 2.0.0 Ok: 4 bytes\r\n" },
		{ "BDAT 2 LAST\r\n\r\n",
		  "250 2.0.0 Ok: 6 bytes queued as 0123456789ABCDEF\r\n" },
		{ "FOO\r\n", UNKNOWN },
	};
	struct text in = { 0 }, said = { 0 };
	struct session_row row = { .name = "a thousand commands" };
	struct driver d;

	for (int i = 0; i < 1000; i++) {
		text_add(&in, span_of(commands[i % ARRAY_N(commands)].in));
		text_add(&said, span_of(commands[i % ARRAY_N(commands)].said));
	}
	row.set = small_buffer;
	row.in = text_span(&in);
	row.said = said.p;
	driver_init(&d, 4u << 20);
	session_row_run(&d, &row);
	CHECK(d.mails_n == 182);
	CHECK(d.wants[SMTP_WANT_FLUSH] > 0);
	driver_fini(&d);
	free(in.p);
	free(said.p);
}

int
main(void)
{
	session_rows_run(line_rows, ARRAY_N(line_rows));
	test_thousand();
	return check_end();
}
