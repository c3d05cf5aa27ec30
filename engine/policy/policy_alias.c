/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The right-hand side of an alias, cut into targets: virtual(5), aliases(5).
 * Addresses come as people write them ("Joe <joe@example.com>"); a target that
 * is none is said to be bad and never guessed at.
 */
#include "engine/policy/policy_priv.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the quoted string or comment that begins at i, or s.len. */
static size_t
skip_enclosed(struct span s, size_t i)
{
	bool is_comment = s.p[i] == '(';
	unsigned depth = 1;

	for (i++; i < s.len && depth > 0; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (is_comment && s.p[i] == '(')
			depth++;
		else if (s.p[i] == (is_comment ? ')' : '"'))
			depth--;
	}
	return i < s.len ? i : s.len;
}

/* The first byte of `set` that is in no quotes and no comment, or s.len. */
static size_t
find_open(struct span s, const char *set)
{
	size_t i = 0;

	while (i < s.len) {
		if (s.p[i] != '\0' && strchr(set, s.p[i]) != NULL)
			return i;
		if (s.p[i] == '"' || s.p[i] == '(')
			i = skip_enclosed(s, i);
		else
			i += s.p[i] == '\\' && i + 1 < s.len ? 2 : 1;
	}
	return s.len;
}

bool
policy_rhs_next(struct span *rest, struct span *elem_out)
{
	struct span group;
	size_t left, right;

	while (rest->len > 0) {
		if (is_blank(rest->p[0]) || rest->p[0] == ',')
			*rest = span_from(*rest, 1);
		else if (rest->p[0] == '(')
			*rest = span_from(*rest, skip_enclosed(*rest, 0));
		else
			break;
	}
	if (rest->len == 0)
		return false;
	group = span_to(*rest, find_open(*rest, ","));
	left = find_open(group, "<");
	if (left < group.len) {
		struct span inner = span_from(group, left + 1);

		right = find_open(inner, ">");
		*elem_out = span_trim(span_to(inner, right));
		*rest = span_from(*rest, group.len);
		return true;
	}
	*elem_out = span_to(*rest, find_open(group, " \t\r\n("));
	*rest = span_from(*rest, elem_out->len);
	return true;
}

/* aliases(5): quotes may stand around the whole of such a target. */
static enum policy_target
read_special(struct span elem)
{
	if (elem.len > 0 && elem.p[0] == '"')
		elem = span_from(elem, 1);
	if (elem.len > 0 && elem.p[0] == '|')
		return POLICY_TARGET_COMMAND;
	if (elem.len > 0 && elem.p[0] == '/')
		return POLICY_TARGET_FILE;
	if (span_has_prefix_nocase(elem, SPAN(":include:")))
		return POLICY_TARGET_INCLUDE;
	return POLICY_TARGET_ADDR;
}

/* "@domain": the user who was looked up, there. */
static bool
move_user(const struct policy *policy, struct span domain,
	  const struct addr *from, bool is_ext_left, struct addr *out)
{
	char plain[ADDR_BYTES_MAX];
	struct span user = { plain, addr_unquote(from, plain) };
	const char *why;

	if (is_ext_left)
		user = span_to(user, policy_ext_at(policy, user));
	return domain.len > 0 && addr_make(user, domain, out, &why) == ADDR_OK;
}

/* Puts the extension of `from` behind the user of *a. */
static bool
add_ext(const struct policy *policy, const struct addr *from, struct addr *a)
{
	char plain[ADDR_BYTES_MAX], user[2 * ADDR_BYTES_MAX];
	struct span ext = { plain, addr_unquote(from, plain) };
	struct addr made;
	const char *why;
	size_t n = addr_unquote(a, user);

	ext = span_from(ext, policy_ext_at(policy, ext));
	memcpy(user + n, ext.p, ext.len);
	if (addr_make((struct span) { user, n + ext.len }, addr_domain(a),
		      &made, &why) != ADDR_OK)
		return false;
	*a = made;
	return true;
}

enum policy_target
policy_target_read(const struct policy *policy, struct span elem,
		   const struct addr *from, bool is_ext_left,
		   bool is_propagated, bool is_local, struct addr *out)
{
	enum policy_target special = read_special(elem);
	enum policy_target kind = POLICY_TARGET_ADDR;
	const char *why;
	bool ok;

	if (is_local && special != POLICY_TARGET_ADDR)
		return special;
	if (is_local && elem.len > 1 && elem.p[0] == '\\') {
		kind = POLICY_TARGET_USER;
		elem = span_from(elem, 1);
	}
	if (elem.len > 0 && elem.p[0] == '@')
		ok = move_user(policy, span_from(elem, 1), from, is_ext_left,
			       out);
	else
		ok = addr_parse(elem, out, &why) == ADDR_OK && out->len > 0;
	if (ok && is_ext_left && is_propagated)
		ok = add_ext(policy, from, out);
	return ok ? kind : POLICY_TARGET_BAD;
}
