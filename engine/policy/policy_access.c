/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_..._access: which keys an access(5) table is asked for, and what its
 * answers mean. An answer that is none of the actions is a restriction list of
 * its own, read where it stands.
 */
#include "engine/policy/policy_priv.h"

#include <stdio.h>

#define REPLY_MAX 512

/* One question to one table. */
struct access {
	struct policy_eval *e;
	const struct table *table; /* NULL: a server has answered */
	const char *name; /* who or what it is about, and in whose words */
	const char *subject;
	const char *source; /* of a server's answer */
	bool is_found;	    /* an answer there was: other keys do not count */
};

static const char *
kind(const struct access *a)
{
	return a->table != NULL ? "access table" : "policy server";
}

static const char *
source(const struct access *a)
{
	return a->table != NULL ? table_name(a->table) : a->source;
}

/* --- enhanced status codes --- */

/* The length of "5.7.1" at the start of text, or 0. */
static size_t
dsn_len(struct span text)
{
	unsigned digits = 0, dots = 0;
	size_t i = 1;

	if (text.len < 5 || strchr("245", text.p[0]) == NULL ||
	    text.p[0] == '\0' || text.p[1] != '.')
		return 0;
	for (; i < text.len && !ascii_is_blank(text.p[i]); i++) {
		if (text.p[i] == '.') {
			if (i > 1 && digits == 0)
				return 0;
			dots++;
			digits = 0;
		} else if (text.p[i] < '0' || text.p[i] > '9' || ++digits > 3) {
			return 0;
		}
	}
	return dots == 2 && digits > 0 ? i : 0;
}

/*
 * A code about addresses (X.1.n) is turned so that it fits what it is said of:
 * there are codes for recipients, others for senders, and none for hosts.
 */
static void
fit_dsn(const char *subject, char *dsn)
{
	static const char sender[] = "07877077"; /* 5.1.1 becomes 5.1.7 … */
	char last = dsn[4];

	/* Only X.1.N, one digit each. */
	if (strlen(dsn) != 5 || dsn[2] != '1')
		return;
	if (strcmp(subject, POLICY_SUBJECT_SENDER) == 0) {
		if (last >= '1' && last <= '7')
			dsn[4] = sender[last - '0'];
	} else if (strcmp(subject, POLICY_SUBJECT_RCPT) == 0) {
		if (last == '7')
			dsn[4] = '3';
		if (last == '8')
			dsn[4] = '2';
	} else {
		dsn[2] = dsn[4] = '0';
	}
}

struct span
policy_split_dsn(struct span text, char dsn[16])
{
	size_t n = dsn_len(text);

	if (n > 0 && n < 16) {
		span_copy(span_to(text, n), dsn, 16);
		text = span_from(text, n);
		while (text.len > 0 && ascii_is_blank(text.p[0]))
			text = span_from(text, 1);
	}
	return text;
}

/* --- actions --- */

enum verdict_kind { REFUSE, DEFER_PERMIT, DEFER_REJECT };

static enum policy_answer
refuse(struct access *a, enum verdict_kind kind, unsigned code,
       const char *default_dsn, struct span text, const char *otherwise)
{
	char dsn[16];

	snprintf(dsn, sizeof(dsn), "%s", default_dsn);
	text = policy_split_dsn(text, dsn);
	fit_dsn(a->subject, dsn);
	if (text.len == 0)
		text = span_of(otherwise);
	if (text.len > REPLY_MAX)
		text.len = REPLY_MAX;
	switch (kind) {
	case DEFER_PERMIT:
		return policy_defer_if_permit(
			a->e, code, dsn, "<%s>: %s rejected: %.*s", a->name,
			a->subject, SPAN_FMT(text));
	case DEFER_REJECT:
		return policy_defer_if_reject(
			a->e, code, dsn, "<%s>: %s rejected: %.*s", a->name,
			a->subject, SPAN_FMT(text));
	default:
		return policy_reject(a->e, POLICY_BY_POLICY, code, dsn,
				     "<%s>: %s rejected: %.*s", a->name,
				     a->subject, SPAN_FMT(text));
	}
}

static enum policy_answer
act_ok(struct access *a, struct span text)
{
	return POLICY_OK;
}

static enum policy_answer
act_dunno(struct access *a, struct span text)
{
	return POLICY_DUNNO;
}

static enum policy_answer
act_reject(struct access *a, struct span text)
{
	const struct policy_cfg *cfg = a->e->policy->cfg;

	return refuse(a, REFUSE, policy_code(cfg->access_map_reject_code, 554),
		      "5.7.1", text, "Access denied");
}

