/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a TLS thread does with a connection: a step of its handshake as far as
 * the bytes here go, and, where records are the threads' too, records both
 * ways. The connection is this thread's until it is put into a ring again.
 */
#include "engine/base/clock.h"
#include "tls/tls_conn.h"
#include "tls/tls_int.h"

#include <openssl/err.h>

#define READ_BYTES_MAX (32u * 1024) /* plain text of one step */

/*
 * Bytes of the record that in begins with; all of in when it is none: that is
 * for an alert. 0: not all of it is here.
 */
static size_t
record_bytes(struct span in)
{
	const unsigned char *p = (const unsigned char *)in.p;
	size_t len;

	if (in.len < TLS_RECORD_HEAD_BYTES)
		return 0;
	/* Content types are 20 to 24. */
	if (p[0] < 20 || p[0] > 24 || p[1] != 3)
		return in.len;
	len = TLS_RECORD_HEAD_BYTES + ((size_t)p[3] << 8 | p[4]);
	if (len > TLS_RECORD_BYTES_MAX)
		return in.len;
	return in.len >= len ? len : 0;
}

bool
tls_has_record(const struct tls_conn *c)
{
	return record_bytes(tls_buf_span(&c->in)) > 0;
}

/*
 * Only whole records are given to the library here: so what waits in `in`
 * always begins with a record's head, and a step is never done for nothing.
 */
static void
count_whole(struct tls_conn *c)
{
	struct span in = tls_buf_span(&c->in);
	size_t n;

	c->whole_bytes = 0;
	while ((n = record_bytes(in)) > 0) {
		c->whole_bytes += (uint32_t)n;
		in = span_from(in, n);
	}
}

void
tls_conn_fail(struct tls_conn *c, enum tls_reason why)
{
	unsigned long e, first = 0;

	/* The first error is the cause, the rest are its consequences. */
	while ((e = ERR_get_error()) != 0)
		if (first == 0)
			first = e;
	c->error = first;
	c->state = TLS_FAILED;
	c->reason =
		(uint8_t)(why != TLS_REASON_NONE ? why : tls_reason_of(first));
	SSL_free(c->ssl);
	c->ssl = NULL;
	tls_buf_clear(&c->in);
	tls_buf_clear(&c->send);
}

static bool
begin(struct tls_conn *c)
{
	c->ssl = SSL_new(tls_ctx_ssl(c->ctx));
	if (c->ssl == NULL || !tls_bio_attach(c))
		return false;
	SSL_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
	SSL_set_read_ahead(c->ssl, 0);
	SSL_set_accept_state(c->ssl);
	return SSL_set_max_early_data(c->ssl, 0);
}

static void
handshake(struct tls_conn *c)
{
	int ret;

	ERR_clear_error();
	if (c->ssl == NULL && !begin(c)) {
		tls_conn_fail(c, TLS_REASON_MEMORY);
		return;
	}
	ret = SSL_do_handshake(c->ssl);
	if (ret == 1) {
		c->done_us = clock_now_us();
		c->state = TLS_OPEN;
		if (!tls_info_take(c))
			tls_conn_fail(c, TLS_REASON_MEMORY);
		return;
	}
	if (SSL_get_error(c->ssl, ret) != SSL_ERROR_WANT_READ)
		tls_conn_fail(c, TLS_REASON_NONE);
}

static void
write_records(struct tls_conn *c)
{
	struct span bytes = tls_buf_span(&c->send);
	size_t n;

	if (bytes.len == 0)
		return;
	if (SSL_write_ex(c->ssl, bytes.p, bytes.len, &n))
		tls_buf_clear(&c->send);
	else
		tls_conn_fail(c, TLS_REASON_NONE);
}

static void
read_records(struct tls_conn *c)
{
	char record[TLS_RECORD_PLAIN_BYTES];
	size_t n;

	c->has_more = c->plain.len >= READ_BYTES_MAX;
	while (!c->has_more &&
	       SSL_read_ex(c->ssl, record, sizeof(record), &n)) {
		struct span bytes = { record, n };

		if (!tls_buf_put(&c->plain, bytes,
				 READ_BYTES_MAX + sizeof(record))) {
			tls_conn_fail(c, TLS_REASON_MEMORY);
			return;
		}
		c->has_more = c->plain.len >= READ_BYTES_MAX;
	}
	if (c->has_more)
		return;
	switch (SSL_get_error(c->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_ZERO_RETURN:
		c->state = TLS_ENDED;
		break;
	default:
		tls_conn_fail(c, TLS_REASON_NONE);
	}
}

void
tls_step(struct tls_conn *c)
{
	count_whole(c);
	if (c->state == TLS_HANDSHAKE)
		handshake(c);
	if (!c->is_fed || c->state != TLS_OPEN)
		return;
	ERR_clear_error();
	write_records(c);
	if (c->state == TLS_OPEN)
		read_records(c);
}
