/* SPDX-License-Identifier: BSD-2-Clause */
/* Each restriction by itself: what it stops, with which words. */
#include "tests/unit/policy_asked.h"

#define CLIENT "<host.client.example[192.0.2.9]>: Client host rejected: "
#define HELO   "<h.example>: Helo command rejected: "
#define SENDER "<s@x.example>: Sender address rejected: "
#define RCPT   "<user@vm.example>: Recipient address rejected: "
#define DENIED "Access denied"

static const struct asked generic[] = {
	{ "client permit", .site = { .client = "permit, reject" } },
	{ "client reject",
	  { .client = "reject" },
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "helo reject",
	  { .helo = "reject" },
	  .want = "554 5.7.1 " HELO DENIED },
	{ "sender reject",
	  { .sender = "reject" },
	  .want = "554 5.7.1 " SENDER DENIED },
	{ "null sender reject",
	  { .sender = "reject" },
	  .sender = "",
	  .want = "554 5.7.1 <>: Sender address rejected: " DENIED },
	{ "relay reject",
	  { .relay = "reject" },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "recipient reject",
	  { .rcpt = "reject" },
	  .want = "554 5.7.1 " RCPT DENIED },
	{ "data reject",
	  { .data = "reject" },
	  .stage = POLICY_DATA,
	  .want = "554 5.7.1 <DATA>: Data command rejected: " DENIED },
	{ "end of data reject",
	  { .eod = "reject" },
	  .stage = POLICY_EOD,
	  .want = "554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: " DENIED },
	{ "client defer",
	  { .client = "defer" },
	  .want = "450 4.3.2 " CLIENT "Try again later" },
	{ "data defer",
	  { .data = "defer" },
	  .stage = POLICY_DATA,
	  .want = "450 4.3.2 <DATA>: Data command rejected: Try again later" },
	{ "helo defer_if_permit",
	  { .helo = "defer_if_permit" },
	  .want = "450 4.7.0 " HELO "defer_if_permit requested" },
	{ "eod defer_if_permit",
	  { .eod = "defer_if_permit" },
	  .stage = POLICY_EOD,
	  .want = "450 4.7.0 <END-OF-MESSAGE>: End-of-data rejected: "
		  "defer_if_permit requested" },
	{ "sender defer_if_reject",
	  { .sender = "defer_if_reject, reject" },
	  .want = "450 4.7.0 " SENDER "defer_if_reject requested" },
	{ "defer_if_reject alone", .site = { .sender = "defer_if_reject" } },
	{ "plain session",
	  { .client = "reject_plaintext_session" },
	  .want = "450 4.7.1 Session encryption is required" },
	{ "TLS session",
	  { .client = "reject_plaintext_session" },
	  .is_tls = true },
};

static const struct asked pipelining[] = {
	{ "an earlier command was followed badly",
	  .site = { .helo = "reject_unauth_pipelining" },
	  .was_pipelined_badly = true,
	  .want = "503 5.5.0 <h.example>: Helo command rejected: Improper use "
		  "of SMTP command pipelining" },
	{ "nothing waits",
	  { .data = "reject_unauth_pipelining" },
	  .stage = POLICY_DATA },
	{ "behind DATA",
	  { .data = "reject_unauth_pipelining" },
	  .stage = POLICY_DATA,
	  .is_pipelined = true,
	  .want = "503 5.5.0 <DATA>: Data command rejected: Improper use of "
		  "SMTP command pipelining" },
	{ "behind RCPT",
	  { .rcpt = "reject_unauth_pipelining" },
	  .is_pipelined = true },
	{ "behind RCPT after HELO",
	  { .rcpt = "reject_unauth_pipelining" },
	  .proto = "SMTP",
	  .is_pipelined = true,
	  .want = "503 5.5.0 " RCPT "Improper use of SMTP command pipelining" },
	{ "behind EHLO",
	  { .helo = "reject_unauth_pipelining", .is_eager = true },
	  .stage = POLICY_HELO,
	  .is_pipelined = true,
	  .want = "503 5.5.0 " HELO "Improper use of SMTP command pipelining" },
	{ "behind the end of data",
	  { .eod = "reject_unauth_pipelining" },
	  .stage = POLICY_EOD,
	  .is_pipelined = true },
};

