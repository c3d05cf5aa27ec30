/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths and addresses: what is taken, what canonical form it gets. */
#include "engine/base/addr.h"
#include "tests/unit/check.h"

#define L64  "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh"
#define L63  "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhh"
#define L256 L64 L64 L64 L64

static const struct {
	const char *name, *in, *text, *local, *domain, *rest;
} good_paths[] = {
	{ "plain", "<a@b.c>", "a@b.c", "a", "b.c", "" },
	{ "RFC 5321 D.1", "<Smith@bar.com>", "Smith@bar.com", "Smith",
	  "bar.com", "" },
	{ "null path", "<>", "", "", "", "" },
	{ "null path with blank", "< >", "", "", "", "" },
	{ "null path, parameters", "<> SIZE=1", "", "", "", " SIZE=1" },
	{ "blank after the colon", "  <a@b>", "a@b", "a", "b", "" },
	{ "blanks inside brackets", "< a@b >", "a@b", "a", "b", "" },
	{ "parameters left", "<a@b> BODY=7BIT", "a@b", "a", "b", " BODY=7BIT" },
	{ "text left behind >", "<a@b>x", "a@b", "a", "b", "x" },
	{ "no brackets", "a@b.c", "a@b.c", "a", "b.c", "" },
	{ "no brackets, parameters", "a@b SIZE=1", "a@b", "a", "b", " SIZE=1" },
	{ "postmaster", "<postmaster>", "postmaster", "postmaster", "", "" },
	{ "Postmaster", "<PostMaster>", "PostMaster", "PostMaster", "", "" },
	{ "bare, no brackets", "user", "user", "user", "", "" },
	{ "case kept", "<John.DOE@Example.COM>", "John.DOE@Example.COM",
	  "John.DOE", "Example.COM", "" },
	{ "trailing dot", "<a@b.c.>", "a@b.c", "a", "b.c", "" },
	{ "source route", "<@x.y:a@b>", "a@b", "a", "b", "" },
	{ "RFC 5321 F.2 route", "<@hosta.int,@jkl.org:userc@d.bar.org>",
	  "userc@d.bar.org", "userc", "d.bar.org", "" },
	{ "source route, literal", "<@[192.0.2.1]:a@b>", "a@b", "a", "b", "" },
	{ "source route, bare user", "<@x.y:joe>", "joe", "joe", "", "" },
	{ "extension", "<a+b@c>", "a+b@c", "a+b", "c", "" },
	{ "all of atext", "<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b",
	  "!#$%&'*+-/=?^_`{|}~", "b", "" },
	{ "quoted at", "<\"a@b\"@c>", "\"a@b\"@c", "\"a@b\"", "c", "" },
	{ "quoted quote", "<\"a\\\"b\"@c>", "\"a\\\"b\"@c", "\"a\\\"b\"", "c",
	  "" },
	{ "quoted backslash", "<\"a\\\\b\"@c>", "\"a\\\\b\"@c", "\"a\\\\b\"",
	  "c", "" },
	{ "RFC 5321 4.1.2 quoted", "<\"Joe Q. Public\"@x.y>",
	  "\"Joe Q. Public\"@x.y", "\"Joe Q. Public\"", "x.y", "" },
	{ "needless quotes", "<\"abc\"@d>", "abc@d", "abc", "d", "" },
	{ "needless escape", "<\"a\\bc\"@d>", "abc@d", "abc", "d", "" },
	{ "RFC 3696 3 escape", "<Abc\\@def@example.com>",
	  "\"Abc@def\"@example.com", "\"Abc@def\"", "example.com", "" },
	{ "RFC 3696 3 space", "<Fred\\ Bloggs@example.com>",
	  "\"Fred Bloggs\"@example.com", "\"Fred Bloggs\"", "example.com", "" },
	{ "RFC 822 words", "<\"a b\".c@d>", "\"a b.c\"@d", "\"a b.c\"", "d",
	  "" },
	{ "quoted >", "<\"a>b\"@c>", "\"a>b\"@c", "\"a>b\"", "c", "" },
	{ "quoted blank, no brackets", "\"a b\"@c SIZE=1", "\"a b\"@c",
	  "\"a b\"", "c", " SIZE=1" },
	{ "empty quoted local", "<\"\"@b>", "\"\"@b", "\"\"", "b", "" },
	{ "leading dot", "<.a@b>", "\".a\"@b", "\".a\"", "b", "" },
	{ "trailing local dot", "<a.@b>", "\"a.\"@b", "\"a.\"", "b", "" },
	{ "double dot", "<a..b@c>", "\"a..b\"@c", "\"a..b\"", "c", "" },
	{ "IPv4 literal", "<a@[192.0.2.1]>", "a@[192.0.2.1]", "a",
	  "[192.0.2.1]", "" },
	{ "IPv6 literal", "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", "a",
	  "[IPv6:2001:db8::1]", "" },
	{ "IPv6 literal, case", "<a@[ipv6:::1]>", "a@[ipv6:::1]", "a",
	  "[ipv6:::1]", "" },
	{ "literal, trailing dot", "<a@[192.0.2.1].>", "a@[192.0.2.1]", "a",
	  "[192.0.2.1]", "" },
	{ "underscore", "<a@b_c.d>", "a@b_c.d", "a", "b_c.d", "" },
	{ "digit label", "<a@1.example>", "a@1.example", "a", "1.example", "" },
	{ "hyphen", "<a@b-c>", "a@b-c", "a", "b-c", "" },
	{ "UTF-8 local", "<\xc3\xbc@b>", "\xc3\xbc@b", "\xc3\xbc", "b", "" },
	{ "UTF-8 domain", "<a@b\xc3\xbc.c>", "a@b\xc3\xbc.c", "a",
	  "b\xc3\xbc.c", "" },
	{ "UTF-8, four bytes", "<\xf0\x9f\x93\xa7@b>", "\xf0\x9f\x93\xa7@b",
	  "\xf0\x9f\x93\xa7", "b", "" },
	{ "64 byte local", "<" L64 "@b>", L64 "@b", L64, "b", "" },
	{ "63 byte label", "<a@" L63 ".b>", "a@" L63 ".b", "a", L63 ".b", "" },
	{ "512 bytes, bare", "<" L256 L256 ">", L256 L256, L256 L256, "", "" },
	{ "VERP", "<bounce-1+joe=example.com@l.x>",
	  "bounce-1+joe=example.com@l.x", "bounce-1+joe=example.com", "l.x",
	  "" },
};

