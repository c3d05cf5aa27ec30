/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills a batch: new messages and chunks out of the workers' rings, removals
 * and delivery state out of the stack of settled ones. Bodies are copied here
 * for the first time since they were parsed: into the batch.
 */
#include "queue/queue_entry.h"
#include "queue/shard_int.h"
#include "queue/wal.h"

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

void
batch_begin(struct shard *sh)
{
	unsigned char note[WAL_NOTE_BYTES];

	sh->next_meta = sh->meta;
	sh->has_waiter = sh->has_chunks = sh->has_state = false;
	if (sh->store == NULL)
		return;
	wal_note_put(note, atomic_load_explicit(&sh->synced_seq,
						memory_order_relaxed));
	store_batch_clear(sh->store);
	store_batch_note(sh->store,
			 (struct span) { (char *)note, sizeof(note) });
	transit_begin(sh);
}

void
batch_put_record(struct store *store, enum store_family family,
		 enum record_kind kind, uint64_t id, uint16_t record,
		 uint16_t n, struct span payload)
{
	struct record_key key = record_key(id, record);
	unsigned char head[RECORD_HEAD_BYTES];
	struct span parts[2] = { { (char *)head, sizeof(head) }, payload };

	record_head_put(head, kind, n, KEY_SPAN(key), payload);
	store_put(store, family, KEY_SPAN(key), parts, 2);
}

static void
put_record(struct shard *sh, enum store_family family, enum record_kind kind,
	   uint64_t id, uint16_t record, uint16_t n, struct span payload)
{
	batch_put_record(sh->store, family, kind, id, record, n, payload);
}

static void
note_id(struct shard *sh, uint64_t id)
{
	if (id > sh->next_meta.id_max)
		sh->next_meta.id_max = id;
}

static uint64_t *
counter_of(struct record_meta *meta, uint8_t state)
{
	switch (state) {
	case QUEUE_DEFERRED:
		return &meta->deferred_n;
	case QUEUE_HELD:
		return &meta->held_n;
	case QUEUE_DEAD:
		return &meta->dead_n;
	default:
		return NULL;
	}
}

static void
count(struct record_meta *meta, uint8_t from, uint8_t to)
{
	uint64_t *n = counter_of(meta, from);

	if (n != NULL && *n > 0)
		(*n)--;
	n = counter_of(meta, to);
	if (n != NULL)
		(*n)++;
}

/* --- new messages --- */

/* Why these bytes of it cannot be written, if so. */
static enum queue_outcome
chunk_refusal(const struct shard *sh, const struct msg *m, uint64_t bytes)
{
	if (sh->store == NULL)
		return (enum queue_outcome)sh->trouble;
	/* The store went away under its first records. */
	if (m->is_streaming && m->stream_epoch != sh->epoch)
		return QUEUE_FAILED;
	if (bytes + store_batch_bytes(sh->store) >=
	    atomic_load_explicit(&sh->room_bytes, memory_order_relaxed))
		return QUEUE_FULL;
	return QUEUE_DURABLE;
}

static enum queue_outcome
refusal(const struct shard *sh, const struct msg *m)
{
	uint32_t n = m->records_n;

	if (m->is_stream_failed)
		return (enum queue_outcome)m->refusal;
	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next)
		n++;
	if (n > RECORD_BODY_N_MAX)
		return QUEUE_FAILED;
	return chunk_refusal(sh, m, m->inflight_bytes);
}

void
batch_put_message(struct shard *sh, struct msg *m)
{
	const struct envelope *env = &m->pub.env;
	uint32_t n = m->is_streaming ? m->records_n : 0;

	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next)
		if (c->len > 0)
			put_record(sh, STORE_BODY, RECORD_BODY, m->pub.id,
				   (uint16_t)++n, 0, chunk_span(c));
	if (m->records_n != n)
		m->records_n = n;
	if (m->is_streaming) {
		struct record_key key = record_key(m->pub.id, 0);

		store_delete_single(sh->store, STORE_META, KEY_SPAN(key));
	}
	put_record(sh, STORE_ENVELOPE, RECORD_ENVELOPE, m->pub.id, 0,
		   (uint16_t)n, (struct span) { (char *)env->p, env->len });
	note_id(sh, m->pub.id);
	sh->next_meta.entries_n++;
}

