/* SPDX-License-Identifier: BSD-2-Clause */
/* The session's frame: lines, states, time, memory, and who may hang up. */
#include "tests/unit/smtp_session.h"

/* --- what policy says, stage by stage --- */

static void
refuse(struct driver *d, enum smtp_check check, unsigned code)
{
	d->answers[check] =
		(struct driver_answer) { code, "5.7.1 no", code % 100 == 21 };
}

static void
refuse_connect(struct driver *d)
{
	refuse(d, SMTP_CHECK_CONNECT, 554);
}

static void
close_connect(struct driver *d)
{
	refuse(d, SMTP_CHECK_CONNECT, 521);
}

static void
refuse_helo(struct driver *d)
{
	refuse(d, SMTP_CHECK_HELO, 504);
}

static void
refuse_helo_required(struct driver *d)
{
	refuse(d, SMTP_CHECK_HELO, 504);
	d->cfg.is_helo_required = true;
}

static void
close_helo(struct driver *d)
{
	refuse(d, SMTP_CHECK_HELO, 421);
}

static void
refuse_mail(struct driver *d)
{
	refuse(d, SMTP_CHECK_MAIL, 550);
}

static void
close_mail(struct driver *d)
{
	refuse(d, SMTP_CHECK_MAIL, 421);
}

static void
refuse_rcpt(struct driver *d)
{
	refuse(d, SMTP_CHECK_RCPT, 450);
}

static void
close_rcpt(struct driver *d)
{
	refuse(d, SMTP_CHECK_RCPT, 521);
}

static void
refuse_data(struct driver *d)
{
	refuse(d, SMTP_CHECK_DATA, 450);
}

static void
close_data(struct driver *d)
{
	refuse(d, SMTP_CHECK_DATA, 421);
}

static void
refuse_eod(struct driver *d)
{
	refuse(d, SMTP_CHECK_EOD, 554);
}

static void
close_eod(struct driver *d)
{
	refuse(d, SMTP_CHECK_EOD, 421);
}

static void
odd_policy_text(struct driver *d)
{
	d->answers[SMTP_CHECK_RCPT] =
		(struct driver_answer) { 550, "5.7.1 <%s>\r\n250 2.0.0 Ok",
					 false };
}

#define NO(code) code " 5.7.1 no\r\n"
#define DENIED	 "503 5.7.0 Error: access denied for unknown[192.0.2.1]\r\n"

static const struct session_row policy_rows[] = {
	{ "all asked", NULL, FEED(UP_TO_DATA "a\r\n.\r\nVRFY a@b\r\n" QUIT),
	  UP_TO_DATA_OK QUEUED "252 2.0.0 a@b\r\n" BYE, RECEIVED_X "\na\n",
	  "HMRDEV" },
	{ "CONNECT refused: only QUIT is left", refuse_connect,
	  FEED(UP_TO_DATA "NOOP\r\nFOO\r\n" QUIT "NOOP\r\n"),
	  NO("554") DENIED DENIED DENIED DENIED DENIED DENIED BYE, "", "C" },
	{ "CONNECT refused and closed", close_connect, FEED(HELO), NO("521"),
	  "", "C" },
	{ "HELO refused, not needed", refuse_helo, FEED(HELO MAIL),
	  NO("504") MAIL_OK, "", "HM" },
	{ "HELO refused, needed", refuse_helo_required, FEED(HELO MAIL),
	  NO("504") "503 5.5.1 Error: send HELO/EHLO first\r\n", "", "H" },
	{ "HELO refused and closed", close_helo, FEED(HELO MAIL), NO("421"), "",
	  "H" },
	{ "MAIL refused", refuse_mail, FEED(HELO MAIL RCPT DATA MAIL),
	  HELO_OK NO("550") "503 5.5.1 Error: need MAIL command\r\n"
			    "503 5.5.1 Error: need RCPT command\r\n" NO("550"),
	  "", "HMM" },
	{ "MAIL refused and closed", close_mail, FEED(HELO MAIL RCPT),
	  HELO_OK NO("421"), "", "HM" },
	{ "RCPT refused", refuse_rcpt, FEED(HELO MAIL RCPT DATA),
	  HELO_OK MAIL_OK NO("450") "554 5.5.1 Error: no valid recipients\r\n",
	  "", "HMR" },
	{ "RCPT refused and closed", close_rcpt, FEED(HELO MAIL RCPT DATA),
	  HELO_OK MAIL_OK NO("521"), "", "HMR" },
	{ "DATA refused: tried again", refuse_data,
	  FEED(HELO MAIL RCPT DATA DATA),
	  HELO_OK MAIL_OK RCPT_OK NO("450") NO("450"), "", "HMRDD" },
	{ "DATA refused and closed", close_data, FEED(HELO MAIL RCPT DATA),
	  HELO_OK MAIL_OK RCPT_OK NO("421"), "", "HMRD" },
	{ "message refused", refuse_eod,
	  FEED(UP_TO_DATA "a\r\n.\r\n" DATA MAIL),
	  UP_TO_DATA_OK NO(
		  "554") "503 5.5.1 Error: need RCPT command\r\n" MAIL_OK,
	  "", "HMRDEM" },
	{ "message refused and closed", close_eod,
	  FEED(UP_TO_DATA "a\r\n.\r\n" MAIL), UP_TO_DATA_OK NO("421"), "",
	  "HMRDE" },
	{ "a text cannot end its line", odd_policy_text, FEED(HELO MAIL RCPT),
	  HELO_OK MAIL_OK "550 5.7.1 <%s>\?\?250 2.0.0 Ok\r\n", "", "HMR" },
};

