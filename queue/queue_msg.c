/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's side of the queue: messages and their ids, what goes to the
 * commit thread, what comes back. Nothing here blocks.
 */
#include "engine/base/clock.h"
#include "queue/queue_entry.h"
#include "queue/queue_int.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define ENVELOPE_KEEP_BYTES (64u * 1024)

/* --- memory --- */

struct msg *
msg_new_loose(void)
{
	struct msg *m = calloc(1, sizeof(*m));

	if (m != NULL)
		m->pub.worker_idx = NO_WORKER;
	return m;
}

/* Everything but the envelope's memory. */
static void
release_parts(struct msg *m)
{
	chunk_put(m->pub.body);
	free(m->pub.rcpt_states);
	free(m->pub.routes);
	free(m->state);
}

void
msg_free(struct queue *q, struct msg *m)
{
	struct envelope env;
	struct port *port;
	struct msg *top;
	uint16_t worker_idx = m->pub.worker_idx;

	assert(m->place == PLACE_NONE);
	release_parts(m);
	if (worker_idx == NO_WORKER) {
		envelope_fini(&m->pub.env);
		free(m);
		return;
	}
	port = &q->ports[worker_idx];
	if (m->pub.env.cap > ENVELOPE_KEEP_BYTES)
		envelope_fini(&m->pub.env);
	if (atomic_fetch_add_explicit(&port->free_n, 1, memory_order_relaxed) >=
	    POOL_IDLE_MAX) {
		atomic_fetch_sub_explicit(&port->free_n, 1,
					  memory_order_relaxed);
		envelope_fini(&m->pub.env);
		free(m);
		return;
	}
	env = m->pub.env;
	*m = (struct msg) { 0 };
	m->pub.env = env;
	m->pub.worker_idx = worker_idx;
	top = atomic_load_explicit(&port->free_back, memory_order_relaxed);
	do
		m->hash_next = top;
	while (!atomic_compare_exchange_weak_explicit(&port->free_back, &top, m,
						      memory_order_release,
						      memory_order_relaxed));
}

static struct msg *
take_free(struct port *port)
{
	struct msg *m = port->free_own;

	if (m == NULL)
		m = atomic_exchange_explicit(&port->free_back, NULL,
					     memory_order_acquire);
	if (m == NULL)
		return NULL;
	port->free_own = m->hash_next;
	m->hash_next = NULL;
	atomic_fetch_sub_explicit(&port->free_n, 1, memory_order_relaxed);
	return m;
}

uint64_t
msg_memory_bytes(const struct msg *m)
{
	uint64_t bytes = sizeof(*m) + m->pub.env.cap;

	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next)
		bytes += c->room;
	return bytes;
}

void
msg_list_add(struct msg_list *list, struct msg *m)
{
	m->pub.next = NULL;
	if (list->last != NULL)
		list->last->pub.next = &m->pub;
	else
		list->first = m;
	list->last = m;
	list->n++;
}

void
msg_list_join(struct msg_list *list, struct msg_list *tail)
{
	if (tail->first == NULL)
		return;
	if (list->last != NULL)
		list->last->pub.next = &tail->first->pub;
	else
		list->first = tail->first;
	list->last = tail->last;
	list->n += tail->n;
	*tail = (struct msg_list) { 0 };
}

/* --- new and dropped messages --- */

/* When the clock steps back the stamps go on from where they were. */
static uint64_t
next_id(struct port *port)
{
	uint64_t now_us = clock_wall_us();

	port->stamp_us = now_us > port->stamp_us ? now_us : port->stamp_us + 1;
	return port->stamp_us << ID_WORKER_BITS | port->idx;
}

struct queue_msg *
queue_msg_new(struct queue *q, unsigned worker_idx)
{
	struct port *port = &q->ports[worker_idx];
	struct msg *m = take_free(port);

	if (m == NULL)
		m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->pub.id = next_id(port);
	m->pub.worker_idx = (uint16_t)worker_idx;
	m->pub.shard_idx = queue_shard_of_worker(q, worker_idx)->idx;
	return &m->pub;
}

/* Once for all that a turn of the worker has submitted. */
static void
wake_commit(struct queue *q, struct port *port)
{
	port->is_commit_owed = false;
	if (atomic_exchange_explicit(&port->is_commit_asleep, 0,
				     memory_order_acq_rel))
		shard_wake(queue_shard_of_worker(q, port->idx));
}

/* Drops that found the ring full go now, in order. */
static bool
flush_drops(struct queue *q, struct port *port)
{
	struct msg *m;

	while ((m = port->drops.first) != NULL) {
		struct msg *behind = msg_next(m);

		if (!ring_put(&port->in, entry_of(m, ENTRY_DROP)))
			return false;
		port->drops.first = behind;
		port->is_commit_owed = true;
	}
	port->drops.last = NULL;
	return true;
}

void
queue_msg_drop(struct queue *q, struct queue_msg **msg)
{
	struct msg *m = msg_of(*msg);
	struct port *port = &q->ports[m->pub.worker_idx];

	*msg = NULL;
	if (m->pub.streamed_n == 0 || q->cfg.is_discard) {
		msg_free(q, m);
		return;
	}
	chunk_put(m->pub.body);
	m->pub.body = NULL;
	msg_list_add(&port->drops, m);
	(void)flush_drops(q, port);
}

