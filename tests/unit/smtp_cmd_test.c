/* SPDX-License-Identifier: BSD-2-Clause */
/* Every command, in every state. */
#include "tests/unit/smtp_session.h"

#define NEED_HELO "503 5.5.1 Error: send HELO/EHLO first\r\n"
#define NEED_MAIL "503 5.5.1 Error: need MAIL command\r\n"
#define NEED_RCPT "503 5.5.1 Error: need RCPT command\r\n"
#define NO_RCPT	  "554 5.5.1 Error: no valid recipients\r\n"
#define NESTED	  "503 5.5.1 Error: nested MAIL command\r\n"
#define DISCARDED "551 5.0.0 Discarded 2 bytes after earlier error\r\n"
#define DENIED	  "503 5.7.0 Error: access denied for unknown[192.0.2.1]\r\n"
#define NO_ETRN	  "459 <d.example>: service unavailable\r\n"
#define IN_MAIL	  "503 Error: MAIL transaction in progress\r\n"
#define HELP_TEXT                                                      \
	"214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP " \
	"VRFY ETRN HELP QUIT (RFC 5321)\r\n"
#define BDAT	  "BDAT 2\r\nab"
#define BDAT_OK	  "250 2.0.0 Ok: 2 bytes\r\n"
#define BDAT_LAST "BDAT 2 LAST\r\nab"
#define BDAT_DONE "250 2.0.0 Ok: 2 bytes queued as 0123456789ABCDEF\r\n"

/* --- verbs x states --- */

enum where { START, READY, MAILED, REFUSED, RCPTED, CHUNKED, FAILED, AT_N };

static const struct {
	const char *name, *in, *said;
} wheres[AT_N] = {
	[START] = { "greeted", "", "" },
	[READY] = { "HELO", HELO, HELO_OK },
	[MAILED] = { "MAIL", HELO MAIL, HELO_OK MAIL_OK },
	[REFUSED] = { "all refused", HELO MAIL "RCPT TO:<no@x>\r\n",
		      HELO_OK MAIL_OK "550 5.1.1 no such user\r\n" },
	[RCPTED] = { "RCPT", HELO MAIL RCPT, HELO_OK MAIL_OK RCPT_OK },
	[CHUNKED] = { "BDAT", HELO MAIL RCPT BDAT,
		      HELO_OK MAIL_OK RCPT_OK BDAT_OK },
	[FAILED] = { "BDAT failed", HELO MAIL BDAT, HELO_OK MAIL_OK NEED_RCPT },
};

