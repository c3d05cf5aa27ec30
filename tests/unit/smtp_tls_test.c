/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STARTTLS and wrapped services as sessions: what is offered, what is refused
 * without TLS, and that nothing said before it holds.
 */
#include "tests/unit/smtp_session.h"

#define STARTTLS "STARTTLS\r\n"
#define GO	 "220 2.0.0 Ready to start TLS\r\n"
#define NEED_TLS "530 5.7.0 Must issue a STARTTLS command first\r\n"
#define EHLO_TLS_OK                                                     \
	"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n" \
	"250-VRFY\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n"       \
	"250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250-BINARYMIME\r\n" \
	"250-LIMITS RCPTMAX=1000\r\n250 CHUNKING\r\n"
#define MESSAGE	   MAIL RCPT DATA "\r\nx\r\n.\r\n"
#define MESSAGE_OK MAIL_OK RCPT_OK DATA_GO QUEUED
#define KEPT_S(comments)                                                \
	"Received: from c.example (unknown [192.0.2.1])\n" comments     \
	"\tby mx.example.com (Postfix) with ESMTPS id 0123456789ABCDEF" \
	"\n\tfor <x@y.z>; " DATE "\nx\n"
#define COMMENTS                                              \
	"\t(using TLSv1.3 with cipher TLS_X (256/256 bits)\n" \
	"\t key-exchange X25519)\n\t(No client certificate requested)\n"

static void
may(struct driver *d)
{
	d->cfg.tls_level = SMTP_TLS_MAY;
	d->is_tls_busy = d->is_tls_broken = false;
}

static void
may_received(struct driver *d)
{
	may(d);
	d->cfg.is_tls_received = true;
}

static void
must_have(struct driver *d)
{
	may(d);
	d->cfg.tls_level = SMTP_TLS_ENCRYPT;
}

static void
none(struct driver *d)
{
	may(d);
	d->cfg.tls_level = SMTP_TLS_NONE;
}

static void
not_said(struct driver *d)
{
	may(d);
	d->cfg.discard_ehlo_keywords = "starttls";
}

static void
broken(struct driver *d)
{
	may(d);
	d->is_tls_broken = true;
}

static void
busy(struct driver *d)
{
	may(d);
	d->is_tls_busy = true;
}

static void
wrapped(struct driver *d)
{
	must_have(d);
	d->cfg.is_tls_wrapped = true;
	d->cfg.is_tls_received = true;
}

static void
wrapped_behind_proxy(struct driver *d)
{
	wrapped(d);
	d->cfg.proxy = SMTP_PROXY_HAPROXY;
}

static const struct session_row rows[] = {
	{ "offered once", may, FEED(EHLO STARTTLS EHLO QUIT),
	  EHLO_TLS_OK GO EHLO_OK BYE, "", "HH" },
	{ "afresh: no HELO, no MAIL", may,
	  FEED(EHLO MAIL RCPT STARTTLS "RCPT TO:<x@y.z>\r\n" EHLO MAIL),
	  EHLO_TLS_OK MAIL_OK RCPT_OK GO
	  "503 5.5.1 Error: need MAIL command\r\n" EHLO_OK MAIL_OK,
	  "", NULL },
	{ "ESMTPS", may, FEED(EHLO STARTTLS EHLO MESSAGE),
	  EHLO_TLS_OK GO EHLO_OK MESSAGE_OK, KEPT_S(""), NULL },
	{ "ESMTPS, and how", may_received, FEED(EHLO STARTTLS EHLO MESSAGE),
	  EHLO_TLS_OK GO EHLO_OK MESSAGE_OK, KEPT_S(COMMENTS), NULL },
	{ "HELO is SMTP under TLS too", may, FEED(EHLO STARTTLS HELO MESSAGE),
	  EHLO_TLS_OK GO HELO_OK MESSAGE_OK, RECEIVED_X "\nx\n", NULL },
	{ "a parameter", may, FEED(EHLO "STARTTLS now\r\n" QUIT),
	  EHLO_TLS_OK "501 5.5.4 Syntax: STARTTLS\r\n" BYE, "", NULL },
	{ "twice", may, FEED(EHLO STARTTLS STARTTLS QUIT),
	  EHLO_TLS_OK GO "554 5.5.1 Error: TLS already active\r\n" BYE, "",
	  NULL },
	{ "level none", none, FEED(EHLO STARTTLS QUIT),
	  EHLO_OK "502 5.5.1 Error: command not implemented\r\n" BYE, "",
	  NULL },
	{ "keyword discarded", not_said, FEED(EHLO STARTTLS QUIT),
	  EHLO_OK "502 5.5.1 Error: command not implemented\r\n" BYE, "",
	  NULL },
	{ "no context", broken, FEED(EHLO STARTTLS MAIL),
	  EHLO_OK
	  "454 4.7.0 TLS not available due to local problem\r\n" MAIL_OK,
	  "", NULL },
	{ "no room", busy, FEED(EHLO STARTTLS MAIL),
	  EHLO_TLS_OK
	  "454 4.7.0 TLS not available now: too many handshakes\r\n" MAIL_OK,
	  "", NULL },
	{ "level encrypt: what is obeyed", must_have,
	  FEED(HELO EHLO "NOOP\r\n"
			 "HELP\r\n" QUIT),
	  HELO_OK EHLO_TLS_OK OK
	  "214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY "
	  "ETRN HELP QUIT (RFC 5321)\r\n" BYE,
	  "", NULL },
	{ "level encrypt: what is not", must_have,
	  FEED(EHLO MAIL "RSET\r\n"
			 "VRFY x@y.z\r\n" RCPT DATA "BDAT 2 LAST\r\n" QUIT),
	  EHLO_TLS_OK NEED_TLS NEED_TLS NEED_TLS NEED_TLS NEED_TLS NEED_TLS BYE,
	  "", NULL },
	{ "level encrypt, with TLS", must_have,
	  FEED(EHLO STARTTLS EHLO MESSAGE), EHLO_TLS_OK GO EHLO_OK MESSAGE_OK,
	  KEPT_S(""), NULL },
	{ "wrapped", wrapped, FEED(EHLO MESSAGE STARTTLS),
	  EHLO_OK MESSAGE_OK "554 5.5.1 Error: TLS already active\r\n",
	  KEPT_S(COMMENTS), NULL },
	{ "wrapped, behind a balancer", wrapped_behind_proxy,
	  FEED("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" QUIT), GREETING BYE, "",
	  "C" },
};

/* A handshake that is going on: idle, and not the machine's to answer. */
static void
test_handshake(void)
{
	struct driver d;
	struct span in = SPAN("");

	CHECK_ROW("handshake");
	driver_init(&d, 1u << 20);
	d.cfg.is_tls_wrapped = true;
	smtp_init(&d.s, &d.cfg, &d.shared, &d.ip, 1, d.now_us);
	CHECK(d.s.deadline_us == d.now_us + d.cfg.starttls_timeout_us);
	CHECK(smtp_step(&d.s, &in, &d.out, d.now_us) == SMTP_WANT_TLS);
	smtp_tls_begin(&d.s, &d.out, true, d.now_us);
	CHECK(d.out.len == 0 && smtp_is_idle(&d.s) && smtp_in_tls(&d.s));
	smtp_tls_done(&d.s, &driver_tls, d.now_us);
	CHECK(!smtp_in_tls(&d.s));
	smtp_fini(&d.s);
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(rows, ARRAY_N(rows));
	test_handshake();
	return check_end();
}
