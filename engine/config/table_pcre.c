/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcre: Perl's regular expressions (pcre_table(5)), by libpcre2, compiled to
 * machine code where the system allows it. A lookup's match data lies on the
 * stack, so that threads share nothing and nothing is allocated.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/config/table_rules.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_BYTES 4096 /* for 100 groups: 1.8 kB */
#define MATCH_LIMIT 1000000

static_assert(TABLE_GROUPS_MAX * 2 * sizeof(size_t) < STACK_BYTES / 2,
	      "room for the groups and pcre2's own");

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
};

/* Memory for pcre2 that is given out once and never taken back. */
struct arena {
	size_t used;
	_Alignas(max_align_t) char bytes[STACK_BYTES];
};

static void *
arena_alloc(size_t bytes, void *arg)
{
	struct arena *arena = arg;
	size_t at = arena->used;

	bytes = (bytes + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) *
		_Alignof(max_align_t);
	/* Only without machine code: the frames of a deep match. */
	if (bytes > sizeof(arena->bytes) - at)
		return malloc(bytes);
	arena->used += bytes;
	return arena->bytes + at;
}

static void
arena_free(void *p, void *arg)
{
	struct arena *arena = arg;
	char *c = p;

	if (c < arena->bytes || c >= arena->bytes + sizeof(arena->bytes))
		free(p);
}

static bool
parse_flags(struct span flags, uint32_t *out, char why[TABLE_WHY_MAX])
{
	static const struct {
		char letter;
		uint32_t bit;
	} known[] = {
		{ 'i', PCRE2_CASELESS }, { 'm', PCRE2_MULTILINE },
		{ 's', PCRE2_DOTALL },	 { 'x', PCRE2_EXTENDED },
		{ 'A', PCRE2_ANCHORED }, { 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY }, { 'X', 0 /* of pcre 1 only */ },
	};

	*out = PCRE2_CASELESS | PCRE2_DOTALL;
	for (size_t i = 0; i < flags.len; i++) {
		size_t k = 0;

		while (k < ARRAY_N(known) && known[k].letter != flags.p[i])
			k++;
		if (k == ARRAY_N(known)) {
			snprintf(why, TABLE_WHY_MAX,
				 "there is no flag \"%c\": the flags are i, "
				 "m, s, x, A, E and U",
				 flags.p[i]);
			return false;
		}
		*out ^= known[k].bit;
	}
	return true;
}

static void *
compile(struct span *rest, char why[TABLE_WHY_MAX])
{
	struct span text, flags;
	struct pattern *pattern;
	pcre2_code *code;
	uint32_t options;
	PCRE2_SIZE at;
	int error;

	if (!table_rules_cut_pattern(rest, &text, &flags, why) ||
	    !parse_flags(flags, &options, why))
		return NULL;
	code = pcre2_compile((PCRE2_SPTR)text.p, text.len, options, &error, &at,
			     NULL);
	if (code == NULL) {
		PCRE2_UCHAR message[160];

		pcre2_get_error_message(error, message, sizeof(message));
		snprintf(why, TABLE_WHY_MAX, "/%.*s/: %s at its byte %zu",
			 (int)(text.len < 60 ? text.len : 60), text.p,
			 (char *)message, (size_t)at);
		return NULL;
	}
	/* Where memory must not be executable this fails, and is no matter. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	pattern = must_alloc(sizeof(*pattern));
	pattern->code = code;
	pattern->context = pcre2_match_context_create(NULL);
	must(pattern->context != NULL);
	pcre2_set_match_limit(pattern->context, MATCH_LIMIT);
	return pattern;
}

static void
pattern_free(void *arg)
{
	struct pattern *pattern = arg;

	pcre2_match_context_free(pattern->context);
	pcre2_code_free(pattern->code);
	free(pattern);
}

static enum table_match
match(const void *arg, const struct table_subject *subject,
      struct table_groups *groups)
{
	const struct pattern *pattern = arg;
	struct arena arena;
	pcre2_general_context *general;
	pcre2_match_data *data;
	PCRE2_SIZE *at;
	int n;

	arena.used = 0;
	general = pcre2_general_context_create(arena_alloc, arena_free, &arena);
	data = pcre2_match_data_create(groups ? TABLE_GROUPS_MAX : 1, general);
	n = pcre2_match(pattern->code, (PCRE2_SPTR)subject->key.p,
			subject->key.len, 0, 0, data, pattern->context);
	if (n == PCRE2_ERROR_JIT_STACKLIMIT)
		n = pcre2_match(pattern->code, (PCRE2_SPTR)subject->key.p,
				subject->key.len, 0, PCRE2_NO_JIT, data,
				pattern->context);
	at = pcre2_get_ovector_pointer(data);
	if (n >= 0 && groups != NULL) {
		/* 0: there were more groups than room. */
		groups->n = n ? (unsigned)n : TABLE_GROUPS_MAX;
		for (unsigned i = 0; i < groups->n; i++) {
			groups->at[i].start = at[2 * i];
			groups->at[i].end = at[2 * i + 1];
			/* What \K in a look-ahead makes of older pcre2. */
			if (groups->at[i].end < groups->at[i].start)
				groups->at[i].start = groups->at[i].end;
		}
	}
	pcre2_match_data_free(data);
	if (n >= 0)
		return TABLE_MATCH;
	return n == PCRE2_ERROR_NOMATCH ? TABLE_NO_MATCH : TABLE_MATCH_FAILED;
}

static unsigned
groups_n(const void *arg)
{
	const struct pattern *pattern = arg;
	uint32_t n = 0;

	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &n);
	return n;
}

const struct table_rules_kind table_pcre_kind = {
	.compile = compile,
	.free = pattern_free,
	.match = match,
	.groups_n = groups_n,
};

struct table *
table_pcre_open(const struct table_spec *spec)
{
	return table_rules_open(spec, &table_pcre_kind);
}
