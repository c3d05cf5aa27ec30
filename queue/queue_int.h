/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_int.h: the queue's own structures, and who may touch what. Private to
 * queue/ and its unit tests.
 *
 *   port   a worker's half (ids, free messages) and the two rings between it
 *          and the commit thread of its shard
 *   shard  a database, its commit thread, what that thread has in hand
 *   queue  all of them, and the messages in memory (active.h)
 */
#ifndef PENSTOCK_QUEUE_INT_H
#define PENSTOCK_QUEUE_INT_H

#include "engine/base/counter.h"
#include "engine/base/ring.h"
#include "queue/active.h"
#include "queue/journal.h"
#include "queue/record.h"
#include "queue/store.h"

/* An id: microseconds since 1970, never repeated, above the worker's number. */
#define ID_WORKER_BITS 12
#define WORKERS_MAX    (1u << ID_WORKER_BITS)
#define SHARDS_MAX     64u
#define PORT_ENTRIES   8192u /* submitted or not yet reaped, per worker */
#define POOL_IDLE_MAX  4096u /* free messages kept, per worker */
#define BATCH_BYTES \
	(512u << 10)		/* a batch is full: it overlaps the last sync */
#define SETTLED_MAX  4096u	/* settled: worth a batch of their own */
#define UNSYNCED_MAX 16384u	/* removals in the log and not on the disk */
#define SETTLED_US   US_PER_SEC /* … or so long after the first */
#define SPACE_US     100000u	/* between two looks at the free space */
#define NO_WORKER    UINT16_MAX /* a message that no port allocated */
#define PREFETCH_MAX 64u	/* messages read ahead by one scan */

/* Outcomes on their way to one worker: like ring.h, but by value. */
struct done_ring {
	CACHE_ALIGNED _Atomic uint32_t tail; /* commit thread's */
	CACHE_ALIGNED _Atomic uint32_t head; /* worker's */
	struct queue_done *slots;	     /* PORT_ENTRIES */
};

struct msg_list {
	struct msg *first, *last;
	uint32_t n;
};

/* By journal_seq, the oldest first. */
struct transit_list {
	struct msg *first, *last;
};

struct port {
	/* the worker's */
	uint64_t stamp_us; /* of the last id */
	uint32_t unreaped_n;
	uint16_t idx;
	bool is_wake_owed;   /* the eventfd was or will be written */
	bool is_commit_owed; /* submitted, and the commit thread not woken */
	int wake_fd;
	struct msg *free_own;
	struct msg_list drops; /* wait for room in the ring */
	/* both rings' ends are on lines of their own */
	struct ring in;
	struct done_ring done;
	/* free messages that come back, from any thread */
	CACHE_ALIGNED _Atomic(struct msg *) free_back;
	_Atomic uint32_t free_n;
	/*
	 * "I sleep": set by who sleeps, exchanged by who has something for him.
	 * Two exchanges of one variable are ordered, and the later one sees
	 * what the other side wrote before its own: no wake-up is lost, and no
	 * fence is needed.
	 */
	CACHE_ALIGNED _Atomic uint32_t is_worker_asleep;
	CACHE_ALIGNED _Atomic uint32_t is_commit_asleep;
};

/* A removal that is in the log but not yet known to be on the disk. */
struct removal {
	uint64_t id;
	uint64_t due_us;
	uint32_t records_n;
	uint8_t db_state;
};

/* Written to the log, and on its way to the disk. */
struct flight {
	struct msg_list fresh;	  /* being made durable */
	struct msg_list settling; /* whose records it changes */
	struct record_meta meta;  /* after it */
	uint64_t seq;		  /* its last operation */
	bool is_sync;		  /* somebody waits for the disk */
	bool is_any;
};

struct shard {
	struct queue *queue;
	uint16_t idx;
	char *path;
	int dir_fd;
	uint64_t memtable_bytes;
	pthread_t thread, sync_thread;
	bool is_thread, is_sync_thread;

	/* the database: the commit thread replaces it, others read it */
	pthread_rwlock_t store_lock;
	struct store *store; /* NULL: failed, being opened again */
	uint32_t epoch;	     /* how often it was opened */
	bool is_log_cut;     /* shorter than its manifest may say */
	uint64_t retry_us;   /* next attempt at opening it */
	struct store_error last_error;

	/* the commit thread's batch */
	struct record_meta meta, next_meta;
	struct msg_list fresh, settling; /* as in struct flight */
	struct msg_list refused;	 /* not even tried */
	struct msg_list waiting;	 /* settled, not yet in a batch */
	/* mail in transit: the commit thread's */
	struct journal *journal;	      /* NULL: off, or broken */
	struct journal *broken;		      /* until nothing needs it */
	struct flight passing;		      /* its part of the batch */
	struct transit_list transit, storing; /* TRANSIT_IN, TRANSIT_STORING */
	uint64_t *owed; /* ids: stored, and the journal has them still */
	uint32_t owed_n, owed_room, owed_put_n;
	uint64_t store_until_seq; /* what operators wait for */
	uint32_t store_seen_n;
	uint32_t store_done_n;		 /* written under active.lock */
	_Atomic uint32_t store_wanted_n; /* their requests */
	_Atomic uint64_t transit_n;
	uint64_t chunk_bytes;
	bool has_waiter, has_chunks, has_state;
	uint32_t next_port;

	/* between it and the sync thread: sync_lock */
	pthread_mutex_t sync_lock;
	pthread_cond_t sync_cond, idle_cond;
	struct flight pending; /* written, waits for the sync thread */
	struct flight failed;  /* its sync failed */
	struct store_error sync_error;
	int sync_ret;
	bool is_syncing, is_sync_closing;

