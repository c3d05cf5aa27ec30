/* SPDX-License-Identifier: BSD-2-Clause */
/* resolv.conf, hosts and lists of servers, and files that change. */
#include "engine/policy/dns_files.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <unistd.h>

/* "192.0.2.1:53 [::1]:5353" */
static const char *
servers_text(const struct dns_resolv *r, char out[512])
{
	char ip[IP_TEXT_MAX];
	int n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < r->servers_n; i++) {
		ip_print(&r->servers[i].ip, ip);
		n += snprintf(out + n, 512 - (size_t)n, "%s%s#%u", n ? " " : "",
			      ip, r->servers[i].port);
	}
	return out;
}

static const struct {
	const char *text, *want, *bad;
} lists[] = {
	{ "192.0.2.1", "192.0.2.1#53", "" },
	{ "192.0.2.1:5353", "192.0.2.1#5353", "" },
	{ "192.0.2.1, 192.0.2.2:54 ::1", "192.0.2.1#53 192.0.2.2#54 ::1#53",
	  "" },
	{ "[::1]:5353,[2001:db8::1]", "::1#5353 2001:db8::1#53", "" },
	{ "", "", "" },
	{ "ns.example", "", "ns.example" },
	{ "192.0.2.1:0", "", "192.0.2.1:0" },
	{ "192.0.2.1:65536", "", "192.0.2.1:65536" },
	{ "192.0.2.1:", "", "192.0.2.1:" },
	{ "192.0.2.1:x", "", "192.0.2.1:x" },
	{ "[::1", "", "[::1" },
	{ "[::1]53", "", "[::1]53" },
	{ "[::1]:", "", "[::1]:" },
	{ "[]", "", "[]" },
	{ "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 8.8.8.8 "
	  "9.9.9.9",
	  "", "9.9.9.9" },
};

static const struct {
	const char *name, *text, *servers;
	unsigned timeout_s, tries;
	bool is_rotating;
} resolvs[] = {
	{ "nothing", "", "127.0.0.1#53", 5, 2, false },
	{ "one", "nameserver 192.0.2.1\n", "192.0.2.1#53", 5, 2, false },
	{ "no newline, tabs", "nameserver\t192.0.2.1", "192.0.2.1#53", 5, 2,
	  false },
	{ "comments and what else there is",
	  "# nameserver 192.0.2.9\n; x\nsearch a.example\nnameserver ::1\n"
	  "nameserver nonsense\nnameservers 192.0.2.8\nsortlist x\n",
	  "::1#53", 5, 2, false },
	{ "options", "options ndots:3 timeout:1 attempts:3 rotate\n",
	  "127.0.0.1#53", 1, 3, true },
	{ "options out of range", "options timeout:9999 attempts:0\n",
	  "127.0.0.1#53", 30, 2, false },
	{ "a scope", "nameserver fe80::1%eth0\nnameserver 192.0.2.1\n",
	  "192.0.2.1#53", 5, 2, false },
	{ "CR LF", "nameserver 192.0.2.1\r\n", "192.0.2.1#53", 5, 2, false },
};

static void
test_servers(void)
{
	struct dns_resolv r;
	struct span bad;
	char text[512];

	for (size_t i = 0; i < ARRAY_N(lists); i++) {
		CHECK_ROW(lists[i].text);
		bad = SPAN("");
		CHECK(dns_servers_parse(span_of(lists[i].text), &r, &bad) ==
		      (*lists[i].bad == '\0'));
		CHECK_SPAN(bad, lists[i].bad);
		if (bad.len == 0)
			CHECK_SPAN(span_of(servers_text(&r, text)),
				   lists[i].want);
	}
	for (size_t i = 0; i < ARRAY_N(resolvs); i++) {
		CHECK_ROW(resolvs[i].name);
		dns_resolv_parse(span_of(resolvs[i].text), &r);
		CHECK_SPAN(span_of(servers_text(&r, text)), resolvs[i].servers);
		CHECK(r.timeout_s == resolvs[i].timeout_s);
		CHECK(r.tries == resolvs[i].tries);
		CHECK(r.is_rotating == resolvs[i].is_rotating);
	}
}

static const char hosts_text[] = "# comment\n"
				 "127.0.0.1 localhost\n"
				 "::1 localhost ip6-localhost\n"
				 "192.0.2.1\tFirst.Example second.example\r\n"
				 "192.0.2.1 third.example # fourth.example\n"
				 "192.0.2.2 second.example\n"
				 "2001:db8::1 second.example\n"
				 "nonsense other.example\n"
				 "192.0.2.3\n"
				 "192.0.2.4 last.example";

