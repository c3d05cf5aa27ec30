/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail in transit: durable in the journal, in memory, and in no database. Most
 * of it is delivered so, a moment later. What stays is moved to the database:
 * deferred mail, what operators ask for, and what stands in the journal's way.
 * The commit thread's alone.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (256u << 10) /* larger ones go to the database */
#define MAKE_ROOM_N	  64u	       /* moved out of the way with a batch */
#define REMOVAL_BYTES	  (256u << 10) /* kept free for removals */
#define OWED_BYTES	  (128u << 10) /* ... and for those that must be */
#define NO_SEQ		  UINT64_MAX
#define OPERATOR_WAIT_US  (30 * US_PER_SEC)
#define OPERATOR_ONCE_US  10000u

/* --- the list, the oldest first --- */

static void
link_last(struct transit_list *list, struct msg *m)
{
	m->transit_next = NULL;
	m->transit_prev = list->last;
	if (list->last != NULL)
		list->last->transit_next = m;
	else
		list->first = m;
	list->last = m;
}

static void
link_sorted(struct transit_list *list, struct msg *m)
{
	struct msg *before = list->last;

	while (before != NULL && before->journal_seq > m->journal_seq)
		before = before->transit_prev;
	m->transit_prev = before;
	m->transit_next = before != NULL ? before->transit_next : list->first;
	if (m->transit_prev != NULL)
		m->transit_prev->transit_next = m;
	else
		list->first = m;
	if (m->transit_next != NULL)
		m->transit_next->transit_prev = m;
	else
		list->last = m;
}

static void
unlink_from(struct transit_list *list, struct msg *m)
{
	if (m->transit_prev != NULL)
		m->transit_prev->transit_next = m->transit_next;
	else
		list->first = m->transit_next;
	if (m->transit_next != NULL)
		m->transit_next->transit_prev = m->transit_prev;
	else
		list->last = m->transit_prev;
	m->transit_next = m->transit_prev = NULL;
}

static uint64_t
oldest_seq(const struct shard *sh)
{
	uint64_t seq = sh->transit.first != NULL
			       ? sh->transit.first->journal_seq
			       : NO_SEQ;

	for (const struct msg *m = sh->storing.first; m != NULL;
	     m = m->transit_next)
		seq = m->journal_seq < seq ? m->journal_seq : seq;
	return seq;
}

static void
count_transit(struct shard *sh, int n)
{
	uint64_t now =
		atomic_load_explicit(&sh->transit_n, memory_order_relaxed);

	atomic_store_explicit(&sh->transit_n, now + (uint64_t)n,
			      memory_order_relaxed);
}

/* --- a file that cannot be written --- */

static void
broke(struct shard *sh, int ret)
{
	log_say(LOG_LEVEL_ERROR, "queue",
		"%s/" JOURNAL_FILE ": write failed: %s: mail goes to the "
		"database instead until the next start",
		sh->path, strerror(-ret));
	sh->broken = sh->journal;
	sh->journal = NULL;
	sh->owed_n = 0;
}

/* Once all that stood in it is in the database, nobody shall read it again. */
static void
bury(struct shard *sh)
{
	int ret;

	if (sh->broken == NULL || sh->transit.first != NULL ||
	    sh->storing.first != NULL)
		return;
	ret = journal_destroy(&sh->broken);
	if (ret)
		log_say(LOG_LEVEL_ERROR, "queue",
			"%s/" JOURNAL_FILE ": cannot remove: %s: remove it "
			"before the next start, which would deliver from it "
			"again",
			sh->path, strerror(-ret));
}

/* --- into the journal --- */

/* For new mail: the rest of the room is for removals. */
static bool
has_room(const struct shard *sh, uint64_t bytes, uint32_t entries_n)
{
	return journal_has_room(sh->journal, bytes + REMOVAL_BYTES, entries_n);
}

static void
put_removal(struct shard *sh, uint64_t id)
{
	journal_put(sh->journal, JOURNAL_REMOVE, 0, id,
		    (struct span) { "", 0 });
}

/*
 * What went into the database is removed here before it is removed there: or
 * the next start would bring it back.
 */
static void
pay(struct shard *sh)
{
	sh->owed_put_n = 0;
	if (sh->journal == NULL || sh->owed_n == 0)
		return;
	if (!journal_has_room(sh->journal, 0, sh->owed_n)) {
		broke(sh, -ENOSPC);
		return;
	}
	for (uint32_t i = 0; i < sh->owed_n; i++)
		put_removal(sh, sh->owed[i]);
	sh->owed_put_n = sh->owed_n;
}

