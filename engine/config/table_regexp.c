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

#define KEY_MAX	  8192	  /* longer than any address, header word or command */
#define PARTS_MAX 200000u /* of a pattern with its repetitions written out */
#define DEPTH_MAX 64u	  /* groups in groups */

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

struct size {
	const char *p;
	bool is_extended;
	uint64_t sum, last;	   /* of this group, and of its last part */
	uint64_t outer[DEPTH_MAX]; /* sums of the groups around it */
	unsigned depth;
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

static void
repeat(struct size *s, uint64_t times)
{
	if (times < 2)
		return;
	s->sum += s->last * (times - 1);
	s->last *= times;
}

/* Behind "{": the larger of its numbers. */
static void
repeat_counted(struct size *s)
{
	uint64_t n = 0, most = 0;

	for (; *s->p != '\0' && *s->p != '}' && *s->p != '\\'; s->p++) {
		n = *s->p >= '0' && *s->p <= '9' && n < PARTS_MAX
			    ? n * 10 + (uint64_t)(*s->p - '0')
			    : 0;
		most = n > most ? n : most;
	}
	s->p += *s->p == '\\';
	s->p += *s->p == '}';
	repeat(s, most);
}

/* One operator or part. The other syntax writes operators with "\\". */
static void
size_step(struct size *s)
{
	char c = *s->p++;
	bool is_escaped = c == '\\' && *s->p != '\0';

	if (is_escaped)
		c = *s->p++;
	if (!is_escaped && c == '*')
		return; /* copies nothing, and what follows repeats it too */
	if (!is_escaped && c == '[') {
		skip_bracket(s);
	} else if (is_escaped != s->is_extended) {
		switch (c) {
		case '(':
			if (s->depth == DEPTH_MAX) {
				s->sum = PARTS_MAX + 1;
				return;
			}
			s->outer[s->depth++] = s->sum;
			s->sum = 1;
			return;
		case ')':
			if (s->depth > 0) {
				s->last = s->sum;
				s->sum += s->outer[--s->depth];
			}
			return;
		case '{':
			repeat_counted(s);
			return;
		case '+':
			repeat(s, 2);
			return;
		case '?':
			return;
		default:
			break;
		}
	}
	s->last = 1;
	s->sum++;
}

/*
 * regcomp() copies what is repeated, and what is repeated in that: a line of
 * stacked operators would take all memory there is.
 */
static bool
is_too_large(const char *pattern, bool is_extended)
{
	struct size s = { .p = pattern, .is_extended = is_extended };

	while (*s.p != '\0' && s.sum <= PARTS_MAX)
		size_step(&s);
	return s.sum > PARTS_MAX;
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
			 "/%.*s/: its repetitions multiply to more than %u "
			 "parts: write fewer of them, one in the other",
			 (int)(pattern.len < 60 ? pattern.len : 60), pattern.p,
			 PARTS_MAX);
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
