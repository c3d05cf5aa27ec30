/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What SSL reads from and writes to: the connection's own bounded buffers. On
 * the worker it reads straight from the bytes that the wire brought and writes
 * into the worker's scratch, which is sent at once.
 */
#include "tls/tls_conn.h"

#define OUT_BYTES_MAX (256u * 1024)

/* Away: whole records only. */
static size_t
take_whole(struct tls_conn *c, char *p, size_t max)
{
	size_t n = c->whole_bytes < max ? c->whole_bytes : max;

	if (n == 0)
		return 0;
	memcpy(p, tls_buf_span(&c->in).p, n);
	tls_buf_drop(&c->in, n);
	c->whole_bytes -= (uint32_t)n;
	return n;
}

/* What came while it was away, then what the wire has now. */
static size_t
take_inline(struct tls_conn *c, char *p, size_t max)
{
	size_t n = c->in.len < max ? c->in.len : max;
	size_t m = c->direct.len < max - n ? c->direct.len : max - n;

	if (n > 0) {
		memcpy(p, tls_buf_span(&c->in).p, n);
		tls_buf_drop(&c->in, n);
	}
	if (m > 0) {
		memcpy(p + n, c->direct.p, m);
		c->direct = span_from(c->direct, m);
	}
	return n + m;
}

static int
bio_read(BIO *bio, char *p, size_t max, size_t *n_out)
{
	struct tls_conn *c = BIO_get_data(bio);
	size_t n = c->is_inline ? take_inline(c, p, max)
				: take_whole(c, p, max);

	BIO_clear_retry_flags(bio);
	*n_out = n;
	if (n == 0)
		BIO_set_retry_read(bio);
	return n > 0;
}

static bool
put_scratch(struct tls_conn *c, struct span bytes)
{
	struct tls_side *side = c->side;

	must(side->scratch_of == c || side->scratch_of == NULL);
	if (bytes.len > TLS_SCRATCH_BYTES - side->scratch_len)
		return false;
	memcpy(side->scratch + side->scratch_len, bytes.p, bytes.len);
	side->scratch_len += (uint32_t)bytes.len;
	side->scratch_of = c;
	return true;
}

static int
bio_write(BIO *bio, const char *p, size_t len, size_t *n_out)
{
	struct tls_conn *c = BIO_get_data(bio);
	struct span bytes = { p, len };
	bool is_ok = c->is_inline ? put_scratch(c, bytes)
				  : tls_buf_put(&c->out, bytes, OUT_BYTES_MAX);

	BIO_clear_retry_flags(bio);
	*n_out = is_ok ? len : 0;
	return is_ok;
}

static long
bio_ctrl(BIO *bio, int cmd, long arg, void *p)
{
	(void)bio;
	(void)arg;
	(void)p;
	return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_bio_method_new(void)
{
	int type = BIO_get_new_index();
	BIO_METHOD *m =
		type > 0 ? BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "penstock")
			 : NULL;

	if (m == NULL)
		return NULL;
	if (BIO_meth_set_read_ex(m, bio_read) &&
	    BIO_meth_set_write_ex(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_ctrl))
		return m;
	BIO_meth_free(m);
	return NULL;
}

bool
tls_bio_attach(struct tls_conn *c)
{
	BIO *bio = BIO_new(c->side->tls->bio_method);

	if (bio == NULL)
		return false;
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	return true;
}
