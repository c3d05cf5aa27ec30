/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of rules: the text, the order of the rules, and what a result becomes.
 * An if that does not match jumps behind its endif.
 */
#include "engine/config/table_rules.h"
#include "engine/config/line.h"
#include "engine/config/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define IF_NESTING_MAX 64

struct rule {
	void *pattern;	    /* NULL: endif */
	const char *result; /* in the text; NULL: if or endif */
	unsigned end;	    /* if: place of its endif */
	unsigned line;
	bool is_negated;
	bool has_groups; /* the result mentions $1 */
};

struct rules {
	struct table table;
	const struct table_rules_kind *kind;
	char *text;
	struct rule *all;
	unsigned n, cap;
};

/* A text being read. */
struct reader {
	struct rules *rules;
	struct table_complaints *complaints;
	unsigned line;
	unsigned open_ifs[IF_NESTING_MAX];
	unsigned open_n;
};

/* --- results --- */

enum piece { PIECE_END, PIECE_TEXT, PIECE_GROUP, PIECE_WRONG };

/* The next piece of a result: text up to a "$", "$", or a group. */
static enum piece
next_piece(struct span *rest, struct span *text_out, unsigned *group_out)
{
	size_t n = span_find(*rest, '$');
	struct span name;
	uint64_t group;
	char close = '\0';

	if (rest->len == 0)
		return PIECE_END;
	if (n > 0) {
		*text_out = span_to(*rest, n);
		*rest = span_from(*rest, n);
		return PIECE_TEXT;
	}
	*rest = span_from(*rest, 1);
	if (rest->len && rest->p[0] == '$') {
		*text_out = span_to(*rest, 1);
		*rest = span_from(*rest, 1);
		return PIECE_TEXT;
	}
	if (rest->len && (rest->p[0] == '{' || rest->p[0] == '(')) {
		close = rest->p[0] == '{' ? '}' : ')';
		*rest = span_from(*rest, 1);
	}
	for (n = 0; n < rest->len &&
		    (ascii_is_alnum(rest->p[n]) || rest->p[n] == '_');)
		n++;
	name = span_to(*rest, n);
	*rest = span_from(*rest, n);
	if (close && (rest->len == 0 || rest->p[0] != close))
		return PIECE_WRONG;
	if (close)
		*rest = span_from(*rest, 1);
	if (!span_to_u64(name, &group) || group >= TABLE_GROUPS_MAX)
		return PIECE_WRONG;
	*group_out = (unsigned)group;
	return PIECE_GROUP;
}

/* NULL, or what is wrong with the $ in a result. */
static const char *
check_result(struct rule *rule, const struct table_rules_kind *kind)
{
	struct span rest = span_of(rule->result), text;
	unsigned group;

	if (kind->groups_n == NULL)
		return NULL;
	for (;;) {
		switch (next_piece(&rest, &text, &group)) {
		case PIECE_END:
			return NULL;
		case PIECE_TEXT:
			rule->has_groups |= text.p[0] == '$';
			break;
		case PIECE_WRONG:
			return "after \"$\" stands a number, or one in braces "
			       "when text follows (${1}x); write $$ for the "
			       "dollar sign";
		case PIECE_GROUP:
			if (rule->is_negated)
				return "a rule with \"!\" has no $1: nothing "
				       "was matched";
			if (group > kind->groups_n(rule->pattern))
				return "the pattern has not that many groups "
				       "in parentheses";
			rule->has_groups = true;
			break;
		}
	}
}

static enum table_result
make_result(const struct rule *rule, struct span key,
	    const struct table_groups *groups, struct table_buf *buf,
	    struct span *value_out)
{
	struct span rest = span_of(rule->result), text;
	size_t len = 0;
	unsigned group;
	enum piece piece;

	while ((piece = next_piece(&rest, &text, &group)) != PIECE_END) {
		if (piece == PIECE_GROUP) {
			if (group >= groups->n ||
			    groups->at[group].start == SIZE_MAX)
				continue;
			text = span_to(span_from(key, groups->at[group].start),
				       groups->at[group].end -
					       groups->at[group].start);
		}
		if (text.len > sizeof(buf->text) - len)
			return TABLE_ERROR;
		if (text.len)
			memcpy(buf->text + len, text.p, text.len);
		len += text.len;
	}
	*value_out = (struct span) { buf->text, len };
	return TABLE_FOUND;
}

/* --- lookups --- */

static enum table_result
find(const struct table *table, struct span key, struct table_buf *buf,
     struct span *value_out)
{
	const struct rules *r = (const void *)table;
	struct table_subject subject = { .key = key };
	struct table_groups groups;