	/* whoever posts outcomes: the one or the other, never both */
	pthread_mutex_t post_lock; /* the workers' rings */
	struct removal *unsynced;
	_Atomic uint32_t unsynced_n;
	_Atomic uint64_t synced_seq; /* up to here all is on the disk */

	/* settled messages come in: a stack, taken whole */
	CACHE_ALIGNED _Atomic(struct msg *) settled;
	_Atomic uint32_t settled_n;
	_Atomic uint32_t futex; /* 1: do not sleep */
	_Atomic bool is_closing, is_urgent;
	_Atomic bool is_damage_said;

	/* free space, as of the last look */
	CACHE_ALIGNED _Atomic uint64_t room_bytes;
	_Atomic uint32_t trouble; /* enum queue_outcome: what is answered now */
	bool is_room_short;
	uint64_t sampled_us;
	uint64_t reclaimed_us;
	uint64_t reclaimed_at_n; /* settled_n of the last attempt */

	/* what is on the disk only: where the next scan begins; active.lock */
	uint64_t recover_id, recover_end_id; /* left by earlier runs */
	uint64_t refill_id;		     /* pushed out of memory in this */
	uint32_t forgotten_n;		     /* so many were */
	uint32_t refill_found_n, refill_forgotten_n; /* this pass */
	uint64_t due_from_us;

	/* numbers */
	counter_t commits_n, committed_n, committed_bytes, commit_us;
	counter_t written_bytes;
	counter_t settled_sum, deferrals_n, spilled_n;
	_Atomic uint64_t entries_n, deferred_n, held_n, dead_n;
};

struct queue {
	struct queue_cfg cfg;
	char *dir;
	int lock_fd;
	uint64_t ids_from_us; /* no id of this run is older */
	uint32_t shards_n;    /* open; cfg.shards_n of them take new mail */
	struct shard *shards;
	struct port *ports;
	struct active active;
	_Atomic bool is_closing;
	_Atomic bool is_refilling;
	/* the router's: read ahead */
	struct msg_list due;
	uint64_t due_next_us; /* nothing is due before; active.lock */
	CACHE_ALIGNED _Atomic uint64_t inflight_bytes;
};

/* --- queue_msg.c: messages and their memory --- */

/* Gives one that no port owns, place NONE; NULL without memory. */
struct msg *msg_new_loose(void);
/* Body and state are released; the rest goes back to where it came from. */
void msg_free(struct queue *q, struct msg *m);
uint64_t msg_memory_bytes(const struct msg *m);
void msg_list_add(struct msg_list *list, struct msg *m);
void msg_list_join(struct msg_list *list, struct msg_list *tail);
/* After something was posted; writes its eventfd only when it sleeps. */
void port_wake_worker(struct port *port);

/* The commit thread and the sync thread count at once. */
static inline void
shared_add(counter_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline struct shard *
queue_shard_of_worker(struct queue *q, unsigned worker_idx)
{
	return &q->shards[worker_idx % q->cfg.shards_n];
}

/* --- shard.c: opening and closing; shard_commit.c: the thread --- */

MUST_USE int shard_start(struct shard *sh);
void shard_stop(struct shard *sh);
void shard_wake(struct shard *sh);
/* A settled message: any thread. Takes it. */
void shard_settle(struct shard *sh, struct msg *m, bool is_urgent);

/*
 * What is in transit now goes into the database, where operators look. Waits
 * for it. Any thread.
 */
void shard_store_all(struct shard *sh);

/* Takes a reading lock; NULL, and no lock, when the store is away. */
struct store *shard_store_try(struct shard *sh);
/* The same, after waiting for it to come back. */
struct store *shard_store_get(struct shard *sh);
void shard_store_put(struct shard *sh);

/* --- queue_scan.c: from the disk into memory --- */

/* What the state record says; 0, -ENOENT, -EIO, -EBADMSG, -ENOMEM. */
MUST_USE int scan_state(struct store *store, uint64_t id,
			struct record_state *out,
			struct queue_rcpt_state **rcpts_out);
/* Reads envelope and state of m->pub.id. The same errors. */
MUST_USE int scan_read(struct store *store, struct msg *m);
/* The same, and what depends on this run. */
MUST_USE int scan_load(struct shard *sh, struct store *store, struct msg *m);
/* Claims an id. 0, -EBUSY: somebody has it, -ENOMEM. */
MUST_USE int scan_claim(struct queue *q, uint64_t id, struct msg **out);
/*
 * Gives a claim up, and the message back to the scan that shall find it again:
 * it was not changed.
 */
void scan_unclaim(struct shard *sh, struct msg *m);
/*
 * Claims and loads the oldest entries from *from_id on (which moves on) that
 * nobody has and that are in `state`. An error ends it early: the rest later.
 */
struct msg_list scan_envelopes(struct shard *sh, struct store *store,
			       uint64_t *from_id, uint64_t end_id, int *ret);
/* The same from the schedule, up to now_us; *next_us: when to look again. */
struct msg_list scan_due(struct shard *sh, struct store *store, uint64_t now_us,
			 uint64_t *from_us, uint64_t *next_us, int *ret);
/* Brings back what was pushed out of memory. true: something came. */
bool scan_refill(struct queue *q);

/* --- queue_take.c --- */

/* Gives the body back, and its part of the memory. */
void settle_release(struct queue *q, struct msg *m);
/* A checked body record; *value_out is the caller's. -EBADMSG when missing. */
MUST_USE int body_record(struct store *store, uint64_t id, uint32_t record,
			 char **value_out, struct span *out);

/* --- queue_due.c --- */

/* Something became due at due_us in that shard; under active.lock. */
void due_note(struct shard *sh, uint64_t due_us);

#endif
