/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole configurations: a site such as Postfix administrators write, each kind
 * of mistake, references, and that nothing of a broken one stays.
 */
#include "engine/config/config.h"
#include "tests/unit/config_rig.h"

#include <sysexits.h>

static const char site_main[] = RIG_MAIN
	"mydomain = gilmore.example\n"
	"myorigin = $mydomain\n"
	"mydestination = $myhostname, localhost, localhost.$mydomain,\n"
	"    localhost.localdomain\n"
	"mailbox_size_limit = 0\n"
	"disable_vrfy_command = yes\n"
	"local_recipient_maps = proxy:unix:passwd.byname $alias_maps\n"
	"virtual_mailbox_domains = gilmore.example, dickie.example\n"
	"virtual_mailbox_base = /home/vmail\n"
	"virtual_mailbox_maps = hash:mailboxes\n"
	"virtual_alias_maps = hash:aliases\n"
	"virtual_uid_maps = static:997\n"
	"virtual_gid_maps = static:997\n"
	"virtual_minimum_uid = 997\n"
	"smtpd_tls_security_level = may\n"
	"smtpd_tls_session_cache_database = btree:${data_directory}/s\n"
	"smtpd_helo_required = yes\n"
	"smtpd_helo_restrictions =\n"
	"        permit_mynetworks,\n"
	"        reject_invalid_helo_hostname\n"
	"own = permit\n"
	"smtpd_recipient_restrictions = $own, reject_unauth_destination\n";

static const char site_master[] =
	"127.0.0.1:2525 inet n - n - - smtpd\n"
	"127.0.0.1:2587 inet n - n - - smtpd\n"
	"  -o smtpd_tls_security_level=encrypt\n"
	"  -o content_filter=smtp:nowhere\n"
	"[::1]:2526 inet n - n - - smtpd\n"
	"  -o smtpd_recipient_limit=7\n"
	"  -o { smtpd_recipient_restrictions = permit_mynetworks, reject }\n"
	"  -o syslog_name=penstock/second\n"
	"pickup unix n - n 60 1 pickup\n"
	"dovecot unix - n n - - pipe\n"
	"  flags=DRhu user=vmail:vmail argv=/lda -f ${sender}\n";

static void
check_site(const struct config *cfg)
{
	const struct service *a = &cfg->services[0], *b = &cfg->services[1];
	struct table_buf buf;
	struct span got = { "", 0 };

	CHECK(cfg->services_n == 2 && cfg->listens_n == 2);
	CHECK_SPAN(span_of(a->name), "127.0.0.1:2525");
	CHECK_SPAN(span_of(b->name), "[::1]:2526");
	CHECK(a->line == 1 && b->line == 5);
	CHECK_SPAN(span_of(cfg->listens[1].host), "::1");
	CHECK_SPAN(span_of(cfg->listens[1].port), "2526");
	CHECK(cfg->listens[1].service_idx == 1 && cfg->listens[1].line == 5);
	CHECK_SPAN(span_of(a->policy.dir), scratch_dir);
	CHECK_SPAN(span_of(a->policy.myorigin), "gilmore.example");
	CHECK(match_name(a->policy.mydestination,
			 SPAN("localhost.gilmore.example")) == TABLE_FOUND);
	CHECK(match_name(a->policy.virtual_mailbox_domains,
			 SPAN("DICKIE.example")) == TABLE_FOUND);
	CHECK(maps_find(a->policy.virtual_mailbox_maps,
			SPAN("happy@gilmore.example"), false, &buf,
			&got) == TABLE_FOUND);
	CHECK_SPAN(got, "gilmore/happy/");
	CHECK(a->smtp.is_vrfy_disabled && a->smtp.is_helo_required);
	CHECK(a->smtp.rcpt_max == 1000 && b->smtp.rcpt_max == 7);
	CHECK_SPAN(span_of(a->policy.recipient_restrictions),
		   "permit, reject_unauth_destination");
	CHECK_SPAN(span_of(b->policy.recipient_restrictions),
		   "permit_mynetworks, reject");
	CHECK_SPAN(span_of(a->policy.helo_restrictions),
		   "permit_mynetworks,        reject_invalid_helo_hostname");
	CHECK_SPAN(span_of(a->syslog_name), "penstock");
	CHECK_SPAN(span_of(b->syslog_name), "penstock/second");
	CHECK(a->policy.virtual_minimum_uid == 997);
	CHECK(cfg->deliver.minimum_uid == 997);
	/* One table, however often it is named. */
	CHECK(maps_table(a->policy.virtual_alias_maps, 0) ==
	      maps_table(b->policy.virtual_alias_maps, 0));
}