static const struct {
	const char *name, *in;
	enum addr_result want;
} bad_paths[] = {
	{ "nothing", "", ADDR_BAD },
	{ "blanks", "   ", ADDR_BAD },
	{ "no end", "<a@b", ADDR_BAD },
	{ "no end, null", "<", ADDR_BAD },
	{ "null without brackets, parameter", "=<>", ADDR_BAD },
	{ "brackets inside", "<<a@b>>", ADDR_BAD },
	{ "end only", ">", ADDR_BAD },
	{ "stray end", "a@b>", ADDR_BAD },
	{ "no local part", "<@b>", ADDR_BAD },
	{ "no domain", "<a@>", ADDR_BAD },
	{ "two domains", "<a@b@c>", ADDR_BAD },
	{ "two addresses", "<a@b,c@d>", ADDR_BAD },
	{ "blank inside", "<a b@c>", ADDR_BAD },
	{ "comment", "<a(b)@c>", ADDR_BAD },
	{ "semicolon", "<a;b@c>", ADDR_BAD },
	{ "colon", "<a:b@c>", ADDR_BAD },
	{ "open quote", "<\"a@b>", ADDR_BAD },
	{ "open escape", "<a\\", ADDR_BAD },
	{ "quotes in the domain", "<a@\"b\">", ADDR_BAD },
	{ "dot domain", "<a@.>", ADDR_BAD },
	{ "leading dot domain", "<a@.b>", ADDR_BAD },
	{ "double dot domain", "<a@b..c>", ADDR_BAD },
	{ "two trailing dots", "<a@b..>", ADDR_BAD },
	{ "leading hyphen", "<a@-b>", ADDR_BAD },
	{ "trailing hyphen", "<a@b-.c>", ADDR_BAD },
	{ "trailing hyphen, end", "<a@b->", ADDR_BAD },
	{ "bad host character", "<a@b!c>", ADDR_BAD },
	{ "numeric domain", "<a@192.0.2.1>", ADDR_BAD },
	{ "64 byte label", "<a@" L64 ".b>", ADDR_BAD },
	{ "256 byte domain", "<a@" L63 "." L63 "." L63 "." L63 ".b>",
	  ADDR_BAD },
	{ "literal open", "<a@[192.0.2.1>", ADDR_BAD },
	{ "literal empty", "<a@[]>", ADDR_BAD },
	{ "literal trailing", "<a@[192.0.2.1]x>", ADDR_BAD },
	{ "literal number", "<a@[192.0.2.256]>", ADDR_BAD },
	{ "literal short", "<a@[192.0.2]>", ADDR_BAD },
	{ "IPv6 without tag", "<a@[2001:db8::1]>", ADDR_BAD },
	{ "IPv4 with tag", "<a@[IPv6:192.0.2.1]>", ADDR_BAD },
	{ "IPv6 bad", "<a@[IPv6:1::2::3]>", ADDR_BAD },
	{ "general literal", "<a@[x-tag:abc]>", ADDR_BAD },
	{ "route without mailbox", "<@b:>", ADDR_BAD },
	{ "route without colon", "<@a,b@c>", ADDR_BAD },
	{ "route with comma end", "<@a,:b@c>", ADDR_BAD },
	{ "route, bad host", "<@-a:b@c>", ADDR_BAD },
	{ "tab in quotes", "<\"a\tb\"@c>", ADDR_BAD },
	{ "CR in quotes", "<\"a\rb\"@c>", ADDR_BAD },
	{ "LF escaped", "<a\\\nb@c>", ADDR_BAD },
	{ "DEL", "<\"a\x7f\"@c>", ADDR_BAD },
	{ "UTF-8 alone", "<\xbc@b>", ADDR_BAD },
	{ "UTF-8 cut", "<a@b\xc3>", ADDR_BAD },
	{ "UTF-8 overlong", "<\xc0\xaf@b>", ADDR_BAD },
	{ "UTF-8 overlong 3", "<\xe0\x80\xaf@b>", ADDR_BAD },
	{ "UTF-8 surrogate", "<\xed\xa0\x80@b>", ADDR_BAD },
	{ "UTF-8 too high", "<\xf4\x90\x80\x80@b>", ADDR_BAD },
	{ "513 bytes, bare", "<" L256 L256 "x>", ADDR_TOO_LONG },
	{ "512 byte local", "<" L256 L256 "@b>", ADDR_TOO_LONG },
	{ "quoting makes it long", "<\"@" L256 L256 "\">", ADDR_TOO_LONG },
	{ "domain is far too long", "<a@" L256 L256 "x>", ADDR_TOO_LONG },
};

