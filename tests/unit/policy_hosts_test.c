/* SPDX-License-Identifier: BSD-2-Clause */
/* Access tables for the hosts behind a domain: MX, NS, addresses. */
#include "tests/unit/fake_dns.h"

#define BAD                                                               \
	"inline:{{bad.example = REJECT name} {198.51.100.7 = REJECT ip} " \
	"{198.51.100.8 = OK} {x.example = REJECT domain} "                \
	"{198.51.99 = DUNNO} {2001:db8:bad = REJECT six} "                \
	"{rev.example = REJECT rev} {192.0.2.9 = REJECT addr}}"
#define SENDER "554 5.7.1 <s@x.example>: Sender address rejected: "

static const struct fake_row zone[] = {
	{ "x.example", DNS_MX, DNS_OK, "10:good.example 20:mx.bad.example" },
	{ "good.example", DNS_HOST_A, DNS_OK, "192.0.2.1" },
	{ "x.example", DNS_NS, DNS_OK, "ns.example" },
	{ "ns.example", DNS_HOST_A, DNS_OK, "192.0.2.1 198.51.100.7" },
	{ "ok.example", DNS_MX, DNS_OK, "10:okhost.example" },
	{ "okhost.example", DNS_HOST_A, DNS_OK, "198.51.100.8" },
	{ "six.example", DNS_MX, DNS_OK, "10:sixhost.example" },
	{ "sixhost.example", DNS_HOST_AAAA, DNS_OK, "2001:db8:bad::1" },
	{ "nomx.example", DNS_HOST_A, DNS_OK, "198.51.100.7" },
	{ "nomx.example", DNS_A, DNS_OK, "198.51.100.7" },
	{ "null.example", DNS_MX, DNS_NULL_MX, "" },
	{ "later.example", DNS_MX, DNS_TRYAGAIN, "" },
	{ "dunno.example", DNS_MX, DNS_OK, "1:d.example 2:e.example" },
	{ "d.example", DNS_HOST_A, DNS_OK, "198.51.99.1" },
	{ "e.example", DNS_HOST_A, DNS_OK, "198.51.100.7" },
	{ "numeric.example", DNS_MX, DNS_OK, "10:198.51.100.7" },
	{ "h.example", DNS_HOST_A, DNS_OK, "198.51.100.7" },
	{ "host.client.example", DNS_HOST_A, DNS_OK, "198.51.100.7" },
	{ "client.example", DNS_NS, DNS_OK, "ns.bad.example" },
	{ "far.example", DNS_MX, DNS_OK, "10:mx.bad.example" },
};

static const struct asked rows[] = {
	{ "mx by its name", .site = { .sender = "check_sender_mx_access " BAD },
	  .want = SENDER "name" },
	{ "ns by its address",
	  .site = { .sender = "check_sender_ns_access " BAD },
	  .want = SENDER "ip" },
	{ "a: the domain's name does not count",
	  .site = { .sender = "check_sender_a_access " BAD } },
	{ "a", .site = { .sender = "check_sender_a_access " BAD },
	  .sender = "s@nomx.example",
	  .want = "554 5.7.1 <s@nomx.example>: Sender address rejected: ip" },
	{ "mx: OK is no answer",
	  .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@ok.example",
	  .finding = "warning: restriction check_sender_mx_access returns OK "
		     "for s@ok.example",
	  .want = "451 4.3.5 Server configuration error" },
	{ "mx with IPv6", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@six.example",
	  .want = "554 5.7.1 <s@six.example>: Sender address rejected: six" },
	{ "mx with IPv6, which nobody speaks",
	  .site = { .sender = "check_sender_mx_access " BAD,
		    .inet_protocols = "ipv4" },
	  .sender = "s@six.example" },
	{ "no mx: the domain itself",
	  .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@nomx.example",
	  .want = "554 5.7.1 <s@nomx.example>: Sender address rejected: ip" },
	{ "null mx", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@null.example" },
	{ "nobody can say", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@later.example",
	  .finding = "warning: Unable to look up MX host for later.example" },
	{ "DUNNO ends it", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@dunno.example" },
	{ "an address as an MX",
	  .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@numeric.example",
	  .want = "554 5.7.1 <s@numeric.example>: Sender address rejected: "
		  "ip" },
	{ "literal", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "s@[198.51.100.7]",
	  .want = "554 5.7.1 <s@[198.51.100.7]>: Sender address rejected: ip" },
	{ "literal has no NS",
	  .site = { .sender = "check_sender_ns_access " BAD },
	  .sender = "s@[198.51.100.7]" },
	{ "null sender", .site = { .sender = "check_sender_mx_access " BAD },
	  .sender = "" },
	{ "helo", .site = { .helo = "check_helo_a_access " BAD },
	  .want = "554 5.7.1 <h.example>: Helo command rejected: ip" },
	{ "client", .site = { .client = "check_client_a_access " BAD },
	  .want = "554 5.7.1 <host.client.example[192.0.2.9]>: Client host "
		  "rejected: ip" },
	{ "client's parent has the NS",
	  .site = { .client = "check_client_ns_access " BAD },
	  .want = "554 5.7.1 <host.client.example[192.0.2.9]>: Client host "
		  "rejected: name" },
	{ "client unknown", .site = { .client = "check_client_a_access " BAD },
	  .client_name = "unknown" },
	{ "reverse name",
	  .site = { .client = "check_reverse_client_hostname_access " BAD },
	  .reverse_name = "a.rev.example",
	  .want = "554 5.7.1 <a.rev.example>: Unverified Client host rejected: "
		  "rev" },
	{ "reverse name, by its address",
	  .site = { .client = "check_reverse_client_hostname_access " BAD },
	  .want = "554 5.7.1 <unknown>: Unverified Client host rejected: "
		  "addr" },
	{ "reverse name's hosts",
	  .site = { .client = "check_reverse_client_hostname_a_access " BAD },
	  .reverse_name = "h.example",
	  .want = "554 5.7.1 <h.example>: Unverified Client host rejected: "
		  "ip" },
	{ "recipient", .site = { .rcpt = "check_recipient_mx_access " BAD },
	  .client = "10.0.0.1", .rcpt = "u@far.example",
	  .want = "554 5.7.1 <u@far.example>: Recipient address rejected: "
		  "name" },
};

int
main(void)
{
	fake_asked_rows(zone, ARRAY_N(zone), rows, ARRAY_N(rows));
	return check_end();
}
