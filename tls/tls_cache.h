/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_cache.h: sessions that clients resume by an id (TLS 1.2 without tickets),
 * one bounded cache for all threads, services and reloads of the process: in a
 * full set the entry that ends first makes room. Any thread; a mutex of one of
 * the shards is held for a copy. Private to tls/ and its unit tests.
 */
#ifndef PENSTOCK_TLS_TLS_CACHE_H
#define PENSTOCK_TLS_TLS_CACHE_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#define TLS_CACHE_ID_BYTES    32
#define TLS_CACHE_ENTRY_BYTES 4096 /* no larger session is kept */

struct tls_cache;

/* Room for at least entries_n. NULL: no memory. */
struct tls_cache *tls_cache_new(unsigned entries_n);
void tls_cache_free(struct tls_cache **cache);

/* Copies both. What does not fit, or finds no memory, is not kept. */
void tls_cache_put(struct tls_cache *cache, struct span id, struct span session,
		   uint64_t now_us, uint64_t end_us);
/*
 * Gives the session's bytes, copied to out (TLS_CACHE_ENTRY_BYTES), or 0: there
 * is none, or it is over.
 */
size_t tls_cache_find(struct tls_cache *cache, struct span id, uint64_t now_us,
		      void *out);
void tls_cache_drop(struct tls_cache *cache, struct span id);

#endif
