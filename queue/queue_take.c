/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The delivery threads' side: what to deliver, its body, and what became of it.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/queue_int.h"

#include <errno.h>
#include <stdlib.h>

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

/* --- taking --- */

static bool
is_refill_wanted(const struct queue *q)
{
	const struct active *a = &q->active;

	if (a->ready_n > a->known_max / 4)
		return false;
	for (uint32_t i = 0; i < q->shards_n; i++)
		if (q->shards[i].forgotten_n > 0)
			return true;
	return false;
}

struct queue_msg *
queue_take(struct queue *q, unsigned deliverer_idx, unsigned max,
	   uint64_t timeout_us)
{
	struct active *a = &q->active;
	pthread_cond_t *cond = deliverer_idx > 0 ? &a->help_cond
						 : &a->ready_cond;
	uint64_t until_us = 0;
	struct msg *m = NULL;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		if (is_refill_wanted(q)) {
			bool has;

			pthread_mutex_unlock(&a->lock);
			has = scan_refill(q);
			pthread_mutex_lock(&a->lock);
			if (has)
				continue;
		}
		if (active_is_for(a, deliverer_idx) ||
		    atomic_load(&q->is_closing))
			break;
		if (until_us == 0)
			until_us = clock_now_us() + timeout_us;
		if (!active_wait(a, cond, until_us))
			break;
	}
	if (active_is_for(a, deliverer_idx))
		m = active_pop(a, max);
	active_signal(a);
	pthread_mutex_unlock(&a->lock);
	return m != NULL ? &m->pub : NULL;
}

/* --- bodies --- */

/* Chunks, all of them in memory. */
static int
next_in_memory(const struct queue_msg *msg, struct queue_body_pos *pos,
	       struct span *out)
{
	if (pos->record == 0) {
		pos->record = 1;
		pos->chunk = msg->body;
	}
	while (pos->chunk != NULL && pos->chunk->len == 0)
		pos->chunk = pos->chunk->next;
	if (pos->chunk == NULL)
		return 0;
	*out = chunk_span(pos->chunk);
	pos->chunk = pos->chunk->next;
	return 1;
}

int
body_record(struct store *store, uint64_t id, uint32_t record, char **value_out,
	    struct span *out)
{
	struct record_key key = record_key(id, (uint16_t)record);
	uint16_t n;
	size_t len;
	int ret;

	ret = store_get(store, STORE_BODY, KEY_SPAN(key), value_out, &len);
	if (ret == 0)
		ret = record_open((struct span) { *value_out, len },
				  RECORD_BODY, KEY_SPAN(key), out, &n);
	/* The envelope says that there is one. */
	return ret == -ENOENT ? -EBADMSG : ret;
}

int
queue_body_next(struct queue *q, const struct queue_msg *msg,
		struct queue_body_pos *pos, struct span *out)
{
	const struct msg *m = msg_of((struct queue_msg *)msg);
	struct shard *sh = &q->shards[msg->shard_idx];
	struct store *store;
	char *value;
	int ret;

	queue_body_end(q, pos);
	if (msg->body != NULL)
		return next_in_memory(msg, pos, out);
	if (pos->record >= m->records_n)
		return 0;
	store = shard_store_get(sh);
	if (store == NULL)
		return -EIO;
	pos->record++;
	ret = body_record(store, msg->id, pos->record, &value, out);
	shard_store_put(sh);
	pos->pinned = value;
	return ret ? ret : 1;
}

void
queue_body_end(struct queue *q, struct queue_body_pos *pos)
{
	(void)q;
	free(pos->pinned);
	pos->pinned = NULL;
}

/* --- settling --- */

static enum queue_state
next_state(const struct queue *q, const struct msg *m,
	   const struct queue_rcpt_state *states, uint64_t *due_us)
{
	uint64_t now_us = clock_wall_us(), age_us, delay_us;
	bool is_todo = false, is_failed = false;
	struct envelope_head head;

	for (uint32_t i = 0; i < m->pub.env.rcpt_n; i++) {
		is_todo |= states[i].result == QUEUE_RCPT_TODO ||
			   states[i].result == QUEUE_RCPT_DEFERRED;
		is_failed |= states[i].result == QUEUE_RCPT_FAILED;
	}
	*due_us = 0;
	if (!is_todo)
		return is_failed ? QUEUE_DEAD : QUEUE_ACTIVE;
	envelope_head_get(&m->pub.env, &head);
	age_us = now_us > head.arrival_us ? now_us - head.arrival_us : 0;
	if (age_us >= q->cfg.lifetime_us)
		return QUEUE_DEAD;
	/* As long as it has waited already: the delay doubles. */
	delay_us = age_us;
	if (delay_us > q->cfg.backoff_max_us)
		delay_us = q->cfg.backoff_max_us;
	if (delay_us < q->cfg.backoff_min_us)
		delay_us = q->cfg.backoff_min_us;
	*due_us = now_us + delay_us;
	return QUEUE_DEFERRED;
}

void
settle_release(struct queue *q, struct msg *m)
{
	chunk_put(m->pub.body);
	m->pub.body = NULL;
	atomic_fetch_sub_explicit(&q->active.memory_bytes, m->memory_bytes,
				  memory_order_relaxed);
	m->memory_bytes = 0;
}

void
queue_settle(struct queue *q, struct queue_msg **msg,
	     const struct queue_rcpt_state *states)
{
	struct msg *m = msg_of(*msg);
	struct shard *sh = &q->shards[m->pub.shard_idx];
	struct record_state state = { .attempts_n = m->pub.attempts_n + 1,
				      .rcpt_n = m->pub.env.rcpt_n };

	*msg = NULL;
	if (!atomic_load_explicit(&m->is_body_kept, memory_order_acquire))
		settle_release(q, m);
	state.state = next_state(q, m, states, &state.due_us);
	if (state.state == QUEUE_ACTIVE) {
		m->settle = SETTLE_REMOVE;
		shard_settle(sh, m, false);
		return;
	}
	m->state = record_state_new(&state, states, &m->state_len);
	if (m->state == NULL) {
		/* As if it had not been tried: at least once. */
		scan_unclaim(sh, m);
		return;
	}
	m->settle = SETTLE_STATE;
	m->new_state = (uint8_t)state.state;
	m->new_due_us = state.due_us;
	shard_settle(sh, m, false);
}
