/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What trivial-rewrite(8) does for a recipient or sender: completes it, follows
 * ways through this host ("user%dom@here", "dom!user@here"), and says which
 * class its domain is in. The classes are asked in Postfix's order.
 */
#include "engine/policy/policy_priv.h"

#define HOPS_MAX 16 /* ways through this host within one address */

bool
policy_is_postmaster(struct span local)
{
	return span_is_equal_nocase(local, SPAN("postmaster"));
}

/* Names that Postfix never splits (its split_addr()). */
static bool
is_whole(const char *delimiters, struct span local)
{
	struct span tail = { local.p, 0 };

	if (policy_is_postmaster(local) ||
	    span_is_equal_nocase(local, SPAN("mailer-daemon")) ||
	    span_is_equal_nocase(local, SPAN("double-bounce")))
		return true;
	if (strchr(delimiters, '-') == NULL)
		return false;
	if (local.len > 8)
		tail = span_from(local, local.len - 8);
	return span_has_prefix_nocase(local, SPAN("owner-")) ||
	       span_is_equal_nocase(tail, SPAN("-request"));
}

size_t
policy_ext_at(const struct policy *policy, struct span local)
{
	const char *delimiters = policy->cfg->recipient_delimiter;

	if (delimiters == NULL || *delimiters == '\0')
		return local.len;
	for (size_t i = 0; i < local.len; i++) {
		if (local.p[i] == '\0' ||
		    strchr(delimiters, local.p[i]) == NULL)
			continue;
		if (i == 0 || is_whole(delimiters, local))
			return local.len;
		return i;
	}
	return local.len;
}

void
policy_print_addr(const struct addr *a, char out[ADDR_BYTES_MAX + 1])
{
	size_t n = addr_unquote(a, out);

	/* Without quotes it is never longer than it was. */
	memcpy(out + n, a->text + a->at, a->len - a->at);
	out[n + a->len - a->at] = '\0';
}

static enum table_result
in_list(const struct match *match, struct span name)
{
	if (match == NULL || match_is_empty(match))
		return TABLE_NOT_FOUND;
	return match_name(match, name);
}

/* "[192.0.2.1]" that is one of ours. */
static enum table_result
is_own_literal(const struct policy_cfg *cfg, struct span domain)
{
	const struct match *const lists[] = { cfg->inet_interfaces,
					      cfg->proxy_interfaces };
	struct span no_name = { "", 0 };
	struct ip ip;

	if (!addr_is_literal(domain, &ip))
		return TABLE_NOT_FOUND;
	for (size_t i = 0; i < ARRAY_N(lists); i++) {
		enum table_result res;

		if (lists[i] == NULL || match_is_empty(lists[i]))
			continue;
		res = match_client(lists[i], no_name, &ip);
		if (res != TABLE_NOT_FOUND)
			return res;
	}
	return TABLE_NOT_FOUND;
}

static enum table_result
is_local(const struct policy_cfg *cfg, const struct addr *a)
{
	struct span domain = addr_domain(a);
	enum table_result res = in_list(cfg->mydestination, domain);

	if (res == TABLE_NOT_FOUND && a->is_literal)
		res = is_own_literal(cfg, domain);
	return res;
}

/* The class of what is not local. */
static enum table_result
classify(const struct policy_cfg *cfg, struct span domain,
	 enum policy_class_id *class)
{
	const struct {
		const struct match *list;
		enum policy_class_id class;
	} steps[] = {
		{ cfg->virtual_alias_domains, POLICY_CLASS_ALIAS },
		{ cfg->virtual_mailbox_domains, POLICY_CLASS_VIRTUAL },
		{ cfg->relay_domains, POLICY_CLASS_RELAY },
	};

	for (size_t i = 0; i < ARRAY_N(steps); i++) {
		enum table_result res = in_list(steps[i].list, domain);

		*class = steps[i].class;
		if (res != TABLE_NOT_FOUND)
			return res;
	}
	*class = POLICY_CLASS_DEFAULT;
	return TABLE_FOUND;
}

/* Where a plain local part says "and on to": '@', then '!', then '%'. */
static bool
find_way(const struct policy_cfg *cfg, struct span local, size_t *at, char *op)
{
	*op = '@';
	*at = span_find_last(local, '@');
	if (*at < local.len)
		return true;
	*op = '!';
	*at = span_find(local, '!');
	if (cfg->is_swap_bangpath && *at < local.len)
		return true;
	*op = '%';
	*at = span_find_last(local, '%');
	return cfg->is_percent_hack && *at < local.len;
}

