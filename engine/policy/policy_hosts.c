/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_..._a_access, _mx_access, _ns_access: access tables asked for the names
 * and addresses of the hosts behind a domain; and the access tables of a
 * client's unverified name. None of them may say OK: whoever runs a domain's
 * DNS would decide what is let in.
 */
#include "engine/policy/policy_priv.h"

/* One domain, and whose it is. */
struct hosts {
	struct policy_eval *e;
	const struct table *table;
	const char *name; /* for the reply */
	const char *subject;
	bool is_found;
};

/* --- no OK --- */

static enum policy_answer
forbid_ok(struct policy_eval *e, const struct policy_rule *rule,
	  enum policy_answer answer, const char *name)
{
	if (answer != POLICY_OK || e->out->is_discard)
		return answer;
	policy_say(e, "warning",
		   "restriction %s returns OK for %.200s: this is not allowed "
		   "for security reasons; use DUNNO instead of OK if you want "
		   "to make an exception",
		   rule->word->name, name);
	return policy_server_error(e);
}

/* --- hosts --- */

static enum policy_answer
check_ip(struct hosts *h, const struct ip *ip)
{
	return policy_access_ip(h->e, h->table, ip, h->name, h->subject,
				&h->is_found);
}

/* Both kinds of a host's addresses, asked for at once. */
static enum policy_answer
check_addresses(struct hosts *h, struct span host)
{
	static const enum dns_type types[] = { DNS_HOST_A, DNS_HOST_AAAA };
	const struct policy *policy = h->e->policy;
	const bool is_off[] = { policy->is_without_v4, policy->is_without_v6 };
	const struct dns_answer *answers[2] = { NULL, NULL };
	enum policy_answer answer = POLICY_DUNNO;
	bool is_missing = false;

	for (unsigned i = 0; i < 2; i++) {
		if (is_off[i])
			continue;
		answers[i] = policy_dns_find(h->e, host, types[i]);
		is_missing |= answers[i] == NULL;
	}
	if (is_missing)
		return policy_wait(h->e);
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t r = 0;
		     answers[i] != NULL && r < answers[i]->records_n &&
		     answer == POLICY_DUNNO && !h->is_found;
		     r++)
			answer = check_ip(h, &answers[i]->records[r].ip);
	return answer;
}

/* A host that MX or NS names: its name first, then its addresses. */
static enum policy_answer
check_host(struct hosts *h, struct span host)
{
	enum policy_answer answer;
	struct ip ip;

	if (ip_parse(host, &ip))
		return check_ip(h, &ip);
	answer = policy_access_host(h->e, h->table, host, h->name, h->subject,
				    &h->is_found);
	if (answer != POLICY_DUNNO || h->is_found)
		return answer;
	return check_addresses(h, host);
}

/*
 * The records of a domain. Without an MX the domain itself stands for one;
 * without an NS its parents' are asked for. NULL: not yet.
 */
static const struct dns_answer *
find_servers(struct policy_eval *e, struct span domain, enum dns_type type)
{
	const struct dns_answer *answer = policy_dns_find(e, domain, type);

	while (type == DNS_NS && answer != NULL &&
	       (answer->status == DNS_NXDOMAIN ||
		answer->status == DNS_NODATA)) {
		size_t dot = span_find(domain, '.');

		if (dot + 1 >= domain.len)
			break;
		domain = span_from(domain, dot + 1);
		answer = policy_dns_find(e, domain, type);
	}
	return answer;
}

static enum policy_answer
check_servers(struct hosts *h, struct span domain, enum dns_type type)
{
	const struct dns_answer *servers = find_servers(h->e, domain, type);
	enum policy_answer answer = POLICY_DUNNO;

	if (servers == NULL)
		return policy_wait(h->e);
	if (type == DNS_MX &&
	    (servers->status == DNS_NXDOMAIN || servers->status == DNS_NODATA))
		return check_host(h, domain);
	if (servers->status != DNS_OK && servers->status != DNS_NULL_MX)
		policy_say(h->e, "warning",
			   "Unable to look up %s host for %.*s",
			   type == DNS_MX ? "MX" : "NS", SPAN_FMT(domain));
	for (uint32_t i = 0;
	     i < servers->records_n && answer == POLICY_DUNNO && !h->is_found;
	     i++)
		answer = check_host(
			h, (struct span) { servers->records[i].name,
					   servers->records[i].name_len });
	return answer;
}

/* what: a host's name, an address of mail, or one in brackets. */
static enum policy_answer
check(struct hosts *h, const struct policy_rule *rule, const char *what)
{
	struct span domain = span_of(what);
	size_t at = span_find_last(domain, '@');
	enum dns_type type = rule->word->dns;
	enum policy_answer answer;
	struct ip ip;

	if (at < domain.len)
		domain = span_from(domain, at + 1);
	if (domain.len == 0)
		return POLICY_DUNNO;
	if (domain.p[0] == '[') {
		if (type == DNS_NS || !addr_is_literal(domain, &ip))
			return POLICY_DUNNO;
		answer = check_ip(h, &ip);
	} else if (type == DNS_A) {
		answer = ip_parse(domain, &ip) ? check_ip(h, &ip)
					       : check_addresses(h, domain);
	} else {
		answer = check_servers(h, domain, type);
	}
	return forbid_ok(h->e, rule, answer, what);
}

/* --- restrictions --- */

static bool
is_known(const char *name)
{
	return *name != '\0' &&
	       !span_is_equal_nocase(span_of(name), SPAN("unknown"));
}

enum policy_answer
policy_eval_client_hosts(struct policy_eval *e, const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->client, POLICY_SUBJECT_CLIENT,
			   false };

	return is_known(e->client_name) ? check(&h, rule, e->client_name)
					: POLICY_DUNNO;
}

enum policy_answer
policy_eval_reverse_hosts(struct policy_eval *e, const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->reverse_name,
			   POLICY_SUBJECT_REVERSE, false };

	return is_known(e->reverse_name) ? check(&h, rule, e->reverse_name)
					 : POLICY_DUNNO;
}

enum policy_answer
policy_eval_helo_hosts(struct policy_eval *e, const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->helo, POLICY_SUBJECT_HELO,
			   false };

	return check(&h, rule, e->helo);
}

enum policy_answer
policy_eval_sender_hosts(struct policy_eval *e, const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->sender_text,
			   POLICY_SUBJECT_SENDER, false };

	return check(&h, rule, e->sender_text);
}

enum policy_answer
policy_eval_rcpt_hosts(struct policy_eval *e, const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->rcpt_text, POLICY_SUBJECT_RCPT,
			   false };

	return check(&h, rule, e->rcpt_text);
}

/* The name that PTR gives, whether it leads back or not, then the address. */
enum policy_answer
policy_eval_reverse_access(struct policy_eval *e,
			   const struct policy_rule *rule)
{
	struct hosts h = { e, rule->table, e->reverse_name,
			   POLICY_SUBJECT_REVERSE, false };
	enum policy_answer answer;

	answer = policy_access_host(e, rule->table, span_of(e->reverse_name),
				    h.name, h.subject, &h.is_found);
	if (answer == POLICY_DUNNO && !h.is_found)
		answer = check_ip(&h, &e->query->client_ip);
	return forbid_ok(e, rule, answer, e->reverse_name);
}
