/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of certificates that can be used. */
#include "tests/unit/tls_files.h"

#define DAY 86400L

static const struct row {
	const char *name;
	long from, until; /* seconds from now */
	unsigned warnings_n;
	const char *text;
} rows[] = {
	{ "good", -60, 100 * DAY, 0, "is valid until" },
	{ "soon", -60, 3 * DAY + 60, 1, "expires in 3 days" },
	{ "over", -2 * DAY, -DAY, 1, "has expired on" },
	{ "just over", -2 * DAY, -1, 1, "has expired on" },
	{ "not yet", DAY, 100 * DAY, 1, "is not valid yet" },
};

static void
test_row(const struct row *row)
{
	EVP_PKEY *key = make_key("ec");
	X509 *cert =
		make_cert(key, "mx.test", row->from, row->until, NULL, NULL);
	struct tls_cfg cfg = cfg_of("mx.test");
	struct tls_ctx *ctx;
	struct diag diag;

	CHECK_ROW(row->name);
	write_pem(files_path("mx.test.key"), "w", key, NULL);
	write_pem(files_path("mx.test.pem"), "w", NULL, cert);
	ctx = ctx_of(&cfg, NULL); /* it is served all the same */
	diag_init(&diag);
	tls_ctx_check(ctx, &diag);
	CHECK(diag.errors_n == 0 && diag.warnings_n == row->warnings_n);
	CHECK(diag.first && strstr(diag.first->text, row->text) != NULL);
	CHECK(diag.first && strstr(diag.first->text, files_dir) != NULL);
	diag_fini(&diag);
	tls_ctx_put(&ctx);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* tls_server_sni_maps serves other.test's certificate for `name`. */
static void
test_name(const char *name, unsigned warnings_n)
{
	struct tls_cfg cfg = cfg_of("other.test");
	char list[300];
	struct tls_ctx *ctx;
	struct diag diag;

	CHECK_ROW(name);
	snprintf(list, sizeof(list), "inline:{%s=%s}", name,
		 files_path("other.test.chain"));
	diag_init(&diag);
	cfg.sni_maps = maps_open(span_of(list), "/", NULL, 0, &diag);
	must(cfg.sni_maps != NULL);
	ctx = ctx_of(&cfg, NULL);
	tls_ctx_check(ctx, &diag);
	/* One more: the certificate ends tomorrow; one as the default. */
	CHECK(diag.warnings_n == 2 + warnings_n);
	CHECK(warnings_n == 0 ||
	      strstr(diag.last->text, "not among its names") != NULL);
	diag_fini(&diag);
	tls_ctx_put(&ctx);
	maps_close(&cfg.sni_maps);
}

int
main(void)
{
	files_open();
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i]);
	files_make("ec", "other.test");
	test_name("other.test", 0);
	test_name("another.test", 1);
	test_name(".other.test", 0);
	files_close();
	return check_end();
}
