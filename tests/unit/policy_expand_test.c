/* SPDX-License-Identifier: BSD-2-Clause */
/* Aliases of every kind, their extensions, loops and limits. */
#include "tests/unit/policy_rows.h"

#define USER	    "V user@vm.example /mail/user/"
#define EXT	    "V ext@vm.example /mail/ext/"
#define ALIAS_ERROR "4.6.0 Alias expansion error"
#define LOCAL(who)  "L " who " 4.3.5 local delivery is not built yet"
#define GONE(who)   "E " who " 4.1.1 target of an alias: user unknown"
#define AWAY(who)   "R " who " 4.3.5 there is no relay transport yet"
#define NO_RELAY(who)                                                        \
	"4.3.5 <" who ">: Recipient address rejected: mail for other hosts " \
	"is not relayed yet: there is no relay transport"
#define UNKNOWN(who, what)                                                   \
	"5.1.1 <" who ">: Recipient address rejected: User unknown in " what \
	" table"

static const struct row virtual_rows[] = {
	{ "one to one", "a1@va.example", 0, NULL, { USER } },
	{ "key in any case", "A1@VA.example", 0, NULL, { USER } },
	{ "extension goes on",
	  "a1+x@va.example",
	  0,
	  NULL,
	  { "V user+x@vm.example /mail/user/" } },
	{ "one local, one away",
	  "a2+X@va.example",
	  0,
	  NULL,
	  { "V user+X@vm.example /mail/user/",
	    AWAY("far+X@foreign.example") } },
	{ "@other",
	  "at1@va.example",
	  0,
	  NULL,
	  { "V at1@vm.example /mail/at1/" } },
	{ "@other with extension",
	  "at1+e@va.example",
	  0,
	  NULL,
	  { "V at1+e@vm.example /mail/at1/" } },
	{ "@dom to @other", "user@atdom.example", 0, NULL, { USER } },
	{ "@dom to @other, extension",
	  "user+e@atdom.example",
	  0,
	  NULL,
	  { "V user+e@vm.example /mail/user/" } },
	{ "@dom to one: no extension", "zz+e@cat.example", 0, NULL, { USER } },
	{ "key with extension",
	  "atex+e@va.example",
	  550,
	  UNKNOWN("atex+e@va.example", "virtual mailbox"),
	  { NULL } },
	{ "alias of a mailbox domain",
	  "catch+e@vm.example",
	  0,
	  NULL,
	  { "V user+e@vm.example /mail/user/" } },
	{ "bare key, myorigin", "bare@origin.example", 0, NULL, { USER } },
	{ "bare key, bare recipient", "bare", 0, NULL, { USER } },
	{ "bare key, extension",
	  "bare+e@origin.example",
	  0,
	  NULL,
	  { "V user+e@vm.example /mail/user/" } },
	{ "bare key, local domain", "bare@localhost", 0, NULL, { USER } },
	{ "bare key, other domain",
	  "bare@vm.example",
	  550,
	  UNKNOWN("bare@vm.example", "virtual mailbox"),
	  { NULL } },
	{ "bare target gets myorigin",
	  "bareo@localhost",
	  451,
	  NO_RELAY("bareo@localhost"),
	  { NULL } },
	{ "quoted target",
	  "quo@va.example",
	  0,
	  NULL,
	  { "V \"quo ted\"@vm.example /mail/quoted/" } },
	{ "quoted target, extension",
	  "quo+e@va.example",
	  0,
	  NULL,
	  { "V \"quo ted+e\"@vm.example /mail/quoted/" } },
	{ "angle brackets", "angle@va.example", 0, NULL, { USER } },
	{ "quoted comma",
	  "com@va.example",
	  0,
	  NULL,
	  { "V \"a,b\"@vm.example /mail/comma/", USER } },
	{ "blanks between", "two@va.example", 0, NULL, { USER, EXT } },
	{ "comment", "cmt@va.example", 0, NULL, { USER, EXT } },
	{ "empty elements", "emp@va.example", 0, NULL, { USER, EXT } },
	{ "duplicates", "list@va.example", 0, NULL, { USER, EXT } },
	{ "three deep", "deep@va.example", 0, NULL, { USER } },
	{ "loop", "loop1@va.example", 451, ALIAS_ERROR, { NULL } },
	{ "loop that grows", "grow@va.example", 451, ALIAS_ERROR, { NULL } },
	{ "itself, no mailbox",
	  "self@va.example",
	  0,
	  NULL,
	  { USER, GONE("self@va.example") } },
	{ "itself, a mailbox",
	  "selfvm@vm.example",
	  0,
	  NULL,
	  { USER, "V selfvm@vm.example /mail/selfvm/" } },
	{ "itself, extension",
	  "selfvm+e@vm.example",
	  0,
	  NULL,
	  { "V user+e@vm.example /mail/user/",
	    "V selfvm+e@vm.example /mail/selfvm/" } },
	{ "bad target", "bad@va.example", 451, ALIAS_ERROR, { NULL } },
	{ "no target", "nothing@va.example", 451, ALIAS_ERROR, { NULL } },
	{ "target unknown",
	  "gone@va.example",
	  550,
	  UNKNOWN("gone@va.example", "virtual mailbox"),
	  { NULL } },
	{ "one target unknown",
	  "half@va.example",
	  0,
	  NULL,
	  { USER, GONE("nobody@vm.example") } },
	{ "target away",
	  "away@va.example",
	  451,
	  NO_RELAY("away@va.example"),
	  { NULL } },
};

