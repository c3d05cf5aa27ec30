/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aliases: canonical and virtual maps as cleanup(8) applies them, alias_maps as
 * local(8) does, until nothing more expands. Every address is a row of a work
 * list on the stack; rows behind it are what it expanded to. A list that grows
 * beyond its limits, or nests too deep (a loop does), is 451 4.6.0.
 *
 * With several targets, those that can be delivered decide: the others become
 * recipients that are deferred. Where no target can be, the sender is told.
 */
#include "engine/policy/policy_priv.h"

#include <stdio.h>
#include <string.h>

#define ROWS_MAX    4096
#define TEXT_MAX    (128u << 10)
#define ALIAS_ERROR "4.6.0 Alias expansion error"

enum row_state {
	ROW_NEW,
	ROW_EXPANDED, /* its targets stand behind it */
	ROW_FINAL,    /* goes where its class says */
	ROW_COMMAND,  /* a target of aliases(5) that is no address */
	ROW_FILE,
	ROW_INCLUDE,
	ROW_UNKNOWN, /* final, and was refused */
	ROW_RELAYED,
};

struct row {
	uint32_t at; /* of the address in text */
	uint16_t len;
	uint16_t depth;
	uint8_t state;	/* enum row_state */
	bool is_itself; /* came from itself: no virtual alias again */
	bool is_user;	/* the same for alias_maps */
};

struct expand {
	struct policy_router *r;
	unsigned code;	 /* once it failed */
	unsigned rows_n; /* of rows */
	unsigned live_n; /* of those, not expanded */
	uint32_t text_n;
	unsigned refused_n;
	unsigned refused_code;
	char refused_text[POLICY_TEXT_MAX];
	struct row rows[ROWS_MAX];
	char text[TEXT_MAX];
};

static bool
fail(struct expand *x, unsigned code, const char *text)
{
	x->code = policy_trouble(x->r, code, text);
	return false;
}

static bool
fail_lookup(struct expand *x)
{
	char text[POLICY_TEXT_MAX];

	snprintf(text, sizeof(text), "4.3.0 <%s>: Temporary lookup failure",
		 x->r->name);
	return fail(x, 451, text);
}

static struct row *
add_row(struct expand *x, struct span text, unsigned depth)
{
	const struct policy_cfg *cfg = x->r->policy->cfg;
	struct row *row = &x->rows[x->rows_n];

	if (depth > cfg->virtual_alias_recursion_limit || depth > UINT16_MAX ||
	    x->live_n >= cfg->virtual_alias_expansion_limit ||
	    x->rows_n == ROWS_MAX || text.len > TEXT_MAX - x->text_n) {
		fail(x, 451, ALIAS_ERROR);
		return NULL;
	}
	*row = (struct row) { .at = x->text_n,
			      .len = (uint16_t)text.len,
			      .depth = (uint16_t)depth };
	memcpy(x->text + x->text_n, text.p, text.len);
	x->text_n += (uint32_t)text.len;
	x->rows_n++;
	x->live_n++;
	return row;
}

static struct span
row_text(const struct expand *x, const struct row *row)
{
	return (struct span) { x->text + row->at, row->len };
}

/* The address of a row with its class. */
static bool
load(struct expand *x, const struct row *row, struct addr *a,
     struct policy_addr *out)
{
	const char *why;

	if (addr_parse(row_text(x, row), a, &why) != ADDR_OK)
		return fail(x, 451, ALIAS_ERROR);
	switch (policy_resolve(x->r->policy, a, out)) {
	case POLICY_RESOLVE_OK:
		return true;
	case POLICY_RESOLVE_ERROR:
		return fail_lookup(x);
	default:
		return fail(x, 451, ALIAS_ERROR);
	}
}

/* --- one step --- */

static const enum row_state special_states[] = {
	[POLICY_TARGET_COMMAND] = ROW_COMMAND,
	[POLICY_TARGET_FILE] = ROW_FILE,
	[POLICY_TARGET_INCLUDE] = ROW_INCLUDE,
};

/* What was found for one address, and how. */
struct found {
	const struct policy_addr *from;
	const struct policy_hit *hit;
	unsigned depth;
	bool is_propagated;
	bool is_alias; /* of alias_maps */
};

static bool
is_same_user(const struct policy *policy, const struct addr *a,
	     const struct addr *b)
{
	char x[ADDR_BYTES_MAX], y[ADDR_BYTES_MAX];
	struct span left = { x, addr_unquote(a, x) };
	struct span right = { y, addr_unquote(b, y) };

	return span_is_equal_nocase(
		span_to(left, policy_ext_at(policy, left)),
		span_to(right, policy_ext_at(policy, right)));
}

