/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the disk into memory: one message, or the oldest of those that are on
 * the disk only. A message is claimed (active.h) before it is read, so that
 * nobody else has it and what is read stays true.
 */
#include "engine/base/log.h"
#include "queue/queue_int.h"

#include <errno.h>
#include <stdlib.h>

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

int
scan_state(struct store *store, uint64_t id, struct record_state *out,
	   struct queue_rcpt_state **rcpts_out)
{
	struct record_key key = record_key(id, 0);
	struct queue_rcpt_state *rcpts = NULL;
	struct span payload;
	char *value;
	uint16_t n;
	size_t len;
	int ret;

	ret = store_get(store, STORE_STATE, KEY_SPAN(key), &value, &len);
	if (ret)
		return ret;
	ret = record_open((struct span) { value, len }, RECORD_STATE,
			  KEY_SPAN(key), &payload, &n);
	if (ret == 0)
		ret = record_state_get(payload, out);
	if (ret == 0 && rcpts_out != NULL && out->rcpt_n > 0) {
		rcpts = malloc(out->rcpt_n * sizeof(*rcpts));
		ret = rcpts == NULL
			      ? -ENOMEM
			      : record_state_rcpts(payload, rcpts, out->rcpt_n);
		if (ret) {
			free(rcpts);
			rcpts = NULL;
		}
	}
	free(value);
	if (rcpts_out != NULL)
		*rcpts_out = rcpts;
	return ret;
}

static int
load_envelope(struct store *store, struct msg *m)
{
	struct record_key key = record_key(m->pub.id, 0);
	struct envelope_head head;
	struct span payload;
	uint16_t n = 0;
	char *value;
	size_t len;
	int ret;

	ret = store_get(store, STORE_ENVELOPE, KEY_SPAN(key), &value, &len);
	if (ret)
		return ret;
	ret = record_open((struct span) { value, len }, RECORD_ENVELOPE,
			  KEY_SPAN(key), &payload, &n);
	if (ret == 0)
		ret = envelope_load(&m->pub.env, payload);
	free(value);
	if (ret)
		return ret;
	envelope_head_get(&m->pub.env, &head);
	m->pub.body_bytes = head.body_bytes;
	m->records_n = n;
	return 0;
}

int
scan_read(struct store *store, struct msg *m)
{
	struct record_state state = { .state = QUEUE_ACTIVE };
	int ret;

	ret = load_envelope(store, m);
	if (ret)
		return ret;
	ret = scan_state(store, m->pub.id, &state, &m->pub.rcpt_states);
	if (ret && ret != -ENOENT)
		return ret;
	m->db_state = (uint8_t)state.state;
	m->db_due_us = m->pub.due_us = state.due_us;
	m->pub.attempts_n = state.attempts_n;
	if (m->pub.rcpt_states != NULL && state.rcpt_n != m->pub.env.rcpt_n)
		return -EBADMSG;
	return 0;
}

int
scan_load(struct shard *sh, struct store *store, struct msg *m)
{
	m->pub.shard_idx = sh->idx;
	m->pub.is_recovered = m->pub.id >> ID_WORKER_BITS <
			      sh->queue->ids_from_us;
	return scan_read(store, m);
}

int
scan_claim(struct queue *q, uint64_t id, struct msg **out)
{
	struct active *a = &q->active;
	struct msg *m = msg_new_loose();

	if (m == NULL)
		return -ENOMEM;
	m->pub.id = id;
	pthread_mutex_lock(&a->lock);
	if (active_find(a, id) == NULL) {
		active_add(a, m, PLACE_TAKEN);
		*out = m;
		m = NULL;
	}
	pthread_mutex_unlock(&a->lock);
	if (m == NULL)
		return 0;
	msg_free(q, m);
	return -EBUSY;
}

