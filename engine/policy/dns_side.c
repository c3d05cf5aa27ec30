/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's side of DNS: its cache, in which questions on their way stand too.
 * What was lent out lives until the next reap, so nothing is freed before. When
 * memory runs out, the oldest go that nobody has asked for since they were
 * looked at last (the clock algorithm).
 */
#include "engine/base/clock.h"
#include "engine/policy/dns_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BUCKETS_MIN  1024u
#define BUCKETS_MAX  (1u << 20)
#define BYTES_BUCKET 512u /* of cache, a bucket */
#define MALLOC_BYTES 32	  /* that it takes for two pieces */

/* --- entries --- */

static void
entry_put(struct dns_entry *e)
{
	must(e->refs > 0);
	if (--e->refs > 0)
		return;
	free(e->block);
	free(e);
}

static struct dns_entry **
bucket_of(struct dns_side *side, uint64_t hash)
{
	return &side->buckets[hash & side->mask];
}

static void
list_remove(struct dns_side *side, struct dns_entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		side->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		side->oldest = e->newer;
}

static void
list_add(struct dns_side *side, struct dns_entry *e)
{
	e->newer = NULL;
	e->older = side->newest;
	if (side->newest != NULL)
		side->newest->newer = e;
	else
		side->oldest = e;
	side->newest = e;
}

static void
count_entries(struct dns_side *side, int64_t n, int64_t bytes)
{
	side->bytes += (uint64_t)bytes;
	counter_add(&side->entries_n, (uint64_t)n);
	counter_add(&side->entries_bytes, (uint64_t)bytes);
}

/* Out of the table; answered ones only are in the list. */
static void
unlink_entry(struct dns_side *side, struct dns_entry *e)
{
	struct dns_entry **at = bucket_of(side, e->hash);

	while (*at != e)
		at = &(*at)->next_hash;
	*at = e->next_hash;
	if (e->answer == NULL)
		return;
	list_remove(side, e);
	count_entries(side, -1, -(int64_t)e->bytes);
}

static bool
is_it(const struct dns_entry *e, uint64_t hash, enum dns_type type,
      struct span name)
{
	return e->hash == hash && e->type == type && e->name_len == name.len &&
	       memcmp(e->name, name.p, name.len) == 0;
}

static struct dns_entry *
find_entry(struct dns_side *side, uint64_t hash, enum dns_type type,
	   struct span name)
{
	struct dns_entry *e = *bucket_of(side, hash);

	while (e != NULL && !is_it(e, hash, type, name))
		e = e->next_hash;
	return e;
}

/* --- what sessions wait for --- */

static void
drop(struct lookup *l)
{
	struct dns_ask *ask = CONTAINER_OF(l, struct dns_ask, lookup);

	if (!l->is_done) {
		if (ask->next != NULL)
			ask->next->prev = ask->prev;
		if (ask->prev != NULL)
			ask->prev->next = ask->next;
		else
			ask->entry->asks = ask->next;
	}
	entry_put(ask->entry);
	free(ask);
}

static const struct lookup_kind kind = { "DNS", drop };

static struct dns_ask *
find_pinned(struct lookup_pins *pins, uint64_t hash, enum dns_type type,
	    struct span name)
{
	for (struct lookup *l = pins->first; l != NULL; l = l->next) {
		struct dns_ask *ask = CONTAINER_OF(l, struct dns_ask, lookup);

		if (l->kind == &kind && is_it(ask->entry, hash, type, name))
			return ask;
	}
	return NULL;
}

static bool
wait_for(struct dns_side *side, struct lookup_pins *pins, struct dns_entry *e)
{
	struct dns_ask *ask = malloc(sizeof(*ask));

	(void)side;
	if (ask == NULL)
		return false;
	ask->entry = e;
	e->refs++;
	ask->prev = NULL;
	ask->next = e->asks;
	if (e->asks != NULL)
		e->asks->prev = ask;
	e->asks = ask;
	lookup_wait(&ask->lookup, &kind, pins);
	return true;
}

/* A new question; NULL: no room. */
static struct dns_entry *
submit(struct dns_side *side, uint64_t hash, enum dns_type type,
       struct span name)
{
	struct dns_entry **at = bucket_of(side, hash), *e;

	if (side->pending_n >= side->dns->pending_max)
		return NULL;
	e = malloc(sizeof(*e) + name.len + 1);
	if (e == NULL)
		return NULL;
	*e = (struct dns_entry) {
		.next_hash = *at,
		.hash = hash,
		.refs = 1,
		.worker_idx = (uint16_t)side->idx,
		.name_len = (uint16_t)name.len,
		.type = (uint8_t)type,
	};
	memcpy(e->name, name.p, name.len);
	e->name[name.len] = '\0';
	*at = e;
	side->pending_n++;
	side->source.busy_n++;
	counter_add(&side->pending, 1);
	must(ring_put(&side->to_thread, e));
	dns_thread_wake(side->dns);
	return e;
}

static const struct dns_answer *
refuse(struct dns_side *side)
{
	counter_add(&side->refused_n, 1);
	return &dns_answer_tryagain;
}

static const struct dns_answer *
ask_anew(struct dns_side *side, struct lookup_pins *pins, struct dns_entry *old,
	 uint64_t hash, enum dns_type type, struct span name)
{
	struct dns_entry *e;

	if (old != NULL && old->answer == NULL) {
		if (!wait_for(side, pins, old))
			return refuse(side);
		counter_add(&side->shared_n, 1);
		return NULL;
	}
	e = submit(side, hash, type, name);
	if (e == NULL)
		return refuse(side);
	if (old != NULL) { /* its time is over, but it may be lent out */
		unlink_entry(side, old);
		old->next_hash = side->dead;
		side->dead = old;
	}
	return wait_for(side, pins, e) ? NULL : refuse(side);
}

