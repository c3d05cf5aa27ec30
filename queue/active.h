/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * active.h: the messages that are durable and in memory: a table by id, which
 * says who has each one, and the list of those that wait for delivery. Any
 * thread, under the lock where a function says so. Whoever wants to change a
 * message that the database holds claims its id here first: so nobody works on
 * a message that somebody else has.
 */
#ifndef PENSTOCK_QUEUE_ACTIVE_H
#define PENSTOCK_QUEUE_ACTIVE_H

#include "queue/queue.h"

#include <pthread.h>
#include <stdatomic.h>

enum place {
	PLACE_NONE,  /* not in the table */
	PLACE_FRESH, /* written, not known to be on the disk: nobody's yet */
	PLACE_READY, /* waits for queue_take() */
	PLACE_TAKEN, /* a delivery thread, the router, an operator has it, or
			what became of it is on the way to the disk */
};

/* Where a message stands that the journal has taken. */
enum transit {
	TRANSIT_NONE,	 /* in the database, or in neither */
	TRANSIT_IN,	 /* in the journal only */
	TRANSIT_STORING, /* on its way into the database */
	TRANSIT_OUT,	 /* removed, and never was in the database */
};

/* What a settled message's entry becomes. */
enum settle { SETTLE_REMOVE, SETTLE_STATE };

/* An operator who waits for the commit: under the lock of struct active. */
struct waiter {
	bool is_done;
	int ret;
};

struct msg {
	struct queue_msg pub;
	void *tag;
	uint64_t inflight_bytes;
	struct msg *hash_next;
	uint64_t memory_bytes; /* its part of active.memory_bytes */
	uint32_t records_n;    /* body records written, or about to be */
	uint32_t stream_epoch; /* the store that has its first records */
	uint8_t place;	       /* enum place */
	bool is_streaming;     /* has a mark in the meta family */
	bool is_stream_failed; /* a record of it was not written */
	uint8_t refusal;       /* enum queue_outcome */
	/* The commit thread's: shard_transit.c. */
	uint8_t transit;      /* enum transit */
	uint64_t journal_seq; /* the batch it stands in; 0: in none */
	struct msg *transit_next, *transit_prev;
	/* Settled: the commit thread releases the body, which it may need. */
	_Atomic bool is_body_kept;
	/* What the database says; read when the message was claimed. */
	uint8_t db_state; /* enum queue_state */
	uint64_t db_due_us;
	/* Settled: what the database shall say. */
	uint8_t settle;	   /* enum settle */
	uint8_t new_state; /* enum queue_state */
	uint64_t new_due_us;
	char *state; /* payload of the state record, ours */
	size_t state_len;
	struct waiter *waiter;
};

struct active {
	pthread_mutex_t lock;
	pthread_cond_t ready_cond; /* the first delivery thread */
	pthread_cond_t help_cond;  /* the others */
	pthread_cond_t due_cond;   /* the router */
	pthread_cond_t done_cond;  /* operators */
	struct msg *first, *last;  /* PLACE_READY, the oldest first */
	uint32_t ready_n;
	uint64_t taken_us;	     /* when some of it was taken last */
	uint32_t known_n, known_max; /* PLACE_FRESH ones not counted */
	uint32_t mask;
	struct msg **buckets;
	_Atomic uint64_t memory_bytes;
};

static inline struct msg *
msg_of(struct queue_msg *pub)
{
	return CONTAINER_OF(pub, struct msg, pub);
}

static inline struct msg *
msg_next(const struct msg *m)
{
	return m->pub.next != NULL ? msg_of(m->pub.next) : NULL;
}

MUST_USE int active_init(struct active *a, uint32_t known_max);
void active_fini(struct active *a);

/* All that follow: under the lock. */

struct msg *active_find(const struct active *a, uint64_t id);
/* The id is in the table from here on. */
void active_add(struct active *a, struct msg *m, enum place place);
void active_remove(struct active *a, struct msg *m);
/* At the end of the waiting list. In the table already. */
void active_push(struct active *a, struct msg *m);
/* After the last push. */
void active_signal(struct active *a);
/* Whether so much waits, or for so long, that this delivery thread takes it. */
bool active_is_for(const struct active *a, unsigned deliverer_idx);
/* The first n of the waiting list, as a list, PLACE_TAKEN. */
struct msg *active_pop(struct active *a, uint32_t n);
/* Takes a PLACE_READY message off the waiting list; PLACE_TAKEN. */
void active_unlist(struct active *a, struct msg *m);
/* Waits on cond until clock_now_us() is until_us. false: it is. */
bool active_wait(struct active *a, pthread_cond_t *cond, uint64_t until_us);

#endif
