/* SPDX-License-Identifier: BSD-2-Clause */
/* A struct policy: compiled from its configuration, closed again. */
#include "engine/policy/policy_priv.h"

#include <stdlib.h>

static bool
has_word(const char *list, struct span wanted)
{
	struct span rest = span_of(list), word;

	while ((word = policy_word_next(&rest)).len > 0)
		if (span_is_equal_nocase(word, wanted))
			return true;
	return false;
}

/* propagate_unmatched_extensions; NULL: as Postfix has it. */
static bool
read_propagation(struct policy *p, struct diag *diag)
{
	static const char *const known[] = {
		"canonical", "virtual", "alias", "forward", "include", "generic"
	};
	const char *list = p->cfg->propagate_extensions;
	struct span rest, word;

	if (list == NULL)
		list = "canonical, virtual";
	rest = span_of(list);
	while ((word = policy_word_next(&rest)).len > 0) {
		bool ok = false;

		for (size_t i = 0; i < ARRAY_N(known); i++)
			ok |= span_is_equal_nocase(word, span_of(known[i]));
		if (ok)
			continue;
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "service %s: propagate_unmatched_extensions: unknown "
			 "word \"%.*s\"; known are canonical, virtual, alias, "
			 "forward, include, generic",
			 p->service, SPAN_FMT(word));
		return false;
	}
	p->is_canonical_ext = has_word(list, SPAN("canonical"));
	p->is_virtual_ext = has_word(list, SPAN("virtual"));
	p->is_alias_ext = has_word(list, SPAN("alias"));
	return true;
}

/* Of which kinds a host's addresses are looked up. */
static void
read_protocols(struct policy *p)
{
	const char *list = p->cfg->inet_protocols;

	if (list == NULL || has_word(list, SPAN("all")))
		return;
	p->is_without_v4 = !has_word(list, SPAN("ipv4"));
	p->is_without_v6 = !has_word(list, SPAN("ipv6"));
}

/* What virtual(8) needs; without it every mailbox would be deferred. */
static bool
check_virtual(const struct policy *p, struct diag *diag)
{
	const struct policy_cfg *cfg = p->cfg;
	struct span transport = span_of(cfg->virtual_transport);
	struct span base = span_of(cfg->virtual_mailbox_base);

	if (cfg->virtual_mailbox_domains == NULL ||
	    match_is_empty(cfg->virtual_mailbox_domains))
		return true;
	if (transport.len > 0 && transport.p[transport.len - 1] == ':')
		transport.len--;
	if (transport.len > 0 && !span_is_equal(transport, SPAN("virtual"))) {
		diag_add(
			diag, DIAG_ERROR, NULL, 0,
			"service %s: virtual_transport = %s: only virtual, the "
			"built-in delivery, exists yet",
			p->service, cfg->virtual_transport);
		return false;
	}
	if (base.len == 0 || base.p[0] != '/') {
		diag_add(diag, DIAG_ERROR, NULL, 0,
			 "service %s: virtual_mailbox_base = %s: give the "
			 "directory under which the mailboxes are, from /",
			 p->service, base.len ? base.p : "");
		return false;
	}
	return true;
}

struct policy *
policy_open(const struct policy_cfg *cfg, const char *service,
	    struct diag *diag)
{
	struct policy *p = must_alloc(sizeof(*p));
	bool ok;

	p->cfg = cfg;
	p->service = service;
	p->is_access_parent =
		cfg->parent_subdomains == NULL ||
		has_word(cfg->parent_subdomains, SPAN("smtpd_access_maps"));
	read_protocols(p);
	ok = read_propagation(p, diag);
	ok &= check_virtual(p, diag);
	ok &= policy_lists_open(p, diag);
	if (!ok)
		policy_close(&p);
	return p;
}

void
policy_close(struct policy **policy)
{
	if (*policy == NULL)
		return;
	policy_lists_close(*policy);
	free(*policy);
	*policy = NULL;
}