const struct dns_answer *
dns_find(struct lookups *all, struct lookup_pins *pins, struct span name,
	 enum dns_type type, uint64_t now_us)
{
	struct lookup_source *source = lookups_source(all, LOOKUP_DNS);
	struct dns_side *side;
	struct dns_entry *e;
	struct dns_ask *ask;
	char text[DNS_NAME_MAX + 1];
	struct span key = { text, 0 };
	struct ip ip;
	uint64_t hash;

	if (source == NULL)
		return &dns_answer_tryagain;
	side = CONTAINER_OF(source, struct dns_side, source);
	counter_add(&side->finds_n, 1);
	if (type != DNS_HOST_PTR)
		key.len = dns_name_fold(name, text);
	else if (name.len < IP_TEXT_MAX && ip_parse(name, &ip))
		key.len = ip_print(&ip, text);
	if (key.len == 0)
		return &dns_answer_nxdomain;
	hash = sip_hash(&side->dns->key, key) + type * 0x9e3779b97f4a7c15ull;
	e = find_entry(side, hash, type, key);
	ask = pins->first ? find_pinned(pins, hash, type, key) : NULL;
	if (ask != NULL)
		return ask->entry->answer;
	if (e != NULL && e->answer != NULL && now_us < e->expires_us) {
		e->is_used = true;
		counter_add(&side->hits_n, 1);
		return e->answer;
	}
	return ask_anew(side, pins, e, hash, type, key);
}

/* --- answers --- */

static void
take_answer(struct dns_side *side, struct lookups *all, struct dns_entry *e,
	    uint64_t now_us)
{
	struct dns_ask *ask = e->asks, *next;

	must(e->answer == NULL);
	side->pending_n--;
	side->source.busy_n--;
	counter_add(&side->pending, (uint64_t)-1);
	if (e->block == NULL)
		unlink_entry(side, e); /* not in the list yet */
	e->answer = e->block ? &e->block->answer : &dns_answer_tryagain;
	e->expires_us = now_us + e->answer->ttl_s * US_PER_SEC;
	e->asks = NULL;
	for (; ask != NULL; ask = next) {
		next = ask->next;
		lookup_done(all, &ask->lookup);
	}
	if (e->block == NULL) { /* no memory: not worth remembering */
		entry_put(e);
		return;
	}
	e->bytes = (uint32_t)(sizeof(*e) + e->name_len + 1 + e->block->bytes +
			      MALLOC_BYTES);
	list_add(side, e);
	count_entries(side, 1, e->bytes);
}

static void
evict(struct dns_side *side)
{
	uint64_t max = atomic_load_explicit(&side->dns->cache_bytes_max,
					    memory_order_relaxed);

	while (side->bytes > max && side->oldest != NULL) {
		struct dns_entry *e = side->oldest;

		if (e->is_used && e->refs == 1) {
			e->is_used = false;
			list_remove(side, e);
			list_add(side, e);
			continue;
		}
		unlink_entry(side, e);
		counter_add(&side->evicted_n, 1);
		entry_put(e);
	}
}

static void
bury(struct dns_side *side)
{
	struct dns_entry *e = side->dead, *next;

	side->dead = NULL;
	for (; e != NULL; e = next) {
		next = e->next_hash;
		entry_put(e);
	}
}

static void
reap(struct lookup_source *source, struct lookups *all)
{
	struct dns_side *side = CONTAINER_OF(source, struct dns_side, source);
	struct dns_entry *e;
	uint64_t now_us = 0;

	bury(side);
	while ((e = ring_get(&side->to_worker)) != NULL) {
		if (now_us == 0)
			now_us = clock_now_us();
		take_answer(side, all, e, now_us);
	}
	evict(side);
}

/* --- begin and end --- */

int
dns_side_init(struct dns_side *side, struct dns *dns, unsigned idx,
	      uint32_t pending_max)
{
	uint64_t want = atomic_load(&dns->cache_bytes_max) / BYTES_BUCKET;
	uint32_t n = BUCKETS_MIN;

	while (n < want && n < BUCKETS_MAX)
		n *= 2;
	side->source.reap = reap;
	side->source.wake_fd = -1;
	side->dns = dns;
	side->idx = idx;
	side->mask = n - 1;
	side->buckets = calloc(n, sizeof(struct dns_entry *));
	if (side->buckets == NULL ||
	    ring_init(&side->to_thread, pending_max) != 0 ||
	    ring_init(&side->to_worker, pending_max) != 0)
		return -ENOMEM;
	side->source.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return side->source.wake_fd < 0 ? -errno : 0;
}

static void
free_ring(struct ring *r)
{
	struct dns_entry *e;

	if (r->slots == NULL)
		return;
	while ((e = ring_get(r)) != NULL) {
		must(e->asks == NULL);
		entry_put(e);
	}
	ring_fini(r);
}

void
dns_side_fini(struct dns_side *side)
{
	struct dns_entry *e = side->newest, *older;

	bury(side);
	for (; e != NULL; e = older) {
		older = e->older;
		entry_put(e);
	}
	free_ring(&side->to_thread);
	free_ring(&side->to_worker);
	free(side->buckets);
	if (side->source.wake_fd >= 0)
		close(side->source.wake_fd);
}
