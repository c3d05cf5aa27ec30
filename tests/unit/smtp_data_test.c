/* SPDX-License-Identifier: BSD-2-Clause */
/* DATA and BDAT, from the go-ahead to the last reply of a message. */
#include "tests/unit/smtp_session.h"

#define END	   "\r\n.\r\n"
#define TO_RCPT	   HELO MAIL RCPT
#define TO_RCPT_OK HELO_OK MAIL_OK RCPT_OK
#define STORAGE	   "452 4.3.1 Insufficient system storage\r\n"
#define WRITE	   "451 4.3.0 Error: queue file write error\r\n"
#define TOO_BIG	   "552 5.3.4 Error: message file too big\r\n"
#define CHUNK_BIG  "552 5.3.4 Chunk exceeds message size limit\r\n"
#define HOPS	   "554 5.4.0 Error: too many hops\r\n"
#define BARE	   "550 5.5.2 mx.example.com Error: bare <LF> received\r\n"
#define NEED_RCPT  "503 5.5.1 Error: need RCPT command\r\n"
#define NO_RCPT	   "554 5.5.1 Error: no valid recipients\r\n"
#define NEED_MAIL  "503 5.5.1 Error: need MAIL command\r\n"
#define B_OK(n)	   "250 2.0.0 Ok: " n " bytes\r\n"
#define B_DONE(n)  "250 2.0.0 Ok: " n " bytes queued as 0123456789ABCDEF\r\n"
#define B_LOST(n)  "551 5.0.0 Discarded " n " bytes after earlier error\r\n"
#define B_SYNTAX   "521 5.5.4 Syntax: BDAT count [LAST]\r\n"

/* --- Received --- */

#define BY(proto) \
	"\tby mx.example.com (Postfix) with " proto " id 0123456789ABCDEF"
#define FOR(who) "\n\tfor <" who ">; " DATE
#define FOR_NONE ";\n\t" DATE

static void
from_ipv6(struct driver *d)
{
	must(ip_parse(SPAN("2001:db8::1"), &d->ip));
}

static void
named_mail(struct driver *d)
{
	d->cfg.myhostname = "other.example";
	d->cfg.mail_name = "Penstock";
}

static void
longest_names(struct driver *d)
{
	static char host[400], mail[2000];

	memset(host, 'h', sizeof(host) - 1);
	memset(mail, 'm', sizeof(mail) - 1);
	d->cfg.myhostname = host;
	d->cfg.mail_name = mail;
	from_ipv6(d);
}

