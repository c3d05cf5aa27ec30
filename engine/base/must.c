/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a process that found its own invariant broken. */
#include "engine/base/must.h"

#include <stdio.h>
#include <stdlib.h>

void
must_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "penstock: %s:%d: broken invariant: %s\n", file, line,
		cond);
	abort();
}

void *
must_alloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	must(p != NULL);
	return p;
}
