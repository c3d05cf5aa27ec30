/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and networks: read, printed, matched. */
#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void
test_parse(void)
{
	static const struct {
		const char *name;
		struct span in;
		const char *text; /* NULL: not an address */
		bool is_v4, is_loopback;
	} rows[] = {
		{ "IPv4", SPAN("192.0.2.1"), "192.0.2.1", true, false },
		{ "IPv4, lowest", SPAN("0.0.0.0"), "0.0.0.0", true, false },
		{ "IPv4, highest", SPAN("255.255.255.255"), "255.255.255.255",
		  true, false },
		{ "IPv4 loopback", SPAN("127.0.0.1"), "127.0.0.1", true, true },
		{ "IPv4 loopback net", SPAN("127.255.0.9"), "127.255.0.9", true,
		  true },
		{ "IPv6", SPAN("2001:db8::1"), "2001:db8::1", false, false },
		{ "IPv6, long", SPAN("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1",
		  false, false },
		{ "IPv6 loopback", SPAN("::1"), "::1", false, true },
		{ "IPv6, unspecified", SPAN("::"), "::", false, false },
		{ "mapped", SPAN("::ffff:192.0.2.1"), "192.0.2.1", true,
		  false },
		{ "mapped, in hex", SPAN("::ffff:c000:201"), "192.0.2.1", true,
		  false },
		{ "mapped loopback", SPAN("::ffff:127.0.0.1"), "127.0.0.1",
		  true, true },
		{ "compatible is IPv6", SPAN("::192.0.2.1"), "::192.0.2.1",
		  false, false },
		{ "longest",
		  SPAN("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false },
		{ "nothing", SPAN(""), NULL, false, false },
		{ "NULL", { NULL, 0 }, NULL, false, false },
		{ "short", SPAN("192.0.2"), NULL, false, false },
		{ "too high", SPAN("192.0.2.256"), NULL, false, false },
		{ "octal", SPAN("192.0.2.01"), NULL, false, false },
		{ "brackets", SPAN("[::1]"), NULL, false, false },
		{ "blank", SPAN("::1 "), NULL, false, false },
		{ "zone", SPAN("fe80::1%lo"), NULL, false, false },
		{ "two gaps", SPAN("1::2::3"), NULL, false, false },
		{ "NUL", SPAN("::1\0"), NULL, false, false },
		{ "NUL inside", SPAN("1.2.3.4\0.5"), NULL, false, false },
		{ "too long",
		  SPAN("0000:0000:0000:0000:0000:0000:255.255.255.2555"), NULL,
		  false, false },
		{ "far too long",
		  SPAN("1111111111111111111111111111111111111111111111111111"),
		  NULL, false, false },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char text[IP_TEXT_MAX];
		struct ip ip, again;

		CHECK_ROW(rows[i].name);
		CHECK(ip_parse(rows[i].in, &ip) == (rows[i].text != NULL));
		if (rows[i].text == NULL)
			continue;
		CHECK(ip_print(&ip, text) == strlen(rows[i].text));
		CHECK_SPAN(span_of(text), rows[i].text);
		CHECK(ip_is_v4(&ip) == rows[i].is_v4);
		CHECK(ip_is_loopback(&ip) == rows[i].is_loopback);
		CHECK(ip_parse(span_of(text), &again));
		CHECK(ip_is_equal(&ip, &again));
		again.b[15] ^= 1;
		CHECK(!ip_is_equal(&ip, &again));
	}
}

static void
test_bad_nets(void)
{
	static const struct {
		const char *in, *why;
	} rows[] = {
		{ "", "not an address" },
		{ "/8", "not an address" },
		{ "10.0.0/8", "not an address" },
		{ "[10.0.0.0", "not an address" },
		{ "[]/8", "not an address" },
		{ "example.com", "not an address" },
		{ "10.0.0.0/", "bad prefix length" },
		{ "10.0.0.0/33", "bad prefix length" },
		{ "10.0.0.0/-1", "bad prefix length" },
		{ "10.0.0.0/8x", "bad prefix length" },
		{ "2001:db8::/129", "bad prefix length" },
		{ "10.0.0.1/8", "host bits are set beyond the prefix length" },
		{ "10.128.0.0/8",
		  "host bits are set beyond the prefix length" },
		{ "2001:db8::1/64",
		  "host bits are set beyond the prefix length" },
		{ "[::1]/127", "host bits are set beyond the prefix length" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct ip_net net;
		const char *why = "";

		CHECK_ROW(rows[i].in);
		CHECK(!ip_net_parse(span_of(rows[i].in), &net, &why));
		CHECK_SPAN(span_of(why), rows[i].why);
	}
}

static void
test_nets(void)
{
	static const struct {
		const char *net;
		unsigned bits;
		const char *in, *out; /* NULL: there is none */
	} rows[] = {
		{ "10.0.0.0/8", 104, "10.255.255.255", "11.0.0.0" },
		{ "10.0.0.0/8", 104, "::ffff:10.0.0.1", "::10.0.0.1" },
		{ "10.0.0.0/9", 105, "10.127.0.1", "10.128.0.0" },
		{ "192.0.2.1", 128, "192.0.2.1", "192.0.2.2" },
		{ "192.0.2.1/32", 128, "192.0.2.1", "192.0.2.0" },
		{ "0.0.0.0/0", 96, "255.255.255.255", "::1" },
		{ "[2001:db8::]/32", 32, "2001:db8:ffff::1", "2001:db9::" },
		{ "2001:db8::/33", 33, "2001:db8:7fff::", "2001:db8:8000::" },
		{ "[::1]", 128, "::1", "::2" },
		{ "[127.0.0.1]", 128, "127.0.0.1", "127.0.0.2" },
		{ "::/0", 0, "192.0.2.1", NULL },
		{ "::ffff:127.0.0.0/104", 104, "127.9.9.9", "128.0.0.0" },
		{ "::1/128", 128, "::1", "::" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct ip_net net;
		const char *why;
		struct ip ip;

		CHECK_ROW(rows[i].net);
		CHECK(ip_net_parse(span_of(rows[i].net), &net, &why));
		CHECK(net.prefix_bits == rows[i].bits);
		CHECK(ip_parse(span_of(rows[i].in), &ip));
		CHECK(ip_net_has(&net, &ip));
		if (rows[i].out == NULL)
			continue;
		CHECK(ip_parse(span_of(rows[i].out), &ip));
		CHECK(!ip_net_has(&net, &ip));
	}
}

static void
test_sockaddr(void)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in4 = (void *)&ss;
	struct sockaddr_in6 *in6 = (void *)&ss;
	char text[IP_TEXT_MAX];
	uint16_t port = 0;
	struct ip ip;

	CHECK_ROW("sockaddr");
	in4->sin_family = AF_INET;
	in4->sin_port = htons(25);
	must(inet_pton(AF_INET, "192.0.2.7", &in4->sin_addr) == 1);
	ip_from_sockaddr(&ss, &ip, &port);
	ip_print(&ip, text);
	CHECK_SPAN(span_of(text), "192.0.2.7");
	CHECK(port == 25);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(65535);
	must(inet_pton(AF_INET6, "2001:db8::7", &in6->sin6_addr) == 1);
	ip_from_sockaddr(&ss, &ip, &port);
	ip_print(&ip, text);
	CHECK_SPAN(span_of(text), "2001:db8::7");
	CHECK(port == 65535);
	must(inet_pton(AF_INET6, "::ffff:192.0.2.8", &in6->sin6_addr) == 1);
	ip_from_sockaddr(&ss, &ip, &port);
	CHECK(ip_is_v4(&ip));
}

int
main(void)
{
	test_parse();
	test_bad_nets();
	test_nets();
	test_sockaddr();
	return check_end();
}