static void
test_good_paths(void)
{
	for (size_t i = 0; i < ARRAY_N(good_paths); i++) {
		struct span in = span_of(good_paths[i].in);
		const char *why = "";
		struct addr a, again;

		CHECK_ROW(good_paths[i].name);
		CHECK(addr_parse_path(&in, &a, &why) == ADDR_OK);
		CHECK_SPAN(addr_span(&a), good_paths[i].text);
		CHECK_SPAN(addr_local(&a), good_paths[i].local);
		CHECK_SPAN(addr_domain(&a), good_paths[i].domain);
		CHECK_SPAN(in, good_paths[i].rest);
		CHECK(strcmp(a.text, good_paths[i].text) == 0);
		CHECK(a.is_literal ==
		      (addr_domain(&a).len > 0 && addr_domain(&a).p[0] == '['));
		if (a.len == 0)
			continue;
		CHECK(addr_parse(addr_span(&a), &again, &why) == ADDR_OK);
		CHECK_SPAN(addr_span(&again), a.text);
	}
}

static void
test_bad_paths(void)
{
	for (size_t i = 0; i < ARRAY_N(bad_paths); i++) {
		struct span in = span_of(bad_paths[i].in);
		const char *why = NULL;
		struct addr a;

		CHECK_ROW(bad_paths[i].name);
		CHECK(addr_parse_path(&in, &a, &why) == bad_paths[i].want);
		CHECK(why != NULL);
	}
}

static void
test_nul(void)
{
	static const struct span rows[] = {
		{ "<a\0b@c>", 7 },	   { "<a@b\0c>", 7 },
		{ "<\"a\0\"@c>", 8 },	   { "<a\\\0b@c>", 8 },
		{ "<a@[1.2.3.4\0]>", 14 },
	};

	CHECK_ROW("NUL");
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span in = rows[i];
		const char *why;
		struct addr a;

		CHECK(addr_parse_path(&in, &a, &why) == ADDR_BAD);
	}
}

