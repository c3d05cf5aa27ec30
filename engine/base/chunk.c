/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Per-worker chunk pools. The owner pops from a private list; other threads
 * push to a shared one, which the owner takes whole when the private one is
 * empty: push and take-all need no ABA protection.
 */
#include "engine/base/chunk.h"

#include <stdatomic.h>
#include <stdlib.h>

static const uint32_t block_bytes[CHUNK_SIZE_N] = {
	[CHUNK_SMALL] = CHUNK_SMALL_BYTES,
	[CHUNK_LARGE] = CHUNK_LARGE_BYTES,
};

struct chunk_pool {
	/* owner's */
	struct chunk *own[CHUNK_SIZE_N];
	uint64_t bytes_max;
	uint64_t held_bytes; /* ever allocated and not freed */
	_Atomic uint64_t got_bytes;
	/* everybody's */
	CACHE_ALIGNED _Atomic(struct chunk *) back[CHUNK_SIZE_N];
	_Atomic uint64_t put_bytes;
};

static enum chunk_size
size_of(const struct chunk *c)
{
	return c->room + sizeof(*c) == CHUNK_SMALL_BYTES ? CHUNK_SMALL
							 : CHUNK_LARGE;
}

struct chunk_pool *
chunk_pool_open(uint64_t bytes_max)
{
	struct chunk_pool *pool = aligned_alloc(CACHE_LINE, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->bytes_max = bytes_max;
	return pool;
}

static void
free_chain(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
}

void
chunk_pool_close(struct chunk_pool **pool_inout)
{
	struct chunk_pool *pool = *pool_inout;

	*pool_inout = NULL;
	if (pool == NULL)
		return;
	must(chunk_pool_used_bytes(pool) == 0);
	for (int i = 0; i < CHUNK_SIZE_N; i++) {
		free_chain(pool->own[i]);
		free_chain(atomic_load(&pool->back[i]));
	}
	free(pool);
}

/* Frees idle chunks of the other size, so that neither starves the other. */
static void
trim_other(struct chunk_pool *pool, enum chunk_size wanted)
{
	for (int i = 0; i < CHUNK_SIZE_N; i++) {
		if (i == (int)wanted)
			continue;
		if (pool->own[i] == NULL)
			pool->own[i] = atomic_exchange(&pool->back[i], NULL);
		while (pool->own[i] != NULL &&
		       pool->held_bytes + block_bytes[wanted] >
			       pool->bytes_max) {
			struct chunk *c = pool->own[i];

			pool->own[i] = c->next;
			pool->held_bytes -= block_bytes[i];
			free(c);
		}
	}
}

static struct chunk *
grow(struct chunk_pool *pool, enum chunk_size size)
{
	struct chunk *c;

	if (pool->held_bytes + block_bytes[size] > pool->bytes_max)
		trim_other(pool, size);
	if (pool->held_bytes + block_bytes[size] > pool->bytes_max)
		return NULL;
	c = malloc(block_bytes[size]);
	if (c == NULL)
		return NULL;
	pool->held_bytes += block_bytes[size];
	c->pool = pool;
	c->room = block_bytes[size] - (uint32_t)sizeof(*c);
	return c;
}

struct chunk *
chunk_get(struct chunk_pool *pool, enum chunk_size size)
{
	struct chunk *c;

	if (pool->own[size] == NULL)
		pool->own[size] = atomic_exchange_explicit(
			&pool->back[size], NULL, memory_order_acquire);
	c = pool->own[size];
	if (LIKELY(c != NULL))
		pool->own[size] = c->next;
	else if ((c = grow(pool, size)) == NULL)
		return NULL;
	atomic_store_explicit(
		&pool->got_bytes,
		atomic_load_explicit(&pool->got_bytes, memory_order_relaxed) +
			block_bytes[size],
		memory_order_relaxed);
	c->next = NULL;
	c->len = 0;
	return c;
}

void
chunk_put(struct chunk *c)
{
	while (c != NULL) {
		struct chunk *next = c->next;
		struct chunk_pool *pool = c->pool;
		enum chunk_size size = size_of(c);
		struct chunk *top = atomic_load_explicit(&pool->back[size],
							 memory_order_relaxed);

		/* Counted first: used_bytes may read low, never negative. */
		atomic_fetch_add_explicit(&pool->put_bytes, block_bytes[size],
					  memory_order_relaxed);
		do
			c->next = top;
		while (!atomic_compare_exchange_weak_explicit(
			&pool->back[size], &top, c, memory_order_release,
			memory_order_relaxed));
		c = next;
	}
}

uint64_t
chunk_pool_used_bytes(const struct chunk_pool *pool)
{
	uint64_t put = atomic_load(&pool->put_bytes);
	uint64_t got = atomic_load(&pool->got_bytes);

	return got > put ? got - put : 0;
}

bool
chunk_pool_is_scarce(const struct chunk_pool *pool)
{
	return chunk_pool_used_bytes(pool) > pool->bytes_max / 4 * 3;
}
