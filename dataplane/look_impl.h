/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look_impl.h: the worker's side of look.h, a part of its net. Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_LOOK_IMPL_H
#define PENSTOCK_DATAPLANE_LOOK_IMPL_H

#include "dataplane/look.h"
#include "engine/base/counter.h"

#include <pthread.h>

/* One turn copies what is in that many slots: some 15 us. */
#define LOOK_SLOTS_N 64u
/* How often the worker writes down what only it may read. */
#define LOOK_EVERY_US 100000u

struct look_ask;

struct look {
	/* the worker's, every turn */
	uint64_t due_us;
	_Atomic(struct look_ask *) ask; /* NULL: nobody asks */
	_Atomic uint32_t is_answering;	/* the worker may be using ask */
	/* fixed */
	struct port *port;
	unsigned queue_idx;
	struct host *host;
	struct tcp *tcp;
	const counter_t *busy_cycles, *idle_cycles;
	int wake_fd;	      /* ends the worker's sleep */
	pthread_mutex_t lock; /* of who asks */
	/* what the worker has written down: consistent while seq is even */
	counter_t seq;
	counter_t bufs_n, bufs_free_n, addrs_n;
	struct {
		counter_t ip[2], state;
	} addrs[LOOK_ADDRS_MAX];
};

/*
 * Borrows all that is given until look_fini(). 0, or -errno: no descriptor. The
 * caller lets a readable l->wake_fd end its sleep, and reads it empty.
 */
MUST_USE int look_init(struct look *l, struct port *port, unsigned queue_idx,
		       struct host *host, struct tcp *tcp);
void look_fini(struct look *l);

/* The worker's thread, from here on. */
void look_write_down(struct look *l, uint64_t now_us);
void look_answer(struct look *l);

static inline bool
look_is_asked(struct look *l)
{
	return atomic_load_explicit(&l->ask, memory_order_relaxed) != NULL;
}

/* Once a turn. */
static inline void
look_step(struct look *l, uint64_t now_us)
{
	if (UNLIKELY(now_us >= l->due_us))
		look_write_down(l, now_us);
	if (UNLIKELY(look_is_asked(l)))
		look_answer(l);
}

#endif
