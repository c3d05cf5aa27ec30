/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What operators see and do: entries in order of age, one entry's body, hold,
 * release, requeue, delete. Changes go through the commit thread, with a sync.
 */
#include "engine/base/clock.h"
#include "queue/queue_int.h"

#include <errno.h>
#include <stdlib.h>

#define FRESH_WAIT_US 1000u
#define AHEAD_MAX     256u /* ids read under one lock */

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

/* --- seeing --- */

/* What is in transit, too. */
static void
store_all(struct queue *q)
{
	for (uint32_t i = 0; i < q->shards_n; i++)
		shard_store_all(&q->shards[i]);
}

struct ahead {
	uint64_t ids[AHEAD_MAX];
	uint32_t n, at;
	uint64_t from_id;
	bool is_end;
};

static int
read_ids(struct shard *sh, struct ahead *ahead)
{
	struct record_key from = record_key(ahead->from_id, 0);
	struct store *store = shard_store_get(sh);
	struct store_iter *it;
	uint16_t record;
	int ret;

	if (store == NULL)
		return -EIO;
	ahead->n = ahead->at = 0;
	it = store_iter_open(store, STORE_ENVELOPE, KEY_SPAN(from));
	for (; store_iter_is_valid(it) && ahead->n < AHEAD_MAX;
	     store_iter_next(it))
		if (record_key_get(store_iter_key(it), &ahead->ids[ahead->n],
				   &record))
			ahead->n++;
	ret = store_iter_error(it);
	store_iter_close(&it);
	shard_store_put(sh);
	ahead->is_end = ahead->n < AHEAD_MAX;
	if (ahead->n > 0)
		ahead->from_id = ahead->ids[ahead->n - 1] + 1;
	return ret;
}

static bool
show(struct msg *m, bool (*fn)(void *arg, const struct queue_entry *entry),
     void *arg)
{
	struct queue_entry entry = {
		.id = m->pub.id,
		.state = (enum queue_state)m->db_state,
		.attempts_n = m->pub.attempts_n,
		.due_us = m->db_due_us,
		.env = &m->pub.env,
		.states = m->pub.rcpt_states,
	};

	return fn(arg, &entry);
}

/* Loads it to be looked at only: it may be anybody's. */
static int
load_one(struct shard *sh, struct msg *m)
{
	struct store *store = shard_store_get(sh);
	int ret;

	if (store == NULL)
		return -EIO;
	ret = scan_load(sh, store, m);
	shard_store_put(sh);
	if (ret != -EBADMSG)
		return ret;
	m->pub.env.len = 0;
	m->db_state = QUEUE_DEAD;
	return 0;
}

/* A message that has left meanwhile is passed over. */
static int
show_one(struct shard *sh, uint64_t id,
	 bool (*fn)(void *arg, const struct queue_entry *entry), void *arg,
	 bool *is_more)
{
	struct msg *m = msg_new_loose();
	int ret;

	if (m == NULL)
		return -ENOMEM;
	m->pub.id = id;
	ret = load_one(sh, m);
	if (ret == 0)
		*is_more = show(m, fn, arg);
	msg_free(sh->queue, m);
	return ret == -ENOENT ? 0 : ret;
}

static int
walk(struct queue *q, struct ahead *aheads,
     bool (*fn)(void *arg, const struct queue_entry *entry), void *arg)
{
	bool is_more = true;
	int ret;

	while (is_more) {
		struct ahead *oldest = NULL;

		for (uint32_t i = 0; i < q->shards_n; i++) {
			struct ahead *ahead = &aheads[i];

			if (ahead->at == ahead->n && !ahead->is_end) {
				ret = read_ids(&q->shards[i], ahead);
				if (ret)
					return ret;
			}
			if (ahead->at < ahead->n &&
			    (oldest == NULL ||
			     ahead->ids[ahead->at] < oldest->ids[oldest->at]))
				oldest = ahead;
		}
		if (oldest == NULL)
			return 0;
		ret = show_one(&q->shards[oldest - aheads],
			       oldest->ids[oldest->at++], fn, arg, &is_more);
		if (ret)
			return ret;
	}
	return 0;
}

