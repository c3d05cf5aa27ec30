/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the mail of one recipient goes: classes, mailboxes, owners, codes. */
#include "tests/unit/policy_rows.h"

#define LOCAL "4.3.5 local delivery is not built yet"
#define NO_RELAY(who)                                                        \
	"4.3.5 <" who ">: Recipient address rejected: mail for other hosts " \
	"is not relayed yet: there is no relay transport"
#define UNKNOWN(who, what)                                                   \
	"5.1.1 <" who ">: Recipient address rejected: User unknown in " what \
	" table"
#define WRONG "4.3.5 mail system configuration error: "

static const struct row rows[] = {
	{ "mailbox",
	  "user@vm.example",
	  0,
	  NULL,
	  { "V user@vm.example /mail/user/" } },
	{ "mailbox, case kept",
	  "User@VM.example",
	  0,
	  NULL,
	  { "V User@VM.example /mail/user/" } },
	{ "mailbox, extension",
	  "user+x@vm.example",
	  0,
	  NULL,
	  { "V user+x@vm.example /mail/user/" } },
	{ "mailbox of an extension",
	  "ext+known@vm.example",
	  0,
	  NULL,
	  { "V ext+known@vm.example /mail/extknown/" } },
	{ "mailbox, quoted",
	  "\"quo ted\"@vm.example",
	  0,
	  NULL,
	  { "V \"quo ted\"@vm.example /mail/quoted/" } },
	{ "mailbox, dots",
	  "\"x..y\"@vm.example",
	  0,
	  NULL,
	  { "V \"x..y\"@vm.example /mail/xy/" } },
	{ "mbox",
	  "mbox@vm.example",
	  0,
	  NULL,
	  { "V mbox@vm.example /mail/box/mbox" } },
	{ "catch-all",
	  "anyone@all.example",
	  0,
	  NULL,
	  { "V anyone@all.example /mail/all/" } },
	{ "catch-all, extension",
	  "any+x@all.example",
	  0,
	  NULL,
	  { "V any+x@all.example /mail/all/" } },
	{ "unknown",
	  "nobody@vm.example",
	  550,
	  UNKNOWN("nobody@vm.example", "virtual mailbox"),
	  { NULL } },
	{ "unknown, printed plain",
	  "\"no body\"@vm.example",
	  550,
	  UNKNOWN("no body@vm.example", "virtual mailbox"),
	  { NULL } },
	{ "through us",
	  "user%vm.example@mx.example.org",
	  0,
	  NULL,
	  { "V user@vm.example /mail/user/" } },
	{ ".. first",
	  "up@vm.example",
	  0,
	  NULL,
	  { "E up@vm.example " WRONG "bad mailbox path" } },
	{ ".. within",
	  "mid@vm.example",
	  0,
	  NULL,
	  { "E mid@vm.example " WRONG "bad mailbox path" } },
	{ "dots that are names",
	  "dots@vm.example",
	  0,
	  NULL,
	  { "V dots@vm.example /mail/..a/b../" } },
	{ "alias domain, unknown",
	  "x@va.example",
	  550,
	  UNKNOWN("x@va.example", "virtual alias"),
	  { NULL } },
	{ "foreign",
	  "x@foreign.example",
	  451,
	  NO_RELAY("x@foreign.example"),
	  { NULL } },
	{ "relay domain",
	  "known@relay.example",
	  451,
	  NO_RELAY("known@relay.example"),
	  { NULL } },
	{ "relay domain, unknown",
	  "x@relay.example",
	  550,
	  UNKNOWN("x@relay.example", "relay recipient"),
	  { NULL } },
	{ "local user",
	  "luser@localhost",
	  0,
	  NULL,
	  { "L luser@localhost " LOCAL } },
	{ "local user, extension",
	  "luser+x@localhost",
	  0,
	  NULL,
	  { "L luser+x@localhost " LOCAL } },
	{ "local, unknown",
	  "nobody@localhost",
	  550,
	  UNKNOWN("nobody@localhost", "local recipient"),
	  { NULL } },
	{ "local, own literal",
	  "luser@[127.0.0.1]",
	  0,
	  NULL,
	  { "L luser@[127.0.0.1] " LOCAL } },
	{ "mailer-daemon",
	  "mailer-daemon@localhost",
	  0,
	  NULL,
	  { "L mailer-daemon@localhost " LOCAL } },
	{ "bad way",
	  "a%@localhost",
	  501,
	  "5.1.3 Bad recipient address syntax",
	  { NULL } },
};

