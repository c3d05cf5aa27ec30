/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection as its worker sees it: bytes of the wire in, plain text out, and
 * the other way. Handshakes are tls_step.c's.
 */
#include "tls/tls_conn.h"
#include "engine/base/clock.h"
#include "tls/tls_int.h"

#include <openssl/err.h>
#include <stdlib.h>

struct tls_conn *
tls_conn_new(struct tls *tls, unsigned worker_idx, struct tls_ctx *ctx,
	     void *owner)
{
	struct tls_conn *c = calloc(1, sizeof(*c));

	must(worker_idx < tls->cfg.workers_n && owner != NULL);
	if (c == NULL)
		return NULL;
	c->ctx = tls_ctx_get(ctx);
	c->owner = owner;
	c->side = &tls->sides[worker_idx];
	c->is_fed = tls->cfg.offload == TLS_OFFLOAD_ALL;
	return c;
}

void
tls_conn_free(struct tls_conn *c)
{
	SSL_free(c->ssl);
	tls_ctx_put(&c->ctx);
	tls_buf_clear(&c->in);
	tls_buf_clear(&c->out);
	tls_buf_clear(&c->plain);
	tls_buf_clear(&c->send);
	tls_buf_clear(&c->late);
	free(c->info_text);
	free(c);
}

void
tls_conn_close(struct tls_conn **c_inout, enum tls_reason why)
{
	struct tls_conn *c = *c_inout;

	*c_inout = NULL;
	if (c == NULL)
		return;
	if (c->side->scratch_of == c)
		tls_conn_out_sent(c);
	if (!c->is_away && c->state == TLS_FAILED)
		why = (enum tls_reason)c->reason;
	if (!c->is_counted)
		counter_add(&c->side->failed[why], 1);
	c->is_counted = true;
	c->owner = NULL;
	if (!c->is_away)
		tls_conn_free(c);
}

/* --- facts --- */

bool
tls_conn_is_away(const struct tls_conn *c)
{
	return c->is_away;
}

enum tls_state
tls_conn_state(const struct tls_conn *c)
{
	must(!c->is_away);
	return (enum tls_state)c->state;
}

enum tls_reason
tls_conn_reason(const struct tls_conn *c)
{
	must(!c->is_away);
	return (enum tls_reason)c->reason;
}

const char *
tls_conn_error(const struct tls_conn *c)
{
	const char *text = c->error ? ERR_reason_error_string(c->error) : NULL;

	return text ? text : "";
}

bool
tls_conn_is_fed(const struct tls_conn *c)
{
	return c->is_fed;
}

const struct tls_info *
tls_conn_info(const struct tls_conn *c)
{
	must(c->info_text != NULL);
	return &c->info;
}

/* --- to the wire --- */

struct span
tls_conn_out(const struct tls_conn *c)
{
	if (c->side->scratch_of == c)
		return (struct span) { c->side->scratch, c->side->scratch_len };
	return tls_buf_span(&c->out);
}

void
tls_conn_out_sent(struct tls_conn *c)
{
	if (c->side->scratch_of == c) {
		c->side->scratch_of = NULL;
		c->side->scratch_len = 0;
		return;
	}
	tls_buf_clear(&c->out);
}

