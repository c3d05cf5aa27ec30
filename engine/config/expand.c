/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The $name language by recursive descent. Each level of recursion is a struct
 * eval on the stack; the chain of names being replaced is found through it,
 * which is how a parameter that leads back to itself is named.
 */
#include "engine/config/expand.h"
#include "engine/config/line.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 60	 /* of names and braces together */
#define STEPS_MAX 100000 /* replacements in one value */

struct eval {
	const struct expand_env *env;
	const struct eval *outer;
	struct span name; /* whose value this is; empty: a part of it */
	unsigned depth;
	unsigned *steps;
	struct expand_error *error;
};

static int eval_text(const struct eval *e, struct span in, struct text *out);

PRINTF_LIKE(2, 3)
static int
fail(const struct eval *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->error->why, EXPAND_WHY_MAX, fmt, ap);
	va_end(ap);
	while (e->name.len == 0 && e->outer != NULL)
		e = e->outer;
	e->error->name = e->name;
	return -EINVAL;
}

static bool
is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '_';
}

static struct span
skip_space(struct span s)
{
	while (s.len && line_is_space(s.p[0]))
		s = span_from(s, 1);
	return s;
}

static struct span
cut_name(struct span *s)
{
	size_t n = 0;
	struct span name;

	while (n < s->len && is_name_char(s->p[n]))
		n++;
	name = span_to(*s, n);
	*s = span_from(*s, n);
	return name;
}

/*
 * s begins with an opening bracket: gives what is inside up to the one that
 * closes it and moves behind that. false when none closes it.
 */
static bool
cut_bracket(struct span *s, struct span *inside_out)
{
	char open = s->p[0], close = open == '{' ? '}' : ')';
	unsigned level = 0;

	for (size_t i = 0; i < s->len; i++) {
		if (s->p[i] == open)
			level++;
		if (s->p[i] == close && --level == 0) {
			*inside_out = (struct span) { s->p + 1, i - 1 };
			*s = span_from(*s, i + 1);
			return true;
		}
	}
	return false;
}

/* Expands a part of the value into out, one level deeper. */
static int
eval_part(const struct eval *outer, struct span name, struct span in,
	  struct text *out)
{
	struct eval e = { .env = outer->env,
			  .outer = outer,
			  .name = name,
			  .depth = outer->depth + 1,
			  .steps = outer->steps,
			  .error = outer->error };

	if (e.depth > DEPTH_MAX)
		return fail(outer,
			    "\"%.*s\" is nested too deeply: at most %d "
			    "levels",
			    SPAN_FMT(span_to(in, in.len < 40 ? in.len : 40)),
			    DEPTH_MAX);
	return eval_text(&e, in, out);
}

static int
eval_name(const struct eval *e, struct span name, struct text *out)
{
	struct span value;

	for (const struct eval *o = e; o != NULL; o = o->outer)
		if (span_is_equal(o->name, name))
			return fail(e,
				    "$%.*s leads back to itself: one of the "
				    "parameters on the way must not mention "
				    "it",
				    SPAN_FMT(name));
	if (++*e->steps > STEPS_MAX)
		return fail(e,
			    "more than %d names have to be replaced: make "
			    "it shorter",
			    STEPS_MAX);
	if (!e->env->lookup(e->env->arg, name, &value))
		return 0;
	return eval_part(e, name, value, out);
}

/* --- ${{left} OP {right} ...} --- */

enum op { OP_EQ, OP_NE, OP_LE, OP_LT, OP_GE, OP_GT, OP_N };

/* Longer ones first: "<" is a prefix of "<=". */
static const struct {
	struct span text;
	enum op op;
} ops[] = {
	{ { "==", 2 }, OP_EQ }, { { "!=", 2 }, OP_NE }, { { "<=", 2 }, OP_LE },
	{ { ">=", 2 }, OP_GE }, { { "<", 1 }, OP_LT },	{ { ">", 1 }, OP_GT },
};

static bool
cut_op(struct span *s, enum op *op_out, bool *is_level_out)
{
	for (size_t i = 0; i < ARRAY_N(ops); i++) {
		if (!span_has_prefix_nocase(*s, ops[i].text))
			continue;
		*s = span_from(*s, ops[i].text.len);
		*op_out = ops[i].op;
		*is_level_out = span_has_prefix_nocase(*s, SPAN("level"));
		if (*is_level_out)
			*s = span_from(*s, 5);
		*s = skip_space(*s);
		return true;
	}
	return false;
}