int
queue_walk(struct queue *q,
	   bool (*fn)(void *arg, const struct queue_entry *entry), void *arg)
{
	struct ahead *aheads = calloc(q->shards_n, sizeof(*aheads));
	int ret;

	if (aheads == NULL)
		return -ENOMEM;
	store_all(q);
	ret = walk(q, aheads, fn, arg);
	free(aheads);
	return ret;
}

int
queue_find(struct queue *q, uint64_t id,
	   bool (*fn)(void *arg, const struct queue_entry *entry), void *arg)
{
	struct msg *m = msg_new_loose();
	int ret = -ENOENT;

	if (m == NULL)
		return -ENOMEM;
	m->pub.id = id;
	store_all(q);
	for (uint32_t i = 0; i < q->shards_n && ret == -ENOENT; i++)
		ret = load_one(&q->shards[i], m);
	if (ret == 0)
		(void)show(m, fn, arg);
	msg_free(q, m);
	return ret;
}

static int
read_body(struct shard *sh, const struct msg *m,
	  bool (*fn)(void *arg, struct span piece), void *arg)
{
	bool is_more = true;

	for (uint32_t i = 1; i <= m->records_n && is_more; i++) {
		struct store *store = shard_store_get(sh);
		char *value = NULL;
		struct span piece;
		int ret;

		if (store == NULL)
			return -EIO;
		ret = body_record(store, m->pub.id, i, &value, &piece);
		shard_store_put(sh);
		if (ret == 0)
			is_more = fn(arg, piece);
		free(value);
		if (ret)
			return ret;
	}
	return 0;
}

/* Loads m from whichever shard has it. */
static int
find(struct queue *q, struct msg *m, struct shard **sh_out)
{
	int ret = -ENOENT;

	for (uint32_t i = 0; i < q->shards_n && ret == -ENOENT; i++) {
		struct store *store = shard_store_get(&q->shards[i]);

		if (store == NULL)
			return -EIO;
		*sh_out = &q->shards[i];
		ret = scan_load(*sh_out, store, m);
		shard_store_put(*sh_out);
	}
	return ret;
}

int
queue_read(struct queue *q, uint64_t id,
	   bool (*fn)(void *arg, struct span piece), void *arg)
{
	struct msg *m = msg_new_loose();
	struct shard *sh;
	int ret;

	if (m == NULL)
		return -ENOMEM;
	m->pub.id = id;
	store_all(q);
	ret = find(q, m, &sh);
	if (ret == 0)
		ret = read_body(sh, m, fn, arg);
	msg_free(q, m);
	return ret;
}

/* --- doing --- */

/* Body records of an entry whose envelope cannot say how many. */
static int
count_records(struct shard *sh, struct msg *m)
{
	struct record_key from = record_key(m->pub.id, 0);
	struct store *store = shard_store_get(sh);
	struct store_iter *it;
	uint16_t record;
	uint64_t id;
	int ret;

	if (store == NULL)
		return -EIO;
	m->records_n = 0;
	it = store_iter_open(store, STORE_BODY, KEY_SPAN(from));
	for (; store_iter_is_valid(it); store_iter_next(it)) {
		if (!record_key_get(store_iter_key(it), &id, &record))
			continue;
		if (id != m->pub.id)
			break;
		m->records_n = record;
	}
	ret = store_iter_error(it);
	store_iter_close(&it);
	shard_store_put(sh);
	return ret;
}

/* The claim of an id: out of the waiting list, or of a new message. */
static int
claim(struct queue *q, uint64_t id, struct msg **out, struct shard **sh_out,
      bool *was_ready)
{
	struct active *a = &q->active;
	struct msg *m;
	int ret;

	pthread_mutex_lock(&a->lock);
	/* A new one is about to be handed over, or to fail. */
	while ((m = active_find(a, id)) != NULL && m->place == PLACE_FRESH)
		active_wait(a, &a->done_cond, clock_now_us() + FRESH_WAIT_US);
	*was_ready = m != NULL && m->place == PLACE_READY;
	if (*was_ready)
		active_unlist(a, m);
	pthread_mutex_unlock(&a->lock);
	if (m != NULL) {
		*out = m;
		*sh_out = *was_ready ? &q->shards[m->pub.shard_idx] : NULL;
		return *was_ready ? 0 : -EBUSY;
	}
	ret = scan_claim(q, id, out);
	if (ret)
		return ret;
	ret = find(q, *out, sh_out);
	if (ret == -EBADMSG) {
		(*out)->db_state = QUEUE_DEAD;
		ret = count_records(*sh_out, *out);
	}
	if (ret) {
		pthread_mutex_lock(&a->lock);
		active_remove(a, *out);
		pthread_mutex_unlock(&a->lock);
		msg_free(q, *out);
	}
	return ret;
}

