/* SPDX-License-Identifier: BSD-2-Clause */
/* What may stand behind the paths of MAIL and RCPT, and what is kept of it. */
#include "tests/unit/smtp_session.h"

#define RSET	   "RSET\r\n"
#define M(args)	   "MAIL FROM:<a@b> " args "\r\n" RSET
#define R(args)	   "RCPT TO:<x@y> " args "\r\n"
#define M_OK	   MAIL_OK OK
#define SIZE_BAD   "501 5.5.4 Bad message size syntax\r\n" OK
#define TOO_BIG	   "552 5.3.4 Message size exceeds fixed limit\r\n" OK
#define BODY_BAD   "501 5.5.4 Bad BODY parameter syntax\r\n" OK
#define RET_BAD	   "501 5.5.4 Bad RET parameter syntax\r\n" OK
#define ID_BAD	   "501 5.5.4 Bad ENVID parameter syntax\r\n" OK
#define NO(arg)	   "555 5.5.4 Unsupported option: " arg "\r\n"
#define TWICE(arg) "501 5.5.4 Error: option given twice: " arg "\r\n"
#define NOTIFY_BAD "501 5.5.4 Error: Bad NOTIFY parameter syntax\r\n"
#define ORCPT_BAD  "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n"

static void
no_limit(struct driver *d)
{
	d->cfg.message_bytes_max = 0;
}

static void
no_8bitmime(struct driver *d)
{
	d->cfg.is_8bitmime_disabled = true;
}

static void
no_smtputf8(struct driver *d)
{
	d->cfg.is_smtputf8 = false;
}

static void
discarded(struct driver *d)
{
	d->cfg.discard_ehlo_keywords = "dsn smtputf8";
}

