/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts out of files: good ones, and what is said of the others. */
#include "tls/tls_ctx.h"
#include "tests/unit/check.h"
#include "tls/tls_int.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

static char cert[] = "/tmp/penstock-cert.XXXXXX";
static char key[] = "/tmp/penstock-key.XXXXXX";
static char other_key[] = "/tmp/penstock-key.XXXXXX";

static void
write_key(char *path, EVP_PKEY *pkey)
{
	FILE *f = fdopen(mkstemp(path), "w");

	must(f != NULL);
	must(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL) == 1);
	must(fclose(f) == 0);
}

static void
write_files(void)
{
	EVP_PKEY *one = EVP_EC_gen("P-256"), *two = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f = fdopen(mkstemp(cert), "w");

	must(f != NULL);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, one);
	must(X509_sign(x, one, EVP_sha256()) > 0);
	must(PEM_write_X509(f, x) == 1);
	must(fclose(f) == 0);
	write_key(key, one);
	write_key(other_key, two);
	X509_free(x);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}

static void
test_row(const char *name, const char *cert_file, const char *key_file,
	 const char *blamed)
{
	struct tls_cfg cfg = { .cert_file = cert_file, .key_file = key_file };
	struct tls_ctx *ctx, *more;
	struct diag diag;

	CHECK_ROW(name);
	diag_init(&diag);
	ctx = tls_ctx_new(&cfg, &diag);
	CHECK((ctx != NULL) == (blamed == NULL));
	CHECK((diag.errors_n == 0) == (blamed == NULL));
	if (blamed != NULL && diag.first != NULL)
		CHECK(strstr(diag.first->text, blamed) != NULL);
	if (ctx != NULL) {
		more = tls_ctx_get(ctx);
		tls_ctx_put(&ctx);
		CHECK(ctx == NULL && tls_ctx_ssl(more) != NULL);
		tls_ctx_put(&more);
	}
	diag_fini(&diag);
}

int
main(void)
{
	write_files();
	test_row("good", cert, key, NULL);
	test_row("no certificate", "/nonexistent", key, "/nonexistent");
	test_row("a key is no certificate", key, key, key);
	test_row("no key", cert, "/nonexistent", "/nonexistent");
	test_row("another's key", cert, other_key, other_key);
	unlink(cert);
	unlink(key);
	unlink(other_key);
	return check_end();
}