static bool
add_target(struct expand *x, const struct found *f, struct span elem)
{
	const struct policy *policy = x->r->policy;
	struct policy_addr to;
	enum policy_target kind;
	struct addr target;
	struct row *row;

	kind = policy_target_read(policy, elem, f->from->addr,
				  f->hit->is_ext_left, f->is_propagated,
				  f->is_alias, &target);
	if (kind == POLICY_TARGET_BAD)
		return fail(x, 451, ALIAS_ERROR);
	if (kind != POLICY_TARGET_ADDR && kind != POLICY_TARGET_USER) {
		row = add_row(x, addr_span(f->from->addr), f->depth);
		if (row != NULL)
			row->state = (uint8_t)special_states[kind];
		return row != NULL;
	}
	switch (policy_resolve(policy, &target, &to)) {
	case POLICY_RESOLVE_ERROR:
		return fail_lookup(x);
	case POLICY_RESOLVE_BAD:
		return fail(x, 451, ALIAS_ERROR);
	default:
		break;
	}
	row = add_row(x, addr_span(to.addr), f->depth);
	if (row == NULL)
		return false;
	row->is_itself = !f->is_alias &&
			 span_is_equal_nocase(addr_span(to.addr),
					      addr_span(f->from->addr));
	row->is_user = f->is_alias && to.class == POLICY_CLASS_LOCAL &&
		       (kind == POLICY_TARGET_USER ||
			is_same_user(policy, to.addr, f->from->addr));
	return true;
}

static bool
add_targets(struct expand *x, const struct found *f)
{
	struct span rest = f->hit->value, elem;
	unsigned n = 0;

	/* What expands is no recipient any more. */
	x->live_n--;
	while (policy_rhs_next(&rest, &elem)) {
		if (!add_target(x, f, elem))
			return false;
		n++;
	}
	return n > 0 || fail(x, 451, ALIAS_ERROR);
}

enum table_result
policy_find_alias(const struct policy *policy, const struct addr *addr,
		  struct table_buf *buf, struct policy_hit *hit)
{
	const struct maps *maps = policy->cfg->alias_maps;
	char plain[ADDR_BYTES_MAX];
	struct span local = { plain, addr_unquote(addr, plain) };
	size_t ext_at = policy_ext_at(policy, local);
	enum table_result res;

	hit->is_ext_left = false;
	if (!policy_has_maps(maps) || local.len == 0)
		return TABLE_NOT_FOUND;
	res = maps_find(maps, local, false, buf, &hit->value);
	if (res != TABLE_NOT_FOUND || ext_at == local.len)
		return res;
	hit->is_ext_left = true;
	return maps_find(maps, span_to(local, ext_at), false, buf, &hit->value);
}

/*
 * Bare postmaster is whoever alias_maps says, also where myorigin is no local
 * domain and has no such user: RFC 5321 section 4.5.1 wants somebody there.
 */
static enum table_result
find_postmaster(struct expand *x, const struct policy_addr *addr,
		struct table_buf *buf, struct policy_hit *hit)
{
	const struct policy *policy = x->r->policy;
	enum policy_known known;

	if (addr->class == POLICY_CLASS_VIRTUAL) {
		known = policy_is_known(policy, addr, buf);
		if (known != POLICY_NOT_KNOWN)
			return known == POLICY_KNOWN ? TABLE_NOT_FOUND
						     : TABLE_ERROR;
	}
	return policy_find_alias(policy, addr->addr, buf, hit);
}

/* Expands row i once, or says that it is final. */
static bool
step(struct expand *x, unsigned i)
{
	struct row *row = &x->rows[i];
	const struct policy *policy = x->r->policy;
	enum table_result res = TABLE_NOT_FOUND;
	struct policy_addr addr;
	struct policy_hit hit;
	struct table_buf buf;
	struct addr a;
	struct found f = { .from = &addr,
			   .hit = &hit,
			   .depth = row->depth + 1u,
			   .is_propagated = policy->is_virtual_ext };

	if (!load(x, row, &a, &addr))
		return false;
	if (!row->is_itself)
		res = policy_find(policy, policy->cfg->virtual_alias_maps,
				  &addr, &buf, &hit);
	if (res == TABLE_NOT_FOUND) {
		f.is_alias = true;
		f.is_propagated = policy->is_alias_ext;
		if (addr.class == POLICY_CLASS_LOCAL && !row->is_user)
			res = policy_find_alias(policy, addr.addr, &buf, &hit);
		else if (x->r->is_postmaster && i == 0)
			res = find_postmaster(x, &addr, &buf, &hit);
	}
	if (res == TABLE_ERROR)
		return fail_lookup(x);
	row->state = res == TABLE_FOUND ? ROW_EXPANDED : ROW_FINAL;
	return res == TABLE_NOT_FOUND || add_targets(x, &f);
}

/* --- what is final --- */

static const char *const special_texts[] = {
	[ROW_COMMAND] = "4.3.5 delivery to a command is not built yet",
	[ROW_FILE] = "4.3.5 delivery to a file is not built yet",
	[ROW_INCLUDE] = "4.3.5 delivery to an :include: list is not built yet",
};

