/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of replies, and the one way in which they are written. */
#include "tests/unit/smtp_session.h"

static const struct {
	const char *name, *line;
} replies[] = {
#define REPLY(sym, code, dsn, text) { #sym, #code "\0" dsn "\0" text },
#include "engine/smtp/replies.def"
#undef REPLY
};

/* RFC 2034 section 4: with an argument and without. */
static void
test_table(void)
{
	struct smtp s = { .cfg = &driver_cfg };
	struct smtp_txn txn = { 0 };

	s.txn = &txn;
	for (size_t i = 0; i < ARRAY_N(replies); i++) {
		const char *code = replies[i].line, *dsn = code + 4;
		const char *text = dsn + strlen(dsn) + 1;
		const char *hole = strstr(text, "%s");
		char buf[SMTP_OUT_ROOM_MIN], want[600];
		struct smtp_out out = { buf, 0, sizeof(buf) };

		CHECK_ROW(replies[i].name);
		CHECK(strlen(code) == 3 && strchr("2345", code[0]));
		CHECK(code[1] >= '0' && code[1] <= '5');
		/*
		 * Its class is the code's; none before 3xx and greetings, and
		 * none with ETRN, as in Postfix.
		 */
		CHECK(*dsn == '\0' || (strlen(dsn) == 5 && dsn[0] == code[0]));
		CHECK(*dsn != '\0' || code[0] == '2' || code[0] == '3' ||
		      strncmp(text, "Syntax: ", 8) == 0 ||
		      strstr(replies[i].name, "ETRN") != NULL);
		CHECK(hole == NULL || strstr(hole + 1, "%") == NULL);
		CHECK(hole != NULL || strchr(text, '%') == NULL);
		CHECK(strchr(text, '\r') == NULL && strchr(text, '\n') == NULL);
		s.errors_n = 0;
		smtp_reply(&s, &out, (enum smtp_reply)i, hole ? "arg" : NULL);
		snprintf(want, sizeof(want), "%s %s%s%.*s%s%s\r\n", code, dsn,
			 *dsn ? " " : "",
			 hole ? (int)(hole - text) : (int)strlen(text), text,
			 hole ? "arg" : "", hole ? hole + 2 : "");
		CHECK_SPAN(((struct span) { out.p, out.len }), want);
		if (i != REPLY_TOO_MANY_RCPT)
			CHECK(s.errors_n == (code[0] >= '4'));
	}
}

/* soft_bounce: both codes, and nothing of what is no refusal. */
static void
test_soft(void)
{
	struct smtp_cfg cfg = driver_cfg;
	struct smtp s = { .cfg = &cfg };
	char buf[SMTP_OUT_ROOM_MIN];
	struct smtp_out out = { buf, 0, sizeof(buf) };

	CHECK_ROW("soft_bounce");
	cfg.is_soft_bounce = true;
	smtp_reply_text(&s, &out, 550, "5.1.1 gone");
	smtp_reply_text(&s, &out, 554, "no");
	smtp_reply_text(&s, &out, 450, "4.7.1 5.5.5");
	smtp_reply(&s, &out, REPLY_OK, NULL);
	CHECK_SPAN(((struct span) { out.p, out.len }),
		   "450 4.1.1 gone\r\n454 no\r\n450 4.7.1 5.5.5\r\n" OK);
	cfg.reject_footer = "more";
	out.len = 0;
	smtp_reply_text(&s, &out, 550, "5.1.1 gone");
	CHECK_SPAN(((struct span) { out.p, out.len }),
		   "450-4.1.1 gone\r\n450 4.1.1 more\r\n");
}

static void
test_one_line(void)
{
	struct smtp s = { .cfg = &driver_cfg };
	char buf[SMTP_OUT_ROOM_MIN], text[2000];
	struct smtp_out out = { buf, 0, sizeof(buf) };

	CHECK_ROW("line ends are quoted");
	smtp_reply(&s, &out, REPLY_OK_VRFY, "a\r\nb\rc\nd");
	CHECK_SPAN(((struct span) { out.p, out.len }),
		   "252 2.0.0 a\?\?b?c?d\r\n");
	out.len = 0;
	smtp_reply_text(&s, &out, 550, "5.1.1 a\nb%s%n");
	CHECK_SPAN(((struct span) { out.p, out.len }), "550 5.1.1 a?b%s%n\r\n");
	CHECK_ROW("long ones are cut");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	out.len = 0;
	smtp_reply(&s, &out, REPLY_OK_VRFY, text);
	CHECK(out.len > 500 && out.len <= SMTP_LINE_BYTES_MAX);
	CHECK(memcmp(out.p + out.len - 3, "x\r\n", 3) == 0);
	out.len = 0;
	smtp_reply_text(&s, &out, 450, text);
	CHECK(out.len > 500 && out.len <= SMTP_LINE_BYTES_MAX);
	CHECK(memcmp(out.p + out.len - 3, "x\r\n", 3) == 0);
	CHECK_ROW("they follow each other");
	out.len = 0;
	smtp_reply(&s, &out, REPLY_OK, NULL);
	smtp_reply(&s, &out, REPLY_BYE, NULL);
	CHECK_SPAN(((struct span) { out.p, out.len }), OK BYE);
}

static void
test_errors(void)
{
	struct smtp s = { .cfg = &driver_cfg };
	char buf[SMTP_OUT_ROOM_MIN];
	struct smtp_out out = { buf, 0, sizeof(buf) };

	CHECK_ROW("what counts as an error");
	smtp_reply_text(&s, &out, 250, "2.0.0 x");
	smtp_reply_text(&s, &out, 354, "x");
	CHECK(s.errors_n == 0);
	smtp_reply_text(&s, &out, 400, "4.0.0 x");
	smtp_reply_text(&s, &out, 599, "5.0.0 x");
	CHECK(s.errors_n == 2);
	CHECK_ROW("the counter stops at its end");
	s.errors_n = UINT16_MAX - 1;
	smtp_error_count(&s);
	smtp_error_count(&s);
	CHECK(s.errors_n == UINT16_MAX);
}

int
main(void)
{
	test_table();
	test_soft();
	test_one_line();
	test_errors();
	return check_end();
}
