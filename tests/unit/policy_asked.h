/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_asked.h: rows of "this session gets that verdict", for the tests of
 * policy_ask() and of what is behind it.
 */
#ifndef PENSTOCK_TESTS_POLICY_ASKED_H
#define PENSTOCK_TESTS_POLICY_ASKED_H

#include "tests/unit/policy_site.h"

struct asked {
	const char *name;
	struct site_text site;
	/* NULL: a client of 192.0.2.9 that writes to user@vm.example */
	const char *client, *client_name, *helo, *sender, *rcpt, *proto;
	const char *reverse_name;
	uint8_t client_status, reverse_status; /* enum dns_client_status */
	const char *want;    /* "554 5.7.1 …"; NULL: go on */
	const char *finding; /* "reject_warning: …"; NULL: none */
	unsigned rcpt_n;
	enum policy_stage stage; /* POLICY_CONNECT stands for POLICY_RCPT */
	bool is_connect;	 /* then this says that it is meant */
	bool is_tls, is_pipelined, is_discard, is_close;
	bool was_pipelined_badly;
	const struct policy_login *login;
	const struct policy_ccert *ccert;
};

/* Where what must be waited for goes: fake_dns.h. */
static struct lookups *asked_lookups;
static struct lookup_pins *asked_pins;
static void (*asked_wait)(void);

static inline void
asked_verdict(const struct asked *row, const struct policy_verdict *v)
{
	char text[POLICY_TEXT_MAX + 32] = "";

	if (v->code != 0)
		snprintf(text, sizeof(text), "%u %s", v->code, v->text);
	CHECK_SPAN(span_of(text), row->want ? row->want : "");
	CHECK(v->is_discard == row->is_discard);
	CHECK(v->is_close == row->is_close);
	CHECK(v->findings_n == (row->finding != NULL));
	if (v->findings_n == 1 && row->finding != NULL) {
		snprintf(text, sizeof(text), "%s: %s", v->findings[0].verb,
			 v->findings[0].text);
		/* A table's name may be long: what comes before it. */
		text[strlen(row->finding)] = '\0';
		CHECK_SPAN(span_of(text), row->finding);
	}
}

static inline void
asked_row(const struct site *s, const struct asked *row)
{
	struct addr sender =
		site_addr(row->sender ? row->sender : "s@x.example");
	struct addr rcpt = site_addr(row->rcpt ? row->rcpt : "user@vm.example");
	struct policy_query query = {
		.stage = row->stage == POLICY_CONNECT && !row->is_connect
				 ? POLICY_RCPT
				 : row->stage,
		.client_name = span_of(row->client_name
					       ? row->client_name
					       : "host.client.example"),
		.helo = span_of(row->helo ? row->helo : "h.example"),
		.proto = row->proto ? row->proto : "ESMTP",
		.rcpt_n = row->rcpt_n,
		.is_tls = row->is_tls,
		.is_pipelined = row->is_pipelined,
		.was_pipelined_badly = row->was_pipelined_badly,
		.reverse_name = span_of(row->reverse_name),
		.client_status = row->client_status,
		.reverse_status = row->reverse_status,
		.lookups = asked_lookups,
		.pins = asked_pins,
		.now_us = 77,
		.login = row->login,
		.ccert = row->ccert,
	};
	struct policy_verdict verdict;

	must(ip_parse(span_of(row->client ? row->client : "192.0.2.9"),
		      &query.client_ip));
	if (query.stage == POLICY_ETRN)
		query.etrn = SPAN("d.example");
	else if (query.stage >= POLICY_MAIL && query.stage != POLICY_VRFY)
		query.sender = &sender;
	if (query.stage == POLICY_RCPT || query.stage == POLICY_VRFY)
		query.rcpt = &rcpt;
	policy_ask(s->policy, &query, &verdict);
	while (verdict.is_pending) {
		must(asked_wait != NULL);
		asked_wait();
		policy_ask(s->policy, &query, &verdict);
	}
	if (asked_pins != NULL)
		lookup_pins_drop(asked_lookups, asked_pins);
	asked_verdict(row, &verdict);
}

static inline void
asked_rows(const struct asked *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct site s;

		CHECK_ROW(rows[i].name);
		site_open(&s, &rows[i].site);
		CHECK(s.policy != NULL);
		if (s.policy != NULL)
			asked_row(&s, &rows[i]);
		for (const struct diag_line *l = s.diag.first;
		     l != NULL && s.policy == NULL; l = l->next)
			fprintf(stderr, "\t%s\n", l->text);
		site_close(&s);
	}
}

#endif
