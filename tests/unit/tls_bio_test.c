/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library may read: whole records away, everything at home. */
#include "tests/unit/tls_rig.h"

static void
test_read(void)
{
	struct rig r = { 0 };
	char p[16];
	size_t n;
	BIO *bio;

	CHECK_ROW("read");
	rig_open(&r);
	rig_connect(&r);
	r.conn->ssl = SSL_new(r.ctx.ssl);
	CHECK(tls_bio_attach(r.conn));
	bio = SSL_get_rbio(r.conn->ssl);
	CHECK(bio == SSL_get_wbio(r.conn->ssl));
	CHECK(!BIO_read_ex(bio, p, sizeof(p), &n) && BIO_should_retry(bio));
	CHECK(tls_buf_put(&r.conn->in, SPAN("abcdef"), 100));
	CHECK(!BIO_read_ex(bio, p, sizeof(p), &n) && BIO_should_retry(bio));
	r.conn->whole_bytes = 4;
	CHECK(BIO_read_ex(bio, p, 3, &n) && n == 3 && memcmp(p, "abc", 3) == 0);
	CHECK(BIO_read_ex(bio, p, 3, &n) && n == 1 && p[0] == 'd');
	CHECK(!BIO_read_ex(bio, p, 3, &n));
	r.conn->is_inline = true;
	r.conn->direct = SPAN("ghij");
	CHECK(BIO_read_ex(bio, p, 5, &n) && n == 5 &&
	      memcmp(p, "efghi", 5) == 0);
	CHECK(r.conn->direct.len == 1 && r.conn->in.p == NULL);
	CHECK(BIO_read_ex(bio, p, 5, &n) && n == 1 && p[0] == 'j');
	CHECK(!BIO_read_ex(bio, p, 5, &n) && BIO_should_retry(bio));
	rig_disconnect(&r);
	rig_close(&r);
}

static void
test_write(void)
{
	static const char many[TLS_SCRATCH_BYTES];
	struct rig r = { 0 };
	size_t n;
	BIO *bio;

	CHECK_ROW("write");
	rig_open(&r);
	rig_connect(&r);
	r.conn->ssl = SSL_new(r.ctx.ssl);
	CHECK(tls_bio_attach(r.conn));
	bio = SSL_get_wbio(r.conn->ssl);
	CHECK(BIO_write_ex(bio, "abc", 3, &n) && n == 3);
	CHECK_SPAN(tls_conn_out(r.conn), "abc");
	tls_conn_out_sent(r.conn);
	CHECK(tls_conn_out(r.conn).len == 0 && r.conn->out.p == NULL);
	r.conn->is_inline = true;
	CHECK(BIO_write_ex(bio, "de", 2, &n) && BIO_write_ex(bio, "f", 1, &n));
	CHECK_SPAN(tls_conn_out(r.conn), "def");
	CHECK(!BIO_write_ex(bio, many, sizeof(many), &n) &&
	      !BIO_should_retry(bio));
	CHECK_SPAN(tls_conn_out(r.conn), "def");
	tls_conn_out_sent(r.conn);
	CHECK(BIO_write_ex(bio, many, sizeof(many), &n));
	CHECK(tls_conn_out(r.conn).len == sizeof(many));
	CHECK(BIO_flush(bio) == 1);
	/* Whoever closes without sending leaves the scratch to others. */
	rig_disconnect(&r);
	CHECK(r.tls->sides[0].scratch_of == NULL);
	rig_close(&r);
}

int
main(void)
{
	test_read();
	test_write();
	return check_end();
}