static const struct row no_maps_rows[] = {
	{ "no local table: all are known",
	  "anyone@localhost",
	  0,
	  NULL,
	  { "L anyone@localhost " LOCAL } },
	{ "no mailbox table",
	  "user@vm.example",
	  0,
	  NULL,
	  { "E user@vm.example " WRONG "virtual_mailbox_maps is empty" } },
	{ "no relay table: all are known",
	  "x@relay.example",
	  451,
	  NO_RELAY("x@relay.example"),
	  { NULL } },
};

/* What a mailbox can lack: accepted and deferred. */
static void
test_owners(void)
{
	static const struct {
		const char *name, *uid, *gid, *why;
	} owners[] = {
		{ "no uid", "", "static:1", "mailbox has no uid" },
		{ "uid of another", "inline:{x@vm.example=1000}", "static:1",
		  "mailbox has no uid" },
		{ "uid is no number", "static:vmail", "static:1",
		  "mailbox has no uid" },
		{ "uid too low", "static:99", "static:1",
		  "bad uid of a mailbox" },
		{ "uid is root", "static:0", "static:1",
		  "bad uid of a mailbox" },
		{ "uid too high", "static:4294967295", "static:1",
		  "bad uid of a mailbox" },
		{ "uid overflows", "static:18446744073709551617", "static:1",
		  "mailbox has no uid" },
		{ "no gid", "static:1000", "", "mailbox has no gid" },
		{ "gid is root", "static:1000", "static:0",
		  "bad gid of a mailbox" },
	};

	for (size_t i = 0; i < ARRAY_N(owners); i++) {
		struct site_text text = { .virtual_uid_maps = owners[i].uid,
					  .virtual_gid_maps = owners[i].gid };
		char want[256];
		struct row row = {
			owners[i].name, "user@vm.example", 0, NULL, { want }
		};

		snprintf(want, sizeof(want), "E user@vm.example " WRONG "%s",
			 owners[i].why);
		check_site(&text, &row, 1);
	}
}

static void
test_owner_maps(void)
{
	static const struct site_text text = {
		.virtual_uid_maps = "inline:{user@vm.example=1000}",
		.virtual_gid_maps = "inline:{@vm.example=1001}",
	};
	static const struct row row = { "owner by table",
					"user+x@vm.example",
					0,
					NULL,
					{ "V user+x@vm.example /mail/user/" } };

	check_site(&text, &row, 1);
}

/* What a pattern takes from the address must not choose the directory. */
static void
test_patterns(void)
{
	static const struct site_text text = {
		.virtual_mailbox_maps = "regexp:pattern",
		.virtual_mailbox_domains = "pat.example",
	};
	static const struct row patterns[] = {
		{ "pattern",
		  "joe@pat.example",
		  0,
		  NULL,
		  { "V joe@pat.example /mail/joe/" } },
		{ "pattern, slash",
		  "a/b@pat.example",
		  0,
		  NULL,
		  { "E a/b@pat.example " WRONG
		    "mailbox path from an address with '/'" } },
		{ "pattern, dots keep their quotes",
		  "\"..\"@pat.example",
		  0,
		  NULL,
		  { "V \"..\"@pat.example /mail/\"..\"/" } },
		{ "pattern, not matched",
		  "joe@vm.example",
		  451,
		  NO_RELAY("joe@vm.example"),
		  { NULL } },
	};

	check_site(&text, patterns, ARRAY_N(patterns));
}

