/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies out of templates. */
#include "tests/unit/fake_dns.h"

static const struct {
	const char *template, *want;
} rows[] = {
	{ "", "" },
	{ "$rbl_code $rbl_domain $rbl_what", "554 bl.example 192.0.2.9" },
	{ "${rbl_class}/$(rbl_class)", "Client host/Client host" },
	{ "$rbl_reason$rbl_txt", "whywhy" },
	{ "$$rbl_code", "$rbl_code" },
	{ "a${rbl_reason?; $rbl_reason}b", "a; whyb" },
	{ "a${rbl_reason:none}b", "ab" },
	{ "a${nothing?x}b${nothing:y}", "aby" },
	{ "${rbl_reason?{yes}:{no}} ${nothing?{yes}:{no}}", "yes no" },
	{ "${nothing:{$rbl_code}}", "554" },
	{ "${rbl_reason?{a ${rbl_what?{b $rbl_what}}}}", "a b 192.0.2.9" },
	{ "$nothing.$client_address", ".192.0.2.9" },
	{ "$client_port $helo_name $sender $recipient",
	  "1234 h.example s@x.example r@y.example" },
	{ "$client $client_name $reverse_client_name",
	  "c.example[192.0.2.9] c.example r.example" },
	{ "$server_name", "mx.example.org" },
	{ "${rbl_code", "554" },
	{ "$", "" },
	{ "$ x", " x" },
};

static size_t
expand_one(const char *template, char out[POLICY_TEXT_MAX])
{
	static const struct policy_cfg cfg = { .myhostname = "mx.example.org" };
	static const struct policy policy = { .cfg = &cfg };
	struct policy_query q = { .client_port = 1234 };
	struct policy_eval *e = must_alloc(sizeof(*e));
	struct policy_rbl_words words = { .what = "192.0.2.9",
					  .subject = "Client host",
					  .reason = "why" };
	struct policy_rbl rbl;
	size_t n;

	must(policy_rbl_read(SPAN("bl.example=127.0.0.2"), &rbl));
	must(ip_parse(SPAN("192.0.2.9"), &q.client_ip));
	words.rbl = &rbl;
	e->policy = &policy;
	e->query = &q;
	strcpy(e->client, "c.example[192.0.2.9]");
	strcpy(e->client_name, "c.example");
	strcpy(e->reverse_name, "r.example");
	strcpy(e->helo, "h.example");
	strcpy(e->sender_text, "s@x.example");
	strcpy(e->rcpt_text, "r@y.example");
	n = policy_rbl_expand(e, &words, span_of(template), out);
	free(e);
	return n;
}

int
main(void)
{
	char out[POLICY_TEXT_MAX], deep[512] = "";

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].template);
		CHECK(expand_one(rows[i].template, out) == strlen(out));
		CHECK_SPAN(span_of(out), rows[i].want);
	}
	CHECK_ROW("deep");
	for (int i = 0; i < 20; i++)
		strcat(deep, "${rbl_code?{x");
	CHECK(expand_one(deep, out) < 20);
	CHECK_ROW("long");
	for (int i = 0; i < 200; i++)
		memcpy(deep + 2 * i, "$a", 2);
	memset(deep, 'x', sizeof(deep) - 1);
	CHECK(expand_one(deep, out) == sizeof(deep) - 1);
	return check_end();
}