static const struct session_row received_rows[] = {
	{ "SMTP", NULL, FEED(UP_TO_DATA ".\r\n"), UP_TO_DATA_OK QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR("x@y.z"),
	  NULL },
	{ "ESMTP", NULL, FEED(EHLO MAIL RCPT DATA ".\r\n"),
	  EHLO_OK MAIL_OK RCPT_OK DATA_GO QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("ESMTP")
		  FOR("x@y.z"),
	  NULL },
	{ "no HELO", NULL, FEED(MAIL RCPT DATA ".\r\n"),
	  MAIL_OK RCPT_OK DATA_GO QUEUED,
	  "Received: from unknown (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR("x@y.z"),
	  NULL },
	{ "UTF8SMTP", NULL,
	  FEED(EHLO "MAIL FROM:<\xc3\xbc@b> SMTPUTF8\r\n"
		    "RCPT TO:<\xc3\xa4@b>\r\n" DATA ".\r\n"),
	  EHLO_OK MAIL_OK RCPT_OK DATA_GO QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("UTF8SMTP")
		  FOR("\xc3\xa4@b"),
	  NULL },
	{ "several recipients", NULL, FEED(HELO MAIL RCPT RCPT DATA ".\r\n"),
	  TO_RCPT_OK RCPT_OK DATA_GO QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR_NONE,
	  NULL },
	{ "one of several accepted", NULL,
	  FEED(HELO MAIL "RCPT TO:<no1@x>\r\nRCPT TO:<yes@x>\r\n"
			 "RCPT TO:<no2@x>\r\nRCPT TO:<a b>\r\nVRFY q@r\r\n" DATA
			 ".\r\n"),
	  HELO_OK MAIL_OK "550 5.1.1 no such user\r\n" RCPT_OK
			  "550 5.1.1 no such user\r\n"
			  "501 5.1.3 Bad recipient address syntax\r\n"
			  "252 2.0.0 q@r\r\n" DATA_GO QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR("yes@x"),
	  NULL },
	{ "a canonical recipient", NULL,
	  FEED(HELO MAIL "RCPT TO:<@r.x:\"a b\"@c.d.>\r\n" DATA ".\r\n"),
	  TO_RCPT_OK DATA_GO QUEUED,
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR("\"a b\"@c.d"),
	  NULL },
	{ "IPv6", from_ipv6, FEED(UP_TO_DATA ".\r\n"), UP_TO_DATA_OK QUEUED,
	  "Received: from c.example (unknown [IPv6:2001:db8::1])\n" BY("SMTP")
		  FOR("x@y.z"),
	  NULL },
	{ "other names", named_mail, FEED(MAIL RCPT DATA ".\r\n"),
	  MAIL_OK RCPT_OK DATA_GO QUEUED,
	  "Received: from unknown (unknown [192.0.2.1])\n"
	  "\tby other.example (Penstock) with SMTP id 0123456789ABCDEF" FOR(
		  "x@y.z"),
	  NULL },
	{ "BDAT", NULL, FEED(TO_RCPT "BDAT 3 LAST\r\nA:\n"),
	  TO_RCPT_OK B_DONE("3"),
	  "Received: from c.example (unknown [192.0.2.1])\n" BY("SMTP")
		  FOR("x@y.z") "A:\n",
	  NULL },
};

/* Everything in it as long as it gets: it fits, and is cut nowhere else. */
static void
test_longest_received(void)
{
	struct driver d;

	CHECK_ROW("longest Received");
	driver_init(&d, 1u << 20);
	session_open(&d, longest_names);
	driver_say(&d, "EHLO " X100 X100 X100 "\r\n" MAIL
		       "RCPT TO:<" X100 X100 X100 X100 X100 "x@y.z>\r\n" DATA
		       "A: b\r\n.\r\n");
	CHECK(d.mails_n == 1);
	CHECK(strstr(d.kept.p, "\n\tfor <xxxx") != NULL);
	CHECK(strstr(d.kept.p, "xx@y.z>; " DATE "A: b\n") != NULL);
	driver_fini(&d);
}

/* --- DATA --- */

static void
failed_commit(struct driver *d)
{
	d->outcome = SMTP_COMMIT_FAILED;
}

static void
full_commit(struct driver *d)
{
	d->outcome = SMTP_COMMIT_FULL;
}

static void
three_hops(struct driver *d)
{
	d->cfg.hops_max = 3;
}

static void
ten_bytes(struct driver *d)
{
	d->cfg.message_bytes_max = 10;
}

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

