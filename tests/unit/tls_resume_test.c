/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may resume what: by ticket and by id, over contexts and over reloads. */
#include "tests/unit/tls_files.h"

/* How the first session was made, and with whom it shall go on. */
static const struct row {
	const char *name;
	int version;
	bool is_without_tickets; /* the client's wish */
	bool is_same_process;
	bool is_stricter; /* the second context asks for a certificate */
	uint64_t session_us;
	const char *options;
	bool is_resumed;
} rows[] = {
	{ "ticket, TLS 1.3", TLS1_3_VERSION, false, true, false, 3600000000,
	  NULL, true },
	{ "ticket, TLS 1.2", TLS1_2_VERSION, false, true, false, 3600000000,
	  NULL, true },
	{ "id, TLS 1.2", TLS1_2_VERSION, true, true, false, 3600000000, NULL,
	  true },
	{ "id, TLS 1.2, no tickets here", TLS1_2_VERSION, false, true, false,
	  3600000000, "NO_TICKET", true },
	{ "id, TLS 1.3", TLS1_3_VERSION, false, true, false, 3600000000,
	  "NO_TICKET", true },
	{ "another process' ticket", TLS1_3_VERSION, false, false, false,
	  3600000000, NULL, false },
	{ "another process' ticket, 1.2", TLS1_2_VERSION, false, false, false,
	  3600000000, NULL, false },
	{ "another process' id", TLS1_2_VERSION, true, false, false, 3600000000,
	  NULL, false },
	{ "who shows a certificate now", TLS1_3_VERSION, false, true, true,
	  3600000000, NULL, false },
	{ "nobody, TLS 1.3", TLS1_3_VERSION, false, true, false, 0, NULL,
	  false },
	{ "nobody, TLS 1.2", TLS1_2_VERSION, false, true, false, 0, NULL,
	  false },
	{ "nobody, by id", TLS1_2_VERSION, true, true, false, 0, NULL, false },
};

static void
test_row(const struct row *row)
{
	struct tls_shared *one = tls_shared_new(), *two = tls_shared_new();
	struct tls_cfg cfg = cfg_of("ec");
	struct meeting first = { .version = row->version,
				 .is_without_tickets =
					 row->is_without_tickets };
	struct meeting second = first;
	struct tls_ctx *before, *after;

	CHECK_ROW(row->name);
	must(one != NULL && two != NULL);
	cfg.session_us = row->session_us;
	cfg.options = row->options;
	before = ctx_of(&cfg, one);
	cfg.is_asking = row->is_stricter;
	after = ctx_of(&cfg, row->is_same_process ? one : two);
	tls_shared_put(&one);
	tls_shared_put(&two);
	meet(&first, before);
	CHECK(first.is_done && !SSL_session_reused(first.server));
	part(&first);
	tls_ctx_put(&before); /* a reload has taken its place */
	second.session = first.next;
	meet(&second, after);
	CHECK(second.is_done);
	CHECK(SSL_session_reused(second.server) == row->is_resumed);
	CHECK(SSL_session_reused(second.client) == row->is_resumed);
	CHECK(SSL_get_max_early_data(second.server) == 0);
	part(&second);
	SSL_SESSION_free(first.next);
	SSL_SESSION_free(second.next);
	tls_ctx_put(&after);
}

/* A client that fails takes its session with it. */
static void
test_drop(void)
{
	struct tls_cfg cfg = cfg_of("ec");
	struct tls_ctx *ctx = ctx_of(&cfg, NULL);
	struct meeting first = { .version = TLS1_2_VERSION,
				 .is_without_tickets = true };
	struct meeting second = first;

	CHECK_ROW("a session that has failed");
	meet(&first, ctx);
	CHECK(first.is_done);
	SSL_CTX_remove_session(tls_ctx_ssl(ctx), SSL_get_session(first.server));
	second.session = first.next;
	part(&first);
	tls_cache_drop(ctx->shared->cache, SPAN("none"));
	meet(&second, ctx);
	CHECK(second.is_done);
	part(&second);
	SSL_SESSION_free(first.next);
	SSL_SESSION_free(second.next);
	tls_ctx_put(&ctx);
}

int
main(void)
{
	files_open();
	files_make("ec", "ec");
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(&rows[i]);
	test_drop();
	files_close();
	return check_end();
}
