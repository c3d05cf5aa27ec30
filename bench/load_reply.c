/* SPDX-License-Identifier: BSD-2-Clause */
/* Reply lines: from the caller's bytes where whole, else out of r->buf. */
#include "bench/load_reply.h"

void
load_reply_init(struct load_reply *r)
{
	r->code = 0;
	r->is_open = false;
	r->len = 0;
}

static bool
is_digit(char c, char least, char most)
{
	return c >= least && c <= most;
}

/* line: without CRLF. */
static enum load_reply_feed
line_parse(struct load_reply *r, struct span line, struct span *text,
	   const char **why)
{
	bool is_last = line.len == 3 || (line.len > 3 && line.p[3] == ' ');
	unsigned code;

	*why = "not a three-digit code";
	if (line.len < 3 || !is_digit(line.p[0], '2', '5') ||
	    !is_digit(line.p[1], '0', '5') || !is_digit(line.p[2], '0', '9'))
		return LOAD_REPLY_BAD;
	*why = "neither space nor hyphen behind the code";
	if (!is_last && line.p[3] != '-')
		return LOAD_REPLY_BAD;
	*why = "control byte in the text";
	for (size_t i = 3; i < line.len; i++)
		if ((unsigned char)line.p[i] < ' ' && line.p[i] != '\t')
			return LOAD_REPLY_BAD;
	code = (unsigned)(line.p[0] - '0') * 100 +
	       (unsigned)(line.p[1] - '0') * 10 + (unsigned)(line.p[2] - '0');
	*why = "lines of one reply with different codes";
	if (r->is_open && code != r->code)
		return LOAD_REPLY_BAD;
	r->code = (uint16_t)code;
	r->is_open = !is_last;
	*text = span_from(line, line.len > 3 ? 4 : 3);
	return is_last ? LOAD_REPLY_LAST : LOAD_REPLY_LINE;
}

enum load_reply_feed
load_reply_feed(struct load_reply *r, struct span *in, struct span *text,
		const char **why)
{
	size_t n = span_find(*in, '\n');
	bool is_whole = n < in->len;
	struct span line = span_to(*in, n + is_whole);

	*text = (struct span) { "", 0 };
	*why = "line over 512 bytes";
	if (r->len + line.len > LOAD_REPLY_LINE_MAX)
		return LOAD_REPLY_BAD;
	*in = span_from(*in, line.len);
	if (!is_whole || r->len > 0) {
		if (line.len > 0)
			memcpy(r->buf + r->len, line.p, line.len);
		r->len = (uint16_t)(r->len + line.len);
		if (!is_whole)
			return LOAD_REPLY_MORE;
		line = (struct span) { r->buf, r->len };
		r->len = 0;
	}
	*why = "line does not end in CRLF";
	if (line.len < 2 || line.p[line.len - 2] != '\r')
		return LOAD_REPLY_BAD;
	return line_parse(r, span_to(line, line.len - 2), text, why);
}

/* RFC 3463 section 2: class "." subject "." detail, 1 to 3 digits each. */
bool
load_reply_has_status(struct span text, unsigned code)
{
	size_t i = 0;

	if (text.len < 2 || text.p[0] != (char)('0' + code / 100))
		return false;
	i = 1;
	for (unsigned part = 0; part < 2; part++) {
		size_t digits_n = 0;

		if (i == text.len || text.p[i] != '.')
			return false;
		for (i++; i < text.len && is_digit(text.p[i], '0', '9'); i++)
			digits_n++;
		if (digits_n < 1 || digits_n > 3)
			return false;
	}
	return i == text.len || text.p[i] == ' ';
}
