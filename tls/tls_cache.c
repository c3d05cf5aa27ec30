/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache of sets of a few entries each, as processors have them: the id, which
 * is random, chooses the set, so nothing has to be hashed, moved or resized.
 */
#include "tls/tls_cache.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>

#define WAYS	 4
#define SHARDS_N 16 /* mutexes: sets take turns */

struct entry {
	uint64_t end_us; /* 0: free */
	uint32_t session_bytes;
	uint8_t id_bytes;
	char id[TLS_CACHE_ID_BYTES];
	char *session;
};

struct set {
	struct entry ways[WAYS];
};

struct tls_cache {
	pthread_mutex_t locks[SHARDS_N];
	unsigned sets_n; /* a power of two */
	struct set sets[];
};

struct tls_cache *
tls_cache_new(unsigned entries_n)
{
	struct tls_cache *cache;
	unsigned sets_n = SHARDS_N;

	while (sets_n < (1u << 24) && sets_n * WAYS < entries_n)
		sets_n *= 2;
	cache = calloc(1, sizeof(*cache) + sets_n * sizeof(*cache->sets));
	if (cache == NULL)
		return NULL;
	cache->sets_n = sets_n;
	for (unsigned i = 0; i < SHARDS_N; i++)
		must(pthread_mutex_init(&cache->locks[i], NULL) == 0);
	return cache;
}

static void
clear(struct entry *e)
{
	if (e->session != NULL) /* it has the session's secret */
		OPENSSL_cleanse(e->session, e->session_bytes);
	free(e->session);
	*e = (struct entry) { 0 };
}

void
tls_cache_free(struct tls_cache **cache_inout)
{
	struct tls_cache *cache = *cache_inout;

	*cache_inout = NULL;
	if (cache == NULL)
		return;
	for (unsigned i = 0; i < cache->sets_n; i++)
		for (unsigned way = 0; way < WAYS; way++)
			clear(&cache->sets[i].ways[way]);
	for (unsigned i = 0; i < SHARDS_N; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	free(cache);
}

static bool
is_id(struct span id)
{
	return id.len > 0 && id.len <= TLS_CACHE_ID_BYTES;
}

static unsigned
set_of(const struct tls_cache *cache, struct span id)
{
	return (unsigned)span_hash(id) & (cache->sets_n - 1);
}

/* The set's entry of this id, or NULL. */
static struct entry *
find(struct set *set, struct span id)
{
	for (unsigned way = 0; way < WAYS; way++) {
		struct entry *e = &set->ways[way];
		struct span of = { e->id, e->id_bytes };

		if (e->end_us != 0 && span_is_equal(of, id))
			return e;
	}
	return NULL;
}

/* A free one, or the one that ends first. */
static struct entry *
make_room(struct set *set)
{
	struct entry *first = &set->ways[0];

	for (unsigned way = 1; way < WAYS; way++)
		if (set->ways[way].end_us < first->end_us)
			first = &set->ways[way];
	clear(first);
	return first;
}

void
tls_cache_put(struct tls_cache *cache, struct span id, struct span session,
	      uint64_t now_us, uint64_t end_us)
{
	unsigned i = set_of(cache, id);
	pthread_mutex_t *lock = &cache->locks[i % SHARDS_N];
	struct entry *e;
	char *copy;

	if (!is_id(id) || session.len == 0 ||
	    session.len > TLS_CACHE_ENTRY_BYTES || end_us <= now_us)
		return;
	copy = malloc(session.len);
	if (copy == NULL)
		return;
	memcpy(copy, session.p, session.len);
	pthread_mutex_lock(lock);
	e = find(&cache->sets[i], id);
	if (e != NULL)
		clear(e);
	else
		e = make_room(&cache->sets[i]);
	e->end_us = end_us;
	e->session = copy;
	e->session_bytes = (uint32_t)session.len;
	e->id_bytes = (uint8_t)id.len;
	memcpy(e->id, id.p, id.len);
	pthread_mutex_unlock(lock);
}

size_t
tls_cache_find(struct tls_cache *cache, struct span id, uint64_t now_us,
	       void *out)
{
	unsigned i = set_of(cache, id);
	pthread_mutex_t *lock = &cache->locks[i % SHARDS_N];
	struct entry *e;
	size_t n = 0;

	if (!is_id(id))
		return 0;
	pthread_mutex_lock(lock);
	e = find(&cache->sets[i], id);
	if (e != NULL && e->end_us <= now_us) {
		clear(e);
	} else if (e != NULL) {
		n = e->session_bytes;
		memcpy(out, e->session, n);
	}
	pthread_mutex_unlock(lock);
	return n;
}

void
tls_cache_drop(struct tls_cache *cache, struct span id)
{
	unsigned i = set_of(cache, id);
	pthread_mutex_t *lock = &cache->locks[i % SHARDS_N];
	struct entry *e;

	pthread_mutex_lock(lock);
	e = is_id(id) ? find(&cache->sets[i], id) : NULL;
	if (e != NULL)
		clear(e);
	pthread_mutex_unlock(lock);
}
