/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker's side of the rings: which TLS thread gets a connection, which ones
 * wait for room, which have come home. No ring can overflow: a worker never has
 * more connections away at a thread than the ring back has entries.
 */
#include "engine/base/clock.h"
#include "tls/tls_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int
tls_side_init(struct tls_side *side, struct tls *tls, unsigned idx)
{
	side->tls = tls;
	side->idx = idx;
	side->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (side->wake_fd < 0)
		return -errno;
	side->in_flight_n =
		calloc(tls->cfg.threads_n, sizeof(*side->in_flight_n));
	side->plain = malloc(TLS_RECORD_PLAIN_BYTES);
	side->scratch = malloc(TLS_SCRATCH_BYTES);
	return side->in_flight_n && side->plain && side->scratch ? 0 : -ENOMEM;
}

void
tls_side_fini(struct tls_side *side)
{
	while (side->first != NULL) {
		struct tls_conn *c = side->first;

		side->first = c->next;
		tls_conn_free(c);
	}
	if (side->wake_fd >= 0)
		close(side->wake_fd);
	free(side->in_flight_n);
	free(side->plain);
	free(side->scratch);
}

/* --- away --- */

/* The thread with the least to do, or threads_n: every ring is full. */
static unsigned
thread_for(const struct tls_side *side)
{
	const struct tls_pool_cfg *cfg = &side->tls->cfg;
	uint32_t least = cfg->queue_max;
	unsigned best = cfg->threads_n;

	for (unsigned i = 0; i < cfg->threads_n; i++)
		if (side->in_flight_n[i] < least) {
			least = side->in_flight_n[i];
			best = i;
		}
	return best;
}

static void
put(struct tls_side *side, struct tls_conn *c, unsigned thread_idx)
{
	struct tls_link *link = tls_link_of(side->tls, thread_idx, side->idx);
	uint32_t n = ++side->in_flight_n[thread_idx];

	counter_add(&side->in_flight, 1);
	side->busy_n++;
	if (n > counter_get(&side->in_flight_max))
		counter_add(&side->in_flight_max,
			    n - counter_get(&side->in_flight_max));
	c->thread_idx = (uint16_t)thread_idx;
	must(ring_put(&link->to_thread, c));
	tls_thread_wake(&side->tls->threads[thread_idx]);
}

void
tls_side_submit(struct tls_side *side, struct tls_conn *c)
{
	unsigned thread_idx = thread_for(side);

	must(!c->is_away && side->scratch_of != c);
	c->is_away = true;
	/* Nobody overtakes who waits already. */
	if (side->first == NULL && thread_idx < side->tls->cfg.threads_n) {
		put(side, c, thread_idx);
		return;
	}
	counter_add(&side->waiting, 1);
	counter_add(&side->waited, 1);
	c->is_waiting = true;
	c->next = NULL;
	if (side->first == NULL)
		side->first = c;
	else
		side->last->next = c;
	side->last = c;
}

static void
submit_waiting(struct tls_side *side)
{
	while (side->first != NULL) {
		unsigned thread_idx = thread_for(side);
		struct tls_conn *c = side->first;

		if (c->owner != NULL && thread_idx == side->tls->cfg.threads_n)
			return;
		side->first = c->next;
		c->is_waiting = false;
		counter_add(&side->waiting, (uint64_t)-1);
		if (c->owner == NULL) /* closed meanwhile */
			tls_conn_free(c);
		else
			put(side, c, thread_idx);
	}
}

/* --- home --- */

static void
count_handshake(struct tls_side *side, struct tls_conn *c)
{
	uint64_t us = c->done_us > c->first_us ? c->done_us - c->first_us : 0;
	unsigned i = 0;

	if (c->is_counted || c->state == TLS_HANDSHAKE)
		return;
	c->is_counted = true;
	if (c->info_text == NULL) {
		counter_add(&side->failed[c->reason], 1);
		return;
	}
	while (i < TLS_TIMES_N - 1 && us >> (i + 1) != 0)
		i++;
	counter_add(&side->times[i], 1);
	counter_add(&side->handshakes, 1);
	counter_add(&side->resumed, c->info.is_resumed);
}

