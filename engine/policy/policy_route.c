/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a recipient's mail goes: the last step, from an address to a transport
 * and a destination. The usual recipient, a virtual mailbox without an alias,
 * takes the short way through policy_route(); aliases are policy_expand.c's.
 *
 * What a mailbox lacks to be delivered (owner, a sane path) is accepted and
 * deferred, as Postfix does: the site's mistake is no reason to bounce.
 */
#include "engine/policy/policy_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define MISCONFIGURED "4.3.5 mail system configuration error: "

unsigned
policy_trouble(struct policy_router *r, unsigned code, const char *text)
{
	snprintf(r->text_out, POLICY_TEXT_MAX, "%s", text);
	return code;
}

static unsigned
lookup_failed(struct policy_router *r)
{
	snprintf(r->text_out, POLICY_TEXT_MAX,
		 "4.3.0 <%s>: Temporary lookup failure", r->name);
	return 451;
}

/* --- recipients into the envelope --- */

static bool
is_there(const struct envelope *env, const struct envelope_rcpt *rcpt)
{
	struct envelope_rcpt other;
	uint32_t pos = 0;

	while (envelope_rcpt_next(env, &pos, &other))
		if (span_is_equal(other.dest, rcpt->dest) &&
		    span_is_equal_nocase(other.rcpt, rcpt->rcpt))
			return true;
	return false;
}

enum policy_outcome
policy_add(struct policy_router *r, struct span rcpt,
	   enum envelope_transport transport, struct span dest, uint32_t uid,
	   uint32_t gid, unsigned *code_out)
{
	struct envelope_rcpt row = {
		.orig = r->like->orig,
		.rcpt = rcpt,
		.dest = dest,
		.orcpt = r->like->orcpt,
		.uid = uid,
		.gid = gid,
		.transport = (uint8_t)transport,
		.notify = r->like->notify,
	};
	int err;

	if (r->env->rcpt_n > 0 && is_there(r->env, &row))
		return POLICY_ADDED;
	err = envelope_rcpt_add(r->env, &row);
	if (err == 0)
		return POLICY_ADDED;
	*code_out = err == -EMSGSIZE
			    ? policy_trouble(r, 452,
					     "4.5.3 Error: too many recipients")
			    : policy_trouble(r, 451, "4.3.0 Error: no memory");
	return POLICY_FAILED;
}

static enum policy_outcome
add_error(struct policy_router *r, const struct policy_addr *addr,
	  const char *why, unsigned *code_out)
{
	return policy_add(r, addr_span(addr->addr), ENVELOPE_ERROR,
			  span_of(why), 0, 0, code_out);
}

/* --- virtual mailboxes --- */

/* A component of the path leads out of virtual_mailbox_base, or hides. */
static bool
is_bad_path(struct span path)
{
	struct span rest = path, part;
	bool has_dots = false;

	for (size_t i = 0; i < path.len; i++) {
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 127)
			return true;
		has_dots |= path.p[i] == '.' && i > 0 && path.p[i - 1] == '.';
	}
	while (has_dots && (part = span_word(&rest, "/")).len > 0)
		if (span_is_equal(part, SPAN("..")))
			return true;
	return path.len == 0;
}

/* The value was made for this lookup, from what the client chose. */
static bool
is_made(const struct table_buf *buf, struct span value)
{
	return value.p >= buf->text && value.p < buf->text + sizeof(buf->text);
}

/* virtual_mailbox_base/value. NULL, or what is wrong. */
static const char *
make_path(const struct policy_cfg *cfg, struct span value, bool has_slash,
	  char out[PATH_MAX], struct span *path_out)
{
	struct span base = span_of(cfg->virtual_mailbox_base);

	if (is_bad_path(value))
		return MISCONFIGURED "bad mailbox path";
	/* A pattern that takes '/' from the address would let it choose. */
	if (has_slash)
		return MISCONFIGURED "mailbox path from an address with '/'";
	if (base.len + 1 + value.len >= PATH_MAX)
		return MISCONFIGURED "mailbox path is too long";
	memcpy(out, base.p, base.len);
	out[base.len] = '/';
	memcpy(out + base.len + 1, value.p, value.len);
	*path_out = (struct span) { out, base.len + 1 + value.len };
	return NULL;
}

/* A number from a uid or gid map. */
static enum table_result
find_id(const struct policy *policy, const struct maps *maps,
	const struct policy_addr *addr, struct table_buf *buf, uint64_t *out)
{
	struct policy_hit hit;
	enum table_result res = policy_find(policy, maps, addr, buf, &hit);

	if (res == TABLE_FOUND && !span_to_u64(span_trim(hit.value), out))
		return TABLE_NOT_FOUND;
	return res;
}

