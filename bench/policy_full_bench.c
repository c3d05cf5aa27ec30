/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Micro-benchmark of a full restriction list, as a site has it: what one RCPT
 * costs when every name that it asks DNS for is in the worker's cache. A thread
 * of the benchmark's own answers what fills that cache.
 */
#include "bench/gbench.h"
#include "engine/base/clock.h"
#include "engine/policy/dns.h"
#include "engine/policy/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void policy_full_bench(void);

struct site {
	const char *rbl; /* lists in DNS beside the rest, or "" */
	struct policy_cfg cfg;
	struct policy *policy;
	struct diag diag;
	struct dns *dns;
	struct lookups *all;
	struct lookup_pins pins;
	uint64_t now_us;
	char client[512];
	int fd; /* the name server's */
};

/* An address for every name but in lists; nothing else. */
static void *
serve(void *arg)
{
	struct site *s = arg;
	static const unsigned char record[] = { 0xc0, 12, 0, 1, 0,   1, 0, 0,
						1,    0,  0, 4, 192, 0, 2, 1 };
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	unsigned char m[1024];
	ssize_t n;

	while ((n = recvfrom(s->fd, m, sizeof(m) - sizeof(record), 0,
			     (void *)&from, &len)) > 16) {
		size_t end = 12;

		while (end < (size_t)n && m[end] != 0)
			end += m[end] + 1u;
		end += 5;
		m[2] = 0x84;
		m[3] = 0x80;
		m[7] = m[end - 3] == 1 && memmem(m, end, "\2bl", 3) == NULL;
		m[9] = m[11] = 0; /* our answer has no EDNS */
		if (m[7] == 0 && m[end - 3] == 1)
			m[3] |= 3; /* NXDOMAIN */
		memcpy(m + end, record, sizeof(record));
		n = (ssize_t)(end + (m[7] ? sizeof(record) : 0));
		if (sendto(s->fd, m, (size_t)n, 0, (void *)&from, len) < 0)
			break;
		len = sizeof(from);
	}
	return NULL;
}

static void
open_server(struct site *s, char name[32])
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	pthread_t thread;

	s->fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(s->fd >= 0 && bind(s->fd, (void *)&in, len) == 0);
	must(getsockname(s->fd, (void *)&in, &len) == 0);
	snprintf(name, 32, "127.0.0.1:%u", ntohs(in.sin_port));
	must(pthread_create(&thread, NULL, serve, s) == 0);
	pthread_detach(thread);
}

static struct match *
list(struct site *s, enum match_kind kind, const char *text)
{
	struct match *m =
		match_open(kind, span_of(text), "/", "bench", 1, &s->diag);

	must(m != NULL);
	return m;
}

static struct maps *
maps(struct site *s, const char *text)
{
	struct maps *m = maps_open(span_of(text), "/", "bench", 1, &s->diag);

	must(m != NULL);
	return m;
}

static void
open_policy(struct site *s)
{
	snprintf(s->client, sizeof(s->client),
		 "permit_mynetworks, permit_sasl_authenticated, "
		 "warn_if_reject reject_unknown_client%s",
		 s->rbl);
	s->cfg = (struct policy_cfg) {
		.dir = "/",
		.myhostname = "mx.test",
		.mydomain = "test",
		.myorigin = "mx.test",
		.inet_protocols = "ipv4",
		.mynetworks = list(s, MATCH_HOST, "127.0.0.0/8 [::1]"),
		.mydestination = list(s, MATCH_STRING, "mx.test localhost"),
		.virtual_mailbox_domains = list(s, MATCH_STRING, "d.test"),
		.virtual_mailbox_maps = maps(s, "inline:{{user@d.test=u/}}"),
		.virtual_uid_maps = maps(s, "static:1000"),
		.virtual_gid_maps = maps(s, "static:1000"),
		.virtual_mailbox_base = "/var/mail/vhosts",
		.virtual_minimum_uid = 100,
		.rbl_reply = "$rbl_code $rbl_what",
		.client_restrictions = s->client,
		.helo_restrictions =
			"permit_mynetworks, reject_invalid_helo_hostname, "
			"reject_non_fqdn_helo_hostname, "
			"warn_if_reject reject_unknown_helo_hostname",
		.sender_restrictions =
			"permit_mynetworks, permit_sasl_authenticated, "
			"reject_non_fqdn_sender, "
			"warn_if_reject reject_unknown_sender_domain",
		.relay_restrictions = "permit_mynetworks, "
				      "permit_sasl_authenticated, "
				      "reject_unauth_destination",
		.recipient_restrictions =
			"reject_non_fqdn_recipient, "
			"warn_if_reject reject_unknown_recipient_domain, "
			"warn_if_reject reject_unknown_sender_domain, "
			"permit_mynetworks, permit_sasl_authenticated, "
			"reject_unauth_destination, "
			"reject_unlisted_recipient",
		.is_delay_reject = true,
		.is_reject_unlisted_recipient = true,
		.is_append_at_myorigin = true,
		.is_relay_before_rcpt = true,
	};
	s->policy = policy_open(&s->cfg, "bench", &s->diag);
	must(s->policy != NULL);
}

