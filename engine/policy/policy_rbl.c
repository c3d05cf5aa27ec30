/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of addresses and of domains in DNS (RFC 5782): reject_rbl_client,
 * reject_rhsbl_..., permit_dnswl_client, permit_rhswl_client. Their argument is
 * "zone" or "zone=filter", the filter an address whose octets may be sets:
 * "127.0.0.[2..11;20]".
 */
#include "engine/policy/policy_priv.h"

#include <stdio.h>

/* --- the argument --- */

static bool
read_number(struct span *s, unsigned *out)
{
	unsigned n = 0;
	size_t i = 0;

	for (; i < s->len && s->p[i] >= '0' && s->p[i] <= '9' && n < 256; i++)
		n = n * 10 + (unsigned)(s->p[i] - '0');
	*s = span_from(*s, i);
	*out = n;
	return i > 0 && n < 256;
}

static void
allow(struct policy_rbl *rbl, unsigned octet, unsigned from, unsigned to)
{
	for (unsigned n = from; n <= to; n++)
		rbl->allowed[octet][n / 8] |= (uint8_t)(1u << n % 8);
}

/* "4", "[2;4..6]" */
static bool
read_octet(struct span *s, struct policy_rbl *rbl, unsigned octet)
{
	bool is_set = s->len > 0 && s->p[0] == '[';
	unsigned from, to;
	char sep = ';';

	if (!is_set) {
		if (!read_number(s, &from))
			return false;
		allow(rbl, octet, from, from);
		return true;
	}
	while (sep == ';') {
		*s = span_from(*s, 1);
		if (!read_number(s, &from))
			return false;
		to = from;
		if (s->len > 2 && s->p[0] == '.' && s->p[1] == '.') {
			*s = span_from(*s, 2);
			if (!read_number(s, &to) || to < from)
				return false;
		}
		allow(rbl, octet, from, to);
		if (s->len == 0)
			return false;
		sep = s->p[0];
	}
	*s = span_from(*s, 1);
	return sep == ']';
}

static bool
read_filter(struct span s, struct policy_rbl *rbl)
{
	for (unsigned octet = 0; octet < 4; octet++) {
		if (octet > 0) {
			if (s.len == 0 || s.p[0] != '.')
				return false;
			s = span_from(s, 1);
		}
		if (!read_octet(&s, rbl, octet))
			return false;
	}
	return s.len == 0;
}

bool
policy_rbl_read(struct span arg, struct policy_rbl *out)
{
	size_t at = span_find(arg, '=');

	memset(out, 0, sizeof(*out));
	if (at == 0 || arg.len >= sizeof(out->name))
		return false;
	span_copy(arg, out->name, sizeof(out->name));
	out->zone_len = (uint16_t)at;
	out->has_filter = at < arg.len;
	return !out->has_filter || read_filter(span_from(arg, at + 1), out);
}

static bool
is_allowed(const struct policy_rbl *rbl, const struct ip *ip)
{
	if (!rbl->has_filter)
		return true;
	for (unsigned i = 0; i < 4; i++) {
		unsigned n = ip->b[12 + i];

		if (!(rbl->allowed[i][n / 8] & 1u << n % 8))
			return false;
	}
	return true;
}

/* --- lookups --- */

enum listed { LISTED, NOT_LISTED, LISTED_UNKNOWN, LISTED_PENDING };

/* One question: whether name is in a zone. */
struct question {
	const struct policy_rbl *rbl;
	char name[DNS_REVERSE_MAX]; /* the whole, with its zone */
	size_t len;
};

static struct span
zone(const struct policy_rbl *rbl)
{
	return (struct span) { rbl->name, rbl->zone_len };
}

static bool
make_ip(struct question *q, const struct policy_rbl *rbl, const struct ip *ip)
{
	q->rbl = rbl;
	q->len = dns_reverse_name(ip, zone(rbl), q->name);
	return q->len > 0;
}

/* Of an address its domain. false: there is nothing to look up. */
static bool
make_domain(struct question *q, const struct policy_rbl *rbl, struct span what)
{
	size_t at = span_find_last(what, '@');
	int n;

	if (at < what.len)
		what = span_from(what, at + 1);
	if (what.len == 0 || what.p[0] == '[')
		return false;
	q->rbl = rbl;
	n = snprintf(q->name, sizeof(q->name), "%.*s.%.*s", SPAN_FMT(what),
		     rbl->zone_len, rbl->name);
	q->len = n < 0 ? 0 : (size_t)n;
	return q->len > 0 && q->len < sizeof(q->name);
}

