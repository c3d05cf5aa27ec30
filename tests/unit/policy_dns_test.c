/* SPDX-License-Identifier: BSD-2-Clause */
/* reject_unknown_...: names that are in DNS, are not, or nobody can say. */
#include "tests/unit/fake_dns.h"

#define HELO	 "<h.example>: Helo command rejected: "
#define SENDER	 "<s@x.example>: Sender address rejected: "
#define RCPT	 "<u@far.example>: Recipient address rejected: "
#define NOT_HOST "Host not found"
#define NOT_DOM	 "Domain not found"

static const struct fake_row zone[] = {
	{ "a.example", DNS_A, DNS_OK, "192.0.2.1" },
	{ "aaaa.example", DNS_AAAA, DNS_OK, "2001:db8::1" },
	{ "mx.example", DNS_MX, DNS_OK, "10:a.example" },
	{ "null.example", DNS_MX, DNS_NULL_MX, "" },
	{ "null.example", DNS_A, DNS_OK, "192.0.2.1" },
	{ "txt.example", DNS_TXT, DNS_OK, "here" },
	{ "bad.example", DNS_MX, DNS_BAD, "" },
	{ "later.example", DNS_A, DNS_TRYAGAIN, "" },
	{ "later.example", DNS_AAAA, DNS_TRYAGAIN, "" },
	{ "later.example", DNS_MX, DNS_TRYAGAIN, "" },
	{ "half.example", DNS_A, DNS_OK, "192.0.2.1" },
	{ "half.example", DNS_MX, DNS_TRYAGAIN, "" },
	{ "mxlater.example", DNS_MX, DNS_TRYAGAIN, "" },
};