static void
test_trouble(void)
{
	static const struct {
		struct site_text text;
		const char *rcpt;
	} sites[] = {
		{ { .mydestination = "fail:x" }, "user@vm.example" },
		{ { .virtual_alias_maps = "fail:x" }, "user@vm.example" },
		{ { .virtual_mailbox_maps = "fail:x" }, "user@vm.example" },
		{ { .virtual_uid_maps = "fail:x" }, "user@vm.example" },
		{ { .virtual_gid_maps = "fail:x" }, "user@vm.example" },
		{ { .canonical_maps = "fail:x" }, "user@vm.example" },
		{ { .recipient_canonical_maps = "fail:x" }, "user@vm.example" },
		{ { .alias_maps = "fail:x" }, "luser@localhost" },
		{ { .local_recipient_maps = "fail:x" }, "luser@localhost" },
		{ { .relay_recipient_maps = "fail:x" }, "x@relay.example" },
	};

	for (size_t i = 0; i < ARRAY_N(sites); i++) {
		char want[256];
		struct row row = {
			"a table fails", sites[i].rcpt, 451, want, { NULL }
		};

		snprintf(want, sizeof(want),
			 "4.3.0 <%s>: Temporary lookup failure", sites[i].rcpt);
		check_site(&sites[i].text, &row, 1);
	}
}

static void
test_codes(void)
{
	static const struct site_text text = { .unknown_code = 450,
					       .is_table_hidden = true };
	static const struct row row = {
		"unknown_virtual_mailbox_reject_code",
		"nobody@vm.example",
		450,
		"4.1.1 <nobody@vm.example>: Recipient address rejected: "
		"User unknown",
		{ NULL }
	};

	check_site(&text, &row, 1);
}

/* The same mailbox twice is one recipient; what fails leaves no trace. */
static void
test_same(const struct site *s)
{
	struct envelope_head head = { .queue_id = 1 };
	struct envelope_rcpt like = { .orig = SPAN("o") };
	struct envelope env = { .p = NULL };
	char text[POLICY_TEXT_MAX];
	struct addr a = site_addr("user@vm.example");
	struct addr b = site_addr("USER@vm.example");
	struct addr c = site_addr("user+x@vm.example");
	struct addr d = site_addr("nobody@vm.example");

	CHECK_ROW("same again");
	CHECK(envelope_begin(&env, &head) == 0);
	CHECK(policy_route(s->policy, &a, &like, &env, text) == 0);
	CHECK(policy_route(s->policy, &a, &like, &env, text) == 0);
	CHECK(policy_route(s->policy, &b, &like, &env, text) == 0);
	CHECK(env.rcpt_n == 1);
	CHECK(policy_route(s->policy, &c, &like, &env, text) == 0);
	CHECK(env.rcpt_n == 2);
	CHECK(policy_route(s->policy, &d, &like, &env, text) == 550);
	CHECK(env.rcpt_n == 2);
	envelope_fini(&env);
}

/* A full envelope is 452, and stays as it was. */
static void
test_full(const struct site *s)
{
	struct envelope_head head = { .queue_id = 1 };
	static char orig[60000];
	struct envelope_rcpt like = { .orig = { orig, sizeof(orig) } };
	struct envelope env = { .p = NULL };
	char text[POLICY_TEXT_MAX];
	unsigned n = 0;
	int code;

	CHECK_ROW("full");
	memset(orig, 'o', sizeof(orig));
	CHECK(envelope_begin(&env, &head) == 0);
	do {
		char name[64];
		struct addr a;

		snprintf(name, sizeof(name), "u%u@all.example", n);
		a = site_addr(name);
		code = policy_route(s->policy, &a, &like, &env, text);
	} while (code == 0 && ++n < 1000);
	CHECK(n > 10 && code == 452 && env.rcpt_n == n);
	CHECK_SPAN(span_of(text), "4.5.3 Error: too many recipients");
	envelope_fini(&env);
}

static void
test_long_path(void)
{
	static char base[4200];
	struct site_text text = { .virtual_mailbox_base = base };
	static const struct row row = { "path too long",
					"user@vm.example",
					0,
					NULL,
					{ "E user@vm.example " WRONG
					  "mailbox path is too long" } };

	memset(base, 'b', sizeof(base) - 1);
	base[0] = '/';
	check_site(&text, &row, 1);
}

int
main(void)
{
	static const struct site_text no_maps = { .virtual_mailbox_maps = "",
						  .local_recipient_maps = "",
						  .relay_recipient_maps = "" };
	struct site s;

	check_site(&site_default, rows, ARRAY_N(rows));
	check_site(&no_maps, no_maps_rows, ARRAY_N(no_maps_rows));
	test_owners();
	test_owner_maps();
	test_patterns();
	test_trouble();
	test_codes();
	test_long_path();
	site_open(&s, &site_default);
	test_same(&s);
	test_full(&s);
	site_close(&s);
	return check_end();
}
