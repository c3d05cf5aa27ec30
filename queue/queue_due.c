/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the router gets: mail that an earlier run left, the oldest first, and
 * deferred mail whose time has come. Read ahead by a few messages, and only
 * while there is room in memory.
 */
#include "engine/base/clock.h"
#include "queue/queue_int.h"

#include <stdlib.h>
#include <string.h>

/* --- the scans --- */

void
due_note(struct shard *sh, uint64_t due_us)
{
	struct queue *q = sh->queue;

	if (due_us < sh->due_from_us)
		sh->due_from_us = due_us;
	if (due_us < q->due_next_us) {
		q->due_next_us = due_us;
		pthread_cond_signal(&q->active.due_cond);
	}
}

/* The shard whose oldest unread message is the oldest; one that can be read. */
static struct shard *
oldest_unrecovered(struct queue *q)
{
	struct shard *oldest = NULL;

	pthread_mutex_lock(&q->active.lock);
	for (uint32_t i = 0; i < q->shards_n; i++) {
		struct shard *sh = &q->shards[i];

		if (atomic_load_explicit(&sh->trouble, memory_order_relaxed) ==
			    QUEUE_DURABLE &&
		    sh->recover_id < sh->recover_end_id &&
		    (oldest == NULL || sh->recover_id < oldest->recover_id))
			oldest = sh;
	}
	pthread_mutex_unlock(&q->active.lock);
	return oldest;
}

static bool
recover_some(struct queue *q, struct shard *sh)
{
	struct store *store = shard_store_try(sh);
	struct msg_list list;
	uint64_t was, from_id;
	bool is_more;
	int ret;

	if (store == NULL)
		return false;
	pthread_mutex_lock(&q->active.lock);
	was = from_id = sh->recover_id;
	/* Lowered by whoever puts one back while this goes on. */
	sh->recover_id = sh->recover_end_id;
	pthread_mutex_unlock(&q->active.lock);
	list = scan_envelopes(sh, store, &from_id, sh->recover_end_id, &ret);
	shard_store_put(sh);
	pthread_mutex_lock(&q->active.lock);
	if (from_id < sh->recover_id)
		sh->recover_id = from_id;
	pthread_mutex_unlock(&q->active.lock);
	is_more = list.n > 0 || (ret == 0 && from_id > was);
	msg_list_join(&q->due, &list);
	return is_more;
}

static bool
due_some(struct shard *sh)
{
	struct queue *q = sh->queue;
	struct store *store = shard_store_try(sh);
	uint64_t from_us, next_us;
	struct msg_list list;
	bool is_more;
	int ret;

	pthread_mutex_lock(&q->active.lock);
	from_us = sh->due_from_us;
	if (store == NULL) {
		due_note(sh, from_us); /* looked for the next time */
		pthread_mutex_unlock(&q->active.lock);
		return false;
	}
	/* Lowered by whoever defers something while this goes on. */
	sh->due_from_us = UINT64_MAX;
	pthread_mutex_unlock(&q->active.lock);
	list = scan_due(sh, store, clock_wall_us(), &from_us, &next_us, &ret);
	shard_store_put(sh);
	if (ret)
		next_us = from_us; /* tried again the next time */
	pthread_mutex_lock(&q->active.lock);
	if (from_us < sh->due_from_us)
		sh->due_from_us = from_us;
	if (next_us < q->due_next_us)
		q->due_next_us = next_us;
	pthread_mutex_unlock(&q->active.lock);
	is_more = list.n > 0;
	msg_list_join(&q->due, &list);
	return is_more;
}

/* false: nothing came. */
static bool
read_ahead(struct queue *q)
{
	struct shard *sh = oldest_unrecovered(q);
	bool is_due, has = false;

	if (sh != NULL)
		has = recover_some(q, sh);
	pthread_mutex_lock(&q->active.lock);
	is_due = q->due_next_us <= clock_wall_us();
	if (is_due)
		q->due_next_us = UINT64_MAX;
	pthread_mutex_unlock(&q->active.lock);
	for (uint32_t i = 0; is_due && i < q->shards_n; i++)
		has |= due_some(&q->shards[i]);
	return has;
}

/* --- the router --- */

static bool
has_room_for_more(struct queue *q)
{
	struct active *a = &q->active;

	return a->known_n < a->known_max / 4 * 3;
}

struct queue_msg *
queue_due_take(struct queue *q, uint64_t timeout_us)
{
	struct active *a = &q->active;
	uint64_t until_us = clock_now_us() + timeout_us;
	struct msg *m;

	while (q->due.first == NULL) {
		bool has_room, is_over;
		uint64_t wait_us, wall_us;

		pthread_mutex_lock(&a->lock);
		has_room = has_room_for_more(q);
		pthread_mutex_unlock(&a->lock);
		if (has_room && read_ahead(q))
			continue;
		wall_us = clock_wall_us();
		pthread_mutex_lock(&a->lock);
		wait_us = until_us;
		if (has_room && q->due_next_us > wall_us &&
		    q->due_next_us - wall_us < timeout_us)
			wait_us = clock_now_us() + (q->due_next_us - wall_us);
		if (wait_us > until_us)
			wait_us = until_us;
		active_wait(a, &a->due_cond, wait_us);
		is_over = clock_now_us() >= until_us;
		pthread_mutex_unlock(&a->lock);
		if (is_over)
			return NULL;
	}
	m = q->due.first;
	q->due.first = msg_next(m);
	q->due.n--;
	if (q->due.first == NULL)
		q->due.last = NULL;
	m->pub.next = NULL;
	return &m->pub;
}

/* One block: the rows, then their destinations. NULL without memory. */
static struct queue_route *
copy_routes(const struct queue_route *routes, uint32_t n)
{
	size_t bytes = n * sizeof(*routes);
	struct queue_route *copy;
	char *text;

	for (uint32_t i = 0; i < n; i++)
		bytes += routes[i].dest.len;
	copy = malloc(bytes ? bytes : 1);
	if (copy == NULL)
		return NULL;
	text = (char *)(copy + n);
	for (uint32_t i = 0; i < n; i++) {
		copy[i] = routes[i];
		copy[i].dest.p = text;
		if (routes[i].dest.len > 0)
			memcpy(text, routes[i].dest.p, routes[i].dest.len);
		text += routes[i].dest.len;
	}
	return copy;
}

void
queue_due_put(struct queue *q, struct queue_msg **msg,
	      const struct queue_route *routes)
{
	struct msg *m = msg_of(*msg);
	struct active *a = &q->active;

	*msg = NULL;
	/* Without memory it goes where it was to go when it was accepted. */
	if (routes != NULL)
		m->pub.routes = copy_routes(routes, m->pub.env.rcpt_n);
	pthread_mutex_lock(&a->lock);
	active_push(a, m);
	active_signal(a);
	pthread_mutex_unlock(&a->lock);
}

struct queue_route
queue_msg_route(const struct queue_msg *msg, uint32_t rcpt_idx,
		const struct envelope_rcpt *rcpt)
{
	if (msg->routes != NULL)
		return msg->routes[rcpt_idx];
	return (struct queue_route) { .transport = rcpt->transport,
				      .uid = rcpt->uid,
				      .gid = rcpt->gid,
				      .dest = rcpt->dest };
}
