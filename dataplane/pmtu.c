/* SPDX-License-Identifier: BSD-2-Clause */
/* Path MTUs that are less than the link's. */
#include "dataplane/pmtu.h"
#include "dataplane/host_int.h"

#include <errno.h>
#include <stdlib.h>

int
pmtu_init(struct host *h, uint32_t pmtu_n_max)
{
	struct pmtu_cache *c = &h->pmtus;

	must(pmtu_n_max <= PMTU_N_MAX);
	for (c->sets_n = 1; c->sets_n * PMTU_WAYS < pmtu_n_max;)
		c->sets_n *= 2;
	c->next_us = UINT64_MAX;
	c->entries = calloc((size_t)c->sets_n * PMTU_WAYS, sizeof(struct pmtu));
	return c->entries ? 0 : -ENOMEM;
}

void
pmtu_fini(struct host *h)
{
	free(h->pmtus.entries);
}

static struct pmtu *
set_of(struct host *h, const struct ip *dst)
{
	uint32_t set = flow_hash_addr(&h->key, dst) & (h->pmtus.sets_n - 1);

	return &h->pmtus.entries[set * PMTU_WAYS];
}

const struct pmtu *
pmtu_find(struct host *h, const struct ip *dst)
{
	struct pmtu *set;

	if (LIKELY(h->pmtus.n == 0))
		return NULL;
	set = set_of(h, dst);
	for (unsigned i = 0; i < PMTU_WAYS; i++)
		if (set[i].until_us > h->now_us &&
		    ip_is_equal(&set[i].dst, dst))
			return &set[i];
	return NULL;
}

/* Its own, or a free one, or that which ends first. */
static struct pmtu *
place_for(struct host *h, const struct ip *dst)
{
	struct pmtu *set = set_of(h, dst), *first = &set[0];

	for (unsigned i = 0; i < PMTU_WAYS; i++) {
		if (set[i].until_us && ip_is_equal(&set[i].dst, dst))
			return &set[i];
		if (set[i].until_us < first->until_us)
			first = &set[i];
	}
	return first;
}

void
pmtu_learn(struct host *h, const struct ip *dst, uint16_t mtu)
{
	uint16_t least = ip_is_v4(dst) ? PMTU_MIN4 : IP6_MTU_MIN;
	const struct pmtu *known = pmtu_find(h, dst);
	bool is_df_off = ip_is_v4(dst) && mtu < least;
	struct pmtu *p;

	if (mtu < least)
		mtu = least;
	if (mtu >= (known ? known->mtu : h->mtu) &&
	    !(known && is_df_off && !known->is_df_off))
		return;
	p = place_for(h, dst);
	h->pmtus.n += p->until_us == 0;
	*p = (struct pmtu) { .dst = *dst,
			     .mtu = mtu,
			     .is_df_off = is_df_off,
			     .until_us = h->now_us + PMTU_LIFE_US };
	if (p->until_us < h->pmtus.next_us)
		h->pmtus.next_us = p->until_us;
	h->generation++;
}

void
pmtu_step(struct host *h)
{
	struct pmtu_cache *c = &h->pmtus;

	if (h->now_us < c->next_us)
		return;
	c->next_us = UINT64_MAX;
	c->n = 0;
	for (uint32_t i = 0; i < c->sets_n * PMTU_WAYS; i++) {
		struct pmtu *p = &c->entries[i];

		if (p->until_us && p->until_us <= h->now_us)
			p->until_us = 0;
		if (p->until_us == 0)
			continue;
		c->n++;
		if (p->until_us < c->next_us)
			c->next_us = p->until_us;
	}
	/* At most one walk over the cache a second. */
	if (c->next_us < h->now_us + 1000000)
		c->next_us = h->now_us + 1000000;
	h->generation++;
}

uint16_t
pmtu_plateau(uint16_t packet_bytes)
{
	static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352,
					     2002,  1492,  1006, 508 };

	for (unsigned i = 0; i < ARRAY_N(plateaus); i++)
		if (plateaus[i] < packet_bytes)
			return plateaus[i];
	return 68;
}
