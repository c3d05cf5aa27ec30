/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XCLIENT (Postfix's XCLIENT_README): an allowed proxy says who its client is.
 * Afterwards the session starts over with a new greeting.
 */
#include "engine/smtp/smtp_int.h"

#define VALUE_MAX 256u

/* RFC 3461 xtext, decoded; false when it is none or too long. */
static bool
xtext_decode(struct span in, char out[VALUE_MAX])
{
	size_t n = 0;

	if (in.len >= VALUE_MAX || !smtp_is_xtext(in))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		char c = in.p[i];

		if (c == '+') {
			char hi = in.p[i + 1], lo = in.p[i + 2];

			c = (char)((hi > '9' ? hi - 'A' + 10 : hi - '0') << 4 |
				   (lo > '9' ? lo - 'A' + 10 : lo - '0'));
			i += 2;
		}
		if (c < ' ' || c > '~')
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

static bool
is_unavailable(struct span v)
{
	return span_is_equal_nocase(v, SPAN("[UNAVAILABLE]")) ||
	       span_is_equal_nocase(v, SPAN("[TEMPUNAVAIL]"));
}

static bool
is_host(struct span v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!ascii_is_alnum(v.p[i]) && !strchr("-._", v.p[i]))
			return false;
	return v.len > 0;
}

/* false: neither a name nor one of the words for none. */
static bool
read_name(struct span *v, enum smtp_name_status *status)
{
	*status = SMTP_NAME_OK;
	if (is_host(*v))
		return true;
	*status = span_is_equal_nocase(*v, SPAN("[TEMPUNAVAIL]"))
			  ? SMTP_NAME_TRYAGAIN
			  : SMTP_NAME_UNKNOWN;
	if (!is_unavailable(*v))
		return false;
	v->len = 0;
	return true;
}

static bool
set_name(struct smtp *s, struct span v)
{
	enum smtp_name_status status;

	if (!read_name(&v, &status))
		return false;
	smtp_name_set(s, v, status);
	return true;
}

static bool
set_reverse_name(struct smtp *s, struct span v)
{
	enum smtp_name_status status;

	if (!read_name(&v, &status))
		return false;
	smtp_reverse_name_set(s, v, status);
	return true;
}

static bool
set_addr(struct smtp *s, struct span v)
{
	if (is_unavailable(v))
		return true;
	if (span_has_prefix_nocase(v, SPAN("IPv6:")))
		v = span_from(v, 5);
	return ip_parse(v, &s->client_ip);
}

static bool
set_port(struct smtp *s, struct span v)
{
	uint64_t port = 0;

	if (!is_unavailable(v) && (!span_to_u64(v, &port) || port > 65535))
		return false;
	s->client_port = (uint16_t)port;
	return true;
}

static bool
set_proto(struct smtp *s, struct span v)
{
	if (span_is_equal_nocase(v, SPAN("ESMTP")))
		s->proto = SMTP_PROTO_ESMTP;
	else if (span_is_equal_nocase(v, SPAN("SMTP")))
		s->proto = SMTP_PROTO_SMTP;
	else
		return false;
	return true;
}

static bool
set_helo(struct smtp *s, struct span v)
{
	smtp_helo_set(s, is_unavailable(v) ? SPAN("") : v);
	return true;
}

/* Even where nobody could log in: the proxy has seen to it. */
static bool
set_login(struct smtp *s, struct span v)
{
	return is_unavailable(v) || smtp_auth_set(s, SPAN("XCLIENT"), v);
}

/* There is no other listener to speak for: taken, not used. */
static bool
set_nothing(struct smtp *s, struct span v)
{
	(void)s;
	(void)v;
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct smtp *s, struct span value);
} attributes[] = {
	{ "NAME", set_name },	     { "ADDR", set_addr },
	{ "PORT", set_port },	     { "PROTO", set_proto },
	{ "HELO", set_helo },	     { "REVERSE_NAME", set_reverse_name },
	{ "LOGIN", set_login },	     { "DESTADDR", set_nothing },
	{ "DESTPORT", set_nothing },
};

static bool
set_one(struct smtp *s, struct span word)
{
	size_t eq = span_find(word, '=');
	char value[VALUE_MAX];

	if (eq == word.len || !xtext_decode(span_from(word, eq + 1), value))
		return false;
	for (size_t i = 0; i < ARRAY_N(attributes); i++)
		if (span_is_equal_nocase(span_to(word, eq),
					 span_of(attributes[i].name)))
			return attributes[i].set(s, span_of(value));
	return false;
}

enum smtp_want
smtp_xclient(struct smtp *s, struct span args, struct smtp_out *out)
{
	char bad[64];
	struct span word;

	if (!smtp_xclient_is_allowed(s)) {
		smtp_reply(s, out, REPLY_NO_XCLIENT, NULL);
		return SMTP_WANT_BYTES;
	}
	if (args.len == 0) {
		smtp_reply(s, out, REPLY_SYNTAX_XCLIENT, NULL);
		return SMTP_WANT_BYTES;
	}
	/* The session starts over: nothing said before holds. */
	s->helo[0] = '\0';
	smtp_auth_drop(s);
	while ((word = span_word(&args, " \t")).len) {
		if (set_one(s, word))
			continue;
		span_copy(word, bad, sizeof(bad));
		smtp_reply(s, out, REPLY_BAD_XCLIENT, bad);
		smtp_set_command_state(s);
		return SMTP_WANT_BYTES;
	}
	smtp_client_rules(s);
	smtp_set_state(s, ST_GREET);
	s->verb_ok_n[SMTP_VERB_XCLIENT]++;
	return SMTP_WANT_BYTES;
}