/* "user%dom", "dom!user", "user@dom" as an address of its own. */
static bool
follow_way(struct span local, size_t at, char op, struct addr *out)
{
	struct span left = span_to(local, at), right = span_from(local, at + 1);
	struct span user = op == '!' ? right : left;
	struct span domain = op == '!' ? left : right;
	const char *why;

	return user.len > 0 && domain.len > 0 &&
	       addr_make(user, domain, out, &why) == ADDR_OK;
}

/* A bare name gets a domain: the way that it names, else ours. */
static bool
qualify(const struct policy_cfg *cfg, const struct addr *a, struct addr *out)
{
	const char *domain = cfg->is_append_at_myorigin ? cfg->myorigin
							: cfg->myhostname;
	char plain[ADDR_BYTES_MAX], op;
	struct span local = { plain, addr_unquote(a, plain) };
	const char *why;
	size_t at;

	/* A quoted name is one name; its ways are looked at once it is ours. */
	if (a->text[0] != '"' && find_way(cfg, local, &at, &op))
		return follow_way(local, at, op, out);
	return addr_make(local, span_of(domain), out, &why) == ADDR_OK;
}

/* "user@host" becomes "user@host.mydomain". */
static bool
add_mydomain(const struct policy_cfg *cfg, const struct addr *a,
	     struct addr *out)
{
	char plain[ADDR_BYTES_MAX], name[ADDR_BYTES_MAX + 256];
	struct span local = { plain, addr_unquote(a, plain) };
	struct span host = addr_domain(a), mydomain = span_of(cfg->mydomain);
	const char *why;

	if (mydomain.len == 0 || mydomain.len > 255)
		return false;
	memcpy(name, host.p, host.len);
	name[host.len] = '.';
	memcpy(name + host.len + 1, mydomain.p, mydomain.len);
	return addr_make(local,
			 (struct span) { name, host.len + 1 + mydomain.len },
			 out, &why) == ADDR_OK;
}

/* Rewrites *a into what has a whole domain; a result may be out->own. */
static bool
complete(const struct policy_cfg *cfg, const struct addr *a,
	 struct policy_addr *out)
{
	struct addr made;
	struct span domain;

	out->addr = a;
	if (a->at == a->len) {
		if (!qualify(cfg, a, &made))
			return false;
		out->own = made;
		out->addr = &out->own;
	}
	domain = addr_domain(out->addr);
	if (!cfg->is_append_dot_mydomain || out->addr->is_literal ||
	    span_find(domain, '.') < domain.len)
		return true;
	if (add_mydomain(cfg, out->addr, &made)) {
		out->own = made;
		out->addr = &out->own;
	}
	return true;
}

static bool
has_way(const struct policy_cfg *cfg, const struct addr *a, char *plain,
	struct span *local, size_t *at, char *op)
{
	bool is_plain = a->at == 0 || a->text[0] != '"';

	*local = addr_local(a);
	if (!is_plain)
		*local = (struct span) { plain, addr_unquote(a, plain) };
	return find_way(cfg, *local, at, op);
}

enum policy_resolve
policy_resolve(const struct policy *policy, const struct addr *a,
	       struct policy_addr *out)
{
	const struct policy_cfg *cfg = policy->cfg;
	char plain[ADDR_BYTES_MAX], op;
	struct span local;
	size_t at;

	for (unsigned hop = 0; hop < HOPS_MAX; hop++) {
		enum table_result res;
		struct addr next;

		if (!complete(cfg, a, out))
			return POLICY_RESOLVE_BAD;
		a = out->addr;
		out->is_routed = has_way(cfg, a, plain, &local, &at, &op);
		res = is_local(cfg, a);
		if (res == TABLE_ERROR)
			return POLICY_RESOLVE_ERROR;
		if (res == TABLE_NOT_FOUND) {
			out->is_own = span_is_equal_nocase(
				addr_domain(a), span_of(cfg->myorigin));
			res = classify(cfg, addr_domain(a), &out->class);
			return res == TABLE_ERROR ? POLICY_RESOLVE_ERROR
						  : POLICY_RESOLVE_OK;
		}
		out->is_own = true;
		out->class = POLICY_CLASS_LOCAL;
		if (!out->is_routed)
			return POLICY_RESOLVE_OK;
		if (!follow_way(local, at, op, &next))
			return POLICY_RESOLVE_BAD;
		out->own = next;
		a = &out->own;
	}
	return POLICY_RESOLVE_BAD;
}
