/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a Dovecot auth server: a word and fields with a tab between them.
 * What is not known is passed over, as the protocol asks for; what cannot be
 * this protocol at all is SASL_SAID_BAD.
 */
#include "engine/policy/sasl_said.h"

static struct span
field(struct span *rest)
{
	size_t n = span_find(*rest, '\t');
	struct span one = span_to(*rest, n);

	*rest = span_from(*rest, n < rest->len ? n + 1 : n);
	return one;
}

/* "name=value" of that name. */
static bool
is_named(struct span word, struct span name, struct span *value_out)
{
	if (word.len < name.len || memcmp(word.p, name.p, name.len) != 0)
		return false;
	*value_out = span_from(word, name.len);
	return true;
}

static bool
is_mech_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return s.len > 0;
}

bool
sasl_is_base64(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/' &&
		    s.p[i] != '=')
			return false;
	return true;
}

static enum sasl_said_kind
said_version(struct span rest, struct sasl_said *out)
{
	return span_to_u64(field(&rest), &out->major) ? SASL_SAID_VERSION
						      : SASL_SAID_BAD;
}

static enum sasl_said_kind
said_mech(struct span rest, struct sasl_said *out)
{
	static const struct {
		const char *name;
		uint32_t flag;
	} flags[] = {
		{ "anonymous", SASL_FLAG_ANONYMOUS },
		{ "plaintext", SASL_FLAG_PLAINTEXT },
		{ "dictionary", SASL_FLAG_DICTIONARY },
		{ "active", SASL_FLAG_ACTIVE },
		{ "forward-secrecy", SASL_FLAG_FORWARD_SECRECY },
		{ "mutual-auth", SASL_FLAG_MUTUAL_AUTH },
		{ "private", SASL_FLAG_PRIVATE },
	};

	out->mech = field(&rest);
	if (!is_mech_name(out->mech))
		return SASL_SAID_BAD;
	while (rest.len) {
		struct span word = field(&rest);

		for (size_t i = 0; i < ARRAY_N(flags); i++)
			if (span_is_equal(word, span_of(flags[i].name)))
				out->flags |= flags[i].flag;
	}
	return SASL_SAID_MECH;
}

static bool
take_id(struct span *rest, struct sasl_said *out)
{
	uint64_t id;

	if (!span_to_u64(field(rest), &id) || id > UINT32_MAX)
		return false;
	out->id = (uint32_t)id;
	return true;
}

static enum sasl_said_kind
said_cont(struct span rest, struct sasl_said *out)
{
	if (!take_id(&rest, out))
		return SASL_SAID_BAD;
	out->text = field(&rest);
	if (out->text.len > SASL_CHALLENGE_MAX || !sasl_is_base64(out->text))
		return SASL_SAID_BAD;
	return SASL_SAID_CONT;
}

static enum sasl_said_kind
said_result(struct span rest, struct sasl_said *out, enum sasl_said_kind kind)
{
	if (!take_id(&rest, out))
		return SASL_SAID_BAD;
	while (rest.len) {
		struct span word = field(&rest);

		if (is_named(word, SPAN("user="), &out->user) ||
		    kind == SASL_SAID_OK ||
		    is_named(word, SPAN("reason="), &out->text))
			continue;
		if (span_is_equal(word, SPAN("temp")) ||
		    span_is_equal(word, SPAN("code=temp_fail")))
			out->is_temp = true;
	}
	return kind;
}

static enum sasl_said_kind
parse(struct span line, struct sasl_said *out)
{
	struct span word = field(&line);

	if (span_is_equal(word, SPAN("OK")))
		return said_result(line, out, SASL_SAID_OK);
	if (span_is_equal(word, SPAN("CONT")))
		return said_cont(line, out);
	if (span_is_equal(word, SPAN("FAIL")))
		return said_result(line, out, SASL_SAID_FAIL);
	if (span_is_equal(word, SPAN("MECH")))
		return said_mech(line, out);
	if (span_is_equal(word, SPAN("VERSION")))
		return said_version(line, out);
	if (span_is_equal(word, SPAN("DONE")))
		return SASL_SAID_DONE;
	return SASL_SAID_OTHER;
}

enum sasl_said_kind
sasl_said_next(struct span *in, struct sasl_said *out)
{
	size_t n = span_find(*in, '\n');
	struct span line = span_to(*in, n);

	*out = (struct sasl_said) { 0 };
	if (n >= SASL_SAID_BYTES_MAX)
		return SASL_SAID_BAD;
	if (n == in->len)
		return SASL_SAID_MORE;
	*in = span_from(*in, n + 1);
	return parse(line, out);
}

bool
sasl_said_copy(struct span value, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '\001' && i + 1 < value.len) {
			c = value.p[++i]; /* 0, 1, t, r, n: none is printable */
			c = strchr("01trn", c) ? '?' : c;
		}
		if (n + 1 >= cap)
			return false;
		out[n++] = c >= ' ' && c <= '~' ? c : '?';
	}
	out[n] = '\0';
	return true;
}