bool
expand_level(struct span text, uint64_t *out)
{
	uint64_t level = 0, part;
	unsigned n;

	for (n = 0; n < 3; n++) {
		size_t dot = span_find(text, '.');

		part = 0;
		if (n == 0 || text.len) {
			if (!span_to_u64(span_to(text, dot), &part) ||
			    part > 9999)
				return false;
			if (dot + 1 == text.len)
				return false;
			text = span_from(text, dot < text.len ? dot + 1 : dot);
		}
		level = level * 10000 + part;
	}
	*out = level;
	return text.len == 0;
}

static bool
to_long(struct span s, long *out)
{
	char buf[24], *end;

	if (s.len == 0 || s.len >= sizeof(buf) ||
	    (!ascii_is_alnum(s.p[0]) && s.p[0] != '-' && s.p[0] != '+'))
		return false;
	span_copy(s, buf, sizeof(buf));
	errno = 0;
	*out = strtol(buf, &end, 10);
	return *end == '\0' && end != buf && errno == 0;
}

/* As numbers when both are, else as text: <0, 0 or >0. */
static int
compare(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	long x, y;
	int res;

	if (to_long(a, &x) && to_long(b, &y))
		return (x > y) - (x < y);
	res = n ? memcmp(a.p, b.p, n) : 0;
	return res ? res : (a.len > b.len) - (a.len < b.len);
}

static bool
is_true(enum op op, int order)
{
	const bool truth[OP_N] = {
		[OP_EQ] = order == 0,
		[OP_NE] = order != 0,
		[OP_LE] = order <= 0,
		[OP_LT] = order<0, [OP_GE] = order >= 0, [OP_GT] = order> 0,
	};

	return truth[op];
}

/* "{text}" at the front of *s, expanded. */
static int
eval_operand(const struct eval *e, struct span *s, struct text *out)
{
	struct span inside;

	*s = skip_space(*s);
	if (s->len == 0 || s->p[0] != '{' || !cut_bracket(s, &inside))
		return fail(e,
			    "\"{text}\" is expected at \"%.*s\": write ${{a} "
			    "== {b} ? {yes} : {no}}",
			    SPAN_FMT(*s));
	*s = skip_space(*s);
	return eval_part(e, (struct span) { 0 }, inside, out);
}

static int
eval_comparison(const struct eval *e, struct span *s, bool *truth_out)
{
	struct text left = { 0 }, right = { 0 };
	uint64_t a, b;
	enum op op = OP_EQ;
	bool is_level = false;
	int res = eval_operand(e, s, &left);

	if (res == 0 && !cut_op(s, &op, &is_level))
		res = fail(e, "==, !=, <, <=, > or >= is expected at \"%.*s\"",
			   SPAN_FMT(*s));
	if (res == 0)
		res = eval_operand(e, s, &right);
	if (res != 0)
		goto done;
	if (!is_level) {
		*truth_out = is_true(
			op, compare(text_span(&left), text_span(&right)));
	} else if (expand_level(text_span(&left), &a) &&
		   expand_level(text_span(&right), &b)) {
		*truth_out = is_true(op, (a > b) - (a < b));
	} else {
		res = fail(e,
			   "\"%s\" and \"%s\" are compared as compatibility "
			   "levels: such as 2 or 3.6",
			   text_cstr(&left), text_cstr(&right));
	}
done:
	text_fini(&left);
	text_fini(&right);
	return res;
}

/* --- ${...}: what follows the name or the comparison --- */

