/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, end and numbers of the pool. */
#include "tests/unit/tls_rig.h"

static void
test_defaults(void)
{
	struct tls_pool_cfg cfg = { .workers_n = 3 };
	struct tls_stats stats;
	struct diag diag;
	struct tls *t, *none = NULL;

	CHECK_ROW("defaults");
	diag_init(&diag);
	t = tls_open(&cfg, &diag);
	CHECK(t != NULL);
	tls_stats_get(t, &stats);
	CHECK(stats.threads_n == 1 && stats.queue_max == 1);
	CHECK(tls_has_room(t, 2));
	for (unsigned i = 0; i < 3; i++)
		CHECK(tls_wake_fd(t, i) >= 0);
	tls_close(&t);
	CHECK(t == NULL);
	tls_close(&none);
	diag_fini(&diag);
}

static void
test_numbers(void)
{
	struct rig r = { 0 };
	struct tls_stats stats;
	SSL_SESSION *session;
	uint64_t n = 0;

	CHECK_ROW("numbers");
	rig_open(&r);
	SSL_CTX_set_session_id_context(r.ctx.ssl, (const unsigned char *)"x",
				       1);
	rig_connect(&r);
	CHECK(rig_handshake(&r));
	/* The ticket comes with the first read. */
	CHECK(tls_conn_write(r.conn, SPAN("x")));
	rig_settle(&r);
	CHECK(SSL_read(r.client, &(char[1]) { 0 }[0], 1) == 1);
	session = SSL_get1_session(r.client);
	SSL_set_shutdown(r.client, SSL_SENT_SHUTDOWN);
	rig_disconnect(&r);
	rig_connect(&r);
	SSL_set_session(r.client, session);
	CHECK(rig_handshake(&r));
	CHECK(tls_conn_info(r.conn)->is_resumed);
	rig_disconnect(&r);
	rig_connect(&r);
	rig_disconnect(&r);
	SSL_SESSION_free(session);
	tls_stats_get(r.tls, &stats);
	CHECK(stats.handshakes_n == 2 && stats.resumed_n == 1);
	CHECK(stats.failed_n[TLS_REASON_GONE] == 1);
	for (int i = 0; i < TLS_TIMES_N; i++)
		n += stats.times_n[i];
	CHECK(n == 2);
	CHECK(stats.steps_n == 4 && stats.in_flight_max_n == 1);
	rig_close(&r);
}

int
main(void)
{
	test_defaults();
	test_numbers();
	return check_end();
}