static const struct {
	const char *ip, *name;
} hosts_names[] = {
	{ "127.0.0.1", "localhost" },	     { "::1", "localhost" },
	{ "192.0.2.1", "first.example" },    { "192.0.2.2", "second.example" },
	{ "2001:db8::1", "second.example" }, { "192.0.2.3", NULL },
	{ "192.0.2.4", "last.example" },     { "192.0.2.5", NULL },
};

static const struct {
	const char *name;
	bool is_v4;
	const char *ips;
} hosts_addrs[] = {
	/* ::1 counts for IPv4 as 127.0.0.1 */
	{ "localhost", true, " 127.0.0.1 127.0.0.1" },
	{ "localhost", false, " ::1" },
	{ "ip6-localhost", true, " 127.0.0.1" },
	{ "second.example", true, " 192.0.2.1 192.0.2.2" },
	{ "second.example", false, " 2001:db8::1" },
	{ "third.example", true, " 192.0.2.1" },
	{ "third.example", false, "" },
	{ "fourth.example", true, "" },
	{ "other.example", true, "" },
	{ "nothing.example", true, "" },
};

static void
test_hosts(void)
{
	struct dns_hosts *h = dns_hosts_parse(span_of(hosts_text));

	must(h != NULL);
	for (size_t i = 0; i < ARRAY_N(hosts_names); i++) {
		const char *got;
		struct ip ip;

		CHECK_ROW(hosts_names[i].ip);
		must(ip_parse(span_of(hosts_names[i].ip), &ip));
		got = dns_hosts_name(h, &ip);
		CHECK((got == NULL) == (hosts_names[i].name == NULL));
		if (got != NULL && hosts_names[i].name != NULL)
			CHECK_SPAN(span_of(got), hosts_names[i].name);
	}
	for (size_t i = 0; i < ARRAY_N(hosts_addrs); i++) {
		char text[256] = "", one[IP_TEXT_MAX];
		struct ip ips[4];
		unsigned n = dns_hosts_addrs(h, span_of(hosts_addrs[i].name),
					     hosts_addrs[i].is_v4, ips, 4);

		CHECK_ROW(hosts_addrs[i].name);
		for (unsigned k = 0; k < n; k++) {
			ip_print(&ips[k], one);
			strcat(strcat(text, " "), one);
		}
		CHECK_SPAN(span_of(text), hosts_addrs[i].ips);
	}
	dns_hosts_free(&h);

	CHECK_ROW("many rows");
	{
		size_t cap = 20000 * 40, n = 0;
		char *text = malloc(cap);
		struct ip ip;

		must(text != NULL);
		for (int i = 0; i < 20000; i++)
			n += (size_t)snprintf(text + n, cap - n,
					      "10.0.%d.%d h%d.example\n",
					      i >> 8, i & 255, i);
		h = dns_hosts_parse((struct span) { text, n });
		must(h != NULL);
		CHECK(dns_hosts_addrs(h, SPAN("h19999.example"), true, &ip,
				      1) == 1);
		CHECK(ip.b[14] == 19999 >> 8 && ip.b[15] == (19999 & 255));
		CHECK(strcmp(dns_hosts_name(h, &ip), "h19999.example") == 0);
		dns_hosts_free(&h);
		free(text);
	}
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL);
	must(fputs(text, f) >= 0 && fclose(f) == 0);
}

static void
test_change(void)
{
	char path[] = "/tmp/dns_files_test.XXXXXX", text[512];
	struct dns_file_stamp stamp = { 0 };
	struct dns_hosts *h;
	struct dns_resolv r;
	int fd = mkstemp(path);

	must(fd >= 0);
	close(fd);
	CHECK_ROW("a file that changes");
	CHECK(dns_file_has_changed(path, &stamp));
	CHECK(!dns_file_has_changed(path, &stamp));
	write_file(path, "nameserver 192.0.2.7\n192.0.2.8 h.example\n");
	CHECK(dns_file_has_changed(path, &stamp));
	CHECK(!dns_file_has_changed(path, &stamp));
	dns_resolv_read(path, &r);
	CHECK_SPAN(span_of(servers_text(&r, text)), "192.0.2.7#53");
	h = dns_hosts_read(path);
	CHECK(h != NULL && dns_hosts_addrs(h, SPAN("h.example"), true,
					   &r.servers[0].ip, 1) == 1);
	dns_hosts_free(&h);
	unlink(path);
	CHECK_ROW("a file that is gone");
	CHECK(dns_file_has_changed(path, &stamp));
	CHECK(!dns_file_has_changed(path, &stamp));
	dns_resolv_read(path, &r);
	CHECK_SPAN(span_of(servers_text(&r, text)), "127.0.0.1#53");
	h = dns_hosts_read(path);
	CHECK(h != NULL && dns_hosts_name(h, &r.servers[0].ip) == NULL);
	dns_hosts_free(&h);
}

int
main(void)
{
	test_servers();
	test_hosts();
	test_change();
	return check_end();
}
