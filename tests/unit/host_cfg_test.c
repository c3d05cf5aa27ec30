/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of the dataplane: what is taken, and how the rest is refused. */
#include "dataplane/host_cfg.h"
#include "tests/unit/check.h"

#include <string.h>

struct faults {
	char text[1024];
	unsigned n;
};

static void
fault(void *arg, const char *param, const char *text)
{
	struct faults *f = arg;
	size_t used = strlen(f->text);

	f->n++;
	snprintf(f->text + used, sizeof(f->text) - used, "%s %s\n", param,
		 text);
}

static const struct {
	const char *ipv4, *gateway4, *ipv6, *gateway6;
	const char *want; /* addresses, networks, gateways */
} good[] = {
	{ "", "", "", "", "" },
	{ "192.0.2.10/24", "", "", "", "192.0.2.10 in 192.0.2.0/24" },
	{ " 192.0.2.10/24,192.0.2.11/24 10.1.2.3/8", "192.0.2.1", "", "",
	  "192.0.2.10 in 192.0.2.0/24, 192.0.2.11 in 192.0.2.0/24, "
	  "10.1.2.3 in 10.0.0.0/8, by 192.0.2.1" },
	{ "192.0.2.10/31", "192.0.2.11", "", "",
	  "192.0.2.10 in 192.0.2.10/31, by 192.0.2.11" },
	{ "192.0.2.10/32", "", "", "", "192.0.2.10 in 192.0.2.10/32" },
	{ "", "", "2001:db8::10/64", "2001:db8::1",
	  "2001:db8::10 in 2001:db8::/64, by 2001:db8::1" },
	{ "", "", "2001:db8::10/64", "fe80::1",
	  "2001:db8::10 in 2001:db8::/64, by fe80::1" },
	{ "", "", "slaac", "", "slaac" },
	{ "192.0.2.10/24", "", "SLAAC, 2001:db8::10/128", "",
	  "192.0.2.10 in 192.0.2.0/24, 2001:db8::10 in 2001:db8::10/128, "
	  "slaac" },
};

static void
ip_add(char *text, const char *between, const struct ip *ip)
{
	char printed[IP_TEXT_MAX];

	ip_print(ip, printed);
	strcat(text, *text ? between : "");
	strcat(text, printed);
}

static void
print(const struct host_cfg *cfg, char *text)
{
	static const struct ip none;

	*text = '\0';
	for (unsigned i = 0; i < cfg->addrs_n; i++) {
		const struct ip_net *net = &cfg->addrs[i];
		bool is_v4 = ip_is_v4(&cfg->ends[i]);

		ip_add(text, ", ", &cfg->ends[i]);
		ip_add(text, " in ", &net->addr);
		sprintf(text + strlen(text), "/%u",
			net->prefix_bits - (is_v4 ? 96 : 0));
	}
	if (cfg->is_slaac)
		strcat(text, *text ? ", slaac" : "slaac");
	if (!ip_is_equal(&cfg->gateway4, &none))
		ip_add(text, ", by ", &cfg->gateway4);
	if (!ip_is_equal(&cfg->gateway6, &none))
		ip_add(text, ", by ", &cfg->gateway6);
}

static void
test_good(void)
{
	for (size_t i = 0; i < ARRAY_N(good); i++) {
		struct dataplane_cfg cfg = { .ipv4 = good[i].ipv4,
					     .ipv4_gateway = good[i].gateway4,
					     .ipv6 = good[i].ipv6,
					     .ipv6_gateway = good[i].gateway6,
					     .vlan = 7 };
		struct faults f = { 0 };
		char text[1024];

		CHECK_ROW(good[i].want);
		CHECK(host_cfg_parse(&cfg, fault, &f) && f.n == 0);
		print(&cfg.host, text);
		CHECK_SPAN(span_of(text), good[i].want);
		CHECK(cfg.host.vlan == 7 && cfg.host.share == NULL);
		fputs(f.text, stderr);
	}
}

