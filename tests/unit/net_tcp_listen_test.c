/* SPDX-License-Identifier: BSD-2-Clause */
/* What services listen on among the dataplane's own addresses. */
#include "dataplane/host_cfg.h"
#include "dataplane/net_tcp.h"
#include "tests/unit/check.h"

#include <sysexits.h>

static void
fault(void *arg, const char *param, const char *text)
{
	fprintf(stderr, "%s %s\n", param, text);
}

static const struct {
	const char *name, *host, *port, *protocols, *ipv6;
	const char *found; /* "address port, ...", or what is wrong */
	int exit_code;
} rows[] = {
	{ "any", "", "25", "all", "", ":: 25", 0 },
	{ "any, by name", NULL, "smtp", "all", "", ":: 25", 0 },
	{ "any of IPv4", "", "2525", "ipv4", "2001:db8::2/64",
	  "192.0.2.2 2525, 192.0.2.3 2525", 0 },
	{ "any of IPv6", "", "2525", "ipv6", "2001:db8::2/64",
	  "2001:db8::2 2525", 0 },
	{ "any of IPv6 to come", "", "2525", "ipv6", "slaac", ":: 2525", 0 },
	{ "one", "192.0.2.3", "25", "all", "", "192.0.2.3 25", 0 },
	{ "one of IPv6", "2001:db8::2", "25", "all", "2001:db8::2/64",
	  "2001:db8::2 25", 0 },
	{ "one of IPv6 to come", "2001:db8::99", "25", "all", "slaac",
	  "2001:db8::99 25", 0 },
	{ "the kernel's", "127.0.0.1", "25", "all", "",
	  "master.cf:3: 127.0.0.1 is not an address of the dataplane",
	  EX_UNAVAILABLE },
	{ "a neighbour's", "192.0.2.4", "25", "all", "slaac",
	  "master.cf:3: 192.0.2.4 is not an address of the dataplane",
	  EX_UNAVAILABLE },
	{ "no such port", "192.0.2.2", "no-such-service", "all", "",
	  "master.cf:3: 192.0.2.2 port no-such-service:", EX_NOHOST },
};

static void
print_found(const struct net_tcp_cfg *cfg, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < cfg->listens_n; i++) {
		char ip[IP_TEXT_MAX];

		ip_print(&cfg->listens[i].addr, ip);
		at += (size_t)snprintf(out + at, cap - at, "%s%s %u",
				       i ? ", " : "", ip, cfg->listens[i].port);
		CHECK(cfg->listens[i].service_idx == 7);
	}
}

static void
test_rows(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct dataplane_cfg dp = { .kind = DATAPLANE_DPDK,
					    .dpdk_args = "",
					    .ipv4 = "192.0.2.2/24 "
						    "192.0.2.3/24",
					    .ipv4_gateway = "",
					    .ipv6 = rows[i].ipv6,
					    .ipv6_gateway = "" };
		struct net_cfg net = { .workers_n = 1,
				       .inet_protocols = rows[i].protocols,
				       .dataplane = &dp };
		struct net_listen listen = { .host = rows[i].host,
					     .port = rows[i].port,
					     .file = "master.cf",
					     .line = 3,
					     .service_idx = 7 };
		struct net_tcp_cfg cfg = { 0 };
		struct diag diag;
		char found[256];
		bool is_ok;

		CHECK_ROW(rows[i].name);
		diag_init(&diag);
		must(host_cfg_parse(&dp, fault, NULL));
		is_ok = net_tcp_listens_find(&cfg, &net, &listen, 1, &diag);
		CHECK(is_ok == (rows[i].exit_code == 0));
		print_found(&cfg, found, sizeof(found));
		if (is_ok)
			CHECK(strcmp(found, rows[i].found) == 0);
		else
			CHECK(diag.exit_code == rows[i].exit_code &&
			      strncmp(diag.first->text, rows[i].found,
				      strlen(rows[i].found)) == 0);
		diag_fini(&diag);
	}
}

/* What cannot be opened leaves nothing behind. */
static void
test_open(void)
{
	struct dataplane_cfg dp = { .kind = DATAPLANE_DPDK,
				    .dpdk_args = "",
				    .ipv4 = "192.0.2.2/24",
				    .ipv4_gateway = "",
				    .ipv6 = "",
				    .ipv6_gateway = "" };
	struct net_cfg net = {
		.workers_n = 1, .conns_max = 16, .backlog = 16, .dataplane = &dp
	};
	struct net_listen listen = { .host = "198.51.100.1", .port = "25" };
	struct diag diag;

	CHECK_ROW("open");
	diag_init(&diag);
	must(host_cfg_parse(&dp, fault, NULL));
	CHECK(net_listeners_open(&net, &listen, 1, &diag) == NULL);
	CHECK(diag.errors_n == 1 && diag.exit_code == EX_UNAVAILABLE);
	diag_fini(&diag);
}

int
main(void)
{
	test_rows();
	test_open();
	return check_end();
}
