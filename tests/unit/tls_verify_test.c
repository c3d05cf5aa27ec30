/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients' certificates: asked for, trusted, required; their fingerprints. */
#include "tests/unit/tls_files.h"
#include "tls/tls_peer.h"

enum who { NOBODY, KNOWN, STRANGER };

static const struct row {
	const char *name;
	bool is_asking, is_requiring, is_mandatory;
	enum who who;
	bool is_done, has_cert, is_trusted;
} rows[] = {
	{ "not asked", false, false, false, KNOWN, true, false, false },
	{ "asked, and has none", true, false, false, NOBODY, true, false,
	  false },
	{ "asked, known", true, false, false, KNOWN, true, true, true },
	{ "asked, a stranger", true, false, false, STRANGER, true, true,
	  false },
	{ "required, but TLS is not", false, true, false, NOBODY, true, false,
	  false },
	{ "required, and has none", false, true, true, NOBODY, false, false,
	  false },
	{ "required, known", false, true, true, KNOWN, true, true, true },
	{ "required, a stranger", false, true, true, STRANGER, false, false,
	  false },
};

static EVP_PKEY *root_key, *key;
static X509 *root, *known, *stranger;

static void
test_row(const struct row *row, int version)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct meeting m = { .version = version };
	struct tls_fingerprints prints;
	struct tls_ctx *ctx;

	CHECK_ROW(row->name);
	cfg.ca_file = files_path("ca.pem");
	cfg.is_asking = row->is_asking;
	cfg.is_requiring = row->is_requiring;
	cfg.is_mandatory = row->is_mandatory;
	ctx = ctx_of(&cfg, NULL);
	m.key = row->who == NOBODY ? NULL : key;
	m.cert = row->who == KNOWN	? known
		 : row->who == STRANGER ? stranger
					: NULL;
	meet(&m, ctx);
	CHECK(m.is_done == row->is_done);
	if (m.is_done) {
		bool has = SSL_get0_peer_certificate(m.server) != NULL;

		CHECK(has == row->has_cert);
		if (has)
			CHECK((SSL_get_verify_result(m.server) == X509_V_OK) ==
			      row->is_trusted);
		CHECK(tls_peer_fingerprints(m.server, &prints) == has);
		CHECK(strlen(prints.certificate) == (has ? 95 : 0));
		CHECK(strlen(prints.public_key) == (has ? 95 : 0));
	}
	part(&m);
	SSL_SESSION_free(m.next);
	tls_ctx_put(&ctx);
}

/* By another way: the digest over DER, in hexadecimal. */
static void
test_prints(void)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct meeting m = { .cert = known, .key = key };
	struct tls_fingerprints prints;
	unsigned char *der = NULL, sum[EVP_MAX_MD_SIZE];
	char want[200] = "";
	struct tls_ctx *ctx;
	unsigned n;
	int len;

	CHECK_ROW("another digest");
	cfg.is_asking = true;
	cfg.digest = "sha1";
	ctx = ctx_of(&cfg, NULL);
	meet(&m, ctx);
	CHECK(tls_peer_fingerprints(m.server, &prints));
	len = i2d_X509(known, &der);
	must(EVP_Digest(der, (size_t)len, sum, &n, EVP_sha1(), NULL) == 1);
	for (unsigned i = 0; i < n; i++)
		sprintf(want + strlen(want), "%s%02X", i ? ":" : "", sum[i]);
	CHECK_SPAN(span_of(prints.certificate), want);
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(key, &der);
	must(EVP_Digest(der, (size_t)len, sum, &n, EVP_sha1(), NULL) == 1);
	want[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		sprintf(want + strlen(want), "%s%02X", i ? ":" : "", sum[i]);
	CHECK_SPAN(span_of(prints.public_key), want);
	OPENSSL_free(der);
	part(&m);
	SSL_SESSION_free(m.next);
	tls_ctx_put(&ctx);
}

static void
test_refused(const char *name, const char *ca_file, const char *digest,
	     const char *why)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct diag diag;

	CHECK_ROW(name);
	cfg.ca_file = ca_file;
	cfg.digest = digest;
	diag_init(&diag);
	CHECK(tls_ctx_new(&cfg, NULL, &diag) == NULL);
	CHECK(diag.last && strstr(diag.last->text, why));
	diag_fini(&diag);
}

int
main(void)
{
	files_open();
	files_make("ec", "ec");
	root_key = make_key("ec");
	key = make_key("ec");
	root = make_cert(root_key, "root", -60, 86400, NULL, NULL);
	known = make_cert(key, "known", -60, 86400, root, root_key);
	stranger = make_cert(key, "stranger", -60, 86400, NULL, NULL);
	write_pem(files_path("ca.pem"), "w", NULL, root);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		test_row(&rows[i], TLS1_2_VERSION);
		test_row(&rows[i], TLS1_3_VERSION);
	}
	test_prints();
	test_refused("no authorities", "/nonexistent", NULL,
		     "smtpd_tls_CAfile: /nonexistent");
	test_refused("no digest", NULL, "sha9", "sha9 is no digest");
	X509_free(root);
	X509_free(known);
	X509_free(stranger);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(key);
	files_close();
	return check_end();
}
