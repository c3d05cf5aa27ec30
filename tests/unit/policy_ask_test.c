/* SPDX-License-Identifier: BSD-2-Clause */
/* Which lists run when, in which order, and what they do to each other. */
#include "tests/unit/policy_asked.h"

#define CLIENT "<host.client.example[192.0.2.9]>: Client host rejected: "
#define HELO   "<h.example>: Helo command rejected: "
#define SENDER "<s@x.example>: Sender address rejected: "
#define RCPT   "<user@vm.example>: Recipient address rejected: "
#define ETRN   "<d.example>: Etrn command rejected: "
#define DENIED "Access denied"
#define LATER  "Try again later"

#define ALL_REJECT                                                \
	.client = "reject", .helo = "reject", .sender = "reject", \
	.rcpt = "reject"

static const struct asked order[] = {
	{ "delayed: nothing at connect", .site = { ALL_REJECT },
	  .is_connect = true, .stage = POLICY_CONNECT },
	{ "delayed: nothing at HELO", .site = { ALL_REJECT },
	  .stage = POLICY_HELO },
	{ "delayed: nothing at MAIL", .site = { ALL_REJECT },
	  .stage = POLICY_MAIL },
	{ "delayed: the client's comes first", .site = { ALL_REJECT },
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "then HELO's",
	  .site = { .helo = "reject", .sender = "reject", .rcpt = "reject" },
	  .want = "554 5.7.1 " HELO DENIED },
	{ "then the sender's", .site = { .sender = "reject", .rcpt = "reject" },
	  .want = "554 5.7.1 " SENDER DENIED },
	{ "eager: at connect", .site = { ALL_REJECT, .is_eager = true },
	  .is_connect = true, .want = "554 5.7.1 " CLIENT DENIED },
	{ "eager: at HELO", .site = { ALL_REJECT, .is_eager = true },
	  .stage = POLICY_HELO, .want = "554 5.7.1 " HELO DENIED },
	{ "eager: at MAIL", .site = { ALL_REJECT, .is_eager = true },
	  .stage = POLICY_MAIL, .want = "554 5.7.1 " SENDER DENIED },
	{ "eager: at RCPT only its own",
	  .site = { ALL_REJECT, .is_eager = true },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "relay before recipient",
	  .site = { .relay = "defer", .rcpt = "reject" },
	  .want = "450 4.3.2 " RCPT LATER },
	{ "recipient before relay",
	  .site = { .relay = "defer", .rcpt = "reject", .is_rcpt_first = true },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "permit ends its own list only",
	  .site = { .client = "permit",
		    .helo = "permit",
		    .sender = "permit",
		    .relay = "permit",
		    .rcpt = "reject" },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "a list's words in order",
	  .site = { .rcpt = "permit_mynetworks, defer, reject" },
	  .want = "450 4.3.2 " RCPT LATER },
	{ "unlisted comes last", .site = { .rcpt = "permit" },
	  .rcpt = "nobody@vm.example",
	  .want = "550 5.1.1 <nobody@vm.example>: Recipient address rejected: "
		  "User unknown in virtual mailbox table" },
	{ "postmaster passes everything", .site = { ALL_REJECT },
	  .rcpt = "PostMaster" },
	{ "postmaster with a domain does not", .site = { ALL_REJECT },
	  .rcpt = "postmaster@localhost", .want = "554 5.7.1 " CLIENT DENIED },
	{ "no HELO, no HELO list", .site = { .helo = "reject" }, .helo = "" },
	{ "data: nothing to ask", .site = { .rcpt = "" },
	  .stage = POLICY_DATA },
	{ "eod: nothing to ask", .site = { .rcpt = "" }, .stage = POLICY_EOD },
	{ "etrn: nothing to ask", .site = { .rcpt = "reject" },
	  .stage = POLICY_ETRN },
	{ "etrn: refused", .site = { .etrn = "reject" }, .stage = POLICY_ETRN,
	  .want = "554 5.7.1 " ETRN DENIED },
	{ "etrn: the client's first",
	  .site = { .client = "reject", .etrn = "defer" }, .stage = POLICY_ETRN,
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "etrn: HELO's next", .site = { .helo = "reject", .etrn = "defer" },
	  .stage = POLICY_ETRN, .want = "554 5.7.1 " HELO DENIED },
	{ "etrn: eager, only its own",
	  .site = { .client = "reject", .etrn = "defer", .is_eager = true },
	  .stage = POLICY_ETRN, .want = "450 4.3.2 " ETRN LATER },
	{ "etrn: by domain",
	  .site = { .etrn = "check_etrn_access inline:{d.example=permit}, "
			    "reject" },
	  .stage = POLICY_ETRN },
	{ "etrn: by parent domain",
	  .site = { .etrn = "check_etrn_access inline:{ { example = 450 later "
			    "} }" },
	  .stage = POLICY_ETRN, .want = "450 4.7.1 " ETRN "later" },
};

static const struct asked warnings[] = {
	{ "warn_if_reject", .site = { .client = "warn_if_reject reject" },
	  .finding = "reject_warning: 554 5.7.1 " CLIENT DENIED },
	{ "warns of the next only",
	  .site = { .client = "warn_if_reject reject, defer" },
	  .finding = "reject_warning: 554 5.7.1 " CLIENT DENIED,
	  .want = "450 4.3.2 " CLIENT LATER },
	{ "of one that says nothing",
	  .site = { .client = "warn_if_reject permit_inet_interfaces, defer" },
	  .want = "450 4.3.2 " CLIENT LATER },
	{ "permit is permit",
	  .site = { .client = "warn_if_reject permit, reject" } },
	{ "of defer_if_permit",
	  .site = { .helo = "warn_if_reject defer_if_permit" },
	  .finding = "reject_warning: 450 4.7.0 " HELO
		     "defer_if_permit requested" },
};