static const struct session_row rows[] = {
	{ "SIZE", NULL,
	  FEED(M("SIZE=0") M("size=10240000") M("SIZE=10240001") M(
		  "SIZE=18446744073709551615") M("SIZE=18446744073709551616")
		       M("SIZE=") M("SIZE=x") M("SIZE=-1") M("SIZE=1x")),
	  M_OK M_OK TOO_BIG TOO_BIG SIZE_BAD SIZE_BAD SIZE_BAD SIZE_BAD
		  SIZE_BAD,
	  "", "MM" },
	{ "SIZE without a limit", no_limit,
	  FEED(M("SIZE=18446744073709551615")), M_OK, "", "M" },
	{ "SIZE without a value", NULL, FEED(M("SIZE")), NO("SIZE") OK, "",
	  "" },
	{ "BODY", NULL,
	  FEED(M("BODY=7BIT") M("BODY=8BITMIME") M("body=binarymime")
		       M("BODY=8BIT") M("BODY=")),
	  M_OK M_OK M_OK BODY_BAD BODY_BAD, "", "MMM" },
	{ "BODY disabled", no_8bitmime, FEED(M("BODY=8BITMIME")),
	  NO("BODY=8BITMIME") OK, "", "" },
	{ "SMTPUTF8", NULL, FEED(M("SMTPUTF8") M("SMTPUTF8=1")),
	  M_OK NO("SMTPUTF8=1") OK, "", "M" },
	{ "SMTPUTF8 disabled", no_smtputf8, FEED(M("SMTPUTF8")),
	  NO("SMTPUTF8") OK, "", "" },
	{ "RET", NULL, FEED(M("RET=FULL") M("RET=hdrs") M("RET=") M("RET=ALL")),
	  M_OK M_OK RET_BAD RET_BAD, "", "MM" },
	{ "ENVID", NULL,
	  FEED(M("ENVID=QQ314159") M("ENVID=+2B+3D") M("ENVID=") M("ENVID=a=b")
		       M("ENVID=+2") M("ENVID=+2b") M("ENVID=\xc3\xbc")),
	  M_OK M_OK ID_BAD ID_BAD ID_BAD ID_BAD ID_BAD, "", "MM" },
	{ "ENVID, 100 and 101 bytes", NULL,
	  FEED(M("ENVID=" X100) M("ENVID=" X100 "x")), M_OK ID_BAD, "", "M" },
	{ "AUTH is not offered", NULL, FEED(M("AUTH=<>")),
	  "503 5.5.4 Error: authentication disabled\r\n" OK, "", "" },
	{ "several", NULL,
	  FEED(M("SIZE=1 BODY=8BITMIME  SMTPUTF8\tRET=FULL ENVID=x ")), M_OK,
	  "", "M" },
	{ "the first that is wrong", NULL, FEED(M("SIZE=1 RET=x FOO")), RET_BAD,
	  "", "" },
	{ "twice", NULL,
	  FEED(M("SIZE=1 SIZE=1") M("BODY=7BIT BODY=8BITMIME")
		       M("SMTPUTF8 SMTPUTF8") M("RET=FULL RET=FULL")
			       M("ENVID=a ENVID=b")),
	  TWICE("SIZE") OK TWICE("BODY") OK TWICE("SMTPUTF8") OK TWICE("RET")
		  OK TWICE("ENVID") OK,
	  "", "" },
	{ "unknown", NULL,
	  FEED(M("FOO") M("FOO=bar") M("=") M("NOTIFY=NEVER")
		       M("ORCPT=rfc822;x")),
	  NO("FOO") OK NO("FOO=bar") OK NO("=") OK NO("NOTIFY=NEVER")
		  OK NO("ORCPT=rfc822;x") OK,
	  "", "" },
	{ "unknown and long", NULL, FEED(M(X100)),
	  NO(X10 X10 X10 X10 X10 X10 X10 X10 X10 "xxxxxxxxx") OK, "", "" },
	{ "unknown, with what a line must not hold", NULL,
	  FEED(M("A\rB") M("A\0B")), NO("A?B") OK NO("A") OK, "", "" },
	{ "discarded", discarded,
	  FEED(M("RET=FULL") M("ENVID=x") M("SMTPUTF8") MAIL R("NOTIFY=NEVER")
		       R("ORCPT=rfc822;x")),
	  "501 5.7.1 DSN support is disabled\r\n" OK
	  "501 5.7.1 DSN support is disabled\r\n" OK NO("SMTPUTF8") OK MAIL_OK
	  "501 5.7.1 DSN support is disabled\r\n"
	  "501 5.7.1 DSN support is disabled\r\n",
	  "", "M" },
	{ "NOTIFY", NULL,
	  FEED(MAIL R("NOTIFY=NEVER") R("NOTIFY=SUCCESS,FAILURE,DELAY")
		       R("notify=delay") R("NOTIFY=") R("NOTIFY=NEVER,DELAY")
			       R("NOTIFY=DELAY,DELAY") R("NOTIFY=DELAY,")
				       R("NOTIFY=,DELAY") R("NOTIFY=ALL")),
	  MAIL_OK RCPT_OK RCPT_OK RCPT_OK NOTIFY_BAD NOTIFY_BAD NOTIFY_BAD
		  NOTIFY_BAD NOTIFY_BAD NOTIFY_BAD,
	  "", "MRRR" },
	{ "ORCPT", NULL,
	  FEED(MAIL R("ORCPT=rfc822;a@b") R("orcpt=X-400;+40")
		       R("ORCPT=utf-8;\xc3\xbc@b") R("ORCPT=utf-8;\\x{fc}@b")
			       R("ORCPT=") R("ORCPT=rfc822") R("ORCPT=rfc822;")
				       R("ORCPT=;a") R("ORCPT=rfc822;a=b")
					       R("ORCPT=rfc822;\xc3\xbc")
						       R("ORCPT=rf_c;a")),
	  MAIL_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK ORCPT_BAD ORCPT_BAD ORCPT_BAD
		  ORCPT_BAD ORCPT_BAD ORCPT_BAD ORCPT_BAD,
	  "", "MRRRR" },
	{ "ORCPT, control bytes", NULL,
	  FEED(MAIL R("ORCPT=utf-8;a\x01") R("ORCPT=utf-8;a\x7f")
		       R("ORCPT=utf-8;\rx") R("ORCPT=utf-8;\0x")),
	  MAIL_OK ORCPT_BAD ORCPT_BAD ORCPT_BAD ORCPT_BAD, "", "M" },
	{ "ORCPT, 500 and 501 bytes", NULL,
	  FEED(MAIL R("ORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10
			      X10 X10 X10 X10 "xxx")
		       R("ORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10
				 X10 X10 X10 X10 "xxxx")),
	  MAIL_OK RCPT_OK ORCPT_BAD, "", "MR" },
	{ "RCPT twice and unknown", NULL,
	  FEED(MAIL R("NOTIFY=NEVER NOTIFY=NEVER") R("ORCPT=a;b ORCPT=a;b")
		       R("SIZE=1") R("FOO")),
	  MAIL_OK TWICE("NOTIFY") TWICE("ORCPT") NO("SIZE=1") NO("FOO"), "",
	  "M" },
};

