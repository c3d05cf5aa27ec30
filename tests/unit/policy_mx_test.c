/* SPDX-License-Identifier: BSD-2-Clause */
/* permit_mx_backup: whose backup this host is. Its address is 127.0.0.1. */
#include "tests/unit/fake_dns.h"

#define BACKUP	     "permit_mx_backup, reject_unauth_destination"
#define DENIED(rcpt) "554 5.7.1 <" rcpt ">: Relay access denied"

static const struct fake_row zone[] = {
	{ "ours.example", DNS_MX, DNS_OK, "10:first.example 20:me.example" },
	{ "first.example", DNS_HOST_A, DNS_OK, "192.0.2.77" },
	{ "me.example", DNS_HOST_A, DNS_OK, "127.0.0.1" },
	{ "six.example", DNS_MX, DNS_OK, "10:me6.example" },
	{ "me6.example", DNS_HOST_AAAA, DNS_OK, "::1" },
	{ "name.example", DNS_MX, DNS_OK, "10:mx.example.org" },
	{ "proxy.example", DNS_MX, DNS_OK, "10:proxied.example" },
	{ "proxied.example", DNS_HOST_A, DNS_OK, "192.0.2.200" },
	{ "theirs.example", DNS_MX, DNS_OK, "10:first.example" },
	{ "nomx.example", DNS_HOST_A, DNS_OK, "127.0.0.1" },
	{ "nomx2.example", DNS_HOST_A, DNS_OK, "192.0.2.77" },
	{ "null.example", DNS_MX, DNS_NULL_MX, "" },
	{ "later.example", DNS_MX, DNS_TRYAGAIN, "" },
	{ "half.example", DNS_MX, DNS_OK, "10:lost.example" },
	{ "lost.example", DNS_HOST_A, DNS_TRYAGAIN, "" },
	{ "lost.example", DNS_HOST_AAAA, DNS_TRYAGAIN, "" },
};

static const struct asked rows[] = {
	{ "backup", .site = { .relay = BACKUP }, .rcpt = "u@ours.example" },
	{ "by IPv6", .site = { .relay = BACKUP }, .rcpt = "u@six.example" },
	{ "by its name", .site = { .relay = BACKUP },
	  .rcpt = "u@name.example" },
	{ "behind a proxy", .site = { .relay = BACKUP },
	  .rcpt = "u@proxy.example" },
	{ "others'", .site = { .relay = BACKUP }, .rcpt = "u@theirs.example",
	  .want = DENIED("u@theirs.example") },
	{ "no MX, the host is us", .site = { .relay = BACKUP },
	  .rcpt = "u@nomx.example" },
	{ "no MX, it is not", .site = { .relay = BACKUP },
	  .rcpt = "u@nomx2.example", .want = DENIED("u@nomx2.example") },
	{ "null MX", .site = { .relay = BACKUP }, .rcpt = "u@null.example",
	  .want = DENIED("u@null.example") },
	{ "literal", .site = { .relay = BACKUP }, .rcpt = "u@[192.0.2.77]",
	  .want = DENIED("u@[192.0.2.77]") },
	{ "routed", .site = { .relay = BACKUP },
	  .rcpt = "u%far.example@ours.example",
	  .want = DENIED("u%far.example@ours.example") },
	{ "first MX in the networks",
	  .site = { .relay = BACKUP, .mx_backup_networks = "192.0.2.0/24" },
	  .rcpt = "u@ours.example" },
	{ "first MX elsewhere",
	  .site = { .relay = BACKUP, .mx_backup_networks = "198.51.100.0/24" },
	  .rcpt = "u@ours.example", .want = DENIED("u@ours.example") },
	{ "nobody can say: not refused for good", .site = { .relay = BACKUP },
	  .rcpt = "u@later.example",
	  .want = "450 4.4.4 <u@later.example>: Recipient address rejected: "
		  "Unable to look up mail exchanger information: Host not "
		  "found, try again" },
	{ "nobody can say of the host", .site = { .relay = BACKUP },
	  .rcpt = "u@half.example",
	  .want = "450 4.4.4 <u@half.example>: Recipient address rejected: "
		  "Unable to look up mail exchanger host lost.example: "
		  "Temporary failure in name resolution" },
	{ "nobody there", .site = { .relay = BACKUP }, .rcpt = "u@none.example",
	  .want = DENIED("u@none.example") },
	{ "of ours", .site = { .relay = "permit_mx_backup, reject" } },
};

int
main(void)
{
	fake_asked_rows(zone, ARRAY_N(zone), rows, ARRAY_N(rows));
	return check_end();
}
