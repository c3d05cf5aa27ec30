/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that an address is looked up by, and their order. */
#include "tests/unit/policy_site.h"

#define FULL   "{a+b@vm.example = full} "
#define BARE   "{a@vm.example = bare} "
#define DOMAIN "{@vm.example = domain} "

#define QUOTED NULL /* the site's table with quoted keys */

static const struct {
	const char *name, *table, *in, *value; /* value NULL: not found */
	bool is_ext_left;
} rows[] = {
	{ "full", "{a@vm.example = x}", "a@vm.example", "x", false },
	{ "full, case", "{a@vm.example = x}", "A@VM.Example", "x", false },
	{ "full before bare", FULL BARE DOMAIN, "a+b@vm.example", "full",
	  false },
	{ "bare before domain", BARE DOMAIN, "a+b@vm.example", "bare", true },
	{ "domain last", DOMAIN, "a+b@vm.example", "domain", false },
	{ "other extension", FULL BARE, "a+c@vm.example", "bare", true },
	{ "empty extension", BARE, "a+@vm.example", "bare", true },
	{ "no parent domain", "{@example = x}", "a@vm.example", NULL, false },
	{ "no bare domain", "{vm.example = x}", "a@vm.example", NULL, false },
	{ "user, elsewhere", "{a = x}", "a@vm.example", NULL, false },
	{ "user, local", "{a = x}", "a@localhost", "x", false },
	{ "user, own literal", "{a = x}", "a@[127.0.0.1]", "x", false },
	{ "user, myorigin", "{a = x}", "a@origin.example", "x", false },
	{ "user, no domain given", "{a = x}", "a", "x", false },
	{ "user+ext, local", "{a+b = x} {a = y}", "a+b@localhost", "x", false },
	{ "user without ext, local", "{a = x}", "a+b@localhost", "x", true },
	{ "address before user", "{a@localhost = x} {a = y}", "a@localhost",
	  "x", false },
	{ "bare address before user+ext", "{a@localhost = x} {a+b = y}",
	  "a+b@localhost", "x", true },
	{ "user before domain", "{a = x} {@localhost = y}", "a@localhost", "x",
	  false },
	{ "quoted", QUOTED, "\"a b\"@find.example", "found/", false },
	{ "quoted with ext", QUOTED, "\"a b+c\"@find.example", "found/", true },
	{ "quotes end with the ext", "{a@vm.example = x}",
	  "\"a+b c\"@vm.example", "x", true },
	{ "quoted, user, local", QUOTED, "\"loc al\"@localhost", "local/",
	  false },
	{ "quoted, user, elsewhere", QUOTED, "\"loc al\"@vm.example", NULL,
	  false },
	{ "dots", "{a..b@vm.example = x}", "\"a..b\"@vm.example", "x", false },
	{ "empty local part", "{@vm.example = x} {\"\"@vm.example = y}",
	  "\"\"@vm.example", "y", false },
	{ "not there", "{b@vm.example = x}", "a@vm.example", NULL, false },
};

int
main(void)
{
	struct site s;

	site_open(&s, &site_default);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct addr a = site_addr(rows[i].in);
		struct policy_hit hit;
		struct table_buf buf;
		struct policy_addr addr;
		char text[512];
		struct maps *maps;
		bool found;

		CHECK_ROW(rows[i].name);
		snprintf(text, sizeof(text), "inline:{ %s }",
			 rows[i].table ? rows[i].table : "none=none");
		maps = site_maps(&s, text);
		CHECK(policy_resolve(s.policy, &a, &addr) == POLICY_RESOLVE_OK);
		found = policy_find(s.policy,
				    rows[i].table ? maps
						  : s.cfg.virtual_mailbox_maps,
				    &addr, &buf, &hit) == TABLE_FOUND;
		CHECK(found == (rows[i].value != NULL));
		if (found) {
			CHECK_SPAN(hit.value, rows[i].value);
			CHECK(hit.is_ext_left == rows[i].is_ext_left);
		}
		maps_close(&maps);
	}
	CHECK_ROW("a table fails");
	{
		struct maps *maps = site_maps(&s, "fail:x");
		struct addr a = site_addr("a@vm.example");
		struct policy_addr addr;
		struct policy_hit hit;
		struct table_buf buf;

		CHECK(policy_resolve(s.policy, &a, &addr) == POLICY_RESOLVE_OK);
		CHECK(policy_find(s.policy, maps, &addr, &buf, &hit) ==
		      TABLE_ERROR);
		CHECK(policy_find(s.policy, NULL, &addr, &buf, &hit) ==
		      TABLE_NOT_FOUND);
		maps_close(&maps);
	}
	site_close(&s);
	return check_end();
}
