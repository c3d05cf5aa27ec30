/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AUTH as sessions: what is offered when, each reply, what is forgotten at
 * STARTTLS and XCLIENT, who a message is from; long lines.
 */
#include "tests/unit/smtp_session.h"

#define EHLO_AUTH(lines)                                                   \
	"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"    \
	"250-VRFY\r\n" lines "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n" \
	"250-DSN\r\n250-SMTPUTF8\r\n250-BINARYMIME\r\n"                    \
	"250-LIMITS RCPTMAX=1000\r\n250 CHUNKING\r\n"
#define EHLO_LOGIN EHLO_AUTH("250-AUTH LOGIN\r\n")
#define GOOD	   "AUTH PLAIN ok\r\n"
#define DONE	   "235 2.7.0 Authentication successful\r\n"
#define FAILED	   "535 5.7.8 Error: authentication failed: for a reason\r\n"
#define ALREADY	   "503 5.5.1 Error: already authenticated\r\n"
#define NOT_ON	   "503 5.5.1 Error: authentication not enabled\r\n"
#define ABORTED	   "501 5.7.0 Authentication aborted\r\n"
#define TLS_GO	   "220 2.0.0 Ready to start TLS\r\n"
#define MESSAGE	   MAIL RCPT DATA "\r\nx\r\n.\r\n"
#define KEPT(with, comment)                                               \
	"Received: from c.example (unknown [192.0.2.1])\n" comment        \
	"\tby mx.example.com (Postfix) with " with " id 0123456789ABCDEF" \
	"\n\tfor <x@y.z>; " DATE "\nx\n"

static struct match client = { "192.0.2.1" };

static void
on(struct driver *d)
{
	d->cfg.is_auth = true;
	d->is_auth_broken = d->is_auth_unknown = false;
}

static void
off(struct driver *d)
{
	on(d);
	d->cfg.is_auth = false;
}

static void
without_server(struct driver *d)
{
	on(d);
	d->is_auth_broken = true;
}

static void
unknown(struct driver *d)
{
	on(d);
	d->is_auth_unknown = true;
}

static void
old_clients(struct driver *d)
{
	on(d);
	d->cfg.is_auth_broken = true;
}

static void
excepted(struct driver *d)
{
	on(d);
	d->cfg.auth_exceptions = &client;
}

static void
discarded(struct driver *d)
{
	on(d);
	d->cfg.discard_ehlo_keywords = "auth";
}

static void
with_helo(struct driver *d)
{
	on(d);
	d->cfg.is_helo_required = true;
}

static void
tls(struct driver *d)
{
	on(d);
	d->cfg.tls_level = SMTP_TLS_MAY;
}

static void
tls_only(struct driver *d)
{
	tls(d);
	d->cfg.is_auth_tls_only = true;
}

static void
said(struct driver *d)
{
	on(d);
	d->cfg.is_auth_received = true;
}

static void
proxied(struct driver *d)
{
	off(d);
	d->cfg.is_auth_received = true;
	d->cfg.xclient_hosts = &client;
}