	if (r->kind->prepare != NULL && !r->kind->prepare(&subject))
		return TABLE_NOT_FOUND;
	for (unsigned i = 0; i < r->n; i++) {
		const struct rule *rule = &r->all[i];
		enum table_match match;

		if (rule->pattern == NULL)
			continue; /* endif */
		match = r->kind->match(rule->pattern, &subject,
				       rule->has_groups ? &groups : NULL);
		if (match == TABLE_MATCH_FAILED)
			return TABLE_ERROR;
		if (match == TABLE_NOT_ABOUT ||
		    (match == TABLE_MATCH) == rule->is_negated) {
			if (rule->result == NULL)
				i = rule->end;
			continue;
		}
		if (rule->result == NULL)
			continue;
		if (rule->has_groups)
			return make_result(rule, key, &groups, buf, value_out);
		*value_out = span_of(rule->result);
		return TABLE_FOUND;
	}
	return TABLE_NOT_FOUND;
}

static void
rules_close(struct table *table)
{
	struct rules *r = (void *)table;

	for (unsigned i = 0; i < r->n; i++)
		if (r->all[i].pattern != NULL)
			r->kind->free(r->all[i].pattern);
	free(r->all);
	free(r->text);
	free(r);
}

/* --- reading --- */

bool
table_rules_cut_pattern(struct span *rest, struct span *pattern_out,
			struct span *flags_out, char why[TABLE_WHY_MAX])
{
	char delimiter;
	size_t n = 1;

	if (rest->len == 0 || ascii_is_alnum(rest->p[0])) {
		snprintf(why, TABLE_WHY_MAX,
			 "a pattern is expected: write /pattern/ result");
		return false;
	}
	delimiter = rest->p[0];
	while (n < rest->len && rest->p[n] != delimiter)
		n += rest->p[n] == '\\' && n + 1 < rest->len ? 2 : 1;
	if (n >= rest->len) {
		snprintf(why, TABLE_WHY_MAX,
			 "the pattern is not closed: add \"%c\" behind it",
			 delimiter);
		return false;
	}
	*pattern_out = (struct span) { rest->p + 1, n - 1 };
	*rest = span_from(*rest, n + 1);
	for (n = 0; n < rest->len && ascii_is_alnum(rest->p[n]);)
		n++;
	*flags_out = span_to(*rest, n);
	*rest = span_from(*rest, n);
	return true;
}

PRINTF_LIKE(2, 3)
static void
fail(struct reader *r, const char *fmt, ...)
{
	char text[TABLE_WHY_MAX + 64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_complain(r->complaints, DIAG_ERROR, r->line, "%s", text);
}

static struct rule *
add_rule(struct rules *r, unsigned line)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 16;
		r->all = realloc(r->all, r->cap * sizeof(*r->all));
		must(r->all != NULL);
	}
	r->all[r->n] = (struct rule) { .line = line };
	return &r->all[r->n++];
}

static void
read_endif(struct reader *r, struct span rest)
{
	if (r->open_n == 0) {
		fail(r, "endif without if: remove it");
		return;
	}
	if (rest.len)
		table_complain(r->complaints, DIAG_WARNING, r->line,
			       "what follows endif is left out");
	r->rules->all[r->open_ifs[--r->open_n]].end = r->rules->n;
	add_rule(r->rules, r->line);
}

static void
open_if(struct reader *r, struct span rest)
{
	if (rest.len)
		table_complain(r->complaints, DIAG_WARNING, r->line,
			       "what follows the pattern of if is left out");
	if (r->open_n == IF_NESTING_MAX)
		fail(r, "if stands in more than %d others", IF_NESTING_MAX);
	else
		r->open_ifs[r->open_n++] = r->rules->n - 1;
}

/* "!/pattern/flags result" or, behind if, without the result. */
static void
read_rule(struct reader *r, struct span rest, bool is_if)
{
	const struct table_rules_kind *kind = r->rules->kind;
	char why[TABLE_WHY_MAX];
	struct rule *rule;
	bool is_negated = false;
	const char *wrong;
	void *pattern;

	while (rest.len && (rest.p[0] == '!' || line_is_space(rest.p[0]))) {
		is_negated ^= rest.p[0] == '!';
		rest = span_from(rest, 1);
	}
	pattern = kind->compile(&rest, why);
	if (pattern == NULL) {
		fail(r, "%s", why);
		return;
	}
	rule = add_rule(r->rules, r->line);
	rule->pattern = pattern;
	rule->is_negated = is_negated;
	rest = span_trim(rest);
	if (is_if) {
		open_if(r, rest);
		return;
	}
	if (rest.len == 0) {
		fail(r, "a result is missing behind the pattern");
		return;
	}
	rule->result = rest.p; /* ends with the line, in NUL */
	wrong = check_result(rule, kind);
	if (wrong != NULL)
		fail(r, "%s", wrong);
}