static void
site_open(struct site *s)
{
	char server[32];
	struct dns_cfg cfg = { .servers = server,
			       .resolv_file = "",
			       .hosts_file = "",
			       .timeout_us = 10000000,
			       .tries = 3,
			       .pending_max = 16,
			       .cache_bytes_max = 1u << 24 };

	if (s->policy != NULL)
		return;
	diag_init(&s->diag);
	open_server(s, server);
	open_policy(s);
	s->dns = dns_open(&cfg, 1, &s->diag);
	must(s->dns != NULL);
	s->all = lookups_open();
	lookups_add(s->all, LOOKUP_DNS, dns_source(s->dns, 0));
	s->pins.owner = s;
	s->now_us = clock_now_us();
}

static void
wait_for_answers(struct site *s)
{
	int fd = lookups_source(s->all, LOOKUP_DNS)->wake_fd;
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t n;

	while (lookups_next(s->all) == NULL) {
		must(poll(&p, 1, 1000) >= 0);
		if (p.revents)
			(void)!read(fd, &n, sizeof(n));
		lookups_reap(s->all);
	}
}

static void
ask(struct gbench *b, void *arg)
{
	struct site *s = arg;
	struct policy_query q = { .stage = POLICY_RCPT,
				  .client_name = SPAN("client.test"),
				  .reverse_name = SPAN("client.test"),
				  .helo = SPAN("client.test"),
				  .proto = "ESMTP" };
	struct policy_verdict verdict = { .is_pending = true };
	struct addr sender, rcpt;
	const char *why;

	site_open(s);
	must(addr_parse(SPAN("s@foreign.test"), &sender, &why) == ADDR_OK);
	must(addr_parse(SPAN("user@d.test"), &rcpt, &why) == ADDR_OK);
	must(ip_parse(SPAN("192.0.2.9"), &q.client_ip));
	q.sender = &sender;
	q.rcpt = &rcpt;
	q.lookups = s->all;
	q.pins = &s->pins;
	q.now_us = s->now_us;
	for (;;) {
		policy_ask(s->policy, &q, &verdict);
		if (!verdict.is_pending)
			break;
		wait_for_answers(s);
	}
	lookup_pins_drop(s->all, &s->pins);
	while (gbench_next(b)) {
		policy_ask(s->policy, &q, &verdict);
		if (verdict.code != 0 || verdict.is_pending ||
		    verdict.findings_n > 0)
			gbench_fail(b, verdict.findings_n
					       ? verdict.findings[0].text
					       : verdict.text);
	}
	must(s->pins.first == NULL);
}

void
policy_full_bench(void)
{
	static struct site plain = { .rbl = "" };
	static struct site lists = {
		.rbl = ", reject_rbl_client a.bl.test, "
		       "reject_rbl_client b.bl.test=127.0.0.[2..11]"
	};

	gbench_add("policy/full_list", ask, &plain);
	gbench_add("policy/full_list_2_rbl", ask, &lists);
}
