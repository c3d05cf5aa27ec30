/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The restrictions that ask whether a name is in DNS: of the client, of HELO,
 * of a sender's or recipient's domain. What is not in the worker's cache ends
 * the pass: policy_wait(); questions that belong together go out together.
 */
#include "engine/policy/policy_priv.h"

const struct dns_answer *
policy_dns_find(struct policy_eval *e, struct span name, enum dns_type type)
{
	static const struct dns_answer nobody = { .status = DNS_TRYAGAIN,
						  .canonical = "" };
	static const struct dns_answer none = { .status = DNS_NXDOMAIN,
						.canonical = "" };
	const struct policy_query *q = e->query;

	/* A final dot is not part of a host's name: so says Postfix. */
	if (name.len > 0 && name.p[name.len - 1] == '.')
		return &none;
	if (q->pins == NULL || lookups_source(q->lookups, LOOKUP_DNS) == NULL)
		return &nobody;
	return dns_find(q->lookups, q->pins, name, type, q->now_us);
}

/* --- the client --- */

/* Nobody may say "no" for sure while the name is not looked up at all. */
static unsigned
client_code(const struct policy_eval *e, enum dns_client_status status)
{
	return status == DNS_CLIENT_TRYAGAIN
		       ? 450
		       : policy_code(e->policy->cfg->unknown_client_code, 450);
}

enum policy_answer
policy_eval_unknown_client(struct policy_eval *e,
			   const struct policy_rule *rule)
{
	const struct policy_query *q = e->query;
	char ip[IP_TEXT_MAX];

	if (q->client_status == DNS_CLIENT_OK)
		return POLICY_DUNNO;
	ip_print(&q->client_ip, ip);
	return policy_reject(
		e, POLICY_BY_POLICY, client_code(e, q->client_status), "4.7.25",
		"Client host rejected: cannot find your hostname, [%s]", ip);
}

enum policy_answer
policy_eval_unknown_reverse(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	const struct policy_query *q = e->query;
	char ip[IP_TEXT_MAX];

	if (q->reverse_status == DNS_CLIENT_OK)
		return POLICY_DUNNO;
	ip_print(&q->client_ip, ip);
	return policy_reject(
		e, POLICY_BY_POLICY, client_code(e, q->reverse_status), "4.7.1",
		"Client host rejected: cannot find your reverse hostname, [%s]",
		ip);
}

/* --- hosts and domains --- */

/*
 * The best that one of several types has to say of a name: a record of any is
 * enough; without one, what may come later is more than a no. NULL: not yet.
 */
static const struct dns_answer *
find_any(struct policy_eval *e, struct span name, const enum dns_type *types,
	 unsigned n)
{
	const struct dns_answer *best = NULL;
	bool is_missing = false;

	for (unsigned i = 0; i < n; i++) {
		const struct dns_answer *a = policy_dns_find(e, name, types[i]);

		is_missing |= a == NULL;
		if (a == NULL)
			continue;
		if (a->status == DNS_OK || a->status == DNS_NULL_MX)
			return is_missing ? NULL : a;
		if (best == NULL || a->status == DNS_TRYAGAIN)
			best = a;
	}
	return is_missing ? NULL : best;
}

/* The types of an address that this host can use. Gives their number. */
static unsigned
add_address_types(const struct policy_eval *e, enum dns_type *types, unsigned n)
{
	if (!e->policy->is_without_v4)
		types[n++] = DNS_A;
	if (!e->policy->is_without_v6)
		types[n++] = DNS_AAAA;
	return n;
}

/* What could not be found out now: said at once, or if nothing else speaks. */
PRINTF_LIKE(4, 5)
static enum policy_answer
defer(struct policy_eval *e, enum policy_tempfail action, const char *dsn,
      const char *fmt, ...)
{
	char text[POLICY_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (action == POLICY_TEMPFAIL_DEFER)
		return policy_reject(e, POLICY_BY_POLICY, 450, dsn, "%s", text);
	return policy_defer_if_permit(e, 450, dsn, "%s", text);
}

enum policy_answer
policy_eval_unknown_helo(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct dns_answer *answer;
	enum dns_type types[3];
	unsigned n;

	if (e->query->helo.len == 0)
		return POLICY_DUNNO;
	if (e->query->helo.p[0] == '[')
		return policy_eval_invalid_helo(e, rule);
	n = add_address_types(e, types, 0);
	types[n++] = DNS_MX;
	answer = find_any(e, e->query->helo, types, n);
	if (answer == NULL)
		return policy_wait(e);
	if (answer->status == DNS_OK)
		return POLICY_DUNNO;
	if (answer->status == DNS_TRYAGAIN)
		return defer(e, cfg->unknown_helo_tempfail, "4.7.1",
			     "<%s>: %s rejected: Host not found", e->helo,
			     POLICY_SUBJECT_HELO);
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(cfg->unknown_hostname_code, 450),
			     "4.7.1", "<%s>: %s rejected: Host not found",
			     e->helo, POLICY_SUBJECT_HELO);
}

/* A domain of somebody else: can mail be sent to it at all? */
static enum policy_answer
check_mail_host(struct policy_eval *e, struct span domain, const char *name,
		bool is_sender)
{
	const char *subject = is_sender ? POLICY_SUBJECT_SENDER
					: POLICY_SUBJECT_RCPT;
	const char *dsn = is_sender ? "4.1.8" : "4.1.2";
	const struct policy_cfg *cfg = e->policy->cfg;
	enum dns_type types[3] = { DNS_MX };
	const struct dns_answer *answer;

	answer = find_any(e, domain, types, add_address_types(e, types, 1));
	if (answer == NULL)
		return policy_wait(e);
	switch (answer->status) {
	case DNS_OK:
		return POLICY_DUNNO;
	case DNS_NULL_MX:
		return policy_reject(
			e, POLICY_BY_POLICY, is_sender ? 550 : 556,
			is_sender ? "4.7.27" : "4.1.10",
			"<%s>: %s rejected: Domain %.*s does not accept mail "
			"(nullMX)",
			name, subject, SPAN_FMT(domain));
	case DNS_TRYAGAIN:
		return defer(e, cfg->unknown_address_tempfail, dsn,
			     "<%s>: %s rejected: Domain not found", name,
			     subject);
	default:
		break;
	}
	return policy_reject(e, POLICY_BY_POLICY,
			     policy_code(cfg->unknown_address_code, 450), dsn,
			     "<%s>: %s rejected: Domain not found", name,
			     subject);
}

static enum policy_answer
check_domain(struct policy_eval *e, const struct policy_addr *addr,
	     const char *name, bool is_sender)
{
	if (addr == NULL || addr->addr->is_literal ||
	    addr->class == POLICY_CLASS_LOCAL ||
	    addr->class == POLICY_CLASS_ALIAS ||
	    addr->class == POLICY_CLASS_VIRTUAL)
		return POLICY_DUNNO;
	return check_mail_host(e, addr_domain(addr->addr), name, is_sender);
}

enum policy_answer
policy_eval_unknown_sender(struct policy_eval *e,
			   const struct policy_rule *rule)
{
	const struct policy_addr *sender;

	if (policy_eval_get_sender(e, &sender) == POLICY_REJECT)
		return POLICY_REJECT;
	return check_domain(e, sender, e->sender_text, true);
}

enum policy_answer
policy_eval_unknown_rcpt(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_addr *rcpt;

	if (policy_eval_get_rcpt(e, &rcpt) == POLICY_REJECT)
		return POLICY_REJECT;
	return check_domain(e, rcpt, e->rcpt_text, false);
}