/* What each command is told, state by state. */
static const struct {
	const char *name, *in;
	const char *said[AT_N];
} commands[] = {
	{ "HELO",
	  HELO,
	  { HELO_OK, HELO_OK, HELO_OK, HELO_OK, HELO_OK, HELO_OK, HELO_OK } },
	{ "EHLO",
	  EHLO,
	  { EHLO_OK, EHLO_OK, EHLO_OK, EHLO_OK, EHLO_OK, EHLO_OK, EHLO_OK } },
	{ "MAIL",
	  MAIL,
	  { MAIL_OK, MAIL_OK, NESTED, NESTED, NESTED, NESTED, NESTED } },
	{ "RCPT",
	  RCPT,
	  { NEED_MAIL, NEED_MAIL, RCPT_OK, RCPT_OK, RCPT_OK,
	    "503 5.5.1 Error: RCPT after BDAT\r\n",
	    "503 5.5.1 Error: RCPT after BDAT\r\n" } },
	{ "DATA",
	  DATA,
	  { NEED_RCPT, NEED_RCPT, NEED_RCPT, NO_RCPT, DATA_GO,
	    "503 5.5.1 Error: DATA after BDAT\r\n",
	    "503 5.5.1 Error: DATA after BDAT\r\n" } },
	{ "BDAT",
	  BDAT,
	  { NEED_RCPT, NEED_RCPT, NEED_RCPT, NO_RCPT, BDAT_OK, BDAT_OK,
	    DISCARDED } },
	{ "BDAT LAST",
	  BDAT_LAST,
	  { NEED_RCPT, NEED_RCPT, NEED_RCPT, NO_RCPT, BDAT_DONE,
	    "250 2.0.0 Ok: 4 bytes queued as 0123456789ABCDEF\r\n",
	    DISCARDED } },
	{ "RSET", "RSET\r\n", { OK, OK, OK, OK, OK, OK, OK } },
	{ "NOOP", "NOOP\r\n", { OK, OK, OK, OK, OK, OK, OK } },
	{ "VRFY",
	  "VRFY q@r\r\n",
	  { "252 2.0.0 q@r\r\n", "252 2.0.0 q@r\r\n", "252 2.0.0 q@r\r\n",
	    "252 2.0.0 q@r\r\n", "252 2.0.0 q@r\r\n", "252 2.0.0 q@r\r\n",
	    "252 2.0.0 q@r\r\n" } },
	{ "ETRN",
	  "ETRN d.example\r\n",
	  { NO_ETRN, NO_ETRN, IN_MAIL, IN_MAIL, IN_MAIL, IN_MAIL, IN_MAIL } },
	{ "HELP",
	  "HELP\r\n",
	  { HELP_TEXT, HELP_TEXT, HELP_TEXT, HELP_TEXT, HELP_TEXT, HELP_TEXT,
	    HELP_TEXT } },
	{ "QUIT", QUIT, { BYE, BYE, BYE, BYE, BYE, BYE, BYE } },
	{ "XCLIENT",
	  "XCLIENT NAME=a\r\n",
	  { "550 5.7.0 Error: insufficient authorization\r\n",
	    "550 5.7.0 Error: insufficient authorization\r\n",
	    "503 5.5.1 Error: MAIL transaction in progress\r\n",
	    "503 5.5.1 Error: MAIL transaction in progress\r\n",
	    "503 5.5.1 Error: MAIL transaction in progress\r\n",
	    "503 5.5.1 Error: MAIL transaction in progress\r\n",
	    "503 5.5.1 Error: MAIL transaction in progress\r\n" } },
	{ "unknown",
	  "FOO\r\n",
	  { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN } },
};

static void
test_everywhere(void)
{
	struct driver d;

	driver_init(&d, 1u << 20);
	for (size_t c = 0; c < ARRAY_N(commands); c++)
		for (int w = 0; w < AT_N; w++) {
			char name[64], in[256], said[1024];
			struct session_row row = { .name = name, .said = said };

			snprintf(name, sizeof(name), "%s after %s",
				 commands[c].name, wheres[w].name);
			snprintf(in, sizeof(in), "%s%s", wheres[w].in,
				 commands[c].in);
			snprintf(said, sizeof(said), "%s%s", wheres[w].said,
				 commands[c].said[w]);
			row.in = span_of(in);
			session_row_run(&d, &row);
		}
	driver_fini(&d);
}