static const struct session_row data_rows[] = {
	{ "two messages", NULL,
	  FEED(UP_TO_DATA "A: b" END MAIL RCPT DATA "C: d" END),
	  UP_TO_DATA_OK QUEUED MAIL_OK RCPT_OK DATA_GO QUEUED,
	  RECEIVED_X "A: b\n" RECEIVED_X "C: d\n", "HMRDEMRDE" },
	{ "refused at first, then sent", NULL,
	  FEED(HELO MAIL DATA RCPT DATA "A: b" END),
	  HELO_OK MAIL_OK NEED_RCPT RCPT_OK DATA_GO QUEUED, RECEIVED_X "A: b\n",
	  NULL },
	{ "pipelined without a recipient", NULL,
	  FEED(HELO MAIL "RCPT TO:<no@x>\r\n" DATA MAIL "RSET\r\n" MAIL),
	  HELO_OK MAIL_OK "550 5.1.1 no such user\r\n" NO_RCPT
			  "503 5.5.1 Error: nested MAIL command\r\n" OK MAIL_OK,
	  "", NULL },
	{ "BINARYMIME needs BDAT", NULL,
	  FEED(HELO "MAIL FROM:<> BODY=BINARYMIME\r\n" RCPT DATA
		    "BDAT 2 LAST\r\n\r\n"),
	  TO_RCPT_OK "503 5.5.1 Error: BINARYMIME needs BDAT\r\n" B_DONE("2"),
	  NULL, NULL },
	{ "queue failed", failed_commit, FEED(UP_TO_DATA "A: b" END MAIL),
	  UP_TO_DATA_OK WRITE MAIL_OK, "", NULL },
	{ "queue full", full_commit, FEED(UP_TO_DATA "A: b" END MAIL),
	  UP_TO_DATA_OK STORAGE MAIL_OK, "", NULL },
	{ "hops", three_hops,
	  FEED(UP_TO_DATA "Received: a" END MAIL RCPT DATA
			  "Received: a\r\nReceived: b" END MAIL),
	  UP_TO_DATA_OK QUEUED MAIL_OK RCPT_OK DATA_GO HOPS MAIL_OK,
	  RECEIVED_X "Received: a\n", NULL },
	{ "size, exact", ten_bytes, FEED(UP_TO_DATA "A: 45678" END),
	  UP_TO_DATA_OK QUEUED, RECEIVED_X "A: 45678\n", NULL },
	{ "size, one more", ten_bytes, FEED(UP_TO_DATA "A: 456789" END MAIL),
	  UP_TO_DATA_OK TOO_BIG MAIL_OK, "", NULL },
	{ "size, far more, and commands in it", ten_bytes,
	  FEED(UP_TO_DATA X100 "\r\nRSET\r\nQUIT\r\n" X1000 END "NOOP\r\n"),
	  UP_TO_DATA_OK TOO_BIG OK, "", NULL },
	{ "size, stuffed dots", ten_bytes, FEED(UP_TO_DATA "\r\n..\r\n..7" END),
	  UP_TO_DATA_OK QUEUED, RECEIVED_X "\n.\n.7\n", NULL },
	{ "bare LF", NULL, FEED(UP_TO_DATA "A: b\n\nc\n.\nd" END),
	  UP_TO_DATA_OK QUEUED, RECEIVED_X "A: b\n\nc\nd\n", NULL },
	{ "bare LF, no", bare_newline_no, FEED(UP_TO_DATA "A: b\n.\nNOOP\n"),
	  UP_TO_DATA_OK QUEUED OK, RECEIVED_X "A: b\n", NULL },
	{ "bare LF, reject", bare_newline_reject,
	  FEED(UP_TO_DATA "A: b\n\nc" END MAIL), UP_TO_DATA_OK BARE MAIL_OK, "",
	  NULL },
	{ "bare LF, smuggled", NULL,
	  FEED(UP_TO_DATA "A: b\r\n\r\nc\n.\r\n" MAIL RCPT DATA
			  "evil\r\n.\n" MAIL END),
	  UP_TO_DATA_OK QUEUED,
	  RECEIVED_X "A: b\n\nc\nMAIL FROM:<a@b.c>\nRCPT TO:<x@y.z>\nDATA\n"
		     "evil\nMAIL FROM:<a@b.c>\n\n",
	  "HMRDE" },
	{ "dropped headers", NULL,
	  FEED(UP_TO_DATA "Bcc: a\r\n b\r\nA: c\r\nReturn-Path: d" END),
	  UP_TO_DATA_OK QUEUED, RECEIVED_X "A: c\n", NULL },
	{ "no headers", NULL, FEED(UP_TO_DATA "hello you" END),
	  UP_TO_DATA_OK QUEUED, RECEIVED_X "\nhello you\n", NULL },
	{ "not over", NULL, FEED(UP_TO_DATA "A: b\r\n."), UP_TO_DATA_OK, "",
	  NULL },
};

/* --- BDAT --- */

