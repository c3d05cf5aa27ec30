/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro-benchmarks of engine/policy: what one RCPT costs over tables of a
 * thousand and of a million rows. Recipients are taken in an order that no
 * cache foresees. The tables are written and opened once per size.
 */
#include "bench/gbench.h"
#include "engine/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRS_N 65536 /* recipients asked for, in turn */

void policy_bench(void);

struct site {
	unsigned mailboxes_n;
	struct policy_cfg cfg;
	struct policy *policy;
	struct diag diag;
	struct addr *known; /* ADDRS_N mailboxes */
	struct addr *aliases;
	struct addr *unknown;
};

/* A table file with n rows; its name is in out. */
static void
write_table(char out[32], unsigned n, const char *format)
{
	FILE *file;
	int fd;

	strcpy(out, "/tmp/policy_bench.XXXXXX");
	fd = mkstemp(out);
	must(fd >= 0);
	file = fdopen(fd, "w");
	must(file != NULL);
	for (unsigned i = 0; i < n; i++)
		fprintf(file, format, i, i % 100, i, i % 100);
	must(fclose(file) == 0);
}

static struct maps *
open_table(struct site *s, unsigned n, const char *format)
{
	char name[32], text[64];
	struct maps *maps;

	write_table(name, n, format);
	snprintf(text, sizeof(text), "texthash:%s", name);
	maps = maps_open(span_of(text), "/", "bench", 1, &s->diag);
	must(maps != NULL);
	unlink(name);
	return maps;
}

static struct addr *
make_addrs(const struct site *s, const char *format)
{
	struct addr *addrs = must_alloc(ADDRS_N * sizeof(*addrs));
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < ADDRS_N; i++) {
		char text[64];
		const char *why;
		unsigned n;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		n = (unsigned)(x % s->mailboxes_n);
		snprintf(text, sizeof(text), format, n, n % 100);
		must(addr_parse(span_of(text), &addrs[i], &why) == ADDR_OK);
	}
	return addrs;
}

static struct match *
open_list(struct site *s, enum match_kind kind, const char *text)
{
	struct match *match =
		match_open(kind, span_of(text), "/", "bench", 1, &s->diag);

	must(match != NULL);
	return match;
}

static void
site_open(struct site *s)
{
	static char domains[100 * 16];
	size_t n = 0;

	if (s->policy != NULL)
		return;
	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(domains + n, sizeof(domains) - n,
				      "d%u.test ", i);
	diag_init(&s->diag);
	s->cfg = (struct policy_cfg) {
		.dir = "/",
		.myhostname = "mx.test",
		.mydomain = "test",
		.myorigin = "mx.test",
		.recipient_delimiter = "+",
		.mynetworks = open_list(s, MATCH_HOST, "127.0.0.0/8 [::1]"),
		.mydestination =
			open_list(s, MATCH_STRING, "mx.test localhost"),
		.virtual_mailbox_domains = open_list(s, MATCH_STRING, domains),
		.virtual_alias_maps =
			open_table(s, s->mailboxes_n,
				   "alias%u@d%u.test user%u@d%u.test\n"),
		.virtual_mailbox_maps = open_table(
			s, s->mailboxes_n, "user%u@d%u.test user%u.d%u/\n"),
		.virtual_uid_maps = maps_open(SPAN("static:1000"), "/", "bench",
					      1, &s->diag),
		.virtual_gid_maps = maps_open(SPAN("static:1000"), "/", "bench",
					      1, &s->diag),
		.virtual_mailbox_base = "/var/mail/vhosts",
		.virtual_minimum_uid = 100,
		.virtual_alias_expansion_limit = 1000,
		.virtual_alias_recursion_limit = 1000,
		.relay_restrictions = "permit_mynetworks, "
				      "permit_sasl_authenticated, "
				      "reject_unauth_destination",
		.is_delay_reject = true,
		.is_reject_unlisted_recipient = true,
		.is_show_user_unknown_table_name = true,
		.is_append_at_myorigin = true,
		.is_relay_before_rcpt = true,
		.is_percent_hack = true,
		.is_swap_bangpath = true,
	};
	s->policy = policy_open(&s->cfg, "bench", &s->diag);
	must(s->policy != NULL);
	s->known = make_addrs(s, "user%u@d%u.test");
	s->aliases = make_addrs(s, "alias%u@d%u.test");
	s->unknown = make_addrs(s, "nobody%u@d%u.test");
}

static struct policy_query
make_query(const struct addr *sender, const struct addr *rcpt)
{
	struct policy_query query = { .stage = POLICY_RCPT,
				      .client_name = SPAN("unknown"),
				      .helo = SPAN("client.test"),
				      .proto = "ESMTP",
				      .sender = sender,
				      .rcpt = rcpt };

	must(ip_parse(SPAN("192.0.2.9"), &query.client_ip));
	return query;
}

static void
ask(struct gbench *b, struct site *s, const struct addr *rcpts, int want)
{
	struct policy_verdict verdict;
	struct policy_query query;
	struct addr sender;
	const char *why;
	unsigned i = 0;

	must(addr_parse(SPAN("sender@foreign.test"), &sender, &why) == ADDR_OK);
	query = make_query(&sender, rcpts);
	while (gbench_next(b)) {
		query.rcpt = &rcpts[i++ % ADDRS_N];
		policy_ask(s->policy, &query, &verdict);
		if (verdict.code != want)
			gbench_fail(b, verdict.text);
	}
}

static void
ask_known(struct gbench *b, void *arg)
{
	struct site *s = arg;

	site_open(s);
	ask(b, s, s->known, 0);
}

static void
ask_unknown(struct gbench *b, void *arg)
{
	struct site *s = arg;

	site_open(s);
	ask(b, s, s->unknown, 550);
}

static void
route(struct gbench *b, struct site *s, const struct addr *rcpts)
{
	struct envelope_head head = { .queue_id = 1 };
	struct envelope_rcpt like = { .orig = SPAN("user@d1.test") };
	struct envelope env = { 0 };
	char text[POLICY_TEXT_MAX];
	unsigned i = 0;

	must(envelope_begin(&env, &head) == 0);
	while (gbench_next(b)) {
		if (policy_route(s->policy, &rcpts[i++ % ADDRS_N], &like, &env,
				 text) != 0)
			gbench_fail(b, text);
		envelope_rcpt_cut(&env, 0);
	}
	envelope_fini(&env);
}

static void
route_known(struct gbench *b, void *arg)
{
	struct site *s = arg;

	site_open(s);
	route(b, s, s->known);
}

static void
route_alias(struct gbench *b, void *arg)
{
	struct site *s = arg;

	site_open(s);
	route(b, s, s->aliases);
}

void
policy_bench(void)
{
	static struct site small = { .mailboxes_n = 1000 };
	static struct site large = { .mailboxes_n = 1000000 };

	gbench_add("policy/ask_1k", ask_known, &small);
	gbench_add("policy/route_1k", route_known, &small);
	gbench_add("policy/ask_1M", ask_known, &large);
	gbench_add("policy/ask_unknown_1M", ask_unknown, &large);
	gbench_add("policy/route_1M", route_known, &large);
	gbench_add("policy/route_alias_1M", route_alias, &large);
}