/* Where a command leaves the session: what MAIL is told behind it. */
static const struct session_row after_rows[] = {
	{ "HELO ends a transaction", NULL, FEED(HELO MAIL RCPT HELO MAIL DATA),
	  HELO_OK MAIL_OK RCPT_OK HELO_OK MAIL_OK NEED_RCPT, "", "HMRHM" },
	{ "EHLO ends one of BDAT", NULL, FEED(HELO MAIL RCPT BDAT EHLO MAIL),
	  HELO_OK MAIL_OK RCPT_OK BDAT_OK EHLO_OK MAIL_OK, "", "HMRDHM" },
	{ "RSET ends a transaction", NULL,
	  FEED(HELO MAIL RCPT "RSET\r\n" MAIL DATA),
	  HELO_OK MAIL_OK RCPT_OK OK MAIL_OK NEED_RCPT, "", "HMRM" },
	{ "RSET ends one that failed", NULL,
	  FEED(HELO MAIL BDAT "RSET\r\n" MAIL),
	  HELO_OK MAIL_OK NEED_RCPT OK MAIL_OK, "", "HMM" },
	{ "RSET keeps HELO", NULL, FEED(HELO "RSET\r\n" MAIL),
	  HELO_OK OK MAIL_OK, "", "HM" },
	{ "a syntax error keeps the transaction", NULL,
	  FEED(HELO MAIL RCPT
	       "HELO\r\nEHLO\r\nRSET x\r\nVRFY\r\nDATA x\r\n" DATA),
	  HELO_OK MAIL_OK RCPT_OK
	  "501 Syntax: HELO hostname\r\n501 Syntax: EHLO hostname\r\n"
	  "501 5.5.4 Syntax: RSET\r\n"
	  "501 5.5.4 Syntax: VRFY address [SMTPUTF8]\r\n"
	  "501 5.5.4 Syntax: DATA\r\n" DATA_GO,
	  "", "HMRD" },
	{ "a message ends it", NULL, FEED(UP_TO_DATA ".\r\n" MAIL),
	  UP_TO_DATA_OK QUEUED MAIL_OK, RECEIVED_X, "HMRDEM" },
	{ "BDAT LAST ends it", NULL, FEED(HELO MAIL RCPT BDAT_LAST MAIL),
	  HELO_OK MAIL_OK RCPT_OK BDAT_DONE MAIL_OK, NULL, "HMRDEM" },
	{ "BDAT LAST ends what failed", NULL,
	  FEED(HELO MAIL BDAT BDAT_LAST MAIL),
	  HELO_OK MAIL_OK NEED_RCPT DISCARDED MAIL_OK, "", "HMM" },
	{ "nothing is heard after QUIT", NULL, FEED(QUIT HELO MAIL), BYE, "",
	  "" },
	{ "QUIT takes anything", NULL, FEED("QUIT now\r\n"), BYE, "", "" },
	{ "NOOP and HELP take anything", NULL,
	  FEED("NOOP a b\r\nHELP MAIL\r\n"), OK HELP_TEXT, "", "" },
};

/* --- HELO, EHLO --- */

static void
no_limits(struct driver *d)
{
	d->cfg.message_bytes_max = 0;
	d->cfg.is_vrfy_disabled = true;
	d->cfg.is_8bitmime_disabled = true;
	d->cfg.is_smtputf8 = false;
	d->cfg.rcpt_max = 4294967295u;
}

static void
discard_some(struct driver *d)
{
	d->cfg.discard_ehlo_keywords =
		"chunking, DSN,smtputf8\t silent-discard";
}

static void
discard_all(struct driver *d)
{
	d->cfg.discard_ehlo_keywords =
		"pipelining size vrfy enhancedstatuscodes 8bitmime dsn "
		"smtputf8 binarymime limits chunking";
}

static void
needs_helo(struct driver *d)
{
	d->cfg.is_helo_required = true;
}

static void
xclient_allowed(struct driver *d)
{
	static struct match match = { "192.0.2.1" };

	d->cfg.xclient_hosts = &match;
}

static const struct session_row helo_rows[] = {
	{ "EHLO, as little as can be", no_limits, FEED(EHLO),
	  "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 0\r\n"
	  "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-BINARYMIME\r\n"
	  "250-LIMITS RCPTMAX=4294967295\r\n250 CHUNKING\r\n",
	  "", "H" },
	{ "EHLO, some discarded", discard_some, FEED(EHLO),
	  "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
	  "250-VRFY\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
	  "250 LIMITS RCPTMAX=1000\r\n",
	  "", "H" },
	{ "EHLO, all discarded", discard_all, FEED(EHLO),
	  "250 mx.example.com\r\n", "", "H" },
	{ "EHLO, XCLIENT", xclient_allowed, FEED(EHLO),
	  "250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
	  "250-VRFY\r\n250-XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT "
	  "LOGIN DESTADDR "
	  "DESTPORT\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n"
	  "250-SMTPUTF8\r\n250-BINARYMIME\r\n250-LIMITS RCPTMAX=1000\r\n"
	  "250 CHUNKING\r\n",
	  "", "H" },
	{ "discarded CHUNKING", discard_some,
	  FEED(HELO MAIL RCPT BDAT "NOOP\r\n"),
	  HELO_OK MAIL_OK RCPT_OK
	  "521 5.5.1 Error: command not implemented\r\n",
	  "", "HMR" },
	{ "HELO not required", NULL, FEED(MAIL RCPT), MAIL_OK RCPT_OK, "",
	  "MR" },
	{ "HELO required", needs_helo, FEED(MAIL "NOOP\r\n" HELO MAIL),
	  NEED_HELO OK HELO_OK MAIL_OK, "", "HM" },
	{ "HELO without a name", NULL, FEED("HELO\r\nHELO  \r\nEHLO \t\r\n"),
	  "501 Syntax: HELO hostname\r\n501 Syntax: HELO hostname\r\n"
	  "501 Syntax: EHLO hostname\r\n",
	  "", "" },
};

