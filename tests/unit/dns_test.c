/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS as a whole: what its configuration may say, and files that change. */
#include "engine/policy/dns_int.h"
#include "tests/unit/dns_rig.h"

static const struct {
	const char *servers, *bad;
} rows[] = {
	{ "", NULL },
	{ "127.0.0.1", NULL },
	{ "[::1]:5300, 192.0.2.1:53", NULL },
	{ "localhost", "\"localhost\"" },
	{ "127.0.0.1,127.0.0.1:99999", "\"127.0.0.1:99999\"" },
};

static void
test_cfg(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct dns_cfg cfg = { .servers = rows[i].servers,
				       .resolv_file = "",
				       .hosts_file = "",
				       .pending_max = 1 };
		struct diag diag;
		struct dns *dns;

		CHECK_ROW(rows[i].servers);
		diag_init(&diag);
		CHECK(dns_check_cfg(&cfg, &diag) == (rows[i].bad == NULL));
		CHECK(diag.errors_n == (rows[i].bad != NULL));
		if (rows[i].bad != NULL)
			CHECK(strstr(diag.first->text, rows[i].bad) != NULL);
		dns = dns_open(&cfg, 1, &diag);
		CHECK((dns != NULL) == (rows[i].bad == NULL));
		dns_close(&dns);
		diag_fini(&diag);
	}
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static unsigned
servers_n(const struct dns *dns)
{
	struct dns_stats stats;

	dns_stats_get(dns, &stats);
	return (unsigned)stats.servers_n;
}

/* Found out when somebody asks; hosts(5) answers, so nobody is asked. */
static void
test_files(void)
{
	char resolv[] = "/tmp/dns_test.XXXXXX",
	     hosts[] = "/tmp/dns_test.XXXXXX";
	int fd = mkstemp(resolv), fd2 = mkstemp(hosts);
	uint64_t until_us = clock_now_us() + RIG_WAIT_US;
	struct dns_rig r;

	CHECK_ROW("resolv.conf and hosts change");
	must(fd >= 0 && fd2 >= 0);
	close(fd);
	close(fd2);
	write_file(resolv, "nameserver 192.0.2.1\n");
	write_file(hosts, "192.0.2.1 one.example\n");
	rig_open(&r, NULL, 0, NULL);
	r.cfg.servers = "";
	r.cfg.resolv_file = resolv;
	r.cfg.hosts_file = hosts;
	dns_configure(r.dns, &r.cfg);
	RIG_UNTIL(servers_n(r.dns) == 1 && atomic_load(&r.dns->next) == NULL);
	CHECK_SPAN(span_of(rig_ask(&r, 0, "192.0.2.1", DNS_HOST_PTR)),
		   "OK 5 0:one.example");
	write_file(resolv, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
	write_file(hosts, "192.0.2.1 other.example\n192.0.2.2 h.example\n");
	for (uint64_t n = 0; servers_n(r.dns) != 2; n++) {
		struct span ip = SPAN("192.0.2.1");

		/* As a worker in a later time, with nothing in its cache. */
		must(clock_now_us() < until_us);
		if (dns_find(r.all[0], &r.pins[0], ip, DNS_HOST_PTR,
			     clock_now_us() + n * 10 * US_PER_SEC) == NULL)
			must(rig_next(&r, 0) == &r.pins[0]);
		lookup_pins_drop(r.all[0], &r.pins[0]);
		usleep(1000);
	}
	CHECK_SPAN(span_of(rig_ask(&r, 0, "192.0.2.2", DNS_HOST_PTR)),
		   "OK 5 0:h.example");
	rig_close(&r);
	unlink(resolv);
	unlink(hosts);
}

int
main(void)
{
	test_cfg();
	test_files();
	return check_end();
}
