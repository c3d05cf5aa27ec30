/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies against a decoder that is too simple to be wrong: it has the whole
 * input and goes line by line. First four bytes: mode, size limit, how the
 * input is cut, how full chunks are ('0' for none of it).
 */
#include "engine/base/must.h"
#include "engine/smtp/smtp_body.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define DROPS "bcc, content-length, resent-bcc, return-path"

enum { MODE_LF_END = 1, MODE_BDAT = 2, MODE_BINARY = 4, MODE_TAKE = 8 };

struct knobs {
	unsigned mode;
	uint64_t size_max;
	uint32_t cut_seed;
	uint32_t fill;
};

struct result {
	char *text;
	size_t len;
	uint64_t size, used;
	unsigned received_n;
	bool is_over, has_bare_lf, is_too_big;
};

/* --- the simple one --- */

struct line {
	struct span text;
	bool has_eol, is_crlf;
};

static void
emit(struct result *r, const char *p, size_t n)
{
	if (n)
		memcpy(r->text + r->len, p, n);
	r->len += n;
}

static void
emit_line(struct result *r, const struct line *l, unsigned mode)
{
	emit(r, l->text.p, l->text.len);
	if (l->has_eol && l->is_crlf && (mode & MODE_BINARY))
		emit(r, "\r\n", 2);
	else if (l->has_eol)
		emit(r, "\n", 1);
}

/* "name:" with blanks before the colon: the name's length, or 0. */
static size_t
header_name(struct span s)
{
	size_t n = 0, blanks = 0;

	while (n < s.len && s.p[n] > ' ' && s.p[n] <= '~' && s.p[n] != ':')
		n++;
	while (n + blanks < s.len && ascii_is_blank(s.p[n + blanks]))
		blanks++;
	if (n + blanks == s.len || s.p[n + blanks] != ':' ||
	    n + blanks > BODY_NAME_MAX)
		return 0;
	return n;
}

static bool
is_separator(struct span s)
{
	size_t n = 0;

	while (n < s.len && s.p[n] == '>')
		n++;
	if (n + 5 > BODY_NAME_MAX)
		return false;
	s = span_from(s, n);
	return s.len >= 5 && memcmp(s.p, "From ", 5) == 0 &&
	       !(s.len > 5 && s.p[5] == ':');
}

static bool
is_dropped(struct span name)
{
	return span_is_equal_nocase(name, SPAN("bcc")) ||
	       span_is_equal_nocase(name, SPAN("content-length")) ||
	       span_is_equal_nocase(name, SPAN("resent-bcc")) ||
	       span_is_equal_nocase(name, SPAN("return-path"));
}

struct head {
	bool is_over, has_seen_one; /* a header */
	bool is_dropping, can_continue;
};

static void
simple_line(struct result *r, struct head *h, const struct line *l,
	    unsigned mode)
{
	size_t name = header_name(l->text);

	if (h->is_over || l->text.len == 0) {
		h->is_over |= l->has_eol;
		emit_line(r, l, mode);
	} else if (h->can_continue && ascii_is_blank(l->text.p[0])) {
		if (!h->is_dropping)
			emit_line(r, l, mode);
	} else if (!h->has_seen_one && is_separator(l->text)) {
		emit(r, "X-Mailbox-Line: ", 16);
		emit_line(r, l, mode);
	} else if (name) {
		h->has_seen_one = h->can_continue = true;
		h->is_dropping = is_dropped(span_to(l->text, name));
		r->received_n += span_is_equal_nocase(span_to(l->text, name),
						      SPAN("received"));
		if (!h->is_dropping)
			emit_line(r, l, mode);
	} else {
		h->is_over = true;
		emit(r, "\n", 1);
		emit_line(r, l, mode);
	}
}

/* The line at the start of *in; moves behind it. */
static struct line
cut_line(struct span *in)
{
	size_t n = span_find(*in, '\n');
	struct line l = { .text = span_to(*in, n), .has_eol = n < in->len };

	*in = span_from(*in, n + l.has_eol);
	if (l.has_eol && n && l.text.p[n - 1] == '\r') {
		l.text.len--;
		l.is_crlf = true;
	}
	return l;
}

static void
simple(struct result *r, struct span in, const struct knobs *k)
{
	struct head h = { 0 };
	bool is_prev_crlf = true;
	struct span all = in;

	while (in.len && !r->is_over) {
		struct line l = cut_line(&in);
		bool is_dot = l.text.len && l.text.p[0] == '.' &&
			      !(k->mode & MODE_BDAT);

		if (!l.has_eol && !(k->mode & MODE_BDAT))
			break;
		r->has_bare_lf |= l.has_eol && !l.is_crlf &&
				  !(k->mode & MODE_BINARY);
		if (is_dot)
			l.text = span_from(l.text, 1);
		if (is_dot && l.text.len == 0) {
			r->is_over = (l.is_crlf && is_prev_crlf) ||
				     (k->mode & MODE_LF_END);
			is_prev_crlf = l.is_crlf;
			continue;
		}
		is_prev_crlf = l.is_crlf;
		r->size += l.text.len + l.has_eol + l.is_crlf;
		simple_line(r, &h, &l, k->mode);
	}
	r->used = all.len - in.len;
	r->is_too_big = k->size_max && r->size > k->size_max;
}

