/* SPDX-License-Identifier: BSD-2-Clause */
/* What `penstock check` says of certificates that can be used. */
#include "tls/tls_ctx_int.h"

#include <openssl/x509v3.h>

#define SOON_DAYS 14

struct check {
	struct diag *diag;
};

static void
print_time(const ASN1_TIME *t, char *out, size_t cap)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	must(bio != NULL);
	if (ASN1_TIME_print(bio, t) == 1)
		n = BIO_read(bio, out, (int)cap - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static void
check_dates(const struct tls_cert *c, const char *whose, struct diag *diag)
{
	const ASN1_TIME *end = X509_get0_notAfter(c->cert);
	const char *file = c->file;
	int days = 0, seconds = 0;
	char when[64];

	print_time(end, when, sizeof(when));
	if (X509_cmp_current_time(X509_get0_notBefore(c->cert)) > 0)
		diag_add(diag, DIAG_WARNING, file, 0,
			 "the certificate%s is not valid yet: look at this "
			 "machine's clock",
			 whose);
	if (ASN1_TIME_diff(&days, &seconds, NULL, end) != 1)
		diag_add(diag, DIAG_WARNING, file, 0,
			 "the certificate%s has no readable end", whose);
	else if (days < 0 || seconds < 0)
		diag_add(diag, DIAG_WARNING, file, 0,
			 "the certificate%s has expired on %s: it is served "
			 "all the same, renew it",
			 whose, when);
	else if (days < SOON_DAYS)
		diag_add(
			diag, DIAG_WARNING, file, 0,
			"the certificate%s expires in %d days, on %s: renew it",
			whose, days, when);
	else
		diag_add(diag, DIAG_NOTE, file, 0,
			 "the certificate%s (%s, %d bits) is valid until %s",
			 whose, OBJ_nid2sn(EVP_PKEY_get_base_id(c->key)),
			 EVP_PKEY_get_bits(c->key), when);
}

static void
check_name(void *arg, struct span name, const struct tls_certs *certs)
{
	const struct check *check = arg;
	char whose[300];

	snprintf(whose, sizeof(whose), " of %.*s", SPAN_FMT(name));
	for (unsigned i = 0; i < certs->n; i++) {
		const struct tls_cert *c = &certs->all[i];

		check_dates(c, whose, check->diag);
		/* ".example.com" is for its hosts: any of them will do. */
		if (name.len == 0 || name.p[0] == '.' ||
		    X509_check_host(c->cert, name.p, name.len, 0, NULL) == 1)
			continue;
		diag_add(check->diag, DIAG_WARNING, c->file, 0,
			 "tls_server_sni_maps serves it for %.*s, which is not "
			 "among its names",
			 SPAN_FMT(name));
	}
}

void
tls_ctx_check(const struct tls_ctx *ctx, struct diag *diag)
{
	struct check check = { diag };

	for (unsigned i = 0; i < ctx->certs.n; i++)
		check_dates(&ctx->certs.all[i], "", diag);
	if (ctx->sni != NULL)
		tls_sni_each(ctx->sni, check_name, &check);
}
