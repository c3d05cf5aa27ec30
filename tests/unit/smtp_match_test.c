/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions over the match lists that a configuration really makes. */
#define DRIVER_REAL_MATCH
#include "tests/unit/smtp_session.h"

static struct match *xclient_hosts, *excluded, *forbidden, *noop;

static struct match *
open_list(enum match_kind kind, const char *value, struct diag *diag)
{
	struct match *m =
		match_open(kind, span_of(value), "/", "main.cf", 1, diag);

	diag_print(diag, DIAG_WARNING);
	must(m != NULL);
	return m;
}

static void
lists(struct driver *d)
{
	d->cfg.xclient_hosts = xclient_hosts;
	d->cfg.bare_newline = SMTP_BARE_NEWLINE_REJECT;
	d->cfg.bare_newline_exclusions = excluded;
	d->cfg.forbidden_commands = forbidden;
	d->cfg.noop_commands = noop;
}

static void
lists_ipv6(struct driver *d)
{
	lists(d);
	must(ip_parse(SPAN("2001:db8:1::1"), &d->ip));
}

static void
lists_negated(struct driver *d)
{
	lists(d);
	must(ip_parse(SPAN("192.0.2.66"), &d->ip));
}

static void
lists_other(struct driver *d)
{
	lists(d);
	must(ip_parse(SPAN("198.51.100.1"), &d->ip));
}

#define RULES	"221 2.7.0 Error: I can break rules, too. Goodbye.\r\n"
#define NOT_YOU "550 5.7.0 Error: insufficient authorization\r\n"
#define BARE	"550 5.5.2 mx.example.com Error: bare <LF> received\r\n"
#define AS_GW	"XCLIENT NAME=mx.gw.example ADDR=203.0.113.9\r\n"

static const struct session_row rows[] = {
	{ "in a network", lists, FEED(AS_GW "NOOP\n"), GREETING OK, "", "C" },
	{ "in an IPv6 network", lists_ipv6, FEED("XCLIENT PORT=1\r\n"),
	  GREETING, "", "C" },
	{ "taken out of it", lists_negated, FEED("XCLIENT PORT=1\r\n"), NOT_YOU,
	  "", "" },
	{ "elsewhere", lists_other, FEED("XCLIENT PORT=1\r\nNOOP\n"),
	  NOT_YOU BARE, "", "" },
	{ "forbidden", lists, FEED("GET / HTTP/1.1\r\n"), RULES, "", "" },
	{ "forbidden, lower case", lists, FEED("post x\r\n"), RULES, "", "" },
	{ "forbidden by expression", lists, FEED("\x16\x03\x01 x\r\n"), RULES,
	  "", "" },
	{ "forbidden by expression, text", lists, FEED("<html>\r\n"), RULES, "",
	  "" },
	{ "neither", lists, FEED("FOO\r\nFOOBAR\r\nXNOOP x\r\n"),
	  UNKNOWN UNKNOWN OK, "", "" },
};

int
main(void)
{
	struct diag diag;

	diag_init(&diag);
	xclient_hosts = open_list(MATCH_HOST_DOT,
				  "!192.0.2.66, 192.0.2.0/24 [2001:db8:1::]/48",
				  &diag);
	excluded = open_list(MATCH_HOST_DOT, "10.0.0.0/8, .gw.example", &diag);
	forbidden = open_list(MATCH_STRING,
			      "CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}",
			      &diag);
	noop = open_list(MATCH_STRING, "xnoop", &diag);
	session_rows_run(rows, ARRAY_N(rows));
	match_close(&xclient_hosts);
	match_close(&excluded);
	match_close(&forbidden);
	match_close(&noop);
	diag_fini(&diag);
	return check_end();
}
