/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match.h: Postfix's match lists: names or addresses separated by commas or
 * white space, "!" negates, "/file" is replaced by its contents, "type:table"
 * matches when the key is found; the first entry that matches decides. Opened
 * at start or reload; lookups from any thread, no lock, no allocation.
 */
#ifndef PENSTOCK_CONFIG_MATCH_H
#define PENSTOCK_CONFIG_MATCH_H

#include "engine/base/ip.h"
#include "engine/config/table.h"

struct match;

enum match_kind {
	MATCH_STRING, /* whole, case folded: mydestination, ..._domains */
	MATCH_DOMAIN, /* "dom" matches subdomains too: what
			 parent_domain_matches_subdomains names */
	MATCH_HOST,   /* the same, and networks: mynetworks */
	/* The same two when it is not named: only ".dom" matches subdomains */
	MATCH_DOMAIN_DOT,
	MATCH_HOST_DOT,
};

/* NULL when there was an error, which then is in *diag. */
struct match *match_open(enum match_kind kind, struct span value,
			 const char *dir, const char *file, unsigned line,
			 struct diag *diag);
/* set: where its tables may be already; or NULL. */
struct match *match_open_in(struct tables *set, enum match_kind kind,
			    struct span value, const char *dir,
			    const char *file, unsigned line, struct diag *diag);
void match_close(struct match **match);
bool match_is_empty(const struct match *match);

/* TABLE_FOUND: it is in the list. */
enum table_result match_name(const struct match *match, struct span name);
/* name: the client's verified host name, or empty. */
enum table_result match_client(const struct match *match, struct span name,
			       const struct ip *ip);

/* Every plain name in the list that is not negated, for `penstock check`. */
typedef void match_name_fn(void *ctx, struct span name);
void match_each(const struct match *match, match_name_fn *name, void *ctx);

#endif
