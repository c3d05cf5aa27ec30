/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h: the durable queue. Workers submit messages; a commit thread per
 * shard makes all that has arrived durable with one sync (group commit,
 * DeWitt et al., SIGMOD 1984) and posts completions: only then "250". Delivery
 * threads take the same messages, still in memory, and settle them; settled
 * entries leave with the next batch. RocksDB lives behind this header and
 * nowhere else. Deferred mail is kept, scheduled, and survives restarts.
 *
 * Life of a message: new (worker) → submitted → durable (taken by delivery,
 * or due later) → settled. It is owned by exactly one of them at a time.
 */
#ifndef PENSTOCK_QUEUE_QUEUE_H
#define PENSTOCK_QUEUE_QUEUE_H

#include "engine/base/chunk.h"
#include "engine/base/diag.h"
#include "engine/base/envelope.h"
#include "engine/base/must.h"

#include <stdio.h>

struct queue;

/* The rows are in config/params.def. */
struct queue_cfg {
	const char *dir; /* one subdirectory per shard */
	uint32_t shards_n;
	uint32_t workers_n;	     /* set by the engine, not by main.cf */
	uint32_t deliverers_n;	     /* set by the engine */
	uint64_t inflight_bytes_max; /* submitted and not yet durable */
	uint64_t memory_bytes_max;   /* durable, undelivered, still in memory */
	uint64_t free_bytes_min;     /* queue_minfree: under it, 452 4.3.1 */
	uint64_t backoff_min_us, backoff_max_us, lifetime_us;
	uint64_t memtable_bytes;
	uint64_t journal_bytes_max; /* a shard's journal; 0: none */
	bool is_discard;	    /* bench only: 250 without storing */
	bool is_command;	    /* of an operator: nothing is created */
};

/*
 * A message on its way. Allocated by queue_msg_new(), recycled by the queue.
 * The worker fills env (sealed) and body before it submits; after that it is
 * read-only for everybody.
 */
struct queue_msg {
	uint64_t id; /* time-ordered, unique over restarts */
	struct envelope env;
	struct chunk *body;  /* in memory, or NULL: see queue_body_next() */
	uint64_t body_bytes; /* all of it, in memory or not */
	uint32_t streamed_n; /* body records already handed over */
	uint32_t attempts_n; /* deliveries tried before this one */
	bool is_recovered;   /* look in new/ and cur/ before writing it */
	uint16_t worker_idx, shard_idx;
	uint64_t due_us;		      /* wall clock; deferred mail */
	struct queue_msg *next;		      /* list of whoever owns it */
	struct queue_rcpt_state *rcpt_states; /* NULL: all still to do */
	struct queue_route *routes;	      /* NULL: as the envelope says */
};

/*
 * Opens or creates cfg->dir, replays, drops a torn tail with a log line,
 * schedules what was not delivered, starts the threads. Calls from the main
 * thread. Errors are sentences in *diag with an exit code (EX_CANTCREAT,
 * EX_NOPERM, EX_DATAERR and the command that salvages, EX_TEMPFAIL when another
 * process has it). NULL then.
 */
struct queue *queue_open(const struct queue_cfg *cfg, struct diag *diag);
/* Commits what was submitted, then stops. Workers and delivery are at rest. */
void queue_close(struct queue **q);

/* --- workers: each only with its own worker_idx; none of these blocks --- */

/* Gives a message with an id of its own, or NULL without memory. */
struct queue_msg *queue_msg_new(struct queue *q, unsigned worker_idx);
/*
 * Hands one filled chunk of a large message over before its end, so that a
 * session's memory stays bounded. Takes *chunk. 0, or -EAGAIN: nothing taken,
 * try again after the next queue_reap(); -EFBIG: nothing taken, the message has
 * too many pieces (65,535): refuse it.
 */
MUST_USE int queue_chunk_submit(struct queue *q, struct queue_msg *msg,
				struct chunk **chunk);
/*
 * Makes *msg durable. Takes *msg and sets it to NULL. The outcome arrives
 * once, from queue_reap(), under the same tag; "250" only after that.
 * 0, or -EAGAIN: inflight_bytes_max reached, *msg is still the caller's:
 * wait or answer 452.
 */
MUST_USE int queue_msg_submit(struct queue *q, struct queue_msg **msg,
			      void *tag);
/* Forgets a message that will not be submitted, streamed chunks included. */
void queue_msg_drop(struct queue *q, struct queue_msg **msg);

enum queue_outcome {
	QUEUE_DURABLE,
	QUEUE_FULL,   /* no space: 452 4.3.1 */
	QUEUE_FAILED, /* the disk failed: 451 4.3.0 */
};

struct queue_done {
	void *tag;
	uint64_t id;
	enum queue_outcome outcome;
};

/*
 * Gives at most `max` outcomes. Also sets off the commit of what was submitted
 * since the last call: to be called before the worker sleeps.
 */
unsigned queue_reap(struct queue *q, unsigned worker_idx,
		    struct queue_done *done, unsigned max);
/* An eventfd that becomes readable when outcomes wait, for a sleeping worker.
 */
int queue_wake_fd(struct queue *q, unsigned worker_idx);
/* The worker is about to sleep on the fd (or has woken): saves the write. */
void queue_set_sleeping(struct queue *q, unsigned worker_idx, bool is_asleep);
/* Room for a message of that size? false: answer 452 4.3.1 at MAIL. */
bool queue_has_room(struct queue *q, uint64_t bytes);

/* --- delivery threads: each only with its own deliverer_idx --- */

