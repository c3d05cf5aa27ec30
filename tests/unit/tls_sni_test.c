/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates by the name that a client asks for, out of every kind of map. */
#include "tests/unit/tls_files.h"

static const struct row {
	const char *name; /* asked for */
	const char *seen; /* NULL: no handshake */
} rows[] = {
	{ NULL, "default.test" },	 { "a.test", "a.test" },
	{ "A.Test", "a.test" },		 { "x.a.test", "default.test" },
	{ "b.test", "default.test" },	 { "x.b.test", "b.test" },
	{ "y.x.b.test", "b.test" },	 { "pattern.test", "a.test" },
	{ "pattern.test", "a.test" }, /* kept from before */
	{ "broken.test", NULL },	 { "broken.test", NULL },
	{ "none.test", "default.test" }, { "bad name", "default.test" },
	{ ".b.test", "default.test" },
};

static struct maps *
open_maps(struct diag *diag)
{
	char text[1000], list[300];

	snprintf(text, sizeof(text), "a.test %s\n.b.test %s\n",
		 files_path("a.test.chain"), files_path("b.test.chain"));
	write_text(files_path("sni"), text);
	snprintf(text, sizeof(text),
		 "/^pattern\\./ %s\n/^broken\\./ /nonexistent\n",
		 files_path("a.test.chain"));
	write_text(files_path("patterns"), text);
	snprintf(list, sizeof(list), "texthash:%s, regexp:%s",
		 files_path("sni"), files_path("patterns"));
	return maps_open(span_of(list), "/", NULL, 0, diag);
}

static void
count(void *arg, struct span name, const struct tls_certs *certs)
{
	unsigned *n = arg;

	*n += certs->n;
}

static void
test_refused(void)
{
	struct tls_cfg cfg = cfg_of("default.test");
	struct diag diag;

	CHECK_ROW("a table's certificate that is not there");
	diag_init(&diag);
	cfg.sni_maps = maps_open(SPAN("inline:{a.test=/nonexistent}"), "/",
				 NULL, 0, &diag);
	must(cfg.sni_maps != NULL);
	cfg.where[TLS_PLACE_SNI_MAPS] = (struct tls_where) { "main.cf", 3 };
	CHECK(tls_ctx_new(&cfg, NULL, &diag) == NULL);
	CHECK(diag.errors_n == 2);
	CHECK_SPAN(span_of(diag.first->text),
		   "main.cf:3: tls_server_sni_maps: /nonexistent: cannot read: "
		   "No such file or directory");
	CHECK(strstr(diag.last->text, "a.test") != NULL);
	maps_close(&cfg.sni_maps);
	diag_fini(&diag);
}

int
main(void)
{
	struct tls_cfg cfg;
	struct tls_ctx *ctx;
	struct diag diag;
	unsigned n = 0;

	files_open();
	files_make("ec", "default.test");
	files_make("ec", "a.test");
	files_make("rsa", "b.test");
	diag_init(&diag);
	cfg = cfg_of("default.test");
	cfg.sni_maps = open_maps(&diag);
	must(cfg.sni_maps != NULL);
	ctx = ctx_of(&cfg, NULL);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct meeting m = { .name = rows[i].name };

		CHECK_ROW(rows[i].name ? rows[i].name : "no name");
		meet(&m, ctx);
		CHECK(m.is_done == (rows[i].seen != NULL));
		if (m.is_done)
			CHECK_SPAN(span_of(name_seen(&m)), rows[i].seen);
		part(&m);
		SSL_SESSION_free(m.next);
	}
	CHECK_ROW("each");
	tls_sni_each(ctx->sni, count, &n);
	CHECK(n == 2);
	tls_ctx_put(&ctx);
	maps_close(&cfg.sni_maps);
	diag_fini(&diag);
	test_refused();
	files_close();
	return check_end();
}