static void
inline_begin(struct tls_conn *c)
{
	must(!c->is_away && c->out.len == 0);
	c->is_inline = true;
	/* To clear what is clear already costs as much as a short record. */
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

static bool
write_inline(struct tls_conn *c, struct span plain)
{
	size_t n;

	if (plain.len == 0)
		return true;
	inline_begin(c);
	if (!SSL_write_ex(c->ssl, plain.p, plain.len, &n))
		tls_conn_fail(c, TLS_REASON_NONE);
	c->is_inline = false;
	return c->state != TLS_FAILED;
}

bool
tls_conn_write(struct tls_conn *c, struct span plain)
{
	if (c->is_away)
		return tls_buf_put(&c->late, plain, TLS_WRITE_BYTES_MAX);
	if (c->state != TLS_OPEN && c->state != TLS_ENDED)
		return false;
	if (c->is_fed)
		return tls_buf_put(&c->send, plain, TLS_WRITE_BYTES_MAX);
	if (plain.len > TLS_WRITE_BYTES_MAX)
		return false;
	return write_inline(c, plain);
}

void
tls_conn_shut(struct tls_conn *c)
{
	must(!c->is_away);
	if ((c->state != TLS_OPEN && c->state != TLS_ENDED) || c->is_shut)
		return;
	c->is_shut = true;
	/* At home, the last bytes of a connection that is fed are ours. */
	if (!write_inline(c, tls_buf_span(&c->send)))
		return;
	tls_buf_clear(&c->send);
	inline_begin(c);
	if (SSL_shutdown(c->ssl) < 0)
		ERR_clear_error();
	c->is_inline = false;
}

/* --- from the wire --- */

size_t
tls_conn_feed(struct tls_conn *c, struct span cipher, uint64_t now_us)
{
	size_t room = TLS_RECORD_BYTES_MAX - c->in.len;
	size_t n = cipher.len < room ? cipher.len : room;

	must(!c->is_away && (c->state == TLS_HANDSHAKE || c->is_fed));
	if (c->state != TLS_HANDSHAKE && c->state != TLS_OPEN)
		return cipher.len; /* nobody reads it any more */
	if (n == 0)
		return 0;
	if (!tls_buf_put(&c->in, span_to(cipher, n), TLS_RECORD_BYTES_MAX)) {
		tls_conn_fail(c, TLS_REASON_MEMORY);
		return n;
	}
	if (c->first_us == 0)
		c->first_us = now_us;
	if (tls_has_record(c))
		tls_side_submit(c->side, c);
	return n;
}

void
tls_conn_push(struct tls_conn *c)
{
	if (!c->is_fed || c->is_away || c->state != TLS_OPEN)
		return;
	if (c->send.len || (c->plain.len == 0 && c->has_more) ||
	    (c->plain.len == 0 && tls_has_record(c)))
		tls_side_submit(c->side, c);
}

static enum tls_read
read_inline(struct tls_conn *c, struct span *cipher, struct span *plain)
{
	enum tls_read got = TLS_READ_BYTES;
	size_t n;

	inline_begin(c);
	c->direct = *cipher;
	if (SSL_read_ex(c->ssl, c->side->plain, TLS_RECORD_PLAIN_BYTES, &n)) {
		c->read = *plain = (struct span) { c->side->plain, n };
	} else {
		switch (SSL_get_error(c->ssl, 0)) {
		case SSL_ERROR_WANT_READ:
			got = TLS_READ_EMPTY;
			break;
		case SSL_ERROR_ZERO_RETURN:
			c->state = TLS_ENDED;
			got = TLS_READ_END;
			break;
		default:
			tls_conn_fail(c, TLS_REASON_NONE);
			got = TLS_READ_FAILED;
		}
	}
	*cipher = c->direct;
	c->direct = (struct span) { 0 };
	c->is_inline = false;
	return got;
}

enum tls_read
tls_conn_read(struct tls_conn *c, struct span *cipher, struct span *plain)
{
	must(!c->is_away && c->state != TLS_HANDSHAKE);
	if (c->plain.len) {
		c->read = *plain = tls_buf_span(&c->plain);
		return TLS_READ_BYTES;
	}
	if (c->state == TLS_ENDED)
		return TLS_READ_END;
	if (c->state == TLS_FAILED)
		return TLS_READ_FAILED;
	if (c->is_fed)
		return TLS_READ_EMPTY;
	return read_inline(c, cipher, plain);
}

bool
tls_conn_has_input(const struct tls_conn *c)
{
	return c->plain.len != 0 || c->in.len != 0;
}

void
tls_conn_read_done(struct tls_conn *c, size_t used_bytes)
{
	struct span rest = span_from(c->read, used_bytes);
	bool is_waiting = c->plain.len != 0;

	c->read = (struct span) { 0 };
	if (is_waiting)
		tls_buf_drop(&c->plain, used_bytes);
	else if (rest.len &&
		 !tls_buf_put(&c->plain, rest, TLS_RECORD_PLAIN_BYTES))
		tls_conn_fail(c, TLS_REASON_MEMORY);
}