static void
test_site(void)
{
	struct config *cfg, *second;
	struct diag d;

	CHECK_ROW("site");
	scratch_write(scratch_path("mailboxes"),
		      "happy@gilmore.example gilmore/happy/\n");
	scratch_write(scratch_path("aliases"),
		      "postmaster@gilmore.example happy@gilmore.example\n");
	cfg = rig_load(site_main, site_master, &d);
	findings_print(&(struct diag) { .first = d.errors_n ? d.first : NULL });
	must(cfg != NULL);
	check_site(cfg);
	CHECK_ROW("what is named");
	CHECK(findings_has(&d, DIAG_WARNING,
			   "master.cf:2: 127.0.0.1:2587 inet is not started: "
			   "it demands TLS (smtpd_tls_security_level = enc"));
	CHECK(findings_has(&d, DIAG_NOTE,
			   "master.cf:9: pickup unix is not started"));
	CHECK(findings_has(&d, DIAG_NOTE,
			   "dovecot unix is not started: pipe: not used "
			   "yet"));
	CHECK(findings_has(&d, DIAG_WARNING, "main.cf:11: mailbox_size_limit"));
	CHECK(findings_has(&d, DIAG_NOTE, "smtpd_tls_session_cache_database"));
	CHECK(cfg->services[0].tls.session_us == 3600 * UINT64_C(1000000));
	CHECK_SPAN(span_of(cfg->services[0].tls.lists[TLS_GRADE_NULL]),
		   "eNULL:!aNULL");
	CHECK(!findings_has(&d, DIAG_WARNING, "own"));
	CHECK_ROW("references");
	second = config_get(cfg);
	config_put(&cfg);
	CHECK(cfg == NULL);
	check_site(second);
	config_put(&second);
	config_put(&second);
	diag_fini(&d);
}

static const struct {
	const char *name, *main_cf, *master_cf; /* behind RIG_MAIN */
	int exit_code;
	const char *error;
} wrong[] = {
	{ "syntax", "foo\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: foo: \"=\" is missing" },
	{ "value", "smtpd_timeout = x\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: smtpd_timeout = x: write a number and" },
	{ "value in a service", "",
	  "1025 inet n - n - - smtpd -o smtpd_timeout=x\n", EX_CONFIG,
	  "master.cf:1: smtpd_timeout = x: write a number and" },
	{ "value, no service", "smtpd_timeout = x\n", "", EX_CONFIG,
	  "main.cf:7: smtpd_timeout = x" },
	{ "value of the process", "penstock_workers = x\n", RIG_MASTER,
	  EX_CONFIG, "main.cf:7: penstock_workers = x: write a number" },
	{ "missing table", "virtual_alias_maps = hash:/no/such\n", RIG_MASTER,
	  EX_NOINPUT, "main.cf:7: hash:/no/such: /no/such cannot be read" },
	{ "table with an error", "virtual_alias_maps = pcre:bad\n", RIG_MASTER,
	  EX_DATAERR, "bad:2: /(/: " },
	{ "loop", "a = $b\nb = $a\nsmtpd_banner = $a\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:8: b: $a leads back to itself" },
	{ "content filter", "content_filter = smtp:x\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: content_filter: mail would pass without" },
	{ "content filter of a service", "",
	  "1025 inet n - n - - smtpd -o content_filter=smtp:x\n", EX_CONFIG,
	  "master.cf:1: content_filter: mail would pass" },
	{ "service", "", "smtp inet n - n\n", EX_CONFIG,
	  "master.cf:1: smtp: wakeup is missing" },
	{ "port", "", "nonsense-port inet n - n - - smtpd\n", EX_CONFIG,
	  "master.cf:1: nonsense-port: there is no such port" },
	{ "host name", "myhostname = a b\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: myhostname = a b: write a host name" },
	{ "level", "compatibility_level = new\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: compatibility_level = new: write a version" },
	{ "style", "mynetworks_style = none\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: mynetworks_style = none: write host, subnet" },
	{ "sizes", "virtual_mailbox_limit = 1000\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: virtual_mailbox_limit is smaller than message_size" },
	{ "no message limit", "message_size_limit = 0\n", RIG_MASTER, EX_CONFIG,
	  "virtual_mailbox_limit is smaller than" },
	{ "back-off", "maximal_backoff_time = 10\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: maximal_backoff_time is smaller than minimal_" },
	{ "discard", "penstock_queue = discard\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: penstock_queue = discard loses all mail" },
	{ "address of the dataplane", "penstock_ipv4 = 192.0.2.1\n", RIG_MASTER,
	  EX_CONFIG,
	  "main.cf:7: penstock_ipv4 = 192.0.2.1: how long is the network's" },
	{ "gateway", "penstock_ipv6_gateway = ::1\n", RIG_MASTER, EX_CONFIG,
	  "main.cf:7: penstock_ipv6_gateway = ::1: it is a loopback" },
	{ "dataplane without an address", "penstock_dataplane = dpdk\n",
	  RIG_MASTER, EX_CONFIG,
	  "main.cf:7: penstock_dataplane = dpdk needs an address" },
	{ "no such dataplane", "penstock_dataplane = xdp\n", RIG_MASTER,
	  EX_CONFIG, "main.cf:7: penstock_dataplane = xdp: " },
};

