/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a value comes from, and what is said when it cannot be expanded. */
#include "engine/config/param.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

static void
set(struct settings *s, const char *name, const char *value)
{
	settings_set(s, &(struct setting) { .name = name,
					    .value = value,
					    .file = "main.cf",
					    .line = s->n + 1 });
}

int
main(void)
{
	struct settings service = { 0 }, main_cf = { 0 }, computed = { 0 };
	struct store st = { 0 };
	struct diag d;
	struct scope sc = { .service = &service,
			    .main = &main_cf,
			    .computed = &computed,
			    .store = &st,
			    .diag = &d };
	bool is_ok = true;

	diag_init(&d);
	set(&computed, "myhostname", "host.$mydomain");
	set(&computed, "mydomain", "computed.test");
	set(&main_cf, "mydomain", "main.test");
	set(&main_cf, "own", "<$mydomain>");
	set(&main_cf, "loop", "$loop");
	set(&service, "own", "service $mail_name");

	CHECK_ROW("service before main.cf");
	CHECK_SPAN(span_of(scope_value(&sc, "own", &is_ok)),
		   "service Penstock");
	sc.service = NULL;
	CHECK_ROW("main.cf before this host");
	CHECK_SPAN(span_of(scope_value(&sc, "own", &is_ok)), "<main.test>");
	CHECK_ROW("this host");
	CHECK_SPAN(span_of(scope_value(&sc, "myhostname", &is_ok)),
		   "host.main.test");
	CHECK_ROW("our default");
	CHECK_SPAN(span_of(scope_value(&sc, "smtpd_banner", &is_ok)),
		   "host.main.test ESMTP Penstock");
	CHECK_ROW("Postfix's default");
	CHECK_SPAN(span_of(scope_value(&sc, "data_directory", &is_ok)),
		   "/var/lib/postfix");
	CHECK_ROW("raw");
	CHECK_SPAN(span_of(scope_raw(&sc, SPAN("own"))), "<$mydomain>");
	CHECK(scope_raw(&sc, SPAN("nonsense")) == NULL);
	CHECK(is_ok && d.first == NULL);
	CHECK_ROW("unknown name");
	CHECK_SPAN(span_of(scope_value(&sc, "nonsense", &is_ok)), "");
	CHECK(is_ok);
	CHECK_ROW("loop");
	CHECK_SPAN(span_of(scope_value(&sc, "loop", &is_ok)), "");
	CHECK(!is_ok && d.errors_n == 1);
	CHECK(findings_has(&d, DIAG_ERROR,
			   "main.cf:3: loop: $loop leads back to itself"));
	CHECK_ROW("where a default gets its value from");
	set(&main_cf, "myhostname", "${broken");
	CHECK_SPAN(span_of(scope_value(&sc, "mydestination", NULL)), "");
	CHECK(scope_where(&sc, SPAN("mydestination"))->line == 4);
	CHECK(scope_where(&sc, SPAN("myorigin"))->line == 4);
	CHECK(scope_where(&sc, SPAN("data_directory")) == NULL);
	CHECK_ROW("said of the parameter that is wrong, once");
	CHECK_SPAN(span_of(scope_value(&sc, "smtpd_banner", NULL)), "");
	CHECK(d.errors_n == 2);
	CHECK(findings_has(
		&d, DIAG_ERROR,
		"main.cf:4: myhostname: \"${broken\" is not closed"));
	diag_fini(&d);
	settings_fini(&service);
	settings_fini(&main_cf);
	settings_fini(&computed);
	store_fini(&st);
	return check_end();
}
