/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that may be asked for, and copies of answers. */
#include "engine/policy/dns_int.h"
#include "tests/unit/check.h"

#include <stdlib.h>

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const struct {
	const char *name, *folded; /* "": none */
} names[] = {
	{ "example.com", "example.com" },
	{ "EXAMPLE.Com", "example.com" },
	{ "example.com.", "example.com" },
	{ "example.com..", "" },
	{ "localhost", "localhost" },
	{ "_dmarc.a-b.example", "_dmarc.a-b.example" },
	{ "1.2.0.192.zen.example", "1.2.0.192.zen.example" },
	{ "192.0.2.1", "" },
	{ "1234", "" },
	{ "-", "" },
	{ "a-.example", "" },
	{ "-a.example", "" },
	{ "a.example-", "" },
	{ ".", "" },
	{ "", "" },
	{ ".example", "" },
	{ "a..example", "" },
	{ "a b", "" },
	{ "[192.0.2.1]", "" },
	{ "b\xc3\xbc"
	  "cher.example",
	  "" },
	{ L63 ".example", L63 ".example" },
	{ L63 "x.example", "" },
	{ L63 "." L63 "." L63 "." L63, L63 "." L63 "." L63 "." L63 },
	{ L63 "." L63 "." L63 "." L63 ".a", "" },
};

static const struct {
	const char *ip, *zone, *want;
} reverses[] = {
	{ "192.0.2.1", "", "1.2.0.192.in-addr.arpa" },
	{ "192.0.2.254", "zen.example", "254.2.0.192.zen.example" },
	{ "2001:db8::1", "",
	  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	  "ip6.arpa" },
	{ "::f", "bl.example",
	  "f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	  "bl.example" },
	{ "192.0.2.1", L63 "." L63 "." L63 "." L63, "" },
};

static void
test_names(void)
{
	char out[DNS_REVERSE_MAX];

	for (size_t i = 0; i < ARRAY_N(names); i++) {
		size_t n = dns_name_fold(span_of(names[i].name), out);

		CHECK_ROW(names[i].name);
		CHECK(n == strlen(names[i].folded));
		CHECK(n == 0 || strcmp(out, names[i].folded) == 0);
	}
	for (size_t i = 0; i < ARRAY_N(reverses); i++) {
		struct ip ip;
		size_t n;

		CHECK_ROW(reverses[i].want);
		must(ip_parse(span_of(reverses[i].ip), &ip));
		n = dns_reverse_name(&ip, span_of(reverses[i].zone), out);
		CHECK_SPAN(((struct span) { out, n }), reverses[i].want);
	}
}

static void
test_copy(void)
{
	struct dns_record records[] = {
		{ .name = "mx.example", .name_len = 10, .pref = 5 },
		{ .ip = { { 1 } } },
		{ .name = "", .name_len = 0 },
	};
	struct dns_answer a = { .status = DNS_OK,
				.ttl_s = 7,
				.records_n = 3,
				.canonical = "c.example",
				.records = records };
	struct dns_block *b = dns_block_new(&a), *again;

	CHECK_ROW("a copy stands for itself");
	must(b != NULL);
	memset(records, 0, sizeof(records));
	again = dns_block_new(&b->answer);
	must(again != NULL && again->bytes == b->bytes);
	free(b);
	CHECK(again->answer.status == DNS_OK && again->answer.ttl_s == 7);
	CHECK(strcmp(again->answer.canonical, "c.example") == 0);
	CHECK(again->answer.records_n == 3);
	CHECK(strcmp(again->answer.records[0].name, "mx.example") == 0 &&
	      again->answer.records[0].pref == 5);
	CHECK(again->answer.records[1].name == NULL &&
	      again->answer.records[1].ip.b[0] == 1);
	CHECK(*again->answer.records[2].name == '\0');
	free(again);

	CHECK_ROW("an answer of nothing");
	b = dns_block_new(&dns_answer_tryagain);
	must(b != NULL);
	CHECK(b->answer.status == DNS_TRYAGAIN && b->answer.records_n == 0 &&
	      *b->answer.canonical == '\0');
	free(b);
}

int
main(void)
{
	test_names();
	test_copy();
	return check_end();
}