static const struct asked rows[] = {
	/* the client */
	{ "client known", .site = { .client = "reject_unknown_client" } },
	{ "client unknown", .site = { .client = "reject_unknown_client" },
	  .client_status = DNS_CLIENT_UNKNOWN,
	  .want = "450 4.7.25 Client host rejected: cannot find your hostname, "
		  "[192.0.2.9]" },
	{ "client forged",
	  .site = { .client = "reject_unknown_client_hostname",
		    .dns_code = 550 },
	  .client_status = DNS_CLIENT_FORGED,
	  .want = "550 5.7.25 Client host rejected: cannot find your hostname, "
		  "[192.0.2.9]" },
	{ "client, nobody can say",
	  .site = { .client = "reject_unknown_client", .dns_code = 550 },
	  .client_status = DNS_CLIENT_TRYAGAIN,
	  .want = "450 4.7.25 Client host rejected: cannot find your hostname, "
		  "[192.0.2.9]" },
	{ "reverse known",
	  .site = { .client = "reject_unknown_reverse_client_hostname" },
	  .client_status = DNS_CLIENT_FORGED },
	{ "reverse unknown",
	  .site = { .client = "reject_unknown_reverse_client_hostname",
		    .dns_code = 554 },
	  .reverse_status = DNS_CLIENT_UNKNOWN,
	  .want = "554 5.7.1 Client host rejected: cannot find your reverse "
		  "hostname, [192.0.2.9]" },
	{ "reverse, nobody can say",
	  .site = { .client = "reject_unknown_reverse_client_hostname",
		    .dns_code = 554 },
	  .reverse_status = DNS_CLIENT_TRYAGAIN,
	  .want = "450 4.7.1 Client host rejected: cannot find your reverse "
		  "hostname, [192.0.2.9]" },

	/* HELO */
	{ "helo with A", .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "a.example" },
	{ "helo with AAAA", .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "AAAA.example" },
	{ "helo with AAAA where nobody speaks IPv6",
	  .site = { .helo = "reject_unknown_helo_hostname",
		    .inet_protocols = "ipv4" },
	  .helo = "aaaa.example",
	  .want = "450 4.7.1 <aaaa.example>: Helo command "
		  "rejected: " NOT_HOST },
	{ "helo with A where nobody speaks IPv4",
	  .site = { .helo = "reject_unknown_helo_hostname",
		    .inet_protocols = "ipv6" },
	  .helo = "a.example",
	  .want = "450 4.7.1 <a.example>: Helo command rejected: " NOT_HOST },
	{ "helo with MX", .site = { .helo = "reject_unknown_hostname" },
	  .helo = "mx.example" },
	{ "helo with a dot at its end",
	  .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "a.example.",
	  .want = "450 4.7.1 <a.example.>: Helo command rejected: " NOT_HOST },
	{ "helo unknown", .site = { .helo = "reject_unknown_helo_hostname" },
	  .want = "450 4.7.1 " HELO NOT_HOST },
	{ "helo unknown, its code",
	  .site = { .helo = "reject_unknown_helo_hostname", .dns_code = 550 },
	  .want = "550 5.7.1 " HELO NOT_HOST },
	{ "helo with other records",
	  .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "txt.example",
	  .want = "450 4.7.1 <txt.example>: Helo command rejected: " NOT_HOST },
	{ "helo, nobody can say",
	  .site = { .helo = "reject_unknown_helo_hostname", .dns_code = 550 },
	  .helo = "later.example",
	  .want = "450 4.7.1 <later.example>: Helo command "
		  "rejected: " NOT_HOST },
	{ "helo, half an answer is enough",
	  .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "half.example" },
	{ "helo, nobody can say: a later reject is stronger",
	  .site = { .helo = "reject_unknown_helo_hostname, reject" },
	  .helo = "later.example",
	  .want = "554 5.7.1 <later.example>: Helo command rejected: Access "
		  "denied" },
	{ "helo, nobody can say: defer",
	  .site = { .helo = "reject_unknown_helo_hostname, reject",
		    .tempfail = POLICY_TEMPFAIL_DEFER },
	  .helo = "later.example",
	  .want = "450 4.7.1 <later.example>: Helo command "
		  "rejected: " NOT_HOST },
	{ "helo, an address", .site = { .helo = "reject_unknown_hostname" },
	  .helo = "[192.0.2.1]" },
	{ "helo, no address", .site = { .helo = "reject_unknown_hostname" },
	  .helo = "[192.0.2.x]",
	  .want = "501 5.5.2 <[192.0.2.x]>: Helo command rejected: invalid ip "
		  "address" },
	{ "helo, to warn",
	  .site = { .helo = "warn_if_reject reject_unknown_helo_hostname" },
	  .finding = "reject_warning: 450 4.7.1 " HELO NOT_HOST },
	{ "helo, none", .site = { .helo = "reject_unknown_helo_hostname" },
	  .helo = "" },

	/* sender */
	{ "sender with A", .site = { .sender = "reject_unknown_address" },
	  .sender = "s@a.example" },
	{ "sender with MX",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "s@mx.example" },
	{ "sender unknown",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .want = "450 4.1.8 " SENDER NOT_DOM },
	{ "sender unknown, its code",
	  .site = { .sender = "reject_unknown_sender_domain", .dns_code = 550 },
	  .want = "550 5.1.8 " SENDER NOT_DOM },
	{ "sender who takes no mail",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "s@null.example",
	  .want = "550 5.7.27 <s@null.example>: Sender address rejected: "
		  "Domain null.example does not accept mail (nullMX)" },
	{ "sender with a bad MX",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "s@bad.example",
	  .want = "450 4.1.8 <s@bad.example>: Sender address "
		  "rejected: " NOT_DOM },
	{ "sender, nobody can say",
	  .site = { .sender = "reject_unknown_sender_domain", .dns_code = 550 },
	  .sender = "s@mxlater.example",
	  .want = "450 4.1.8 <s@mxlater.example>: Sender address "
		  "rejected: " NOT_DOM },
	{ "sender, null", .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "" },
	{ "sender, literal",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "s@[192.0.2.7]" },
	{ "sender of ours",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "user@vm.example" },
	{ "sender of ours, local",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "x@local.example" },
	{ "sender of a domain we relay for",
	  .site = { .sender = "reject_unknown_sender_domain" },
	  .sender = "x@relay.example",
	  .want = "450 4.1.8 <x@relay.example>: Sender address "
		  "rejected: " NOT_DOM },

	/* recipient */
	{ "recipient unknown",
	  .site = { .rcpt = "reject_unknown_recipient_domain" },
	  .client = "10.0.0.1", .rcpt = "u@far.example",
	  .want = "450 4.1.2 " RCPT NOT_DOM },
	{ "recipient who takes no mail",
	  .site = { .rcpt = "reject_unknown_recipient_domain" },
	  .client = "10.0.0.1", .rcpt = "u@null.example",
	  .want = "556 5.1.10 <u@null.example>: Recipient address rejected: "
		  "Domain null.example does not accept mail (nullMX)" },
	{ "recipient of ours",
	  .site = { .rcpt = "reject_unknown_recipient_domain" } },
	{ "recipient, nobody can say",
	  .site = { .rcpt = "reject_unknown_recipient_domain" },
	  .client = "10.0.0.1", .rcpt = "u@later.example",
	  .want = "450 4.1.2 <u@later.example>: Recipient address "
		  "rejected: " NOT_DOM },
};

/* Without a source of answers there is no "no". */
static void
test_nobody(void)
{
	static const struct asked row = {
		"nobody to ask",
		.site = { .sender = "reject_unknown_sender_domain",
			  .dns_code = 550 },
		.want = "450 4.1.8 " SENDER NOT_DOM,
	};

	asked_pins = NULL;
	asked_rows(&row, 1);
}

int
main(void)
{
	fake_asked_rows(zone, ARRAY_N(zone), rows, ARRAY_N(rows));
	test_nobody();
	return check_end();
}