void
scan_unclaim(struct shard *sh, struct msg *m)
{
	struct active *a = &sh->queue->active;

	pthread_mutex_lock(&a->lock);
	if (m->is_body_kept) {
		/* The database may not have it: it stays in memory. */
		active_push(a, m);
		active_signal(a);
		pthread_mutex_unlock(&a->lock);
		return;
	}
	active_remove(a, m);
	if (m->db_state == QUEUE_DEFERRED)
		due_note(sh, m->db_due_us);
	else if (m->db_state != QUEUE_ACTIVE)
		;
	else if (m->pub.id >= sh->recover_end_id)
		sh->forgotten_n++;
	else if (m->pub.id < sh->recover_id)
		sh->recover_id = m->pub.id;
	pthread_mutex_unlock(&a->lock);
	msg_free(sh->queue, m);
}

/* It is not there, or not ours: nobody shall look for it. */
static void
forget_claim(struct queue *q, struct msg *m)
{
	pthread_mutex_lock(&q->active.lock);
	active_remove(&q->active, m);
	pthread_mutex_unlock(&q->active.lock);
	msg_free(q, m);
}

/* Unreadable: it is kept, and an operator is shown why. */
static int
bury(struct shard *sh, struct msg *m)
{
	struct record_state state = { .state = QUEUE_DEAD };
	char id[QUEUE_ID_TEXT_MAX];

	m->state = record_state_new(&state, NULL, &m->state_len);
	if (m->state == NULL) {
		scan_unclaim(sh, m);
		return -ENOMEM;
	}
	queue_id_print(m->pub.id, id);
	log_say(LOG_LEVEL_ERROR, "queue",
		"%s: its records in %s are damaged: it is dead: look at it "
		"with penstock queue show %s",
		id, sh->path, id);
	m->settle = SETTLE_STATE;
	m->new_state = QUEUE_DEAD;
	shard_settle(sh, m, false);
	return 0;
}

/* 0 with a message or NULL when it is not for us now; -EIO, -ENOMEM. */
static int
take(struct shard *sh, struct store *store, uint64_t id,
     enum queue_state wanted, uint64_t due_us, struct msg **out)
{
	struct msg *m;
	int ret;

	*out = NULL;
	ret = scan_claim(sh->queue, id, &m);
	if (ret)
		return ret == -EBUSY ? 0 : ret;
	ret = scan_load(sh, store, m);
	if (ret == -EBADMSG)
		return bury(sh, m);
	if (ret == -EIO || ret == -ENOMEM) {
		m->db_state = (uint8_t)wanted;
		m->db_due_us = due_us;
		scan_unclaim(sh, m);
		return ret;
	}
	if (ret || m->db_state != (uint8_t)wanted || m->db_due_us != due_us) {
		forget_claim(sh->queue, m);
		return 0;
	}
	m->memory_bytes = msg_memory_bytes(m);
	atomic_fetch_add_explicit(&sh->queue->active.memory_bytes,
				  m->memory_bytes, memory_order_relaxed);
	*out = m;
	return 0;
}

/* A block of a table is damaged: what is behind it has to be delivered. */
static bool
pass_damage(struct shard *sh, struct store_iter *it, uint64_t *from_id)
{
	if (!atomic_exchange(&sh->is_damage_said, true))
		log_say(LOG_LEVEL_ERROR, "queue",
			"%s: a table is damaged: some mail cannot be read: "
			"stop and run \"penstock queue salvage -c DIR\"",
			sh->path);
	return store_iter_skip(it, from_id);
}

struct msg_list
scan_envelopes(struct shard *sh, struct store *store, uint64_t *from_id,
	       uint64_t end_id, int *ret)
{
	struct record_key from = record_key(*from_id, 0);
	struct store_iter *it =
		store_iter_open(store, STORE_ENVELOPE, KEY_SPAN(from));
	struct msg_list list = { 0 };
	uint16_t record;
	uint64_t id;

	*ret = 0;
	for (; store_iter_is_valid(it) && *ret == 0; store_iter_next(it)) {
		struct msg *m;

		if (!record_key_get(store_iter_key(it), &id, &record))
			continue;
		if (id >= end_id || list.n >= PREFETCH_MAX)
			break;
		*ret = take(sh, store, id, QUEUE_ACTIVE, 0, &m);
		if (*ret)
			break;
		*from_id = id + 1;
		if (m != NULL)
			msg_list_add(&list, m);
	}
	if (*ret == 0)
		*ret = store_iter_error(it);
	if (*ret == -EBADMSG && pass_damage(sh, it, from_id))
		*ret = 0;
	else if (*ret == 0 && list.n < PREFETCH_MAX)
		*from_id = end_id;
	store_iter_close(&it);
	return list;
}

