/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expand.h: Postfix's $name language (postconf(5)): $name ${name} $(name), $$,
 * ${name?text} ${name:text} ${name?{a}:{b}}, ${{a} == {b} ? {x} : {y}} with
 * == != < <= > >= and their "level" forms, nested. Allocates; one thread.
 */
#ifndef PENSTOCK_CONFIG_EXPAND_H
#define PENSTOCK_CONFIG_EXPAND_H

#include "engine/config/text.h"

/* What a name stands for. */
struct expand_env {
	/* The value of name, itself to be expanded; false: there is none. */
	bool (*lookup)(void *arg, struct span name, struct span *value_out);
	void *arg;
};

#define EXPAND_WHY_MAX	 256
#define EXPAND_BYTES_MAX (1u << 20) /* no value gets longer */

/* What is wrong, and what would be right. */
struct expand_error {
	char why[EXPAND_WHY_MAX];
	struct span name; /* the parameter in whose value it is, if known */
};

/*
 * Appends value with everything in it replaced. name: of the parameter that
 * has this value, or empty: it must not lead back to itself. An undefined name
 * is empty. 0, or -EINVAL with *error, which borrows from the values.
 */
MUST_USE int expand(const struct expand_env *env, struct span name,
		    struct span value, struct text *out,
		    struct expand_error *error);

/* Calls fn for each name that value mentions, evaluated or not. */
void expand_names(struct span value, void (*fn)(void *arg, struct span name),
		  void *arg);

/*
 * A compatibility level: "2", "3.6", "3.6.1". *out orders them. false when it
 * is none.
 */
bool expand_level(struct span text, uint64_t *out);

#endif