static enum listed
find(struct policy_eval *e, const struct question *q)
{
	const struct dns_answer *answer;

	answer = policy_dns_find(e, (struct span) { q->name, q->len }, DNS_A);
	if (answer == NULL) {
		(void)policy_wait(e);
		return LISTED_PENDING;
	}
	if (answer->status == DNS_TRYAGAIN) {
		policy_say(e, "warning", "%s: RBL lookup error", q->name);
		return LISTED_UNKNOWN;
	}
	for (uint32_t i = 0; i < answer->records_n; i++)
		if (is_allowed(q->rbl, &answer->records[i].ip))
			return LISTED;
	return NOT_LISTED;
}

/* --- refusals --- */

/* The list's own words, if it has any. false: not yet. */
static bool
find_reason(struct policy_eval *e, const struct question *q, char *out,
	    size_t cap)
{
	const struct dns_answer *answer;
	size_t len = 0;

	out[0] = '\0';
	answer = policy_dns_find(e, (struct span) { q->name, q->len }, DNS_TXT);
	if (answer == NULL) {
		(void)policy_wait(e);
		return false;
	}
	for (uint32_t i = 0; i < answer->records_n && len + 4 < cap; i++) {
		if (i > 0)
			len += span_copy(SPAN(" / "), out + len, cap - len);
		len += span_copy(span_of(answer->records[i].name), out + len,
				 cap - len);
	}
	return true;
}

/* "554 5.7.1 text", as a template gave it. */
static enum policy_answer
refuse_with(struct policy_eval *e, struct span text)
{
	struct span code_text = span_word(&text, " \t");
	char dsn[16] = "4.7.1";
	uint64_t code;

	if (code_text.len != 3 || !span_to_u64(code_text, &code) ||
	    code < 400 || code > 599) {
		policy_say(e, "warning",
			   "rbl response code configuration error: %.*s",
			   SPAN_FMT(code_text));
		return policy_reject(e, POLICY_BY_POLICY, 450, "4.7.1",
				     "Service unavailable");
	}
	while (text.len > 0 && ascii_is_blank(text.p[0]))
		text = span_from(text, 1);
	text = policy_split_dsn(text, dsn);
	if (text.len == 0)
		text = SPAN("Service unavailable");
	return policy_reject(e, POLICY_BY_POLICY, (unsigned)code, dsn, "%.*s",
			     SPAN_FMT(text));
}

static enum policy_answer
refuse(struct policy_eval *e, const struct question *q, const char *what,
       const char *subject)
{
	struct policy_rbl_words words = { .rbl = q->rbl,
					  .what = what,
					  .subject = subject };
	const struct policy_cfg *cfg = e->policy->cfg;
	struct span template = span_of(cfg->rbl_reply);
	char text[POLICY_TEXT_MAX], copy[TABLE_VALUE_MAX];
	char reason[POLICY_TEXT_MAX];

	if (!find_reason(e, q, reason, sizeof(reason)))
		return POLICY_REJECT;
	words.reason = reason;
	if (policy_has_maps(cfg->rbl_reply_maps))
		switch (maps_find(cfg->rbl_reply_maps, span_of(q->rbl->name),
				  false, &e->buf, &template)) {
		case TABLE_FOUND:
			template.len = span_copy(template, copy, sizeof(copy));
			template.p = copy;
			break;
		case TABLE_ERROR:
			return policy_server_error(e);
		default:
			template = span_of(cfg->rbl_reply);
			break;
		}
	return refuse_with(
		e, (struct span) { text, policy_rbl_expand(e, &words, template,
							   text) });
}

static enum policy_answer
reject_domain(struct policy_eval *e, const struct policy_rbl *rbl,
	      const char *what, const char *subject)
{
	struct question q;

	if (!make_domain(&q, rbl, span_of(what)))
		return POLICY_DUNNO;
	switch (find(e, &q)) {
	case LISTED:
		return refuse(e, &q, what, subject);
	case LISTED_PENDING:
		return POLICY_REJECT;
	default:
		return POLICY_DUNNO;
	}
}

