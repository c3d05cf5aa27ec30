/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regexp: POSIX regular expressions (regexp_table(5)), by libc. Its regexec
 * allocates, and takes a lock of each pattern: sites with many workers and hot
 * tables are better off with pcre:.
 */
#include "engine/config/table_rules.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX	  8192	  /* longer than any address, header word or command */
#define PARTS_MAX 200000u /* of a pattern with its repetitions written out */
#define EMPTY_MAX 200u	  /* of one that may match nothing, repeated */
#define NIL_WAYS  4u
#define DEPTH_MAX 64u /* groups in groups */

static bool
parse_flags(struct span flags, int *out, char why[TABLE_WHY_MAX])
{
	*out = REG_EXTENDED | REG_ICASE;
	for (size_t i = 0; i < flags.len; i++) {
		switch (flags.p[i]) {
		case 'i':
			*out ^= REG_ICASE;
			break;
		case 'm':
			*out ^= REG_NEWLINE;
			break;
		case 'x':
			*out ^= REG_EXTENDED;
			break;
		default:
			snprintf(why, TABLE_WHY_MAX,
				 "there is no flag \"%c\": the flags are i, m "
				 "and x",
				 flags.p[i]);
			return false;
		}
	}
	return true;
}

/* --- how large a pattern becomes --- */

struct group {
	uint64_t sum;	    /* of its parts */
	bool is_branch_nil; /* its present branch may match nothing */
	bool is_nil;	    /* one of the branches before may */
};

struct size {
	const char *p;
	bool is_extended, is_too_large;
	struct group groups[DEPTH_MAX + 1]; /* the last: where we are */
	unsigned depth;
	uint64_t last;			  /* size of the last part */
	bool is_last_nil, was_branch_nil; /* ... and what stands before it */
};

/* Behind "[": the whole bracket expression is one part. */
static void
skip_bracket(struct size *s)
{
	s->p += *s->p == '^';
	s->p += *s->p == ']';
	while (*s->p != '\0' && *s->p++ != ']')
		;
}

/*
 * The last part once more, `most` times, or (least 0) not at all. regcomp()
 * copies it; and where it may match nothing, looks from each copy for each
 * way past all others.
 */
static void
repeat(struct size *s, uint64_t least, uint64_t most)
{
	struct group *g = &s->groups[s->depth];

	if (s->is_last_nil && most < NIL_WAYS)
		most = NIL_WAYS; /* ways past it, and past those */
	if (most > 1) {
		g->sum += s->last * (most - 1);
		s->last *= most;
	}
	if (s->is_last_nil && s->last > EMPTY_MAX)
		s->is_too_large = true;
	if (g->sum > PARTS_MAX)
		s->is_too_large = true;
	s->is_last_nil |= least == 0;
	g->is_branch_nil = s->was_branch_nil && s->is_last_nil;
}

/* Behind "{". */
static void
repeat_counted(struct size *s)
{
	uint64_t n = 0, most = 0, least = PARTS_MAX;
	bool has_digits = false;

	for (;; s->p++) {
		if (*s->p >= '0' && *s->p <= '9') {
			n = n < PARTS_MAX ? n * 10 + (uint64_t)(*s->p - '0')
					  : n;
			has_digits = true;
			continue;
		}
		if (has_digits || *s->p == ',')
			least = n < least ? n : least;
		most = n > most ? n : most;
		n = 0;
		has_digits = false;
		if (*s->p == '\0' || *s->p == '}' || *s->p == '\\')
			break;
	}
	s->p += *s->p == '\\';
	s->p += *s->p == '}';
	repeat(s, least, most);
}

static void
part(struct size *s, uint64_t size, bool is_nil)
{
	struct group *g = &s->groups[s->depth];

	s->last = size;
	s->is_last_nil = is_nil;
	s->was_branch_nil = g->is_branch_nil;
	g->sum += size;
	g->is_branch_nil &= is_nil;
}

static void
group_begin(struct size *s)
{
	if (s->depth == DEPTH_MAX) {
		s->is_too_large = true;
		return;
	}
	s->groups[++s->depth] = (struct group) {
		.sum = 1,
		.is_branch_nil = true,
	};
}

static void
group_end(struct size *s)
{
	struct group *g = &s->groups[s->depth];

	if (s->depth == 0)
		return;
	s->depth--;
	part(s, g->sum, g->is_nil || g->is_branch_nil);
}

