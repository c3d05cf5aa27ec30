/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `penstock check` says about address classes, aliases and mailboxes: all
 * that works, and not as its writer may expect. Large tables have many rows of
 * one kind: a few are named, the rest is counted.
 */
#include "engine/policy/policy_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define NAMED_MAX 5 /* rows named of one kind */

enum kind {
	KIND_COMMAND,
	KIND_FILE,
	KIND_INCLUDE,
	KIND_OWNER,
	KIND_BAD,
	KIND_MBOX,
	KIND_PATH,
	KIND_DOMAIN,
	KIND_N
};

static const struct {
	enum diag_level level;
	const char *text;
} kinds[KIND_N] = {
	[KIND_COMMAND] = { DIAG_WARNING,
			   "delivers to a command, which is not built yet: its "
			   "mail is deferred" },
	[KIND_FILE] = { DIAG_WARNING,
			"delivers to a file, which is not built yet: its mail "
			"is deferred" },
	[KIND_INCLUDE] = { DIAG_WARNING,
			   "delivers to an :include: list, which is not built "
			   "yet: its mail is deferred" },
	[KIND_OWNER] = { DIAG_NOTE,
			 "does not become the sender of what its list passes "
			 "on yet" },
	[KIND_BAD] = { DIAG_WARNING,
		       "has a target that is no address: its mail is refused "
		       "with 451 4.6.0" },
	[KIND_MBOX] = { DIAG_NOTE,
			"is an mbox file; a '/' behind the path makes it a "
			"maildir" },
	[KIND_PATH] = { DIAG_WARNING,
			"has a path with .. or control bytes: its mail is "
			"deferred" },
	[KIND_DOMAIN] = { DIAG_WARNING,
			  "is in a domain that virtual_mailbox_domains does "
			  "not have: it gets no mail" },
};

struct check {
	const struct policy *policy;
	struct diag *diag;
	bool is_local; /* alias_maps, not virtual_alias_maps */
	uint64_t n[KIND_N];
	const char *list, *other_list; /* two lists of domains, compared */
	const struct match *other;
};

static void
name_row(struct check *c, enum kind kind, const struct table *table,
	 struct span key)
{
	if (c->n[kind]++ < NAMED_MAX)
		diag_add(c->diag, kinds[kind].level, table_name(table), 0,
			 "%.*s %s", SPAN_FMT(key), kinds[kind].text);
}

/* How many there were beyond those named, then from zero. */
static void
count_rows(struct check *c, const char *parameter)
{
	for (int kind = 0; kind < KIND_N; kind++) {
		if (c->n[kind] > NAMED_MAX)
			diag_add(c->diag, kinds[kind].level, NULL, 0,
				 "%s: %llu more rows of which each %s",
				 parameter,
				 (unsigned long long)c->n[kind] - NAMED_MAX,
				 kinds[kind].text);
		c->n[kind] = 0;
	}
}

/* --- aliases --- */

static void
check_alias(void *ctx, const struct table *table, struct span key,
	    struct span value)
{
	static const enum kind special[] = {
		[POLICY_TARGET_COMMAND] = KIND_COMMAND,
		[POLICY_TARGET_FILE] = KIND_FILE,
		[POLICY_TARGET_INCLUDE] = KIND_INCLUDE,
		[POLICY_TARGET_BAD] = KIND_BAD,
	};
	struct check *c = ctx;
	unsigned named = 0; /* kinds, as bits: one line for a row */
	struct addr from, to;
	const char *why;
	struct span elem;

	/* What "@other" moves; any user will do. */
	must(addr_parse(SPAN("user@example.com"), &from, &why) == ADDR_OK);
	while (policy_rhs_next(&value, &elem)) {
		enum policy_target target;

		target = policy_target_read(c->policy, elem, &from, false,
					    false, c->is_local, &to);
		if (target == POLICY_TARGET_ADDR ||
		    target == POLICY_TARGET_USER ||
		    named & 1u << special[target])
			continue;
		named |= 1u << special[target];
		name_row(c, special[target], table, key);
	}
	if (c->is_local && span_has_prefix_nocase(key, SPAN("owner-")))
		name_row(c, KIND_OWNER, table, key);
}

/* "dom anything" declares a virtual alias domain: no address there. */
static void
check_virtual_alias(void *ctx, const struct table *table, struct span key,
		    struct span value)
{
	const struct check *c = ctx;
	const struct match *domains = c->policy->cfg->virtual_alias_domains;

	if (span_find(key, '@') == key.len && domains != NULL &&
	    match_name(domains, key) == TABLE_FOUND)
		return;
	check_alias(ctx, table, key, value);
}

static void
check_aliases(struct check *c)
{
	const struct policy_cfg *cfg = c->policy->cfg;

	c->is_local = true;
	if (policy_has_maps(cfg->alias_maps))
		(void)maps_each(cfg->alias_maps, check_alias, c);
	count_rows(c, "alias_maps");
	c->is_local = false;
	if (policy_has_maps(cfg->virtual_alias_maps))
		(void)maps_each(cfg->virtual_alias_maps, check_virtual_alias,
				c);
	count_rows(c, "virtual_alias_maps");
}

/* --- mailboxes --- */

static bool
has_parent(struct span path)
{
	struct span part;

	while ((part = span_word(&path, "/")).len > 0)
		if (span_is_equal(part, SPAN("..")))
			return true;
	return false;
}

static void
check_mailbox(void *ctx, const struct table *table, struct span key,
	      struct span value)
{
	struct check *c = ctx;
	const struct match *domains = c->policy->cfg->virtual_mailbox_domains;
	size_t at = span_find_last(key, '@');