static const struct session_row rows[] = {
	{ "offered", on, FEED(EHLO GOOD QUIT), EHLO_LOGIN DONE BYE, "", "HF" },
	{ "asked of the server first", unknown, FEED(EHLO EHLO GOOD),
	  EHLO_LOGIN EHLO_LOGIN DONE, "", "?HHF" },
	{ "HELO does not wait", unknown, FEED(HELO GOOD), HELO_OK DONE, "",
	  "HF" },
	{ "off", off, FEED(EHLO GOOD QUIT), EHLO_OK NOT_ON BYE, "", "H" },
	{ "no server", without_server, FEED(EHLO GOOD), EHLO_OK NOT_ON, "",
	  "H" },
	{ "keyword discarded", discarded, FEED(EHLO GOOD), EHLO_OK NOT_ON, "",
	  "H" },
	{ "excepted client: not said, but obeyed", excepted, FEED(EHLO GOOD),
	  EHLO_OK DONE, "", "HF" },
	{ "older clients", old_clients, FEED(EHLO),
	  EHLO_AUTH("250-AUTH LOGIN\r\n250-AUTH=LOGIN\r\n"), "", "H" },
	{ "HELO first", with_helo, FEED(GOOD EHLO GOOD),
	  "503 5.5.1 Error: send HELO/EHLO first\r\n" EHLO_LOGIN DONE, "",
	  "HF" },
	{ "without EHLO", on, FEED(GOOD), DONE, "", "F" },
	{ "wrong", on, FEED("AUTH PLAIN no\r\n" GOOD), FAILED DONE, "", "FF" },
	{ "temporarily", on, FEED("AUTH PLAIN temp\r\n" GOOD),
	  "454 4.7.0 Temporary authentication failure: for a reason\r\n" DONE,
	  "", "FF" },
	{ "twice", on, FEED(GOOD GOOD), DONE ALREADY, "", "F" },
	{ "in a transaction", on, FEED(EHLO MAIL GOOD "RSET\r\n" GOOD),
	  EHLO_LOGIN MAIL_OK
	  "503 5.5.1 Error: MAIL transaction in progress\r\n" OK DONE,
	  "", NULL },
	{ "syntax", on, FEED("AUTH\r\nAUTH PLAIN a b\r\n"),
	  "501 5.5.4 Syntax: AUTH mechanism\r\n"
	  "501 5.5.4 Syntax: AUTH mechanism\r\n",
	  "", "" },
	{ "a challenge", on, FEED("AUTH PLAIN\r\nok\r\n"), "334 \r\n" DONE, "",
	  "FN" },
	{ "two challenges", on, FEED("auth login\r\nmore\r\nok\r\n"),
	  "334 \r\n334 UGFzc3dvcmQ6\r\n" DONE, "", "FNN" },
	{ "LOGIN's challenge", on, FEED("AUTH LOGIN\r\nno\r\n"),
	  "334 VXNlcm5hbWU6\r\n" FAILED, "", "FN" },
	{ "an empty response is one", on, FEED("AUTH PLAIN =\r\n"), FAILED, "",
	  "F" },
	{ "an empty line is one", on, FEED("AUTH PLAIN\r\n\r\n"),
	  "334 \r\n" FAILED, "", "FN" },
	{ "aborted", on, FEED("AUTH PLAIN\r\n*\r\n" GOOD),
	  "334 \r\n" ABORTED DONE, "", "FAF" },
	{ "commands are responses", on, FEED("AUTH PLAIN\r\nQUIT\r\n" QUIT),
	  "334 \r\n" FAILED BYE, "", "FN" },
	{ "TLS only", tls_only, FEED(EHLO GOOD "STARTTLS\r\n" EHLO GOOD),
	  EHLO_AUTH("250-STARTTLS\r\n") "504 5.5.4 Encryption required for "
					"requested authentication "
					"mechanism\r\n" TLS_GO EHLO_AUTH(
						"250-AUTH PLAIN LOGIN\r\n")
						DONE,
	  "", "HHF" },
	{ "STARTTLS forgets", tls, FEED(GOOD "STARTTLS\r\n" EHLO GOOD GOOD),
	  DONE TLS_GO EHLO_AUTH("250-AUTH PLAIN LOGIN\r\n") DONE ALREADY, "",
	  "FHF" },
	{ "ESMTPSA", tls, FEED("STARTTLS\r\n" EHLO GOOD MESSAGE),
	  TLS_GO EHLO_AUTH("250-AUTH PLAIN LOGIN\r\n")
		  DONE MAIL_OK RCPT_OK DATA_GO QUEUED,
	  KEPT("ESMTPSA", ""), NULL },
	{ "ESMTPA, and who", said, FEED(EHLO GOOD MESSAGE),
	  EHLO_LOGIN DONE MAIL_OK RCPT_OK DATA_GO QUEUED,
	  KEPT("ESMTPA", "\t(Authenticated sender: u?1??@x)\n"), NULL },
	{ "nobody, said", said, FEED(EHLO MESSAGE),
	  EHLO_LOGIN MAIL_OK RCPT_OK DATA_GO QUEUED, KEPT("ESMTP", ""), NULL },
	{ "XCLIENT LOGIN", proxied,
	  FEED("XCLIENT LOGIN=joe+40x\r\n" EHLO MESSAGE),
	  GREETING EHLO_AUTH(
		  "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN "
		  "DESTADDR DESTPORT\r\n") MAIL_OK RCPT_OK DATA_GO QUEUED,
	  KEPT("ESMTPA", "\t(Authenticated sender: joe@x)\n"), NULL },
	{ "XCLIENT without it", proxied,
	  FEED("XCLIENT LOGIN=joe\r\nXCLIENT LOGIN=[UNAVAILABLE]\r\n" EHLO
		       MESSAGE),
	  GREETING GREETING EHLO_AUTH(
		  "250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN "
		  "DESTADDR DESTPORT\r\n") MAIL_OK RCPT_OK DATA_GO QUEUED,
	  KEPT("ESMTP", ""), NULL },
	{ "MAIL AUTH=", on,
	  FEED("MAIL FROM:<a@b.c> AUTH=x+2By\r\nRSET\r\n"
	       "MAIL FROM:<a@b.c> AUTH=<>\r\nRSET\r\n"
	       "MAIL FROM:<a@b.c> AUTH=x AUTH=y\r\n"),
	  MAIL_OK OK MAIL_OK OK "503 5.5.4 Error: multiple AUTH= options\r\n",
	  "", NULL },
	{ "MAIL AUTH=, off", off, FEED("MAIL FROM:<a@b.c> AUTH=x\r\n"),
	  "503 5.5.4 Error: authentication disabled\r\n", "", NULL },
};

