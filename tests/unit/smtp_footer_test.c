/* SPDX-License-Identifier: BSD-2-Clause */
/* smtpd_reject_footer: its lines, its names, its limits. */
#include "tests/unit/smtp_session.h"

static const char *template;

static void
with_footer(struct driver *d)
{
	d->cfg.reject_footer = template;
	d->answers[SMTP_CHECK_VRFY] =
		(struct driver_answer) { 454, "4.7.1 <a>: no", false };
}

/* Each as Postfix 3.7 says it. */
static const struct {
	const char *name, *template, *said; /* to FOO, HELO and VRFY a */
} rows[] = {
	{ "none", "",
	  "500 5.5.2 Error: command not recognized\r\n"
	  "501 Syntax: HELO hostname\r\n454 4.7.1 <a>: no\r\n" },
	{ "a line", "Call us.",
	  "500-5.5.2 Error: command not recognized\r\n500 5.5.2 Call us.\r\n"
	  "501-Syntax: HELO hostname\r\n501 Call us.\r\n"
	  "454-4.7.1 <a>: no\r\n454 4.7.1 Call us.\r\n" },
	{ "the same line", "\\c. Call us.",
	  "500 5.5.2 Error: command not recognized. Call us.\r\n"
	  "501 Syntax: HELO hostname. Call us.\r\n"
	  "454 4.7.1 <a>: no. Call us.\r\n" },
	{ "the same line and more", "\\c!\\nb\\nc",
	  "500-5.5.2 Error: command not recognized!\r\n500-5.5.2 b\r\n"
	  "500 5.5.2 c\r\n501-Syntax: HELO hostname!\r\n501-b\r\n501 c\r\n"
	  "454-4.7.1 <a>: no!\r\n454-4.7.1 b\r\n454 4.7.1 c\r\n" },
	{ "a line end at the end", "a\\n",
	  "500-5.5.2 Error: command not recognized\r\n500-5.5.2 a\r\n"
	  "500 5.5.2 \r\n501-Syntax: HELO hostname\r\n501-a\r\n501 \r\n"
	  "454-4.7.1 <a>: no\r\n454-4.7.1 a\r\n454 4.7.1 \r\n" },
	{ "names",
	  "\\c: $server_name ${client_address}:$client_port, "
	  "($client_name)$helo_name.",
	  "500 5.5.2 Error: command not recognized: mx.example.com "
	  "192.0.2.1:4321, (unknown)c.example.\r\n"
	  "501 Syntax: HELO hostname: mx.example.com 192.0.2.1:4321, "
	  "(unknown)c.example.\r\n"
	  "454 4.7.1 <a>: no: mx.example.com 192.0.2.1:4321, "
	  "(unknown)c.example.\r\n" },
	{ "names that are none", "\\c[$nothing${no}$$5$$]$",
	  "500 5.5.2 Error: command not recognized[$5$]\r\n"
	  "501 Syntax: HELO hostname[$5$]\r\n454 4.7.1 <a>: no[$5$]\r\n" },
	{ "a name that does not end", "\\c[${server_name",
	  "500 5.5.2 Error: command not recognized[mx.example.com\r\n"
	  "501 Syntax: HELO hostname[mx.example.com\r\n"
	  "454 4.7.1 <a>: no[mx.example.com\r\n" },
	{ "backslashes", "\\c\\a\\\\",
	  "500 5.5.2 Error: command not recognized\\a\\\\\r\n"
	  "501 Syntax: HELO hostname\\a\\\\\r\n454 4.7.1 <a>: no\\a\\\\\r\n" },
};

static void
test_rows(void)
{
	struct driver d;

	driver_init(&d, 1u << 20);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char said[2000];
		struct session_row row = {
			.name = rows[i].name,
			.set = with_footer,
			FEED(HELO "FOO\r\nHELO\r\nVRFY a\r\nNOOP\r\n"),
			.said = said,
		};

		template = rows[i].template;
		snprintf(said, sizeof(said), HELO_OK "%s" OK, rows[i].said);
		session_row_run(&d, &row);
	}
	driver_fini(&d);
}

static void
test_time(void)
{
	struct driver d;
	char month[4], rest[4];
	int day, hour, minute, second;

	CHECK_ROW("$localtime");
	driver_init(&d, 1u << 20);
	template = "\\c @$localtime@";
	session_open(&d, with_footer);
	driver_say(&d, "FOO\r\n");
	CHECK(sscanf(strchr(d.said.p, '@'), "@%3[A-Z-a-z] %2d %2d:%2d:%2d%3s",
		     month, &day, &hour, &minute, &second, rest) == 6);
	CHECK(strcmp(rest, "@") == 0);
	CHECK(day >= 1 && day <= 31 && hour < 24 && second <= 60);
	driver_fini(&d);
}

/* The longest that a main.cf can ask for: it fits where one reply fits. */
static void
test_limits(void)
{
	static char text[8000];
	struct driver d;
	size_t n = 0;

	driver_init(&d, 1u << 20);
	template = text;
	for (int is_glued = 0; is_glued < 2; is_glued++) {
		struct span said;
		unsigned lines_n = 0;

		CHECK_ROW("limits");
		n = 0;
		if (is_glued)
			n += (size_t)sprintf(text, "\\c");
		for (int i = 0; i < 9; i++)
			n += (size_t)sprintf(text + n, "%s%s",
					     X100 X100 X100 X100 X100 X100,
					     i < 8 ? "\\n" : "");
		session_open(&d, with_footer);
		d.out.cap = SMTP_OUT_ROOM_MIN;
		driver_say(&d, "FOO\r\nNOOP\r\n");
		said = text_span(&d.said);
		for (size_t len; said.len > 14; lines_n++) {
			len = span_find(said, '\n') + 1;
			CHECK(len <= SMTP_LINE_BYTES_MAX);
			CHECK(memcmp(said.p, "500", 3) == 0);
			CHECK((said.p[3] == ' ') == (said.len - len == 14));
			said = span_from(said, len);
		}
		CHECK(lines_n == SMTP_REPLY_LINES_MAX - (unsigned)is_glued);
		CHECK_SPAN(said, OK);
		driver_end(&d);
	}
	driver_fini(&d);
}

int
main(void)
{
	test_rows();
	test_time();
	test_limits();
	return check_end();
}
