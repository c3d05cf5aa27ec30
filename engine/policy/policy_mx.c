/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * permit_mx_backup: mail for domains that have this host among their MX.
 */
#include "engine/policy/policy_priv.h"

enum mine { MINE, NOT_MINE, MINE_UNKNOWN, MINE_PENDING };

static bool
is_my_ip(const struct policy_cfg *cfg, const struct ip *ip)
{
	const struct match *const lists[] = { cfg->inet_interfaces,
					      cfg->proxy_interfaces };

	for (size_t i = 0; i < ARRAY_N(lists); i++)
		if (lists[i] != NULL && !match_is_empty(lists[i]) &&
		    match_client(lists[i], SPAN(""), ip) == TABLE_FOUND)
			return true;
	return false;
}

/* Asks for a host's addresses. false: not yet. */
static bool
find_addresses(struct policy_eval *e, struct span host,
	       const struct dns_answer *answers[2])
{
	bool is_missing = false;

	answers[0] = answers[1] = NULL;
	if (!e->policy->is_without_v4) {
		answers[0] = policy_dns_find(e, host, DNS_HOST_A);
		is_missing |= answers[0] == NULL;
	}
	if (!e->policy->is_without_v6) {
		answers[1] = policy_dns_find(e, host, DNS_HOST_AAAA);
		is_missing |= answers[1] == NULL;
	}
	return !is_missing;
}

static enum mine
defer(struct policy_eval *e, const char *what, struct span host,
      const char *why)
{
	(void)policy_defer_if_reject(
		e, 450, "4.4.4",
		"<%s>: %s rejected: Unable to look up %s%.*s: %s", e->rcpt_text,
		POLICY_SUBJECT_RCPT, what, SPAN_FMT(host), why);
	return MINE_UNKNOWN;
}

/* One of the host's addresses is one of ours. */
static enum mine
is_my_host(struct policy_eval *e, struct span host)
{
	const struct dns_answer *answers[2];
	bool is_unknown = false;

	if (!find_addresses(e, host, answers)) {
		(void)policy_wait(e);
		return MINE_PENDING;
	}
	for (unsigned i = 0; i < 2; i++) {
		if (answers[i] == NULL)
			continue;
		is_unknown |= answers[i]->status == DNS_TRYAGAIN;
		for (uint32_t r = 0; r < answers[i]->records_n; r++)
			if (is_my_ip(e->policy->cfg,
				     &answers[i]->records[r].ip))
				return MINE;
	}
	return is_unknown ? defer(e, "mail exchanger host ", host,
				  "Temporary failure in name resolution")
			  : NOT_MINE;
}

static struct span
host_of(const struct dns_record *mx)
{
	return (struct span) { mx->name, mx->name_len };
}

/* This host is one of them, by its name or by its address. */
static enum mine
am_i_mx(struct policy_eval *e, const struct dns_answer *mx)
{
	const struct match *names = e->policy->cfg->mydestination;
	enum mine mine = NOT_MINE;

	for (uint32_t i = 0; i < mx->records_n; i++)
		if (names != NULL &&
		    match_name(names, host_of(&mx->records[i])) == TABLE_FOUND)
			return MINE;
	for (uint32_t i = 0; i < mx->records_n && mine != MINE; i++) {
		enum mine one = is_my_host(e, host_of(&mx->records[i]));

		if (one == MINE_PENDING || one == MINE)
			return one;
		if (one == MINE_UNKNOWN)
			mine = one;
	}
	return mine;
}

/* Every address of the first MX is in permit_mx_backup_networks. */
static enum mine
is_first_allowed(struct policy_eval *e, const struct dns_answer *mx)
{
	const struct match *nets = e->policy->cfg->mx_backup_networks;
	uint16_t best = UINT16_MAX;

	if (nets == NULL || match_is_empty(nets))
		return MINE;
	for (uint32_t i = 0; i < mx->records_n; i++)
		if (mx->records[i].pref < best)
			best = mx->records[i].pref;
	for (uint32_t i = 0; i < mx->records_n; i++) {
		const struct dns_answer *answers[2];

		if (mx->records[i].pref != best)
			continue;
		if (!find_addresses(e, host_of(&mx->records[i]), answers)) {
			(void)policy_wait(e);
			return MINE_PENDING;
		}
		for (unsigned k = 0; k < 2; k++)
			for (uint32_t r = 0;
			     answers[k] != NULL && r < answers[k]->records_n;
			     r++)
				if (match_client(nets, SPAN(""),
						 &answers[k]->records[r].ip) !=
				    TABLE_FOUND)
					return NOT_MINE;
	}
	return MINE;
}

static enum policy_answer
check_mx(struct policy_eval *e, struct span domain)
{
	const struct dns_answer *mx = policy_dns_find(e, domain, DNS_MX);
	enum mine mine;

	if (mx == NULL)
		return policy_wait(e);
	switch (mx->status) {
	case DNS_OK:
		mine = am_i_mx(e, mx);
		if (mine == MINE)
			mine = is_first_allowed(e, mx);
		break;
	case DNS_NXDOMAIN:
	case DNS_NODATA: /* no MX: the host itself may be us */
		mine = is_my_host(e, domain);
		break;
	case DNS_NULL_MX:
		return POLICY_DUNNO;
	default:
		mine = defer(e, "mail exchanger information", SPAN(""),
			     "Host not found, try again");
		break;
	}
	if (mine == MINE_PENDING)
		return POLICY_REJECT;
	return mine == MINE ? POLICY_OK : POLICY_DUNNO;
}

enum policy_answer
policy_eval_mx_backup(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_cfg *cfg = e->policy->cfg;
	const struct policy_addr *rcpt;

	if (policy_eval_get_rcpt(e, &rcpt) == POLICY_REJECT)
		return POLICY_REJECT;
	if (rcpt == NULL)
		return POLICY_DUNNO;
	if (rcpt->class == POLICY_CLASS_LOCAL)
		return POLICY_OK;
	if (rcpt->is_routed && !cfg->is_untrusted_routing)
		return POLICY_DUNNO;
	if (rcpt->class != POLICY_CLASS_DEFAULT)
		return POLICY_OK;
	if (rcpt->addr->is_literal)
		return POLICY_DUNNO;
	return check_mx(e, addr_domain(rcpt->addr));
}
