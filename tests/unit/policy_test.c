/* SPDX-License-Identifier: BSD-2-Clause */
/* policy_open(): what a configuration must have, and what is refused. */
#include "tests/unit/policy_site.h"

static const struct {
	const char *name;
	struct site_text site;
	const char *error; /* NULL: opens */
} rows[] = {
	{ "default", { .relay = NULL }, NULL },
	{ "transport with colon", { .virtual_transport = "virtual:" }, NULL },
	{ "transport by default", { .virtual_transport = "" }, NULL },
	{ "transport of another kind",
	  { .virtual_transport = "dovecot" },
	  "virtual_transport = dovecot: only virtual" },
	{ "transport does not matter",
	  { .virtual_transport = "dovecot", .virtual_mailbox_domains = "" },
	  NULL },
	{ "base missing",
	  { .virtual_mailbox_base = "" },
	  "virtual_mailbox_base = : give the directory" },
	{ "base relative",
	  { .virtual_mailbox_base = "mail" },
	  "virtual_mailbox_base = mail: give the directory" },
	{ "base does not matter",
	  { .virtual_mailbox_base = "", .virtual_mailbox_domains = "" },
	  NULL },
	{ "propagation, all",
	  { .propagate = "canonical,virtual,alias,forward,"
			 "include generic" },
	  NULL },
	{ "propagation, unknown",
	  { .propagate = "virtual, vrtual" },
	  "propagate_unmatched_extensions: unknown word \"vrtual\"" },
};

static void
test_open(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct site s;

		CHECK_ROW(rows[i].name);
		site_open(&s, &rows[i].site);
		CHECK((s.policy == NULL) == (rows[i].error != NULL));
		CHECK((s.diag.errors_n > 0) == (rows[i].error != NULL));
		if (rows[i].error != NULL)
			CHECK(site_said(&s, DIAG_ERROR, rows[i].error));
		site_close(&s);
		CHECK(s.policy == NULL);
	}
}

/* What main.cf leaves out is as Postfix has it. */
static void
test_defaults(void)
{
	struct policy *p;
	struct site s;

	CHECK_ROW("defaults");
	site_open(&s, &site_default);
	policy_close(&s.policy);
	s.cfg.propagate_extensions = NULL;
	s.cfg.parent_subdomains = NULL;
	p = policy_open(&s.cfg, "smtp", &s.diag);
	CHECK(p != NULL);
	if (p != NULL)
		CHECK(p->is_canonical_ext && p->is_virtual_ext &&
		      !p->is_alias_ext && p->is_access_parent);
	policy_close(&p);
	policy_close(&p);
	site_close(&s);
}

/* All that is wrong is said at once. */
static void
test_several(void)
{
	struct site_text text = { .virtual_mailbox_base = "",
				  .propagate = "x",
				  .client = "y" };
	struct site s;

	CHECK_ROW("several errors");
	site_open(&s, &text);
	CHECK(s.diag.errors_n == 3);
	site_close(&s);
}

int
main(void)
{
	test_open();
	test_defaults();
	test_several();
	return check_end();
}