static const struct asked clients[] = {
	{ "mynetworks",
	  { .client = "permit_mynetworks, reject" },
	  .client = "10.1.1.1" },
	{ "mynetworks, mapped",
	  { .client = "permit_mynetworks, reject" },
	  .client = "::ffff:10.1.1.1" },
	{ "not mynetworks",
	  { .client = "permit_mynetworks, reject" },
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "mynetworks, none",
	  { .client = "permit_mynetworks, reject", .mynetworks = "" },
	  .client = "10.1.1.1",
	  .want = "554 5.7.1 <host.client.example[10.1.1.1]>: Client host "
		  "rejected: " DENIED },
	{ "inet_interfaces",
	  { .client = "permit_inet_interfaces, reject" },
	  .client = "127.0.0.1" },
	{ "not inet_interfaces",
	  { .client = "permit_inet_interfaces, reject" },
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "nobody is authenticated",
	  { .client = "permit_sasl_authenticated, reject" },
	  .want = "554 5.7.1 " CLIENT DENIED },
	{ "unknown client",
	  { .client = "reject" },
	  .client = "2001:db8::1",
	  .client_name = "unknown",
	  .want = "554 5.7.1 <unknown[2001:db8::1]>: Client host "
		  "rejected: " DENIED },
};

#define INVALID_NAME(h) "501 5.5.2 <" h ">: Helo command rejected: Invalid name"
#define INVALID_IP(h) \
	"501 5.5.2 <" h ">: Helo command rejected: invalid ip address"
#define NON_FQDN(h)                                                       \
	"504 5.5.2 <" h ">: Helo command rejected: need fully-qualified " \
	"hostname"

/* helo, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname */
static const struct {
	const char *helo, *invalid, *non_fqdn;
} helos[] = {
	{ "host.example", NULL, NULL },
	{ "host", NULL, NON_FQDN("host") },
	{ "h_x.example", NULL, NULL },
	{ "-x.example", INVALID_NAME("-x.example"), NON_FQDN("-x.example") },
	{ "a..b", INVALID_NAME("a..b"), NON_FQDN("a..b") },
	{ "1.2.3.4", NULL, NON_FQDN("1.2.3.4") },
	{ "[1.2.3.4]", NULL, NULL },
	{ "[IPv6:::1]", NULL, NULL },
	{ "[::1]", INVALID_IP("[::1]"), INVALID_IP("[::1]") },
	{ "[x]", INVALID_IP("[x]"), INVALID_IP("[x]") },
	{ "[", INVALID_IP("["), INVALID_IP("[") },
	{ "host.example.", NULL, NULL },
	{ "host.", NULL, NON_FQDN("host.") },
	{ "host.example..", INVALID_NAME("host.example.."),
	  NON_FQDN("host.example..") },
	{ "a!b", INVALID_NAME("a!b"), NON_FQDN("a!b") },
	{ "::1", NULL, NON_FQDN("::1") },
	{ "1.2.3", INVALID_NAME("1.2.3"), NON_FQDN("1.2.3") },
	{ "IPv6:::1", INVALID_NAME("IPv6:::1"), NON_FQDN("IPv6:::1") },
	{ "", NULL, NULL },
	{ ".", INVALID_NAME("."), NON_FQDN(".") },
};

