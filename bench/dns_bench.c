/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro-benchmarks of the DNS cache: what a name costs that is there, among few
 * others and among many. The answers come from a hosts file, so no server is
 * asked; names are taken in an order that no cache foresees.
 */
#include "bench/gbench.h"
#include "engine/base/clock.h"
#include "engine/policy/dns.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void dns_bench(void);

struct site {
	unsigned names_n;
	struct dns *dns;
	struct lookups *all;
	struct lookup_pins pins;
	uint64_t now_us; /* when all was fresh */
	struct ip ip;	 /* a client's */
	char (*names)[32];
};

static void
write_hosts(char path[32], unsigned n)
{
	FILE *file;
	int fd;

	strcpy(path, "/tmp/dns_bench.XXXXXX");
	fd = mkstemp(path);
	must(fd >= 0);
	file = fdopen(fd, "w");
	must(file != NULL);
	for (unsigned i = 0; i < n; i++)
		fprintf(file, "10.%u.%u.%u host%u.example.com\n", i >> 16,
			i >> 8 & 255, i & 255, i);
	must(fclose(file) == 0);
}

static const struct dns_answer *
find(struct site *s, unsigned i, uint64_t now_us)
{
	return dns_find(s->all, &s->pins, span_of(s->names[i]), DNS_HOST_A,
			now_us);
}

/* Until what was asked is there. */
static void
wait_for_answer(struct site *s)
{
	int fd = lookups_source(s->all, LOOKUP_DNS)->wake_fd;
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t n;

	while (lookups_next(s->all) == NULL) {
		must(poll(&p, 1, 1000) >= 0);
		(void)!read(fd, &n, sizeof(n));
		lookups_reap(s->all);
	}
}

/* Has every name, and the client's, in the cache. */
static void
fill(struct site *s)
{
	struct dns_client found;

	s->now_us = clock_now_us();
	for (unsigned i = 0; i < s->names_n; i++) {
		while (find(s, i, s->now_us) == NULL)
			wait_for_answer(s);
		lookup_pins_drop(s->all, &s->pins);
	}
	must(ip_parse(SPAN("10.0.0.1"), &s->ip));
	while (!dns_client_find(s->all, &s->pins, &s->ip, s->now_us, &found))
		wait_for_answer(s);
	lookup_pins_drop(s->all, &s->pins);
}

static void
site_open(struct site *s)
{
	char path[32];
	struct dns_cfg cfg = { .servers = "127.0.0.1:1",
			       .resolv_file = "",
			       .hosts_file = path,
			       .pending_max = 16,
			       .cache_bytes_max = 1u << 30 };
	struct diag diag;

	if (s->dns != NULL)
		return;
	diag_init(&diag);
	write_hosts(path, s->names_n);
	s->dns = dns_open(&cfg, 1, &diag);
	must(s->dns != NULL);
	diag_fini(&diag);
	s->all = lookups_open();
	lookups_add(s->all, LOOKUP_DNS, dns_source(s->dns, 0));
	s->names = must_alloc(s->names_n * sizeof(*s->names));
	for (unsigned i = 0; i < s->names_n; i++)
		snprintf(s->names[i], sizeof(s->names[i]), "Host%u.example.com",
			 i);
	s->pins.owner = s;
	fill(s);
	unlink(path);
}

static void
hit(struct gbench *b, void *arg)
{
	struct site *s = arg;
	uint64_t x = 88172645463325252ull;

	site_open(s);
	while (gbench_next(b)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (find(s, (unsigned)(x % s->names_n), s->now_us) == NULL)
			gbench_fail(b, "not in the cache");
	}
}

/* What every connection costs: two lookups and a comparison. */
static void
client(struct gbench *b, void *arg)
{
	struct site *s = arg;
	struct dns_client found;

	site_open(s);
	while (gbench_next(b))
		if (!dns_client_find(s->all, &s->pins, &s->ip, s->now_us,
				     &found))
			gbench_fail(b, "not in the cache");
	must(found.name_status == DNS_CLIENT_OK);
}

void
dns_bench(void)
{
	static struct site small = { .names_n = 1000 };
	static struct site large = { .names_n = 100000 };

	gbench_add("dns/hit_1k", hit, &small);
	gbench_add("dns/hit_100k", hit, &large);
	gbench_add("dns/client_name", client, &small);
}