/* NULL and the owner, or what is wrong; *failed: a table did. */
static const char *
find_owner(const struct policy *policy, const struct policy_addr *addr,
	   struct table_buf *buf, uint32_t *uid_out, uint32_t *gid_out,
	   bool *failed)
{
	const struct policy_cfg *cfg = policy->cfg;
	uint64_t uid, gid;
	enum table_result res;

	res = find_id(policy, cfg->virtual_uid_maps, addr, buf, &uid);
	*failed = res == TABLE_ERROR;
	if (res != TABLE_FOUND)
		return MISCONFIGURED "mailbox has no uid";
	if (uid < cfg->virtual_minimum_uid || uid == 0 || uid >= UINT32_MAX)
		return MISCONFIGURED "bad uid of a mailbox";
	res = find_id(policy, cfg->virtual_gid_maps, addr, buf, &gid);
	*failed = res == TABLE_ERROR;
	if (res != TABLE_FOUND)
		return MISCONFIGURED "mailbox has no gid";
	if (gid == 0 || gid >= UINT32_MAX)
		return MISCONFIGURED "bad gid of a mailbox";
	*uid_out = (uint32_t)uid;
	*gid_out = (uint32_t)gid;
	return NULL;
}

static enum policy_outcome
deliver_virtual(struct policy_router *r, const struct policy_addr *addr,
		struct span mailbox, struct table_buf *buf, unsigned *code_out)
{
	struct span local = addr_local(addr->addr);
	bool has_slash = is_made(buf, mailbox) &&
			 span_find(local, '/') < local.len;
	char path[PATH_MAX];
	uint32_t uid = 0, gid = 0;
	struct span dest = { path, 0 };
	bool failed = false;
	const char *why;

	why = make_path(r->policy->cfg, mailbox, has_slash, path, &dest);
	if (why == NULL)
		why = find_owner(r->policy, addr, buf, &uid, &gid, &failed);
	if (failed) {
		*code_out = lookup_failed(r);
		return POLICY_FAILED;
	}
	if (why != NULL)
		return add_error(r, addr, why, code_out);
	return policy_add(r, addr_span(addr->addr), ENVELOPE_VIRTUAL, dest, uid,
			  gid, code_out);
}

/* --- who is known --- */

static enum policy_known
is_in(const struct policy *policy, const struct maps *maps,
      const struct policy_addr *addr, struct table_buf *buf)
{
	struct policy_hit hit;

	/* No table at all: whoever it is is known. */
	if (!policy_has_maps(maps))
		return POLICY_KNOWN;
	switch (policy_find(policy, maps, addr, buf, &hit)) {
	case TABLE_FOUND:
		return POLICY_KNOWN;
	case TABLE_NOT_FOUND:
		return POLICY_NOT_KNOWN;
	default:
		return POLICY_KNOWN_ERROR;
	}
}

/* Names that every host has, whatever its tables say. */
static bool
is_special_local(const struct addr *a)
{
	struct span local = addr_local(a);

	return policy_is_postmaster(local) ||
	       span_is_equal_nocase(local, SPAN("double-bounce")) ||
	       span_is_equal_nocase(local, SPAN("mailer-daemon"));
}

unsigned
policy_say_unknown(const struct policy *policy, const struct policy_addr *addr,
		   const char *name, bool is_sender,
		   char text_out[POLICY_TEXT_MAX])
{
	const struct policy_cfg *cfg = policy->cfg;
	const struct {
		const char *table;
		uint32_t code;
	} classes[] = {
		[POLICY_CLASS_LOCAL] = { " in local recipient table",
					 cfg->unknown_local_recipient_reject_code },
		[POLICY_CLASS_ALIAS] = { " in virtual alias table",
					 cfg->unknown_virtual_alias_reject_code },
		[POLICY_CLASS_VIRTUAL] = { " in virtual mailbox table",
					   cfg->unknown_virtual_mailbox_reject_code },
		[POLICY_CLASS_RELAY] = { " in relay recipient table",
					 cfg->unknown_relay_recipient_reject_code },
		[POLICY_CLASS_DEFAULT] = { "", 0 },
	};
	unsigned code = policy_code(classes[addr->class].code, 550);
	const char *dsn = "1.1";

	if (is_sender)
		dsn = addr->class == POLICY_CLASS_ALIAS ? "1.7" : "1.0";
	snprintf(text_out, POLICY_TEXT_MAX,
		 "%u.%s <%s>: %s rejected: User unknown%s", code / 100, dsn,
		 name, is_sender ? POLICY_SUBJECT_SENDER : POLICY_SUBJECT_RCPT,
		 cfg->is_show_user_unknown_table_name
			 ? classes[addr->class].table
			 : "");
	return code;
}

enum policy_known
policy_is_known(const struct policy *policy, const struct policy_addr *addr,
		struct table_buf *buf)
{
	const struct policy_cfg *cfg = policy->cfg;