static void
paid(struct shard *sh)
{
	if (sh->owed_put_n == 0)
		return;
	sh->owed_n -= sh->owed_put_n;
	memmove(sh->owed, sh->owed + sh->owed_put_n,
		sh->owed_n * sizeof(*sh->owed));
}

static void
owe(struct shard *sh, uint64_t id)
{
	if (sh->owed_n == sh->owed_room) {
		uint32_t room = sh->owed_room ? 2 * sh->owed_room : 256;

		sh->owed = realloc(sh->owed, room * sizeof(*sh->owed));
		must(sh->owed != NULL);
		sh->owed_room = room;
	}
	sh->owed[sh->owed_n++] = id;
}

void
transit_begin(struct shard *sh)
{
	struct journal *j = sh->journal;
	uint64_t seq;

	if (j == NULL)
		return;
	journal_begin(j);
	seq = oldest_seq(sh);
	if (seq > journal_batch_seq(j))
		seq = journal_batch_seq(j);
	journal_keep_from(j, seq);
	if (seq == journal_batch_seq(j) &&
	    !has_room(sh, MESSAGE_BYTES_MAX, 1)) {
		int ret = journal_restart(j);

		sh->owed_n = 0;
		if (ret)
			broke(sh, ret);
	}
	pay(sh);
}

void
transit_close(struct shard *sh)
{
	struct journal *j = sh->journal;

	if (j != NULL && sh->transit.first == NULL) {
		journal_begin(j);
		journal_keep_from(j, journal_batch_seq(j));
		(void)!journal_restart(j);
	}
	journal_close(&sh->journal);
	journal_close(&sh->broken);
}

bool
transit_takes(const struct shard *sh, const struct msg *m)
{
	const struct active *a = &sh->queue->active;
	uint64_t memory =
		atomic_load_explicit(&a->memory_bytes, memory_order_relaxed);
	uint32_t entries_n = 1;

	if (sh->journal == NULL || m->is_streaming ||
	    m->inflight_bytes > MESSAGE_BYTES_MAX ||
	    memory + m->inflight_bytes > sh->queue->cfg.memory_bytes_max ||
	    sh->transit_n > a->known_max / 2)
		return false;
	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next)
		entries_n++;
	return has_room(sh, m->inflight_bytes, entries_n);
}

void
transit_add(struct shard *sh, struct msg *m)
{
	struct journal *j = sh->journal;

	for (const struct chunk *c = m->pub.body; c != NULL; c = c->next) {
		if (c->len == 0)
			continue;
		m->records_n++;
		journal_put(j, JOURNAL_BODY, (uint16_t)m->records_n, m->pub.id,
			    chunk_span(c));
	}
	journal_put(j, JOURNAL_ENVELOPE, (uint16_t)m->records_n, m->pub.id,
		    (struct span) { (char *)m->pub.env.p, m->pub.env.len });
	m->journal_seq = journal_batch_seq(j);
	m->transit = TRANSIT_IN;
	atomic_store_explicit(&m->is_body_kept, true, memory_order_relaxed);
	link_last(&sh->transit, m);
	count_transit(sh, 1);
	msg_list_add(&sh->passing.fresh, m);
}

void
transit_remove(struct shard *sh, struct msg *m)
{
	/* Without room it is not written: it will be found delivered. */
	if (sh->journal != NULL && journal_has_room(sh->journal, OWED_BYTES, 1))
		put_removal(sh, m->pub.id);
	must(m->transit == TRANSIT_IN);
	unlink_from(&sh->transit, m);
	m->transit = TRANSIT_OUT;
	msg_list_add(&sh->passing.settling, m);
}

/* The file failed: the database gets the new mail of this batch. */
static void
fall_back(struct shard *sh, struct flight *f)
{
	struct msg_list fresh = f->fresh;

	f->fresh = (struct msg_list) { 0 };
	for (struct msg *m = fresh.first; m != NULL;) {
		struct msg *behind = msg_next(m);

		unlink_from(&sh->transit, m);
		count_transit(sh, -1);
		m->transit = TRANSIT_NONE;
		m->journal_seq = 0;
		m->is_body_kept = false;
		batch_put_message(sh, m);
		msg_list_add(&sh->fresh, m);
		m = behind;
	}
}