/* What the client says of itself stands in headers and logs. */
static void
test_helo_names(void)
{
	static const struct {
		const char *name;
		struct span in;
		const char *helo;
	} rows[] = {
		{ "plain", SPAN("mx.example.org"), "mx.example.org" },
		{ "literal", SPAN("[IPv6:2001:db8::1]"), "[IPv6:2001:db8::1]" },
		{ "two words", SPAN("a b"), "a?b" },
		{ "comment", SPAN("a(b)c"), "a?b?c" },
		{ "header", SPAN("a\"<b@c>\";\\"), "a??b?c????" },
		{ "CR and NUL", SPAN("a\rb\0c\x01"), "a?b?c?" },
		{ "UTF-8", SPAN("\xc3\xbc"), "??" },
		{ "DEL", SPAN("a\x7f"), "a?" },
		{ "256 bytes", SPAN(X100 X100 X10 X10 X10 X10 X10 "123456"),
		  X100 X100 X10 X10 X10 X10 X10 "12345" },
	};
	struct driver d;

	driver_init(&d, 1u << 20);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		session_open(&d, NULL);
		driver_say(&d, "EHLO ");
		driver_feed(&d, rows[i].in);
		driver_say(&d, "\r\n");
		CHECK_SPAN(span_of(d.s.helo), rows[i].helo);
		CHECK_SPAN(text_span(&d.said), EHLO_OK);
		driver_end(&d);
	}
	driver_fini(&d);
}

/* --- MAIL, RCPT, VRFY: the paths --- */

static void
strict(struct driver *d)
{
	d->cfg.is_strict_rfc821 = true;
}

static void
no_vrfy(struct driver *d)
{
	d->cfg.is_vrfy_disabled = true;
}

static void
no_smtputf8(struct driver *d)
{
	d->cfg.is_smtputf8 = false;
}

static void
refuse_vrfy(struct driver *d)
{
	d->answers[SMTP_CHECK_VRFY] =
		(struct driver_answer) { 550, "5.1.1 who?", false };
}

static void
refuse_etrn(struct driver *d)
{
	d->answers[SMTP_CHECK_ETRN] =
		(struct driver_answer) { 554, "5.7.1 not you", false };
}

#define RSET	    "RSET\r\n"
#define M(path)	    "MAIL FROM" path "\r\n" RSET
#define R(path)	    "RCPT TO" path "\r\n"
#define M_OK	    MAIL_OK OK
#define BAD_SENDER  "501 5.1.7 Bad sender address syntax\r\n"
#define BAD_RCPT    "501 5.1.3 Bad recipient address syntax\r\n"
#define MAIL_SYNTAX "501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
#define RCPT_SYNTAX "501 5.5.4 Syntax: RCPT TO:<address>\r\n"
#define NEED_UTF8   "553 5.6.7 Must declare SMTPUTF8 to send unicode address\r\n"

