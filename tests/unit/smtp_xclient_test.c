/* SPDX-License-Identifier: BSD-2-Clause */
/* XCLIENT: who may, what it changes, how the session goes on. */
#include "tests/unit/smtp_session.h"

static void
allowed(struct driver *d)
{
	static struct match match = { "192.0.2.1" };

	d->cfg.xclient_hosts = &match;
}

static void
allowed_to_others(struct driver *d)
{
	static struct match match = { "192.0.2.2" };

	d->cfg.xclient_hosts = &match;
}

static void
allowed_by_name(struct driver *d)
{
	static struct match match = { "gw.example" };

	allowed(d);
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = &match;
}

static void
refused(struct driver *d)
{
	allowed(d);
	d->cfg.is_helo_required = true;
}

#define X(args)	   "XCLIENT " args "\r\n"
#define NOT_YOU	   "550 5.7.0 Error: insufficient authorization\r\n"
#define BAD(word)  "501 5.5.4 Bad XCLIENT attribute: " word "\r\n"
#define NEED_HELO  "503 5.5.1 Error: send HELO/EHLO first\r\n"
#define MESSAGE	   MAIL RCPT DATA ".\r\n"
#define MESSAGE_OK MAIL_OK RCPT_OK DATA_GO QUEUED
#define RECEIVED_AS(proto, helo, name, ip)                                  \
	"Received: from " helo " (" name " [" ip "])\n\tby mx.example.com " \
	"(Postfix) with " proto " id 0123456789ABCDEF\n\tfor <x@y.z>; " DATE

static const struct session_row rows[] = {
	{ "nobody", NULL, FEED(X("NAME=a")), NOT_YOU, "", "" },
	{ "others", allowed_to_others, FEED(X("NAME=a")), NOT_YOU, "", "" },
	{ "without attributes", allowed, FEED("XCLIENT\r\nXCLIENT \t\r\n"),
	  "501 5.5.4 Syntax: XCLIENT attribute=value...\r\n"
	  "501 5.5.4 Syntax: XCLIENT attribute=value...\r\n",
	  "", "" },
	{ "name and address", allowed,
	  FEED(X("NAME=c.example ADDR=198.51.100.7") HELO MESSAGE),
	  GREETING HELO_OK MESSAGE_OK,
	  RECEIVED_AS("SMTP", "c.example", "c.example", "198.51.100.7"),
	  "CHMRDE" },
	{ "it lasts", allowed,
	  FEED(X("NAME=n.example ADDR=198.51.100.7") HELO MESSAGE
	       "RSET\r\n" MESSAGE),
	  GREETING HELO_OK MESSAGE_OK OK MESSAGE_OK,
	  RECEIVED_AS("SMTP", "c.example", "n.example", "198.51.100.7")
		  RECEIVED_AS("SMTP", "c.example", "n.example", "198.51.100.7"),
	  NULL },
	{ "IPv6", allowed, FEED(X("ADDR=IPv6:2001:db8::7") HELO MESSAGE),
	  GREETING HELO_OK MESSAGE_OK,
	  RECEIVED_AS("SMTP", "c.example", "unknown", "IPv6:2001:db8::7"),
	  NULL },
	{ "everything", allowed,
	  FEED(X("name=c.example addr=198.51.100.7 port=99 proto=esmtp "
		 "helo=h.example login=u destaddr=192.0.2.9 destport=25")
		       MESSAGE),
	  GREETING MESSAGE_OK,
	  RECEIVED_AS("ESMTPA", "h.example", "c.example", "198.51.100.7"),
	  "CMRDE" },
	{ "unavailable", allowed,
	  FEED(X("NAME=a.example HELO=h") X("NAME=[UNAVAILABLE] "
					    "ADDR=[unavailable] "
					    "PORT=[TEMPUNAVAIL] "
					    "HELO=[UNAVAILABLE]") HELO MESSAGE),
	  GREETING GREETING HELO_OK MESSAGE_OK,
	  RECEIVED_AS("SMTP", "c.example", "unknown", "192.0.2.1"), NULL },
	{ "a changed address loses the right", allowed,
	  FEED(X("ADDR=198.51.100.7") X("NAME=a")), GREETING NOT_YOU, "", "C" },
	{ "xtext", allowed, FEED(X("HELO=a+2Bb+5B NAME=c") MESSAGE),
	  GREETING MESSAGE_OK, RECEIVED_AS("SMTP", "a+b[", "c", "192.0.2.1"),
	  NULL },
	{ "HELO is harmless", allowed, FEED(X("HELO=a(b)+20c+22@") MESSAGE),
	  GREETING MESSAGE_OK,
	  RECEIVED_AS("SMTP", "a?b??c??", "unknown", "192.0.2.1"), NULL },
	{ "HELO said before is forgotten", refused,
	  FEED(HELO X("NAME=a") MAIL "XCLIENT HELO=h\r\n" MAIL),
	  HELO_OK GREETING NEED_HELO GREETING MAIL_OK, "", "HCCM" },
	{ "in a transaction", allowed, FEED(MAIL X("NAME=a") RCPT),
	  MAIL_OK "503 5.5.1 Error: MAIL transaction in progress\r\n" RCPT_OK,
	  "", "MR" },
	{ "rules follow the name", allowed_by_name,
	  FEED(X("NAME=gw.example") "NOOP\n" X("NAME=other") "NOOP\n"),
	  GREETING OK GREETING
	  "550 5.5.2 mx.example.com Error: bare <LF> received\r\n",
	  "", "CC" },
	{ "bad attributes", allowed,
	  FEED(X("FOO=1") X("NAME") X("NAME=") X("NAME=a_b-c.1 NAME=a/b") X(
		  "NAME=\xc3\xbc") X("ADDR=1.2.3") X("ADDR=x") X("PORT=65536")
		       X("PORT=x") X("PROTO=LMTP") X("HELO=+0D") X("HELO=+00")
			       X("HELO=+2") X("HELO==")),
	  BAD("FOO=1") BAD("NAME") BAD("NAME=") BAD("NAME=a/b")
		  BAD("NAME=\xc3\xbc") BAD("ADDR=1.2.3") BAD("ADDR=x")
			  BAD("PORT=65536") BAD("PORT=x") BAD("PROTO=LMTP")
				  BAD("HELO=+0D") BAD("HELO=+00") BAD("HELO=+2")
					  BAD("HELO=="),
	  "", "" },
	{ "value of 255 bytes", allowed,
	  FEED(X("HELO=" X100 X100 X10 X10 X10 X10 X10 "xxxxx")
		       X("HELO=" X100 X100 X10 X10 X10 X10 X10 "xxxxxx")),
	  GREETING BAD("HELO=" X10 X10 X10 X10 X10 "xxxxxxxx"), "", "C" },
};

