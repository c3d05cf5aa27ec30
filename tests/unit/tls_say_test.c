/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings with the place of their parameter, and the library's words. */
#include "tls/tls_say.h"
#include "tests/unit/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

int
main(void)
{
	struct tls_cfg cfg = { .cert_file = "" };
	struct diag diag;
	struct tls_say say = { &cfg, &diag, TLS_PLACE_CERT_FILE };

	diag_init(&diag);
	CHECK_ROW("where it stands");
	cfg.where[TLS_PLACE_CERT_FILE] = (struct tls_where) { "main.cf", 7 };
	CHECK(!tls_fail(&say, "%s", "no"));
	CHECK(diag.errors_n == 1);
	CHECK_SPAN(span_of(diag.last->text),
		   "main.cf:7: smtpd_tls_cert_file: no");
	CHECK_ROW("nobody has set it");
	say.place = TLS_PLACE_OCSP_FILE;
	tls_say(&say, DIAG_WARNING, "old");
	CHECK(diag.warnings_n == 1);
	CHECK_SPAN(span_of(diag.last->text), "penstock_tls_ocsp_file: old");
	diag_fini(&diag);

	CHECK_ROW("the library's words");
	must(OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) == 1);
	CHECK_SPAN(span_of(tls_error()), "the library says no more");
	ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
	ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
	CHECK_SPAN(span_of(tls_error()), "no shared cipher");
	CHECK(ERR_peek_error() == 0);
	ERR_raise(ERR_LIB_SYS, 2);
	CHECK_SPAN(span_of(tls_error()), "No such file or directory");
	return check_end();
}
