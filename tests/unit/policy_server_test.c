/* SPDX-License-Identifier: BSD-2-Clause */
/* What a policy server is told, and what its actions do to a session. */
#include "tests/unit/policy_site.h"
#include "tests/unit/server_rig.h"

#define RCPT "<user@vm.example>: Recipient address rejected: "

static const struct {
	const char *name;
	const char
		*rcpt; /* restrictions; SERVER stands for the server's name */
	const char *plan[4];
	const char *want, *finding; /* NULL: go on; none */
	unsigned requests_n, waits_n;
} rows[] = {
	{ "dunno",
	  "check_policy_service SERVER",
	  { "=action=DUNNO\n\n" },
	  NULL,
	  NULL,
	  1,
	  1 },
	{ "dunno, then reject",
	  "check_policy_service SERVER, reject",
	  { "=action=dunno\n\n" },
	  "554 5.7.1 " RCPT "Access denied",
	  NULL,
	  1,
	  1 },
	{ "ok ends the list",
	  "check_policy_service SERVER, reject",
	  { "=action=OK\n\n" },
	  NULL,
	  NULL,
	  1,
	  1 },
	{ "reject",
	  "check_policy_service SERVER",
	  { "=action=REJECT\n\n" },
	  "554 5.7.1 " RCPT "Access denied",
	  NULL,
	  1,
	  1 },
	{ "with a code",
	  "check_policy_service SERVER",
	  { "=action=450 4.2.0 Greylisted, see http://x.example/\n\n" },
	  "450 4.2.0 " RCPT "Greylisted, see http://x.example/",
	  NULL,
	  1,
	  1 },
	{ "warn_if_reject",
	  "warn_if_reject check_policy_service SERVER",
	  { "=action=REJECT not you\n\n" },
	  NULL,
	  "reject_warning: 554 5.7.1 " RCPT "not you",
	  1,
	  1 },
	{ "findings of the last pass only",
	  "warn_if_reject defer, check_policy_service SERVER",
	  { "=action=DUNNO\n\n" },
	  NULL,
	  "reject_warning: 450 4.3.2 " RCPT "Try again later",
	  1,
	  1 },
	{ "defer_if_permit",
	  "check_policy_service SERVER, permit",
	  { "=action=DEFER_IF_PERMIT later\n\n" },
	  "450 4.7.1 " RCPT "later",
	  NULL,
	  1,
	  1 },
	{ "twice in a list",
	  "check_policy_service SERVER, check_policy_service SERVER",
	  { "=action=DUNNO\n\n", "=action=REJECT second\n\n" },
	  "554 5.7.1 " RCPT "second",
	  NULL,
	  2,
	  2 },
	{ "the same rule twice",
	  "class, class",
	  { "=action=DUNNO\n\n", "=action=REJECT second\n\n" },
	  "554 5.7.1 " RCPT "second",
	  NULL,
	  2,
	  2 },
	{ "an action that nobody knows",
	  "check_policy_service SERVER",
	  { "=action=sing\n\n" },
	  "451 4.3.5 Server configuration error",
	  "warning: \"sing\" is no action: policy server inet:127.0.0.1:",
	  1,
	  1 },
	{ "a list of restrictions",
	  "check_policy_service SERVER",
	  { "=action=reject_non_fqdn_sender, defer\n\n" },
	  "450 4.3.2 " RCPT "Try again later",
	  NULL,
	  1,
	  1 },
	{ "nobody answers",
	  "check_policy_service SERVER",
	  { "!" },
	  "451 4.3.5 " RCPT "Server configuration problem",
	  NULL,
	  1,
	  1 },
	{ "default_action of its own",
	  "check_policy_service { SERVER, default_action=DUNNO }, defer",
	  { "!" },
	  "450 4.3.2 " RCPT "Try again later",
	  NULL,
	  1,
	  1 },
	{ "with blanks",
	  "check_policy_service { SERVER, try_limit=3, "
	  "{ default_action = 451 4.1.0 come back } }",
	  { "!" },
	  "451 4.1.0 " RCPT "come back",
	  NULL,
	  3,
	  1 },
	{ "sleep",
	  "sleep 0, sleep 1, defer",
	  { "!" },
	  "450 4.3.2 " RCPT "Try again later",
	  NULL,
	  0,
	  1 },
};

