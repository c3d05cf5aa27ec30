/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * foreign.h: Postfix's parameters that are not applied (foreign.def), names
 * that nobody knows, and what is said about either when a file sets one.
 */
#ifndef PENSTOCK_CONFIG_FOREIGN_H
#define PENSTOCK_CONFIG_FOREIGN_H

#include "engine/config/param.h"

struct foreign {
	const char *name;
	unsigned kind;
	const char *def;
	const char *why; /* what else is said, or "" */
};

/* NULL: none of Postfix's, or one that is applied. */
const struct foreign *foreign_find(struct span name);
const struct foreign *foreign_at(unsigned idx); /* NULL behind the last */
enum diag_level foreign_level(const struct foreign *f);
/* What is said when it is set. */
const char *foreign_verdict(const struct foreign *f);

/*
 * Names every setting of *set that is not applied, and every name that does
 * not exist, with the one that was probably meant. is_service: they are -o
 * options; transports: names of master.cf's services, which may have parameters
 * of their own (NAME_destination_concurrency_limit).
 */
void foreign_check(const struct scope *sc, const struct settings *set,
		   bool is_service, const char *const *transports,
		   unsigned transports_n);

#endif
