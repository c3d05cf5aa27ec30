/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.h: names and values as main.cf, or the -o options of one service in
 * master.cf, give them: text, not yet expanded, each with the place where it
 * stands. One thread; names and values belong to a struct store.
 */
#ifndef PENSTOCK_CONFIG_SETTINGS_H
#define PENSTOCK_CONFIG_SETTINGS_H

#include "engine/base/diag.h"
#include "engine/config/text.h"

struct setting {
	const char *name, *value;
	const char *file; /* main.cf's or master.cf's path */
	unsigned line;
	bool is_used; /* some other value mentions $name */
};

/* Zeroed: empty. Kept in the order of first mention. */
struct settings {
	struct setting *all;
	unsigned n, cap;
	uint32_t *index; /* open addressing; 0: free, else place + 1 */
	unsigned index_n;
};

/* The later definition wins, in the earlier one's place. */
void settings_set(struct settings *s, const struct setting *setting);
struct setting *settings_find(const struct settings *s, struct span name);
void settings_fini(struct settings *s);

/*
 * maincf.c: parses main.cf's text, in place. What is wrong is in *diag with
 * file and line. 0, or -EINVAL when any of it is an error.
 */
MUST_USE int maincf_parse(struct settings *s, struct store *st, char *text,
			  size_t len, const char *file, struct diag *diag);
/* The same for the file itself; another -errno when it cannot be read. */
MUST_USE int maincf_read(struct settings *s, struct store *st, const char *file,
			 struct diag *diag);
/* "name = value" or "name=value", as -o has it. false: *why says it. */
bool maincf_split(struct span text, struct span *name_out,
		  struct span *value_out, const char **why);

#endif