static void
test_parse(void)
{
	static const struct {
		const char *name, *in, *text; /* text NULL: bad */
	} rows[] = {
		{ "plain", "a@b", "a@b" },
		{ "bare", "root", "root" },
		{ "quoted", "\"a b\"@c", "\"a b\"@c" },
		{ "quoted comma", "\"a,b\"@c", "\"a,b\"@c" },
		{ "empty", "", NULL },
		{ "brackets", "<a@b>", NULL },
		{ "blank behind", "a@b ", NULL },
		{ "blank before", " a@b", NULL },
		{ "domain only", "@b", NULL },
		{ "route", "@a:b@c", NULL },
		{ "command", "|/bin/x", "|/bin/x" },
		{ "include", ":include:/x", NULL },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const char *why;
		struct addr a;
		bool ok;

		CHECK_ROW(rows[i].name);
		ok = addr_parse(span_of(rows[i].in), &a, &why) == ADDR_OK;
		CHECK(ok == (rows[i].text != NULL));
		if (ok)
			CHECK_SPAN(addr_span(&a), rows[i].text);
	}
}

static void
test_unquote(void)
{
	static const struct {
		const char *name, *in, *plain;
	} rows[] = {
		{ "plain", "abc@d", "abc" },
		{ "bare", "abc", "abc" },
		{ "blank", "\"a b\"@d", "a b" },
		{ "escapes", "\"a\\\"\\\\b\"@d", "a\"\\b" },
		{ "at", "\"a@b\"@c", "a@b" },
		{ "empty", "\"\"@c", "" },
		{ "bare quoted", "\"a b\"", "a b" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char plain[ADDR_BYTES_MAX];
		const char *why;
		struct addr a;

		CHECK_ROW(rows[i].name);
		CHECK(addr_parse(span_of(rows[i].in), &a, &why) == ADDR_OK);
		CHECK_SPAN(((struct span) { plain, addr_unquote(&a, plain) }),
			   rows[i].plain);
	}
}

static void
test_make(void)
{
	static const struct {
		const char *name, *local, *domain, *text; /* NULL: bad */
	} rows[] = {
		{ "plain", "a", "b.c", "a@b.c" },
		{ "no domain", "a", "", "a" },
		{ "quotes", "a b", "c", "\"a b\"@c" },
		{ "escapes", "a\"\\", "c", "\"a\\\"\\\\\"@c" },
		{ "dots", "a..b", "c", "\"a..b\"@c" },
		{ "trailing dot", "a", "c.", "a@c" },
		{ "empty local", "", "c", "\"\"@c" },
		{ "literal", "a", "[192.0.2.1]", "a@[192.0.2.1]" },
		{ "bad domain", "a", "b c", NULL },
		{ "control", "a\n", "c", NULL },
		{ "bad UTF-8", "\xff", "c", NULL },
		{ "too long", L256 L256, "c", NULL },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		const char *why;
		struct addr a;
		bool ok;

		CHECK_ROW(rows[i].name);
		ok = addr_make(span_of(rows[i].local), span_of(rows[i].domain),
			       &a, &why) == ADDR_OK;
		CHECK(ok == (rows[i].text != NULL));
		if (ok)
			CHECK_SPAN(addr_span(&a), rows[i].text);
	}
}

static void
test_flags(void)
{
	const char *why;
	struct addr a;

	CHECK_ROW("flags");
	CHECK(addr_parse(SPAN("a@b"), &a, &why) == ADDR_OK);
	CHECK(!a.is_utf8 && !a.is_literal);
	CHECK(addr_parse(SPAN("\xc3\xbc@b"), &a, &why) == ADDR_OK);
	CHECK(a.is_utf8 && !a.is_literal);
	CHECK(addr_parse(SPAN("a@[::1]"), &a, &why) == ADDR_BAD);
	CHECK(addr_parse(SPAN("a@[IPv6:::1]"), &a, &why) == ADDR_OK);
	CHECK(!a.is_utf8 && a.is_literal);
}

int
main(void)
{
	test_good_paths();
	test_bad_paths();
	test_nul();
	test_parse();
	test_unquote();
	test_make();
	test_flags();
	return check_end();
}
