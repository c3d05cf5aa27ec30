/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commit thread: one batch and one sync for all that has arrived while the
 * last one was being written; no timer. It sleeps when there is nothing.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEY_META      SPAN(RECORD_META_KEY)
#define OVERLAP_BYTES (256u << 10)
#define FILL_US	      500u

/* --- sleeping --- */

void
shard_wake(struct shard *sh)
{
	atomic_store_explicit(&sh->futex, 1, memory_order_release);
	syscall(SYS_futex, &sh->futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* A shard of a former configuration only empties: it has no workers. */
static uint32_t
first_port(const struct shard *sh)
{
	const struct queue_cfg *cfg = &sh->queue->cfg;

	return sh->idx < cfg->shards_n ? sh->idx : cfg->workers_n;
}

static bool
has_entries(struct shard *sh, bool is_going_to_sleep)
{
	struct queue *q = sh->queue;
	bool has = false;

	for (uint32_t i = first_port(sh); i < q->cfg.workers_n;
	     i += q->cfg.shards_n) {
		struct port *port = &q->ports[i];

		if (is_going_to_sleep)
			atomic_exchange_explicit(&port->is_commit_asleep, 1,
						 memory_order_acq_rel);
		has |= ring_n(&port->in) > 0;
	}
	return has;
}

/* true: it slept until the end. */
static bool
sleep_us(struct shard *sh, uint64_t us)
{
	struct timespec ts = { .tv_sec = (time_t)(us / US_PER_SEC),
			       .tv_nsec = (long)(us % US_PER_SEC) * 1000 };
	struct queue *q = sh->queue;
	bool is_timeout = false;

	if (!has_entries(sh, true) &&
	    syscall(SYS_futex, &sh->futex, FUTEX_WAIT_PRIVATE, 0, &ts, NULL,
		    0) < 0)
		is_timeout = errno == ETIMEDOUT;
	atomic_exchange_explicit(&sh->futex, 0, memory_order_acq_rel);
	for (uint32_t i = first_port(sh); i < q->cfg.workers_n;
	     i += q->cfg.shards_n)
		atomic_store_explicit(&q->ports[i].is_commit_asleep, 0,
				      memory_order_relaxed);
	return is_timeout;
}

/* Never for long: somebody has to look at the free space. */
static uint64_t
sleep_limit_us(const struct shard *sh)
{
	if (sh->store == NULL ||
	    atomic_load_explicit(&sh->room_bytes, memory_order_relaxed) == 0)
		return SPACE_US;
	return SETTLED_US;
}

/* --- a batch --- */

static void
add_meta(struct shard *sh)
{
	unsigned char head[RECORD_HEAD_BYTES], payload[RECORD_META_BYTES];
	struct span parts[2] = { { (char *)head, sizeof(head) },
				 { (char *)payload, sizeof(payload) } };

	if (memcmp(&sh->meta, &sh->next_meta, sizeof(sh->meta)) == 0)
		return;
	record_meta_put(payload, &sh->next_meta);
	record_head_put(head, RECORD_META, 0, KEY_META, parts[1]);
	store_put(sh->store, STORE_META, KEY_META, parts, 2);
}

/*
 * Removals need no sync of their own: what comes back after a crash is looked
 * for before it is delivered. Chunks get the sync of their message. Only so
 * many removals may be in doubt at a time.
 */
static bool
is_sync_wanted(const struct shard *sh)
{
	return sh->fresh.n > 0 || sh->has_waiter || sh->has_state ||
	       sh->storing.first != NULL ||
	       sh->unsynced_n + sh->settling.n > UNSYNCED_MAX / 2;
}

static struct flight
take_batch(struct shard *sh)
{
	struct flight f = { .fresh = sh->fresh,
			    .settling = sh->settling,
			    .meta = sh->next_meta,
			    .is_sync = is_sync_wanted(sh),
			    .is_any = true };

	sh->fresh = sh->settling = (struct msg_list) { 0 };
	return f;
}

/*
 * The store is believed no more; the log is cut at what was synced. It goes
 * first: nobody shall find in it what is called failed.
 */
static void
fail(struct shard *sh, struct flight *f, int ret,
     const struct store_error *error)
{
	shard_store_lose(sh, ret, error);
	post_failed(sh, f, ret);
}

/* With what was written before it and waits for the disk. */
static void
fail_all(struct shard *sh, struct flight *f, int ret,
	 const struct store_error *error)
{
	struct store_error ignored;
	struct flight earlier;

	/* What is under way may still succeed. */
	while (!sync_wait_idle(sh, US_PER_SEC))
		;
	fail(sh, f, ret, error);
	if (sync_take_failed(sh, &earlier, &ignored))
		post_failed(sh, &earlier, ret);
}

/*
 * Writes the batch. A small one is synced here; of a large one the sync thread
 * waits for the disk, and the next one is built meanwhile.
 */
static void
commit(struct shard *sh)
{
	uint64_t from_us = clock_now_us(), bytes;
	bool is_storing = sh->storing.first != NULL, is_inline;
	struct store_error error;
	struct flight f;
	int ret;

	/* Mail that leaves the journal is only let go when it is durable. */
	while (is_storing && !sync_wait_idle(sh, US_PER_SEC))
		;
	is_inline = is_storing ||
		    (sync_is_idle(sh) &&
		     store_batch_bytes(sh->store) < OVERLAP_BYTES);
	add_meta(sh);
	bytes = store_batch_bytes(sh->store);
	f = take_batch(sh);
	post_begin(sh, &f.fresh);
	ret = sync_is_failed(sh, &error);
	if (ret == 0)
		ret = store_write(sh->store, is_inline && f.is_sync, &error);
	post_chunks(sh);
	if (ret) {
		fail_all(sh, &f, ret, &error);
		transit_stored(sh, false);
		return;
	}
	counter_add(&sh->written_bytes, bytes);
	space_used(sh, bytes);
	sh->meta = f.meta;
	f.seq = store_sequence(sh->store);
	if (!is_inline) {
		sync_hand_over(sh, &f);
		return;
	}
	shared_add(&sh->commits_n, 1);
	shared_add(&sh->commit_us, clock_now_us() - from_us);
	post_numbers(sh, &f.meta);
	transit_stored(sh, true);
	post_durable(sh, &f);
}

/* Small batches grow while the disk is busy: they would not be sooner there. */
static void
fill(struct shard *sh)
{
	while (!sync_is_idle(sh) && sh->passing.fresh.n == 0 &&
	       store_batch_bytes(sh->store) < OVERLAP_BYTES) {
		sync_wait_idle(sh, FILL_US);
		batch_collect(sh);
	}
}

/* --- the thread --- */

static bool
has_settled(const struct shard *sh)
{
	return sh->waiting.n > 0 ||
	       atomic_load_explicit(&sh->settled_n, memory_order_relaxed) > 0;
}

static void
check_sync(struct shard *sh)
{
	struct store_error error;
	struct flight f;
	int ret;

	ret = sync_take_failed(sh, &f, &error);
	if (ret)
		fail(sh, &f, ret, &error);
}

static void
work(struct shard *sh)
{
	batch_begin(sh);
	transit_answer(sh);
	batch_collect(sh);
	if (sh->store != NULL)
		fill(sh);
	if (sh->store == NULL) {
		post_unavailable(sh);
	} else {
		transit_store_some(sh);
		transit_commit(sh);
		if (!batch_is_empty(sh))
			commit(sh);
	}
	transit_answer(sh);
	post_chunks(sh);
	post_refused(sh);
	if (sh->store != NULL)
		check_sync(sh);
}

static void *
shard_main(void *arg)
{
	struct shard *sh = arg;
	struct store_error error;
	bool is_idle = false;

	for (;;) {
		bool is_closing = atomic_load(&sh->is_closing);
		uint64_t now_us = clock_now_us();
		bool is_urgent = atomic_exchange(&sh->is_urgent, false);

		if (sh->store != NULL)
			check_sync(sh);
		if (sh->store == NULL)
			shard_store_retry(sh, now_us);
		if (space_is_due(sh, now_us))
			space_sample(sh, now_us);
		is_urgent |= is_idle | is_closing;
		if (has_entries(sh, false) || transit_is_work(sh) ||
		    (is_urgent && has_settled(sh))) {
			is_idle = false;
			work(sh);
			if (is_closing && sh->store == NULL)
				break; /* what is settled comes again */
			continue;
		}
		if (is_closing && sync_wait_idle(sh, US_PER_SEC) &&
		    sync_is_failed(sh, &error) == 0)
			break;
		if (!is_closing)
			is_idle = sleep_us(sh, sleep_limit_us(sh));
	}
	return NULL;
}

void
shard_settle(struct shard *sh, struct msg *m, bool is_urgent)
{
	struct msg *top =
		atomic_load_explicit(&sh->settled, memory_order_relaxed);
	uint32_t n;

	do
		m->pub.next = top != NULL ? &top->pub : NULL;
	while (!atomic_compare_exchange_weak_explicit(&sh->settled, &top, m,
						      memory_order_release,
						      memory_order_relaxed));
	n = atomic_fetch_add_explicit(&sh->settled_n, 1, memory_order_relaxed);
	if (!is_urgent && n + 1 != SETTLED_MAX)
		return;
	atomic_store(&sh->is_urgent, true);
	shard_wake(sh);
}

int
shard_start(struct shard *sh)
{
	char name[16];
	int ret;

	atomic_store(&sh->is_closing, false);
	ret = sync_start(sh);
	if (ret)
		return ret;
	ret = pthread_create(&sh->thread, NULL, shard_main, sh);
	if (ret) {
		sync_stop(sh);
		return -ret;
	}
	sh->is_thread = true;
	snprintf(name, sizeof(name), "commit/%u", sh->idx);
	pthread_setname_np(sh->thread, name);
	return 0;
}

void
shard_stop(struct shard *sh)
{
	if (!sh->is_thread)
		return;
	atomic_store(&sh->is_closing, true);
	shard_wake(sh);
	pthread_join(sh->thread, NULL);
	sync_stop(sh);
	sh->is_thread = false;
}
