/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_rules.h: what cidr:, regexp: and pcre: have in common: rules in order,
 * "!" before a pattern, if … endif around rules, and results with $1. A kind
 * brings how a pattern is compiled, matched and freed.
 */
#ifndef PENSTOCK_CONFIG_TABLE_RULES_H
#define PENSTOCK_CONFIG_TABLE_RULES_H

#include "engine/base/ip.h"
#include "engine/config/table_priv.h"

#define TABLE_GROUPS_MAX 100 /* $0 to $99 */
#define TABLE_WHY_MAX	 256

/* Where the groups of a match stand in the key; start == SIZE_MAX: not set. */
struct table_groups {
	unsigned n;
	struct {
		size_t start, end;
	} at[TABLE_GROUPS_MAX];
};

enum table_match {
	TABLE_MATCH,
	TABLE_NO_MATCH,
	TABLE_NOT_ABOUT, /* neither the pattern nor its negation: says nothing
			  */
	TABLE_MATCH_FAILED,
};

/* What one lookup works with. */
struct table_subject {
	struct span key;
	struct ip ip; /* made by prepare() of cidr */
};

struct table_rules_kind {
	/*
	 * Cuts the pattern off *rest, so that the result remains, and compiles
	 * it. NULL: why says what is wrong.
	 */
	void *(*compile)(struct span *rest, char why[TABLE_WHY_MAX]);
	void (*free)(void *pattern);
	/* groups: NULL when nobody wants them. */
	enum table_match (*match)(const void *pattern,
				  const struct table_subject *subject,
				  struct table_groups *groups);
	/* Groups of the pattern. NULL: a result of this kind has no $1. */
	unsigned (*groups_n)(const void *pattern);
	/* NULL, or false: no rule can say anything about such a key. */
	bool (*prepare)(struct table_subject *subject);
};

/* Opens spec->name: a file, or rules in braces: pcre:{{/a/ b}, {/c/ d}}. */
struct table *table_rules_open(const struct table_spec *spec,
			       const struct table_rules_kind *kind);
/* Rules in memory, in place; text[len] must be writable. NULL after errors. */
struct table *table_rules_parse(const struct table_rules_kind *kind, char *text,
				size_t len, struct table_complaints *c);

extern const struct table_rules_kind table_cidr_kind, table_regexp_kind,
	table_pcre_kind;

/*
 * "/pattern/flags" at the front of *rest: the pattern without its delimiters,
 * and the flags. false: why says what is wrong.
 */
bool table_rules_cut_pattern(struct span *rest, struct span *pattern_out,
			     struct span *flags_out, char why[TABLE_WHY_MAX]);

#endif
