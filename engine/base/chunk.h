/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chunk.h: the memory that message bodies live in. A worker takes chunks from
 * its own pool and fills them; whoever is done with one gives it back from any
 * thread. Nothing blocks. A chunk is written by one thread until it is
 * submitted and is read-only from then on.
 *
 * The pool grows up to bytes_max and keeps what it has: chunk_get() gives NULL
 * at the limit, and the caller slows its peer down.
 */
#ifndef PENSTOCK_BASE_CHUNK_H
#define PENSTOCK_BASE_CHUNK_H

#include "engine/base/must.h"
#include "engine/base/span.h"

/* Sizes of the memory block, header included. */
#define CHUNK_SMALL_BYTES (8u * 1024)
#define CHUNK_LARGE_BYTES (64u * 1024)

struct chunk_pool;

struct chunk {
	struct chunk *next;
	struct chunk_pool *pool;
	uint32_t len;  /* bytes of data in use */
	uint32_t room; /* bytes of data in all */
	char data[];
};

static_assert(sizeof(struct chunk) == 24, "chunk header");

enum chunk_size { CHUNK_SMALL, CHUNK_LARGE, CHUNK_SIZE_N };

/* Owning thread. Gives a pool or NULL without memory. */
struct chunk_pool *chunk_pool_open(uint64_t bytes_max);
/* Every chunk must be back. Takes *pool and sets it to NULL. */
void chunk_pool_close(struct chunk_pool **pool);

/* Owning thread only. Gives an empty chunk (next NULL, len 0), or NULL. */
struct chunk *chunk_get(struct chunk_pool *pool, enum chunk_size size);

/* Any thread. Takes the whole chain; NULL is fine. */
void chunk_put(struct chunk *chain);

/* Bytes handed out now: any thread, approximate. */
uint64_t chunk_pool_used_bytes(const struct chunk_pool *pool);
/* More than three quarters handed out: take no new message. Any thread. */
bool chunk_pool_is_scarce(const struct chunk_pool *pool);

static inline struct span
chunk_span(const struct chunk *c)
{
	return (struct span) { c->data, c->len };
}

#endif
