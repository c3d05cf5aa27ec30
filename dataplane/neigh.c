/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The neighbour cache. A stranger on the link can make us ask for addresses
 * that nobody has: such entries go first, gateways never, and what waits for an
 * answer is bounded twice: one packet each, NEIGH_PENDING_MAX in all.
 */
#include "dataplane/neigh.h"
#include "dataplane/arp.h"
#include "dataplane/host_int.h"
#include "dataplane/host_share.h"
#include "dataplane/nd.h"

#include <errno.h>
#include <stdlib.h>

int
neigh_init(struct host *h, uint32_t neigh_n_max)
{
	struct neigh_cache *c = &h->neighs;

	must(neigh_n_max <= NEIGH_N_MAX);
	for (c->sets_n = 1; c->sets_n * NEIGH_WAYS < neigh_n_max;)
		c->sets_n *= 2;
	c->entries = aligned_alloc(CACHE_LINE, (size_t)c->sets_n * NEIGH_WAYS *
						       sizeof(struct neigh));
	c->waits = calloc((size_t)c->sets_n * NEIGH_WAYS,
			  sizeof(struct neigh_wait));
	c->wheel = malloc(sizeof(*c->wheel));
	if (!c->entries || !c->waits || !c->wheel)
		return -ENOMEM;
	memset(c->entries, 0,
	       (size_t)c->sets_n * NEIGH_WAYS * sizeof(struct neigh));
	wheel_init(c->wheel, 0);
	return 0;
}

static struct neigh_wait *
wait_of(struct host *h, const struct neigh *n)
{
	return &h->neighs.waits[n - h->neighs.entries];
}

static struct frame *
pending_of(struct host *h, const struct neigh *n)
{
	struct frame *f = &wait_of(h, n)->frame;

	return f->buf ? f : NULL;
}

static void
pending_drop(struct host *h, const struct neigh *n)
{
	struct frame *f = pending_of(h, n);

	if (f == NULL)
		return;
	host_drop(h, HOST_DROP_NEIGH);
	port_free(h->queue, f, 1);
	f->buf = NULL;
	h->neighs.pending_n--;
}

void
neigh_start(struct host *h)
{
	wheel_init(h->neighs.wheel, h->now_us);
}

void
neigh_fini(struct host *h)
{
	struct neigh_cache *c = &h->neighs;

	if (c->entries && c->waits)
		for (uint32_t i = 0; i < c->sets_n * NEIGH_WAYS; i++)
			pending_drop(h, &c->entries[i]);
	free(c->entries);
	free(c->waits);
	free(c->wheel);
}

static struct neigh *
set_of(struct host *h, const struct ip *ip)
{
	uint32_t set = flow_hash_addr(&h->key, ip) & (h->neighs.sets_n - 1);

	return &h->neighs.entries[set * NEIGH_WAYS];
}

struct neigh *
neigh_find(struct host *h, const struct ip *ip)
{
	struct neigh *set = set_of(h, ip);

	for (unsigned i = 0; i < NEIGH_WAYS; i++)
		if (set[i].state != NEIGH_FREE && ip_is_equal(&set[i].ip, ip))
			return &set[i];
	return NULL;
}

static void
neigh_remove(struct host *h, struct neigh *n)
{
	pending_drop(h, n);
	wheel_clear(h->neighs.wheel, &wait_of(h, n)->timer);
	n->state = NEIGH_FREE;
	n->generation++;
	for (unsigned i = 0; i < h->net.routers_n; i++)
		if (ip_is_equal(&h->net.routers[i].ip, &n->ip))
			h->router_turn++;
}

static bool
is_pinned(const struct host *h, const struct neigh *n)
{
	for (unsigned i = 0; i < h->net.routers_n; i++)
		if (ip_is_equal(&h->net.routers[i].ip, &n->ip))
			return true;
	return ip_is_equal(&h->gateway4, &n->ip) ||
	       ip_is_equal(&h->gateway6, &n->ip);
}

/* Who must go: what nobody answered for, then what was used longest ago. */
static struct neigh *
place_for(struct host *h, const struct ip *ip)
{
	struct neigh *set = set_of(h, ip), *worst = NULL;

	for (unsigned i = 0; i < NEIGH_WAYS; i++) {
		struct neigh *n = &set[i];

		if (n->state == NEIGH_FREE)
			return n;
		if (is_pinned(h, n))
			continue;
		if (worst == NULL ||
		    (n->state == NEIGH_INCOMPLETE) >
			    (worst->state == NEIGH_INCOMPLETE) ||
		    ((n->state == NEIGH_INCOMPLETE) ==
			     (worst->state == NEIGH_INCOMPLETE) &&
		     n->used_us < worst->used_us))
			worst = n;
	}
	/* Two gateways and HOST_ROUTERS_MAX routers are fewer than a set. */
	must(worst != NULL);
	neigh_remove(h, worst);
	return worst;
}
static_assert(HOST_ROUTERS_MAX + 2 < NEIGH_WAYS, "a set never is all pinned");

static void
ask(struct host *h, struct neigh *n)
{
	const uint8_t *mac = n->state == NEIGH_PROBE ? n->eth : NULL;

	n->asked_n++;
	wheel_set(h->neighs.wheel, &wait_of(h, n)->timer,
		  h->now_us + NEIGH_ASK_US);
	if (!rate_take(&h->ask_rate, h->now_us))
		return; /* as if the question had been lost */
	if (ip_is_v4(&n->ip))
		arp_ask(h, &n->ip, mac);
	else
		nd_ask(h, &n->ip, mac);
}