/* --- errors --- */

static void
three_errors(struct driver *d)
{
	d->cfg.hard_errors_max = 3;
}

static void
three_recipients(struct driver *d)
{
	d->cfg.rcpt_max = 3;
	d->cfg.rcpt_overshoot_max = 4;
	d->cfg.hard_errors_max = 2;
}

static void
no_junk(struct driver *d)
{
	d->cfg.junk_max = 2;
	d->cfg.hard_errors_max = 2;
}

#define TOO_MANY_ERRORS "421 4.7.0 mx.example.com Error: too many errors\r\n"
#define TOO_MANY_RCPT	"452 4.5.3 Error: too many recipients\r\n"

static const struct session_row error_rows[] = {
	{ "twenty", NULL, FEED(FOO5 FOO5 FOO5 FOO5 "NOOP\r\n"),
	  UNK5 UNK5 UNK5 UNK5 TOO_MANY_ERRORS, "", "" },
	{ "nineteen", NULL, FEED(FOO5 FOO5 FOO5 FOO1 FOO1 FOO1 FOO1 "NOOP\r\n"),
	  UNK5 UNK5 UNK5 UNKNOWN UNKNOWN UNKNOWN UNKNOWN OK, "", "" },
	{ "errors of all kinds", three_errors,
	  FEED("DATA\r\n" X2000 X100 "\r\nMAIL FROM:<a b>\r\nNOOP\r\n"),
	  "503 5.5.1 Error: need RCPT command\r\n" TOO_LONG
	  "501 5.1.7 Bad sender address syntax\r\n" TOO_MANY_ERRORS,
	  "", "" },
	{ "policy's count", three_errors,
	  FEED(HELO MAIL "RCPT TO:<no1@x>\r\nRCPT TO:<no2@x>\r\n"
			 "RCPT TO:<no3@x>\r\n" RCPT),
	  HELO_OK MAIL_OK "550 5.1.1 no such user\r\n550 5.1.1 no such user\r\n"
			  "550 5.1.1 no such user\r\n" TOO_MANY_ERRORS,
	  "", "HMRRR" },
	{ "a message forgives", three_errors,
	  FEED("FOO\r\nFOO\r\n" UP_TO_DATA ".\r\nFOO\r\nFOO\r\nNOOP\r\n"),
	  UNKNOWN UNKNOWN UP_TO_DATA_OK QUEUED UNKNOWN UNKNOWN OK, RECEIVED_X,
	  "HMRDE" },
	{ "recipients over the limit are forgiven", three_recipients,
	  FEED(HELO MAIL RCPT RCPT RCPT RCPT RCPT RCPT RCPT DATA "\r\n.\r\n"),
	  HELO_OK MAIL_OK RCPT_OK RCPT_OK RCPT_OK TOO_MANY_RCPT TOO_MANY_RCPT
		  TOO_MANY_RCPT TOO_MANY_RCPT DATA_GO QUEUED,
	  RECEIVED(";\n\t" DATE "\n"), NULL },
	{ "recipients far over the limit", three_recipients,
	  FEED(HELO MAIL RCPT RCPT RCPT RCPT RCPT RCPT RCPT RCPT RCPT DATA),
	  HELO_OK MAIL_OK RCPT_OK RCPT_OK RCPT_OK TOO_MANY_RCPT TOO_MANY_RCPT
		  TOO_MANY_RCPT TOO_MANY_RCPT TOO_MANY_RCPT TOO_MANY_RCPT
			  TOO_MANY_ERRORS,
	  "", NULL },
	{ "junk", no_junk,
	  FEED("NOOP\r\nRSET\r\nVRFY a@b\r\nHELP\r\n" HELO "NOOP\r\n"),
	  OK OK "252 2.0.0 a@b\r\n"
		"214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP "
		"VRFY ETRN HELP QUIT (RFC 5321)\r\n" HELO_OK TOO_MANY_ERRORS,
	  "", NULL },
};