/* Its owner, or NULL: it was closed while it was away. */
static void *
come_home(struct tls_side *side, struct tls_conn *c)
{
	side->in_flight_n[c->thread_idx]--;
	counter_add(&side->in_flight, (uint64_t)-1);
	side->busy_n--;
	c->is_away = false;
	if (c->owner == NULL) {
		tls_conn_free(c);
		return NULL;
	}
	count_handshake(side, c);
	/* What was written meanwhile follows what was written before. */
	if (c->late.len) {
		if (!tls_buf_put(&c->send, tls_buf_span(&c->late),
				 2 * TLS_WRITE_BYTES_MAX))
			tls_conn_fail(c, TLS_REASON_MEMORY);
		tls_buf_clear(&c->late);
	}
	return c->owner;
}

unsigned
tls_reap(struct tls *tls, unsigned worker_idx, void **owners, unsigned max)
{
	struct tls_side *side = &tls->sides[worker_idx];
	unsigned n = 0;

	for (unsigned i = 0; i < tls->cfg.threads_n; i++) {
		struct ring *ring = &tls_link_of(tls, i, worker_idx)->to_worker;
		struct tls_conn *c;

		while (n < max && (c = ring_get(ring)) != NULL) {
			owners[n] = come_home(side, c);
			n += owners[n] != NULL;
		}
	}
	if (side->first != NULL)
		submit_waiting(side);
	return n;
}

const uint32_t *
tls_busy(const struct tls *tls, unsigned worker_idx)
{
	return &tls->sides[worker_idx].busy_n;
}

bool
tls_has_room(const struct tls *tls, unsigned worker_idx)
{
	const struct tls_side *side = &tls->sides[worker_idx];

	return side->first == NULL && thread_for(side) < tls->cfg.threads_n;
}

/* --- sleep --- */

int
tls_wake_fd(const struct tls *tls, unsigned worker_idx)
{
	return tls->sides[worker_idx].wake_fd;
}

void
tls_side_wake(struct tls_side *side)
{
	uint64_t one = 1;

	if (!atomic_exchange_explicit(&side->is_asleep, 0,
				      memory_order_acq_rel))
		return;
	if (write(side->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
	atomic_fetch_add_explicit(&side->writes_n, 1, memory_order_release);
}

static bool
has_come_home(const struct tls_side *side)
{
	for (unsigned i = 0; i < side->tls->cfg.threads_n; i++)
		if (ring_n(&tls_link_of(side->tls, i, side->idx)->to_worker))
			return true;
	return false;
}

static void
fall_asleep(struct tls_side *side)
{
	if (counter_get(&side->in_flight) == 0)
		return; /* nobody has anything to wake us for */
	side->is_sleep_said = true;
	atomic_exchange_explicit(&side->is_asleep, 1, memory_order_acq_rel);
	/* Put before the flag was seen: no sleep at all. */
	if (has_come_home(side))
		tls_side_wake(side);
}

/* Who clears the flag writes the eventfd after that: read it once it is there,
 * unless net has done so. */
static void
wake_up(struct tls_side *side)
{
	uint64_t n;

	if (side->is_sleep_said &&
	    !atomic_exchange_explicit(&side->is_asleep, 0,
				      memory_order_acq_rel)) {
		side->clears_n++;
		side->busy_n += !side->is_wake_owed;
		side->is_wake_owed = true;
	}
	side->is_sleep_said = false;
	if (!side->is_wake_owed ||
	    atomic_load_explicit(&side->writes_n, memory_order_acquire) !=
		    side->clears_n)
		return;
	side->is_wake_owed = false;
	side->busy_n--;
	if (read(side->wake_fd, &n, sizeof(n)) < 0)
		must(errno == EAGAIN || errno == EINTR);
}

void
tls_set_sleeping(struct tls *tls, unsigned worker_idx, bool is_asleep)
{
	if (is_asleep)
		fall_asleep(&tls->sides[worker_idx]);
	else
		wake_up(&tls->sides[worker_idx]);
}