static enum policy_answer
reject_client(struct policy_eval *e, const struct policy_rbl *rbl)
{
	struct question q;
	char ip[IP_TEXT_MAX];

	if (!make_ip(&q, rbl, &e->query->client_ip))
		return POLICY_DUNNO;
	switch (find(e, &q)) {
	case LISTED:
		ip_print(&e->query->client_ip, ip);
		return refuse(e, &q, ip, POLICY_SUBJECT_CLIENT);
	case LISTED_PENDING:
		return POLICY_REJECT;
	default:
		return POLICY_DUNNO;
	}
}

enum policy_answer
policy_eval_rbl(struct policy_eval *e, const struct policy_rule *rule)
{
	return reject_client(e, rule->rbl);
}

/* The older form: every zone of maps_rbl_domains. */
enum policy_answer
policy_eval_maps_rbl(struct policy_eval *e, const struct policy_rule *rule)
{
	struct span rest = span_of(e->policy->cfg->maps_rbl_domains), word;
	enum policy_answer answer = POLICY_DUNNO;

	while (answer == POLICY_DUNNO &&
	       (word = policy_word_next(&rest)).len > 0) {
		struct policy_rbl rbl;

		if (policy_rbl_read(word, &rbl))
			answer = reject_client(e, &rbl);
	}
	return answer;
}

static bool
is_known(const char *name)
{
	return *name != '\0' &&
	       !span_is_equal_nocase(span_of(name), SPAN("unknown"));
}

enum policy_answer
policy_eval_rhsbl_client(struct policy_eval *e, const struct policy_rule *rule)
{
	if (!is_known(e->client_name))
		return POLICY_DUNNO;
	return reject_domain(e, rule->rbl, e->client_name,
			     POLICY_SUBJECT_CLIENT);
}

enum policy_answer
policy_eval_rhsbl_reverse(struct policy_eval *e, const struct policy_rule *rule)
{
	if (!is_known(e->reverse_name))
		return POLICY_DUNNO;
	return reject_domain(e, rule->rbl, e->reverse_name,
			     POLICY_SUBJECT_REVERSE);
}

enum policy_answer
policy_eval_rhsbl_helo(struct policy_eval *e, const struct policy_rule *rule)
{
	return reject_domain(e, rule->rbl, e->helo, POLICY_SUBJECT_HELO);
}

enum policy_answer
policy_eval_rhsbl_sender(struct policy_eval *e, const struct policy_rule *rule)
{
	return reject_domain(e, rule->rbl, e->sender_text,
			     POLICY_SUBJECT_SENDER);
}

enum policy_answer
policy_eval_rhsbl_rcpt(struct policy_eval *e, const struct policy_rule *rule)
{
	return reject_domain(e, rule->rbl, e->rcpt_text, POLICY_SUBJECT_RCPT);
}

/* --- permissions --- */

/*
 * Who is on a list may write, but not have mail relayed; and who may be on it
 * is not refused for good.
 */
static enum policy_answer
permit(struct policy_eval *e, const struct question *q, const char *name)
{
	if (e->query->stage == POLICY_RCPT && e->query->rcpt != NULL) {
		enum policy_answer answer =
			policy_eval_auth_destination(e, NULL);

		if (answer != POLICY_OK)
			return answer;
	}
	switch (find(e, q)) {
	case LISTED:
		return POLICY_OK;
	case LISTED_PENDING:
		return POLICY_REJECT;
	case LISTED_UNKNOWN:
		return policy_defer_if_reject(
			e, 450, "4.7.1", "<%s>: %s rejected: %s", name,
			POLICY_SUBJECT_CLIENT, "Service unavailable");
	default:
		return POLICY_DUNNO;
	}
}

enum policy_answer
policy_eval_dnswl(struct policy_eval *e, const struct policy_rule *rule)
{
	struct question q;
	char ip[IP_TEXT_MAX];

	if (!make_ip(&q, rule->rbl, &e->query->client_ip))
		return POLICY_DUNNO;
	ip_print(&e->query->client_ip, ip);
	return permit(e, &q, ip);
}

enum policy_answer
policy_eval_rhswl(struct policy_eval *e, const struct policy_rule *rule)
{
	struct question q;

	if (!is_known(e->client_name) ||
	    !make_domain(&q, rule->rbl, span_of(e->client_name)))
		return POLICY_DUNNO;
	return permit(e, &q, e->client_name);
}
