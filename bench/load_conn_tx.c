/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes out and in which order: commands in front of a body, the body as
 * pieces of the generator, and commands behind it. Nothing is copied.
 */
#include "bench/load_conn.h"

static enum message_form
form_of(const struct load_conn *c)
{
	return c->cfg->is_bdat ? MESSAGE_RAW : MESSAGE_DATA;
}

static uint64_t
body_left(const struct load_conn *c)
{
	return c->is_body_out ? message_bytes(c->msg, form_of(c)) - c->body_sent
			      : 0;
}

static void
cmd_iov(struct load_conn *c, struct iovec *iov, unsigned *n)
{
	if (c->cmd_sent == c->cmd_len)
		return;
	iov[*n].iov_base = c->cmd + c->cmd_sent;
	iov[*n].iov_len = c->cmd_len - c->cmd_sent;
	++*n;
}

unsigned
load_conn_tx(struct load_conn *c, struct iovec *iov, unsigned iov_max)
{
	uint64_t left = body_left(c);
	unsigned n = 0;

	must(iov_max > 2);
	if (!c->is_cmd_behind)
		cmd_iov(c, iov, &n);
	if (left > 0) {
		unsigned first = n;

		n += message_iov(c->cfg->gen, c->msg, form_of(c), c->body_sent,
				 iov + n, iov_max - 1 - n);
		for (unsigned i = first; i < n; i++)
			left -= iov[i].iov_len;
	}
	/* all of the body is in: what stands behind it can come too */
	if (c->is_cmd_behind && left == 0)
		cmd_iov(c, iov, &n);
	return n;
}

static void
cmd_done(struct load_conn *c, size_t *bytes)
{
	size_t left = c->cmd_len - c->cmd_sent;
	size_t n = *bytes < left ? *bytes : left;

	c->cmd_sent += (uint32_t)n;
	*bytes -= n;
	if (c->cmd_sent == c->cmd_len)
		c->is_cmd_behind = false;
}

static void
body_done(struct load_conn *c, size_t *bytes, uint64_t now_us)
{
	uint64_t left = body_left(c);
	size_t n = *bytes < left ? *bytes : (size_t)left;

	c->body_sent += n;
	*bytes -= n;
	if (!c->is_body_out || n < left)
		return;
	c->is_body_out = false;
	c->end_us = now_us;
}

void
load_conn_tx_done(struct load_conn *c, size_t bytes, uint64_t now_us)
{
	if (!c->is_cmd_behind)
		cmd_done(c, &bytes);
	body_done(c, &bytes, now_us);
	if (c->is_cmd_behind)
		cmd_done(c, &bytes);
	must(bytes == 0);
}