static struct neigh *
neigh_new(struct host *h, struct neigh *n, const struct ip *ip)
{
	n->ip = *ip;
	n->asked_n = 0;
	n->used_us = h->now_us;
	n->learned_us = 0;
	return n;
}

struct neigh *
neigh_get(struct host *h, const struct ip *ip)
{
	struct neigh *n = neigh_find(h, ip);

	if (n != NULL)
		return n;
	n = neigh_new(h, place_for(h, ip), ip);
	n->state = NEIGH_INCOMPLETE;
	ask(h, n);
	return n;
}

void
neigh_send(struct host *h, struct neigh *n, const struct frame *f)
{
	struct frame *pending = &wait_of(h, n)->frame;

	n->used_us = h->now_us;
	if (UNLIKELY(n->state == NEIGH_INCOMPLETE)) {
		/* RFC 1122 section 2.3.2.2: the latest one is kept. */
		pending_drop(h, n);
		*pending = *f;
		h->neighs.pending_n++;
		if (h->neighs.pending_n > NEIGH_PENDING_MAX)
			pending_drop(h, n);
		return;
	}
	if (UNLIKELY(n->state == NEIGH_STALE ||
		     (n->state == NEIGH_REACHABLE &&
		      h->now_us - n->learned_us > NEIGH_REACHABLE_US))) {
		n->state = NEIGH_DELAY;
		wheel_set(h->neighs.wheel, &wait_of(h, n)->timer,
			  h->now_us + NEIGH_DELAY_US);
	}
	memcpy(f->data, n->eth, h->l2_bytes);
	host_tx_frame(h, f);
}

/* Known from now on, and asked no more. */
static void
resolve(struct host *h, struct neigh *n, const uint8_t *mac, bool is_sure)
{
	struct frame *f = pending_of(h, n), sent;

	host_tx_eth(h, n->eth, mac,
		    ip_is_v4(&n->ip) ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
	n->state = is_sure ? NEIGH_REACHABLE : NEIGH_STALE;
	n->asked_n = 0;
	n->learned_us = h->now_us;
	wheel_clear(h->neighs.wheel, &wait_of(h, n)->timer);
	if (f == NULL)
		return;
	sent = *f;
	f->buf = NULL;
	h->neighs.pending_n--;
	neigh_send(h, n, &sent);
}

static struct neigh *
free_place(struct host *h, const struct ip *ip)
{
	struct neigh *set = set_of(h, ip);

	for (unsigned i = 0; i < NEIGH_WAYS; i++)
		if (set[i].state == NEIGH_FREE)
			return &set[i];
	return NULL;
}

/*
 * A group's, or none at all: a forger's. Our own may be a neighbour's: the
 * kernel's end of a tap has the same.
 */
static bool
is_neighbours(const uint8_t mac[PORT_MAC_BYTES])
{
	static const uint8_t none[PORT_MAC_BYTES];

	return !(mac[0] & 1) && memcmp(mac, none, PORT_MAC_BYTES) != 0;
}

void
neigh_learn(struct host *h, const struct ip *ip,
	    const uint8_t mac[PORT_MAC_BYTES], unsigned news)
{
	struct neigh *n = neigh_find(h, ip);

	if (!is_neighbours(mac))
		return;
	if (h->share && h->queue_idx == 0)
		host_share_neigh(h, ip, mac, news);
	if (n == NULL) {
		if (!(news & NEIGH_CREATE) || !(n = free_place(h, ip)))
			return;
		resolve(h, neigh_new(h, n, ip), mac, news & NEIGH_ANSWER);
		return;
	}
	if (n->state == NEIGH_INCOMPLETE || memcmp(n->eth, mac, 6) == 0) {
		/* The same again, unasked, proves nothing: RFC 4861 7.2.5 */
		if (n->state == NEIGH_INCOMPLETE || news & NEIGH_ANSWER)
			resolve(h, n, mac, news & NEIGH_ANSWER);
		return;
	}
	if (!(news & NEIGH_OVERRIDE)) {
		if (n->state == NEIGH_REACHABLE)
			n->state = NEIGH_STALE;
		return;
	}
	if (!(news & NEIGH_ANSWER) && h->now_us - n->learned_us < NEIGH_LOCK_US)
		return;
	resolve(h, n, mac, news & NEIGH_ANSWER);
}

static void
expire(struct host *h, struct neigh *n)
{
	if (n->state == NEIGH_DELAY) {
		n->state = NEIGH_PROBE;
		n->asked_n = 0;
	}
	if (n->asked_n < NEIGH_ASKS_N)
		ask(h, n);
	else
		neigh_remove(h, n);
}

void
neigh_timers(struct host *h)
{
	struct wheel_node *node;

	wheel_advance(h->neighs.wheel, h->now_us);
	while ((node = wheel_take(h->neighs.wheel)) != NULL) {
		struct neigh_wait *w =
			CONTAINER_OF(node, struct neigh_wait, timer);

		expire(h, &h->neighs.entries[w - h->neighs.waits]);
	}
}

uint64_t
neigh_next_us(const struct host *h)
{
	uint64_t next_us = wheel_next_us(h->neighs.wheel);

	/* The answer may come to another queue, and from there by a ring. */
	if (h->share && h->neighs.pending_n &&
	    next_us > h->now_us + SHARE_WAITING_US)
		next_us = h->now_us + SHARE_WAITING_US;
	return next_us;
}
