/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes to lines. A line that is here whole is looked at in place; one that is
 * not waits in a small chunk, which an idle session does not have.
 */
#include "engine/smtp/smtp_int.h"

/* Only what a client logs in with is ever that long. */
static bool
grow(struct smtp *s)
{
	struct chunk *large = chunk_get(s->shared->chunks, CHUNK_LARGE);

	if (large == NULL)
		return false;
	memcpy(large->data, s->partial->data, s->partial->len);
	large->len = s->partial->len;
	chunk_put(s->partial);
	s->partial = large;
	return true;
}

bool
smtp_line_keep(struct smtp *s, struct span bytes)
{
	if (s->partial == NULL) {
		s->partial = chunk_get(s->shared->chunks, CHUNK_SMALL);
		if (s->partial == NULL)
			return false;
	}
	if (bytes.len > s->partial->room - s->partial->len && !grow(s))
		return false;
	must(bytes.len <= s->partial->room - s->partial->len);
	memcpy(s->partial->data + s->partial->len, bytes.p, bytes.len);
	s->partial->len += (uint32_t)bytes.len;
	return true;
}

/* AUTH with its response, or a response: RFC 4954 section 4. */
static bool
is_auth_line(const struct smtp *s, struct span in)
{
	if (s->state == ST_AUTH)
		return true;
	if (s->partial != NULL && s->partial->len >= 5)
		in = chunk_span(s->partial);
	return s->cfg->is_auth && span_has_prefix_nocase(in, SPAN("AUTH "));
}

static uint32_t
line_bytes_max(const struct smtp *s, struct span in)
{
	uint32_t room = CHUNK_SMALL_BYTES - sizeof(struct chunk);

	if (is_auth_line(s, in)) {
		room = CHUNK_LARGE_BYTES - sizeof(struct chunk);
		if (s->cfg->auth_response_max + 2 > s->cfg->line_bytes_max)
			return s->cfg->auth_response_max + 2 < room
				       ? s->cfg->auth_response_max + 2
				       : room;
	}
	return s->cfg->line_bytes_max < room ? s->cfg->line_bytes_max : room;
}

enum smtp_line
smtp_line_next(struct smtp *s, struct span *in, struct span *line)
{
	size_t nl = span_find(*in, '\n');
	bool is_whole = nl < in->len;
	size_t n = is_whole ? nl + 1 : in->len;
	size_t had = s->partial ? s->partial->len : 0;

	if (in->len == 0)
		return LINE_MORE;
	if (s->is_line_too_long || had + n > line_bytes_max(s, *in)) {
		*in = span_from(*in, n);
		chunk_put(s->partial);
		s->partial = NULL;
		s->is_line_too_long = !is_whole;
		return is_whole ? LINE_OVERLONG : LINE_MORE;
	}
	if (is_whole && had == 0) {
		*line = span_to(*in, n);
		*in = span_from(*in, n);
		return LINE_IS;
	}
	if (!smtp_line_keep(s, span_to(*in, n)))
		return LINE_NO_MEMORY;
	*in = span_from(*in, n);
	*line = chunk_span(s->partial);
	return is_whole ? LINE_IS : LINE_MORE;
}

bool
smtp_line_cut_end(const struct smtp *s, struct span *line)
{
	line->len--;
	if (line->len && line->p[line->len - 1] == '\r') {
		line->len--;
		return true;
	}
	return s->bare_newline != SMTP_BARE_NEWLINE_REJECT;
}
