/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows from a batch: outcomes to the workers, new messages to the
 * delivery threads, settled ones out of memory. After a failure: everybody is
 * told, and what was settled waits for the store to come back.
 */
#include "engine/base/log.h"
#include "queue/queue_entry.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_OWN (-1)

/* --- workers --- */

static void
post_outcome(struct shard *sh, const struct msg *m, enum queue_outcome outcome)
{
	struct port *port = &sh->queue->ports[m->pub.worker_idx];
	struct queue_done done = { m->tag, m->pub.id, outcome };

	done_put(&port->done, &done);
}

static void
wake_workers(struct shard *sh)
{
	struct queue *q = sh->queue;

	for (uint32_t i = sh->idx; i < q->cfg.workers_n; i += q->cfg.shards_n)
		if (done_n(&q->ports[i].done) > 0)
			port_wake_worker(&q->ports[i]);
}

/*
 * Tells the workers; OUTCOME_OWN: each what its message says. Two
 * threads post, never to one worker's ring at once. Gives the messages' bytes.
 */
static uint64_t
post_outcomes(struct shard *sh, const struct msg_list *list, int outcome)
{
	uint64_t bytes = 0;

	if (list->n == 0)
		return 0;
	pthread_mutex_lock(&sh->post_lock);
	for (const struct msg *m = list->first; m != NULL; m = msg_next(m)) {
		bytes += m->inflight_bytes;
		post_outcome(sh, m,
			     outcome == OUTCOME_OWN
				     ? (enum queue_outcome)m->refusal
				     : (enum queue_outcome)outcome);
	}
	pthread_mutex_unlock(&sh->post_lock);
	atomic_fetch_sub_explicit(&sh->queue->inflight_bytes, bytes,
				  memory_order_relaxed);
	wake_workers(sh);
	return bytes;
}

void
post_chunks(struct shard *sh)
{
	atomic_fetch_sub_explicit(&sh->queue->inflight_bytes, sh->chunk_bytes,
				  memory_order_relaxed);
	sh->chunk_bytes = 0;
}

/* --- the settled ones --- */

/*
 * Those that an operator waits for are his to release. They are counted last:
 * who sees the count finds nothing of them left.
 */
static void
finish_settled(struct shard *sh, struct msg_list *list, int ret)
{
	struct active *a = &sh->queue->active;
	struct msg *m = list->first;
	struct msg_list free_list = { 0 };
	uint64_t settled_n = 0, deferrals_n = 0;
	bool has_waiter = false;

	pthread_mutex_lock(&a->lock);
	while (m != NULL) {
		struct msg *behind = msg_next(m);

		if (ret == 0 && m->settle == SETTLE_STATE &&
		    m->new_state == QUEUE_DEFERRED)
			due_note(sh, m->new_due_us);
		if (m->waiter != NULL) {
			m->waiter->ret = ret;
			m->waiter->is_done = true;
			has_waiter = true;
		} else {
			if (m->place != PLACE_NONE)
				active_remove(a, m);
			msg_list_add(&free_list, m);
		}
		m = behind;
	}
	if (has_waiter)
		pthread_cond_broadcast(&a->done_cond);
	/* There is room for those that found none. */
	if (free_list.n > 0 && sh->forgotten_n > 0)
		pthread_cond_signal(&a->ready_cond);
	pthread_mutex_unlock(&a->lock);
	for (m = free_list.first; m != NULL;) {
		struct msg *behind = msg_next(m);

		if (m->settle == SETTLE_REMOVE)
			settled_n += !m->is_streaming;
		else if (m->new_state == QUEUE_DEFERRED)
			deferrals_n++;
		settle_release(sh->queue, m);
		msg_free(sh->queue, m);
		m = behind;
	}
	if (ret == 0) {
		shared_add(&sh->settled_sum, settled_n);
		shared_add(&sh->deferrals_n, deferrals_n);
	}
	*list = (struct msg_list) { 0 };
}

/* What a crash, or a log that is cut, could bring back. */
static void
note_unsynced(struct shard *sh, const struct flight *f)
{
	for (const struct msg *m = f->settling.first; m != NULL;
	     m = msg_next(m)) {
		if (m->settle != SETTLE_REMOVE || m->is_streaming)
			continue;
		must(sh->unsynced_n < UNSYNCED_MAX);
		sh->unsynced[sh->unsynced_n++] =
			(struct removal) { .id = m->pub.id,
					   .due_us = m->db_due_us,
					   .records_n = m->records_n,
					   .db_state = m->db_state };
	}
}

/* --- the new ones --- */

/* Streamed, or over the budget: the body is read back when its turn comes. */
static void
spill(struct shard *sh, struct msg *m)
{
	uint64_t had;

	m->memory_bytes = msg_memory_bytes(m);
	had = atomic_fetch_add_explicit(&sh->queue->active.memory_bytes,
					m->memory_bytes, memory_order_relaxed);
	if (m->is_body_kept ||
	    (!m->is_streaming &&
	     had + m->memory_bytes <= sh->queue->cfg.memory_bytes_max))
		return;
	chunk_put(m->pub.body);
	m->pub.body = NULL;
	had = msg_memory_bytes(m);
	atomic_fetch_sub_explicit(&sh->queue->active.memory_bytes,
				  m->memory_bytes - had, memory_order_relaxed);
	m->memory_bytes = had;
	shared_add(&sh->spilled_n, 1);
}

/*
 * A scan and an operator can see them from the moment they are written: they
 * are told that somebody has them until it is known what became of them.
 */