void
transit_commit(struct shard *sh)
{
	uint64_t from_us = clock_now_us(), bytes;
	struct flight f = sh->passing;
	int ret;

	sh->passing = (struct flight) { 0 };
	bytes = sh->journal != NULL ? journal_batch_bytes(sh->journal) : 0;
	if (bytes > 0) {
		ret = journal_write(sh->journal);
		if (ret == 0) {
			shared_add(&sh->commits_n, 1);
			shared_add(&sh->commit_us, clock_now_us() - from_us);
			counter_add(&sh->written_bytes, bytes);
			paid(sh);
		} else {
			fall_back(sh, &f);
			if (ret != -ENOSPC || sh->owed_put_n > 0)
				broke(sh, ret);
			else
				journal_begin(sh->journal);
		}
	}
	count_transit(sh, -(int)f.settling.n);
	post_passed(sh, &f);
}

/* --- from there into the database --- */

void
transit_store(struct shard *sh, struct msg *m)
{
	must(m->transit == TRANSIT_IN);
	unlink_from(&sh->transit, m);
	m->transit = TRANSIT_STORING;
	link_last(&sh->storing, m);
	batch_put_message(sh, m);
}

/* Of this batch: not durable yet. */
static bool
is_fresh(const struct shard *sh, const struct msg *m)
{
	return sh->journal != NULL &&
	       m->journal_seq == journal_batch_seq(sh->journal);
}

/*
 * The oldest first: what an operator wants to see, all when the journal is
 * broken, and a few when it has come round to mail that is still there.
 */
void
transit_store_some(struct shard *sh)
{
	uint64_t until = atomic_load(&sh->store_wanted_n) != sh->store_done_n
				 ? sh->store_until_seq
				 : 0;
	bool is_in_way = sh->journal != NULL &&
			 !has_room(sh, MESSAGE_BYTES_MAX, 1);
	uint32_t n = is_in_way ? MAKE_ROOM_N : 0;
	struct msg *m;

	if (sh->journal == NULL)
		until = NO_SEQ;
	while ((m = sh->transit.first) != NULL &&
	       (m->journal_seq <= until || n > 0) && !is_fresh(sh, m) &&
	       !batch_is_full(sh)) {
		transit_store(sh, m);
		n -= n > 0;
	}
}

void
transit_stored(struct shard *sh, bool is_durable)
{
	struct msg *m;

	while ((m = sh->storing.first) != NULL) {
		unlink_from(&sh->storing, m);
		if (!is_durable) {
			m->transit = TRANSIT_IN;
			link_sorted(&sh->transit, m);
			continue;
		}
		m->transit = TRANSIT_NONE;
		count_transit(sh, -1);
		owe(sh, m->pub.id);
		atomic_store_explicit(&m->is_body_kept, false,
				      memory_order_release);
	}
}

/* --- what an operator waits for --- */

void
transit_answer(struct shard *sh)
{
	struct active *a = &sh->queue->active;
	uint32_t wanted = atomic_load(&sh->store_wanted_n);

	bury(sh);
	if (wanted == sh->store_done_n)
		return;
	if (sh->store_seen_n != wanted) {
		sh->store_seen_n = wanted;
		sh->store_until_seq = sh->transit.last != NULL
					      ? sh->transit.last->journal_seq
					      : 0;
	}
	if (sh->store != NULL && sh->transit.first != NULL &&
	    sh->transit.first->journal_seq <= sh->store_until_seq)
		return;
	pthread_mutex_lock(&a->lock);
	sh->store_done_n = wanted;
	pthread_cond_broadcast(&a->done_cond);
	pthread_mutex_unlock(&a->lock);
}

bool
transit_is_work(const struct shard *sh)
{
	return atomic_load(&sh->store_wanted_n) != sh->store_done_n ||
	       (sh->broken != NULL && sh->store != NULL);
}

void
shard_store_all(struct shard *sh)
{
	struct active *a = &sh->queue->active;
	uint64_t until_us = clock_now_us() + OPERATOR_WAIT_US;
	uint32_t wanted = atomic_fetch_add(&sh->store_wanted_n, 1) + 1;

	shard_wake(sh);
	pthread_mutex_lock(&a->lock);
	while ((int32_t)(sh->store_done_n - wanted) < 0 &&
	       clock_now_us() < until_us &&
	       !atomic_load(&sh->queue->is_closing))
		active_wait(a, &a->done_cond,
			    clock_now_us() + OPERATOR_ONCE_US);
	pthread_mutex_unlock(&a->lock);
}
