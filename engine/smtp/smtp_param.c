/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameters behind MAIL's and RCPT's path: SIZE (RFC 1870), BODY (6152,
 * 3030), SMTPUTF8 (6531), RET, ENVID, NOTIFY, ORCPT (3461). Unknown ones are
 * refused with 555, each may stand once.
 */
#include "engine/smtp/smtp_int.h"

enum param {
	PARAM_SIZE,
	PARAM_BODY,
	PARAM_SMTPUTF8,
	PARAM_RET,
	PARAM_ENVID,
	PARAM_AUTH,
	PARAM_NOTIFY,
	PARAM_ORCPT,
	PARAM_N
};

static enum smtp_reply
param_size(struct smtp *s, struct span value)
{
	return span_to_u64(value, &s->txn->size_declared) ? REPLY_OK
							  : REPLY_BAD_SIZE;
}

static enum smtp_reply
param_body(struct smtp *s, struct span value)
{
	static const char *const names[] = {
		[ENVELOPE_BODY_7BIT] = "7BIT",
		[ENVELOPE_BODY_8BITMIME] = "8BITMIME",
		[ENVELOPE_BODY_BINARY] = "BINARYMIME",
	};

	for (uint8_t i = 0; i < ARRAY_N(names); i++)
		if (span_is_equal_nocase(value, span_of(names[i]))) {
			s->txn->body_type = i;
			return REPLY_OK;
		}
	return REPLY_BAD_BODY;
}

static enum smtp_reply
param_smtputf8(struct smtp *s, struct span value)
{
	(void)value;
	s->txn->is_smtputf8 = true;
	return REPLY_OK;
}

static enum smtp_reply
param_ret(struct smtp *s, struct span value)
{
	if (span_is_equal_nocase(value, SPAN("FULL")))
		s->txn->ret = ENVELOPE_RET_FULL;
	else if (span_is_equal_nocase(value, SPAN("HDRS")))
		s->txn->ret = ENVELOPE_RET_HDRS;
	else
		return REPLY_BAD_RET;
	return REPLY_OK;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

bool
smtp_is_xtext(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '!' || s.p[i] > '~' || s.p[i] == '=')
			return false;
		if (s.p[i] != '+')
			continue;
		if (s.len - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
			return false;
		i += 2;
	}
	return s.len > 0;
}

static enum smtp_reply
param_envid(struct smtp *s, struct span value)
{
	if (value.len >= sizeof(s->txn->envid) || !smtp_is_xtext(value))
		return REPLY_BAD_ENVID;
	s->txn->envid_len = (uint16_t)span_copy(value, s->txn->envid,
						sizeof(s->txn->envid));
	return REPLY_OK;
}

/* RFC 4954 section 5: said in the log, believed by nobody. */
static enum smtp_reply
param_auth(struct smtp *s, struct span value)
{
	if (!s->cfg->is_auth || !s->is_auth_possible)
		return REPLY_AUTH_DISABLED;
	if (span_is_equal(value, SPAN("<>")))
		return REPLY_OK;
	span_copy(value, s->txn->auth_sender, sizeof(s->txn->auth_sender));
	for (char *c = s->txn->auth_sender; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return REPLY_OK;
}

static enum smtp_reply
param_notify(struct smtp *s, struct span value)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} rows[] = {
		{ "NEVER", ENVELOPE_NOTIFY_NEVER },
		{ "SUCCESS", ENVELOPE_NOTIFY_SUCCESS },
		{ "FAILURE", ENVELOPE_NOTIFY_FAILURE },
		{ "DELAY", ENVELOPE_NOTIFY_DELAY },
	};
	uint8_t bits = 0;

	for (;;) {
		size_t comma = span_find(value, ',');
		struct span word = span_to(value, comma);
		uint8_t bit = 0;

		for (size_t i = 0; i < ARRAY_N(rows); i++)
			if (span_is_equal_nocase(word, span_of(rows[i].name)))
				bit = rows[i].bit;
		if (bit == 0 || (bits & bit))
			return REPLY_BAD_NOTIFY;
		bits |= bit;
		if (comma == value.len)
			break;
		value = span_from(value, comma + 1);
	}
	if ((bits & ENVELOPE_NOTIFY_NEVER) && bits != ENVELOPE_NOTIFY_NEVER)
		return REPLY_BAD_NOTIFY;
	s->txn->notify = bits;
	return REPLY_OK;
}

