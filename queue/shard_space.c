/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is there room on the disk? The commit thread looks, a few times a second at
 * most, and counts what it writes in between; workers read one number. When
 * room is scarce, what was delivered is made to leave the disk soon.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/shard_int.h"

#include <sys/statvfs.h>

#define RECLAIM_US (2 * US_PER_SEC)

/*
 * In memtables, what stays free for the database: what is in memory gets
 * written once more as tables (4), and tables are merged into new ones before
 * the old ones go. Without it nothing could leave a full disk either.
 */
#define SPACE_MEMTABLES 8

bool
space_is_due(const struct shard *sh, uint64_t now_us)
{
	return now_us - sh->sampled_us >= SPACE_US;
}

void
space_used(struct shard *sh, uint64_t bytes)
{
	uint64_t room =
		atomic_load_explicit(&sh->room_bytes, memory_order_relaxed);

	atomic_store_explicit(&sh->room_bytes, room > bytes ? room - bytes : 0,
			      memory_order_relaxed);
}

/*
 * Delivered mail stands in the log until its memtable goes, and in tables until
 * they are compacted. Both at once, when nothing was tried for a while and
 * something has been delivered since.
 */
static void
reclaim(struct shard *sh, uint64_t now_us)
{
	uint64_t settled_n = counter_get(&sh->settled_sum);
	struct store_error error;

	if (sh->store == NULL || settled_n == sh->reclaimed_at_n ||
	    now_us - sh->reclaimed_us < RECLAIM_US)
		return;
	sh->reclaimed_us = now_us;
	sh->reclaimed_at_n = settled_n;
	if (store_flush(sh->store, false, &error))
		log_say(LOG_LEVEL_WARNING, "queue",
			"%s: cannot write memory out to free space: %s",
			sh->path, error.text);
	store_compact(sh->store);
}

void
space_sample(struct shard *sh, uint64_t now_us)
{
	uint64_t keep = sh->queue->cfg.free_bytes_min +
			SPACE_MEMTABLES * sh->memtable_bytes;
	uint64_t avail, room;
	struct statvfs st;

	sh->sampled_us = now_us;
	if (fstatvfs(sh->dir_fd, &st) != 0)
		return; /* the next write says what is wrong */
	avail = (uint64_t)st.f_bavail * st.f_frsize;
	room = avail > keep ? avail - keep : 0;
	atomic_store_explicit(&sh->room_bytes, room, memory_order_relaxed);
	if (room < 2 * sh->memtable_bytes)
		reclaim(sh, now_us);
	if ((room == 0) == sh->is_room_short)
		return;
	sh->is_room_short = room == 0;
	if (sh->is_room_short)
		log_say(LOG_LEVEL_WARNING, "queue",
			"%s: %llu MiB free, %llu MiB must stay free: new mail "
			"is refused with 452 until there is more",
			sh->path, (unsigned long long)avail >> 20,
			(unsigned long long)keep >> 20);
	else
		log_say(LOG_LEVEL_INFO, "queue",
			"%s: there is room again: mail is taken", sh->path);
}
