/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_dns.h: DNS out of a table, in dns.h's place, for the tests of the
 * restrictions that ask it. Every row of a test is run twice: with all answers
 * in the cache, and with every question waited for. Included once, by a test
 * that sets fake_rows before.
 */
#ifndef PENSTOCK_TESTS_FAKE_DNS_H
#define PENSTOCK_TESTS_FAKE_DNS_H

#include "tests/unit/policy_asked.h"

struct fake_row {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	/* "192.0.2.1 192.0.2.2"; "10:mx.example"; TXT: parts between '|' */
	const char *records;
};

#define FAKE_ANSWERS_MAX 32
#define FAKE_RECORDS_MAX 4

struct fake_answer {
	struct lookup lookup;
	struct dns_answer answer;
	struct dns_record records[FAKE_RECORDS_MAX];
	char texts[FAKE_RECORDS_MAX][256];
	char name[256];
	enum dns_type type;
};

static struct {
	const struct fake_row *rows;
	size_t rows_n;
	bool is_slow;
	struct lookups *all;
	struct lookup_pins pins;
	struct lookup_source source;
	struct fake_answer answers[FAKE_ANSWERS_MAX];
	unsigned answers_n;
	unsigned waits_n, questions_n;
} fake;

static inline void
fake_add(struct fake_answer *a, struct span text)
{
	struct dns_record *r = &a->records[a->answer.records_n];
	char *copy = a->texts[a->answer.records_n];
	uint64_t pref = 0;

	must(a->answer.records_n < FAKE_RECORDS_MAX);
	a->answer.records_n++;
	if (a->type == DNS_MX) {
		must(span_to_u64(span_to(text, span_find(text, ':')), &pref));
		text = span_from(text, span_find(text, ':') + 1);
	}
	r->pref = (uint16_t)pref;
	if (a->type == DNS_A || a->type == DNS_AAAA || a->type == DNS_HOST_A ||
	    a->type == DNS_HOST_AAAA)
		must(ip_parse(text, &r->ip));
	r->name_len = (uint16_t)span_copy(text, copy, 256);
	r->name = copy;
}

static inline void
fake_fill(struct fake_answer *a)
{
	struct span rest, word;

	a->answer.status = DNS_NXDOMAIN;
	a->answer.canonical = "";
	for (size_t i = 0; i < fake.rows_n; i++) {
		const struct fake_row *row = &fake.rows[i];

		if (!span_is_equal_nocase(span_of(a->name), span_of(row->name)))
			continue;
		if (a->answer.status == DNS_NXDOMAIN)
			a->answer.status = DNS_NODATA;
		if (row->type != a->type)
			continue;
		a->answer.status = row->status;
		rest = span_of(row->records);
		while ((word = span_word(&rest, a->type == DNS_TXT ? "|" : " "))
			       .len > 0)
			fake_add(a, word);
	}
	a->answer.records = a->records;
}

static inline void
fake_drop(struct lookup *l)
{
	(void)l;
}

static const struct lookup_kind fake_kind = { "fake", fake_drop };

const struct dns_answer *
dns_find(struct lookups *all, struct lookup_pins *pins, struct span name,
	 enum dns_type type, uint64_t now_us)
{
	struct fake_answer *a;

	must(all == fake.all && pins == &fake.pins && now_us == 77);
	for (unsigned i = 0; i < fake.answers_n; i++) {
		a = &fake.answers[i];
		if (a->type == type &&
		    span_is_equal_nocase(span_of(a->name), name))
			return fake.is_slow && !a->lookup.is_done ? NULL
								  : &a->answer;
	}
	must(fake.answers_n < FAKE_ANSWERS_MAX);
	a = &fake.answers[fake.answers_n++];
	*a = (struct fake_answer) { .type = type };
	span_copy(name, a->name, sizeof(a->name));
	fake_fill(a);
	fake.questions_n++;
	if (!fake.is_slow)
		return &a->answer;
	lookup_wait(&a->lookup, &fake_kind, pins);
	return NULL;
}

size_t
dns_reverse_name(const struct ip *ip, struct span zone,
		 char out[DNS_REVERSE_MAX])
{
	const uint8_t *b = ip->b + 12;

	must(ip_is_v4(ip));
	return (size_t)snprintf(out, DNS_REVERSE_MAX, "%u.%u.%u.%u.%.*s", b[3],
				b[2], b[1], b[0], SPAN_FMT(zone));
}

bool
dns_client_find(struct lookups *all, struct lookup_pins *pins,
		const struct ip *ip, uint64_t now_us, struct dns_client *out)
{
	must(!"not the policy's to ask");
	return false;
}

/* Answers whatever was asked since. */
static inline void
fake_answer_all(void)
{
	fake.waits_n++;
	for (unsigned i = 0; i < fake.answers_n; i++)
		if (!fake.answers[i].lookup.is_done)
			lookup_done(fake.all, &fake.answers[i].lookup);
	CHECK(lookups_next(fake.all) == &fake);
}

static inline void
fake_begin(bool is_slow)
{
	fake.is_slow = is_slow;
	fake.answers_n = fake.waits_n = fake.questions_n = 0;
	fake.pins = (struct lookup_pins) { .owner = &fake };
	asked_lookups = fake.all;
	asked_pins = &fake.pins;
	asked_wait = fake_answer_all;
}

/* Both ways must say the same, but for the time that they take. */
static inline void
fake_asked_rows(const struct fake_row *rows, size_t rows_n,
		const struct asked *asked, size_t asked_n)
{
	char name[256];

	fake.rows = rows;
	fake.rows_n = rows_n;
	fake.all = lookups_open();
	lookups_add(fake.all, LOOKUP_DNS, &fake.source);
	for (size_t i = 0; i < asked_n; i++)
		for (unsigned is_slow = 0; is_slow < 2; is_slow++) {
			struct asked row = asked[i];

			snprintf(name, sizeof(name), "%s%s", row.name,
				 is_slow ? " (waiting)" : "");
			row.name = name;
			fake_begin(is_slow);
			asked_rows(&row, 1);
			CHECK((fake.waits_n > 0) ==
			      (is_slow && fake.questions_n > 0));
			CHECK(fake.pins.first == NULL);
		}
	lookups_close(&fake.all);
}

#endif
