/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients' names, there and back, as Postfix's smtpd has them. */
#include "tests/unit/dns_rig.h"

static const struct zone_row zone[] = {
	{ "1.2.0.192.in-addr.arpa", CODE_PTR, 300, "Mail.Example", ZONE_PLAIN },
	{ "mail.example", CODE_A, 300, "192.0.2.77", ZONE_PLAIN },
	{ "mail.example", CODE_A, 300, "192.0.2.1", ZONE_PLAIN },
	{ "2.2.0.192.in-addr.arpa", CODE_PTR, 300, "mail.example", ZONE_PLAIN },
	{ "3.2.0.192.in-addr.arpa", CODE_PTR, 300, "gone.example", ZONE_PLAIN },
	{ "4.2.0.192.in-addr.arpa", CODE_PTR, 300, "mail.example",
	  ZONE_SERVFAIL },
	{ "5.2.0.192.in-addr.arpa", CODE_PTR, 300, "fail.example", ZONE_PLAIN },
	{ "fail.example", CODE_A, 300, "192.0.2.5", ZONE_SERVFAIL },
	{ "6.2.0.192.in-addr.arpa", CODE_PTR, 300, "192.0.2.6", ZONE_PLAIN },
	{ "7.2.0.192.in-addr.arpa", CODE_PTR, 300, "a b.example", ZONE_PLAIN },
	{ "8.2.0.192.in-addr.arpa", CODE_CNAME, 300, "8.0-31.example",
	  ZONE_PLAIN },
	{ "8.0-31.example", CODE_PTR, 300, "eight.example", ZONE_PLAIN },
	{ "eight.example", CODE_CNAME, 300, "real.example", ZONE_PLAIN },
	{ "real.example", CODE_A, 300, "192.0.2.8", ZONE_PLAIN },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	  "ip6.arpa",
	  CODE_PTR, 300, "six.example", ZONE_PLAIN },
	{ "six.example", CODE_AAAA, 300, "2001:db8::1", ZONE_PLAIN },
	{ "10.2.0.192.in-addr.arpa", CODE_PTR, 300, "dns.example", ZONE_PLAIN },
	{ "dns.example", CODE_A, 300, "192.0.2.10", ZONE_PLAIN },
	{ "11.2.0.192.in-addr.arpa", CODE_PTR, 300, "half.example",
	  ZONE_PLAIN },
	{ "half.example", CODE_A, 300, "192.0.2.99", ZONE_PLAIN },
};

static const char hosts[] = "127.0.0.1 localhost\n"
			    "192.0.2.10 hosts.example alias.example\n"
			    "192.0.2.11 half.example\n"
			    "192.0.2.12 other.example\n"
			    "192.0.2.13 192.0.2.13\n";

static const struct {
	const char *ip, *name, *reverse_name;
	enum dns_client_status name_status, reverse_status;
} rows[] = {
	{ "192.0.2.1", "mail.example", "mail.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "192.0.2.2", "unknown", "mail.example", DNS_CLIENT_FORGED,
	  DNS_CLIENT_OK },
	{ "192.0.2.3", "unknown", "gone.example", DNS_CLIENT_FORGED,
	  DNS_CLIENT_OK },
	{ "192.0.2.4", "unknown", "unknown", DNS_CLIENT_TRYAGAIN,
	  DNS_CLIENT_TRYAGAIN },
	{ "192.0.2.5", "unknown", "fail.example", DNS_CLIENT_TRYAGAIN,
	  DNS_CLIENT_OK },
	{ "192.0.2.6", "unknown", "unknown", DNS_CLIENT_UNKNOWN,
	  DNS_CLIENT_UNKNOWN },
	{ "192.0.2.7", "unknown", "unknown", DNS_CLIENT_UNKNOWN,
	  DNS_CLIENT_UNKNOWN },
	{ "192.0.2.8", "eight.example", "eight.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "192.0.2.9", "unknown", "unknown", DNS_CLIENT_UNKNOWN,
	  DNS_CLIENT_UNKNOWN },
	{ "2001:db8::1", "six.example", "six.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "2001:db8::2", "unknown", "unknown", DNS_CLIENT_UNKNOWN,
	  DNS_CLIENT_UNKNOWN },
	/* hosts(5) comes first, and its answer is the answer. */
	{ "127.0.0.1", "localhost", "localhost", DNS_CLIENT_OK, DNS_CLIENT_OK },
	{ "192.0.2.10", "hosts.example", "hosts.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "192.0.2.11", "half.example", "half.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "192.0.2.12", "other.example", "other.example", DNS_CLIENT_OK,
	  DNS_CLIENT_OK },
	{ "192.0.2.13", "unknown", "unknown", DNS_CLIENT_UNKNOWN,
	  DNS_CLIENT_UNKNOWN },
};

int
main(void)
{
	char path[] = "/tmp/dns_client_test.XXXXXX";
	struct dns_cfg cfg = { .hosts_file = path };
	struct dns_rig r;
	int fd = mkstemp(path);

	must(fd >= 0);
	must(write(fd, hosts, sizeof(hosts) - 1) == sizeof(hosts) - 1);
	close(fd);
	rig_open(&r, zone, ARRAY_N(zone), &cfg);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct dns_client c;
		struct ip ip;

		CHECK_ROW(rows[i].ip);
		must(ip_parse(span_of(rows[i].ip), &ip));
		while (!dns_client_find(r.all[0], &r.pins[0], &ip,
					clock_now_us(), &c))
			must(rig_next(&r, 0) == &r.pins[0]);
		lookup_pins_drop(r.all[0], &r.pins[0]);
		CHECK_SPAN(span_of(c.name), rows[i].name);
		CHECK_SPAN(span_of(c.reverse_name), rows[i].reverse_name);
		CHECK(c.name_status == rows[i].name_status);
		CHECK(c.reverse_status == rows[i].reverse_status);
	}
	rig_close(&r);
	unlink(path);
	return check_end();
}
