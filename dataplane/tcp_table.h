/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_table.h: from a connection's keyed hash to a reference: buckets of one
 * cache line with eight {tag, reference} each, two buckets for a hash (cuckoo
 * by tag, so that entries move without their keys). The owning worker's thread
 * only; nothing allocates after tcp_table_init().
 *
 * The table compares 32 bits of the hash; who asks compares the rest.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_TABLE_H
#define PENSTOCK_DATAPLANE_TCP_TABLE_H

#include "engine/base/must.h"

#define TCP_BUCKET_SLOTS 8u

struct tcp_bucket {
	uint32_t tags[TCP_BUCKET_SLOTS]; /* 0: free */
	uint32_t refs[TCP_BUCKET_SLOTS];
} CACHE_ALIGNED;
static_assert(sizeof(struct tcp_bucket) == CACHE_LINE, "one line a bucket");

struct tcp_table {
	struct tcp_bucket *buckets;
	uint32_t mask; /* of bucket numbers */
	uint32_t used_n;
};

/* Room for entries_n at about half load. Start-up only; aborts without memory.
 */
void tcp_table_init(struct tcp_table *t, uint32_t entries_n);
void tcp_table_fini(struct tcp_table *t);

/* 0, or -ENOSPC: both buckets and all that could give way are full. */
MUST_USE int tcp_table_add(struct tcp_table *t, uint64_t hash, uint32_t ref);
/* The entry must be there. */
void tcp_table_remove(struct tcp_table *t, uint64_t hash, uint32_t ref);

/* Whether ref is what was looked for. */
typedef bool tcp_table_match_fn(const void *ctx, uint32_t ref);
/* The reference that matches, or 0 (never a reference). */
uint32_t tcp_table_find(const struct tcp_table *t, uint64_t hash,
			tcp_table_match_fn *match, const void *ctx);

static inline uint32_t
tcp_table_tag(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

static inline void
tcp_table_prefetch(const struct tcp_table *t, uint64_t hash)
{
	__builtin_prefetch(&t->buckets[(uint32_t)hash & t->mask]);
}

/*
 * The first reference with this tag in the first bucket, not compared any
 * further: to prefetch what it stands for. Or 0.
 */
static inline uint32_t
tcp_table_guess(const struct tcp_table *t, uint64_t hash)
{
	const struct tcp_bucket *b = &t->buckets[(uint32_t)hash & t->mask];
	uint32_t tag = tcp_table_tag(hash);

	for (unsigned i = 0; i < TCP_BUCKET_SLOTS; i++)
		if (b->tags[i] == tag)
			return b->refs[i];
	return 0;
}

#endif
