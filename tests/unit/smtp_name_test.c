/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients' names: when they are asked for, what becomes of them. */
#include "tests/unit/smtp_session.h"

static void
wanted(struct driver *d)
{
	d->cfg.is_peername_lookup = true;
	d->found = (struct smtp_found) {
		.name = SPAN("c.example"),
		.reverse_name = SPAN("c.example"),
	};
}

static void
forged(struct driver *d)
{
	wanted(d);
	d->found.name = SPAN("");
	d->found.name_status = SMTP_NAME_FORGED;
}

static void
behind_proxy(struct driver *d)
{
	wanted(d);
	d->cfg.proxy = SMTP_PROXY_HAPROXY;
}

static void
with_rules(struct driver *d)
{
	static struct match match = { "c.example" };

	wanted(d);
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = &match;
}

#define MESSAGE	   MAIL RCPT DATA ".\r\n"
#define MESSAGE_OK MAIL_OK RCPT_OK DATA_GO QUEUED
#define RECEIVED_FROM(name, ip)                                              \
	"Received: from c.example (" name " [" ip "])\n\tby mx.example.com " \
	"(Postfix) with SMTP id 0123456789ABCDEF\n\tfor <x@y.z>; " DATE
#define PROXY_LINE "PROXY TCP4 198.51.100.7 192.0.2.9 4000 25\r\n"

static const struct session_row rows[] = {
	{ "verified", wanted, FEED(HELO MESSAGE), HELO_OK MESSAGE_OK,
	  RECEIVED_FROM("c.example", "192.0.2.1"), "HMRDE" },
	{ "forged", forged, FEED(HELO MESSAGE), HELO_OK MESSAGE_OK,
	  RECEIVED_FROM("unknown", "192.0.2.1"), "HMRDE" },
	{ "behind a proxy", behind_proxy, FEED(PROXY_LINE HELO MESSAGE),
	  GREETING HELO_OK MESSAGE_OK,
	  RECEIVED_FROM("c.example", "198.51.100.7"), "CHMRDE" },
	{ "behind no proxy at all", behind_proxy, FEED("EHLO x\r\n"), "", "",
	  "" },
	{ "rules follow the name", with_rules, FEED("NOOP\n"), OK, "", NULL },
};

static void
test_states(void)
{
	struct span none = { 0 };
	struct driver d;
	struct smtp *s = &d.s;

	driver_init(&d, 4u << 20);
	CHECK_ROW("not wanted");
	session_open(&d, NULL);
	CHECK(d.wants[SMTP_WANT_NAME] == 0);
	CHECK_SPAN(span_of(smtp_client_name(s)), "unknown");
	CHECK_SPAN(span_of(smtp_reverse_name(s)), "unknown");
	CHECK(smtp_name_status(s) == SMTP_NAME_UNKNOWN);
	CHECK(smtp_reverse_status(s) == SMTP_NAME_UNKNOWN);
	driver_end(&d);

	CHECK_ROW("forged");
	session_open(&d, forged);
	CHECK_SPAN(span_of(smtp_client_name(s)), "unknown");
	CHECK_SPAN(span_of(smtp_reverse_name(s)), "c.example");
	CHECK(smtp_name_status(s) == SMTP_NAME_FORGED);
	CHECK(smtp_reverse_status(s) == SMTP_NAME_OK);
	driver_end(&d);

	CHECK_ROW("before anything is said, with time of its own");
	d.cfg = driver_cfg;
	wanted(&d);
	smtp_init(s, &d.cfg, &d.shared, &d.ip, 25, d.now_us);
	d.out.len = 0;
	CHECK(smtp_step(s, &none, &d.out, d.now_us) == SMTP_WANT_NAME);
	CHECK(d.out.len == 0);
	d.now_us += 20 * d.cfg.timeout_us;
	smtp_named(s, &d.found, d.now_us);
	CHECK(s->deadline_us == d.now_us + d.cfg.timeout_us);
	CHECK(smtp_step(s, &none, &d.out, d.now_us) == SMTP_WANT_CHECK);
	smtp_fini(s);

	CHECK_ROW("before TLS, where that comes first");
	d.cfg.is_tls_wrapped = true;
	smtp_init(s, &d.cfg, &d.shared, &d.ip, 25, d.now_us);
	CHECK(smtp_step(s, &none, &d.out, d.now_us) == SMTP_WANT_NAME);
	smtp_named(s, &d.found, d.now_us + 1);
	CHECK(s->deadline_us == d.now_us + 1 + d.cfg.starttls_timeout_us);
	CHECK(smtp_step(s, &none, &d.out, d.now_us + 1) == SMTP_WANT_TLS);
	smtp_fini(s);

	CHECK_ROW("the engine stops meanwhile");
	d.cfg.is_tls_wrapped = false;
	smtp_init(s, &d.cfg, &d.shared, &d.ip, 25, d.now_us);
	CHECK(smtp_step(s, &none, &d.out, d.now_us) == SMTP_WANT_NAME);
	CHECK(smtp_is_idle(s));
	smtp_shutting_down(s, &d.out);
	CHECK(d.out.len > 0);
	smtp_fini(s);
	driver_fini(&d);
}

int
main(void)
{
	session_rows_run(rows, ARRAY_N(rows));
	test_states();
	return check_end();
}