static void
test_wrong(void)
{
	scratch_write(scratch_path("bad"), "/a/ b\n/(/ c\n");
	for (size_t i = 0; i < ARRAY_N(wrong); i++) {
		char main_cf[2000];
		struct diag d;

		CHECK_ROW(wrong[i].name);
		snprintf(main_cf, sizeof(main_cf), "%s%s", RIG_MAIN,
			 wrong[i].main_cf);
		CHECK(rig_load(main_cf, wrong[i].master_cf, &d) == NULL);
		CHECK(findings_has(&d, DIAG_ERROR, wrong[i].error));
		if (!findings_has(&d, DIAG_ERROR, wrong[i].error))
			findings_print(&d);
		CHECK(d.exit_code == wrong[i].exit_code);
		diag_fini(&d);
	}
	CHECK_ROW("no such folder");
	{
		struct diag d;

		diag_init(&d);
		CHECK(config_load("/no/such/folder", &d) == NULL);
		CHECK(d.exit_code == EX_NOINPUT && d.errors_n == 2);
		diag_fini(&d);
	}
}

static void
test_right(void)
{
	static const struct {
		const char *name, *main_cf;
	} rows[] = {
		{ "no mailbox limit",
		  "virtual_mailbox_limit = 0\nmessage_size_limit = 0\n" },
		{ "discard",
		  "penstock_queue = discard\npenstock_unsafe_bench = yes\n" },
		{ "filter set to nothing", "content_filter =\n" },
		{ "own names",
		  "mine = 1\nsmtpd_banner = $myhostname ${mine}\n" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char main_cf[2000];
		struct config *cfg;
		struct diag d;

		CHECK_ROW(rows[i].name);
		snprintf(main_cf, sizeof(main_cf), "%s%s", RIG_MAIN,
			 rows[i].main_cf);
		cfg = rig_load(main_cf, RIG_MASTER, &d);
		CHECK(cfg != NULL && d.first == NULL);
		findings_print(&d);
		config_put(&cfg);
		diag_fini(&d);
	}
}

/* What `penstock status` and the like read: tables do not matter to them. */
static void
test_main_only(void)
{
	static const struct {
		const char *name, *main_cf;
		const char *socket; /* NULL: it cannot be known */
		const char *error;
	} rows[] = {
		{ "sound", "penstock_control_socket = /s\n", "/s", "" },
		{ "default", "", "/run/penstock/control", "" },
		{ "made of other names",
		  "penstock_queue_directory = /q\n"
		  "penstock_control_socket = $penstock_queue_directory/s\n",
		  "/q/s", "" },
		{ "tables missing and broken",
		  "penstock_control_socket = /s\n"
		  "virtual_alias_maps = hash:/no/such pcre:bad\n"
		  "virtual_mailbox_domains = /no/such, hush:x\n"
		  "mynetworks = 10.0.0.1/8\n",
		  "/s", "" },
		{ "values of other modules",
		  "smtpd_timeout = soon\npenstock_control_socket = /s\n", "/s",
		  "" },
		{ "values of the engine",
		  "penstock_workers = x\npenstock_control_socket = /s\n", "/s",
		  "main.cf:1: penstock_workers = x: write a number" },
		{ "values of the queue",
		  "penstock_queue_shards = 0\npenstock_control_socket = /s\n",
		  "/s", "main.cf:1: penstock_queue_shards = 0: at least 1" },
		{ "lines that are none", "x\npenstock_control_socket = /s\n",
		  "/s", "main.cf:1: x: \"=\" is missing" },
		{ "host name", "myhostname = -\npenstock_control_socket = /s\n",
		  "/s", "main.cf:1: myhostname = -" },
		{ "the socket itself", "penstock_control_socket = ${x\n", NULL,
		  "main.cf:1: penstock_control_socket: \"${x\" is not" },
	};

	unlink(scratch_path("master.cf"));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct config *cfg;
		struct diag d;

		CHECK_ROW(rows[i].name);
		diag_init(&d);
		scratch_write(scratch_path("main.cf"), rows[i].main_cf);
		cfg = config_load_main(scratch_dir, &d);
		CHECK((cfg != NULL) == (rows[i].socket != NULL));
		if (cfg != NULL)
			CHECK_SPAN(span_of(cfg->engine.control_socket),
				   rows[i].socket);
		CHECK(findings_has(&d, DIAG_ERROR, rows[i].error));
		findings_print(*rows[i].error ? &(struct diag) { 0 } : &d);
		config_put(&cfg);
		diag_fini(&d);
	}
	CHECK_ROW("no main.cf");
	{
		struct diag d;

		diag_init(&d);
		CHECK(config_load_main("/no/such/folder", &d) == NULL);
		CHECK(d.exit_code == EX_NOINPUT && d.errors_n == 1);
		diag_fini(&d);
	}
}

int
main(void)
{
	scratch_open("config");
	test_site();
	test_wrong();
	test_right();
	test_main_only();
	scratch_close();
	return check_end();
}