static enum policy_answer
act_defer(struct access *a, struct span text)
{
	const struct policy_cfg *cfg = a->e->policy->cfg;

	return refuse(a, REFUSE, policy_code(cfg->access_map_defer_code, 450),
		      "4.7.1", text, "Access denied");
}

static enum policy_answer
act_defer_if_permit(struct access *a, struct span text)
{
	const struct policy_cfg *cfg = a->e->policy->cfg;

	return refuse(a, DEFER_PERMIT,
		      policy_code(cfg->access_map_defer_code, 450), "4.7.1",
		      text, "Service unavailable");
}

static enum policy_answer
act_defer_if_reject(struct access *a, struct span text)
{
	const struct policy_cfg *cfg = a->e->policy->cfg;

	return refuse(a, DEFER_REJECT,
		      policy_code(cfg->access_map_defer_code, 450), "4.7.1",
		      text, "Service unavailable");
}

static enum policy_answer
act_warn(struct access *a, struct span text)
{
	policy_say(a->e, "warn", "%.*s", SPAN_FMT(text));
	return POLICY_DUNNO;
}

static enum policy_answer
act_info(struct access *a, struct span text)
{
	policy_say(a->e, "info", "%.*s", SPAN_FMT(text));
	return POLICY_DUNNO;
}

static enum policy_answer
act_discard(struct access *a, struct span text)
{
	if (text.len == 0)
		text = SPAN("triggers DISCARD action");
	policy_say(a->e, "discard", "<%s>: %s %.*s", a->name, a->subject,
		   SPAN_FMT(text));
	a->e->out->is_discard = true;
	return POLICY_OK;
}

/* "Name: text", RFC 5322 section 2.2. */
static bool
is_header(struct span text)
{
	size_t colon = span_find(text, ':');

	for (size_t i = 0; i < colon; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return colon > 0 && colon < text.len;
}

/* A header for the message, which comes before our own. */
static enum policy_answer
act_prepend(struct access *a, struct span text)
{
	struct policy_verdict *out = a->e->out;
	const char *why = NULL;

	if (a->e->is_silent)
		return POLICY_DUNNO;
	if (a->e->query->stage == POLICY_EOD)
		why = "comes too late";
	else if (!is_header(text))
		why = "wants \"header: text\" behind it";
	else if (out->headers_len + text.len + 1 > sizeof(out->headers))
		why = "has no room for more";
	if (why != NULL) {
		policy_say(a->e, "warning", "PREPEND %s: %s %.200s", why,
			   kind(a), source(a));
		return POLICY_DUNNO;
	}
	for (size_t i = 0; i < text.len; i++)
		out->headers[out->headers_len++] =
			(unsigned char)text.p[i] < ' ' ? ' ' : text.p[i];
	out->headers[out->headers_len++] = '\n';
	return POLICY_DUNNO;
}

/* To leave it out would do other than the table's writer means. */
static enum policy_answer
act_lacking(struct access *a, struct span text)
{
	policy_say(a->e, "warning",
		   "HOLD, FILTER, REDIRECT, BCC and HANGUP are not "
		   "built yet: %s %.200s",
		   kind(a), source(a));
	return policy_server_error(a->e);
}

static const struct {
	const char *word;
	enum policy_answer (*run)(struct access *a, struct span text);
} actions[] = {
	{ "OK", act_ok },
	{ "RELAY", act_ok },
	{ "DUNNO", act_dunno },
	{ "REJECT", act_reject },
	{ "DEFER", act_defer },
	{ "DEFER_IF_PERMIT", act_defer_if_permit },
	{ "DEFER_IF_REJECT", act_defer_if_reject },
	{ "WARN", act_warn },
	{ "INFO", act_info },
	{ "DISCARD", act_discard },
	{ "HOLD", act_lacking },
	{ "FILTER", act_lacking },
	{ "REDIRECT", act_lacking },
	{ "PREPEND", act_prepend },
	{ "BCC", act_lacking },
	{ "HANGUP", act_lacking },
};

/* --- an answer that is a list --- */

static enum policy_answer
bad_list(struct access *a, struct span word)
{
	if (word.len > 100)
		word.len = 100;
	policy_say(a->e, "warning", "\"%.*s\" is no action: %s %.200s",
		   SPAN_FMT(word), kind(a), source(a));
	return policy_server_error(a->e);
}

/* Tables and servers are opened with the configuration, or not at all. */
static bool
can_stand_in_table(const struct policy_word *word)
{
	return word->eval != NULL &&
	       (word->arg == POLICY_ARG_NONE || word->arg == POLICY_ARG_RBL);
}

static enum policy_answer
run_list(struct access *a, struct span value)
{
	struct policy_eval *e = a->e;
	enum policy_answer answer = POLICY_DUNNO;
	char text[TABLE_VALUE_MAX];
	struct policy_rule rule = { .word = NULL };
	struct span rest = { text, 0 }, word;
	struct policy_rbl rbl;

	/* Restrictions look things up too, and need the buffer. */
	rest.len = span_copy(value, text, sizeof(text));
	while (answer == POLICY_DUNNO &&
	       (word = policy_word_next(&rest)).len > 0) {
		if (span_is_equal_nocase(word, SPAN("warn_if_reject"))) {
			rule.is_warn = true;
			continue;
		}
		rule.word = policy_word_find(word);
		rule.class = policy_class_find(e->policy, word);
		if (rule.word == NULL ? rule.class == NULL
				      : !can_stand_in_table(rule.word))
			return bad_list(a, word);
		if (rule.word != NULL && rule.word->arg == POLICY_ARG_RBL) {
			if (!policy_rbl_read(policy_word_next(&rest), &rbl))
				return bad_list(a, word);
			rule.rbl = &rbl;
		}
		answer = policy_eval_rule(e, &rule);
		rule.is_warn = false;
		if (e->if_permit.is_active && e->if_reject.is_active)
			break;
	}
	return answer;
}

static enum policy_answer
obey_list(struct access *a, struct span value)
{
	struct policy_eval *e = a->e;
	const char *subject = e->subject, *name = e->name;
	enum policy_answer answer;

	if (e->depth >= 100)
		return policy_server_error(e);
	e->depth++;
	e->subject = a->subject;
	e->name = a->name;
	answer = run_list(a, value);
	e->subject = subject;
	e->name = name;
	e->depth--;
	return answer;
}

static bool
is_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.len > 0;
}

