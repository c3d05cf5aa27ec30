/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deliver.h: batches out of the queue into virtual maildirs and mboxes. Its
 * own threads (they block on disks); they take messages with queue_take(), make
 * a whole batch durable with a constant number of flushes, and settle it.
 *
 * One batch: create and write every file in tmp/, flush the file system once,
 * rename into new/; the renames become durable with the next batch's flush (or
 * one of their own when nothing else comes), and only then the batch is
 * settled. A recovered message first looks for its name in new/ and cur/.
 */
#ifndef PENSTOCK_DELIVER_DELIVER_H
#define PENSTOCK_DELIVER_DELIVER_H

#include "engine/base/diag.h"
#include "queue/queue.h"

/* The rows are in config/params.def. */
struct deliver_cfg {
	const char *myhostname;	    /* last part of a maildir file's name */
	uint64_t mailbox_bytes_max; /* virtual_mailbox_limit; 0: none. Bounds
				       a single maildir file, as in Postfix */
	uint32_t threads_n;
	uint32_t batch_msgs_max;
	uint32_t batch_files_max;
	uint32_t minimum_uid; /* virtual_minimum_uid */
};

struct deliver;

/* Each delivery and deferral is one line of log.h, in Postfix's form. */

/* Starts cfg->threads_n threads. cfg is copied. NULL on an error. */
struct deliver *deliver_open(struct queue *q, const struct deliver_cfg *cfg,
			     struct diag *diag);
/* From the next batch on. Copies *cfg; threads_n stays. */
void deliver_configure(struct deliver *d, const struct deliver_cfg *cfg);
/* Finishes the batches in hand, flushes and settles them, then stops. */
void deliver_close(struct deliver **d);

struct deliver_stats {
	uint64_t batches_n, delivered_n, delivered_bytes, deferred_n, failed_n;
	uint64_t flushes_n, flush_us_sum, found_n; /* already there */
};
void deliver_stats_get(const struct deliver *d, struct deliver_stats *out);

#endif