/* Nothing was changed: back to where it came from. */
static void
unclaim(struct queue *q, struct msg *m, struct shard *sh, bool was_ready)
{
	if (!was_ready) {
		scan_unclaim(sh, m);
		return;
	}
	pthread_mutex_lock(&q->active.lock);
	active_push(&q->active, m);
	active_signal(&q->active);
	pthread_mutex_unlock(&q->active.lock);
}

/* false: it is so already. */
static bool
is_change(const struct msg *m, enum queue_op op)
{
	switch (op) {
	case QUEUE_OP_HOLD:
		return m->db_state != QUEUE_HELD;
	case QUEUE_OP_RELEASE:
		return m->db_state == QUEUE_HELD;
	case QUEUE_OP_REQUEUE:
		return m->db_state != QUEUE_ACTIVE;
	default:
		return true;
	}
}

static int
prepare(struct msg *m, enum queue_op op)
{
	struct record_state state = { .state = QUEUE_HELD,
				      .attempts_n = m->pub.attempts_n };
	struct queue_rcpt_state *rcpts = m->pub.rcpt_states;

	if (op == QUEUE_OP_DELETE) {
		m->settle = SETTLE_REMOVE;
		return 0;
	}
	if (rcpts != NULL)
		state.rcpt_n = m->pub.env.rcpt_n;
	if (op != QUEUE_OP_HOLD) {
		state.state = QUEUE_DEFERRED;
		state.due_us = clock_wall_us();
	}
	if (op == QUEUE_OP_REQUEUE) {
		state.attempts_n = 0;
		for (uint32_t i = 0; i < state.rcpt_n; i++)
			if (rcpts[i].result == QUEUE_RCPT_FAILED)
				rcpts[i].result = QUEUE_RCPT_TODO;
	}
	m->state = record_state_new(&state, rcpts, &m->state_len);
	if (m->state == NULL)
		return -ENOMEM;
	m->settle = SETTLE_STATE;
	m->new_state = (uint8_t)state.state;
	m->new_due_us = state.due_us;
	return 0;
}

/* Hands it to the commit thread and waits. */
static int
carry_out(struct queue *q, struct msg *m, struct shard *sh, bool was_ready)
{
	struct active *a = &q->active;
	struct waiter waiter = { 0 };
	bool was_forgotten;

	m->waiter = &waiter;
	shard_settle(sh, m, true);
	pthread_mutex_lock(&a->lock);
	while (!waiter.is_done)
		pthread_cond_wait(&a->done_cond, &a->lock);
	m->waiter = NULL;
	was_forgotten = !was_ready && m->db_state == QUEUE_ACTIVE &&
			m->pub.id >= sh->recover_end_id;
	if (waiter.ret == 0) {
		active_remove(a, m);
		if (was_forgotten && sh->forgotten_n > 0)
			sh->forgotten_n--;
	}
	pthread_mutex_unlock(&a->lock);
	if (waiter.ret == 0) {
		settle_release(q, m);
		msg_free(q, m);
		return 0;
	}
	free(m->state);
	m->state = NULL;
	unclaim(q, m, sh, was_ready);
	return waiter.ret;
}

int
queue_operate(struct queue *q, uint64_t id, enum queue_op op)
{
	struct shard *sh;
	bool was_ready;
	struct msg *m;
	int ret;

	ret = claim(q, id, &m, &sh, &was_ready);
	if (ret)
		return ret;
	if (!is_change(m, op)) {
		unclaim(q, m, sh, was_ready);
		return 0;
	}
	ret = prepare(m, op);
	if (ret) {
		unclaim(q, m, sh, was_ready);
		return ret;
	}
	return carry_out(q, m, sh, was_ready);
}
