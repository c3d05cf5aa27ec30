/* SPDX-License-Identifier: BSD-2-Clause */
/* Address classes, completion, ways through this host. */
#include "tests/unit/policy_site.h"

static const struct {
	const char *name, *in;
	enum policy_class_id class;
	bool is_routed, is_own;
	const char *text;
} rows[] = {
	{ "local", "luser@mx.example.org", POLICY_CLASS_LOCAL, false, true,
	  "luser@mx.example.org" },
	{ "local, any case", "luser@LOCALHOST", POLICY_CLASS_LOCAL, false, true,
	  "luser@LOCALHOST" },
	{ "own literal", "luser@[127.0.0.1]", POLICY_CLASS_LOCAL, false, true,
	  "luser@[127.0.0.1]" },
	{ "own IPv6 literal", "luser@[IPv6:::1]", POLICY_CLASS_LOCAL, false,
	  true, "luser@[IPv6:::1]" },
	{ "proxy literal", "luser@[192.0.2.200]", POLICY_CLASS_LOCAL, false,
	  true, "luser@[192.0.2.200]" },
	{ "other literal", "luser@[192.0.2.1]", POLICY_CLASS_DEFAULT, false,
	  false, "luser@[192.0.2.1]" },
	{ "bare", "luser", POLICY_CLASS_DEFAULT, false, true,
	  "luser@origin.example" },
	{ "bare quoted", "\"l user\"", POLICY_CLASS_DEFAULT, false, true,
	  "\"l user\"@origin.example" },
	{ "virtual", "user@vm.example", POLICY_CLASS_VIRTUAL, false, false,
	  "user@vm.example" },
	{ "virtual, any case", "User@VM.example", POLICY_CLASS_VIRTUAL, false,
	  false, "User@VM.example" },
	{ "virtual, no subdomains", "user@sub.vm.example", POLICY_CLASS_DEFAULT,
	  false, false, "user@sub.vm.example" },
	{ "alias", "a1@va.example", POLICY_CLASS_ALIAS, false, false,
	  "a1@va.example" },
	{ "relay", "x@relay.example", POLICY_CLASS_RELAY, false, false,
	  "x@relay.example" },
	{ "relay subdomain", "x@sub.relay.example", POLICY_CLASS_RELAY, false,
	  false, "x@sub.relay.example" },
	{ "foreign", "x@foreign.example", POLICY_CLASS_DEFAULT, false, false,
	  "x@foreign.example" },
	{ "percent in virtual", "a%b@vm.example", POLICY_CLASS_VIRTUAL, true,
	  false, "a%b@vm.example" },
	{ "bang in virtual", "a!b@vm.example", POLICY_CLASS_VIRTUAL, true,
	  false, "a!b@vm.example" },
	{ "at in virtual", "\"a@b\"@vm.example", POLICY_CLASS_VIRTUAL, true,
	  false, "\"a@b\"@vm.example" },
	{ "percent through us", "user%vm.example@mx.example.org",
	  POLICY_CLASS_VIRTUAL, false, false, "user@vm.example" },
	{ "at through us", "\"user@vm.example\"@mx.example.org",
	  POLICY_CLASS_VIRTUAL, false, false, "user@vm.example" },
	{ "bang through us", "vm.example!user@mx.example.org",
	  POLICY_CLASS_VIRTUAL, false, false, "user@vm.example" },
	{ "percent to us again", "a%foreign.example%localhost@mx.example.org",
	  POLICY_CLASS_DEFAULT, false, false, "a@foreign.example" },
	{ "percent, bare", "user%vm.example", POLICY_CLASS_VIRTUAL, false,
	  false, "user@vm.example" },
	{ "bang, bare", "vm.example!user", POLICY_CLASS_VIRTUAL, false, false,
	  "user@vm.example" },
	{ "bang path", "vm.example!a!b", POLICY_CLASS_VIRTUAL, true, false,
	  "a!b@vm.example" },
	{ "short host", "user@vm", POLICY_CLASS_DEFAULT, false, false,
	  "user@vm" },
};

static void
test_classes(const struct site *s)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct addr a = site_addr(rows[i].in);
		struct policy_addr out;

		CHECK_ROW(rows[i].name);
		CHECK(policy_resolve(s->policy, &a, &out) == POLICY_RESOLVE_OK);
		CHECK(out.class == rows[i].class);
		CHECK(out.is_routed == rows[i].is_routed);
		CHECK(out.is_own == rows[i].is_own);
		CHECK_SPAN(addr_span(out.addr), rows[i].text);
	}
}

