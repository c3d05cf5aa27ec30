/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of servers: good ones, and every way to be none. */
#include "engine/policy/dns_int.h"
#include "tests/unit/check.h"
#include "tests/unit/dns_message.h"
#include "tests/unit/dns_said.h"

#include <stdlib.h>

#define ROWS_MAX 6

static struct dns_parse parse;
static struct message msg;

/* "OK 300 a b c", "CUT name", "-". */
static const char *
said(bool is_good, char out[SAID_MAX])
{
	if (!is_good)
		return "-";
	if (!parse.is_cut)
		return answer_said(&parse.answer, out);
	snprintf(out, SAID_MAX, "CUT %s", parse.canonical);
	return out;
}

struct record {
	int section;
	const char *owner;
	unsigned code;
	uint32_t ttl_s;
	const char *data;
};

static const struct {
	const char *name;
	enum dns_type type;
	unsigned flags;
	const char *want;
	struct record rows[ROWS_MAX];
} rows[] = {
	{ "an address",
	  DNS_A,
	  0x8180,
	  "OK 300 192.0.2.1",
	  { { 1, "a.example", CODE_A, 300, "192.0.2.1" } } },
	{ "in upper case",
	  DNS_A,
	  0x8180,
	  "OK 300 192.0.2.1",
	  { { 1, "A.EXAMPLE", CODE_A, 300, "192.0.2.1" } } },
	{ "two, with the lower TTL",
	  DNS_A,
	  0x8180,
	  "OK 20 192.0.2.1 192.0.2.2",
	  { { 1, "a.example", CODE_A, 300, "192.0.2.1" },
	    { 1, "a.example", CODE_A, 20, "192.0.2.2" } } },
	{ "IPv6",
	  DNS_AAAA,
	  0x8180,
	  "OK 1 2001:db8::1",
	  { { 1, "a.example", CODE_AAAA, 1, "2001:db8::1" } } },
	{ "other types beside it",
	  DNS_AAAA,
	  0x8180,
	  "OK 9 2001:db8::1",
	  { { 1, "a.example", CODE_A, 1, "192.0.2.1" },
	    { 1, "a.example", CODE_AAAA, 9, "2001:db8::1" } } },
	{ "other owners beside it",
	  DNS_A,
	  0x8180,
	  "OK 9 192.0.2.9",
	  { { 1, "b.example", CODE_A, 1, "192.0.2.1" },
	    { 1, "a.example", CODE_A, 9, "192.0.2.9" } } },
	{ "mail exchangers in the server's order",
	  DNS_MX,
	  0x8180,
	  "OK 60 20:b.example 10:a.example",
	  { { 1, "a.example", CODE_MX, 60, "20 B.example" },
	    { 1, "a.example", CODE_MX, 60, "10 a.example" } } },
	{ "null MX",
	  DNS_MX,
	  0x8180,
	  "NULLMX 60",
	  { { 1, "a.example", CODE_MX, 60, "0 ." } } },
	{ "null MX and another",
	  DNS_MX,
	  0x8180,
	  "OK 60 10:a.example",
	  { { 1, "a.example", CODE_MX, 60, "0 ." },
	    { 1, "a.example", CODE_MX, 60, "10 a.example" } } },
	{ "an exchanger that is no name",
	  DNS_MX,
	  0x8180,
	  "BAD 60",
	  { { 1, "a.example", CODE_MX, 60, "10 a/b.example" } } },
	{ "an exchanger that is a number",
	  DNS_MX,
	  0x8180,
	  "BAD 60",
	  { { 1, "a.example", CODE_MX, 60, "10 192.0.2.1" } } },
	{ "one good exchanger",
	  DNS_MX,
	  0x8180,
	  "OK 60 10:a.example",
	  { { 1, "a.example", CODE_MX, 60, "10 -b.example" },
	    { 1, "a.example", CODE_MX, 60, "10 a.example" } } },
	{ "name servers",
	  DNS_NS,
	  0x8180,
	  "OK 60 0:ns.example",
	  { { 1, "a.example", CODE_NS, 60, "ns.example" } } },
	{ "the root as a name server",
	  DNS_NS,
	  0x8180,
	  "BAD 60",
	  { { 1, "a.example", CODE_NS, 60, "." } } },
	{ "a pointer",
	  DNS_PTR,
	  0x8180,
	  "OK 60 0:h.example",
	  { { 1, "a.example", CODE_PTR, 60, "h.example" } } },
	{ "a pointer with a blank",
	  DNS_PTR,
	  0x8180,
	  "BAD 60",
	  { { 1, "a.example", CODE_PTR, 60, "h h.example" } } },
	{ "text",
	  DNS_TXT,
	  0x8180,
	  "OK 60 0:one two",
	  { { 1, "a.example", CODE_TXT, 60, "one |two" } } },
	{ "text that would break a line",
	  DNS_TXT,
	  0x8180,
	  "OK 60 0:a??b",
	  { { 1, "a.example", CODE_TXT, 60, "a\r\nb" } } },
	{ "a CNAME",
	  DNS_A,
	  0x8180,
	  "OK 30 =b.example 192.0.2.1",
	  { { 1, "a.example", CODE_CNAME, 30, "B.example" },
	    { 1, "b.example", CODE_A, 300, "192.0.2.1" } } },
	{ "CNAMEs backwards",
	  DNS_A,
	  0x8180,
	  "OK 30 =c.example 192.0.2.1",
	  { { 1, "c.example", CODE_A, 300, "192.0.2.1" },
	    { 1, "b.example", CODE_CNAME, 30, "c.example" },
	    { 1, "a.example", CODE_CNAME, 40, "b.example" } } },
	{ "RFC 2317",
	  DNS_PTR,
	  0x8180,
	  "OK 30 =1.0/25.example 0:h.example",
	  { { 1, "a.example", CODE_CNAME, 30, "1.0/25.example" },
	    { 1, "1.0/25.example", CODE_PTR, 300, "h.example" } } },
	{ "a CNAME without its end",
	  DNS_A,
	  0x8180,
	  "CUT b.example",
	  { { 1, "a.example", CODE_CNAME, 30, "b.example" } } },
	{ "a CNAME to nothing of the type",
	  DNS_A,
	  0x8180,
	  "NODATA 20 =b.example",
	  { { 1, "a.example", CODE_CNAME, 30, "b.example" },
	    { 2, "example", CODE_SOA, 3000, "20" } } },
	{ "a CNAME to no name",
	  DNS_A,
	  0x8183,
	  "NXDOMAIN 20 =b.example",
	  { { 1, "a.example", CODE_CNAME, 30, "b.example" },
	    { 2, "example", CODE_SOA, 3000, "20" } } },
	{ "a loop",
	  DNS_A,
	  0x8180,
	  "NODATA 5",
	  { { 1, "a.example", CODE_CNAME, 30, "b.example" },
	    { 1, "b.example", CODE_CNAME, 30, "a.example" } } },
	{ "a loop of one",
	  DNS_A,
	  0x8180,
	  "NODATA 5",
	  { { 1, "a.example", CODE_CNAME, 30, "a.example" } } },
	{ "no such name",
	  DNS_A,
	  0x8183,
	  "NXDOMAIN 60",
	  { { 2, "example", CODE_SOA, 3000, "60" } } },
	{ "no such name, SOA's own TTL",
	  DNS_A,
	  0x8183,
	  "NXDOMAIN 30",
	  { { 2, "example", CODE_SOA, 30, "60" } } },
	{ "no such name for a year",
	  DNS_A,
	  0x8183,
	  "NXDOMAIN 3600",
	  { { 2, "example", CODE_SOA, 9999999, "9999999" } } },
	{ "no such name, no SOA", DNS_A, 0x8183, "NXDOMAIN 5", { { 0 } } },
	{ "no such record",
	  DNS_A,
	  0x8180,
	  "NODATA 60",
	  { { 2, "example", CODE_SOA, 3000, "60" } } },
	{ "no such record, no SOA", DNS_A, 0x8180, "NODATA 5", { { 0 } } },
	{ "no such name, but a record",
	  DNS_A,
	  0x8183,
	  "NXDOMAIN 5",
	  { { 1, "a.example", CODE_A, 300, "192.0.2.1" } } },
	{ "a TTL of a month",
	  DNS_A,
	  0x8180,
	  "OK 86400 192.0.2.1",
	  { { 1, "a.example", CODE_A, 2600000, "192.0.2.1" } } },
	{ "a TTL below zero",
	  DNS_A,
	  0x8180,
	  "OK 0 192.0.2.1",
	  { { 1, "a.example", CODE_A, 0x80000000u, "192.0.2.1" } } },
	{ "SERVFAIL", DNS_A, 0x8182, "-", { { 0 } } },
	{ "a question", DNS_A, 0x0100, "-", { { 0 } } },
	{ "another opcode", DNS_A, 0xa180, "-", { { 0 } } },
};