	switch (addr->class) {
	case POLICY_CLASS_LOCAL:
		if (is_special_local(addr->addr))
			return POLICY_KNOWN;
		return is_in(policy, cfg->local_recipient_maps, addr, buf);
	case POLICY_CLASS_VIRTUAL:
		return is_in(policy, cfg->virtual_mailbox_maps, addr, buf);
	case POLICY_CLASS_RELAY:
		return is_in(policy, cfg->relay_recipient_maps, addr, buf);
	case POLICY_CLASS_ALIAS:
		return POLICY_NOT_KNOWN;
	default:
		return POLICY_KNOWN;
	}
}

/* --- one address --- */

static enum policy_outcome
no_relay(struct policy_router *r, unsigned *code_out)
{
	snprintf(r->text_out, POLICY_TEXT_MAX,
		 "4.3.5 <%s>: Recipient address rejected: mail for other hosts "
		 "is not relayed yet: there is no relay transport",
		 r->name);
	*code_out = 451;
	return POLICY_RELAYED;
}

static enum policy_outcome
unknown(struct policy_router *r, const struct policy_addr *addr,
	unsigned *code_out)
{
	*code_out = policy_say_unknown(r->policy, addr, r->name, false,
				       r->text_out);
	return POLICY_UNKNOWN;
}

static enum policy_outcome
find_mailbox(struct policy_router *r, const struct policy_addr *addr,
	     unsigned *code_out)
{
	const struct policy_cfg *cfg = r->policy->cfg;
	struct policy_hit hit;
	struct table_buf buf;

	if (!policy_has_maps(cfg->virtual_mailbox_maps))
		return add_error(r, addr,
				 MISCONFIGURED "virtual_mailbox_maps is empty",
				 code_out);
	switch (policy_find(r->policy, cfg->virtual_mailbox_maps, addr, &buf,
			    &hit)) {
	case TABLE_FOUND:
		return deliver_virtual(r, addr, hit.value, &buf, code_out);
	case TABLE_NOT_FOUND:
		return unknown(r, addr, code_out);
	default:
		*code_out = lookup_failed(r);
		return POLICY_FAILED;
	}
}

enum policy_outcome
policy_deliver(struct policy_router *r, const struct policy_addr *addr,
	       unsigned *code_out)
{
	struct table_buf buf;

	if (addr->class == POLICY_CLASS_VIRTUAL)
		return find_mailbox(r, addr, code_out);
	switch (policy_is_known(r->policy, addr, &buf)) {
	case POLICY_NOT_KNOWN:
		return unknown(r, addr, code_out);
	case POLICY_KNOWN_ERROR:
		*code_out = lookup_failed(r);
		return POLICY_FAILED;
	default:
		break;
	}
	if (addr->class != POLICY_CLASS_LOCAL)
		return no_relay(r, code_out);
	return policy_add(r, addr_span(addr->addr), ENVELOPE_LOCAL,
			  SPAN("4.3.5 local delivery is not built yet"), 0, 0,
			  code_out);
}

/* --- the way in --- */

static bool
needs_expand(struct policy_router *r, const struct policy_addr *addr,
	     enum table_result *res)
{
	const struct policy_cfg *cfg = r->policy->cfg;
	struct policy_hit hit;
	struct table_buf buf;

	*res = TABLE_NOT_FOUND;
	if (r->is_postmaster || addr->class == POLICY_CLASS_LOCAL ||
	    policy_has_maps(cfg->recipient_canonical_maps) ||
	    policy_has_maps(cfg->canonical_maps))
		return true;
	*res = policy_find(r->policy, cfg->virtual_alias_maps, addr, &buf,
			   &hit);
	return *res == TABLE_FOUND;
}

int
policy_route(const struct policy *policy, const struct addr *rcpt,
	     const struct envelope_rcpt *like, struct envelope *env,
	     char text_out[POLICY_TEXT_MAX])
{
	struct policy_router r = { policy, like, env, text_out, false, "" };
	uint32_t before = env->rcpt_n;
	struct policy_addr addr;
	enum table_result res;
	unsigned code = 0;

	policy_print_addr(rcpt, r.name);
	r.is_postmaster = rcpt->at == rcpt->len &&
			  policy_is_postmaster(addr_local(rcpt));
	switch (policy_resolve(policy, rcpt, &addr)) {
	case POLICY_RESOLVE_ERROR:
		return (int)lookup_failed(&r);
	case POLICY_RESOLVE_BAD:
		return (int)policy_trouble(
			&r, 501, "5.1.3 Bad recipient address syntax");
	case POLICY_RESOLVE_OK:
		break;
	}
	if (needs_expand(&r, &addr, &res))
		code = (unsigned)policy_expand(&r, &addr);
	else if (res == TABLE_ERROR)
		code = lookup_failed(&r);
	else
		(void)policy_deliver(&r, &addr, &code);
	if (code != 0)
		envelope_rcpt_cut(env, before);
	return (int)code;
}