/* What of it reaches the envelope. */
static void
test_kept(void)
{
	struct driver d;
	struct envelope_head head;
	struct envelope_rcpt rcpt;
	uint32_t pos = 0;

	CHECK_ROW("kept");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	driver_say(&d, EHLO "MAIL FROM:<\xc3\xbc@b> BODY=BINARYMIME RET=HDRS "
			    "ENVID=x+2By SMTPUTF8\r\n"
			    "RCPT TO:<u@v> NOTIFY=SUCCESS,DELAY "
			    "ORCPT=rfc822;w@x\r\n"
			    "RCPT TO:<no@v> NOTIFY=NEVER ORCPT=rfc822;n\r\n"
			    "RCPT TO:<o@v>\r\nRCPT TO:<p@v> FOO=1\r\n"
			    "RCPT TO:<q@v> NOTIFY=NEVER\r\n");
	envelope_head_get(&d.env, &head);
	CHECK_SPAN(head.sender, "\xc3\xbc@b");
	CHECK_SPAN(head.envid, "x+2By");
	CHECK(head.body == ENVELOPE_BODY_BINARY && head.is_esmtp);
	CHECK(head.ret == ENVELOPE_RET_HDRS && head.is_smtputf8);
	CHECK(envelope_rcpt_next(&d.env, &pos, &rcpt));
	CHECK_SPAN(rcpt.orig, "u@v");
	CHECK_SPAN(rcpt.orcpt, "rfc822;w@x");
	CHECK(rcpt.notify == (ENVELOPE_NOTIFY_SUCCESS | ENVELOPE_NOTIFY_DELAY));
	CHECK(envelope_rcpt_next(&d.env, &pos, &rcpt));
	CHECK_SPAN(rcpt.orig, "o@v");
	CHECK_SPAN(rcpt.orcpt, "");
	CHECK(rcpt.notify == 0);
	CHECK(envelope_rcpt_next(&d.env, &pos, &rcpt));
	CHECK_SPAN(rcpt.orig, "q@v");
	CHECK_SPAN(rcpt.orcpt, "");
	CHECK(rcpt.notify == ENVELOPE_NOTIFY_NEVER);
	CHECK(!envelope_rcpt_next(&d.env, &pos, &rcpt));
	CHECK_ROW("nothing of it in the next transaction");
	driver_say(&d, "RSET\r\nMAIL FROM:<>\r\n");
	envelope_head_get(&d.env, &head);
	CHECK(head.sender.len == 0 && head.envid.len == 0);
	CHECK(head.body == ENVELOPE_BODY_7BIT && !head.is_smtputf8);
	CHECK(head.ret == ENVELOPE_RET_NONE);
	driver_fini(&d);
}

static void
test_xtext(void)
{
	static const struct {
		struct span in;
		bool is_xtext;
	} texts[] = {
		{ SPAN(""), false },	 { SPAN("a"), true },
		{ SPAN("!~"), true },	 { SPAN("+2B"), true },
		{ SPAN("+2b"), false },	 { SPAN("+2"), false },
		{ SPAN("+"), false },	 { SPAN("a+"), false },
		{ SPAN("a=b"), false },	 { SPAN("a b"), false },
		{ SPAN("a\0"), false },	 { SPAN("\x7f"), false },
		{ SPAN("\xff"), false }, { SPAN("+00"), true },
		{ SPAN("+G0"), false },	 { SPAN("+2B+"), false },
	};

	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		CHECK_ROW(texts[i].in.p);
		CHECK(smtp_is_xtext(texts[i].in) == texts[i].is_xtext);
	}
}

int
main(void)
{
	session_rows_run(rows, ARRAY_N(rows));
	test_kept();
	test_xtext();
	return check_end();
}
