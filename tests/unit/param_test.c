/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows of params.def: each default converts, each type takes what Postfix
 * takes and names what is wrong with the rest.
 */
#include "engine/config/param.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

#include <stdlib.h>

/* main.cf with one setting, and a struct of each module to fill. */
struct rig {
	struct settings main_cf, computed;
	struct store st;
	struct diag d;
	struct scope sc;
	struct engine_cfg engine;
	struct net_cfg net;
	struct dataplane_cfg dataplane;
	struct queue_cfg queue;
	struct deliver_cfg deliver;
	struct log_cfg log;
	struct smtp_cfg smtp;
	struct policy_cfg policy;
	struct service service;
	struct tls_pool_cfg tls;
	struct dns_cfg dns;
};

static void
rig_open(struct rig *r)
{
	*r = (struct rig) { 0 };
	diag_init(&r->d);
	r->sc = (struct scope) { .main = &r->main_cf,
				 .computed = &r->computed,
				 .tables = tables_open(),
				 .store = &r->st,
				 .dir = "/nowhere",
				 .diag = &r->d };
	settings_set(&r->computed,
		     &(struct setting) { .name = "myhostname",
					 .value = "mx.example.com" });
	settings_set(&r->computed,
		     &(struct setting) { .name = "mydomain",
					 .value = "example.com" });
	settings_set(&r->computed,
		     &(struct setting) { .name = "alias_maps", .value = "" });
}

static void
rig_set(struct rig *r, const char *name, const char *value)
{
	settings_set(&r->main_cf, &(struct setting) { .name = name,
						      .value = value,
						      .file = "main.cf",
						      .line = 9 });
}

static void *
rig_base(struct rig *r, enum param_module module)
{
	void *const bases[PARAM_WORD] = {
		[PARAM_ENGINE] = &r->engine,
		[PARAM_NET] = &r->net,
		[PARAM_TLS] = &r->tls,
		[PARAM_DNS] = &r->dns,
		[PARAM_QUEUE] = &r->queue,
		[PARAM_DELIVER] = &r->deliver,
		[PARAM_DATAPLANE] = &r->dataplane,
		[PARAM_LOG] = &r->log,
		[PARAM_SMTP] = &r->smtp,
		[PARAM_POLICY] = &r->policy,
		[PARAM_SERVICE] = &r->service,
	};

	must(bases[module] != NULL);
	return bases[module];
}

static bool
rig_apply(struct rig *r)
{
	bool is_ok = true;

	for (enum param_module m = 0; m < PARAM_WORD; m++)
		is_ok &= param_apply_module(m, &r->sc, rig_base(r, m));
	return is_ok;
}

static void
rig_close(struct rig *r)
{
	for (enum param_module m = 0; m < PARAM_WORD; m++)
		param_release_module(m, rig_base(r, m));
	tables_close(&r->sc.tables);
	settings_fini(&r->main_cf);
	settings_fini(&r->computed);
	store_fini(&r->st);
	diag_fini(&r->d);
}

static void
test_defaults(void)
{
	struct rig r;

	CHECK_ROW("defaults of Postfix 3.7, level 0");
	rig_open(&r);
	CHECK(rig_apply(&r));
	CHECK(r.d.first == NULL);
	findings_print(&r.d);
	CHECK(r.smtp.message_bytes_max == 10240000);
	CHECK(r.smtp.rcpt_max == 1000 && r.smtp.line_bytes_max == 2048);
	CHECK(r.smtp.soft_errors_max == 10 && r.smtp.hard_errors_max == 20);
	CHECK(r.smtp.junk_max == 100 && r.smtp.hops_max == 50);
	CHECK(r.smtp.timeout_us == 300000000);
	CHECK(r.smtp.proxy_timeout_us == 5000000);
	CHECK(r.smtp.error_sleep_us == 1000000);
	CHECK(r.smtp.min_data_rate == 500 && !r.smtp.is_per_request_deadline);
	CHECK(!r.smtp.is_smtputf8 && !r.smtp.is_8bitmime_disabled);
	CHECK(r.smtp.bare_newline == SMTP_BARE_NEWLINE_NORMALIZE);
	CHECK(r.smtp.proxy == SMTP_PROXY_NONE);
	CHECK_SPAN(span_of(r.smtp.banner), "mx.example.com ESMTP Penstock");
	CHECK_SPAN(span_of(r.policy.myhostname), "mx.example.com");
	CHECK_SPAN(span_of(r.policy.relay_restrictions), "");
	CHECK(r.policy.is_append_dot_mydomain);
	CHECK(r.policy.virtual_minimum_uid == 100);
	CHECK(r.deliver.minimum_uid == 100);
	CHECK(r.deliver.mailbox_bytes_max == 51200000);
	CHECK(r.queue.lifetime_us == UINT64_C(432000000000));
	CHECK(r.queue.backoff_min_us == 300000000 && !r.queue.is_discard);
	CHECK_SPAN(span_of(r.log.syslog_name), "penstock");
	CHECK_SPAN(span_of(r.net.inet_protocols), "all");
	CHECK(match_name(r.policy.mydestination, SPAN("LOCALHOST")) ==
	      TABLE_FOUND);
	CHECK(match_name(r.policy.relay_domains, SPAN("mx.example.com")) ==
	      TABLE_FOUND);
	rig_close(&r);
	CHECK_ROW("defaults, level 3.6");
	rig_open(&r);
	rig_set(&r, "compatibility_level", "3.6");
	CHECK(rig_apply(&r));
	CHECK(r.smtp.is_smtputf8 && !r.policy.is_append_dot_mydomain);
	CHECK(match_is_empty(r.policy.relay_domains));
	CHECK_SPAN(span_of(r.policy.relay_restrictions),
		   "permit_mynetworks, permit_sasl_authenticated, "
		   "defer_unauth_destination");
	CHECK(r.policy.is_relay_before_rcpt);
	rig_close(&r);
	CHECK_ROW("stress");
	rig_open(&r);
	rig_set(&r, "stress", "yes");
	CHECK(rig_apply(&r));
	CHECK(r.smtp.timeout_us == 10000000 && r.smtp.hard_errors_max == 1);
	CHECK(r.smtp.is_per_request_deadline);
	rig_close(&r);
}