static const struct asked addresses[] = {
	{ "fqdn sender", .site = { .sender = "reject_non_fqdn_sender" } },
	{ "bare sender",
	  { .sender = "reject_non_fqdn_sender" },
	  .sender = "s",
	  .want = "504 5.5.2 <s>: Sender address rejected: need "
		  "fully-qualified address" },
	{ "short sender",
	  { .sender = "reject_non_fqdn_sender" },
	  .sender = "s@x",
	  .want = "504 5.5.2 <s@x>: Sender address rejected: need "
		  "fully-qualified address" },
	{ "null sender is fqdn",
	  { .sender = "reject_non_fqdn_sender" },
	  .sender = "" },
	{ "literal sender is fqdn",
	  { .sender = "reject_non_fqdn_sender" },
	  .sender = "s@[1.2.3.4]" },
	{ "bare recipient",
	  { .rcpt = "reject_non_fqdn_recipient", .is_rcpt_first = true },
	  .rcpt = "s",
	  .want = "504 5.5.2 <s>: Recipient address rejected: need "
		  "fully-qualified address" },
	{ "short recipient",
	  { .rcpt = "reject_non_fqdn_recipient", .is_rcpt_first = true },
	  .rcpt = "s@x",
	  .want = "504 5.5.2 <s@x>: Recipient address rejected: need "
		  "fully-qualified address" },
	{ "multi-recipient bounce, first",
	  { .rcpt = "reject_multi_recipient_bounce" },
	  .sender = "" },
	{ "multi-recipient bounce, second",
	  { .rcpt = "reject_multi_recipient_bounce" },
	  .sender = "",
	  .rcpt_n = 1,
	  .want = "550 5.5.3 " RCPT "Multi-recipient bounce" },
	{ "multi-recipient, no bounce",
	  { .rcpt = "reject_multi_recipient_bounce" },
	  .rcpt_n = 1 },
	{ "multi-recipient bounce at DATA, one",
	  { .data = "reject_multi_recipient_bounce" },
	  .sender = "",
	  .stage = POLICY_DATA,
	  .rcpt_n = 1 },
	{ "multi-recipient bounce at DATA",
	  { .data = "reject_multi_recipient_bounce" },
	  .sender = "",
	  .stage = POLICY_DATA,
	  .rcpt_n = 2,
	  .want = "550 5.5.3 <DATA>: Data command rejected: Multi-recipient "
		  "bounce" },
	{ "sender unlisted, foreign",
	  .site = { .sender = "reject_unlisted_sender" } },
	{ "sender listed",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "user@vm.example" },
	{ "sender unlisted, virtual",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "nobody@vm.example",
	  .want = "550 5.1.0 <nobody@vm.example>: Sender address rejected: "
		  "User unknown in virtual mailbox table" },
	{ "sender unlisted, local",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "nobody@local.example",
	  .want = "550 5.1.0 <nobody@local.example>: Sender address rejected: "
		  "User unknown in local recipient table" },
	{ "sender unlisted, relay",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "x@relay.example",
	  .want = "550 5.1.0 <x@relay.example>: Sender address rejected: User "
		  "unknown in relay recipient table" },
	{ "sender unlisted, alias",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "x@va.example",
	  .want = "550 5.1.7 <x@va.example>: Sender address rejected: User "
		  "unknown in virtual alias table" },
	{ "smtpd_reject_unlisted_sender",
	  { .is_unlisted_sender = true },
	  .sender = "nobody@vm.example",
	  .want = "550 5.1.0 <nobody@vm.example>: Sender address rejected: "
		  "User unknown in virtual mailbox table" },
	{ "sender is no address",
	  { .sender = "reject_unlisted_sender" },
	  .sender = "a%@localhost",
	  .want = "501 5.1.7 Bad sender address syntax" },
};

#define RELAY_DENIED(who) "554 5.7.1 <" who ">: Relay access denied"
#define UNKNOWN(who, what) \
	"550 5.1.1 <" who  \
	">: Recipient address rejected: User unknown in " what " table"

