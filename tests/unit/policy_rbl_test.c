/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of addresses and of domains in DNS: who is on them, and who is told. */
#include "tests/unit/fake_dns.h"

#define LISTED(class, what) \
	"554 5.7.1 Service unavailable; " class " [" what "] blocked using "
#define IP LISTED("Client host", "192.0.2.9")

static const struct fake_row zone[] = {
	{ "9.2.0.192.bl.example", DNS_A, DNS_OK, "127.0.0.4" },
	{ "9.2.0.192.txt.example", DNS_A, DNS_OK, "127.0.0.2 127.0.0.10" },
	{ "9.2.0.192.txt.example", DNS_TXT, DNS_OK, "go away|now" },
	{ "9.2.0.192.later.example", DNS_A, DNS_TRYAGAIN, "" },
	{ "9.2.0.192.wl.example", DNS_A, DNS_OK, "127.0.0.1" },
	{ "host.client.example.dbl.example", DNS_A, DNS_OK, "127.0.1.2" },
	{ "rev.example.dbl.example", DNS_A, DNS_OK, "127.0.1.2" },
	{ "h.example.dbl.example", DNS_A, DNS_OK, "127.0.1.2" },
	{ "x.example.dbl.example", DNS_A, DNS_OK, "127.0.1.2" },
	{ "x.example.dbl.example", DNS_TXT, DNS_TRYAGAIN, "" },
	{ "vm.example.dbl.example", DNS_A, DNS_OK, "127.0.1.2" },
};

static const struct asked rows[] = {
	{ "listed", .site = { .client = "reject_rbl_client bl.example" },
	  .want = IP "bl.example" },
	{ "not listed", .site = { .client = "reject_rbl_client x.example" } },
	{ "with a reason",
	  .site = { .client = "reject_rbl_client txt.example" },
	  .want = IP "txt.example; go away / now" },
	{ "code",
	  .site = { .client = "reject_rbl_client bl.example", .dns_code = 450 },
	  .want = "450 4.7.1 Service unavailable; Client host [192.0.2.9] "
		  "blocked using bl.example" },
	{ "nobody can say",
	  .site = { .client = "reject_rbl_client later.example" },
	  .finding = "warning: 9.2.0.192.later.example: RBL lookup error" },
	{ "filter",
	  .site = { .client = "reject_rbl_client bl.example=127.0.0.4" },
	  .want = IP "bl.example" },
	{ "filter, another",
	  .site = { .client = "reject_rbl_client bl.example=127.0.0.5" } },
	{ "filter, a range",
	  .site = { .client = "reject_rbl_client bl.example=127.0.0.[3..5]" },
	  .want = IP "bl.example" },
	{ "filter, a set",
	  .site = { .client = "reject_rbl_client "
			      "bl.example=127.[0;1].0.[1..2;4;9]" },
	  .want = IP "bl.example" },
	{ "filter, a set without it",
	  .site = { .client = "reject_rbl_client "
			      "bl.example=127.0.0.[1..3;5..255]" } },
	{ "filter, the second record",
	  .site = { .client = "reject_rbl_client txt.example=127.0.0.10" },
	  .want = IP "txt.example; go away / now" },
	{ "the second list",
	  .site = { .client = "reject_rbl_client x.example, "
			      "reject_rbl_client bl.example" },
	  .want = IP "bl.example" },
	{ "warns",
	  .site = { .client = "warn_if_reject reject_rbl_client "
			      "bl.example" },
	  .finding = "reject_warning: " IP "bl.example" },
	{ "the older form",
	  .site = { .client = "reject_maps_rbl",
		    .maps_rbl_domains = "x.example, bl.example" },
	  .want = IP "bl.example" },
	{ "the older form, with none",
	  .site = { .client = "reject_maps_rbl" } },
	{ "out of a table",
	  .site = { .client = "check_client_access "
			      "inline:{{192.0.2.9 = reject_rbl_client "
			      "bl.example}}" },
	  .want = IP "bl.example" },
	{ "reply for all",
	  .site = { .client = "reject_rbl_client bl.example",
		    .rbl_reply = "521 5.9.9 no $rbl_what" },
	  .want = "521 5.9.9 no 192.0.2.9", .is_close = true },
	{ "reply for this list",
	  .site = { .client = "reject_rbl_client bl.example=127.0.0.4",
		    .rbl_reply_maps = "static:{450 4.9.9 later}" },
	  .want = "450 4.9.9 later" },
	{ "reply without a code",
	  .site = { .client = "reject_rbl_client bl.example",
		    .rbl_reply = "go away" },
	  .finding = "warning: rbl response code configuration error: go",
	  .want = "450 4.7.1 Service unavailable" },

	{ "client's name",
	  .site = { .client = "reject_rhsbl_client dbl.example" },
	  .want = LISTED("Client host", "host.client.example") "dbl.example" },
	{ "client without a name",
	  .site = { .client = "reject_rhsbl_client dbl.example" },
	  .client_name = "unknown" },
	{ "client's unverified name",
	  .site = { .client = "reject_rhsbl_reverse_client dbl.example" },
	  .reverse_name = "rev.example",
	  .want = LISTED("Unverified Client host",
			 "rev.example") "dbl.example" },
	{ "client without an unverified name",
	  .site = { .client = "reject_rhsbl_reverse_client dbl.example" } },
	{ "helo", .site = { .helo = "reject_rhsbl_helo dbl.example" },
	  .want = LISTED("Helo command", "h.example") "dbl.example" },
	{ "sender", .site = { .sender = "reject_rhsbl_sender dbl.example" },
	  .want = LISTED("Sender address", "s@x.example") "dbl.example" },
	{ "sender, null",
	  .site = { .sender = "reject_rhsbl_sender dbl.example" },
	  .sender = "" },
	{ "sender, literal",
	  .site = { .sender = "reject_rhsbl_sender dbl.example" },
	  .sender = "s@[192.0.2.7]" },
	{ "recipient", .site = { .rcpt = "reject_rhsbl_recipient dbl.example" },
	  .want = LISTED("Recipient address",
			 "user@vm.example") "dbl.example" },

	{ "permitted",
	  .site = { .client = "permit_dnswl_client wl.example, reject" } },
	{ "permitted, with a filter",
	  .site = { .client =
			    "permit_dnswl_client wl.example=127.0.0.2, defer" },
	  .want = "450 4.3.2 <host.client.example[192.0.2.9]>: Client host "
		  "rejected: Try again later" },
	{ "never to relay",
	  .site = { .relay = "permit_dnswl_client wl.example, "
			     "reject_unauth_destination" },
	  .rcpt = "u@far.example",
	  .want = "554 5.7.1 <u@far.example>: Relay access denied" },
	{ "nobody can say: not refused for good",
	  .site = { .client = "permit_dnswl_client later.example, reject" },
	  .finding = "warning: 9.2.0.192.later.example: RBL lookup error",
	  .want = "450 4.7.1 <192.0.2.9>: Client host rejected: Service "
		  "unavailable" },
	{ "permitted by name",
	  .site = { .client = "permit_rhswl_client dbl.example, reject" } },
	{ "permitted by name, without one",
	  .site = { .client = "permit_rhswl_client dbl.example, defer" },
	  .client_name = "unknown",
	  .want = "450 4.3.2 <unknown[192.0.2.9]>: Client host rejected: Try "
		  "again later" },
};