static void
test_bad(const struct site *s)
{
	static const char *const bad[] = {
		"a%@mx.example.org", "%b@mx.example.org",   "!b@localhost",
		"a%b..c@localhost",  "\"a@b c\"@localhost", "a%",
	};
	struct policy_addr out;

	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		struct addr a = site_addr(bad[i]);

		CHECK_ROW(bad[i]);
		CHECK(policy_resolve(s->policy, &a, &out) ==
		      POLICY_RESOLVE_BAD);
	}
}

/* Through us again and again ends. */
static void
test_hops(const struct site *s)
{
	char text[ADDR_BYTES_MAX + 1] = "u%foreign.example";
	struct policy_addr out;
	struct addr a;

	CHECK_ROW("many hops");
	for (int i = 0; i < 30; i++)
		strcat(text, "%localhost");
	strcat(text, "@localhost");
	a = site_addr(text);
	CHECK(policy_resolve(s->policy, &a, &out) == POLICY_RESOLVE_BAD);
}

static void
test_append_dot(void)
{
	static const struct site_text text = { .is_append_dot = true };
	struct addr a = site_addr("\"a b\"@mx"), b = site_addr("c@[127.0.0.1]");
	struct policy_addr out;
	struct site s;

	site_open(&s, &text);
	CHECK_ROW("append_dot_mydomain");
	CHECK(policy_resolve(s.policy, &a, &out) == POLICY_RESOLVE_OK);
	CHECK_SPAN(addr_span(out.addr), "\"a b\"@mx.example.org");
	CHECK(out.class == POLICY_CLASS_LOCAL);
	CHECK(policy_resolve(s.policy, &b, &out) == POLICY_RESOLVE_OK);
	CHECK_SPAN(addr_span(out.addr), "c@[127.0.0.1]");
	site_close(&s);
}

static void
test_trouble(void)
{
	static const struct site_text texts[] = {
		{ .mydestination = "fail:x" },
		{ .virtual_alias_domains = "fail:x" },
		{ .virtual_mailbox_domains = "fail:x" },
		{ .relay_domains = "fail:x" },
	};
	struct addr a = site_addr("x@foreign.example");
	struct policy_addr out;
	struct site s;

	CHECK_ROW("a table fails");
	for (size_t i = 0; i < ARRAY_N(texts); i++) {
		site_open(&s, &texts[i]);
		CHECK(policy_resolve(s.policy, &a, &out) ==
		      POLICY_RESOLVE_ERROR);
		site_close(&s);
	}
}

static void
test_ext(void)
{
	static const struct {
		const char *name, *delimiters, *local;
		size_t at;
	} exts[] = {
		{ "none", "+", "user", 4 },
		{ "one", "+", "user+ext", 4 },
		{ "first counts", "+", "user+a+b", 4 },
		{ "of a set", "-+", "user+a-b", 4 },
		{ "of a set, the other", "-+", "user-a+b", 4 },
		{ "nothing before it", "+", "+ext", 4 },
		{ "nothing behind it", "+", "user+", 4 },
		{ "no delimiter", "", "user+ext", 8 },
		{ "postmaster is whole", "o", "postmaster", 10 },
		{ "mailer-daemon is whole", "-", "MAILER-DAEMON", 13 },
		{ "owner- is whole", "-", "owner-list", 10 },
		{ "owner- is not, with +", "+", "owner-list+x", 10 },
		{ "-request is whole", "-", "list-request", 12 },
		{ "request alone is not", "-", "x-requests", 1 },
	};

	for (size_t i = 0; i < ARRAY_N(exts); i++) {
		struct site_text text = { .recipient_delimiter =
						  exts[i].delimiters };
		struct site s;

		CHECK_ROW(exts[i].name);
		site_open(&s, &text);
		CHECK(policy_ext_at(s.policy, span_of(exts[i].local)) ==
		      exts[i].at);
		site_close(&s);
	}
}

static void
test_print(void)
{
	char text[ADDR_BYTES_MAX + 1];
	struct addr a = site_addr("\"a \\\"b@c\"@vm.example");

	CHECK_ROW("print");
	policy_print_addr(&a, text);
	CHECK(strcmp(text, "a \"b@c@vm.example") == 0);
	a = site_addr("");
	policy_print_addr(&a, text);
	CHECK(strcmp(text, "") == 0);
}

int
main(void)
{
	struct site s;

	site_open(&s, &site_default);
	test_classes(&s);
	test_bad(&s);
	test_hops(&s);
	site_close(&s);
	test_append_dot();
	test_trouble();
	test_ext();
	test_print();
	return check_end();
}
