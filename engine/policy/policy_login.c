/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restrictions about who the client has shown to be: by logging in, or by its
 * TLS certificate. Codes and sentences are Postfix's.
 */
#include "engine/policy/policy_priv.h"

/* --- logging in --- */

enum policy_answer
policy_eval_sasl(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_login *login = e->query->login;

	if (login == NULL ||
	    span_is_equal_nocase(span_of(login->method), SPAN("anonymous")))
		return POLICY_DUNNO;
	return POLICY_OK;
}

enum policy_answer
policy_eval_sasl_access(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_login *login = e->query->login;

	if (login == NULL)
		return POLICY_DUNNO;
	return policy_access_key(e, rule->table, span_of(login->user),
				 login->user, "SASL login name");
}

/* Who owns the sender: TABLE_FOUND, and then is the client one of them? */
static enum table_result
find_owner(struct policy_eval *e, const struct policy_addr *sender,
	   bool *is_owner_out)
{
	struct policy_hit hit;
	enum table_result res = policy_find(e->policy,
					    e->policy->cfg->sender_login_maps,
					    sender, &e->buf, &hit);
	const char *user = e->query->login ? e->query->login->user : "";
	struct span list = hit.value, word;

	*is_owner_out = false;
	if (res == TABLE_FOUND)
		while ((word = span_word(&list, ", \t\r\n")).len)
			if (span_is_equal_nocase(word, span_of(user)))
				*is_owner_out = true;
	return res;
}

/* is_unknown_fine: an address that nobody owns is anybody's. */
static enum policy_answer
mismatch(struct policy_eval *e, bool is_for_known, bool is_for_unknown,
	 bool is_unknown_fine)
{
	const struct policy_login *login = e->query->login;
	const struct policy_addr *sender;
	enum table_result res;
	bool is_owner;

	if (!e->policy->cfg->is_sasl_enabled ||
	    !policy_has_maps(e->policy->cfg->sender_login_maps) ||
	    !(login != NULL ? is_for_known : is_for_unknown))
		return POLICY_DUNNO;
	if (policy_eval_get_sender(e, &sender) == POLICY_REJECT)
		return POLICY_REJECT;
	if (sender == NULL)
		return POLICY_DUNNO;
	res = find_owner(e, sender, &is_owner);
	if (res == TABLE_ERROR)
		return policy_lookup_error(e, e->sender_text);
	if (login == NULL)
		return res != TABLE_FOUND
			       ? POLICY_DUNNO
			       : policy_reject(e, POLICY_BY_POLICY, 553,
					       "5.7.1",
					       "<%s>: Sender address rejected: "
					       "not logged in",
					       e->sender_text);
	if (is_owner || (res != TABLE_FOUND && is_unknown_fine))
		return POLICY_DUNNO;
	return policy_reject(e, POLICY_BY_POLICY, 553, "5.7.1",
			     "<%s>: Sender address rejected: not owned by "
			     "user %s",
			     e->sender_text, login->user);
}

enum policy_answer
policy_eval_mismatch(struct policy_eval *e, const struct policy_rule *rule)
{
	return mismatch(e, true, true, false);
}

enum policy_answer
policy_eval_known_mismatch(struct policy_eval *e,
			   const struct policy_rule *rule)
{
	return mismatch(e, true, true, true);
}

enum policy_answer
policy_eval_auth_mismatch(struct policy_eval *e, const struct policy_rule *rule)
{
	return mismatch(e, true, false, false);
}

enum policy_answer
policy_eval_unauth_mismatch(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	return mismatch(e, false, true, false);
}

/* --- certificates --- */

static bool
has_certificate(const struct policy_eval *e)
{
	return e->query->ccert != NULL && e->query->ccert->certificate[0];
}

/* One of the fingerprints is in relay_clientcerts. */
enum policy_answer
policy_eval_clientcerts(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct maps *maps = e->policy->cfg->relay_clientcerts;
	const struct policy_ccert *c = e->query->ccert;
	struct span value;

	if (!has_certificate(e) || !policy_has_maps(maps))
		return POLICY_DUNNO;
	for (int i = 0; i < 2; i++) {
		const char *key = i == 0 ? c->certificate : c->public_key;

		switch (maps_find(maps, span_of(key), false, &e->buf, &value)) {
		case TABLE_FOUND:
			return POLICY_OK;
		case TABLE_NOT_FOUND:
			break;
		default:
			return policy_lookup_error(e, e->client);
		}
	}
	return POLICY_DUNNO;
}

enum policy_answer
policy_eval_all_clientcerts(struct policy_eval *e,
			    const struct policy_rule *rule)
{
	if (has_certificate(e) && e->query->ccert->is_trusted)
		return POLICY_OK;
	return policy_eval_clientcerts(e, rule);
}

enum policy_answer
policy_eval_ccert_access(struct policy_eval *e, const struct policy_rule *rule)
{
	const struct policy_ccert *c = e->query->ccert;
	enum policy_answer answer;
	bool is_found;

	if (!has_certificate(e))
		return POLICY_DUNNO;
	answer = policy_access_found(e, rule->table, span_of(c->certificate),
				     e->client, "Client certificate",
				     &is_found);
	if (is_found)
		return answer;
	return policy_access_key(e, rule->table, span_of(c->public_key),
				 e->client, "Client certificate");
}