static const struct session_row bdat_rows[] = {
	{ "one chunk", NULL, FEED(TO_RCPT "BDAT 6 LAST\r\nA: b\r\nNOOP\r\n"),
	  TO_RCPT_OK B_DONE("6") OK, RECEIVED_X "A: b\n", "HMRDE" },
	{ "dots are text", NULL,
	  FEED(TO_RCPT
	       "BDAT 7\r\nA: b\r\n\rBDAT 8 last\r\n\n..\r\n.\r\nNOOP\r\n"),
	  TO_RCPT_OK B_OK("7") B_DONE("15") OK, RECEIVED_X "A: b\n\n..\n.\n",
	  "HMRDE" },
	{ "cut inside of a line end and a name", NULL,
	  FEED(TO_RCPT "BDAT 3\r\nBccBDAT 4\r\n: a\rBDAT 5\r\n\nA: bBDAT 2 LAST"
		       "\r\n\r\n"),
	  TO_RCPT_OK B_OK("3") B_OK("4") B_OK("5") B_DONE("14"),
	  RECEIVED_X "A: b\n", NULL },
	{ "no line end at the end", NULL,
	  FEED(TO_RCPT "BDAT 7 LAST\r\n\r\nabc\rd"), TO_RCPT_OK B_DONE("7"),
	  RECEIVED_X "\nabc\rd", NULL },
	{ "CR at the end", NULL, FEED(TO_RCPT "BDAT 4 LAST\r\n\r\na\r"),
	  TO_RCPT_OK B_DONE("4"), RECEIVED_X "\na\r", NULL },
	{ "BDAT 0 LAST", NULL,
	  FEED(TO_RCPT "BDAT 2\r\n\r\nBDAT 0 LAST\r\nNOOP\r\n"),
	  TO_RCPT_OK B_OK("2") B_DONE("2") OK, RECEIVED_X "\n", "HMRDE" },
	{ "BDAT 0 LAST alone", NULL, FEED(TO_RCPT "BDAT 0 LAST\r\nNOOP\r\n"),
	  TO_RCPT_OK B_DONE("0") OK, RECEIVED_X, "HMRDE" },
	{ "BDAT 0", NULL,
	  FEED(TO_RCPT "BDAT 0\r\nBDAT 0\r\nBDAT 2 LAST\r\n\r\n"),
	  TO_RCPT_OK B_OK("0") B_OK("0") B_DONE("2"), RECEIVED_X "\n",
	  "HMRDE" },
	{ "binary", NULL,
	  FEED(HELO "MAIL FROM:<> BODY=BINARYMIME\r\n" RCPT
		    "BDAT 13 LAST\r\n\r\na\n.\r\n\0\xff\r\r\n."),
	  TO_RCPT_OK B_DONE("13"), NULL, NULL },
	{ "DATA and RCPT after BDAT", NULL,
	  FEED(TO_RCPT "BDAT 2\r\n\r\n" DATA RCPT MAIL "BDAT 0 LAST\r\n"),
	  TO_RCPT_OK B_OK(
		  "2") "503 5.5.1 Error: DATA after BDAT\r\n"
		       "503 5.5.1 Error: RCPT after BDAT\r\n"
		       "503 5.5.1 Error: nested MAIL command\r\n" B_DONE("2"),
	  RECEIVED_X "\n", NULL },
	{ "RSET and NOOP between chunks", NULL,
	  FEED(TO_RCPT "BDAT 2\r\n\r\nNOOP\r\nRSET\r\nBDAT 2\r\nQUNOOP\r\n"),
	  TO_RCPT_OK B_OK("2") OK OK NEED_RCPT OK, "", NULL },
	{ "commands inside are skipped: no MAIL", NULL,
	  FEED("BDAT 12\r\nQUIT\r\nQUIT\r\nNOOP\r\nBDAT 6 "
	       "LAST\r\nQUIT\r\n" MAIL),
	  NEED_RCPT OK NEED_RCPT MAIL_OK, "", "M" },
	{ "commands inside are skipped: no recipient", NULL,
	  FEED(HELO MAIL "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" MAIL),
	  HELO_OK MAIL_OK NEED_RCPT B_LOST("6") MAIL_OK, "", "HMM" },
	{ "all recipients refused", NULL,
	  FEED(HELO MAIL "RCPT TO:<no@x>\r\nBDAT 6 LAST\r\nQUIT\r\n" MAIL),
	  HELO_OK MAIL_OK "550 5.1.1 no such user\r\n" NO_RCPT MAIL_OK, "",
	  "HMRM" },
	{ "malformed: nothing behind is safe", NULL,
	  FEED(TO_RCPT "BDAT x\r\nMAIL FROM:<>\r\n"), TO_RCPT_OK B_SYNTAX, "",
	  NULL },
	{ "malformed: no count", NULL, FEED("BDAT\r\nNOOP\r\n"), B_SYNTAX, "",
	  "" },
	{ "malformed: LAST alone", NULL, FEED("BDAT LAST\r\nNOOP\r\n"),
	  B_SYNTAX, "", "" },
	{ "malformed: negative", NULL, FEED("BDAT -1\r\nNOOP\r\n"), B_SYNTAX,
	  "", "" },
	{ "malformed: hex", NULL, FEED("BDAT 0x1\r\nNOOP\r\n"), B_SYNTAX, "",
	  "" },
	{ "malformed: other word", NULL, FEED("BDAT 1 LAS\r\nNOOP\r\n"),
	  B_SYNTAX, "", "" },
	{ "malformed: more words", NULL, FEED("BDAT 1 LAST x\r\nNOOP\r\n"),
	  B_SYNTAX, "", "" },
	{ "malformed: over 2^63", NULL,
	  FEED("BDAT 9223372036854775808\r\nNOOP\r\n"), B_SYNTAX, "", "" },
	{ "malformed: over 2^64", NULL,
	  FEED("BDAT 18446744073709551617\r\nNOOP\r\n"), B_SYNTAX, "", "" },
	{ "2^63 - 1 is a count", NULL,
	  FEED(TO_RCPT "BDAT 9223372036854775807\r\nQUIT\r\n"),
	  TO_RCPT_OK CHUNK_BIG, "", NULL },
	{ "size, exact over chunks", ten_bytes,
	  FEED(TO_RCPT "BDAT 8\r\nA: 45678BDAT 2 LAST\r\n\r\n"),
	  TO_RCPT_OK B_OK("8") B_DONE("10"), RECEIVED_X "A: 45678\n", NULL },
	{ "size, one more", ten_bytes,
	  FEED(TO_RCPT "BDAT 8\r\nA: 45678BDAT 3 LAST\r\n\r\nx" MAIL),
	  TO_RCPT_OK B_OK("8") CHUNK_BIG MAIL_OK, "", NULL },
	{ "size, one more, not last", ten_bytes,
	  FEED(TO_RCPT "BDAT 11\r\n12345678901BDAT 1\r\nxBDAT 0 LAST\r\n" MAIL),
	  TO_RCPT_OK CHUNK_BIG B_LOST("1") B_LOST("0") MAIL_OK, "", NULL },
	{ "size, the sum wraps", ten_bytes,
	  FEED(TO_RCPT "BDAT 10\r\n1234567890BDAT 9223372036854775807\r\nQUIT"),
	  TO_RCPT_OK B_OK("10") CHUNK_BIG, "", NULL },
	{ "hops", three_hops,
	  FEED(TO_RCPT "BDAT 26 LAST\r\nReceived: a\r\nReceived: b\r\n" MAIL),
	  TO_RCPT_OK HOPS MAIL_OK, "", NULL },
	{ "bare LF, reject", bare_newline_reject,
	  FEED(TO_RCPT "BDAT 2 LAST\r\na\n" MAIL), TO_RCPT_OK BARE MAIL_OK, "",
	  NULL },
	{ "bare LF, reject, but binary", bare_newline_reject,
	  FEED(HELO "MAIL FROM:<> BODY=BINARYMIME\r\n" RCPT
		    "BDAT 3 LAST\r\n\na\n"),
	  TO_RCPT_OK B_DONE("3"), NULL, NULL },
	{ "queue full", full_commit, FEED(TO_RCPT "BDAT 2 LAST\r\n\r\n" MAIL),
	  TO_RCPT_OK STORAGE MAIL_OK, "", NULL },
	{ "queue failed", failed_commit,
	  FEED(TO_RCPT "BDAT 2 LAST\r\n\r\n" MAIL), TO_RCPT_OK WRITE MAIL_OK,
	  "", NULL },
};

