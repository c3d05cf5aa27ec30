/* SPDX-License-Identifier: BSD-2-Clause */
/* OCSP responses out of files: sent when they hold, named when they do not. */
#include "tests/unit/tls_files.h"

#include <openssl/ocsp.h>
#include <time.h>

static EVP_PKEY *root_key, *key;
static X509 *root, *cert, *other;

/* An authority's answer about x until then, into a file. */
static const char *
write_answer(const char *name, X509 *x, long until)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, x, root);
	ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
	ASN1_TIME *end = X509_gmtime_adj(NULL, until);
	OCSP_RESPONSE *response;
	unsigned char *der = NULL;
	const char *path = files_path(name);
	FILE *f = fopen(path, "w");
	int len;

	must(f != NULL);
	must(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL,
				    now, end) != NULL);
	must(OCSP_basic_sign(basic, root, root_key, EVP_sha256(), NULL, 0) ==
	     1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	len = i2d_OCSP_RESPONSE(response, &der);
	must(len > 0 && fwrite(der, 1, (size_t)len, f) == (size_t)len);
	must(fclose(f) == 0);
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	ASN1_TIME_free(now);
	ASN1_TIME_free(end);
	return path;
}

static void
test_row(const char *name, const char *files, bool is_asked, bool is_sent,
	 const char *warning)
{
	struct meeting m = { .is_stapled = is_asked };
	struct tls_cfg cfg = cfg_of("mx");
	const unsigned char *got = NULL;
	struct tls_ctx *ctx;
	struct diag diag;
	long len;

	CHECK_ROW(name);
	cfg.ocsp_file = files;
	diag_init(&diag);
	ctx = tls_ctx_new(&cfg, NULL, &diag);
	must(ctx != NULL);
	CHECK(diag.warnings_n == (warning != NULL));
	CHECK(warning == NULL ||
	      (diag.first && strstr(diag.first->text, warning)));
	meet(&m, ctx);
	CHECK(m.is_done);
	len = SSL_get_tlsext_status_ocsp_resp(m.client, &got);
	CHECK((len > 0) == is_sent);
	if (len > 0) {
		OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &got, len);

		CHECK(r != NULL && OCSP_response_status(r) == 0);
		OCSP_RESPONSE_free(r);
	}
	part(&m);
	SSL_SESSION_free(m.next);
	tls_ctx_put(&ctx);
	diag_fini(&diag);
}

int
main(void)
{
	char both[300];

	files_open();
	root_key = make_key("ec");
	key = make_key("ec");
	root = make_cert(root_key, "root", -60, 86400, NULL, NULL);
	cert = make_cert(key, "mx", -60, 86400, root, root_key);
	other = make_cert(key, "other", -60, 86400, root, root_key);
	write_pem(files_path("mx.key"), "w", key, NULL);
	write_pem(files_path("mx.pem"), "w", NULL, cert);
	write_answer("good", cert, 3600);
	write_answer("other", other, 3600);
	write_answer("old", cert, -30);
	write_text(files_path("text"), "hello");
	snprintf(both, sizeof(both), "%s, %s", files_path("other"),
		 files_path("good"));
	test_row("none", "", true, false, NULL);
	test_row("good", files_path("good"), true, true, NULL);
	test_row("not asked for", files_path("good"), false, false, NULL);
	test_row("of another certificate", files_path("other"), true, false,
		 NULL);
	test_row("of both", both, true, true, NULL);
	test_row("old", files_path("old"), true, false, "out of date");
	test_row("none there", files_path("nosuch"), true, false,
		 "No such file");
	test_row("something else", files_path("text"), true, false,
		 "no OCSP response");
	X509_free(root);
	X509_free(cert);
	X509_free(other);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
	files_close();
	return check_end();
}