static const struct row local_rows[] = {
	{ "alias to a mailbox", "lal@localhost", 0, NULL, { USER } },
	{ "no extension goes on", "lal+x@localhost", 0, NULL, { USER } },
	{ "key with extension", "lext+known@localhost", 0, NULL, { EXT } },
	{ "key without extension", "lext+other@localhost", 0, NULL, { USER } },
	{ "name in any case", "LAL@LocalHost", 0, NULL, { USER } },
	{ "to a user",
	  "root@localhost",
	  0,
	  NULL,
	  { LOCAL("luser@localhost") } },
	{ "itself and more",
	  "lself@localhost",
	  0,
	  NULL,
	  { LOCAL("lself@localhost"), USER } },
	{ "backslash: no alias",
	  "luser2@localhost",
	  0,
	  NULL,
	  { LOCAL("lal@localhost") } },
	{ "command, and more",
	  "cmd@localhost",
	  0,
	  NULL,
	  { "L cmd@localhost 4.3.5 delivery to a command is not built yet",
	    USER } },
	{ "file",
	  "file@localhost",
	  0,
	  NULL,
	  { "L file@localhost 4.3.5 delivery to a file is not built yet" } },
	{ "include",
	  "incl@localhost",
	  0,
	  NULL,
	  { "L incl@localhost 4.3.5 delivery to an :include: list is not "
	    "built yet" } },
	{ "loop", "lloop1@localhost", 451, ALIAS_ERROR, { NULL } },
	{ "to nobody",
	  "lgone@localhost",
	  550,
	  UNKNOWN("lgone@localhost", "local recipient"),
	  { NULL } },
	{ "to a virtual alias", "toalias@localhost", 0, NULL, { USER } },
	{ "postmaster",
	  "postmaster@localhost",
	  0,
	  NULL,
	  { LOCAL("luser@localhost") } },
	{ "bare postmaster",
	  "PostMaster",
	  0,
	  NULL,
	  { LOCAL("luser@localhost") } },
};

/* Bare postmaster is somebody, whatever myorigin is. */
static const struct row postmaster_alias_rows[] = {
	{ "myorigin virtual, alias_maps know",
	  "postmaster",
	  0,
	  NULL,
	  { USER } },
	{ "with the domain it is anybody",
	  "postmaster@vm.example",
	  550,
	  UNKNOWN("postmaster@vm.example", "virtual mailbox"),
	  { NULL } },
};
static const struct row postmaster_none_rows[] = {
	{ "nobody knows: deferred",
	  "postmaster",
	  0,
	  NULL,
	  { GONE("postmaster@vm.example") } },
};
static const struct row postmaster_away_rows[] = {
	{ "myorigin foreign: deferred",
	  "postmaster",
	  0,
	  NULL,
	  { AWAY("postmaster@origin.example") } },
};
static const struct row postmaster_own_rows[] = {
	{ "a mailbox of its own",
	  "POSTMASTER",
	  0,
	  NULL,
	  { "V POSTMASTER@vm.example /mail/pm/" } },
};
static const struct row postmaster_virtual_rows[] = {
	{ "a virtual alias of its own", "postmaster", 0, NULL, { USER } },
};

static const struct row canonical_rows[] = {
	{ "recipient_canonical", "old@vm.example", 0, NULL, { USER } },
	{ "canonical, extension",
	  "cold+e@vm.example",
	  0,
	  NULL,
	  { "V user+e@vm.example /mail/user/" } },
	{ "canonical domain", "user@old.example", 0, NULL, { USER } },
	{ "to an alias", "calias@vm.example", 0, NULL, { USER, EXT } },
	{ "one after the other", "both@vm.example", 0, NULL, { USER } },
	{ "canonical loop", "cl1@vm.example", 451, ALIAS_ERROR, { NULL } },
	{ "canonical to itself", "user@vm.example", 0, NULL, { USER } },
	{ "canonical to nothing",
	  "cbad@vm.example",
	  451,
	  ALIAS_ERROR,
	  { NULL } },
};

static const struct row no_ext_rows[] = {
	{ "virtual extension stays", "a1+x@va.example", 0, NULL, { USER } },
	{ "@other without extension",
	  "at1+x@va.example",
	  0,
	  NULL,
	  { "V at1@vm.example /mail/at1/" } },
};
static const struct row alias_ext_rows[] = {
	{ "alias extension goes on",
	  "lal+x@localhost",
	  0,
	  NULL,
	  { "V user+x@vm.example /mail/user/" } },
};