/* --- the real one --- */

struct feeder {
	struct smtp_body body;
	struct chunk_pool *pool;
	const struct knobs *k;
};

static void
drain(struct feeder *f, struct result *r)
{
	struct chunk *chunks = smtp_body_chunks_take(&f->body);

	for (struct chunk *c = chunks; c != NULL; c = c->next)
		emit(r, c->data + f->k->fill, c->len - f->k->fill);
	chunk_put(chunks);
}

static void
add_chunk(struct feeder *f, struct result *r)
{
	struct chunk *c = chunk_get(f->pool, CHUNK_SMALL);

	must(c != NULL);
	if (f->k->mode & MODE_TAKE)
		drain(f, r);
	c->len = f->k->fill;
	smtp_body_chunk_add(&f->body, c);
}

static void
feed(struct feeder *f, struct result *r, struct span in)
{
	while (in.len && !r->is_over) {
		size_t had = in.len;
		enum body_result res =
			f->k->mode & MODE_BDAT
				? smtp_body_feed_chunk(&f->body, &in)
				: smtp_body_feed(&f->body, &in);

		r->used += had - in.len;
		r->is_over = res == BODY_END;
		if (res == BODY_CHUNK)
			add_chunk(f, r);
		else
			must(res == BODY_END || in.len == 0);
	}
}

static void
real(struct result *r, struct span in, const struct knobs *k)
{
	static struct feeder f;
	uint32_t seed = k->cut_seed;

	if (f.pool == NULL)
		f.pool = chunk_pool_open(64u << 20);
	f.k = k;
	smtp_body_init(&f.body, k->size_max, DROPS);
	f.body.is_lf_dot_end = k->mode & MODE_LF_END;
	f.body.is_binary = k->mode & MODE_BINARY;
	add_chunk(&f, r);
	while (in.len && !r->is_over) {
		size_t len = in.len;

		seed = seed * 1103515245 + 12345;
		if (k->cut_seed && (seed >> 16) % 48 + 1 < len)
			len = (seed >> 16) % 48 + 1;
		feed(&f, r, span_to(in, len));
		in = span_from(in, len);
	}
	if (k->mode & MODE_BDAT)
		smtp_body_finish(&f.body);
	r->size = smtp_body_size(&f.body);
	r->received_n = f.body.received_n;
	r->has_bare_lf = f.body.has_bare_lf;
	r->is_too_big = f.body.is_too_big;
	if (!r->is_too_big) {
		uint64_t bytes = f.body.bytes;

		drain(&f, r);
		must(r->len == bytes);
	}
	smtp_body_fini(&f.body);
	must(chunk_pool_used_bytes(f.pool) == 0);
}

static void
compare(const struct result *want, const struct result *got, unsigned mode)
{
	if (!(mode & MODE_BDAT)) {
		must(want->is_over == got->is_over);
		if (!want->is_over)
			return; /* a line is still open: nothing to compare */
	}
	must(want->used == got->used);
	must(want->size == got->size);
	must(want->is_too_big == got->is_too_big || (mode & MODE_BDAT));
	must(want->received_n == got->received_n);
	must(want->has_bare_lf == got->has_bare_lf);
	if (got->is_too_big)
		return;
	must(want->len == got->len);
	must(memcmp(want->text, got->text, want->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct result want = { 0 }, got = { 0 };
	struct knobs k;
	struct span in;
	char *copy;

	if (n < 4)
		return 0;
	k = (struct knobs) {
		.mode = data[0] ^ '0',
		.size_max = data[1] ^ '0',
		.cut_seed = data[2] ^ '0',
		/* At most what leaves room for the longest name. */
		.fill = (uint32_t)(data[3] ^ '0') * 26,
	};
	if (!(k.mode & MODE_BDAT))
		k.mode &= ~(unsigned)MODE_BINARY;
	if (k.mode & MODE_BDAT)
		k.size_max = 0; /* BDAT's own arithmetic: smtp_data.c */
	n -= 4;
	copy = malloc(n ? n : 1);
	/* Each "From \n" grows by 16 bytes: nothing grows more. */
	want.text = malloc(n * 4 + 64);
	got.text = malloc(n * 4 + 64);
	must(copy != NULL && want.text != NULL && got.text != NULL);
	if (n)
		memcpy(copy, data + 4, n);
	in = (struct span) { copy, n };
	simple(&want, in, &k);
	real(&got, in, &k);
	compare(&want, &got, k.mode);
	free(copy);
	free(want.text);
	free(got.text);
	return 0;
}
