/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The restrictions themselves: one short function per built row of
 * restrictions.def, named after it. Codes and sentences are Postfix's. What a
 * restriction asks for and is not known yet (no HELO, no recipient) is DUNNO.
 */
#include "engine/policy/policy_priv.h"

/* --- whatever it is about --- */

enum policy_answer
policy_eval_permit(struct policy_eval *e, const struct policy_rule *rule)
{
	return POLICY_OK;
}

enum policy_answer
policy_eval_reject(struct policy_eval *e, const struct policy_rule *rule)
{
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(e->policy->cfg->reject_code, 554),
			     "5.7.1", "<%s>: %s rejected: Access denied",
			     e->name, e->subject);
}

enum policy_answer
policy_eval_defer(struct policy_eval *e, const struct policy_rule *rule)
{
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(e->policy->cfg->defer_code, 450),
			     "4.3.2", "<%s>: %s rejected: Try again later",
			     e->name, e->subject);
}

enum policy_answer
policy_eval_defer_if_permit(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	return policy_defer_if_permit(
		e, 450, "4.7.0", "<%s>: %s rejected: defer_if_permit requested",
		e->name, e->subject);
}

enum policy_answer
policy_eval_defer_if_reject(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	return policy_defer_if_reject(
		e, 450, "4.7.0", "<%s>: %s rejected: defer_if_reject requested",
		e->name, e->subject);
}

enum policy_answer
policy_eval_plaintext(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;

	if (e->query->is_tls)
		return POLICY_DUNNO;
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(cfg->plaintext_reject_code, 450),
			     "4.7.1", "Session encryption is required");
}

/*
 * RFC 2920 section 3.1: EHLO, DATA and VRFY end a group; before EHLO was
 * answered, and with HELO, there are no groups at all.
 */
enum policy_answer
policy_eval_pipelining(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_query *q = e->query;
	bool is_esmtp = q->proto != NULL && strcmp(q->proto, "ESMTP") == 0;
	bool may_follow = q->stage == POLICY_EOD ||
			  (is_esmtp && (q->stage == POLICY_MAIL ||
					q->stage == POLICY_RCPT));

	if (!q->was_pipelined_badly && (!q->is_pipelined || may_follow))
		return POLICY_DUNNO;
	return policy_reject(
		e, POLICY_BY_POLICY, 503, "5.5.0",
		"<%s>: %s rejected: Improper use of SMTP command pipelining",
		e->name, e->subject);
}

/* --- the client --- */

bool
policy_is_my_network(const struct policy *policy, const struct ip *ip)
{
	const struct match *nets = policy->cfg->mynetworks;
	return nets != NULL && !match_is_empty(nets) &&
	       match_client(nets, SPAN(""), ip) == TABLE_FOUND;
}

static enum policy_answer
is_client_in(struct policy_eval *e, const struct match *list, struct span name)
{
	if (list == NULL || match_is_empty(list))
		return POLICY_DUNNO;
	switch (match_client(list, name, &e->query->client_ip)) {
	case TABLE_FOUND:
		return POLICY_OK;
	case TABLE_NOT_FOUND:
		return POLICY_DUNNO;
	default:
		return policy_lookup_error(e, e->client);
	}
}

enum policy_answer
policy_eval_mynetworks(struct policy_eval *e, const struct policy_rule *rule)
{
	return is_client_in(e, e->policy->cfg->mynetworks,
			    e->query->client_name);
}

enum policy_answer
policy_eval_inet_interfaces(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	return is_client_in(e, e->policy->cfg->inet_interfaces, SPAN(""));
}

enum policy_answer
policy_eval_client_access(struct policy_eval *e, const struct policy_rule *rule)
{
	return policy_access_client(e, rule->table);
}

/* --- HELO --- */

/* One trailing dot of a host name is fine, two are not. */
static struct span
without_dot(struct span name)
{
	if (name.len > 1 && name.p[name.len - 1] == '.' &&
	    name.p[name.len - 2] != '.')
		name.len--;
	return name;
}

static bool
is_fqdn(struct span name)
{
	const char *why;

	name = without_dot(name);
	return addr_is_hostname(name, &why) && span_find(name, '.') < name.len;
}

