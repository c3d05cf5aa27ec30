/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Match lists: what Postfix 3.7's manuals say of mynetworks, relay_domains and
 * mydestination: first match decides, "!", files, tables, parents.
 */
#include "engine/config/match.h"
#include "engine/config/table_priv.h"
#include "engine/config/text.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/scratch.h"

#include <sysexits.h>

static const struct {
	enum match_kind kind;
	const char *list, *name;
	bool want;
} names[] = {
	{ MATCH_STRING, "a.example b.example", "b.example", true },
	{ MATCH_STRING, "a.example, b.example", "B.Example", true },
	{ MATCH_STRING, "A.EXAMPLE", "a.example", true },
	{ MATCH_STRING, "a.example", "x.a.example", false },
	{ MATCH_STRING, ".a.example", "x.a.example", false },
	{ MATCH_STRING, "", "a", false },
	{ MATCH_STRING, "[192.0.2.1]", "[192.0.2.1]", true },
	{ MATCH_STRING, "!a, a", "a", false },
	{ MATCH_STRING, "a, !a", "a", true },
	{ MATCH_STRING, "!a static:all", "a", false },
	{ MATCH_STRING, "!a static:all", "b", true },
	{ MATCH_STRING, "!!a", "a", true },
	{ MATCH_STRING, "inline:{x=1} b", "X", true },
	{ MATCH_STRING, "inline:{x=1} b", "b", true },
	{ MATCH_STRING, "!inline:{x=1} static:all", "x", false },
	{ MATCH_STRING, "FILE", "one.example", true },
	{ MATCH_STRING, "FILE", "two.example", true },
	{ MATCH_STRING, "FILE", "not.example", false },
	{ MATCH_STRING, "FILE", "comment.example", false },
	{ MATCH_STRING, "!FILE static:all", "one.example", false },
	{ MATCH_STRING, "!FILE static:all", "not.example", true },
	{ MATCH_STRING, "!FILE static:all", "other.example", true },
	{ MATCH_DOMAIN, "a.example", "a.example", true },
	{ MATCH_DOMAIN, "a.example", "x.y.a.example", true },
	{ MATCH_DOMAIN, "a.example", "xa.example", false },
	{ MATCH_DOMAIN, "!x.a.example a.example", "y.x.a.example", false },
	{ MATCH_DOMAIN, "!x.a.example a.example", "y.a.example", true },
	{ MATCH_DOMAIN, "inline:{a.example=1}", "x.a.example", true },
	{ MATCH_DOMAIN, "pcre:{{/^a/ x}}", "a.example", true },
	{ MATCH_DOMAIN, "pcre:{{/^a/ x}}", "x.a.example", false },
	{ MATCH_DOMAIN, "regexp:{{/^a/ x}}", "x.a.example", false },
	{ MATCH_DOMAIN_DOT, "pcre:{{/^.a/ x}}", "xx.a.example", false },
	{ MATCH_DOMAIN, "example", "x.a.example", true },
	{ MATCH_DOMAIN_DOT, ".a.example", "x.a.example", true },
	{ MATCH_DOMAIN_DOT, ".a.example", "x.y.a.example", true },
	{ MATCH_DOMAIN_DOT, ".a.example", "a.example", false },
	{ MATCH_DOMAIN_DOT, "a.example", "x.a.example", false },
	{ MATCH_DOMAIN_DOT, "a.example", "a.example", true },
	{ MATCH_DOMAIN_DOT, "inline:{.a.example=1}", "x.a.example", true },
	{ MATCH_DOMAIN_DOT, "inline:{a.example=1}", "x.a.example", false },
};