static bool
parse_copy(const uint8_t *p, size_t n, enum dns_type type)
{
	char *copy = malloc(n ? n : 1); /* a read past its end is seen */
	bool is_good;

	must(copy != NULL);
	memcpy(copy, p, n);
	is_good = dns_parse(&parse, (struct span) { copy, n },
			    SPAN("a.example"), type);
	free(copy);
	return is_good;
}

static void
test_rows(void)
{
	char out[SAID_MAX];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		enum dns_type type = rows[i].type;

		CHECK_ROW(rows[i].name);
		begin(&msg, rows[i].flags, "a.example", dns_parse_code(type));
		for (int k = 0; k < ROWS_MAX && rows[i].rows[k].owner; k++) {
			const struct record *r = &rows[i].rows[k];

			put_row(&msg, r->section, r->owner, r->code, r->ttl_s,
				r->data);
		}
		CHECK_SPAN(span_of(said(parse_copy(msg.b, msg.n, type), out)),
			   rows[i].want);
	}
}

/* Cut anywhere it is no answer, and nothing is read beyond. */
static void
test_cut(void)
{
	CHECK_ROW("cut");
	begin(&msg, 0x8180, "a.example", CODE_MX);
	put_row(&msg, 1, "a.example", CODE_CNAME, 60, "b.example");
	put_row(&msg, 1, "b.example", CODE_MX, 60, "10 mx.example");
	for (size_t n = 0; n < msg.n; n++)
		CHECK(!parse_copy(msg.b, n, DNS_MX));
	CHECK(parse_copy(msg.b, msg.n, DNS_MX));
	CHECK(parse.answer.status == DNS_OK);
}

