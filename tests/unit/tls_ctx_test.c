/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts out of files: good ones, what is said of others, how they end. */
#include "tests/unit/tls_files.h"

static const struct row {
	const char *name;
	const char *cert, *key, *eccert, *chain; /* names, or NULL */
	bool is_ok;
	const char *client_ciphers; /* a certificate that is served */
	const char *seen;
} rows[] = {
	{ "one", "ec", "ec", NULL, NULL, true, "ECDHE-ECDSA-AES128-SHA", "ec" },
	{ "two: one", "rsa", "rsa", "ec", NULL, true, "ECDHE-ECDSA-AES128-SHA",
	  "ec" },
	{ "two: other", "rsa", "rsa", "ec", NULL, true, "ECDHE-RSA-AES128-SHA",
	  "rsa" },
	{ "chain files win", "ec", "ec", NULL, "rsa", true,
	  "ECDHE-RSA-AES128-SHA", "rsa" },
	{ "none", "none", NULL, NULL, NULL, true, "AECDH-AES128-SHA", "" },
	{ "another's key", "ec", "rsa", NULL, NULL, false, NULL, NULL },
	{ "no file", "nosuch", "nosuch", NULL, NULL, false, NULL, NULL },
	{ "no file for the second", "rsa", "rsa", "nosuch", NULL, false, NULL,
	  NULL },
	{ "no chain file", "ec", "ec", NULL, "nosuch", false, NULL, NULL },
};

static const char *
path_of(const char *name, const char *end)
{
	char file[64];

	if (name == NULL || strcmp(name, "none") == 0)
		return name;
	snprintf(file, sizeof(file), "%s%s", name, end);
	return files_path(file);
}

static void
test_row(const struct row *row)
{
	struct meeting m = { .version = TLS1_2_VERSION,
			     .ciphers = row->client_ciphers };
	struct tls_cfg cfg = cfg_of("ec");
	struct tls_ctx *ctx, *more;
	struct diag diag;

	CHECK_ROW(row->name);
	cfg.cert_file = path_of(row->cert, ".pem");
	cfg.key_file = path_of(row->key, ".key");
	cfg.eccert_file = path_of(row->eccert, ".pem");
	cfg.eckey_file = path_of(row->eccert, ".key");
	cfg.chain_files = path_of(row->chain, ".chain");
	cfg.lists[TLS_GRADE_MEDIUM] = "ALL";
	CHECK(tls_cfg_has_certificate(&cfg));
	diag_init(&diag);
	ctx = tls_ctx_new(&cfg, NULL, &diag);
	CHECK((ctx != NULL) == row->is_ok);
	CHECK((diag.errors_n == 0) == row->is_ok);
	diag_fini(&diag);
	if (ctx == NULL)
		return;
	more = tls_ctx_get(ctx);
	tls_ctx_put(&ctx);
	CHECK(ctx == NULL);
	meet(&m, more);
	CHECK(m.is_done);
	CHECK_SPAN(span_of(name_seen(&m)), row->seen);
	part(&m);
	SSL_SESSION_free(m.next);
	tls_ctx_put(&more);
}

static void
test_alpn(const char *name, const char *offer, const char *want)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct tls_ctx *ctx = ctx_of(&cfg, NULL);
	struct meeting m = { .alpn = offer };
	const unsigned char *got;
	unsigned len;

	CHECK_ROW(name);
	meet(&m, ctx);
	CHECK(m.is_done);
	SSL_get0_alpn_selected(m.client, &got, &len);
	CHECK_SPAN(((struct span) { (const char *)got, len }), want);
	part(&m);
	SSL_SESSION_free(m.next);
	tls_ctx_put(&ctx);
}

static void
release(void *what)
{
	++*(int *)what;
}

/* A connection goes on with its context after a reload has put that away. */
static void
test_end(void)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct tls_ctx *ctx = ctx_of(&cfg, NULL), *more = tls_ctx_get(ctx);
	int released_n = 0;

	CHECK_ROW("the end");
	tls_ctx_keep(ctx, release, &released_n);
	tls_ctx_put(&ctx);
	CHECK(released_n == 0);
	tls_ctx_put(&more);
	CHECK(released_n == 1);
	tls_ctx_put(&more); /* NULL is fine */
}

int
main(void)
{
	struct tls_cfg empty = { .cert_file = "", .chain_files = NULL };

	files_open();
	files_make("ec", "ec");
	files_make("rsa", "rsa");
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i]);
	test_alpn("smtp", "\x04smtp", "smtp");
	test_alpn("smtp among others", "\x02h2\x04smtp", "smtp");
	test_alpn("others only", "\x02h2", "");
	test_end();
	CHECK_ROW("no certificate");
	CHECK(!tls_cfg_has_certificate(&empty));
	files_close();
	return check_end();
}