	if (has_parent(value))
		name_row(c, KIND_PATH, table, key);
	else if (value.len == 0 || value.p[value.len - 1] != '/')
		name_row(c, KIND_MBOX, table, key);
	/* A table of domains may also be this one: "dom anything". */
	if (at < key.len && domains != NULL &&
	    match_name(domains, span_from(key, at + 1)) == TABLE_NOT_FOUND)
		name_row(c, KIND_DOMAIN, table, key);
}

static void
check_owner(struct check *c)
{
	const struct policy_cfg *cfg = c->policy->cfg;
	uint32_t uid, gid;

	if (!policy_static_owner(cfg, &uid, &gid)) {
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "virtual_uid_maps and virtual_gid_maps are not one "
			 "static: number each: mailboxes of several owners "
			 "can only be delivered to by a process that may "
			 "write as all of them");
		return;
	}
	if (uid == 0 || uid < cfg->virtual_minimum_uid || gid == 0)
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "mailbox owner %u:%u: uid below virtual_minimum_uid = "
			 "%u, or root: all mail is deferred",
			 uid, gid, cfg->virtual_minimum_uid);
}

static void
check_mailboxes(struct check *c)
{
	const struct policy_cfg *cfg = c->policy->cfg;

	if (cfg->virtual_mailbox_domains == NULL ||
	    match_is_empty(cfg->virtual_mailbox_domains))
		return;
	if (access(cfg->virtual_mailbox_base, F_OK) != 0)
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "virtual_mailbox_base = %s: %m",
			 cfg->virtual_mailbox_base);
	if (!policy_has_maps(cfg->virtual_mailbox_maps))
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "virtual_mailbox_maps is empty: mail for "
			 "virtual_mailbox_domains is deferred");
	else
		(void)maps_each(cfg->virtual_mailbox_maps, check_mailbox, c);
	count_rows(c, "virtual_mailbox_maps");
	check_owner(c);
}

bool
policy_static_owner(const struct policy_cfg *cfg, uint32_t *uid_out,
		    uint32_t *gid_out)
{
	struct span value;
	uint64_t uid, gid;

	if (!policy_has_maps(cfg->virtual_uid_maps) ||
	    !maps_is_static(cfg->virtual_uid_maps, &value) ||
	    !span_to_u64(span_trim(value), &uid) || uid >= UINT32_MAX)
		return false;
	if (!policy_has_maps(cfg->virtual_gid_maps) ||
	    !maps_is_static(cfg->virtual_gid_maps, &value) ||
	    !span_to_u64(span_trim(value), &gid) || gid >= UINT32_MAX)
		return false;
	*uid_out = (uint32_t)uid;
	*gid_out = (uint32_t)gid;
	return true;
}

/* --- domains in two classes --- */

static void
check_domain(void *ctx, struct span name)
{
	struct check *c = ctx;

	if (match_name(c->other, name) == TABLE_FOUND)
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "do not list domain %.*s in BOTH %s and %s",
			 SPAN_FMT(name), c->list, c->other_list);
}

static void
check_domains(struct check *c)
{
	const struct policy_cfg *cfg = c->policy->cfg;
	const struct {
		const char *name;
		const struct match *list;
	} lists[] = {
		{ "mydestination", cfg->mydestination },
		{ "virtual_alias_domains", cfg->virtual_alias_domains },
		{ "virtual_mailbox_domains", cfg->virtual_mailbox_domains },
		{ "relay_domains", cfg->relay_domains },
	};

	for (size_t i = 0; i < ARRAY_N(lists); i++) {
		for (size_t j = i + 1; j < ARRAY_N(lists); j++) {
			/* relay_domains = $mydestination is an old default. */
			if (lists[i].list == NULL || lists[j].list == NULL ||
			    (i == 0 && j == 3))
				continue;
			c->list = lists[i].name;
			c->other_list = lists[j].name;
			c->other = lists[j].list;
			match_each(lists[i].list, check_domain, c);
		}
	}
}

/* --- postmaster --- */

/* RFC 5321 section 4.5.1: somebody should read it. */
static void
check_postmaster(struct check *c)
{
	struct envelope_head head = { .queue_id = 0 };
	struct envelope_rcpt like = { .orig = SPAN("postmaster") }, rcpt;
	struct envelope env = { .p = NULL };
	char text[POLICY_TEXT_MAX] = "";
	struct addr postmaster;
	const char *why;
	uint32_t pos = 0;
	int code;

	must(addr_parse(SPAN("postmaster"), &postmaster, &why) == ADDR_OK);
	if (envelope_begin(&env, &head) != 0)
		return;
	code = policy_route(c->policy, &postmaster, &like, &env, text);
	if (code != 0)
		diag_add(c->diag, DIAG_WARNING, NULL, 0,
			 "mail for postmaster is refused: %d %s", code, text);
	while (envelope_rcpt_next(&env, &pos, &rcpt))
		if (rcpt.transport != ENVELOPE_VIRTUAL)
			diag_add(c->diag, DIAG_WARNING, NULL, 0,
				 "mail for postmaster goes to %.*s and is "
				 "deferred: %.*s",
				 SPAN_FMT(rcpt.rcpt), SPAN_FMT(rcpt.dest));
	envelope_fini(&env);
}

void
policy_check_cfg(const struct policy *policy, struct diag *diag)
{
	struct check c = { .policy = policy, .diag = diag };

	check_domains(&c);
	check_aliases(&c);
	check_mailboxes(&c);
	check_postmaster(&c);
}