static void
test_question(void)
{
	CHECK_ROW("another question");
	begin(&msg, 0x8180, "b.example", CODE_A);
	CHECK(!parse_copy(msg.b, msg.n, DNS_A));
	begin(&msg, 0x8180, "a.example", CODE_AAAA);
	CHECK(!parse_copy(msg.b, msg.n, DNS_A));
	begin(&msg, 0x8180, "a.example", CODE_A);
	msg.b[5] = 0; /* no question at all */
	CHECK(!parse_copy(msg.b, msg.n, DNS_A));
	begin(&msg, 0x8180, "a.example", CODE_A);
	msg.b[msg.n - 1] = 3; /* CHAOS */
	CHECK(!parse_copy(msg.b, msg.n, DNS_A));
}

/* Data that says another length than its type has. */
static void
test_lengths(void)
{
	static const struct {
		const char *name;
		unsigned code;
		enum dns_type type;
		const char *data;
		size_t n;
	} bad[] = {
		{ "A of 3", CODE_A, DNS_A, "abc", 3 },
		{ "A of 16", CODE_A, DNS_A, "abcdefghijklmnop", 16 },
		{ "AAAA of 4", CODE_AAAA, DNS_AAAA, "abcd", 4 },
		{ "MX of 1", CODE_MX, DNS_MX, "a", 1 },
		{ "MX with no name", CODE_MX, DNS_MX, "\0\1", 2 },
		{ "MX with more behind", CODE_MX, DNS_MX, "\0\1\1a\0b", 6 },
		{ "NS that never ends", CODE_NS, DNS_NS, "\1a", 2 },
		{ "TXT over its end", CODE_TXT, DNS_TXT, "\5abc", 4 },
		{ "a pointer to itself", CODE_NS, DNS_NS, "\xc0\x30", 2 },
		{ "a label of another kind", CODE_NS, DNS_NS, "\x41z\0", 3 },
	};

	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		CHECK_ROW(bad[i].name);
		begin(&msg, 0x8180, "a.example", bad[i].code);
		put_name(&msg, "a.example");
		put_u16(&msg, bad[i].code);
		put_u16(&msg, 1);
		put_u32(&msg, 60);
		put_u16(&msg, (unsigned)bad[i].n);
		put_bytes(&msg, bad[i].data, bad[i].n);
		msg.b[7] = 1;
		CHECK(!parse_copy(msg.b, msg.n, bad[i].type));
	}
}