/* `len` bytes of response, in pieces; behind AUTH, or as its own line. */
static void
check_long(const char *name, size_t len, bool is_initial, const char *want)
{
	static const size_t pieces[] = { 0, 1000, 8000, 1 };
	static char text[20000];

	CHECK_ROW(name);
	for (size_t i = 0; i < ARRAY_N(pieces); i++) {
		struct driver d;
		size_t n = (size_t)snprintf(text, sizeof(text), "AUTH PLAIN%s",
					    is_initial ? " " : "\r\n");

		memset(text + n, 'A', len);
		memcpy(text + n + len, "\r\n", 2);
		driver_init(&d, 4u << 20);
		session_open(&d, on);
		driver_feed_pieces(&d, (struct span) { text, n + len + 2 },
				   pieces[i]);
		CHECK_SPAN(text_span(&d.said), want);
		driver_fini(&d);
	}
}

static void
test_long(void)
{
	check_long("a response of the most", 12288, false, "334 \r\n" FAILED);
	check_long("a longer one", 12289, false,
		   "334 \r\n500 5.5.6 SASL response limit exceeded\r\n");
	check_long("the longest command", 12288 - 11, true, FAILED);
	check_long("a longer one", 12288 - 10, true,
		   "500 5.5.2 Error: line too long\r\n");
}

/* The peer goes while its server is being asked; who it was is said. */
static void
test_facts(void)
{
	struct span in = SPAN("AUTH PLAIN ok\r\n");
	struct driver d;

	CHECK_ROW("facts");
	driver_init(&d, 1u << 20);
	d.cfg.is_auth = true;
	driver_open(&d);
	d.out.len = 0;
	CHECK(smtp_step(&d.s, &in, &d.out, d.now_us) == SMTP_WANT_AUTH);
	CHECK(smtp_login(&d.s) == NULL && !smtp_is_idle(&d.s));
	CHECK_SPAN(span_of(d.s.auth->method), "PLAIN");
	CHECK_SPAN(span_of(d.s.auth->response), "ok");
	smtp_authed(&d.s, &d.out, SMTP_AUTH_OK, "", "joe", d.now_us);
	CHECK(smtp_login(&d.s) != NULL && d.s.auth->response == NULL);
	CHECK_SPAN(span_of(smtp_login(&d.s)->user), "joe");
	CHECK_SPAN(span_of(smtp_auth_sender(&d.s)), "");
	smtp_fini(&d.s);
	d.out.len = 0;
	driver_open(&d);
	in = SPAN("AUTH PLAIN ok\r\n");
	CHECK(smtp_step(&d.s, &in, &d.out, d.now_us) == SMTP_WANT_AUTH);
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(rows, ARRAY_N(rows));
	test_long();
	test_facts();
	return check_end();
}