static void
test_postmaster(void)
{
	static const struct site_text alias = {
		.myorigin = "vm.example",
		.alias_maps = "inline:{ {postmaster = user} }"
	};
	static const struct site_text none = { .myorigin = "vm.example",
					       .alias_maps = "" };
	static const struct site_text away = { .alias_maps = "" };
	static const struct site_text own = {
		.myorigin = "vm.example",
		.virtual_mailbox_maps =
			"inline:{ {postmaster@vm.example = pm/} "
			"{user@vm.example = user/} }"
	};
	static const struct site_text virtual = {
		.virtual_alias_maps = "inline:{ {postmaster@origin.example = "
				      "user@vm.example} }"
	};

	check_site(&alias, postmaster_alias_rows,
		   ARRAY_N(postmaster_alias_rows));
	check_site(&none, postmaster_none_rows, ARRAY_N(postmaster_none_rows));
	check_site(&away, postmaster_away_rows, ARRAY_N(postmaster_away_rows));
	check_site(&own, postmaster_own_rows, ARRAY_N(postmaster_own_rows));
	check_site(&virtual, postmaster_virtual_rows,
		   ARRAY_N(postmaster_virtual_rows));
}

static void
test_canonical(void)
{
	static const struct site_text text = {
		.recipient_canonical_maps =
			"inline:{ {old@vm.example = user@vm.example} "
			"{both@vm.example = both2@vm.example} }",
		.canonical_maps =
			"inline:{ {cold@vm.example = user@vm.example} "
			"{@old.example = @vm.example} "
			"{calias@vm.example = two@va.example} "
			"{both2@vm.example = user@vm.example} "
			"{cl1@vm.example = cl2@vm.example} "
			"{cl2@vm.example = cl1@vm.example} "
			"{cbad@vm.example = <>} "
			"{user@vm.example = User@VM.example} }",
		.virtual_mailbox_maps = "inline:{ {user@vm.example = user/} "
					"{ext@vm.example = ext/} }",
	};

	check_site(&text, canonical_rows, ARRAY_N(canonical_rows));
}

/* The most that expansion and nesting may be, and one more. */
static void
test_limits(void)
{
	static const struct {
		const char *name;
		struct site_text text;
		const char *rcpt;
		int code;
	} limits[] = {
		{ "two targets of two",
		  { .expansion_limit = 2 },
		  "two@va.example",
		  0 },
		{ "two targets of one",
		  { .expansion_limit = 1 },
		  "two@va.example",
		  451 },
		{ "three deep of three",
		  { .recursion_limit = 3 },
		  "deep@va.example",
		  0 },
		{ "three deep of two",
		  { .recursion_limit = 2 },
		  "deep@va.example",
		  451 },
	};
	struct envelope_head head = { .queue_id = 1 };
	struct envelope_rcpt like = { .orig = SPAN("o") };
	struct envelope env = { .p = NULL };

	for (size_t i = 0; i < ARRAY_N(limits); i++) {
		struct addr a = site_addr(limits[i].rcpt);
		char text[POLICY_TEXT_MAX] = "";
		struct site s;

		CHECK_ROW(limits[i].name);
		site_open(&s, &limits[i].text);
		CHECK(envelope_begin(&env, &head) == 0);
		CHECK(policy_route(s.policy, &a, &like, &env, text) ==
		      limits[i].code);
		if (limits[i].code != 0) {
			CHECK_SPAN(span_of(text), ALIAS_ERROR);
			CHECK(env.rcpt_n == 0);
		}
		site_close(&s);
	}
	envelope_fini(&env);
}

/* Two aliases that double each other end at the limit, not in hours. */
static void
test_explosion(void)
{
	static const struct site_text text = {
		.virtual_alias_maps =
			"inline:{ {x@va.example = y@va.example, y@va.example} "
			"{y@va.example = x@va.example, x@va.example} }",
	};
	static const struct row row = {
		"explosion", "x@va.example", 451, ALIAS_ERROR, { NULL }
	};

	check_site(&text, &row, 1);
}

int
main(void)
{
	static const struct site_text local = { .myorigin = "localhost" };
	static const struct site_text no_ext = { .propagate = "" };
	static const struct site_text alias_ext = { .propagate = "alias" };

	check_site(&site_default, virtual_rows, ARRAY_N(virtual_rows));
	check_site(&local, local_rows, ARRAY_N(local_rows));
	test_postmaster();
	test_canonical();
	check_site(&no_ext, no_ext_rows, ARRAY_N(no_ext_rows));
	check_site(&alias_ext, alias_ext_rows, ARRAY_N(alias_ext_rows));
	test_limits();
	test_explosion();
	return check_end();
}
