/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobs.h: the contents of one batch: its messages, a job for each recipient,
 * and the mailboxes that the jobs go to, so that the files of one mailbox are
 * written together. One thread; knows nothing of files. Keeps its memory from
 * batch to batch.
 */
#ifndef PENSTOCK_DELIVER_JOBS_H
#define PENSTOCK_DELIVER_JOBS_H

#include "deliver/disk.h"
#include "queue/queue.h"

#include <sys/types.h>

#define JOBS_NONE UINT32_MAX

enum job_state {
	JOB_SETTLED, /* by an earlier attempt: not ours to do */
	JOB_TODO,
	JOB_WRITTEN, /* whole, in tmp/ or in its mbox: awaits a flush */
	JOB_MOVED,   /* under its own name: awaits the next flush */
	JOB_SENT,
	JOB_DEFERRED,
	JOB_FAILED,
};

struct job {
	uint32_t mail_idx;
	uint32_t rcpt_idx;
	uint32_t rcpt_pos; /* in the envelope, for envelope_rcpt_next() */
	uint32_t box_idx;
	uint32_t next; /* of the same box */
	gid_t gid;     /* of the file; -1: the process's */
	uint8_t transport;
	uint8_t state; /* enum job_state */
	char *instead; /* a torn file of an earlier attempt, or NULL */
	char *why; /* "4.3.0 …"; NULL: delivered to maildir, or no memory */
};

struct mail {
	struct queue_msg *msg;
	struct span sender; /* borrows from the envelope */
	uint64_t arrival_us;
	uint64_t taken_us, done_us; /* wall clock */
	uint32_t job_first, jobs_n; /* in the order of the recipients */
};

struct box {
	struct span path; /* borrows from the first message for it */
	uint32_t first, last, todo;
	uint32_t disk_idx;   /* JOBS_NONE: not known yet */
	uint32_t dirty_next; /* list of boxes that have something to do */
	bool is_dirty;
};

/* A disk that the batch writes to, and what was known at its first byte. */
struct disk_use {
	struct disk *disk;
	uint64_t failures_n;
};

struct jobs {
	struct mail *mails;
	struct job *v;
	struct box *boxes;
	struct disk_use *disks;
	uint32_t mails_n, n, boxes_n, disks_n;
	uint32_t mails_cap, cap, boxes_cap, disks_cap;
	uint32_t *slots; /* hash of boxes: index + 1 */
	uint32_t slots_n;
	uint32_t dirty_first; /* boxes with something to do */
	struct queue_rcpt_state *states;
	uint32_t states_cap;
};

MUST_USE int jobs_init(struct jobs *js);
/* It is empty. */
void jobs_fini(struct jobs *js);

/*
 * Takes *msg in, with a job for each recipient that is still to do and
 * JOB_SETTLED for the others. 0, or -ENOMEM: *msg is still the caller's.
 */
MUST_USE int jobs_add(struct jobs *js, struct queue_msg **msg,
		      uint64_t taken_us);

/* Puts a job on the list of its mailbox. 0 or -ENOMEM. */
MUST_USE int jobs_put_in_box(struct jobs *js, uint32_t job_idx,
			     struct span path);
/* The next mailbox with something to do, taken off the list; or NULL. */
struct box *jobs_dirty_box(struct jobs *js);

/* Decodes a job's recipient again. */
struct envelope_rcpt jobs_rcpt(const struct jobs *js, const struct job *job);

/* The job is done with: state, and why, as printf() has it. */
PRINTF_LIKE(3, 4)
void job_end(struct job *job, enum job_state state, const char *fmt, ...);

/* Remembers the disk of fd for the batch. Gives its index, or -errno. */
MUST_USE int64_t jobs_disk(struct jobs *js, struct disks *disks, int fd,
			   const char *dir);

/* Every job has ended: logs, settles, and empties the batch. */
void jobs_settle(struct jobs *js, struct queue *q, struct disks *disks);

#endif