static bool
cut_keyword(struct span *rest, struct span keyword)
{
	if (!span_has_prefix_nocase(*rest, keyword) ||
	    (rest->len > keyword.len && ascii_is_alnum(rest->p[keyword.len])))
		return false;
	*rest = span_trim(span_from(*rest, keyword.len));
	return true;
}

static void
read_line(struct reader *r, struct span line)
{
	if (cut_keyword(&line, SPAN("endif")))
		read_endif(r, line);
	else if (cut_keyword(&line, SPAN("if")))
		read_rule(r, line, true);
	else
		read_rule(r, line, false);
}

static struct rules *
rules_new(const struct table_rules_kind *kind)
{
	struct rules *rules = must_alloc(sizeof(*rules));

	rules->table.find = find;
	rules->table.close = rules_close;
	rules->table.is_pattern = true;
	rules->kind = kind;
	return rules;
}

static struct table *
rules_end(struct reader *r, size_t text_bytes)
{
	struct rules *rules = r->rules;

	while (r->open_n) {
		r->line = rules->all[r->open_ifs[--r->open_n]].line;
		fail(r, "if without endif: add endif behind its last rule");
	}
	if (!table_complaints_end(r->complaints)) {
		rules_close(&rules->table);
		return NULL;
	}
	for (unsigned i = 0; i < rules->n; i++)
		rules->table.entries_n += rules->all[i].result != NULL;
	rules->table.memory_bytes =
		text_bytes + rules->cap * sizeof(*rules->all);
	return &rules->table;
}

struct table *
table_rules_parse(const struct table_rules_kind *kind, char *text, size_t len,
		  struct table_complaints *c)
{
	struct reader r = { .rules = rules_new(kind), .complaints = c };
	struct line_reader lines;
	struct line line;

	r.rules->text = text;
	line_reader_init(&lines, text, len);
	while (line_next(&lines, &line)) {
		r.line = line.first;
		if (line.is_indented)
			fail(&r, "begins with white space, but continues "
				 "nothing: remove the white space");
		else if (line.has_nul)
			fail(&r, "a NUL byte is in this line: remove it");
		else
			read_line(&r, (struct span) { line.p, line.len });
	}
	return rules_end(&r, len);
}

/* pcre:{{/a/ b}, {/c/ d}}: each item in braces is a line. */
static struct table *
open_inline(const struct table_spec *spec, const struct table_rules_kind *kind)
{
	struct span list = table_unbrace(spec->name), item;
	struct table_complaints c = { .diag = spec->diag, .path = spec->file };
	struct reader r = { .rules = rules_new(kind),
			    .complaints = &c,
			    .line = spec->line };
	bool is_closed = true;
	char *text = must_alloc(spec->name.len + 2), *to = text;

	r.rules->text = text;
	while ((item = table_list_next(&list, &is_closed)).len) {
		struct span rule = table_unbrace(item);

		if (rule.p == item.p) {
			fail(&r,
			     "\"%.*s\": each rule stands in braces of its "
			     "own: %.*s:{{/pattern/ result}, ...}",
			     SPAN_FMT(item), SPAN_FMT(spec->type));
			break;
		}
		memcpy(to, rule.p, rule.len);
		to[rule.len] = '\0';
		read_line(&r, (struct span) { to, rule.len });
		to += rule.len + 1;
	}
	if (!is_closed)
		fail(&r, "a \"{\" is not closed: add \"}\"");
	return rules_end(&r, spec->name.len + 2);
}

struct table *
table_rules_open(const struct table_spec *spec,
		 const struct table_rules_kind *kind)
{
	char *path;
	struct table_complaints c = { .diag = spec->diag };
	struct table *table = NULL;
	struct text text = { 0 };
	int res;

	if (spec->name.len && spec->name.p[0] == '{')
		return open_inline(spec, kind);
	path = table_path(spec, "");
	c.path = path;
	res = text_read_file(&text, path, 0);
	if (res != 0) {
		table_cannot_read(spec, path, res);
	} else {
		if (text.p == NULL)
			text_add(&text, SPAN(""));
		table = table_rules_parse(kind, text.p, text.len, &c);
	}
	free(path);
	return table;
}