static void
refuse_data(struct driver *d)
{
	d->answers[SMTP_CHECK_DATA] =
		(struct driver_answer) { 450, "4.7.1 no", false };
}

static void
close_data(struct driver *d)
{
	d->answers[SMTP_CHECK_DATA] =
		(struct driver_answer) { 421, "4.7.1 no", true };
}

static void
refuse_eod(struct driver *d)
{
	d->answers[SMTP_CHECK_EOD] =
		(struct driver_answer) { 550, "5.7.1 no", false };
}

static const struct session_row bdat_policy_rows[] = {
	{ "refused at the first chunk", refuse_data,
	  FEED(TO_RCPT "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" MAIL),
	  TO_RCPT_OK "450 4.7.1 no\r\n" B_LOST("6") MAIL_OK, "", "HMRDM" },
	{ "refused at the only chunk", refuse_data,
	  FEED(TO_RCPT "BDAT 6 LAST\r\nQUIT\r\n" MAIL),
	  TO_RCPT_OK "450 4.7.1 no\r\n" MAIL_OK, "", "HMRDM" },
	{ "closed at the first chunk", close_data,
	  FEED(TO_RCPT "BDAT 6\r\nNOOP\r\nNOOP\r\n"),
	  TO_RCPT_OK "421 4.7.1 no\r\n", "", "HMRD" },
	{ "refused at the end", refuse_eod,
	  FEED(TO_RCPT "BDAT 6\r\nNOOP\r\nBDAT 0 LAST\r\n" MAIL),
	  TO_RCPT_OK B_OK("6") "550 5.7.1 no\r\n" MAIL_OK, "", "HMRDEM" },
};