/* recipient; what a stranger, and what mynetworks get */
static const struct {
	const char *rcpt, *stranger, *friend;
} rcpts[] = {
	{ "user@vm.example", NULL, NULL },
	{ "USER@VM.example", NULL, NULL },
	{ "nobody@vm.example", UNKNOWN("nobody@vm.example", "virtual mailbox"),
	  UNKNOWN("nobody@vm.example", "virtual mailbox") },
	{ "user+x@vm.example", NULL, NULL },
	{ "\"quo ted\"@vm.example", NULL, NULL },
	{ "\"x..y\"@vm.example", NULL, NULL },
	{ "a%b@vm.example", RELAY_DENIED("a%b@vm.example"),
	  UNKNOWN("a%b@vm.example", "virtual mailbox") },
	{ "\"a@b\"@vm.example", RELAY_DENIED("a@b@vm.example"),
	  UNKNOWN("a@b@vm.example", "virtual mailbox") },
	{ "a!b@vm.example", RELAY_DENIED("a!b@vm.example"),
	  UNKNOWN("a!b@vm.example", "virtual mailbox") },
	{ "x%vm.example@mx.example.org",
	  UNKNOWN("x%vm.example@mx.example.org", "virtual mailbox"),
	  UNKNOWN("x%vm.example@mx.example.org", "virtual mailbox") },
	{ "user%vm.example@mx.example.org", NULL, NULL },
	{ "\"user@vm.example\"@mx.example.org", NULL, NULL },
	{ "x%foreign.example@mx.example.org",
	  RELAY_DENIED("x%foreign.example@mx.example.org"), NULL },
	{ "luser@mx.example.org", NULL, NULL },
	{ "luser", RELAY_DENIED("luser"), NULL },
	{ "postmaster", NULL, NULL },
	{ "PostMaster", NULL, NULL },
	{ "postmaster@mx.example.org", NULL, NULL },
	{ "postmaster@vm.example",
	  UNKNOWN("postmaster@vm.example", "virtual mailbox"),
	  UNKNOWN("postmaster@vm.example", "virtual mailbox") },
	{ "postmaster@va.example",
	  UNKNOWN("postmaster@va.example", "virtual alias"),
	  UNKNOWN("postmaster@va.example", "virtual alias") },
	{ "postmaster@relay.example",
	  UNKNOWN("postmaster@relay.example", "relay recipient"),
	  UNKNOWN("postmaster@relay.example", "relay recipient") },
	{ "luser@[127.0.0.1]", NULL, NULL },
	{ "luser@[1.2.3.4]", RELAY_DENIED("luser@[1.2.3.4]"), NULL },
	{ "user@va.example", UNKNOWN("user@va.example", "virtual alias"),
	  UNKNOWN("user@va.example", "virtual alias") },
	{ "a1@va.example", NULL, NULL },
	{ "a1+x@va.example", NULL, NULL },
	{ "loop1@va.example", NULL, NULL },
	{ "foreign@foreign.example", RELAY_DENIED("foreign@foreign.example"),
	  NULL },
	{ "known@relay.example", NULL, NULL },
	{ "x@relay.example", UNKNOWN("x@relay.example", "relay recipient"),
	  UNKNOWN("x@relay.example", "relay recipient") },
	{ "x@sub.relay.example",
	  UNKNOWN("x@sub.relay.example", "relay recipient"),
	  UNKNOWN("x@sub.relay.example", "relay recipient") },
	{ "bareo@mx.example.org", NULL, NULL },
	{ "bare@origin.example", RELAY_DENIED("bare@origin.example"), NULL },
	{ "luser@LOCALHOST", NULL, NULL },
	{ "double-bounce@mx.example.org", NULL, NULL },
	{ "mailer-daemon@mx.example.org", NULL, NULL },
	{ "luser+foo@mx.example.org", NULL, NULL },
	{ "user@both.example", UNKNOWN("user@both.example", "virtual mailbox"),
	  UNKNOWN("user@both.example", "virtual mailbox") },
	{ "\"nobody\"@vm.example",
	  UNKNOWN("nobody@vm.example", "virtual mailbox"),
	  UNKNOWN("nobody@vm.example", "virtual mailbox") },
};

static const struct asked destinations[] = {
	{ "defer_unauth_destination",
	  { .relay = "permit_mynetworks, permit_sasl_authenticated, "
		     "defer_unauth_destination" },
	  .rcpt = "x@foreign.example",
	  .want = "454 4.7.1 <x@foreign.example>: Relay access denied" },
	{ "permit_auth_destination",
	  .site = { .relay = "permit_auth_destination, reject" } },
	{ "permit_auth_destination, foreign",
	  { .relay = "permit_auth_destination, reject" },
	  .rcpt = "x@foreign.example",
	  .want = "554 5.7.1 <x@foreign.example>: Recipient address "
		  "rejected: " DENIED },
	{ "relay_domains_reject_code",
	  { .relay_code = 550 },
	  .rcpt = "x@foreign.example",
	  .want = "550 5.7.1 <x@foreign.example>: Relay access denied" },
	{ "unlisted recipient, own restriction",
	  { .rcpt = "reject_unlisted_recipient", .is_unlisted_ok = true },
	  .rcpt = "nobody@vm.example",
	  .want = UNKNOWN("nobody@vm.example", "virtual mailbox") },
	{ "unlisted recipient, old name",
	  { .rcpt = "check_recipient_maps", .is_unlisted_ok = true },
	  .rcpt = "nobody@vm.example",
	  .want = UNKNOWN("nobody@vm.example", "virtual mailbox") },
	{ "smtpd_reject_unlisted_recipient = no",
	  { .is_unlisted_ok = true },
	  .rcpt = "nobody@vm.example" },
	{ "warned of, then implicitly rejected",
	  { .rcpt = "warn_if_reject reject_unlisted_recipient" },
	  .rcpt = "nobody@vm.example",
	  .finding = "reject_warning: " UNKNOWN("nobody@vm.example",
						"virtual mailbox"),
	  .want = UNKNOWN("nobody@vm.example", "virtual mailbox") },
	{ "unknown code 450",
	  { .unknown_code = 450, .is_table_hidden = true },
	  .rcpt = "nobody@vm.example",
	  .want = "450 4.1.1 <nobody@vm.example>: Recipient address rejected: "
		  "User unknown" },
	{ "recipient is no address",
	  { .relay = "permit_mynetworks, reject_unauth_destination" },
	  .rcpt = "a%@localhost",
	  .want = "501 5.1.3 Bad recipient address syntax" },
	{ "VRFY known", { .rcpt = "" }, .stage = POLICY_VRFY },
	{ "VRFY unknown",
	  { .rcpt = "" },
	  .stage = POLICY_VRFY,
	  .rcpt = "nobody@vm.example",
	  .want = UNKNOWN("nobody@vm.example", "virtual mailbox") },
};

