/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h: what the queue's database holds, byte for byte. Any thread; no
 * I/O. Every value begins with a head: version, kind, checksum over key, head
 * and payload, so that a record that comes back under another key, or torn, is
 * told from a good one. Integers in keys are big-endian, so that keys sort by
 * age; in values little-endian.
 *
 *   family    key                   payload
 *   meta      "meta"                struct record_meta
 *             id ‖ 0                none: a message whose body is coming in
 *   envelope  id ‖ 0                the sealed envelope; n: its body records
 *   body      id ‖ 1, 2, … n        a chunk of the body
 *   state     id ‖ 0                attempts, due time, each recipient's result
 *   due       due_us ‖ id           none: the schedule of deferred mail
 */
#ifndef PENSTOCK_QUEUE_RECORD_H
#define PENSTOCK_QUEUE_RECORD_H

#include "queue/queue.h"

#define RECORD_KEY_BYTES     10
#define RECORD_DUE_KEY_BYTES 16
#define RECORD_HEAD_BYTES    8
#define RECORD_META_KEY	     "meta"
#define RECORD_META_BYTES    40
#define RECORD_STATE_BYTES   32 /* fixed part */
#define RECORD_BODY_N_MAX    UINT16_MAX

enum record_kind {
	RECORD_META = 'm',
	RECORD_STREAM = 'o', /* still open */
	RECORD_ENVELOPE = 'e',
	RECORD_BODY = 'b',
	RECORD_STATE = 's',
	RECORD_DUE = 'd',
};

struct record_key {
	unsigned char b[RECORD_KEY_BYTES]; /* id 0, record number 8 */
};

struct record_due_key {
	unsigned char b[RECORD_DUE_KEY_BYTES]; /* due_us 0, id 8 */
};

struct record_key record_key(uint64_t id, uint16_t record);
MUST_USE bool record_key_get(struct span key, uint64_t *id, uint16_t *record);
struct record_due_key record_due_key(uint64_t due_us, uint64_t id);
MUST_USE bool record_due_key_get(struct span key, uint64_t *due_us,
				 uint64_t *id);

/* Writes the head that goes before payload. n: see the table above. */
void record_head_put(unsigned char out[RECORD_HEAD_BYTES],
		     enum record_kind kind, uint16_t n, struct span key,
		     struct span payload);
/* Checks a value that came back. 0 and its payload, or -EBADMSG. */
MUST_USE int record_open(struct span value, enum record_kind kind,
			 struct span key, struct span *payload, uint16_t *n);

/* Facts about one database, rewritten with every batch that changes them. */
struct record_meta {
	uint64_t id_max; /* largest id ever stored: never given again */
	uint64_t entries_n, deferred_n, held_n, dead_n;
};

void record_meta_put(unsigned char out[RECORD_META_BYTES],
		     const struct record_meta *meta);
MUST_USE int record_meta_get(struct span payload, struct record_meta *out);

struct record_state {
	enum queue_state state;
	uint32_t attempts_n;
	uint32_t rcpt_n;
	uint64_t due_us; /* deferred: its key in the schedule; else 0 */
};

/* A payload in memory of its own (free()), or NULL without memory. */
char *record_state_new(const struct record_state *state,
		       const struct queue_rcpt_state *rcpts, size_t *len_out);
/* 0, or -EBADMSG. The recipients are read with the next function. */
MUST_USE int record_state_get(struct span payload, struct record_state *out);
/* Fills n = state's rcpt_n rows. 0, or -EBADMSG. */
MUST_USE int record_state_rcpts(struct span payload,
				struct queue_rcpt_state *out, uint32_t n);

#endif