static void
test_compression(void)
{
	char out[SAID_MAX];

	CHECK_ROW("a compressed name");
	begin(&msg, 0x8180, "a.example", CODE_MX);
	put_u16(&msg, 0xc00c);
	put_u16(&msg, CODE_MX);
	put_u16(&msg, 1);
	put_u32(&msg, 60);
	put_u16(&msg, 7);
	put_u16(&msg, 5);
	put_bytes(&msg, "\2mx\xc0\x0e", 5); /* .example */
	msg.b[7] = 1;
	CHECK_SPAN(span_of(said(parse_copy(msg.b, msg.n, DNS_MX), out)),
		   "OK 60 5:mx.example");
}

/* More than anybody needs: the rest is left out, nothing overflows. */
static void
test_huge(void)
{
	char big[256] = { 0 };

	CHECK_ROW("as many records as fit");
	begin(&msg, 0x8180, "a.example", CODE_A);
	for (int i = 0; i < 2000; i++)
		put_row(&msg, 1, "a.example", CODE_A, 60, "192.0.2.1");
	CHECK(parse_copy(msg.b, msg.n, DNS_A));
	CHECK(parse.answer.records_n == DNS_RECORDS_MAX);

	CHECK_ROW("as much text as fits");
	memset(big, 'x', 255);
	begin(&msg, 0x8180, "a.example", CODE_TXT);
	for (int i = 0; i < 200; i++)
		put_row(&msg, 1, "a.example", CODE_TXT, 60, big);
	CHECK(parse_copy(msg.b, msg.n, DNS_TXT));
	CHECK(parse.answer.records_n == DNS_RECORDS_MAX);

	CHECK_ROW("one long text");
	begin(&msg, 0x8180, "a.example", CODE_TXT);
	put_name(&msg, "a.example");
	put_u16(&msg, CODE_TXT);
	put_u16(&msg, 1);
	put_u32(&msg, 60);
	put_u16(&msg, 200 * 256);
	big[0] = (char)255;
	memset(big + 1, 'y', 255);
	for (int i = 0; i < 200; i++)
		put_bytes(&msg, big, 256);
	msg.b[7] = 1;
	CHECK(parse_copy(msg.b, msg.n, DNS_TXT));
	CHECK(parse.answer.records_n == 1 &&
	      parse.answer.records[0].name_len == DNS_TEXT_MAX);

	CHECK_ROW("the longest way along CNAMEs");
	begin(&msg, 0x8180, "a.example", CODE_A);
	put_row(&msg, 1, "a.example", CODE_CNAME, 60, "c0.example");
	for (int i = 0; i < 12; i++) {
		char from[16], to[16];

		snprintf(from, sizeof(from), "c%d.example", i);
		snprintf(to, sizeof(to), "c%d.example", i + 1);
		put_row(&msg, 1, from, CODE_CNAME, 60, to);
	}
	put_row(&msg, 1, "c12.example", CODE_A, 60, "192.0.2.1");
	CHECK(parse_copy(msg.b, msg.n, DNS_A));
	CHECK(parse.answer.status == DNS_NODATA && !parse.is_cut);
}

int
main(void)
{
	test_rows();
	test_cut();
	test_question();
	test_lengths();
	test_compression();
	test_huge();
	return check_end();
}