/* --- the end --- */

static void
test_hang_up(void)
{
	struct driver d;
	char small[SMTP_REPLY_BYTES_MAX];

	driver_init(&d, 1u << 20);
	CHECK_ROW("timeout");
	session_open(&d, NULL);
	driver_say(&d, UP_TO_DATA "A: b\r\n");
	driver_forget(&d);
	smtp_timed_out(&d.s, &d.out);
	driver_run(&d);
	CHECK(d.want == SMTP_WANT_CLOSE);
	CHECK_SPAN(text_span(&d.said),
		   "421 4.4.2 mx.example.com Error: timeout exceeded\r\n");
	smtp_timed_out(&d.s, &d.out);
	CHECK(d.out.len == 0); /* said once */
	driver_end(&d);
	CHECK_ROW("shutdown");
	session_open(&d, NULL);
	smtp_shutting_down(&d.s, &d.out);
	driver_run(&d);
	CHECK(d.want == SMTP_WANT_CLOSE);
	CHECK_SPAN(text_span(&d.said),
		   "421 4.3.2 mx.example.com Service shutting down\r\n");
	driver_end(&d);
	CHECK_ROW("while it waits for the commit");
	session_open(&d, NULL);
	d.stops_at_commit = true;
	driver_say(&d, UP_TO_DATA ".\r\n");
	smtp_shutting_down(&d.s, &d.out);
	CHECK(smtp_step(&d.s, &(struct span) { 0 }, &d.out, d.now_us) ==
	      SMTP_WANT_CLOSE);
	driver_flush(&d);
	driver_end(&d);
	CHECK_ROW("no room for a word");
	session_open(&d, NULL);
	d.out = (struct smtp_out) { d.out.p, d.out.cap - sizeof(small) + 1,
				    d.out.cap };
	smtp_timed_out(&d.s, &d.out);
	CHECK(d.out.len == d.out.cap - sizeof(small) + 1);
	d.out.len--;
	driver_end(&d);
	d.out.len = 0;
	driver_fini(&d);
}

/* --- memory --- */

static struct chunk *
take_all(struct chunk_pool *pool)
{
	struct chunk *all = NULL, *c;

	while ((c = chunk_get(pool, CHUNK_SMALL)) != NULL) {
		c->next = all;
		all = c;
	}
	return all;
}

static void
test_memory(void)
{
	struct driver d;
	struct chunk *hog;

	CHECK_ROW("half a command");
	driver_init(&d, 2 * CHUNK_SMALL_BYTES);
	session_open(&d, NULL);
	hog = take_all(d.pool);
	driver_say(&d, "NOOP\r\nNO");
	CHECK(d.want == SMTP_WANT_MEMORY && d.in.len == 2);
	driver_say(&d, "OP\r\nNOOP\r\nN"); /* whole lines need none */
	CHECK(d.want == SMTP_WANT_MEMORY && d.in.len == 1);
	CHECK_SPAN(text_span(&d.said), OK OK OK);
	chunk_put(hog);
	driver_say(&d, "OO");
	CHECK(d.want == SMTP_WANT_BYTES && d.in.len == 0);
	driver_end(&d);
	CHECK_ROW("no new mail");
	session_open(&d, NULL);
	hog = take_all(d.pool);
	driver_say(&d, HELO MAIL);
	CHECK_SPAN(text_span(&d.said),
		   HELO_OK "452 4.3.1 Insufficient system storage\r\n");
	chunk_put(hog);
	driver_forget(&d);
	driver_say(&d, MAIL);
	CHECK_SPAN(text_span(&d.said), MAIL_OK);
	driver_fini(&d);
}