struct msg_list
scan_due(struct shard *sh, struct store *store, uint64_t now_us,
	 uint64_t *from_us, uint64_t *next_us, int *ret)
{
	struct record_due_key from = record_due_key(*from_us, 0);
	struct store_iter *it =
		store_iter_open(store, STORE_DUE, KEY_SPAN(from));
	struct msg_list list = { 0 };
	uint64_t due_us, id;

	*ret = 0;
	*next_us = UINT64_MAX;
	for (; store_iter_is_valid(it); store_iter_next(it)) {
		struct msg *m;

		if (!record_due_key_get(store_iter_key(it), &due_us, &id))
			continue;
		*from_us = *next_us = due_us;
		if (due_us > now_us || list.n >= PREFETCH_MAX)
			break;
		*ret = take(sh, store, id, QUEUE_DEFERRED, due_us, &m);
		if (*ret)
			break;
		*next_us = UINT64_MAX;
		if (m != NULL)
			msg_list_add(&list, m);
	}
	if (*ret == 0)
		*ret = store_iter_error(it);
	store_iter_close(&it);
	return list;
}

/* --- what was pushed out of memory in this run --- */

static bool
refill_begin(struct shard *sh, uint64_t *from_id)
{
	struct active *a = &sh->queue->active;
	bool is_needed;

	pthread_mutex_lock(&a->lock);
	is_needed = sh->forgotten_n > 0 && a->known_n < a->known_max;
	if (is_needed && sh->refill_id == 0) {
		sh->refill_id = sh->recover_end_id;
		sh->refill_found_n = 0;
		sh->refill_forgotten_n = sh->forgotten_n;
	}
	*from_id = sh->refill_id;
	pthread_mutex_unlock(&a->lock);
	return is_needed;
}

static void
refill_end(struct shard *sh, struct msg_list *list, uint64_t from_id)
{
	struct active *a = &sh->queue->active;

	pthread_mutex_lock(&a->lock);
	sh->refill_found_n += list->n;
	sh->forgotten_n -= list->n < sh->forgotten_n ? list->n
						     : sh->forgotten_n;
	for (struct msg *m = list->first; m != NULL;) {
		struct msg *behind = msg_next(m);

		active_push(a, m);
		m = behind;
	}
	sh->refill_id = from_id == UINT64_MAX ? 0 : from_id;
	/* A whole pass without a find: operators have had the rest. */
	if (sh->refill_id == 0 && sh->refill_found_n == 0 &&
	    sh->forgotten_n == sh->refill_forgotten_n)
		sh->forgotten_n = 0;
	active_signal(a);
	pthread_mutex_unlock(&a->lock);
}

static bool
refill_shard(struct shard *sh)
{
	struct msg_list list;
	struct store *store;
	uint64_t from_id;
	bool has;
	int ret;

	if (!refill_begin(sh, &from_id))
		return false;
	store = shard_store_try(sh);
	if (store == NULL)
		return false;
	list = scan_envelopes(sh, store, &from_id, UINT64_MAX, &ret);
	shard_store_put(sh);
	has = list.n > 0;
	refill_end(sh, &list, from_id);
	return has;
}

bool
scan_refill(struct queue *q)
{
	bool has = false;

	if (atomic_exchange(&q->is_refilling, true))
		return false; /* another delivery thread is at it */
	for (uint32_t i = 0; i < q->shards_n; i++)
		has |= refill_shard(&q->shards[i]);
	atomic_store(&q->is_refilling, false);
	return has;
}