static enum policy_answer
obey(struct access *a, struct span value)
{
	struct span text = value, word;
	char dsn[] = "5.7.1";
	uint64_t code;

	a->is_found = true;
	value = text = span_trim(value);
	word = span_word(&text, " \t");
	text = span_trim(text);
	for (size_t i = 0; i < ARRAY_N(actions); i++)
		if (span_is_equal_nocase(word, span_of(actions[i].word)))
			return actions[i].run(a, text);
	/* A number alone is somebody's time stamp: yes, as in Postfix. */
	if (is_digits(value))
		return POLICY_OK;
	if (word.len == 3 && text.len > 0 && span_to_u64(word, &code) &&
	    code >= 400 && code < 600) {
		dsn[0] = word.p[0];
		return refuse(a, REFUSE, (unsigned)code, dsn, text,
			      "Access denied");
	}
	return obey_list(a, value);
}

enum policy_answer
policy_access_obey(struct policy_eval *e, const char *source,
		   struct span action)
{
	struct access a = { e, NULL, e->name, e->subject, source, false };

	return obey(&a, action);
}

/* --- keys --- */

static enum policy_answer
ask_key(struct access *a, struct span key, bool is_partial)
{
	struct policy_eval *e = a->e;
	struct span value;

	if (key.len == 0 || (is_partial && table_is_pattern(a->table)))
		return POLICY_DUNNO;
	switch (table_find(a->table, key, &e->buf, &value)) {
	case TABLE_FOUND:
		return obey(a, value);
	case TABLE_NOT_FOUND:
		return POLICY_DUNNO;
	default:
		a->is_found = true;
		policy_say(e, "warning", "lookup failed: access table %.200s",
			   table_name(a->table));
		return policy_server_error(e);
	}
}

/* A host name, then its parent domains; numbers have no parents. */
static enum policy_answer
ask_host(struct access *a, struct span name, bool is_partial)
{
	bool is_parent = a->e->policy->is_access_parent;
	enum policy_answer answer;
	struct ip ip;

	answer = ask_key(a, name, is_partial);
	if (ip_parse(name, &ip))
		return answer;
	while (!a->is_found && name.len > 0) {
		struct span tail = span_from(name, 1);

		name = span_from(tail, span_find(tail, '.'));
		/* "dom" stands for its subdomains, or only ".dom" does. */
		answer = ask_key(a,
				 is_parent && name.len > 0 ? span_from(name, 1)
							   : name,
				 true);
	}
	return answer;
}