/* "[...]" that is no address. */
static enum policy_answer
check_helo_literal(struct policy_eval *e)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	struct ip ip;

	if (addr_is_literal(e->query->helo, &ip))
		return POLICY_DUNNO;
	return policy_reject(
		e, POLICY_BY_POLICY,
		policy_code(cfg->invalid_hostname_reject_code, 501), "5.5.2",
		"<%s>: %s rejected: invalid ip address", e->helo,
		POLICY_SUBJECT_HELO);
}

enum policy_answer
policy_eval_invalid_helo(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	struct span helo = e->query->helo;
	const char *why;
	struct ip ip;

	if (helo.len == 0)
		return POLICY_DUNNO;
	if (helo.p[0] == '[')
		return check_helo_literal(e);
	/* A bare address was common once, and Postfix lets it pass. */
	if (addr_is_hostname(without_dot(helo), &why) ||
	    ip_parse(without_dot(helo), &ip))
		return POLICY_DUNNO;
	return policy_reject(
		e, POLICY_BY_POLICY,
		policy_code(cfg->invalid_hostname_reject_code, 501), "5.5.2",
		"<%s>: %s rejected: Invalid name", e->helo,
		POLICY_SUBJECT_HELO);
}

enum policy_answer
policy_eval_non_fqdn_helo(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	struct span helo = e->query->helo;

	if (helo.len == 0)
		return POLICY_DUNNO;
	if (helo.p[0] == '[')
		return check_helo_literal(e);
	if (is_fqdn(helo))
		return POLICY_DUNNO;
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(cfg->non_fqdn_reject_code, 504),
			     "5.5.2",
			     "<%s>: %s rejected: need fully-qualified hostname",
			     e->helo, POLICY_SUBJECT_HELO);
}

enum policy_answer
policy_eval_etrn_access(struct policy_eval *e, const struct policy_rule *rule)
{
	bool is_found = false;

	if (e->query->etrn.len == 0)
		return POLICY_DUNNO;
	return policy_access_host(e, rule->table, e->query->etrn, e->name,
				  POLICY_SUBJECT_ETRN, &is_found);
}

enum policy_answer
policy_eval_helo_access(struct policy_eval *e, const struct policy_rule *rule)
{
	if (e->query->helo.len == 0)
		return POLICY_DUNNO;
	return policy_access_helo(e, rule->table);
}

/* --- addresses --- */

static enum policy_answer
check_fqdn(struct policy_eval *e, const struct addr *a, const char *name,
	   const char *subject)
{
	const struct policy_cfg *cfg = e->policy->cfg;

	if (a == NULL || a->len == 0 || a->is_literal ||
	    is_fqdn(addr_domain(a)))
		return POLICY_DUNNO;
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(cfg->non_fqdn_reject_code, 504),
			     "5.5.2",
			     "<%s>: %s rejected: need fully-qualified address",
			     name, subject);
}

enum policy_answer
policy_eval_non_fqdn_sender(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	return check_fqdn(e, e->query->sender, e->sender_text,
			  POLICY_SUBJECT_SENDER);
}

enum policy_answer
policy_eval_non_fqdn_rcpt(struct policy_eval *e, const struct policy_rule *rule)
{
	return check_fqdn(e, e->query->rcpt, e->rcpt_text, POLICY_SUBJECT_RCPT);
}

/*
 * In one of the maps that rewrite it, or in its class's table. An address that
 * only an alias knows is known: who it becomes is found out when it is routed.
 */
static enum policy_answer
check_listed(struct policy_eval *e, const struct policy_addr *addr,
	     const char *name, bool is_sender)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct maps *const rewriting[] = {
		cfg->recipient_canonical_maps,
		cfg->canonical_maps,
		cfg->virtual_alias_maps,
	};
	char text[POLICY_TEXT_MAX];
	struct policy_hit hit;
	unsigned code;

	for (size_t i = 0; i < ARRAY_N(rewriting); i++) {
		switch (policy_find(e->policy, rewriting[i], addr, &e->buf,
				    &hit)) {
		case TABLE_FOUND:
			return POLICY_DUNNO;
		case TABLE_ERROR:
			return policy_lookup_error(e, name);
		default:
			break;
		}
	}
	switch (policy_is_known(e->policy, addr, &e->buf)) {
	case POLICY_KNOWN:
		return POLICY_DUNNO;
	case POLICY_KNOWN_ERROR:
		return policy_lookup_error(e, name);
	default:
		break;
	}
	code = policy_say_unknown(e->policy, addr, name, is_sender, text);
	/* text has its enhanced code already: "5.1.1 …" */
	text[5] = '\0';
	return policy_reject(e, POLICY_BY_POLICY, code, text, "%s", text + 6);
}

