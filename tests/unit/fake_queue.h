/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_queue.h: the side of queue.h that delivery sees, in memory, for tests:
 * messages made by hand, outcomes and log lines kept to be looked at. Put and
 * look from one thread; taken from and settled by any.
 */
#ifndef PENSTOCK_TESTS_FAKE_QUEUE_H
#define PENSTOCK_TESTS_FAKE_QUEUE_H

#include "queue/queue.h"

struct fake_msg {
	struct queue_msg msg;
	const char *body;
	unsigned piece_bytes; /* 0: all at once, as from memory */
	unsigned fail_after;  /* pieces; 0: never */
	bool is_settled;
	struct queue_rcpt_state *states; /* once settled */
};

struct queue *fake_queue_open(void);
/* Frees the messages too. */
void fake_queue_close(struct queue *q);

/* A message from sender@example.org, arrived at 2026-11-23 05:04:12 UTC. */
#define FAKE_ARRIVAL_US (1795410252ull * 1000000)
struct fake_msg *fake_queue_new(struct queue *q, uint64_t id, const char *body);
void fake_queue_rcpt(struct fake_msg *fm, const char *orig, const char *rcpt,
		     const char *dest, uint32_t uid, uint32_t gid);
void fake_queue_rcpt_on(struct fake_msg *fm, enum envelope_transport transport,
			const char *dest);
/* Seals it, and lets delivery have it (again). */
void fake_queue_put(struct queue *q, struct fake_msg *fm);

/* Waits (bounded) until as many have been settled. */
bool fake_queue_wait(struct queue *q, unsigned settled_n);
bool fake_queue_wait_us(struct queue *q, unsigned settled_n, uint64_t us);

/* How many log lines have all of text in them; NULL: all lines. */
unsigned fake_log_n(const char *text);
void fake_log_clear(void);
void fake_log_print(void);

#endif