/* --- large messages --- */

enum { LINES_N = 20000 };

static void
large_message(struct text *wire, struct text *kept)
{
	char line[64];

	text_add(wire, SPAN("Subject: large\r\n\r\n"));
	text_add(kept, SPAN("Subject: large\n\n"));
	for (int i = 0; i < LINES_N; i++) {
		int n = snprintf(line, sizeof(line), ".%d the quick brown fox",
				 i);

		text_add(wire, SPAN("."));
		text_add(wire, (struct span) { line, (size_t)n });
		text_add(wire, SPAN("\r\n"));
		text_add(kept, (struct span) { line, (size_t)n });
		text_add(kept, SPAN("\n"));
	}
}

static void
run_large(struct driver *d, const struct text *wire, const struct text *kept,
	  size_t piece, uint32_t stream_bytes)
{
	session_open(d, NULL);
	d->shared.stream_bytes = stream_bytes;
	driver_say(d, UP_TO_DATA);
	driver_feed_pieces(d, text_span(wire), piece);
	driver_say(d, ".\r\n");
	CHECK_SPAN(text_span(&d->said), UP_TO_DATA_OK QUEUED);
	CHECK(d->kept.len == kept->len + sizeof(RECEIVED_X) - 1);
	CHECK_SPAN(span_from(text_span(&d->kept), sizeof(RECEIVED_X) - 1),
		   kept->p);
	driver_end(d);
}