/* One setting that is wrong, and what is said of it. */
static const struct {
	const char *name, *value, *error;
} wrong[] = {
	{ "smtpd_timeout", "abc", "write a number and s, m, h, d or w" },
	{ "smtpd_timeout", "5x", "write a number and s, m, h, d or w" },
	{ "smtpd_timeout", "5m5s", "write a number and" },
	{ "smtpd_timeout", "-5", "write a number and" },
	{ "smtpd_timeout", "", "write a number and" },
	{ "smtpd_timeout", "0", "at least 1s is needed" },
	{ "smtpd_timeout", "99999999999999999999", "write a number and" },
	{ "smtpd_timeout", "9999999999999999999", "the time is too long" },
	{ "penstock_shutdown_timeout", "2h", "at most 3600s is possible" },
	{ "maximal_queue_lifetime", "91", "at most 7776000s" },
	{ "message_size_limit", "10X", "write a number of bytes" },
	{ "message_size_limit", "1.5M", "write a number of bytes" },
	{ "message_size_limit", "99999999999G", "the number is too large" },
	{ "penstock_memory_limit", "1K", "at least 4194304 bytes is needed" },
	{ "smtpd_recipient_limit", "ten", "write a number" },
	{ "smtpd_recipient_limit", "0", "at least 1 is needed" },
	{ "smtpd_recipient_limit", "4294967296", "write a number" },
	{ "access_map_reject_code", "700", "at most 599 is possible" },
	{ "smtpd_helo_required", "maybe", "write one of: no yes" },
	{ "smtpd_helo_required", "", "write one of: no yes" },
	{ "penstock_queue", "memory", "write one of: durable discard" },
	{ "smtpd_forbid_bare_newline", "perhaps",
	  "write one of: no normalize|yes reject" },
	{ "smtpd_upstream_proxy_protocol", "socks",
	  "write haproxy, or nothing" },
	{ "inet_protocols", "ipv5", "write all, ipv4, ipv6" },
	{ "mynetworks", "10.1.2.3/8", "write 10.0.0.0/8" },
	{ "virtual_alias_maps", "hash:none", "/nowhere/none cannot be read" },
	{ "virtual_alias_maps", "mysql:/x", "of type mysql are not supported" },
	{ "mydestination", "$mydestination", "leads back to itself" },
	{ "smtpd_banner", "${x", "is not closed" },
};

static void
test_wrong(void)
{
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		struct rig r;

		CHECK_ROW(wrong[i].name);
		rig_open(&r);
		rig_set(&r, wrong[i].name, wrong[i].value);
		CHECK(!rig_apply(&r));
		CHECK(r.d.errors_n >= 1);
		CHECK(findings_has(&r.d, DIAG_ERROR, wrong[i].error));
		CHECK(findings_has(&r.d, DIAG_ERROR, "main.cf:9: "));
		if (!findings_has(&r.d, DIAG_ERROR, wrong[i].error))
			findings_print(&r.d);
		rig_close(&r);
	}
}