static const struct session_row path_rows[] = {
	{ "MAIL: what is taken", NULL,
	  FEED(M(":<>") M(":<a@b>") M(": <a@b>") M(" :<a@b>") M(":a@b") M(
		  ":<\"a b\"@c>") M(":<@x,@y:a@b>") "mail\tfrom:\t<a@b>\t\r\n"),
	  M_OK M_OK M_OK M_OK M_OK M_OK M_OK MAIL_OK, "", NULL },
	{ "MAIL: what is not an address", NULL,
	  FEED(M(":<a b>") M(":<a@b>x") M(":<a@b>SIZE=1") M(":<a@") M(":<<a>>")
		       M(":\"") M(":<a@b\0>")),
	  BAD_SENDER OK BAD_SENDER OK BAD_SENDER OK BAD_SENDER OK BAD_SENDER OK
		  BAD_SENDER OK BAD_SENDER OK,
	  "", "" },
	{ "MAIL: what is not MAIL", NULL,
	  FEED("MAIL\r\nMAIL FROM\r\nMAIL FROM:\r\nMAIL <a@b>\r\n"
	       "MAIL TO:<a@b>\r\nMAILFROM:<a@b>\r\nMAIL FROM<a@b>\r\n"),
	  MAIL_SYNTAX MAIL_SYNTAX MAIL_SYNTAX MAIL_SYNTAX MAIL_SYNTAX UNKNOWN
		  MAIL_SYNTAX,
	  "", "" },
	{ "MAIL: UTF-8", NULL,
	  FEED("MAIL FROM:<\xc3\xbc@b>\r\n" RSET
	       "MAIL FROM:<\xc3\xbc@b> SMTPUTF8\r\n" RSET
	       "MAIL FROM:<a@\xc3\xbc> smtputf8\r\n" RSET),
	  NEED_UTF8 OK M_OK M_OK, "", NULL },
	{ "MAIL: 8-bit without SMTPUTF8", no_smtputf8,
	  FEED("MAIL FROM:<\xc3\xbc@b>\r\n" RSET "MAIL FROM:<\xff@b>\r\n"),
	  M_OK BAD_SENDER, "", NULL },
	{ "MAIL: strict", strict, FEED(M(":a@b") M(":<a@b>") M(":\"a\"@b")),
	  BAD_SENDER OK M_OK BAD_SENDER OK, "", NULL },
	{ "RCPT: what is taken", NULL,
	  FEED(MAIL R(":<a@b>") R(": <a@b>") R(" :<postmaster>") R(":a@b") R(
		  ":<@x:a@b>") R(":<a@[192.0.2.9]>") "rcpt to:<a@b>\r\n"),
	  MAIL_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK, "",
	  "MRRRRRRR" },
	{ "RCPT: what is not an address", NULL,
	  FEED(MAIL R(":<>") R(":<a b@c>") R(":<a@b>x") R(":<a@b") R(":a,b")),
	  MAIL_OK BAD_RCPT BAD_RCPT BAD_RCPT BAD_RCPT BAD_RCPT, "", "M" },
	{ "RCPT: what is not RCPT", NULL,
	  FEED(MAIL "RCPT\r\nRCPT TO:\r\nRCPT FROM:<a@b>\r\nRCPT <a@b>\r\n"),
	  MAIL_OK RCPT_SYNTAX RCPT_SYNTAX RCPT_SYNTAX RCPT_SYNTAX, "", "M" },
	{ "RCPT: UTF-8", NULL,
	  FEED(MAIL R(":<\xc3\xbc@b>") RSET
	       "MAIL FROM:<> SMTPUTF8\r\n" R(":<\xc3\xbc@b>")),
	  MAIL_OK NEED_UTF8 OK MAIL_OK RCPT_OK, "", "MMR" },
	{ "RCPT: strict", strict, FEED(MAIL R(":a@b") R(":<a@b>")),
	  MAIL_OK BAD_RCPT RCPT_OK, "", "MR" },
	{ "VRFY", NULL,
	  FEED("VRFY a\r\nVRFY <a@b>\r\nVRFY a@b SMTPUTF8\r\n"
	       "VRFY \xc3\xbc@b SMTPUTF8\r\n"),
	  "252 2.0.0 a\r\n252 2.0.0 a@b\r\n252 2.0.0 a@b\r\n"
	  "252 2.0.0 \xc3\xbc@b\r\n",
	  "", "VVVV" },
	{ "VRFY: what is no address", NULL,
	  FEED("VRFY <>\r\nVRFY a b\r\nVRFY <a@b\r\n"),
	  BAD_RCPT BAD_RCPT BAD_RCPT, "", "" },
	{ "VRFY disabled", no_vrfy, FEED("VRFY a\r\nVRFY\r\n"),
	  "502 5.5.1 VRFY command is disabled\r\n"
	  "502 5.5.1 VRFY command is disabled\r\n",
	  "", "" },
	{ "VRFY refused", refuse_vrfy,
	  FEED("VRFY a\r\n" MAIL "VRFY a\r\n" RCPT),
	  "550 5.1.1 who?\r\n" MAIL_OK "550 5.1.1 who?\r\n" RCPT_OK, "",
	  "VMVR" },
	{ "ETRN", NULL,
	  FEED("ETRN @d.example\r\netrn #d.example \r\nETRN "
	       "[192.0.2.9]\r\n" MAIL RCPT),
	  NO_ETRN NO_ETRN
	  "459 <[192.0.2.9]>: service unavailable\r\n" MAIL_OK RCPT_OK,
	  "", "TTTMR" },
	{ "ETRN: what is not a domain", NULL,
	  FEED("ETRN\r\nETRN a b\r\nETRN -d\r\nETRN @\r\nETRN <d>\r\n"),
	  "500 Syntax: ETRN domain\r\n500 Syntax: ETRN domain\r\n"
	  "501 Error: invalid parameter syntax\r\n"
	  "501 Error: invalid parameter syntax\r\n"
	  "501 Error: invalid parameter syntax\r\n",
	  "", "" },
	{ "ETRN refused", refuse_etrn, FEED("ETRN d.example\r\n" MAIL RCPT),
	  "554 5.7.1 not you\r\n" MAIL_OK RCPT_OK, "", "TMR" },
};