void
post_begin(struct shard *sh, const struct msg_list *fresh)
{
	struct active *a = &sh->queue->active;

	if (fresh->n == 0)
		return;
	pthread_mutex_lock(&a->lock);
	for (struct msg *m = fresh->first; m != NULL; m = msg_next(m))
		active_add(a, m, PLACE_FRESH);
	pthread_mutex_unlock(&a->lock);
}

/*
 * To the delivery threads, as far as there is room for more in memory. While
 * older mail waits on the disk, half of the room is its.
 */
static void
hand_over(struct shard *sh, struct msg_list *list)
{
	struct active *a = &sh->queue->active;
	struct msg_list forgotten = { 0 };

	pthread_mutex_lock(&a->lock);
	for (struct msg *m = list->first; m != NULL;) {
		struct msg *behind = msg_next(m);
		uint32_t max = sh->forgotten_n ? a->known_max / 2
					       : a->known_max;

		must(m->place == PLACE_FRESH); /* post_begin() */
		if (a->known_n < max || m->transit == TRANSIT_IN) {
			active_push(a, m);
		} else {
			active_remove(a, m);
			sh->forgotten_n++;
			msg_list_add(&forgotten, m);
		}
		m = behind;
	}
	active_signal(a);
	pthread_mutex_unlock(&a->lock);
	for (struct msg *m = forgotten.first; m != NULL;) {
		struct msg *behind = msg_next(m);

		atomic_fetch_sub_explicit(&a->memory_bytes, m->memory_bytes,
					  memory_order_relaxed);
		msg_free(sh->queue, m);
		m = behind;
	}
	*list = (struct msg_list) { 0 };
}

void
post_numbers(struct shard *sh, const struct record_meta *meta)
{
	atomic_store_explicit(&sh->entries_n, meta->entries_n,
			      memory_order_relaxed);
	atomic_store_explicit(&sh->deferred_n, meta->deferred_n,
			      memory_order_relaxed);
	atomic_store_explicit(&sh->held_n, meta->held_n, memory_order_relaxed);
	atomic_store_explicit(&sh->dead_n, meta->dead_n, memory_order_relaxed);
}

/* --- outcomes --- */

void
post_durable(struct shard *sh, struct flight *f)
{
	post_numbers(sh, &f->meta);
	if (f->is_sync) {
		atomic_store_explicit(&sh->synced_seq, f->seq,
				      memory_order_relaxed);
		sh->unsynced_n = 0;
	} else {
		note_unsynced(sh, f);
	}
	shared_add(&sh->committed_n, f->fresh.n);
	shared_add(&sh->committed_bytes,
		   post_outcomes(sh, &f->fresh, QUEUE_DURABLE));
	for (struct msg *m = f->fresh.first; m != NULL; m = msg_next(m)) {
		spill(sh, m);
		m->is_streaming = false;
	}
	hand_over(sh, &f->fresh);
	finish_settled(sh, &f->settling, 0);
}

void
post_passed(struct shard *sh, struct flight *f)
{
	post_begin(sh, &f->fresh);
	shared_add(&sh->committed_n, f->fresh.n);
	shared_add(&sh->committed_bytes,
		   post_outcomes(sh, &f->fresh, QUEUE_DURABLE));
	for (struct msg *m = f->fresh.first; m != NULL; m = msg_next(m))
		spill(sh, m);
	hand_over(sh, &f->fresh);
	finish_settled(sh, &f->settling, 0);
}

/* Records of an unfinished message are removed by a later batch. */
static void
discard_unfinished(struct shard *sh, struct msg_list *list)
{
	struct active *a = &sh->queue->active;

	if (list->n == 0)
		return;
	pthread_mutex_lock(&a->lock);
	for (struct msg *m = list->first; m != NULL; m = msg_next(m))
		if (m->place != PLACE_NONE)
			active_remove(a, m);
	pthread_mutex_unlock(&a->lock);
	for (struct msg *m = list->first; m != NULL;) {
		struct msg *behind = msg_next(m);

		if (m->is_streaming) {
			chunk_put(m->pub.body);
			m->pub.body = NULL;
			m->settle = SETTLE_REMOVE;
			msg_list_add(&sh->waiting, m);
		} else {
			msg_free(sh->queue, m);
		}
		m = behind;
	}
	*list = (struct msg_list) { 0 };
}

/* Tells the operators of *list; gives the others. */
static struct msg_list
refuse_waiters(struct shard *sh, struct msg_list *list)
{
	struct msg_list asked = { 0 }, rest = { 0 };

	for (struct msg *m = list->first; m != NULL;) {
		struct msg *behind = msg_next(m);

		msg_list_add(m->waiter != NULL ? &asked : &rest, m);
		m = behind;
	}
	*list = (struct msg_list) { 0 };
	if (asked.n > 0)
		finish_settled(sh, &asked, -EIO);
	return rest;
}

void
post_unavailable(struct shard *sh)
{
	sh->waiting = refuse_waiters(sh, &sh->waiting);
}

void
post_failed(struct shard *sh, struct flight *f, int ret)
{
	enum queue_outcome outcome = ret == -ENOSPC ? QUEUE_FULL : QUEUE_FAILED;
	struct msg_list rest;

	atomic_store_explicit(&sh->trouble, outcome, memory_order_relaxed);
	post_outcomes(sh, &f->fresh, outcome);
	discard_unfinished(sh, &f->fresh);
	rest = refuse_waiters(sh, &f->settling);
	/* They go first when the store is back. */
	msg_list_join(&rest, &sh->waiting);
	sh->waiting = rest;
}

void
post_refused(struct shard *sh)
{
	post_outcomes(sh, &sh->refused, OUTCOME_OWN);
	discard_unfinished(sh, &sh->refused);
}
