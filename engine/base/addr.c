/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail addresses. One pass reads the local part into plain bytes, quoting and
 * all that is odd about it undone; one place writes it again, quoted only where
 * RFC 5321 asks for it, so every spelling of a mailbox becomes one text. More
 * is taken than the RFC allows, as Postfix does (dots anywhere, no brackets);
 * nothing that would need quoting in a log line or a header comes through.
 */
#include "engine/base/addr.h"

#include <string.h>

#define HOST_BYTES_MAX	255
#define LABEL_BYTES_MAX 63

#define ATEXT 1u /* RFC 5322 section 3.2.3, with RFC 6531's bytes over 127 */
#define HOST  2u /* of a label */
#define BOTH  (ATEXT | HOST)

static const uint8_t kinds[256] = {
	['0' ... '9'] = BOTH,	['A' ... 'Z'] = BOTH,  ['a' ... 'z'] = BOTH,
	[128 ... 255] = BOTH,	['-'] = BOTH,	       ['_'] = BOTH,
	['#' ... '\''] = ATEXT, ['{' ... '~'] = ATEXT, ['!'] = ATEXT,
	['*'] = ATEXT,		['+'] = ATEXT,	       ['/'] = ATEXT,
	['='] = ATEXT,		['?'] = ATEXT,	       ['^'] = ATEXT,
	['`'] = ATEXT,
};

static bool
is_kind(char c, unsigned kind)
{
	return (kinds[(unsigned char)c] & kind) != 0;
}

static bool
is_atext(char c)
{
	return is_kind(c, ATEXT);
}

/* What may stand in quotes, or behind a backslash. */
static bool
is_qtext(char c)
{
	return (unsigned char)c >= ' ' && c != 127;
}

static bool
is_at(const struct span *in, char c)
{
	return in->len > 0 && in->p[0] == c;
}

static void
skip_blanks(struct span *in)
{
	while (in->len > 0 && ascii_is_blank(in->p[0]))
		*in = span_from(*in, 1);
}

bool
addr_is_hostname(struct span name, const char **why)
{
	bool is_numeric = true;

	*why = "host name is too long";
	if (name.len > HOST_BYTES_MAX)
		return false;
	*why = "host name is missing";
	if (name.len == 0)
		return false;
	for (;;) {
		size_t n = 0;

		while (n < name.len && is_kind(name.p[n], HOST)) {
			is_numeric &= name.p[n] >= '0' && name.p[n] <= '9';
			n++;
		}
		*why = "bad character in a host name";
		if (n < name.len && name.p[n] != '.')
			return false;
		*why = "misplaced dot in a host name";
		if (n == 0 || n + 1 == name.len)
			return false;
		*why = "misplaced hyphen in a host name";
		if (name.p[0] == '-' || name.p[n - 1] == '-')
			return false;
		*why = "label of a host name is too long";
		if (n > LABEL_BYTES_MAX)
			return false;
		if (n == name.len)
			break;
		name = span_from(name, n + 1);
	}
	*why = "host name is a number; an address stands in []";
	return !is_numeric;
}

bool
addr_is_literal(struct span text, struct ip *ip_out)
{
	bool is_v6;

	if (text.len < 2 || text.p[0] != '[' || text.p[text.len - 1] != ']')
		return false;
	text = (struct span) { text.p + 1, text.len - 2 };
	is_v6 = span_has_prefix_nocase(text, SPAN("IPv6:"));
	if (is_v6)
		text = span_from(text, 5);
	return (span_find(text, ':') < text.len) == is_v6 &&
	       ip_parse(text, ip_out);
}

/*
 * Reads a local part into raw, at most ADDR_BYTES_MAX, and moves *in to what
 * follows. *n_out: bytes that it has, also when they were more.
 */