/* "? {a} : {b}", "? text", ": {b}", ": text"; then nothing may be left. */
static int
eval_branches(const struct eval *e, struct span s, bool truth, struct text *out)
{
	struct span yes = { 0 }, no = { 0 }, rest;
	char kind = s.p[0];

	s = span_from(s, 1);
	rest = skip_space(s);
	if (kind == '?' && rest.len && rest.p[0] == '{') {
		if (!cut_bracket(&rest, &yes))
			return fail(e, "\"}\" is missing after \"%.*s\"",
				    SPAN_FMT(rest));
		s = skip_space(rest);
		if (s.len && s.p[0] != ':')
			return fail(e,
				    "\":\" or the end is expected at \"%.*s\"",
				    SPAN_FMT(s));
		kind = s.len ? ':' : '\0';
		s = s.len ? span_from(s, 1) : s;
		rest = skip_space(s);
	} else if (kind == '?') {
		yes = s;
	}
	if (kind == ':' && rest.len && rest.p[0] == '{') {
		if (!cut_bracket(&rest, &no))
			return fail(e, "\"}\" is missing after \"%.*s\"",
				    SPAN_FMT(rest));
		if (skip_space(rest).len)
			return fail(e, "nothing is expected at \"%.*s\"",
				    SPAN_FMT(rest));
	} else if (kind == ':') {
		no = s;
	}
	return eval_part(e, (struct span) { 0 }, truth ? yes : no, out);
}

/* The inside of ${...} or $(...). */
static int
eval_inside(const struct eval *e, struct span s, struct text *out)
{
	struct span name = { 0 }, whole = s;
	struct text value = { 0 };
	bool truth = false, is_comparison;
	int res = 0;

	s = skip_space(s);
	is_comparison = s.len && s.p[0] == '{';
	if (is_comparison) {
		res = eval_comparison(e, &s, &truth);
	} else {
		name = cut_name(&s);
		s = skip_space(s);
		if (name.len == 0)
			return fail(e, "a name is missing in \"${%.*s}\"",
				    SPAN_FMT(whole));
		res = eval_name(e, name, &value);
		truth = value.len != 0;
	}
	if (res != 0)
		goto done;
	if (s.len && (s.p[0] == '?' || s.p[0] == ':'))
		res = eval_branches(e, s, truth, out);
	else if (s.len)
		res = fail(e, "\"?\" or \":\" is expected at \"%.*s\"",
			   SPAN_FMT(s));
	else if (is_comparison)
		text_add(out, truth ? SPAN("true") : SPAN(""));
	else
		text_add(out, text_span(&value));
done:
	text_fini(&value);
	return res;
}

/* *s stands behind a "$". */
static int
eval_dollar(const struct eval *e, struct span *s, struct text *out)
{
	struct span inside;

	if (s->len && s->p[0] == '$') {
		*s = span_from(*s, 1);
		text_add(out, SPAN("$"));
		return 0;
	}
	if (s->len && (s->p[0] == '{' || s->p[0] == '(')) {
		if (!cut_bracket(s, &inside))
			return fail(e, "\"$%.*s\" is not closed: add \"%c\"",
				    SPAN_FMT(*s), s->p[0] == '{' ? '}' : ')');
		return eval_inside(e, inside, out);
	}
	inside = cut_name(s);
	if (inside.len == 0)
		return fail(e, "a name is missing after \"$\": write $$ for "
			       "the dollar sign itself");
	return eval_name(e, inside, out);
}

static int
eval_text(const struct eval *e, struct span in, struct text *out)
{
	while (in.len) {
		size_t n = span_find(in, '$');
		int res;

		text_add(out, span_to(in, n));
		if (out->len > EXPAND_BYTES_MAX)
			return fail(e, "the value gets longer than %u bytes",
				    EXPAND_BYTES_MAX);
		if (n == in.len)
			break;
		in = span_from(in, n + 1);
		res = eval_dollar(e, &in, out);
		if (res != 0)
			return res;
	}
	return 0;
}

int
expand(const struct expand_env *env, struct span name, struct span value,
       struct text *out, struct expand_error *error)
{
	unsigned steps = 0;
	struct eval e = {
		.env = env, .name = name, .steps = &steps, .error = error
	};

	return eval_text(&e, value, out);
}

void
expand_names(struct span value, void (*fn)(void *arg, struct span name),
	     void *arg)
{
	while (value.len) {
		struct span name;

		value = span_from(value, span_find(value, '$'));
		if (value.len == 0)
			break;
		value = span_from(value, 1);
		if (value.len && value.p[0] == '$') {
			value = span_from(value, 1);
			continue;
		}
		if (value.len && (value.p[0] == '{' || value.p[0] == '('))
			value = skip_space(span_from(value, 1));
		name = cut_name(&value);
		if (name.len)
			fn(arg, name);
	}
}