static void
add_message(struct shard *sh, struct msg *m)
{
	enum queue_outcome outcome = refusal(sh, m);

	if (outcome != QUEUE_DURABLE) {
		m->refusal = (uint8_t)outcome;
		msg_list_add(&sh->refused, m);
		return;
	}
	if (transit_takes(sh, m)) {
		transit_add(sh, m);
		return;
	}
	batch_put_message(sh, m);
	msg_list_add(&sh->fresh, m);
}

static void
put_chunk(struct shard *sh, struct msg *m, const struct chunk *c)
{
	if (!m->is_streaming) {
		put_record(sh, STORE_META, RECORD_STREAM, m->pub.id, 0, 0,
			   (struct span) { "", 0 });
		m->is_streaming = true;
		m->stream_epoch = sh->epoch;
		note_id(sh, m->pub.id);
	}
	m->records_n++;
	put_record(sh, STORE_BODY, RECORD_BODY, m->pub.id,
		   (uint16_t)m->records_n, 0, chunk_span(c));
	sh->has_chunks = true;
}

/* After one that cannot be written none is. */
static void
add_chunk(struct shard *sh, struct chunk *c)
{
	struct msg *m = entry_chunk_take_owner(c);

	if (!m->is_stream_failed) {
		enum queue_outcome outcome = chunk_refusal(sh, m, c->len);

		m->refusal = (uint8_t)outcome;
		m->is_stream_failed = outcome != QUEUE_DURABLE;
	}
	if (!m->is_stream_failed)
		put_chunk(sh, m, c);
	sh->chunk_bytes += c->len;
	chunk_put(c);
}

/* --- settled messages --- */

static void
remove_message(struct shard *sh, struct msg *m)
{
	struct record_key key = record_key(m->pub.id, 0);

	/* An unfinished one has a mark, a finished one an envelope. */
	store_delete_single(sh->store,
			    m->is_streaming ? STORE_META : STORE_ENVELOPE,
			    KEY_SPAN(key));
	if (m->db_state != QUEUE_ACTIVE)
		store_delete(sh->store, STORE_STATE, KEY_SPAN(key));
	if (m->db_state == QUEUE_DEFERRED) {
		struct record_due_key due =
			record_due_key(m->db_due_us, m->pub.id);

		store_delete(sh->store, STORE_DUE, KEY_SPAN(due));
	}
	for (uint32_t i = 1; i <= m->records_n; i++) {
		key = record_key(m->pub.id, (uint16_t)i);
		store_delete_single(sh->store, STORE_BODY, KEY_SPAN(key));
	}
	if (!m->is_streaming) {
		sh->next_meta.entries_n--;
		count(&sh->next_meta, m->db_state, QUEUE_ACTIVE);
	}
}

/* Several puts of one key: deleted by an ordinary deletion, in the end. */
static void
change_state(struct shard *sh, struct msg *m)
{
	put_record(sh, STORE_STATE, RECORD_STATE, m->pub.id, 0, 0,
		   (struct span) { m->state, m->state_len });
	if (m->db_state == QUEUE_DEFERRED) {
		struct record_due_key due =
			record_due_key(m->db_due_us, m->pub.id);

		store_delete(sh->store, STORE_DUE, KEY_SPAN(due));
	}
	if (m->new_state == QUEUE_DEFERRED) {
		struct record_due_key due =
			record_due_key(m->new_due_us, m->pub.id);
		unsigned char head[RECORD_HEAD_BYTES];
		struct span part = { (char *)head, sizeof(head) };

		record_head_put(head, RECORD_DUE, 0, KEY_SPAN(due),
				(struct span) { "", 0 });
		store_put(sh->store, STORE_DUE, KEY_SPAN(due), &part, 1);
	}
	count(&sh->next_meta, m->db_state, m->new_state);
	sh->has_state = true;
}

