/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of parameters that are not applied, and of typing errors. */
#include "engine/config/foreign.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"

static const char *const transports[] = { "smtp", "dovecot" };

static const struct {
	const char *name; /* of the setting */
	const char *value;
	enum diag_level level;
	const char *text; /* NULL: nothing is said */
} rows[] = {
	{ "content_filter", "smtp:[127.0.0.1]:10025", DIAG_ERROR,
	  "main.cf:1: content_filter: mail would pass without this check" },
	{ "content_filter", "", DIAG_NOTE, NULL },
	{ "smtpd_milters", "inet:127.0.0.1:1", DIAG_ERROR, "smtpd_milters" },
	{ "header_checks", "pcre:/x", DIAG_ERROR, "header_checks" },
	{ "body_checks", "pcre:/x", DIAG_ERROR, "body_checks" },
	{ "always_bcc", "archive@example.com", DIAG_ERROR,
	  "copies would not be made" },
	{ "recipient_bcc_maps", "hash:/x", DIAG_ERROR, "copies" },
	{ "transport_maps", "hash:/x", DIAG_ERROR, "go where it should not" },
	{ "smtpd_tls_dcert_file", "/x", DIAG_WARNING, "DSA" },
	{ "smtpd_tls_eecdh_grade", "ultra", DIAG_NOTE,
	  "tls_eecdh_auto_curves" },
	{ "smtpd_tls_CAfile", "/x", DIAG_NOTE, NULL },
	{ "smtpd_sasl_local_domain", "x", DIAG_NOTE, "Cyrus SASL" },
	{ "smtp_tls_security_level", "may", DIAG_NOTE, "sending mail out" },
	{ "smtpd_forbid_unauth_pipelining", "yes", DIAG_WARNING,
	  "is not applied: put reject_unauth_pipelining into" },
	{ "mime_header_checks", "$header_checks", DIAG_NOTE, NULL },
	{ "data_directory", "/var/lib/postfix", DIAG_NOTE, NULL },
	{ "data_directory", "/srv", DIAG_NOTE, "no counterpart here" },
	{ "dovecot_destination_recipient_limit", "1", DIAG_NOTE,
	  "sending mail out" },
	{ "cyrus_destination_recipient_limit", "1", DIAG_WARNING,
	  "there is no parameter cyrus_destination_recipient_limit" },
	{ "smtpd_recipient_limits", "5", DIAG_WARNING,
	  "is smtpd_recipient_limit meant?" },
	{ "virtual_mailbox_map", "hash:/x", DIAG_WARNING,
	  "is virtual_mailbox_maps meant?" },
	{ "zzz_nothing_like_it", "1", DIAG_WARNING,
	  "$zzz_nothing_like_it: "
	  "remove it" },
	{ "smtpd_banner", "x", DIAG_NOTE, NULL },
};

static void
look_at(size_t i, bool is_used, bool is_service, enum diag_level level,
	const char *text)
{
	struct settings set = { 0 }, none = { 0 };
	struct store st = { 0 };
	struct diag d;
	struct scope sc = {
		.main = &set, .computed = &none, .store = &st, .diag = &d
	};

	diag_init(&d);
	settings_set(&set, &(struct setting) { .name = rows[i].name,
					       .value = rows[i].value,
					       .file = "main.cf",
					       .line = 1,
					       .is_used = is_used });
	foreign_check(&sc, &set, is_service, transports, ARRAY_N(transports));
	if (text == NULL)
		CHECK(d.first == NULL);
	else
		CHECK(findings_has(&d, level, text));
	if (text != NULL && !findings_has(&d, level, text))
		findings_print(&d);
	diag_fini(&d);
	settings_fini(&set);
	store_fini(&st);
}

static void
test_table(void)
{
	const struct foreign *f;
	unsigned i;

	for (i = 0; (f = foreign_at(i)) != NULL; i++) {
		CHECK_ROW(f->name);
		CHECK(foreign_find(span_of(f->name)) == f);
		CHECK(param_find(span_of(f->name)) == NULL);
		CHECK(*foreign_verdict(f));
	}
	CHECK(i > 600);
	CHECK(foreign_find(SPAN("smtpd_milter")) == NULL);
	CHECK(foreign_find(SPAN("")) == NULL);
	CHECK(foreign_find(SPAN("zzzz")) == NULL);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		look_at(i, false, false, rows[i].level, rows[i].text);
	}
	CHECK_ROW("mentioned by another value");
	look_at(ARRAY_N(rows) - 2, true, false, DIAG_NOTE, NULL);
	CHECK_ROW("in a service");
	look_at(ARRAY_N(rows) - 1, false, true, DIAG_NOTE, NULL);
	test_table();
	return check_end();
}