static const struct {
	const char *arg;
	bool is_good;
} args[] = {
	{ "bl.example", true },
	{ "bl.example=1.2.3.4", true },
	{ "bl.example=1.2.3.[4]", true },
	{ "bl.example=[0..255].2.3.[4;5;6..7]", true },
	{ "", false },
	{ "=1.2.3.4", false },
	{ "bl.example=", false },
	{ "bl.example=1.2.3", false },
	{ "bl.example=1.2.3.4.5", false },
	{ "bl.example=1.2.3.256", false },
	{ "bl.example=1.2.3.x", false },
	{ "bl.example=1.2.3.[4", false },
	{ "bl.example=1.2.3.[]", false },
	{ "bl.example=1.2.3.[4..]", false },
	{ "bl.example=1.2.3.[5..4]", false },
	{ "bl.example=1.2.3.[4;]", false },
	{ "bl.example=1.2.3.4 ", false },
};

static void
test_args(void)
{
	struct policy_rbl rbl;
	char text[400];

	for (size_t i = 0; i < ARRAY_N(args); i++) {
		CHECK_ROW(args[i].arg);
		CHECK(policy_rbl_read(span_of(args[i].arg), &rbl) ==
		      args[i].is_good);
	}
	CHECK_ROW("too long");
	memset(text, 'x', sizeof(text));
	CHECK(!policy_rbl_read((struct span) { text, sizeof(text) }, &rbl));
}

int
main(void)
{
	test_args();
	fake_asked_rows(zone, ARRAY_N(zone), rows, ARRAY_N(rows));
	return check_end();
}