static const struct {
	const char *list, *name, *ip;
	bool want;
} clients[] = {
	{ "127.0.0.0/8", "", "127.1.2.3", true },
	{ "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128", "", "::1", true },
	{ "[::ffff:127.0.0.0]/104", "", "127.0.0.1", true },
	{ "192.0.2.0/24", "", "192.0.3.1", false },
	{ "192.0.2.1", "", "192.0.2.1", true },
	{ "[192.0.2.1]", "", "192.0.2.1", true },
	{ "[2001:db8::]/32", "", "2001:db8:1::5", true },
	{ "[2001:db8::]/32", "", "2001:db9::5", false },
	{ "[::]/0", "", "192.0.2.1", false },
	{ "0.0.0.0/0", "", "2001:db8::1", false },
	{ "!192.0.2.1 192.0.2.0/24", "", "192.0.2.1", false },
	{ "!192.0.2.1 192.0.2.0/24", "", "192.0.2.2", true },
	{ "192.0.2.0/24 !192.0.2.1", "", "192.0.2.1", true },
	{ "example.com", "mx.example.com", "192.0.2.1", true },
	{ "example.com", "unknown", "192.0.2.1", false },
	{ "example.com", "", "192.0.2.1", false },
	{ "inline:{192.0.2.1=x}", "", "192.0.2.1", true },
	{ "cidr:{{192.0.2.0/24 x}}", "", "192.0.2.9", true },
	{ "cidr:{{192.0.2.0/24 x}}", "", "192.0.3.9", false },
	{ "inline:{example.com=x}", "mx.example.com", "192.0.2.1", true },
	{ "FILE", "", "198.51.100.7", true },
	{ "static:all", "", "203.0.113.1", true },
};

static const struct {
	enum match_kind kind;
	const char *list, *error;
} wrong[] = {
	{ MATCH_HOST, "10.1.2.3/8",
	  "f:5: 10.1.2.3/8: host bits are set beyond "
	  "the prefix length: write 10.0.0.0/8" },
	{ MATCH_HOST, "[2001:db8::1]/32", "write [2001:db8::]/32" },
	{ MATCH_HOST, "10.0.0.0/33", "10.0.0.0/33: bad prefix length" },
	{ MATCH_HOST, "10.0.0", "10.0.0: not an address" },
	{ MATCH_HOST, "[example]", "[example]: not an address" },
	{ MATCH_HOST, "::1/128/5", "::1/128/5: not an address" },
	{ MATCH_HOST, "2001:db8::/32", "no table type \"2001\"" },
	{ MATCH_STRING, "a ! b", "\"!\" stands alone" },
	{ MATCH_STRING, "/no/such/file", "f:5: /no/such/file cannot be read" },
	{ MATCH_STRING, "hash:/no/such/file", "cannot be read" },
	{ MATCH_STRING, "inline:{a=b", "is not closed" },
	{ MATCH_STRING, "SELF", "files name one another too deeply" },
};

/* FILE and SELF in a list stand for files of ours. */
static struct match *
open_list(enum match_kind kind, const char *list, struct diag *d)
{
	struct text value = { 0 };
	struct span rest = span_of(list), word;
	struct match *m;

	while ((word = span_word(&rest, " ")).len) {
		bool is_not = word.p[0] == '!' && word.len > 1;
		struct span bare = span_from(word, is_not);

		if (span_is_equal(bare, SPAN("FILE")))
			text_addf(&value, "%s%s ", is_not ? "!" : "",
				  scratch_path("file"));
		else if (span_is_equal(bare, SPAN("SELF")))
			text_addf(&value, "%s ", scratch_path("self"));
		else
			text_addf(&value, "%.*s ", SPAN_FMT(word));
	}
	m = match_open(kind, text_span(&value), "/", "f", 5, d);
	text_fini(&value);
	return m;
}

static void
test_names(void)
{
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		struct match *m;
		struct diag d;

		CHECK_ROW(names[i].list);
		diag_init(&d);
		m = open_list(names[i].kind, names[i].list, &d);
		CHECK(m != NULL && d.first == NULL);
		CHECK(match_is_empty(m) == !*names[i].list);
		CHECK(match_name(m, span_of(names[i].name)) ==
		      (names[i].want ? TABLE_FOUND : TABLE_NOT_FOUND));
		match_close(&m);
		diag_fini(&d);
	}
}

static void
test_clients(void)
{
	for (size_t i = 0; i < ARRAY_N(clients); i++) {
		struct match *m;
		struct diag d;
		struct ip ip;

		CHECK_ROW(clients[i].list);
		diag_init(&d);
		m = open_list(MATCH_HOST, clients[i].list, &d);
		CHECK(m != NULL && d.first == NULL);
		must(ip_parse(span_of(clients[i].ip), &ip));
		CHECK(match_client(m, span_of(clients[i].name), &ip) ==
		      (clients[i].want ? TABLE_FOUND : TABLE_NOT_FOUND));
		match_close(&m);
		diag_fini(&d);
	}
}