static void
test_port(void)
{
	struct driver d;

	CHECK_ROW("port");
	driver_init(&d, 1u << 20);
	session_open(&d, allowed);
	CHECK(d.s.client_port == 4321);
	driver_say(&d, X("PORT=65535"));
	CHECK(d.s.client_port == 65535);
	driver_say(&d, X("PORT=[UNAVAILABLE]"));
	CHECK(d.s.client_port == 0);
	CHECK(smtp_xclient_is_allowed(&d.s));
	driver_fini(&d);
}

static void
test_reverse(void)
{
	struct driver d;
	struct smtp *s = &d.s;

	CHECK_ROW("the reverse name");
	driver_init(&d, 4u << 20);
	session_open(&d, allowed);
	driver_feed(&d, SPAN(X("NAME=a.example REVERSE_NAME=b.example")));
	CHECK_SPAN(span_of(smtp_client_name(s)), "a.example");
	CHECK_SPAN(span_of(smtp_reverse_name(s)), "b.example");
	CHECK(smtp_name_status(s) == SMTP_NAME_OK);
	driver_feed(&d, SPAN(X("NAME=[TEMPUNAVAIL]")));
	CHECK_SPAN(span_of(smtp_client_name(s)), "unknown");
	CHECK_SPAN(span_of(smtp_reverse_name(s)), "b.example");
	CHECK(smtp_name_status(s) == SMTP_NAME_TRYAGAIN);
	CHECK(smtp_reverse_status(s) == SMTP_NAME_OK);
	driver_feed(&d, SPAN(X("REVERSE_NAME=[UNAVAILABLE]")));
	CHECK_SPAN(span_of(smtp_reverse_name(s)), "unknown");
	CHECK(smtp_name_status(s) == SMTP_NAME_TRYAGAIN);
	CHECK(smtp_reverse_status(s) == SMTP_NAME_UNKNOWN);
	driver_end(&d);
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(rows, ARRAY_N(rows));
	test_port();
	test_reverse();
	return check_end();
}
