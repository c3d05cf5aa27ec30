/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of DNS servers, as c-ares hands them on, and what is read from
 * resolv.conf and hosts. The first byte says which: an answer to a question of
 * that type, of a name that the message says itself, or one of the files.
 */
#include "engine/policy/dns_int.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct dns_parse parse;

static void
check_text(const char *text, size_t len)
{
	must(strlen(text) == len);
	for (size_t i = 0; i < len; i++)
		must(text[i] >= ' ' && text[i] <= '~');
}

static void
check_record(const struct dns_record *r, enum dns_type type)
{
	if (type == DNS_A)
		must(ip_is_v4(&r->ip));
	if (type == DNS_A || type == DNS_AAAA) {
		must(r->name == NULL);
		return;
	}
	must(r->name != NULL);
	check_text(r->name, r->name_len);
	if (type == DNS_TXT)
		must(r->name_len <= DNS_TEXT_MAX);
	else
		must(dns_is_hostname((struct span) { r->name, r->name_len }));
}

static void
check_answer(const struct dns_answer *a, enum dns_type type)
{
	must(a->status < DNS_TRYAGAIN && a->ttl_s <= DNS_TTL_MAX_S);
	must(a->records_n <= DNS_RECORDS_MAX);
	must((a->status == DNS_OK) == (a->records_n > 0));
	if (a->status == DNS_NXDOMAIN || a->status == DNS_NODATA)
		must(a->ttl_s <= DNS_TTL_NEGATIVE_S);
	check_text(a->canonical, strlen(a->canonical));
	for (uint32_t i = 0; i < a->records_n; i++)
		check_record(&a->records[i], type);
}

/* The name that the message asks about, as far as it is one. */
static struct span
question(const uint8_t *p, size_t n, char out[DNS_NAME_MAX + 1])
{
	size_t at = 12, len = 0;

	while (at < n && p[at] > 0 && p[at] < 64 && n - at > p[at] &&
	       len + p[at] + 1 <= DNS_NAME_MAX) {
		memcpy(out + len, p + at + 1, p[at]);
		len += p[at];
		out[len++] = '.';
		at += p[at] + 1u;
	}
	return (struct span) { out, len ? len - 1 : 0 };
}

static void
parse_answer(const uint8_t *p, size_t n, enum dns_type type)
{
	char name[DNS_NAME_MAX + 1];
	struct span asked = question(p, n, name);
	struct dns_block *b, *again;

	if (!dns_parse(&parse, (struct span) { (const char *)p, n }, asked,
		       type))
		return;
	if (parse.is_cut) {
		must(parse.answer.records_n == 0);
		must(*parse.canonical != '\0');
		check_text(parse.canonical, strlen(parse.canonical));
		return;
	}
	check_answer(&parse.answer, type);
	b = dns_block_new(&parse.answer);
	must(b != NULL);
	memset(&parse, 0xaa, sizeof(parse));
	again = dns_block_new(&b->answer);
	must(again != NULL && again->bytes == b->bytes);
	free(b);
	check_answer(&again->answer, type);
	free(again);
}

static void
read_hosts(struct span text)
{
	struct dns_hosts *h = dns_hosts_parse(text);
	struct ip ips[8];
	struct span word;

	must(h != NULL);
	while ((word = span_word(&text, " \t\r\n#")).len) {
		char name[DNS_NAME_MAX + 1];
		const char *got;

		must(dns_hosts_addrs(h, word, true, ips, 8) <= 8);
		if (!ip_parse(word, &ips[0]))
			continue;
		got = dns_hosts_name(h, &ips[0]);
		if (got == NULL || dns_name_fold(span_of(got), name) == 0)
			continue;
		must(dns_hosts_addrs(h, span_of(got), ip_is_v4(&ips[0]),
				     &ips[1], 7) > 0);
	}
	dns_hosts_free(&h);
}

static void
read_servers(struct span text)
{
	struct dns_resolv r;
	struct span bad;

	dns_resolv_parse(text, &r);
	must(r.servers_n > 0 && r.servers_n <= DNS_SERVERS_MAX);
	must(r.timeout_s > 0 && r.tries > 0);
	if (dns_servers_parse(text, &r, &bad))
		must(r.servers_n <= DNS_SERVERS_MAX);
	else
		must(bad.len > 0 && bad.p >= text.p &&
		     bad.p + bad.len <= text.p + text.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy;

	if (n < 1)
		return 0;
	copy = malloc(n); /* its end is the allocation's */
	must(copy != NULL);
	memcpy(copy, data + 1, n - 1);
	copy = realloc(copy, n > 1 ? n - 1 : 1);
	must(copy != NULL);
	if (data[0] % 8 <= DNS_TXT)
		parse_answer(copy, n - 1, (enum dns_type)(data[0] % 8));
	else if (data[0] % 8 == 6)
		read_hosts((struct span) { (char *)copy, n - 1 });
	else
		read_servers((struct span) { (char *)copy, n - 1 });
	free(copy);
	return 0;
}