static void
test_memory_data(void)
{
	struct driver d;
	struct chunk *hog;

	CHECK_ROW("none for a body");
	driver_init(&d, 16 * CHUNK_SMALL_BYTES);
	session_open(&d, NULL);
	driver_say(&d, HELO MAIL RCPT);
	hog = take_all(d.pool);
	driver_forget(&d);
	driver_say(&d, DATA);
	CHECK_SPAN(text_span(&d.said),
		   "452 4.3.1 Insufficient system storage\r\n");
	chunk_put(hog);
	driver_forget(&d);
	driver_say(&d, DATA "\r\n");
	CHECK_SPAN(text_span(&d.said), DATA_GO);
	CHECK_ROW("none for the rest of a body");
	hog = take_all(d.pool);
	driver_forget(&d);
	driver_say(&d, X2000 X2000 X2000 X2000 X2000);
	CHECK(d.wants[SMTP_WANT_STREAM] == 1 && d.want == SMTP_WANT_MEMORY);
	smtp_out_of_storage(&d.s, &d.out);
	driver_run(&d);
	CHECK(strncmp(d.said.p, "421 4.3.", 8) == 0);
	chunk_put(hog);
	driver_end(&d);
	CHECK_ROW("it came back");
	session_open(&d, NULL);
	driver_say(&d, UP_TO_DATA "\r\n");
	hog = take_all(d.pool);
	driver_say(&d, X2000 X2000 X2000 X2000 X2000);
	CHECK(d.want == SMTP_WANT_MEMORY);
	chunk_put(hog);
	driver_say(&d, "\r\n.\r\n");
	CHECK_SPAN(text_span(&d.said), UP_TO_DATA_OK QUEUED);
	CHECK_SPAN(text_span(&d.kept),
		   RECEIVED_X "\n" X2000 X2000 X2000 X2000 X2000 "\n");
	driver_fini(&d);
}

/* --- facts --- */

static void
test_idle(void)
{
	static const struct {
		const char *name, *in;
		bool is_idle;
	} rows[] = {
		{ "greeted", "", true },
		{ "half a command", "NO", true },
		{ "HELO", HELO, true },
		{ "MAIL", HELO MAIL, true },
		{ "RCPT", HELO MAIL RCPT, true },
		{ "DATA", UP_TO_DATA, false },
		{ "some data", UP_TO_DATA "A: b\r\n.\r", false },
		{ "a message", UP_TO_DATA ".\r\n", true },
		{ "half a chunk", HELO MAIL RCPT "BDAT 2\r\na", false },
		{ "between chunks", HELO MAIL RCPT "BDAT 2\r\nab", false },
		{ "after the last", HELO MAIL RCPT "BDAT 2 LAST\r\nab", true },
		{ "reset", HELO MAIL RCPT "BDAT 2\r\nabRSET\r\n", true },
	};
	struct driver d;

	driver_init(&d, 1u << 20);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		session_open(&d, NULL);
		driver_say(&d, rows[i].in);
		CHECK(smtp_is_idle(&d.s) == rows[i].is_idle);
		driver_end(&d);
	}
	session_open(&d, NULL);
	d.stops_at_commit = true;
	driver_say(&d, UP_TO_DATA ".\r\n");
	CHECK(!smtp_is_idle(&d.s));
	driver_commit(&d);
	CHECK(smtp_is_idle(&d.s));
	driver_fini(&d);
}