static const struct asked deferrals[] = {
	{ "if permit: the list's permit is one",
	  .site = { .client = "defer_if_permit, permit" },
	  .want = "450 4.7.0 " CLIENT "defer_if_permit requested" },
	{ "if permit: a later reject is stronger",
	  .site = { .client = "defer_if_permit", .rcpt = "reject" },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "if permit: the first reason is told",
	  .site = { .client = "defer_if_permit", .helo = "defer_if_permit" },
	  .want = "450 4.7.0 " CLIENT "defer_if_permit requested" },
	{ "if permit: before unlisted", .site = { .client = "defer_if_permit" },
	  .rcpt = "nobody@vm.example",
	  .want = "450 4.7.0 " CLIENT "defer_if_permit requested" },
	{ "if reject: only in its own list",
	  .site = { .client = "defer_if_reject", .rcpt = "reject" },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "if reject: a 4NN stays",
	  .site = { .client = "defer_if_reject, defer" },
	  .want = "450 4.3.2 " CLIENT LATER },
	{ "both: the rest of the list does not run",
	  .site = { .client = "defer_if_permit, defer_if_reject, reject" },
	  .want = "450 4.7.0 " CLIENT "defer_if_permit requested" },
	{ "eager: client's deferral counts at RCPT",
	  .site = { .client = "defer_if_permit", .is_eager = true },
	  .want = "450 4.7.0 " CLIENT "defer_if_permit requested" },
	{ "eager: and not at connect",
	  .site = { .client = "defer_if_permit", .is_eager = true },
	  .is_connect = true },
	{ "eager: what client's list said is not said again",
	  .site = { .client = "warn_if_reject reject", .is_eager = true } },
};

static const struct policy_class classes[] = {
	{ "strict", "permit_mynetworks, reject_non_fqdn_sender, defer" },
	{ "outer", "inner, reject" },
	{ "inner", "permit_mynetworks" },
	{ "endless", "endless" },
	{ "softly", "reject_non_fqdn_sender, reject" },
};
#define CLASSES .classes = classes, .classes_n = ARRAY_N(classes)

static const struct asked class_rows[] = {
	{ "class", .site = { .rcpt = "strict", CLASSES },
	  .want = "450 4.3.2 " RCPT LATER },
	{ "class, its permit is the list's",
	  .site = { .rcpt = "strict, reject", CLASSES }, .client = "10.0.0.1" },
	{ "class in class", .site = { .rcpt = "outer", CLASSES },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "class in class, permit", .site = { .rcpt = "outer", CLASSES },
	  .client = "10.0.0.1" },
	{ "class that asks itself", .site = { .rcpt = "endless", CLASSES },
	  .want = "451 4.3.5 Server configuration error" },
	{ "warn_if_reject covers a class",
	  .site = { .rcpt = "warn_if_reject softly", CLASSES },
	  .finding = "reject_warning: 554 5.7.1 " RCPT DENIED },
};

/* Every finding is kept, up to a number, and no further. */
static void
test_findings(void)
{
	struct site_text text = {
		.client = "warn_if_reject reject, warn_if_reject defer",
		.helo = "warn_if_reject reject",
		.sender = "warn_if_reject reject, warn_if_reject reject",
	};
	struct addr sender = site_addr("s@x.example");
	struct addr rcpt = site_addr("user@vm.example");
	struct policy_query query = { .stage = POLICY_RCPT,
				      .client_name = SPAN("c"),
				      .helo = SPAN("h"),
				      .proto = "ESMTP",
				      .sender = &sender,
				      .rcpt = &rcpt };
	struct policy_verdict verdict;
	struct site s;

	CHECK_ROW("findings");
	must(ip_parse(SPAN("192.0.2.9"), &query.client_ip));
	site_open(&s, &text);
	policy_ask(s.policy, &query, &verdict);
	CHECK(verdict.code == 0);
	CHECK(verdict.findings_n == POLICY_FINDINGS_MAX);
	CHECK_SPAN(span_of(verdict.findings[1].text),
		   "450 4.3.2 <c[192.0.2.9]>: Client host rejected: " LATER);
	CHECK_SPAN(span_of(verdict.findings[2].text),
		   "554 5.7.1 <h>: Helo command rejected: " DENIED);
	site_close(&s);
}

/* A name of any length and content makes a reply of one line. */
static void
test_hostile(void)
{
	static char helo[3000];
	struct policy_query query = { .stage = POLICY_HELO,
				      .client_name = { helo, sizeof(helo) },
				      .helo = { helo, sizeof(helo) },
				      .proto = "SMTP" };
	struct site_text text = { .helo = "reject", .is_eager = true };
	struct policy_verdict verdict;
	struct site s;

	CHECK_ROW("long HELO");
	memset(helo, 'x', sizeof(helo));
	helo[3] = '\n';
	helo[4] = '\0';
	site_open(&s, &text);
	policy_ask(s.policy, &query, &verdict);
	CHECK(verdict.code == 554);
	CHECK(strlen(verdict.text) < sizeof(verdict.text));
	CHECK(strchr(verdict.text, '\n') == NULL);
	site_close(&s);
}

int
main(void)
{
	asked_rows(order, ARRAY_N(order));
	asked_rows(warnings, ARRAY_N(warnings));
	asked_rows(deferrals, ARRAY_N(deferrals));
	asked_rows(class_rows, ARRAY_N(class_rows));
	test_findings();
	test_hostile();
	return check_end();
}