/* An address, then what is left when its last part goes. */
static enum policy_answer
ask_ip(struct access *a, const struct ip *ip)
{
	char text[IP_TEXT_MAX];
	struct span key = { text, ip_print(ip, text) };
	char delimiter = ip_is_v4(ip) ? '.' : ':';
	enum policy_answer answer = ask_key(a, key, false);

	while (!a->is_found) {
		size_t at = span_find_last(key, delimiter);

		if (at == key.len)
			break;
		key = span_to(key, at);
		answer = ask_key(a, key, true);
	}
	return answer;
}

enum policy_answer
policy_access_client(struct policy_eval *e, const struct table *table)
{
	struct access a = { e,	  table, e->client, POLICY_SUBJECT_CLIENT,
			    NULL, false };
	enum policy_answer answer = ask_host(&a, e->query->client_name, false);

	return a.is_found ? answer : ask_ip(&a, &e->query->client_ip);
}

enum policy_answer
policy_access_helo(struct policy_eval *e, const struct table *table)
{
	struct access a = {
		e, table, e->helo, POLICY_SUBJECT_HELO, NULL, false
	};

	return ask_host(&a, e->query->helo, false);
}

enum policy_answer
policy_access_host(struct policy_eval *e, const struct table *table,
		   struct span host, const char *name, const char *subject,
		   bool *is_found)
{
	struct access a = { e, table, name, subject, NULL, false };
	enum policy_answer answer = ask_host(&a, host, false);

	*is_found |= a.is_found;
	return answer;
}

enum policy_answer
policy_access_ip(struct policy_eval *e, const struct table *table,
		 const struct ip *ip, const char *name, const char *subject,
		 bool *is_found)
{
	struct access a = { e, table, name, subject, NULL, false };
	enum policy_answer answer = ask_ip(&a, ip);

	*is_found |= a.is_found;
	return answer;
}

enum policy_answer
policy_access_null(struct policy_eval *e, const struct table *table)
{
	const char *key = e->policy->cfg->null_access_key;
	struct access a = { e, table, "", POLICY_SUBJECT_SENDER, NULL, false };

	return ask_key(&a, span_of(key != NULL && *key ? key : "<>"), false);
}

enum policy_answer
policy_access_found(struct policy_eval *e, const struct table *table,
		    struct span key, const char *name, const char *subject,
		    bool *is_found_out)
{
	struct access a = { e, table, name, subject, NULL, false };
	enum policy_answer answer = ask_key(&a, key, false);

	*is_found_out = a.is_found;
	return answer;
}

enum policy_answer
policy_access_key(struct policy_eval *e, const struct table *table,
		  struct span key, const char *name, const char *subject)
{
	bool is_found;

	return policy_access_found(e, table, key, name, subject, &is_found);
}

/* "user@", without its extension where is_bare. */
static enum policy_answer
ask_user(struct access *a, struct span local, struct span domain, bool is_first)
{
	char key[2 * ADDR_BYTES_MAX + 2];

	memcpy(key, local.p, local.len);
	key[local.len] = '@';
	memcpy(key + local.len + 1, domain.p, domain.len);
	return ask_key(a, (struct span) { key, local.len + 1 + domain.len },
		       !is_first);
}

/*
 * user+ext@dom, user@dom, dom and its parents, user+ext@, user@: access(5).
 * A yes for an address that names a way on is no yes.
 */
enum policy_answer
policy_access_mail(struct policy_eval *e, const struct table *table,
		   const struct policy_addr *addr, const char *name,
		   const char *subject)
{
	struct access a = { e, table, name, subject, NULL, false };
	struct span none = { "", 0 }, domain = addr_domain(addr->addr);
	char plain[ADDR_BYTES_MAX];
	struct span local = { plain, addr_unquote(addr->addr, plain) };
	struct span user = span_to(local, policy_ext_at(e->policy, local));
	const struct {
		struct span local, domain;
		bool is_wanted;
	} keys[] = {
		{ local, domain, true },
		{ user, domain, user.len < local.len },
		{ none, domain, true },
		{ local, none, true },
		{ user, none, user.len < local.len },
	};
	enum policy_answer answer = POLICY_DUNNO;

	for (size_t i = 0; i < ARRAY_N(keys) && !a.is_found; i++) {
		if (!keys[i].is_wanted)
			continue;
		answer = keys[i].local.len == 0 && i == 2
				 ? ask_host(&a, domain, true)
				 : ask_user(&a, keys[i].local, keys[i].domain,
					    i == 0);
	}
	if (answer == POLICY_OK && addr->is_routed && !e->out->is_discard &&
	    !e->policy->cfg->is_untrusted_routing &&
	    strcmp(subject, POLICY_SUBJECT_RCPT) == 0)
		return POLICY_DUNNO;
	return answer;
}