/* --- lists in main.cf --- */

static void
listed_commands(struct driver *d)
{
	static struct match noop = { "XNOOP, foo" };
	static struct match forbidden = { "CONNECT GET, POST" };

	d->cfg.noop_commands = &noop;
	d->cfg.forbidden_commands = &forbidden;
}

#define RULES "221 2.7.0 Error: I can break rules, too. Goodbye.\r\n"

static const struct session_row list_rows[] = {
	{ "noop", listed_commands, FEED("XNOOP x\r\nFOO\r\nFOOO\r\n"),
	  OK OK UNKNOWN, "", "" },
	{ "forbidden", listed_commands,
	  FEED("get / HTTP/1.0\r\nHost: x\r\nNOOP\r\n"), RULES, "", "" },
	{ "forbidden, the last of the list", listed_commands,
	  FEED("POST\r\nNOOP\r\n"), RULES, "", "" },
	{ "forbidden by default", NULL, FEED("CONNECT x\r\nNOOP\r\n"), RULES,
	  "", "" },
	{ "no forbidden one", NULL, FEED("GETS\r\nPUT\r\n"), UNKNOWN UNKNOWN,
	  "", "" },
};

static void
test_facts(void)
{
	struct driver d;
	struct smtp_facts facts;

	CHECK_ROW("facts");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	facts = smtp_facts(&d.s);
	CHECK(facts.sender == NULL && facts.rcpt == NULL);
	/* A transaction's memory is used again. */
	driver_say(&d, "MAIL FROM:<old@s>\r\nRCPT TO:<old@r>\r\nRSET\r\n");
	driver_say(&d, "MAIL FROM:<s@t> SIZE=77\r\n");
	facts = smtp_facts(&d.s);
	CHECK_SPAN(addr_span(facts.rcpt), "");
	CHECK(facts.rcpt->text[0] == '\0');
	CHECK(facts.size_bytes == 77 && facts.rcpt_n == 0);
	CHECK_SPAN(addr_span(facts.sender), "s@t");
	driver_say(&d, RCPT "RCPT TO:<no@x>\r\n");
	facts = smtp_facts(&d.s);
	CHECK(facts.rcpt_n == 1);
	CHECK_SPAN(addr_span(facts.rcpt), "no@x");
	CHECK_SPAN(facts.like.orig, "no@x");
	driver_fini(&d);
}

int
main(void)
{
	test_everywhere();
	session_rows_run(after_rows, ARRAY_N(after_rows));
	session_rows_run(helo_rows, ARRAY_N(helo_rows));
	test_helo_names();
	session_rows_run(path_rows, ARRAY_N(path_rows));
	session_rows_run(list_rows, ARRAY_N(list_rows));
	test_facts();
	return check_end();
}