/* Why a row was refused; a refusal that may pass is the one to tell. */
static void
refuse(struct expand *x, struct row *row, enum policy_outcome outcome,
       unsigned code)
{
	row->state = outcome == POLICY_UNKNOWN ? ROW_UNKNOWN : ROW_RELAYED;
	x->refused_n++;
	if (x->refused_code != 0 && (x->refused_code < 500 || code >= 500))
		return;
	x->refused_code = code;
	span_copy(span_of(x->r->text_out), x->refused_text,
		  sizeof(x->refused_text));
}

/* Adds a row's recipient. false: trouble, x->code says which. */
static bool
settle(struct expand *x, struct row *row)
{
	enum policy_outcome outcome = POLICY_ADDED;
	struct policy_addr addr;
	unsigned code = 0;
	struct addr a;

	switch (row->state) {
	case ROW_FINAL:
		if (!load(x, row, &a, &addr))
			return false;
		outcome = policy_deliver(x->r, &addr, &code);
		break;
	case ROW_COMMAND:
	case ROW_FILE:
	case ROW_INCLUDE:
		outcome = policy_add(x->r, row_text(x, row), ENVELOPE_LOCAL,
				     span_of(special_texts[row->state]), 0, 0,
				     &code);
		break;
	default:
		break;
	}
	if (outcome == POLICY_UNKNOWN || outcome == POLICY_RELAYED)
		refuse(x, row, outcome, code);
	else if (outcome == POLICY_FAILED)
		x->code = code;
	return outcome != POLICY_FAILED;
}

/* Recipients that cannot be delivered now, beside others that can. */
static bool
add_refused(struct expand *x, const struct row *row)
{
	static const char unknown[] = "4.1.1 target of an alias: user unknown";
	static const char relayed[] = "4.3.5 there is no relay transport yet";
	bool is_unknown = row->state == ROW_UNKNOWN;
	enum policy_outcome outcome;

	if (!is_unknown && row->state != ROW_RELAYED)
		return true;
	outcome = policy_add(x->r, row_text(x, row),
			     is_unknown ? ENVELOPE_ERROR : ENVELOPE_RELAY,
			     span_of(is_unknown ? unknown : relayed), 0, 0,
			     &x->code);
	return outcome == POLICY_ADDED;
}

static int
settle_all(struct expand *x)
{
	for (unsigned i = 0; i < x->rows_n; i++)
		if (!settle(x, &x->rows[i]))
			return (int)x->code;
	if (x->refused_n > 0 && x->refused_n == x->live_n &&
	    !x->r->is_postmaster)
		return (int)policy_trouble(x->r, x->refused_code,
					   x->refused_text);
	for (unsigned i = 0; x->refused_n > 0 && i < x->rows_n; i++)
		if (!add_refused(x, &x->rows[i]))
			return (int)x->code;
	return 0;
}

/* --- canonical maps --- */

/* One list of them, until it says nothing new; *a changes. */
static bool
canonical(struct expand *x, const struct maps *maps, struct addr *a)
{
	const struct policy *policy = x->r->policy;

	for (unsigned n = 0;; n++) {
		struct span rest, elem;
		struct policy_addr addr;
		struct policy_hit hit;
		struct table_buf buf;
		struct addr to;

		if (policy_resolve(policy, a, &addr) != POLICY_RESOLVE_OK)
			return fail_lookup(x);
		switch (policy_find(policy, maps, &addr, &buf, &hit)) {
		case TABLE_NOT_FOUND:
			return true;
		case TABLE_ERROR:
			return fail_lookup(x);
		default:
			break;
		}
		if (n >= policy->cfg->virtual_alias_recursion_limit)
			return fail(x, 451, ALIAS_ERROR);
		rest = hit.value;
		if (!policy_rhs_next(&rest, &elem) ||
		    policy_target_read(policy, elem, addr.addr, hit.is_ext_left,
				       policy->is_canonical_ext, false,
				       &to) != POLICY_TARGET_ADDR)
			return fail(x, 451, ALIAS_ERROR);
		if (span_is_equal_nocase(addr_span(&to), addr_span(a)))
			return true;
		*a = to;
	}
}

static int
run(struct expand *x, const struct policy_addr *addr)
{
	const struct policy_cfg *cfg = x->r->policy->cfg;
	struct addr a = *addr->addr;

	if (!canonical(x, cfg->recipient_canonical_maps, &a) ||
	    !canonical(x, cfg->canonical_maps, &a) ||
	    add_row(x, addr_span(&a), 0) == NULL)
		return (int)x->code;
	for (unsigned i = 0; i < x->rows_n; i++)
		if (x->rows[i].state == ROW_NEW && !step(x, i))
			return (int)x->code;
	return settle_all(x);
}

int
policy_expand(struct policy_router *r, const struct policy_addr *addr)
{
	/* Large, so it is left as it is but for its counts. */
	struct expand x;

	x.r = r;
	x.code = 0;
	x.rows_n = x.live_n = 0;
	x.text_n = 0;
	x.refused_n = x.refused_code = 0;
	return run(&x, addr);
}