static void
test_large(void)
{
	static const size_t pieces[] = { 0, 1448, 4096, 65536, 7 };
	struct text wire = { 0 }, kept = { 0 };
	struct driver d;

	large_message(&wire, &kept);
	driver_init(&d, 16u << 20);
	for (size_t i = 0; i < ARRAY_N(pieces); i++) {
		CHECK_ROW("all in memory");
		run_large(&d, &wire, &kept, pieces[i], 1u << 30);
		CHECK(d.wants[SMTP_WANT_STREAM] == 0);
		CHECK_ROW("streamed");
		run_large(&d, &wire, &kept, pieces[i], 100000);
		CHECK(d.wants[SMTP_WANT_STREAM] >= 3);
		CHECK_ROW("every chunk streamed");
		run_large(&d, &wire, &kept, pieces[i], 1);
		CHECK(d.wants[SMTP_WANT_STREAM] >= 8);
	}
	driver_fini(&d);
	CHECK_ROW("in little memory");
	driver_init(&d, CHUNK_LARGE_BYTES + CHUNK_SMALL_BYTES);
	run_large(&d, &wire, &kept, 1448, 1u << 30);
	CHECK(d.wants[SMTP_WANT_STREAM] >= 7);
	driver_fini(&d);
	free(wire.p);
	free(kept.p);
}

/* A chunk of BDAT that is larger than memory may be. */
static void
test_large_bdat(void)
{
	struct text wire = { 0 }, kept = { 0 };
	struct driver d;
	char command[64];

	CHECK_ROW("large BDAT");
	text_add(&wire, SPAN("\r\n"));
	text_add(&kept, SPAN("\n"));
	for (int i = 0; i < LINES_N; i++) {
		text_add(&wire, SPAN(".\r\n..\r\n\r\n"));
		text_add(&kept, SPAN(".\n..\n\n"));
	}
	driver_init(&d, CHUNK_LARGE_BYTES + CHUNK_SMALL_BYTES);
	session_open(&d, NULL);
	snprintf(command, sizeof(command), "BDAT %zu LAST\r\n", wire.len);
	driver_say(&d, TO_RCPT);
	driver_say(&d, command);
	driver_feed_pieces(&d, text_span(&wire), 1448);
	driver_say(&d, "NOOP\r\n");
	CHECK(d.mails_n == 1 && d.wants[SMTP_WANT_STREAM] > 0);
	CHECK(d.said.len > 6 && strcmp(d.said.p + d.said.len - 14, OK) == 0);
	CHECK_SPAN(span_from(text_span(&d.kept), sizeof(RECEIVED_X) - 1),
		   kept.p);
	driver_fini(&d);
	free(wire.p);
	free(kept.p);
}

/* Chunks end where the wire's pieces end: no input is left lying. */
static void
test_chunk_edges(void)
{
	struct driver d;
	struct text wire = { 0 };

	CHECK_ROW("chunk edges");
	for (int i = 0; i < 800; i++)
		text_add(&wire, SPAN("0123456789"));
	driver_init(&d, 4u << 20);
	for (size_t n = 5000; n < wire.len; n++) {
		session_open(&d, NULL);
		driver_say(&d, UP_TO_DATA "\r\n");
		driver_feed(&d, span_to(text_span(&wire), n));
		driver_say(&d, END);
		CHECK(d.mails_n == 1);
		CHECK(d.kept.len == sizeof(RECEIVED_X) + n + 1);
		driver_end(&d);
	}
	driver_fini(&d);
	free(wire.p);
}

static void
test_binary(void)
{
	struct driver d;
	static const char want[] = "\r\na\n.\r\n\0\xff\r\r\n.";

	CHECK_ROW("binary stays as it came");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	driver_say(&d, HELO "MAIL FROM:<> BODY=BINARYMIME\r\n" RCPT
			    "BDAT 13 LAST\r\n");
	driver_feed(&d, SPAN(want));
	CHECK(d.mails_n == 1);
	CHECK(d.kept.len == sizeof(RECEIVED_X) - 1 + sizeof(want) - 1);
	CHECK(memcmp(d.kept.p + sizeof(RECEIVED_X) - 1, want,
		     sizeof(want) - 1) == 0);
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(received_rows, ARRAY_N(received_rows));
	test_longest_received();
	session_rows_run(data_rows, ARRAY_N(data_rows));
	session_rows_run(bdat_rows, ARRAY_N(bdat_rows));
	session_rows_run(bdat_policy_rows, ARRAY_N(bdat_policy_rows));
	test_large();
	test_large_bdat();
	test_chunk_edges();
	test_binary();
	return check_end();
}