/*
 * Waits until something is there (at most timeout_us) and gives a list of at
 * most `max` messages, the oldest first. NULL at the time-out. Thread 0 gets
 * whatever there is; the others help when it falls behind or is stuck.
 */
struct queue_msg *queue_take(struct queue *q, unsigned deliverer_idx,
			     unsigned max, uint64_t timeout_us);

/*
 * The body, piece by piece: start with *pos = 0. Gives 1 and a span that stays
 * valid until the next call with this pos or until the message is settled; 0
 * at the end; -EIO, -EBADMSG, -ENOMEM. Reads the disk only when the body is no
 * longer in memory.
 */
struct queue_body_pos {
	struct chunk *chunk; /* in memory: the next one */
	uint32_t record;     /* on disk: the next one */
	void *pinned;	     /* RocksDB's, released by the next call */
};
MUST_USE int queue_body_next(struct queue *q, const struct queue_msg *msg,
			     struct queue_body_pos *pos, struct span *out);
void queue_body_end(struct queue *q, struct queue_body_pos *pos);

enum queue_rcpt_result {
	QUEUE_RCPT_TODO, /* not tried yet */
	QUEUE_RCPT_SENT,
	QUEUE_RCPT_DEFERRED, /* tried again after the back-off */
	QUEUE_RCPT_FAILED,   /* permanent: the message becomes dead */
};

struct queue_rcpt_state {
	enum queue_rcpt_result result;
	char why[200]; /* "4.3.5 …", shown by penstock queue show */
};

/*
 * What became of each recipient (states: env.rcpt_n of them, copied). All
 * sent: the entry is removed with the next batch. Some deferred: scheduled
 * again by exponential back-off, or dead after lifetime_us. Takes *msg.
 * Whoever calls it has made the deliveries durable first.
 */
void queue_settle(struct queue *q, struct queue_msg **msg,
		  const struct queue_rcpt_state *states);

/* --- the router: one thread of the engine --- */

/*
 * Waits for recovered or deferred mail whose time has come and gives one, its
 * envelope loaded; NULL at the time-out. The engine routes its recipients anew
 * (tables may have changed) and hands it back with queue_due_put().
 */
struct queue_msg *queue_due_take(struct queue *q, uint64_t timeout_us);
/*
 * Moves the message to the delivery threads. routes: for each recipient of the
 * envelope the transport and destination that hold now (copied). Takes *msg.
 */
struct queue_route {
	uint8_t transport; /* enum envelope_transport */
	uint32_t uid, gid;
	struct span dest;
};
void queue_due_put(struct queue *q, struct queue_msg **msg,
		   const struct queue_route *routes);
/* What holds for recipient rcpt_idx: its route, or what the envelope says. */
struct queue_route queue_msg_route(const struct queue_msg *msg,
				   uint32_t rcpt_idx,
				   const struct envelope_rcpt *rcpt);

/* --- operators: any thread, one at a time; may block --- */

enum queue_state { QUEUE_ACTIVE, QUEUE_DEFERRED, QUEUE_HELD, QUEUE_DEAD };

struct queue_entry {
	uint64_t id;
	enum queue_state state;
	uint32_t attempts_n;
	uint64_t due_us;
	const struct envelope *env;	       /* until the callback returns;
						  len 0: unreadable */
	const struct queue_rcpt_state *states; /* env->rcpt_n, or NULL */
};

/* Calls fn for each entry in order of age until it gives false. */
MUST_USE int queue_walk(struct queue *q,
			bool (*fn)(void *arg, const struct queue_entry *entry),
			void *arg);
/* Calls fn once, for that entry. 0, -ENOENT, -EIO, -ENOMEM. */
MUST_USE int queue_find(struct queue *q, uint64_t id,
			bool (*fn)(void *arg, const struct queue_entry *entry),
			void *arg);
/*
 * Calls fn for each piece of a body, as the disk has it, until it gives false.
 * 0, -ENOENT, -EIO, -EBADMSG.
 */
MUST_USE int queue_read(struct queue *q, uint64_t id,
			bool (*fn)(void *arg, struct span piece), void *arg);
enum queue_op {
	QUEUE_OP_HOLD,
	QUEUE_OP_RELEASE,
	QUEUE_OP_REQUEUE, /* due now, attempts forgotten; dead ones as well */
	QUEUE_OP_DELETE,
};
/* 0, -ENOENT, -EBUSY (being delivered this moment), -EIO. */
MUST_USE int queue_operate(struct queue *q, uint64_t id, enum queue_op op);

/*
 * Repairs a queue that queue_open() calls damaged, in its place: damaged files
 * are moved aside into a folder of their own, what can be read is kept, what
 * was lost is said on *out. 0, or an exit code with a sentence in *diag.
 */
MUST_USE int queue_salvage(const struct queue_cfg *cfg, FILE *out,
			   struct diag *diag);

struct queue_stats {
	uint64_t commits_n, committed_msgs_n, committed_bytes, commit_us_sum;
	uint64_t written_bytes; /* to the log, records and all */
	uint64_t settled_n, deferrals_n, spilled_n;
	uint64_t active_n, deferred_n, held_n, dead_n;
	uint64_t inflight_bytes, memory_bytes;
};
void queue_stats_get(struct queue *q, struct queue_stats *out);

/* 16 upper-case hexadecimal digits, as logs, headers and commands have it. */
#define QUEUE_ID_TEXT_MAX 17
void queue_id_print(uint64_t id, char out[QUEUE_ID_TEXT_MAX]);
bool queue_id_parse(struct span text, uint64_t *out);

#endif
