/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lane.h: a delivery thread and its two batches: one that is being written,
 * and one that has been moved into place and waits for the flush that makes
 * that durable. A flush serves both, so that in steady state a batch costs one.
 */
#ifndef PENSTOCK_DELIVER_LANE_H
#define PENSTOCK_DELIVER_LANE_H

#include "deliver/deliver.h"
#include "deliver/maildir.h"

#include <pthread.h>
#include <stdatomic.h>

/* What of struct deliver_cfg a batch goes by. */
struct lane_cfg {
	uint64_t mailbox_bytes_max;
	uint32_t batch_msgs_max;
	uint32_t batch_files_max;
	uint32_t minimum_uid;
	char host[MAILDIR_HOST_MAX + 1];
};

/* What all lanes share. */
struct lane_shared {
	struct queue *q;
	struct disks *disks;
	pthread_mutex_t cfg_lock;
	struct lane_cfg cfg;
	_Atomic bool is_stopping;
	_Atomic uint64_t batches_n, delivered_n, delivered_bytes;
	_Atomic uint64_t deferred_n, failed_n, found_n;
};

struct lane;

/* Starts the thread. NULL without memory or thread. */
struct lane *lane_open(struct lane_shared *shared, unsigned idx);
/* Waits for its end, which shared->is_stopping brings about. */
void lane_close(struct lane **lane);

#endif