static const struct asked trouble[] = {
	{ "domains fail",
	  { .virtual_mailbox_domains = "fail:x" },
	  .want = "451 4.3.0 <user@vm.example>: Temporary lookup failure" },
	{ "mailboxes fail",
	  { .virtual_mailbox_maps = "fail:x" },
	  .want = "451 4.3.0 <user@vm.example>: Temporary lookup failure" },
	{ "aliases fail",
	  { .virtual_alias_maps = "fail:x" },
	  .want = "451 4.3.0 <user@vm.example>: Temporary lookup failure" },
	{ "trouble is not softened",
	  { .rcpt = "warn_if_reject reject_unlisted_recipient",
	    .virtual_mailbox_maps = "fail:x" },
	  .want = "451 4.3.0 <user@vm.example>: Temporary lookup failure" },
	{ "sender's table fails",
	  { .sender = "reject_unlisted_sender",
	    .virtual_mailbox_maps = "fail:x" },
	  .sender = "user@vm.example",
	  .want = "451 4.3.0 <user@vm.example>: Temporary lookup failure" },
};

static void
test_helos(void)
{
	for (size_t i = 0; i < ARRAY_N(helos); i++) {
		struct asked rows[] = {
			{ helos[i].helo,
			  { .helo = "reject_invalid_helo_hostname" },
			  .helo = helos[i].helo,
			  .want = helos[i].invalid },
			{ helos[i].helo,
			  { .helo = "reject_invalid_hostname" },
			  .helo = helos[i].helo,
			  .want = helos[i].invalid },
			{ helos[i].helo,
			  { .helo = "reject_non_fqdn_helo_hostname" },
			  .helo = helos[i].helo,
			  .want = helos[i].non_fqdn },
		};

		asked_rows(rows, ARRAY_N(rows));
	}
}

static void
test_rcpts(void)
{
	struct site s;

	site_open(&s, &site_default);
	for (size_t i = 0; i < ARRAY_N(rcpts); i++) {
		struct asked stranger = { .rcpt = rcpts[i].rcpt,
					  .want = rcpts[i].stranger };
		struct asked friend = { .rcpt = rcpts[i].rcpt,
					.client = "10.1.1.1",
					.want = rcpts[i].friend };

		CHECK_ROW(rcpts[i].rcpt);
		asked_row(&s, &stranger);
		asked_row(&s, &friend);
	}
	site_close(&s);
}

static void
test_my_network(void)
{
	struct ip in, out;
	struct site s;

	CHECK_ROW("policy_is_my_network");
	site_open(&s, &site_default);
	must(ip_parse(SPAN("10.0.0.1"), &in));
	must(ip_parse(SPAN("192.0.2.1"), &out));
	CHECK(policy_is_my_network(s.policy, &in));
	CHECK(!policy_is_my_network(s.policy, &out));
	site_close(&s);
}

int
main(void)
{
	asked_rows(generic, ARRAY_N(generic));
	asked_rows(pipelining, ARRAY_N(pipelining));
	asked_rows(clients, ARRAY_N(clients));
	test_helos();
	asked_rows(addresses, ARRAY_N(addresses));
	test_rcpts();
	asked_rows(destinations, ARRAY_N(destinations));
	asked_rows(trouble, ARRAY_N(trouble));
	test_my_network();
	return check_end();
}
