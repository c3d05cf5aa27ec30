/* SPDX-License-Identifier: BSD-2-Clause */
/* What `penstock check` finds in tables and lists. */
#include "tests/unit/policy_site.h"

/* A site of which there is nothing to say, but for what a row changes. */
static const struct site_text quiet = {
	.alias_maps = "inline:{ {postmaster = user@vm.example} }",
	.virtual_alias_maps = "",
	.virtual_mailbox_base = "/tmp",
	.virtual_mailbox_domains = "vm.example",
	.virtual_mailbox_maps = "inline:{ {user@vm.example = user/} }",
	.myorigin = "localhost",
};

static void
open_quiet(struct site *s, struct site_text text)
{
#define FILL(field) text.field = text.field ? text.field : quiet.field
	FILL(alias_maps);
	FILL(virtual_alias_maps);
	FILL(virtual_mailbox_base);
	FILL(virtual_mailbox_domains);
	FILL(virtual_mailbox_maps);
	FILL(myorigin);
#undef FILL
	site_open(s, &text);
}

static const struct {
	const char *name;
	struct site_text site;
	enum diag_level level;
	const char *said; /* NULL: nothing at all */
} rows[] = {
	{ "nothing to say", { .alias_maps = NULL }, DIAG_NOTE, NULL },
	{ "command",
	  { .alias_maps = "inline:{ {x = \"|/bin/y z\"} }" },
	  DIAG_WARNING,
	  "x delivers to a command" },
	{ "file",
	  { .alias_maps = "inline:{ {x = a, /var/y} }" },
	  DIAG_WARNING,
	  "x delivers to a file" },
	{ "include",
	  { .alias_maps = "inline:{ {x = :include:/y} }" },
	  DIAG_WARNING,
	  "x delivers to an :include: list" },
	{ "owner",
	  { .alias_maps = "inline:{ {owner-x = y} }" },
	  DIAG_NOTE,
	  "owner-x does not become the sender" },
	{ "bad alias",
	  { .alias_maps = "inline:{ {x = a@@b} }" },
	  DIAG_WARNING,
	  "x has a target that is no address" },
	{ "bad virtual alias",
	  { .virtual_alias_maps = "inline:{ {x@va.example = :b} }" },
	  DIAG_WARNING,
	  "x@va.example has a target that is no address" },
	{ "virtual alias domain",
	  { .virtual_alias_maps = "inline:{ {va.example = :::} }" },
	  DIAG_NOTE,
	  NULL },
	{ "mbox",
	  { .virtual_mailbox_maps = "inline:{ {user@vm.example = user} }" },
	  DIAG_NOTE,
	  "user@vm.example is an mbox file" },
	{ "..",
	  { .virtual_mailbox_maps = "inline:{ {user@vm.example = a/../b/} }" },
	  DIAG_WARNING,
	  "user@vm.example has a path with .." },
	{ "mailbox of no domain",
	  { .virtual_mailbox_maps = "inline:{ {user@vm.example = user/} "
				    "{x@other.example = x/} }" },
	  DIAG_WARNING,
	  "x@other.example is in a domain that virtual_mailbox_domains does "
	  "not have" },
	{ "no mailboxes",
	  { .virtual_mailbox_maps = "" },
	  DIAG_WARNING,
	  "virtual_mailbox_maps is empty" },
	{ "no base directory",
	  { .virtual_mailbox_base = "/nonexistent/x" },
	  DIAG_WARNING,
	  "virtual_mailbox_base = /nonexistent/x: No such file" },
	{ "owners by table",
	  { .virtual_uid_maps = "inline:{ {user@vm.example = 1000} }" },
	  DIAG_WARNING,
	  "are not one static: number each" },
	{ "owner is root",
	  { .virtual_uid_maps = "static:0" },
	  DIAG_WARNING,
	  "mailbox owner 0:1001" },
	{ "owner is too low",
	  { .virtual_uid_maps = "static:99" },
	  DIAG_WARNING,
	  "mailbox owner 99:1001" },
	{ "local and virtual",
	  { .mydestination = "localhost, vm.example" },
	  DIAG_WARNING,
	  "do not list domain vm.example in BOTH mydestination and "
	  "virtual_mailbox_domains" },
	{ "alias and virtual",
	  { .virtual_alias_domains = "vm.example" },
	  DIAG_WARNING,
	  "do not list domain vm.example in BOTH virtual_alias_domains and "
	  "virtual_mailbox_domains" },
	{ "local and alias",
	  { .virtual_alias_domains = "localhost" },
	  DIAG_WARNING,
	  "do not list domain localhost in BOTH mydestination and "
	  "virtual_alias_domains" },
	{ "virtual and relay",
	  { .relay_domains = "vm.example" },
	  DIAG_WARNING,
	  "do not list domain vm.example in BOTH virtual_mailbox_domains and "
	  "relay_domains" },
	{ "relay as mydestination",
	  { .relay_domains = "localhost" },
	  DIAG_NOTE,
	  NULL },
	{ "postmaster is nobody",
	  { .alias_maps = "" },
	  DIAG_WARNING,
	  "mail for postmaster goes to postmaster@localhost and is deferred" },
	{ "postmaster's alias loops",
	  { .alias_maps = "inline:{ {postmaster = x} {x = postmaster} "
			  "}" },
	  DIAG_WARNING,
	  "mail for postmaster is refused: 451 4.6.0" },
	{ "no virtual domains: mailboxes do not matter",
	  { .virtual_mailbox_domains = "",
	    .virtual_mailbox_base = "/nonexistent/x",
	    .alias_maps = "" },
	  DIAG_WARNING,
	  "mail for postmaster goes to" },
};

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct site s;

		CHECK_ROW(rows[i].name);
		open_quiet(&s, rows[i].site);
		CHECK(s.policy != NULL);
		if (s.policy == NULL)
			continue;
		policy_check_cfg(s.policy, &s.diag);
		CHECK(s.diag.errors_n == 0);
		if (rows[i].said != NULL)
			CHECK(site_said(&s, rows[i].level, rows[i].said));
		else
			CHECK(s.diag.first == NULL);
		for (struct diag_line *l = s.diag.first;
		     l != NULL && rows[i].said == NULL; l = l->next)
			fprintf(stderr, "\t%s\n", l->text);
		site_close(&s);
	}
}

