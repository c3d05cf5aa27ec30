/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps of a handshake, without any thread but this one. */
#include "tests/unit/tls_rig.h"

static const struct {
	const char *name, *bytes;
	size_t len;
	bool has;
} records[] = {
	{ "nothing", "", 0, false },
	{ "one byte of a head", "\x16", 1, false },
	{ "half a head", "\x16\x03\x01\x00", 4, false },
	{ "a head", "\x16\x03\x01\x00\x02", 5, false },
	{ "all but a byte", "\x16\x03\x01\x00\x02x", 6, false },
	{ "a record", "\x16\x03\x01\x00\x02xx", 7, true },
	{ "more than that", "\x16\x03\x01\x00\x02xx\x16", 8, true },
	{ "an empty one", "\x17\x03\x03\x00\x00", 5, true },
	{ "another content type", "EHLO ", 5, true },
	{ "another version", "\x16\x02\x01\x00\x02", 5, true },
	{ "other, but half a head", "EHLO", 4, false },
	{ "too long a one", "\x16\x03\x01\x48\x01", 5, true },
	{ "the longest one", "\x16\x03\x01\x48\x00", 5, false },
};

static void
test_records(void)
{
	for (size_t i = 0; i < ARRAY_N(records); i++) {
		struct tls_conn c = { 0 };

		CHECK_ROW(records[i].name);
		CHECK(tls_buf_put(
			&c.in,
			(struct span) { records[i].bytes, records[i].len },
			100));
		CHECK(tls_has_record(&c) == records[i].has);
		tls_buf_clear(&c.in);
	}
}

/* One flight of the client into in, a step, what comes out back to it. */
static void
flight(struct rig *r)
{
	char p[8192];
	int n;

	(void)SSL_do_handshake(r->client);
	n = BIO_read(r->from_client, p, sizeof(p));
	if (n > 0)
		CHECK(tls_buf_put(&r->conn->in, (struct span) { p, (size_t)n },
				  TLS_RECORD_BYTES_MAX));
	tls_step(r->conn);
	rig_settle(r);
}

static void
test_flights(int version, int flights_n)
{
	struct rig r = { .version = version };

	CHECK_ROW(version == TLS1_3_VERSION ? "1.3" : "1.2");
	rig_open(&r);
	rig_connect(&r);
	for (int i = 0; i < flights_n; i++) {
		CHECK(tls_conn_state(r.conn) == TLS_HANDSHAKE);
		flight(&r);
	}
	CHECK(tls_conn_state(r.conn) == TLS_OPEN && r.conn->done_us != 0);
	/* A step without anything new changes nothing. */
	tls_step(r.conn);
	CHECK(tls_conn_state(r.conn) == TLS_OPEN);
	rig_disconnect(&r);
	rig_close(&r);
}

static void
test_failure(void)
{
	struct rig r = { .version = TLS1_2_VERSION };

	CHECK_ROW("no version in common");
	rig_open(&r);
	SSL_CTX_set_min_proto_version(r.ctx.ssl, TLS1_3_VERSION);
	rig_connect(&r);
	flight(&r);
	CHECK(tls_conn_state(r.conn) == TLS_FAILED && r.conn->ssl == NULL);
	CHECK(tls_conn_reason(r.conn) == TLS_REASON_VERSION);
	/* It was told so. */
	CHECK(SSL_do_handshake(r.client) < 0 &&
	      SSL_get_error(r.client, -1) == SSL_ERROR_SSL);
	rig_disconnect(&r);
	rig_close(&r);
}

int
main(void)
{
	test_records();
	test_flights(TLS1_3_VERSION, 2);
	test_flights(TLS1_2_VERSION, 2);
	test_failure();
	return check_end();
}
