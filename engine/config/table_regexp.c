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

#define KEY_MAX 8192 /* longer than any address, header word or command */

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