/* A few are named, the others counted. */
static void
test_many(void)
{
	struct site_text text = {
		.alias_maps =
			"inline:{ {a = /x, /y} {b = /x} {c = /x} {d = /x} "
			"{e = /x} {f = /x} {g = /x} "
			"{postmaster = user@vm.example} }"
	};
	struct site s;

	CHECK_ROW("many");
	open_quiet(&s, text);
	policy_check_cfg(s.policy, &s.diag);
	CHECK(s.diag.warnings_n == 6);
	CHECK(site_said(&s, DIAG_WARNING,
			"alias_maps: 2 more rows of which "
			"each delivers to a file"));
	site_close(&s);
}

static void
test_owner(void)
{
	static const struct {
		const char *name, *uid, *gid;
		bool ok;
	} owners[] = {
		{ "static", "static:1000", "static:1001", true },
		{ "no uid", "", "static:1001", false },
		{ "no gid", "static:1000", "", false },
		{ "a table", "inline:{ {x = 1} }", "static:1001", false },
		{ "two", "static:1000, static:1000", "static:1001", false },
		{ "a name", "static:vmail", "static:1001", false },
		{ "too high", "static:4294967295", "static:1001", false },
	};

	for (size_t i = 0; i < ARRAY_N(owners); i++) {
		struct site_text text = { .virtual_uid_maps = owners[i].uid,
					  .virtual_gid_maps = owners[i].gid };
		uint32_t uid = 0, gid = 0;
		struct site s;

		CHECK_ROW(owners[i].name);
		site_open(&s, &text);
		CHECK(policy_static_owner(&s.cfg, &uid, &gid) == owners[i].ok);
		if (owners[i].ok)
			CHECK(uid == 1000 && gid == 1001);
		site_close(&s);
	}
}

int
main(void)
{
	test_rows();
	test_many();
	test_owner();
	return check_end();
}