static void
test_right(void)
{
	struct rig r;

	CHECK_ROW("units and words in any case");
	rig_open(&r);
	rig_set(&r, "smtpd_timeout", " 2H ");
	rig_set(&r, "maximal_queue_lifetime", "3");
	rig_set(&r, "minimal_backoff_time", "1w");
	rig_set(&r, "message_size_limit", "10m");
	rig_set(&r, "smtpd_helo_required", "YES");
	rig_set(&r, "penstock_queue", "discard");
	rig_set(&r, "penstock_8bitmime", "no");
	rig_set(&r, "smtpd_forbid_bare_newline", "yes");
	rig_set(&r, "smtpd_upstream_proxy_protocol", "haproxy");
	rig_set(&r, "inet_protocols", "ipv4, ipv6");
	rig_set(&r, "penstock_idle", "poll");
	CHECK(rig_apply(&r));
	findings_print(&r.d);
	CHECK(r.smtp.timeout_us == UINT64_C(7200000000));
	CHECK(r.queue.lifetime_us == UINT64_C(259200000000));
	CHECK(r.queue.backoff_min_us == UINT64_C(604800000000));
	CHECK(r.smtp.message_bytes_max == 10u << 20);
	CHECK(r.smtp.is_helo_required && r.policy.is_helo_required);
	CHECK(r.queue.is_discard && r.smtp.is_8bitmime_disabled);
	CHECK(r.smtp.bare_newline == SMTP_BARE_NEWLINE_NORMALIZE);
	CHECK(r.smtp.proxy == SMTP_PROXY_HAPROXY);
	CHECK_SPAN(span_of(r.net.inet_protocols), "all");
	CHECK(r.engine.idle == ENGINE_IDLE_POLL);
	rig_close(&r);
	CHECK_ROW("classes and raw text");
	rig_open(&r);
	rig_set(&r, "smtpd_restriction_classes", "one, two");
	rig_set(&r, "one", "reject_unauth_destination $two");
	rig_set(&r, "two", "permit");
	rig_set(&r, "smtpd_reject_footer", "\\c ask $mail_name");
	CHECK(rig_apply(&r));
	CHECK(r.policy.classes_n == 2);
	CHECK_SPAN(span_of(r.policy.classes[0].name), "one");
	CHECK_SPAN(span_of(r.policy.classes[0].restrictions),
		   "reject_unauth_destination permit");
	CHECK(settings_find(&r.main_cf, SPAN("two"))->is_used);
	CHECK_SPAN(span_of(r.smtp.reject_footer), "\\c ask $mail_name");
	rig_close(&r);
	CHECK_ROW("lists and parent domains");
	rig_open(&r);
	rig_set(&r, "relay_domains", "example.org");
	rig_set(&r, "mynetworks", "10.0.0.0/8 example.net");
	CHECK(rig_apply(&r));
	CHECK(match_name(r.policy.relay_domains, SPAN("a.example.org")) ==
	      TABLE_FOUND);
	rig_close(&r);
	rig_open(&r);
	rig_set(&r, "relay_domains", "example.org");
	rig_set(&r, "parent_domain_matches_subdomains", "mynetworks");
	CHECK(rig_apply(&r));
	CHECK(match_name(r.policy.relay_domains, SPAN("a.example.org")) ==
	      TABLE_NOT_FOUND);
	rig_close(&r);
}

static void
test_units(void)
{
	static const struct {
		const char *text;
		char unit;
		uint64_t seconds;
	} times[] = {
		{ "7", 's', 7 },	{ "7", 'm', 420 },
		{ "7", 'h', 25200 },	{ "7", 'd', 604800 },
		{ "7", 'w', 4233600 },	{ "7s", 'd', 7 },
		{ "7m", 'd', 420 },	{ "7h", 's', 25200 },
		{ "7d", 's', 604800 },	{ "7w", 's', 4233600 },
		{ "7W", 's', 4233600 }, { "0", 's', 0 },
		{ "007", 's', 7 },	{ " 7m ", 's', 420 },
	};
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{ "0", 0 },	   { "1023", 1023 },
		{ "2k", 2048 },	   { "2K", 2048 },
		{ "2m", 2097152 }, { "2G", UINT64_C(2147483648) },
		{ " 1 ", 1 },
	};
	const char *why;
	uint64_t got;

	for (size_t i = 0; i < ARRAY_N(times); i++) {
		CHECK_ROW(times[i].text);
		CHECK(param_parse_time(span_of(times[i].text), times[i].unit,
				       &got, &why));
		CHECK(got == times[i].seconds * 1000000);
	}
	for (size_t i = 0; i < ARRAY_N(sizes); i++) {
		CHECK_ROW(sizes[i].text);
		CHECK(param_parse_size(span_of(sizes[i].text), &got, &why));
		CHECK(got == sizes[i].bytes);
	}
}

/* What every row must have. */
static void
test_rows(void)
{
	for (unsigned i = 0; i < params_n; i++) {
		const struct param *p = &params[i], *row;

		CHECK_ROW(p->name);
		row = param_find(span_of(p->name));
		CHECK(row != NULL && !row->is_also);
		if (p->is_also) {
			CHECK(row < p && row->type == p->type);
			continue;
		}
		CHECK(row == p);
		CHECK(*p->help && p->help[strlen(p->help) - 1] != '.');
		CHECK(p->max == 0 || p->min <= p->max);
		CHECK(*param_type_name(p));
		CHECK(p->type != PARAM_TIME || strlen(p->arg) == 1);
		CHECK(p->type != PARAM_ENUM || *p->arg);
	}
}

int
main(void)
{
	test_rows();
	test_units();
	test_defaults();
	test_right();
	test_wrong();
	return check_end();
}
