/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of a ring; its two ends are inline in the header. */
#include "engine/base/ring.h"

#include <errno.h>
#include <stdlib.h>

int
ring_init(struct ring *r, uint32_t entries_max)
{
	uint32_t n = 2;

	must(entries_max <= 1u << 30);
	while (n < entries_max)
		n *= 2;
	*r = (struct ring) { .mask = n - 1 };
	r->slots = calloc(n, sizeof(*r->slots));
	return r->slots ? 0 : -ENOMEM;
}

void
ring_fini(struct ring *r)
{
	free(r->slots);
	r->slots = NULL;
}