static void
test_wrong(void)
{
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct diag d;

		CHECK_ROW(wrong[i].list);
		diag_init(&d);
		CHECK(open_list(wrong[i].kind, wrong[i].list, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		if (!findings_has(&d, DIAG_ERROR, wrong[i].error))
			findings_print(&d);
		diag_fini(&d);
	}
}

static void
add_name(void *ctx, struct span name)
{
	*(unsigned *)ctx += (unsigned)name.len;
}

/* A file with one mistake on every line is said in a few. */
static void
test_many(void)
{
	struct text file = { 0 };
	struct match *m;
	struct diag d;

	for (unsigned i = 0; i < 100000; i++)
		text_addf(&file, i & 1 ? ".d%u.example\n" : "10.0.0.%u/8\n", i);
	scratch_write(scratch_path("file"), text_cstr(&file));
	text_fini(&file);
	CHECK_ROW("many mistakes");
	diag_init(&d);
	m = open_list(MATCH_HOST, "FILE", &d);
	CHECK(m == NULL);
	CHECK(d.errors_n == TABLE_COMPLAINTS_MAX + 1);
	CHECK(findings_has(&d, DIAG_ERROR, "file:3: 10.0.0.2/8: "));
	CHECK(findings_has(&d, DIAG_ERROR,
			   "f:5: 49989 more errors like these in this list"));
	diag_fini(&d);
	CHECK_ROW("many warnings");
	m = open_list(MATCH_DOMAIN, "FILE", &d);
	CHECK(m != NULL);
	CHECK(d.warnings_n == TABLE_COMPLAINTS_MAX + 1);
	CHECK(findings_has(&d, DIAG_WARNING,
			   "f:5: 49990 more warnings like these"));
	match_close(&m);
	diag_fini(&d);
}

static void
test_odd(void)
{
	struct match *m;
	struct diag d;
	unsigned n = 0;
	struct ip ip;

	must(ip_parse(SPAN("192.0.2.1"), &ip));
	diag_init(&d);
	CHECK_ROW("dot where the parent matches anyhow");
	m = open_list(MATCH_DOMAIN, ".a.example", &d);
	CHECK(findings_has(&d, DIAG_WARNING, "write a.example, which matches"));
	match_close(&m);
	diag_fini(&d);
	CHECK_ROW("comment behind");
	m = open_list(MATCH_STRING, "a # b c", &d);
	CHECK(findings_has(&d, DIAG_WARNING, "f:5: a comment begins at \"#\""));
	CHECK(match_name(m, SPAN("b")) == TABLE_NOT_FOUND);
	match_close(&m);
	diag_fini(&d);
	CHECK_ROW("error of a table");
	m = open_list(MATCH_HOST, "a fail:x", &d);
	CHECK(match_name(m, SPAN("a")) == TABLE_FOUND);
	CHECK(match_name(m, SPAN("b")) == TABLE_ERROR);
	CHECK(match_client(m, SPAN(""), &ip) == TABLE_ERROR);
	match_close(&m);
	CHECK_ROW("every name");
	m = open_list(MATCH_STRING, "aaa !bb inline:{x=y} c", &d);
	match_each(m, add_name, &n);
	CHECK(n == 4);
	match_close(&m);
	match_close(&m);
	CHECK_ROW("none");
	CHECK(match_is_empty(NULL));
	CHECK(match_name(NULL, SPAN("a")) == TABLE_NOT_FOUND);
	CHECK(match_client(NULL, SPAN("a"), &ip) == TABLE_NOT_FOUND);
	match_each(NULL, add_name, &n);
	diag_fini(&d);
}

int
main(void)
{
	struct text self = { 0 };

	scratch_open("match");
	scratch_write(scratch_path("file"),
		      "# comment.example\n one.example\n\ntwo.example, "
		      "!not.example\n198.51.100.0/24\n");
	for (int i = 0; i < 100; i++) /* were each followed: 100^8 reads */
		text_addf(&self, "%s, ", scratch_path("self"));
	scratch_write(scratch_path("self"), text_cstr(&self));
	text_fini(&self);
	test_names();
	test_clients();
	test_wrong();
	test_odd();
	test_many();
	scratch_close();
	return check_end();
}