/* --- to the commit thread --- */

/* One message is always let through, however large it is. */
static bool
reserve_inflight(struct queue *q, uint64_t bytes)
{
	uint64_t had = atomic_fetch_add_explicit(&q->inflight_bytes, bytes,
						 memory_order_relaxed);

	if (had == 0 || had + bytes <= q->cfg.inflight_bytes_max)
		return true;
	atomic_fetch_sub_explicit(&q->inflight_bytes, bytes,
				  memory_order_relaxed);
	return false;
}

int
queue_chunk_submit(struct queue *q, struct queue_msg *msg, struct chunk **chunk)
{
	struct msg *m = msg_of(msg);
	struct port *port = &q->ports[msg->worker_idx];
	uint32_t len = (*chunk)->len;

	if (q->cfg.is_discard || len == 0) {
		chunk_put(*chunk);
		*chunk = NULL;
		return 0;
	}
	if (msg->streamed_n >= RECORD_BODY_N_MAX - 1)
		return -EFBIG;
	if (!reserve_inflight(q, len))
		return -EAGAIN;
	(*chunk)->next = entry_chunk_owner(m);
	if (!flush_drops(q, port) ||
	    !ring_put(&port->in, entry_of(*chunk, ENTRY_CHUNK))) {
		(*chunk)->next = NULL;
		atomic_fetch_sub_explicit(&q->inflight_bytes, len,
					  memory_order_relaxed);
		return -EAGAIN;
	}
	*chunk = NULL;
	msg->streamed_n++;
	port->is_commit_owed = true;
	return 0;
}

/* bench only: as durable as nothing. */
static int
discard(struct queue *q, struct port *port, struct queue_msg **msg, void *tag)
{
	struct queue_done done = { tag, (*msg)->id, QUEUE_DURABLE };
	struct msg *m = msg_of(*msg);

	*msg = NULL;
	done_put(&port->done, &done);
	port->unreaped_n++;
	msg_free(q, m);
	return 0;
}

int
queue_msg_submit(struct queue *q, struct queue_msg **msg, void *tag)
{
	struct msg *m = msg_of(*msg);
	struct port *port = &q->ports[(*msg)->worker_idx];
	uint64_t bytes = m->pub.env.len;

	if (port->unreaped_n >= PORT_ENTRIES)
		return -EAGAIN;
	if (q->cfg.is_discard)
		return discard(q, port, msg, tag);
	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next)
		bytes += c->len;
	if (!reserve_inflight(q, bytes))
		return -EAGAIN;
	m->tag = tag;
	m->inflight_bytes = bytes;
	if (!flush_drops(q, port) ||
	    !ring_put(&port->in, entry_of(m, ENTRY_MSG))) {
		atomic_fetch_sub_explicit(&q->inflight_bytes, bytes,
					  memory_order_relaxed);
		return -EAGAIN;
	}
	*msg = NULL;
	port->unreaped_n++;
	port->is_commit_owed = true;
	return 0;
}

/* --- from the commit thread --- */

unsigned
queue_reap(struct queue *q, unsigned worker_idx, struct queue_done *done,
	   unsigned max)
{
	struct port *port = &q->ports[worker_idx];
	unsigned n = 0;

	if (UNLIKELY(port->drops.first != NULL))
		(void)flush_drops(q, port);
	if (port->is_commit_owed)
		wake_commit(q, port);
	while (n < max && done_get(&port->done, &done[n]))
		n++;
	port->unreaped_n -= n;
	return n;
}

int
queue_wake_fd(struct queue *q, unsigned worker_idx)
{
	return q->ports[worker_idx].wake_fd;
}

void
port_wake_worker(struct port *port)
{
	uint64_t one = 1;

	if (!atomic_exchange_explicit(&port->is_worker_asleep, 0,
				      memory_order_acq_rel))
		return;
	if (write(port->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
}

void
queue_set_sleeping(struct queue *q, unsigned worker_idx, bool is_asleep)
{
	struct port *port = &q->ports[worker_idx];
	uint64_t n;

	if (is_asleep) {
		atomic_exchange_explicit(&port->is_worker_asleep, 1,
					 memory_order_acq_rel);
		/* Posted before the flag was seen: no sleep at all. */
		if (done_n(&port->done) > 0)
			port_wake_worker(port);
		return;
	}
	/* Cleared by who writes the eventfd: read it, now or the next time. */
	if (!atomic_exchange_explicit(&port->is_worker_asleep, 0,
				      memory_order_acq_rel))
		port->is_wake_owed = true;
	if (port->is_wake_owed && read(port->wake_fd, &n, sizeof(n)) > 0)
		port->is_wake_owed = false;
}

bool
queue_has_room(struct queue *q, uint64_t bytes)
{
	if (q->cfg.is_discard)
		return true;
	bytes += atomic_load_explicit(&q->inflight_bytes, memory_order_relaxed);
	for (uint32_t i = 0; i < q->cfg.shards_n; i++) {
		struct shard *sh = &q->shards[i];

		if (atomic_load_explicit(&sh->trouble, memory_order_relaxed) !=
			    QUEUE_DURABLE ||
		    atomic_load_explicit(&sh->room_bytes,
					 memory_order_relaxed) <= bytes)
			return false;
	}
	return true;
}