enum policy_answer
policy_eval_unlisted_sender(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	const struct policy_addr *sender;

	if (policy_eval_get_sender(e, &sender) == POLICY_REJECT)
		return POLICY_REJECT;
	if (sender == NULL || e->is_sender_checked)
		return POLICY_DUNNO;
	e->is_sender_checked = e->warn_n == 0;
	return check_listed(e, sender, e->sender_text, true);
}

enum policy_answer
policy_eval_unlisted_rcpt(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_addr *rcpt;

	if (policy_eval_get_rcpt(e, &rcpt) == POLICY_REJECT)
		return POLICY_REJECT;
	if (rcpt == NULL || e->is_rcpt_checked)
		return POLICY_DUNNO;
	e->is_rcpt_checked = e->warn_n == 0;
	return check_listed(e, rcpt, e->rcpt_text, false);
}

enum policy_answer
policy_eval_multi_bounce(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct policy_query *q = e->query;
	/* At RCPT the one in question is not counted yet. */
	unsigned most = q->stage == POLICY_RCPT ? 0 : 1;

	if (q->sender == NULL || q->sender->len > 0 || q->rcpt_n <= most)
		return POLICY_DUNNO;
	return policy_reject(
		e, POLICY_BY_POLICY,
		policy_code(cfg->multi_recipient_bounce_reject_code, 550),
		"5.5.3", "<%s>: %s rejected: Multi-recipient bounce", e->name,
		e->subject);
}

enum policy_answer
policy_eval_sender_access(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_addr *sender;

	if (e->query->sender == NULL)
		return POLICY_DUNNO;
	if (e->query->sender->len == 0)
		return policy_access_null(e, rule->table);
	if (policy_eval_get_sender(e, &sender) == POLICY_REJECT)
		return POLICY_REJECT;
	return policy_access_mail(e, rule->table, sender, e->sender_text,
				  POLICY_SUBJECT_SENDER);
}

enum policy_answer
policy_eval_rcpt_access(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_addr *rcpt;

	if (policy_eval_get_rcpt(e, &rcpt) == POLICY_REJECT)
		return POLICY_REJECT;
	if (rcpt == NULL)
		return POLICY_DUNNO;
	return policy_access_mail(e, rule->table, rcpt, e->rcpt_text,
				  POLICY_SUBJECT_RCPT);
}

/* --- destinations --- */

/* Ours to deliver or to pass on, and it names no further way. */
enum policy_answer
policy_eval_auth_destination(struct policy_eval *e,
			     const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct policy_addr *rcpt;

	if (policy_eval_get_rcpt(e, &rcpt) == POLICY_REJECT)
		return POLICY_REJECT;
	if (rcpt == NULL || (rcpt->is_routed && !cfg->is_untrusted_routing))
		return POLICY_DUNNO;
	return rcpt->class == POLICY_CLASS_DEFAULT ? POLICY_DUNNO : POLICY_OK;
}

static enum policy_answer
unauth(struct policy_eval *e, unsigned code, const char *dsn)
{
	enum policy_answer answer = policy_eval_auth_destination(e, NULL);

	if (e->query->rcpt == NULL || answer == POLICY_OK)
		return POLICY_DUNNO;
	if (answer == POLICY_REJECT)
		return answer;
	return policy_reject(e, POLICY_BY_POLICY, code, dsn,
			     "<%s>: Relay access denied", e->rcpt_text);
}

enum policy_answer
policy_eval_reject_unauth(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;

	return unauth(e, policy_code(cfg->relay_domains_reject_code, 554),
		      "5.7.1");
}

enum policy_answer
policy_eval_defer_unauth(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;

	return unauth(e, policy_code(cfg->relay_domains_reject_code, 554) - 100,
		      "4.7.1");
}
