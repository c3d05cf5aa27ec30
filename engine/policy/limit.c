/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients in a table of eight-way sets. Whose place it is and how many hold it
 * are one word, so that one compare-and-swap takes a place or holds it; each
 * rate is another: when it began, and how many since.
 */
#include "engine/policy/limit.h"
#include "engine/base/sip.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WAYS	  8u
#define HELD_BITS 24
#define HELD_MASK ((1ull << HELD_BITS) - 1)
#define TRIES_MAX 64 /* with so many hands at one word, give it up */

struct limit_client {
	CACHE_ALIGNED _Atomic uint64_t word;  /* tag << HELD_BITS | held */
	_Atomic uint64_t rates[LIMIT_RATE_N]; /* began_s << 32 | count */
	_Atomic uint64_t seen_s;	      /* the last connection's begin */
};

static_assert(sizeof(struct limit_client) == CACHE_LINE, "one line each");

struct limits {
	struct sip_key key;
	uint64_t sets_mask;
	struct limit_client *places;
};

struct limits *
limits_open(uint32_t places_n)
{
	struct limits *l = calloc(1, sizeof(*l));
	uint64_t n = WAYS;

	while (n < places_n)
		n *= 2;
	if (l == NULL)
		return NULL;
	l->sets_mask = n / WAYS - 1;
	l->places = aligned_alloc(CACHE_LINE, n * sizeof(*l->places));
	if (l->places == NULL ||
	    getrandom(&l->key, sizeof(l->key), 0) != sizeof(l->key)) {
		limits_close(&l);
		return NULL;
	}
	memset((void *)l->places, 0, n * sizeof(*l->places));
	return l;
}

void
limits_close(struct limits **l)
{
	if (*l != NULL)
		free(l[0]->places);
	free(*l);
	*l = NULL;
}

/* --- who it is --- */

/* The address without the bits that one client may choose. */
static struct ip
masked(const struct ip *ip, const struct limits_cfg *cfg)
{
	unsigned bits = ip_is_v4(ip) ? 96 + cfg->v4_bits : cfg->v6_bits;
	struct ip out = *ip;

	for (unsigned i = 0; i < sizeof(out.b); i++) {
		unsigned left = bits > i * 8 ? bits - i * 8 : 0;

		if (left < 8)
			out.b[i] &= (uint8_t)(0xff00u >> left);
	}
	return out;
}

static uint64_t
hash_of(const struct limits *l, unsigned service_idx, const struct ip *ip,
	const struct limits_cfg *cfg)
{
	struct {
		struct ip ip;
		uint32_t service_idx;
	} key = { masked(ip, cfg), service_idx };

	return sip_hash(&l->key,
			(struct span) { (const char *)&key, sizeof(key) });
}

/* --- places --- */

static bool
take(struct limit_client *c, uint64_t *word, uint64_t next)
{
	return atomic_compare_exchange_strong(&c->word, word, next);
}

/* Its place, with one hand more on it, or NULL. */
static struct limit_client *
hold(struct limit_client *set, uint64_t tag, uint32_t *held_out)
{
	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = atomic_load(&set[i].word);

		while (word >> HELD_BITS == tag &&
		       (word & HELD_MASK) < HELD_MASK) {
			if (!take(&set[i], &word, word + 1))
				continue;
			*held_out = (uint32_t)(word & HELD_MASK) + 1;
			return &set[i];
		}
	}
	return NULL;
}

/* One that nobody holds: the longest quiet. NULL: there is none. */
static struct limit_client *
quietest(struct limit_client *set, uint64_t *word_out)
{
	struct limit_client *best = NULL;
	uint64_t least_s = UINT64_MAX;

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = atomic_load(&set[i].word);
		uint64_t seen_s = word ? atomic_load(&set[i].seen_s) : 0;

		if ((word & HELD_MASK) != 0 || seen_s >= least_s)
			continue;
		best = &set[i];
		least_s = seen_s;
		*word_out = word;
	}
	return best;
}

struct limit_client *
limits_enter(struct limits *l, unsigned service_idx, const struct ip *ip,
	     const struct limits_cfg *cfg, uint64_t now_us,
	     uint32_t *conns_n_out)
{
	uint64_t hash = hash_of(l, service_idx, ip, cfg);
	struct limit_client *set = &l->places[(hash & l->sets_mask) * WAYS];
	/* Never 0, which is a free place's. */
	uint64_t tag = hash >> HELD_BITS | 1;

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		struct limit_client *c = hold(set, tag, conns_n_out);
		uint64_t word;

		if (c == NULL) {
			c = quietest(set, &word);
			if (c == NULL)
				return NULL;
			if (!take(c, &word, tag << HELD_BITS | 1))
				continue; /* somebody was faster */
			*conns_n_out = 1;
			for (int i = 0; i < LIMIT_RATE_N; i++)
				atomic_store(&c->rates[i], 0);
		}
		atomic_store(&c->seen_s, now_us / 1000000);
		return c;
	}
	return NULL;
}

void
limits_leave(struct limit_client **c)
{
	if (*c != NULL)
		must((atomic_fetch_sub(&(*c)->word, 1) & HELD_MASK) != 0);
	*c = NULL;
}

/* --- rates --- */

/* A time unit is over, or there was none. */
static bool
is_over(uint64_t rate, const struct limits_cfg *cfg, uint64_t now_s)
{
	uint64_t began_s = rate >> 32;

	return rate == 0 || now_s < began_s ||
	       now_s - began_s > cfg->unit_us / 1000000;
}

uint32_t
limits_count(struct limit_client *c, enum limit_rate rate,
	     const struct limits_cfg *cfg, uint64_t now_us)
{
	uint64_t now_s = now_us / 1000000;
	uint64_t was = atomic_load(&c->rates[rate]), next;

	do {
		if (is_over(was, cfg, now_s))
			next = now_s << 32 | 1;
		else if ((uint32_t)was == UINT32_MAX)
			return UINT32_MAX;
		else
			next = was + 1;
	} while (!atomic_compare_exchange_weak(&c->rates[rate], &was, next));
	return (uint32_t)next;
}

uint32_t
limits_counted(const struct limit_client *c, enum limit_rate rate,
	       const struct limits_cfg *cfg, uint64_t now_us)
{
	uint64_t was = atomic_load(&c->rates[rate]);

	return is_over(was, cfg, now_us / 1000000) ? 0 : (uint32_t)was;
}