/* One operator or part. The other syntax writes operators with "\\". */
static void
size_step(struct size *s)
{
	struct group *g = &s->groups[s->depth];
	char c = *s->p++;
	bool is_escaped = c == '\\' && *s->p != '\0';

	if (is_escaped)
		c = *s->p++;
	if (!is_escaped && c == '*') {
		repeat(s, 0, 1);
		return;
	}
	if (!is_escaped && c == '[') {
		skip_bracket(s);
	} else if (is_escaped != s->is_extended) {
		switch (c) {
		case '(':
			group_begin(s);
			return;
		case ')':
			group_end(s);
			return;
		case '|':
			g->is_nil |= g->is_branch_nil;
			g->is_branch_nil = true;
			return;
		case '{':
			repeat_counted(s);
			return;
		case '+':
			repeat(s, 1, 2);
			return;
		case '?':
			repeat(s, 0, 1);
			return;
		default:
			break;
		}
	}
	/* Anchors, edges of words, and what a group has matched. */
	part(s, 1, strchr(is_escaped ? "123456789bB<>`'" : "^$", c) != NULL);
}

/*
 * regcomp() copies what is repeated, and what is repeated in that: a line of
 * stacked operators would take all memory there is, or all time.
 */
static bool
is_too_large(const char *pattern, bool is_extended)
{
	struct size s = {
		.p = pattern,
		.is_extended = is_extended,
		.groups = { { .is_branch_nil = true } },
	};

	while (*s.p != '\0' && !s.is_too_large)
		size_step(&s);
	return s.is_too_large || s.groups[0].sum > PARTS_MAX;
}

static void *
compile(struct span *rest, char why[TABLE_WHY_MAX])
{
	struct span pattern, flags;
	char message[160], *text;
	regex_t *re;
	int compile_flags, error;

	if (!table_rules_cut_pattern(rest, &pattern, &flags, why) ||
	    !parse_flags(flags, &compile_flags, why))
		return NULL;
	text = strndup(pattern.p, pattern.len);
	must(text != NULL);
	if (is_too_large(text, compile_flags & REG_EXTENDED)) {
		free(text);
		snprintf(why, TABLE_WHY_MAX,
			 "/%.*s/: its repetitions multiply to more than libc "
			 "can hold: write fewer of them, one in the other",
			 (int)(pattern.len < 60 ? pattern.len : 60), pattern.p);
		return NULL;
	}
	re = must_alloc(sizeof(*re));
	error = regcomp(re, text, compile_flags);
	free(text);
	if (error == 0)
		return re;
	regerror(error, re, message, sizeof(message));
	snprintf(why, TABLE_WHY_MAX, "/%.*s/: %s",
		 (int)(pattern.len < 60 ? pattern.len : 60), pattern.p,
		 message);
	free(re);
	return NULL;
}

static void
pattern_free(void *pattern)
{
	regfree(pattern);
	free(pattern);
}

static enum table_match
match(const void *pattern, const struct table_subject *subject,
      struct table_groups *groups)
{
	regmatch_t at[TABLE_GROUPS_MAX];
	char key[KEY_MAX];
	int error;

	if (subject->key.len >= sizeof(key))
		return TABLE_MATCH_FAILED;
	span_copy(subject->key, key, sizeof(key));
	/* REG_STARTEND: a NUL inside the key is not its end. */
	at[0].rm_so = 0;
	at[0].rm_eo = (regoff_t)subject->key.len;
	error = regexec(pattern, key, groups ? TABLE_GROUPS_MAX : 0, at,
			REG_STARTEND);
	if (error != 0)
		return error == REG_NOMATCH ? TABLE_NO_MATCH
					    : TABLE_MATCH_FAILED;
	if (groups == NULL)
		return TABLE_MATCH;
	groups->n = TABLE_GROUPS_MAX;
	for (unsigned i = 0; i < TABLE_GROUPS_MAX; i++) {
		groups->at[i].start = at[i].rm_so < 0 ? SIZE_MAX
						      : (size_t)at[i].rm_so;
		groups->at[i].end = (size_t)at[i].rm_eo;
	}
	return TABLE_MATCH;
}

static unsigned
groups_n(const void *pattern)
{
	return (unsigned)((const regex_t *)pattern)->re_nsub;
}

const struct table_rules_kind table_regexp_kind = {
	.compile = compile,
	.free = pattern_free,
	.match = match,
	.groups_n = groups_n,
};

struct table *
table_regexp_open(const struct table_spec *spec)
{
	return table_rules_open(spec, &table_regexp_kind);
}