static void
replace(const char *text, const char *server, char *out, size_t cap)
{
	const char *at = strstr(text, "SERVER");

	out[0] = '\0';
	for (; at != NULL; at = strstr(text, "SERVER")) {
		snprintf(out + strlen(out), cap - strlen(out), "%.*s%s",
			 (int)(at - text), text, server);
		text = at + 6;
	}
	snprintf(out + strlen(out), cap - strlen(out), "%s", text);
}

/* Asks until there is a verdict. Gives how often it had to wait. */
static unsigned
ask_all(struct rig *r, const struct site *s, struct policy_query *q,
	struct policy_verdict *v)
{
	unsigned waits_n = 0;

	q->lookups = r->all;
	q->pins = &r->pins;
	for (;;) {
		policy_ask(s->policy, q, v);
		if (!v->is_pending)
			break;
		waits_n++;
		CHECK(v->findings_n == 0);
		RIG_UNTIL(r, lookups_next(r->all) == r);
	}
	lookup_pins_drop(r->all, &r->pins);
	return waits_n;
}

static void
open_site(struct site *s, const struct rig *r, const char *rcpt)
{
	/* The site keeps them. */
	static char text[512], class_text[128];
	static const struct policy_class class = { "class", class_text };
	struct site_text site = { .rcpt = text,
				  .classes = &class,
				  .classes_n = 1 };

	replace("check_policy_service SERVER", r->def->name, class_text,
		sizeof(class_text));
	replace(rcpt, r->def->name, text, sizeof(text));
	site_open(s, &site);
	must(s->policy != NULL);
}

static void
check_verdict(size_t i, const struct policy_verdict *v)
{
	const char *finding = rows[i].finding;
	char text[POLICY_TEXT_MAX + 32] = "";

	if (v->code != 0)
		snprintf(text, sizeof(text), "%u %s", v->code, v->text);
	CHECK_SPAN(span_of(text), rows[i].want ? rows[i].want : "");
	CHECK(v->findings_n == (finding != NULL));
	if (v->findings_n == 1 && finding != NULL) {
		snprintf(text, sizeof(text), "%s: %s", v->findings[0].verb,
			 v->findings[0].text);
		text[strlen(finding)] = '\0';
		CHECK_SPAN(span_of(text), finding);
	}
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct addr sender = site_addr("s@x.example");
		struct addr rcpt = site_addr("user@vm.example");
		struct policy_query q = { .stage = POLICY_RCPT,
					  .client_name = SPAN("unknown"),
					  .helo = SPAN("h.example"),
					  .proto = "ESMTP",
					  .where = "RCPT",
					  .sender = &sender,
					  .rcpt = &rcpt };
		struct policy_verdict v;
		struct site s;
		struct rig r;

		CHECK_ROW(rows[i].name);
		rig_open(&r, rows[i].plan);
		open_site(&s, &r, rows[i].rcpt);
		CHECK(policy_has_servers(s.policy));
		must(ip_parse(SPAN("192.0.2.9"), &q.client_ip));
		CHECK(ask_all(&r, &s, &q, &v) == rows[i].waits_n);
		check_verdict(i, &v);
		CHECK(r.requests_n == rows[i].requests_n);
		site_close(&s);
		rig_close(&r);
	}
}

/* Every attribute, in Postfix's order. */
static const char attributes[] = "request=smtpd_access_policy\n"
				 "protocol_state=%s\n"
				 "protocol_name=ESMTP\n"
				 "client_address=2001:db8::9\n"
				 "client_name=c.example\n"
				 "client_port=1234\n"
				 "reverse_client_name=r.example\n"
				 "server_address=192.0.2.1\n"
				 "server_port=25\n"
				 "helo_name=h?x\n"
				 "sender=a b@x.example\n"
				 "recipient=%s\n"
				 "recipient_count=%s\n"
				 "queue_id=%s\n"
				 "instance=00000000000000AB\n"
				 "size=77\n"
				 "etrn_domain=\n"
				 "stress=\n"
				 "sasl_method=PLAIN\n"
				 "sasl_username=tim\n"
				 "sasl_sender=t@x.example\n"
				 "ccert_subject=\n"
				 "ccert_issuer=\n"
				 "ccert_fingerprint=AA:BB\n"
				 "ccert_pubkey_fingerprint=CC:DD\n"
				 "encryption_protocol=TLSv1.3\n"
				 "encryption_cipher=TLS_AES_256_GCM_SHA384\n"
				 "encryption_keysize=256\n"
				 "policy_context=submission\n"
				 "\n";