static const struct {
	const char *ipv4, *gateway4, *ipv6, *gateway6;
	const char *want;
} bad[] = {
	{ "192.0.2.10", "", "", "",
	  "penstock_ipv4 = 192.0.2.10: how long is the network's prefix? Write "
	  "192.0.2.10/24\n" },
	{ "192.0.2.300/24", "", "", "",
	  "penstock_ipv4 = 192.0.2.300/24: no IPv4 address: write one such as "
	  "192.0.2.10/24\n" },
	{ "2001:db8::1/64", "", "192.0.2.1/24", "",
	  "penstock_ipv4 = 2001:db8::1/64: no IPv4 address: write one such as "
	  "192.0.2.10/24\n"
	  "penstock_ipv6 = 192.0.2.1/24: no IPv6 address: write one such as "
	  "2001:db8::10/64, or slaac\n" },
	{ "192.0.2.10/33 192.0.2.10/0 192.0.2.10/ 192.0.2.10/x", "", "", "",
	  "penstock_ipv4 = 192.0.2.10/33: a prefix has 1 to 32 bits, as in "
	  "192.0.2.10/24\n"
	  "penstock_ipv4 = 192.0.2.10/0: a prefix has 1 to 32 bits, as in "
	  "192.0.2.10/24\n"
	  "penstock_ipv4 = 192.0.2.10/: a prefix has 1 to 32 bits, as in "
	  "192.0.2.10/24\n"
	  "penstock_ipv4 = 192.0.2.10/x: a prefix has 1 to 32 bits, as in "
	  "192.0.2.10/24\n" },
	{ "", "", "2001:db8::1/129", "",
	  "penstock_ipv6 = 2001:db8::1/129: a prefix has 1 to 128 bits, as in "
	  "2001:db8::10/64\n" },
	{ "192.0.2.0/24", "", "", "",
	  "penstock_ipv4 = 192.0.2.0/24: it is its network's own address: "
	  "write this machine's own address\n" },
	{ "192.0.2.255/24", "", "", "",
	  "penstock_ipv4 = 192.0.2.255/24: it is its network's broadcast "
	  "address: write this machine's own address\n" },
	{ "127.0.0.1/8 0.1.2.3/8 224.0.0.1/8", "", "::1/64 ::/64 ff02::1/64",
	  "",
	  "penstock_ipv4 = 127.0.0.1/8: it is a loopback address: write this "
	  "machine's own address\n"
	  "penstock_ipv4 = 0.1.2.3/8: it is in 0.0.0.0/8, which means nobody: "
	  "write this machine's own address\n"
	  "penstock_ipv4 = 224.0.0.1/8: it is a multicast or reserved address: "
	  "write this machine's own address\n"
	  "penstock_ipv6 = ::1/64: it is a loopback address: write this "
	  "machine's own address\n"
	  "penstock_ipv6 = ::/64: it means no address: write this machine's "
	  "own address\n"
	  "penstock_ipv6 = ff02::1/64: it is a multicast address: write this "
	  "machine's own address\n" },
	{ "192.0.2.10/24 192.0.2.10/25", "", "", "",
	  "penstock_ipv4 = 192.0.2.10/25: it is there twice: leave one out\n" },
	{ "192.0.2.10/24", "198.51.100.1", "", "",
	  "penstock_ipv4_gateway = 198.51.100.1: it is in none of the networks "
	  "of penstock_ipv4: write a router that is\n" },
	{ "192.0.2.10/24", "192.0.2.10", "", "",
	  "penstock_ipv4_gateway = 192.0.2.10: that is this machine's own "
	  "address: write the router's\n" },
	{ "192.0.2.10/24", "192.0.2.1/24", "", "",
	  "penstock_ipv4_gateway = 192.0.2.1/24: no IPv4 address: write the "
	  "router's, such as 192.0.2.1\n" },
	{ "192.0.2.10/24", "127.0.0.1", "slaac", "ff02::2",
	  "penstock_ipv4_gateway = 127.0.0.1: it is a loopback address: write "
	  "the router's address\n"
	  "penstock_ipv6_gateway = ff02::2: it is a multicast address: write "
	  "the router's address\n" },
};

static void
test_bad(void)
{
	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		struct dataplane_cfg cfg = { .ipv4 = bad[i].ipv4,
					     .ipv4_gateway = bad[i].gateway4,
					     .ipv6 = bad[i].ipv6,
					     .ipv6_gateway = bad[i].gateway6 };
		struct faults f = { 0 };

		CHECK_ROW(bad[i].want);
		CHECK(!host_cfg_parse(&cfg, fault, &f) && f.n > 0);
		CHECK_SPAN(span_of(f.text), bad[i].want);
	}
}

static void
test_whole(void)
{
	struct dataplane_cfg cfg = { .kind = DATAPLANE_DPDK,
				     .ipv4 = "",
				     .ipv4_gateway = "",
				     .ipv6 = "",
				     .ipv6_gateway = "" };
	struct faults f = { 0 };
	char many[1024] = "";

	CHECK_ROW("dpdk without an address");
	CHECK(!host_cfg_parse(&cfg, fault, &f) && f.n == 1);
	CHECK(strstr(f.text, "penstock_dataplane = dpdk needs an address"));
	CHECK_ROW("with one by SLAAC");
	cfg.ipv6 = "slaac";
	CHECK(host_cfg_parse(&cfg, fault, &f) && cfg.host.is_slaac);

	CHECK_ROW("too many");
	for (unsigned i = 0; i <= HOST_ADDRS_MAX; i++)
		sprintf(many + strlen(many), "10.0.0.%u/8\n", i + 1);
	cfg.ipv4 = many;
	f = (struct faults) { 0 };
	CHECK(!host_cfg_parse(&cfg, fault, &f) && f.n == 1);
	CHECK(strstr(f.text, "10.0.0.17/8: more than 16 addresses"));
}

int
main(void)
{
	test_good();
	test_bad();
	test_whole();
	return check_end();
}