static void
add_settled(struct shard *sh, struct msg *m)
{
	if (m->settle == SETTLE_REMOVE && m->transit != TRANSIT_NONE) {
		transit_remove(sh, m);
		return;
	}
	if (m->transit == TRANSIT_IN)
		transit_store(sh, m);
	if (m->settle == SETTLE_REMOVE)
		remove_message(sh, m);
	else
		change_state(sh, m);
	if (m->waiter != NULL)
		sh->has_waiter = true;
	msg_list_add(&sh->settling, m);
}

/* An unfinished message whose session went away. */
static void
add_dropped(struct shard *sh, struct msg *m)
{
	m->settle = SETTLE_REMOVE;
	if (!m->is_streaming)
		msg_free(sh->queue, m); /* no chunk of it was written */
	else if (sh->store == NULL)
		msg_list_add(&sh->waiting, m);
	else
		add_settled(sh, m);
}

/* The stack has the youngest first. */
static void
take_settled(struct shard *sh)
{
	struct msg *m = atomic_exchange_explicit(&sh->settled, NULL,
						 memory_order_acquire);
	struct msg_list list = { 0 };
	struct queue_msg *next = NULL;

	while (m != NULL) {
		struct msg *behind = msg_next(m);

		m->pub.next = next;
		next = &m->pub;
		m = behind;
		list.n++;
	}
	if (next == NULL)
		return;
	atomic_fetch_sub_explicit(&sh->settled_n, list.n, memory_order_relaxed);
	for (m = msg_of(next); m != NULL;) {
		struct msg *behind = msg_next(m);

		msg_list_add(&sh->waiting, m);
		m = behind;
	}
}

bool
batch_is_full(const struct shard *sh)
{
	if (sh->journal != NULL &&
	    journal_batch_bytes(sh->journal) >= BATCH_BYTES)
		return true;
	return sh->store != NULL && store_batch_bytes(sh->store) >= BATCH_BYTES;
}

static void
collect_settled(struct shard *sh)
{
	struct msg_list list;

	take_settled(sh);
	if (sh->store == NULL)
		return;
	list = sh->waiting;
	sh->waiting = (struct msg_list) { 0 };
	while (list.first != NULL && !batch_is_full(sh)) {
		struct msg *m = list.first;

		list.first = msg_next(m);
		list.n--;
		add_settled(sh, m);
	}
	if (list.first != NULL)
		sh->waiting = list;
}

static void
collect_port(struct shard *sh, struct port *port)
{
	void *e;

	while (!batch_is_full(sh) && (e = ring_get(&port->in)) != NULL) {
		switch (entry_kind(e)) {
		case ENTRY_CHUNK:
			add_chunk(sh, entry_pointer(e));
			break;
		case ENTRY_DROP:
			add_dropped(sh, entry_pointer(e));
			break;
		default:
			add_message(sh, entry_pointer(e));
			break;
		}
	}
}

void
batch_collect(struct shard *sh)
{
	struct queue *q = sh->queue;
	uint32_t step = q->cfg.shards_n, n;

	collect_settled(sh);
	if (sh->idx >= step)
		return; /* of a former configuration: it only empties */
	n = (q->cfg.workers_n - sh->idx + step - 1) / step;
	/* Another worker goes first each time: a full batch is fair. */
	for (uint32_t i = 0; i < n && !batch_is_full(sh); i++) {
		uint32_t nth = (sh->next_port + i) % n;

		collect_port(sh, &q->ports[sh->idx + nth * step]);
	}
	sh->next_port++;
}

bool
batch_is_empty(const struct shard *sh)
{
	return sh->fresh.n == 0 && sh->settling.n == 0 && !sh->has_chunks &&
	       sh->storing.first == NULL;
}