static const struct {
	const char *name, *where;
	enum policy_stage stage;
	unsigned rcpt_n;
	const char *recipient, *count, *id;
} told[] = {
	{ "at RCPT", "RCPT", POLICY_RCPT, 0, "u@vm.example", "0", "" },
	{ "at the second RCPT", "RCPT", POLICY_RCPT, 1, "u@vm.example", "0",
	  "00000000000000AB" },
	{ "at DATA, one recipient", "DATA", POLICY_DATA, 1, "first@vm.example",
	  "1", "00000000000000AB" },
	{ "at DATA, two", "DATA", POLICY_DATA, 2, "", "2", "00000000000000AB" },
};

static void
test_attributes(void)
{
	static const char *const plan[] = { "=action=DUNNO\n\n", NULL };
	const char context[] = "{ SERVER, policy_context=submission }";

	for (size_t i = 0; i < ARRAY_N(told); i++) {
		struct addr sender = site_addr("\"a b\"@x.example");
		struct addr rcpt = site_addr("u@vm.example");
		struct policy_query q = {
			.stage = told[i].stage,
			.client_name = SPAN("c.example"),
			.reverse_name = SPAN("r.example"),
			.client_port = 1234,
			.server_port = 25,
			.helo = SPAN("h\nx"),
			.proto = "ESMTP",
			.where = told[i].where,
			.tls = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
			       "(256/256 bits)",
			.sender = &sender,
			.rcpt = told[i].stage == POLICY_RCPT ? &rcpt : NULL,
			.rcpt_first = SPAN("first@vm.example"),
			.rcpt_n = told[i].rcpt_n,
			.message_id = 0xab,
			.login = &(const struct policy_login) { "PLAIN", "tim",
								"t@x.example" },
			.ccert = &(const struct policy_ccert) { "AA:BB",
								"CC:DD", true },
			.size_bytes = 77,
		};
		struct site_text site = { .is_unlisted_ok = true };
		char want[2048], list[256], server[200];
		struct policy_verdict v;
		struct site s;
		struct rig r;

		CHECK_ROW(told[i].name);
		rig_open(&r, plan);
		replace(context, r.def->name, server, sizeof(server));
		snprintf(list, sizeof(list), "check_policy_service %s", server);
		site.rcpt = site.data = list;
		site_open(&s, &site);
		must(s.policy != NULL);
		must(ip_parse(SPAN("2001:db8::9"), &q.client_ip));
		must(ip_parse(SPAN("192.0.2.1"), &q.server_ip));
		CHECK(ask_all(&r, &s, &q, &v) == 1 && v.code == 0);
		snprintf(want, sizeof(want), attributes, told[i].where,
			 told[i].recipient, told[i].count, told[i].id);
		CHECK_SPAN(span_of(r.last), want);
		site_close(&s);
		rig_close(&r);
	}
}

/* Without anybody to ask it with there is no guess. */
static void
test_no_lookups(void)
{
	static const char *const plan[] = { "-", NULL };
	struct addr sender = site_addr("s@x.example");
	struct addr rcpt = site_addr("user@vm.example");
	struct policy_query q = { .stage = POLICY_RCPT,
				  .client_name = SPAN("unknown"),
				  .proto = "ESMTP",
				  .sender = &sender,
				  .rcpt = &rcpt };
	struct policy_verdict v;
	struct site s;
	struct rig r;

	CHECK_ROW("nobody to ask with");
	rig_open(&r, plan);
	open_site(&s, &r, "check_policy_service SERVER");
	must(ip_parse(SPAN("192.0.2.9"), &q.client_ip));
	policy_ask(s.policy, &q, &v);
	CHECK(!v.is_pending && v.code == 451);
	site_close(&s);
	rig_close(&r);
}

int
main(void)
{
	test_rows();
	test_attributes();
	test_no_lookups();
	return check_end();
}