/* RFC 6533 section 3, whose \x{...} is made of harmless bytes too. */
static bool
is_utf8_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return span_is_utf8(s);
}

/* RFC 3461 section 4.2: addr-type ";" xtext; RFC 6533 for utf-8. */
static enum smtp_reply
param_orcpt(struct smtp *s, struct span value)
{
	size_t semi = span_find(value, ';');

	if (semi == 0 || semi + 1 >= value.len ||
	    value.len >= sizeof(s->txn->orcpt))
		return REPLY_BAD_ORCPT;
	for (size_t i = 0; i < semi; i++)
		if (!ascii_is_alnum(value.p[i]) && value.p[i] != '-')
			return REPLY_BAD_ORCPT;
	if (span_is_equal_nocase(span_to(value, semi), SPAN("utf-8"))
		    ? !is_utf8_text(span_from(value, semi + 1))
		    : !smtp_is_xtext(span_from(value, semi + 1)))
		return REPLY_BAD_ORCPT;
	s->txn->orcpt_len = (uint16_t)span_copy(value, s->txn->orcpt,
						sizeof(s->txn->orcpt));
	return REPLY_OK;
}

static const struct {
	const char *name;
	bool is_mail, has_value, is_dsn;
	enum smtp_reply (*set)(struct smtp *s, struct span value);
} params[PARAM_N] = {
	[PARAM_SIZE] = { "SIZE", true, true, false, param_size },
	[PARAM_BODY] = { "BODY", true, true, false, param_body },
	[PARAM_SMTPUTF8] = { "SMTPUTF8", true, false, false, param_smtputf8 },
	[PARAM_RET] = { "RET", true, true, true, param_ret },
	[PARAM_ENVID] = { "ENVID", true, true, true, param_envid },
	[PARAM_AUTH] = { "AUTH", true, true, false, param_auth },
	[PARAM_NOTIFY] = { "NOTIFY", false, true, true, param_notify },
	[PARAM_ORCPT] = { "ORCPT", false, true, true, param_orcpt },
};

static bool
is_offered(const struct smtp *s, enum param p)
{
	if (p == PARAM_SMTPUTF8)
		return s->cfg->is_smtputf8 && !smtp_is_discarded(s, "SMTPUTF8");
	if (p == PARAM_BODY)
		return !s->cfg->is_8bitmime_disabled;
	return true;
}

static enum smtp_reply
param_one(struct smtp *s, struct span word, bool is_mail, uint32_t *seen,
	  const char **arg_out)
{
	size_t eq = span_find(word, '=');

	for (int i = 0; i < PARAM_N; i++) {
		if (params[i].is_mail != is_mail ||
		    params[i].has_value != (eq < word.len) ||
		    !span_is_equal_nocase(span_to(word, eq),
					  span_of(params[i].name)) ||
		    !is_offered(s, (enum param)i))
			continue;
		if (*seen & (1u << i)) {
			*arg_out = params[i].name;
			return i == PARAM_AUTH ? REPLY_AUTH_TWICE : REPLY_TWICE;
		}
		*seen |= 1u << i;
		if (params[i].is_dsn && smtp_is_discarded(s, "DSN"))
			return REPLY_NO_DSN;
		return params[i].set(s, eq < word.len ? span_from(word, eq + 1)
						      : word);
	}
	/* Quoted back, so kept where it outlives the line. */
	span_copy(word, s->txn->orcpt, 100);
	*arg_out = s->txn->orcpt;
	return REPLY_BAD_OPTION;
}

static enum smtp_reply
all(struct smtp *s, struct span args, bool is_mail, const char **arg_out)
{
	uint32_t seen = 0;
	struct span word;

	while ((word = span_word(&args, " \t")).len) {
		enum smtp_reply reply =
			param_one(s, word, is_mail, &seen, arg_out);

		if (reply != REPLY_OK)
			return reply;
	}
	return REPLY_OK;
}

enum smtp_reply
smtp_mail_params(struct smtp *s, struct span args, const char **arg_out)
{
	return all(s, args, true, arg_out);
}

enum smtp_reply
smtp_rcpt_params(struct smtp *s, struct span args, const char **arg_out)
{
	s->txn->notify = 0;
	s->txn->orcpt_len = 0;
	return all(s, args, false, arg_out);
}
