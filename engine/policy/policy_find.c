/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups of an address in its several forms. The usual address (no quotes, no
 * extension) is looked up in place; others are put together in memory of the
 * stack first.
 */
#include "engine/policy/policy_priv.h"

struct find {
	const struct maps *maps;
	struct table_buf *buf;
	struct span domain; /* without '@' */
	struct span value;
};

static enum table_result
find_text(struct find *f, struct span key, bool is_partial)
{
	return maps_find(f->maps, key, is_partial, f->buf, &f->value);
}

/* Looks a plain local part up: as an address has it, then without quotes. */
static enum table_result
find_made(struct find *f, struct span local, bool has_domain, bool is_partial)
{
	struct span none = { "", 0 };
	enum table_result res;
	const char *why;
	struct addr a;
	char key[ADDR_BYTES_MAX + 1];
	size_t n = local.len;

	if (addr_make(local, has_domain ? f->domain : none, &a, &why) !=
	    ADDR_OK)
		return TABLE_NOT_FOUND;
	res = find_text(f, addr_span(&a), is_partial);
	/* An empty local part without its quotes would be "@domain". */
	if (res != TABLE_NOT_FOUND || a.text[0] != '"' || local.len == 0)
		return res;
	memcpy(key, local.p, n);
	if (has_domain) {
		key[n++] = '@';
		memcpy(key + n, f->domain.p, f->domain.len);
		n += f->domain.len;
	}
	return find_text(f, (struct span) { key, n }, is_partial);
}

/* Everything but "@domain", for addresses with quotes or an extension. */
static enum table_result
find_odd(struct find *f, const struct policy_addr *addr, struct span local,
	 size_t ext_at, struct policy_hit *hit)
{
	bool has_ext = ext_at < local.len;
	struct span user = span_to(local, ext_at);
	enum table_result res = find_made(f, local, true, false);

	if (res == TABLE_NOT_FOUND && has_ext) {
		res = find_made(f, user, true, true);
		hit->is_ext_left = res == TABLE_FOUND;
	}
	if (res != TABLE_NOT_FOUND || !addr->is_own)
		return res;
	res = find_made(f, local, false, true);
	if (res == TABLE_NOT_FOUND && has_ext) {
		res = find_made(f, user, false, true);
		hit->is_ext_left = res == TABLE_FOUND;
	}
	return res;
}

enum table_result
policy_find(const struct policy *policy, const struct maps *maps,
	    const struct policy_addr *addr, struct table_buf *buf,
	    struct policy_hit *hit)
{
	const struct addr *a = addr->addr;
	struct find f = { maps, buf, addr_domain(a), { "", 0 } };
	struct span local = addr_local(a);
	bool has_quotes = local.len > 0 && local.p[0] == '"';
	char plain[ADDR_BYTES_MAX];
	enum table_result res;
	size_t ext_at;

	hit->is_ext_left = false;
	if (!policy_has_maps(maps))
		return TABLE_NOT_FOUND;
	if (has_quotes)
		local = (struct span) { plain, addr_unquote(a, plain) };
	ext_at = policy_ext_at(policy, local);
	if (has_quotes || ext_at < local.len) {
		res = find_odd(&f, addr, local, ext_at, hit);
	} else {
		res = find_text(&f, addr_span(a), false);
		if (res == TABLE_NOT_FOUND && addr->is_own)
			res = find_text(&f, local, true);
	}
	if (res == TABLE_NOT_FOUND)
		res = find_text(&f, span_from(addr_span(a), a->at), true);
	hit->value = f.value;
	return res;
}
