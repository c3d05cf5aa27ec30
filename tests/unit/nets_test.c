/* SPDX-License-Identifier: BSD-2-Clause */
/* Networks made of a host's addresses; names of addresses to listen on. */
#include "engine/config/nets.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

static struct ip_net own[] = {
	/* prefix of the network, of 128 */
	{ .prefix_bits = 104 }, { .prefix_bits = 120 }, { .prefix_bits = 112 },
	{ .prefix_bits = 128 }, { .prefix_bits = 64 },
};
static const char *const own_text[] = { "127.0.0.1", "192.0.2.5", "10.1.2.3",
					"::1", "2001:db8::5" };

static const struct {
	const char *name, *style;
	unsigned protocols;
	const char *want; /* NULL: no such style */
} networks[] = {
	/* as Postfix 3.7 prints mynetworks on hosts with such addresses */
	{ "host", "host", NETS_ALL,
	  "127.0.0.0/8 192.0.2.5/32 10.1.2.3/32 [::1]/128 [2001:db8::5]/128" },
	{ "subnet", "subnet", NETS_ALL,
	  "127.0.0.0/8 192.0.2.0/24 10.1.0.0/16 [::1]/128 [2001:db8::]/64" },
	{ "class", "class", NETS_IPV4, "127.0.0.0/8 192.0.2.0/24 10.0.0.0/8" },
	{ "IPv6 alone", "host", NETS_IPV6, "[::1]/128 [2001:db8::5]/128" },
	{ "no style", "everybody", NETS_ALL, NULL },
};

static const struct {
	const char *name, *value;
	unsigned protocols;
	const char *want, *error;
} interfaces[] = {
	{ "all", "all", NETS_ALL,
	  "127.0.0.1 192.0.2.5 10.1.2.3 [::1] [2001:db8::5]", "" },
	{ "loopback", "loopback-only", NETS_ALL, "127.0.0.1 [::1]", "" },
	{ "loopback v4", "Loopback-Only", NETS_IPV4, "127.0.0.1", "" },
	{ "addresses", "192.0.2.7, [2001:db8::7] ::9", NETS_ALL,
	  "192.0.2.7 [2001:db8::7] [::9]", "" },
	{ "addresses v6", "192.0.2.7, [2001:db8::7]", NETS_IPV6,
	  "[2001:db8::7]", "" },
	{ "a name", "localhost", NETS_IPV4, "127.0.0.1", "" },
	{ "no name", "no.such.host.invalid.", NETS_ALL, "",
	  "f:3: no.such.host.invalid.: " },
	{ "nothing", "", NETS_ALL, "", "" },
};

static const struct {
	const char *text;
	unsigned want; /* 0: wrong */
} protocols[] = {
	{ "all", NETS_ALL },	   { "ipv4", NETS_IPV4 },
	{ "IPv6", NETS_IPV6 },	   { "ipv4, ipv6", NETS_ALL },
	{ "ipv6 ipv4", NETS_ALL }, { "", 0 },
	{ "ipv4, ipx", 0 },
};

static const struct {
	const char *net, *ip;
	bool want;
} has[] = {
	{ "192.0.2.0/24", "192.0.2.1", true },
	{ "192.0.2.0/24", "192.0.3.1", false },
	{ "::ffff:192.0.2.0/120", "192.0.2.1", true },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false },
	{ "0.0.0.0/0", "192.0.2.1", true },
	{ "0.0.0.0/0", "::1", false },
};

static void
test_interfaces(void)
{
	for (size_t i = 0; i < ARRAY_N(interfaces); i++) {
		struct text out = { 0 };
		struct diag d;
		bool is_ok;

		CHECK_ROW(interfaces[i].name);
		diag_init(&d);
		is_ok = nets_interfaces(span_of(interfaces[i].value),
					interfaces[i].protocols, own,
					ARRAY_N(own), "f", 3, &d, &out);
		CHECK(is_ok == !*interfaces[i].error);
		CHECK(findings_has(&d, DIAG_ERROR, interfaces[i].error));
		CHECK_SPAN(text_span(&out), interfaces[i].want);
		diag_fini(&d);
		text_fini(&out);
	}
}

static void
test_own(void)
{
	struct ip_net real[NETS_MAX];
	unsigned n = nets_own(real), loopbacks_n = 0;

	CHECK_ROW("this host");
	CHECK(n >= 1);
	for (unsigned i = 0; i < n; i++) {
		loopbacks_n += ip_is_loopback(&real[i].addr);
		CHECK(real[i].prefix_bits <= 128);
		CHECK(!ip_is_v4(&real[i].addr) || real[i].prefix_bits >= 96);
	}
	CHECK(loopbacks_n >= 1);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(own); i++)
		must(ip_parse(span_of(own_text[i]), &own[i].addr));
	for (size_t i = 0; i < ARRAY_N(networks); i++) {
		struct text out = { 0 };

		CHECK_ROW(networks[i].name);
		CHECK(nets_mynetworks(span_of(networks[i].style),
				      networks[i].protocols, own, ARRAY_N(own),
				      &out) == (networks[i].want != NULL));
		CHECK_SPAN(text_span(&out),
			   networks[i].want ? networks[i].want : "");
		text_fini(&out);
	}
	for (size_t i = 0; i < ARRAY_N(protocols); i++) {
		unsigned got;

		CHECK_ROW(protocols[i].text);
		CHECK(nets_parse_protocols(span_of(protocols[i].text), &got) ==
		      (protocols[i].want != 0));
		CHECK(!protocols[i].want || got == protocols[i].want);
	}
	for (size_t i = 0; i < ARRAY_N(has); i++) {
		struct ip_net net;
		struct ip ip;
		const char *why;

		CHECK_ROW(has[i].net);
		must(ip_net_parse(span_of(has[i].net), &net, &why));
		must(ip_parse(span_of(has[i].ip), &ip));
		CHECK(nets_has(&net, &ip) == has[i].want);
	}
	test_interfaces();
	test_own();
	return check_end();
}
