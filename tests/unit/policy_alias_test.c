/* SPDX-License-Identifier: BSD-2-Clause */
/* Right-hand sides of aliases, cut into targets. */
#include "tests/unit/policy_site.h"

static void
test_next(void)
{
	static const struct {
		const char *name, *text;
		const char *elems[4];
	} rows[] = {
		{ "one", "a@b", { "a@b" } },
		{ "commas", "a@b, c@d,e", { "a@b", "c@d", "e" } },
		{ "blanks", "a@b  c@d\te", { "a@b", "c@d", "e" } },
		{ "empty elements", ",a,, b,", { "a", "b" } },
		{ "nothing", " , ", { NULL } },
		{ "comments", "(x) a (y, z), b(c)", { "a", "b" } },
		{ "nested comment", "a (x (y) z) b", { "a", "b" } },
		{ "open comment", "a (x, b", { "a" } },
		{ "quoted comma", "\"a,b\"@c, d", { "\"a,b\"@c", "d" } },
		{ "quoted blank", "\"a b\"@c d", { "\"a b\"@c", "d" } },
		{ "escaped quote",
		  "\"a\\\",b\"@c, d",
		  { "\"a\\\",b\"@c", "d" } },
		{ "open quote", "\"a, b", { "\"a, b" } },
		{ "angle", "Foo Bar <a@b>, c", { "a@b", "c" } },
		{ "angle, quoted name", "\"Foo, B\" <a@b>, c", { "a@b", "c" } },
		{ "angle with blanks", "< a@b >", { "a@b" } },
		{ "angle, comma in quotes", "<\"a,b\"@c>", { "\"a,b\"@c" } },
		{ "empty angle", "<>, a", { "", "a" } },
		{ "command",
		  "\"|/bin/x a, b\", c",
		  { "\"|/bin/x a, b\"", "c" } },
		{ "backslash at the end", "a\\", { "a\\" } },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span rest = span_of(rows[i].text), elem;
		unsigned n = 0;

		CHECK_ROW(rows[i].name);
		while (policy_rhs_next(&rest, &elem)) {
			CHECK(n < 4 && rows[i].elems[n] != NULL);
			if (n < 4 && rows[i].elems[n] != NULL)
				CHECK_SPAN(elem, rows[i].elems[n]);
			n++;
		}
		CHECK(n == 4 || rows[i].elems[n] == NULL);
	}
}

static void
test_read(const struct site *s)
{
	static const struct {
		const char *name, *elem, *from;
		bool is_ext_left, is_propagated, is_local;
		enum policy_target target;
		const char *text;
	} rows[] = {
		{ "address", "x@y", "a@b", false, true, false,
		  POLICY_TARGET_ADDR, "x@y" },
		{ "bare name", "x", "a@b", false, true, false,
		  POLICY_TARGET_ADDR, "x" },
		{ "trailing dot", "x@y.", "a@b", false, true, false,
		  POLICY_TARGET_ADDR, "x@y" },
		{ "extension goes on", "x@y", "a+e@b", true, true, false,
		  POLICY_TARGET_ADDR, "x+e@y" },
		{ "extension behind one", "x+f@y", "a+e@b", true, true, false,
		  POLICY_TARGET_ADDR, "x+f+e@y" },
		{ "extension was matched", "x@y", "a+e@b", false, true, false,
		  POLICY_TARGET_ADDR, "x@y" },
		{ "extension stays", "x@y", "a+e@b", true, false, false,
		  POLICY_TARGET_ADDR, "x@y" },
		{ "extension of quotes", "\"x z\"@y", "\"a+e f\"@b", true, true,
		  false, POLICY_TARGET_ADDR, "\"x z+e f\"@y" },
		{ "extension, bare name", "x", "a+e@b", true, true, false,
		  POLICY_TARGET_ADDR, "x+e" },
		{ "user moves", "@y", "a@b", false, true, false,
		  POLICY_TARGET_ADDR, "a@y" },
		{ "user moves with ext", "@y", "a+e@b", true, true, false,
		  POLICY_TARGET_ADDR, "a+e@y" },
		{ "user moves without ext", "@y", "a+e@b", true, false, false,
		  POLICY_TARGET_ADDR, "a@y" },
		{ "user moves whole", "@y", "a+e@b", false, false, false,
		  POLICY_TARGET_ADDR, "a+e@y" },
		{ "user moves, quoted", "@y", "\"a b\"@b", false, false, false,
		  POLICY_TARGET_ADDR, "\"a b\"@y" },
		{ "domain missing", "@", "a@b", false, true, false,
		  POLICY_TARGET_BAD, NULL },
		{ "two domains", "x@y@z", "a@b", false, true, false,
		  POLICY_TARGET_BAD, NULL },
		{ "empty", "", "a@b", false, true, false, POLICY_TARGET_BAD,
		  NULL },
		{ "command", "|/bin/x", "a@b", false, false, true,
		  POLICY_TARGET_COMMAND, NULL },
		{ "command, quoted", "\"|/bin/x y\"", "a@b", false, false, true,
		  POLICY_TARGET_COMMAND, NULL },
		{ "file", "/var/x", "a@b", false, false, true,
		  POLICY_TARGET_FILE, NULL },
		{ "file, quoted", "\"/var/x\"", "a@b", false, false, true,
		  POLICY_TARGET_FILE, NULL },
		{ "include", ":include:/x", "a@b", false, false, true,
		  POLICY_TARGET_INCLUDE, NULL },
		{ "include, case", ":Include:/x", "a@b", false, false, true,
		  POLICY_TARGET_INCLUDE, NULL },
		{ "user itself", "\\x", "a@b", false, false, true,
		  POLICY_TARGET_USER, "x" },
		{ "command is a name in virtual", "|/bin/x", "a@b", false,
		  false, false, POLICY_TARGET_ADDR, "|/bin/x" },
		{ "file is a name in virtual", "/etc/x", "a@b", false, false,
		  false, POLICY_TARGET_ADDR, "/etc/x" },
		{ "include in virtual", ":include:/x", "a@b", false, false,
		  false, POLICY_TARGET_BAD, NULL },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct addr from = site_addr(rows[i].from), out;

		CHECK_ROW(rows[i].name);
		CHECK(policy_target_read(
			      s->policy, span_of(rows[i].elem), &from,
			      rows[i].is_ext_left, rows[i].is_propagated,
			      rows[i].is_local, &out) == rows[i].target);
		if (rows[i].text != NULL)
			CHECK_SPAN(addr_span(&out), rows[i].text);
	}
}

/* An extension that makes an address too long makes it no address. */
static void
test_long(const struct site *s)
{
	char text[ADDR_BYTES_MAX + 1] = "a+";
	struct addr from, out;
	size_t n = 2;

	while (n < ADDR_BYTES_MAX - 4)
		text[n++] = 'e';
	memcpy(text + n, "@b", 3);
	from = site_addr(text);
	CHECK_ROW("too long");
	CHECK(policy_target_read(s->policy, SPAN("long-enough@y.example"),
				 &from, true, true, false,
				 &out) == POLICY_TARGET_BAD);
	CHECK(policy_target_read(s->policy, SPAN("@long-enough.y.example"),
				 &from, false, true, false,
				 &out) == POLICY_TARGET_BAD);
}

int
main(void)
{
	struct site s;

	site_open(&s, &site_default);
	test_next();
	test_read(&s);
	test_long(&s);
	site_close(&s);
	return check_end();
}