static void
test_names(void)
{
	static const struct {
		const char *in, *state;
	} rows[] = {
		{ "", "CONNECT" },
		{ HELO, "HELO" },
		{ HELO MAIL, "MAIL" },
		{ HELO MAIL RCPT, "RCPT" },
		{ HELO MAIL "RCPT TO:<no@x>\r\n", "RCPT" },
		{ UP_TO_DATA, "DATA" },
		{ UP_TO_DATA ".\r\n", "END-OF-MESSAGE" },
		{ UP_TO_DATA ".\r\nNOOP\r\n", "NOOP" },
		{ HELO "RSET\r\n", "RSET" },
		{ HELO MAIL "VRFY a@b\r\n", "VRFY" },
		{ HELO "FOO\r\n", "UNKNOWN" },
		{ HELO MAIL RCPT "BDAT 3\r\n", "BDAT" },
		{ HELO MAIL RCPT "BDAT 0 LAST\r\n", "END-OF-MESSAGE" },
	};
	struct driver d;

	driver_init(&d, 1u << 20);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].state);
		session_open(&d, NULL);
		driver_say(&d, rows[i].in);
		CHECK_SPAN(span_of(smtp_state_name(&d.s)), rows[i].state);
		CHECK_SPAN(span_of(smtp_client_name(&d.s)), "unknown");
		CHECK_SPAN(span_of(smtp_proto_name(&d.s)), "SMTP");
		driver_end(&d);
	}
	session_open(&d, NULL);
	driver_say(&d, EHLO);
	CHECK_SPAN(span_of(smtp_proto_name(&d.s)), "ESMTP");
	CHECK_SPAN(span_of(smtp_state_name(&d.s)), "EHLO");
	driver_fini(&d);
}

/* Which commands came, and how many of them were fine. */
static void
test_counts(void)
{
	static const struct {
		enum smtp_verb verb;
		unsigned n, ok_n;
	} rows[] = {
		{ SMTP_VERB_HELO, 1, 1 },    { SMTP_VERB_EHLO, 2, 1 },
		{ SMTP_VERB_MAIL, 3, 2 },    { SMTP_VERB_RCPT, 3, 2 },
		{ SMTP_VERB_DATA, 2, 1 },    { SMTP_VERB_BDAT, 2, 2 },
		{ SMTP_VERB_RSET, 1, 1 },    { SMTP_VERB_NOOP, 1, 1 },
		{ SMTP_VERB_VRFY, 2, 1 },    { SMTP_VERB_HELP, 1, 1 },
		{ SMTP_VERB_QUIT, 1, 1 },    { SMTP_VERB_XCLIENT, 1, 0 },
		{ SMTP_VERB_UNKNOWN, 2, 0 },
	};
	struct driver d;

	CHECK_ROW("counts");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	driver_say(&d, HELO "EHLO\r\n" EHLO "DATA\r\n" MAIL MAIL RCPT
			    "RCPT TO:<no@x>\r\n" DATA ".\r\n" MAIL RCPT
			    "BDAT 2\r\n\r\nBDAT 0 LAST\r\nRSET\r\nNOOP\r\n"
			    "VRFY\r\nVRFY a\r\nHELP\r\nXCLIENT A=b\r\n"
			    "FOO\r\n" X2000 X2000 "\r\n" QUIT);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(smtp_verb_name(rows[i].verb));
		CHECK(d.s.verb_n[rows[i].verb] == rows[i].n);
		CHECK(d.s.verb_ok_n[rows[i].verb] == rows[i].ok_n);
	}
	CHECK(d.s.messages_n == 2);
	driver_fini(&d);
}

/* Transactions come back to their pool, however a session ends. */
static void
test_txns(void)
{
	static const char *const ends[] = {
		HELO MAIL,	   UP_TO_DATA,
		HELO "VRFY a\r\n", HELO MAIL RCPT "BDAT 5\r\nab",
		HELO MAIL QUIT,	   HELO "MAIL FROM:<a b>\r\n",
	};
	struct driver d;

	CHECK_ROW("transactions");
	driver_init(&d, 1u << 20);
	for (size_t i = 0; i < ARRAY_N(ends); i++) {
		session_open(&d, NULL);
		CHECK(!smtp_has_txn(&d.s));
		driver_say(&d, ends[i]);
		CHECK(smtp_has_txn(&d.s) == (strstr(ends[i], MAIL) != NULL));
		driver_end(&d);
		CHECK(d.shared.free_txns != NULL &&
		      d.shared.free_txns->next_free == NULL);
	}
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(policy_rows, ARRAY_N(policy_rows));
	session_rows_run(error_rows, ARRAY_N(error_rows));
	test_hang_up();
	test_memory();
	test_memory_data();
	test_idle();
	test_names();
	test_counts();
	test_txns();
	return check_end();
}