static enum addr_result
read_local(struct span *in, char *raw, size_t *n_out, const char **why)
{
	bool is_quoted = false, has_quotes = false;
	size_t i = 0, n = 0;

	for (; i < in->len; i++) {
		char c = in->p[i];

		if (c == '"') {
			is_quoted = !is_quoted;
			has_quotes = true;
			continue;
		}
		if (c == '\\') {
			*why = "backslash at the end of a local part";
			if (++i == in->len)
				return ADDR_BAD;
			c = in->p[i];
			*why = "control character in a local part";
			if (!is_qtext(c))
				return ADDR_BAD;
		} else if (is_quoted) {
			*why = "control character in a local part";
			if (!is_qtext(c))
				return ADDR_BAD;
		} else if (c != '.' && !is_atext(c)) {
			break;
		}
		if (n < ADDR_BYTES_MAX)
			raw[n] = c;
		n++;
	}
	*why = "quoted local part has no end";
	if (is_quoted)
		return ADDR_BAD;
	*why = "local part is missing";
	if (n == 0 && !has_quotes)
		return ADDR_BAD;
	*in = span_from(*in, i);
	*n_out = n;
	*why = "address is too long";
	return n > ADDR_BYTES_MAX ? ADDR_TOO_LONG : ADDR_OK;
}

/* RFC 5321 section 4.1.2: anything but Dot-string needs quotes. */
static bool
needs_quotes(struct span local)
{
	if (local.len == 0)
		return true;
	for (size_t i = 0; i < local.len; i++) {
		bool is_end = i == 0 || i + 1 == local.len;

		if (local.p[i] == '.' ? is_end || local.p[i - 1] == '.'
				      : !is_atext(local.p[i]))
			return true;
	}
	return false;
}

static bool
put(struct addr *out, char c)
{
	if (out->len == ADDR_BYTES_MAX)
		return false;
	out->text[out->len++] = c;
	return true;
}

static bool
put_span(struct addr *out, struct span s)
{
	if (s.len > (size_t)(ADDR_BYTES_MAX - out->len))
		return false;
	if (s.len)
		memcpy(out->text + out->len, s.p, s.len);
	out->len = (uint16_t)(out->len + s.len);
	return true;
}

static bool
put_local(struct addr *out, struct span local)
{
	if (!needs_quotes(local))
		return put_span(out, local);
	if (!put(out, '"'))
		return false;
	for (size_t i = 0; i < local.len; i++) {
		char c = local.p[i];

		if ((c == '"' || c == '\\') && !put(out, '\\'))
			return false;
		if (!put(out, c))
			return false;
	}
	return put(out, '"');
}

/* The run of bytes that a domain could be, without judging it. */
static struct span
cut_domain(struct span *in)
{
	size_t n = 0;
	struct span domain;

	if (is_at(in, '[')) {
		n = span_find(*in, ']');
		n += n < in->len;
	}
	while (n < in->len && (is_atext(in->p[n]) || in->p[n] == '.'))
		n++;
	domain = span_to(*in, n);
	*in = span_from(*in, n);
	return domain;
}

static enum addr_result
check_domain(struct span *domain, bool *is_literal, const char **why)
{
	struct ip ip;
	const char *p = domain->p;
	size_t n = domain->len;

	/* A fully qualified name written as such; never "@." or "..". */
	if (n > 1 && p[n - 1] == '.' && p[n - 2] != '.')
		domain->len--;
	*is_literal = n > 0 && p[0] == '[';
	*why = "bad address literal";
	if (*is_literal)
		return addr_is_literal(*domain, &ip) ? ADDR_OK : ADDR_BAD;
	return addr_is_hostname(*domain, why) ? ADDR_OK : ADDR_BAD;
}

/* The canonical text of a plain local part and, with has_at, a domain. */
static enum addr_result
compose(struct span local, bool has_at, struct span domain, struct addr *out,
	const char **why)
{
	enum addr_result res;
	unsigned char bits = 0;

	*why = "address is too long";
	if (!put_local(out, local))
		return ADDR_TOO_LONG;
	out->at = out->len;
	if (has_at) {
		if (domain.len > ADDR_BYTES_MAX)
			return ADDR_TOO_LONG;
		res = check_domain(&domain, &out->is_literal, why);
		if (res != ADDR_OK)
			return res;
		*why = "address is too long";
		if (!put(out, '@') || !put_span(out, domain))
			return ADDR_TOO_LONG;
	}
	out->text[out->len] = '\0';
	for (unsigned i = 0; i < out->len; i++)
		bits |= (unsigned char)out->text[i];
	out->is_utf8 = bits > 127;
	*why = "bad UTF-8";
	return !out->is_utf8 || span_is_utf8(addr_span(out)) ? ADDR_OK
							     : ADDR_BAD;
}

