/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_dir.h: the queue's folder: is it ours, can it be used, has somebody
 * else got it. Start and commands only; blocks.
 */
#ifndef PENSTOCK_QUEUE_DIR_H
#define PENSTOCK_QUEUE_DIR_H

#include "engine/base/diag.h"

/*
 * Checks or (may_create) makes the folder and locks it. Gives a descriptor that
 * holds the lock, or -1 and a sentence in *diag with its exit code.
 */
MUST_USE int queue_dir_open(const char *dir, bool may_create,
			    struct diag *diag);
void queue_dir_close(int lock_fd);

/* How many shards are there already: 0 … SHARDS_MAX, or -errno. */
MUST_USE int queue_dir_shards(const char *dir);
/* "DIR/shard-N", in memory of its own. */
char *queue_dir_shard_path(const char *dir, unsigned idx);

#endif
