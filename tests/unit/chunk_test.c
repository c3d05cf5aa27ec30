/* SPDX-License-Identifier: BSD-2-Clause */
/* The chunk pool: its limit, its reuse, and chunks put by other threads. */
#include "engine/base/chunk.h"
#include "engine/base/ring.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <sched.h>

static struct chunk_pool *
open_pool(uint64_t bytes_max)
{
	struct chunk_pool *pool = chunk_pool_open(bytes_max);

	must(pool != NULL);
	return pool;
}

/* Takes as many as there are; gives their chain. */
static struct chunk *
get_all(struct chunk_pool *pool, enum chunk_size size, unsigned *n)
{
	struct chunk *all = NULL, *c;

	for (*n = 0; (c = chunk_get(pool, size)) != NULL; ++*n) {
		c->next = all;
		all = c;
	}
	return all;
}

static void
test_one(void)
{
	static const struct {
		enum chunk_size size;
		uint32_t bytes;
	} rows[] = {
		{ CHUNK_SMALL, CHUNK_SMALL_BYTES },
		{ CHUNK_LARGE, CHUNK_LARGE_BYTES },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct chunk_pool *pool = open_pool(1u << 20);
		struct chunk *c;

		CHECK_ROW("one chunk");
		c = chunk_get(pool, rows[i].size);
		must(c != NULL);
		CHECK(c->len == 0 && c->next == NULL && c->pool == pool);
		CHECK(c->room == rows[i].bytes - sizeof(*c));
		CHECK(chunk_pool_used_bytes(pool) == rows[i].bytes);
		memset(c->data, 'x', c->room); /* all of it is ours */
		c->len = 3;
		CHECK_SPAN(chunk_span(c), "xxx");
		chunk_put(c);
		CHECK(chunk_pool_used_bytes(pool) == 0);
		CHECK(chunk_get(pool, rows[i].size) == c); /* kept */
		CHECK(c->len == 0 && c->next == NULL);
		chunk_put(c);
		chunk_pool_close(&pool);
		CHECK(pool == NULL);
	}
	chunk_put(NULL);
}

static void
test_limit(void)
{
	struct chunk_pool *pool = open_pool(10 * CHUNK_SMALL_BYTES - 1);
	struct chunk *all;
	unsigned n;

	CHECK_ROW("limit");
	all = get_all(pool, CHUNK_SMALL, &n);
	CHECK(n == 9);
	CHECK(chunk_get(pool, CHUNK_LARGE) == NULL);
	chunk_put(all);
	CHECK_ROW("one size does not starve the other");
	all = get_all(pool, CHUNK_LARGE, &n);
	CHECK(n == 1);
	CHECK(chunk_pool_used_bytes(pool) == CHUNK_LARGE_BYTES);
	CHECK(chunk_get(pool, CHUNK_LARGE) == NULL);
	chunk_put(all);
	all = get_all(pool, CHUNK_SMALL, &n);
	CHECK(n == 9);
	chunk_put(all);
	chunk_pool_close(&pool);
	CHECK_ROW("no room at all");
	pool = open_pool(0);
	CHECK(chunk_get(pool, CHUNK_SMALL) == NULL);
	CHECK(chunk_pool_used_bytes(pool) == 0);
	chunk_pool_close(&pool);
	chunk_pool_close(&pool); /* NULL is fine */
}

static void
test_scarce(void)
{
	struct chunk_pool *pool = open_pool(8 * CHUNK_SMALL_BYTES);
	struct chunk *got[8];

	CHECK_ROW("scarce");
	for (int i = 0; i < 8; i++) {
		CHECK(chunk_pool_is_scarce(pool) == (i > 6));
		got[i] = chunk_get(pool, CHUNK_SMALL);
		must(got[i] != NULL);
	}
	CHECK(chunk_pool_is_scarce(pool));
	chunk_put(got[0]);
	chunk_put(got[1]);
	CHECK(!chunk_pool_is_scarce(pool));
	for (int i = 2; i < 8; i++)
		chunk_put(got[i]);
	chunk_pool_close(&pool);
}

static void
test_chain(void)
{
	struct chunk_pool *a = open_pool(1u << 20), *b = open_pool(1u << 20);
	struct chunk *chain = NULL;

	CHECK_ROW("a chain of both sizes and two pools");
	for (int i = 0; i < 8; i++) {
		struct chunk *c = chunk_get(i & 1 ? a : b,
					    i & 2 ? CHUNK_SMALL : CHUNK_LARGE);

		must(c != NULL);
		c->next = chain;
		chain = c;
	}
	chunk_put(chain);
	CHECK(chunk_pool_used_bytes(a) == 0 && chunk_pool_used_bytes(b) == 0);
	chunk_pool_close(&a);
	chunk_pool_close(&b);
}

/* --- others put what the owner took --- */

enum { HANDED_N = 100000, PUTTERS_N = 2 };

struct putter {
	struct ring ring;
	pthread_t thread;
	unsigned wrong;
};

static void *
put_back(void *arg)
{
	struct putter *p = arg;

	for (unsigned i = 0; i < HANDED_N; i++) {
		struct chunk *c;

		while ((c = ring_get(&p->ring)) == NULL)
			sched_yield();
		/* Written by the owner, and by nobody since. */
		for (struct chunk *at = c; at != NULL; at = at->next)
			p->wrong += at->len != 4 ||
				    memcmp(at->data, &i, 4) != 0;
		chunk_put(c);
	}
	return NULL;
}

/* One or two chunks, as memory allows, stamped with i. */
static struct chunk *
stamped(struct chunk_pool *pool, unsigned i)
{
	struct chunk *c = NULL;

	for (unsigned n = 0; n <= (i & 1); n++) {
		struct chunk *more =
			chunk_get(pool, i & 2 ? CHUNK_SMALL : CHUNK_LARGE);

		if (more == NULL)
			break;
		memcpy(more->data, &i, 4);
		more->len = 4;
		more->next = c;
		c = more;
	}
	return c;
}

static void
test_threads(void)
{
	struct chunk_pool *pool = open_pool(4 * CHUNK_LARGE_BYTES);
	struct putter putters[PUTTERS_N] = { 0 };

	CHECK_ROW("threads");
	for (int i = 0; i < PUTTERS_N; i++) {
		must(ring_init(&putters[i].ring, 16) == 0);
		must(pthread_create(&putters[i].thread, NULL, put_back,
				    &putters[i]) == 0);
	}
	for (unsigned i = 0; i < HANDED_N; i++)
		for (int k = 0; k < PUTTERS_N; k++) {
			struct chunk *c;

			while ((c = stamped(pool, i)) == NULL)
				sched_yield();
			while (!ring_put(&putters[k].ring, c))
				sched_yield();
			CHECK(chunk_pool_used_bytes(pool) <=
			      4 * CHUNK_LARGE_BYTES);
		}
	for (int i = 0; i < PUTTERS_N; i++) {
		must(pthread_join(putters[i].thread, NULL) == 0);
		CHECK(putters[i].wrong == 0);
		ring_fini(&putters[i].ring);
	}
	CHECK(chunk_pool_used_bytes(pool) == 0);
	chunk_pool_close(&pool);
}

int
main(void)
{
	test_one();
	test_limit();
	test_scarce();
	test_chain();
	test_threads();
	return check_end();
}