/* "local" or "local@domain"; *in stands behind it after ADDR_OK. */
static enum addr_result
read_mailbox(struct span *in, struct addr *out, const char **why)
{
	char raw[ADDR_BYTES_MAX];
	size_t raw_n = 0;
	struct span domain = { "", 0 };
	enum addr_result res = read_local(in, raw, &raw_n, why);
	bool has_at = res == ADDR_OK && is_at(in, '@');

	if (res != ADDR_OK)
		return res;
	if (has_at) {
		*in = span_from(*in, 1);
		domain = cut_domain(in);
	}
	return compose((struct span) { raw, raw_n }, has_at, domain, out, why);
}

/* "@a,@b:" is checked and dropped: RFC 5321 section 4.1.1.3, appendix F.2. */
static enum addr_result
skip_route(struct span *in, const char **why)
{
	bool is_literal;

	while (is_at(in, '@')) {
		struct span domain;

		*in = span_from(*in, 1);
		domain = cut_domain(in);
		if (check_domain(&domain, &is_literal, why) != ADDR_OK)
			return ADDR_BAD;
		if (is_at(in, ':')) {
			*in = span_from(*in, 1);
			return ADDR_OK;
		}
		*why = "source route without a mailbox";
		if (!is_at(in, ','))
			return ADDR_BAD;
		*in = span_from(*in, 1);
	}
	*why = "bad source route";
	return ADDR_BAD;
}

static void
reset(struct addr *out)
{
	out->len = 0;
	out->at = 0;
	out->is_utf8 = false;
	out->is_literal = false;
	out->text[0] = '\0';
}

enum addr_result
addr_parse_path(struct span *in, struct addr *out, const char **why)
{
	enum addr_result res;
	bool has_bracket;

	reset(out);
	skip_blanks(in);
	has_bracket = is_at(in, '<');
	if (has_bracket) {
		*in = span_from(*in, 1);
		skip_blanks(in);
		if (is_at(in, '>')) {
			*in = span_from(*in, 1);
			return ADDR_OK;
		}
	}
	if (is_at(in, '@')) {
		res = skip_route(in, why);
		if (res != ADDR_OK)
			return res;
	}
	res = read_mailbox(in, out, why);
	if (res != ADDR_OK)
		return res;
	if (has_bracket) {
		skip_blanks(in);
		*why = "'>' is missing";
		if (!is_at(in, '>'))
			return ADDR_BAD;
		*in = span_from(*in, 1);
		return ADDR_OK;
	}
	*why = "bad character in an address";
	return in->len == 0 || ascii_is_blank(in->p[0]) ? ADDR_OK : ADDR_BAD;
}

enum addr_result
addr_parse(struct span text, struct addr *out, const char **why)
{
	enum addr_result res;

	reset(out);
	res = read_mailbox(&text, out, why);
	if (res != ADDR_OK)
		return res;
	*why = "bad character in an address";
	return text.len == 0 ? ADDR_OK : ADDR_BAD;
}

enum addr_result
addr_make(struct span local, struct span domain, struct addr *out,
	  const char **why)
{
	reset(out);
	*why = "control character in a local part";
	for (size_t i = 0; i < local.len; i++)
		if (!is_qtext(local.p[i]))
			return ADDR_BAD;
	return compose(local, domain.len > 0, domain, out, why);
}

size_t
addr_unquote(const struct addr *a, char out[ADDR_BYTES_MAX])
{
	size_t n = 0;
	bool is_quoted = a->at > 0 && a->text[0] == '"';

	if (!is_quoted) {
		memcpy(out, a->text, a->at);
		return a->at;
	}
	for (unsigned i = 1; i + 1 < a->at; i++) {
		if (a->text[i] == '\\')
			i++;
		out[n++] = a->text[i];
	}
	return n;
}
