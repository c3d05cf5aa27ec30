/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.h: the file systems that mailboxes stand on, and their flushes. Any
 * delivery thread; blocks. A flush covers all that was written before it was
 * asked for, by whomever; threads that ask while one runs share the next, so
 * that the disk never has two flushes to do at a time.
 */
#ifndef PENSTOCK_DELIVER_DISK_H
#define PENSTOCK_DELIVER_DISK_H

#include "engine/base/must.h"

struct disks;
struct disk; /* one file system, kept mounted by an open descriptor */

/* Gives NULL without memory. */
struct disks *disks_open(void);
/* Every disk must be back. */
void disks_close(struct disks **disks);

/*
 * The disk of the open file fd, which stands in directory dir. To be called
 * before the first byte is written: errors are seen from then on. Gives a
 * reference. 0 or -errno; -EXDEV: dir is on another disk than fd.
 */
MUST_USE int disk_get(struct disks *disks, int fd, const char *dir,
		      struct disk **out);
void disk_put(struct disks *disks, struct disk **disk);

/* Failed flushes so far: noted before writing, handed to disk_error(). */
uint64_t disk_failures_n(struct disks *disks, const struct disk *disk);

/* Waits for the end of a flush that began after the call. */
void disk_flush(struct disks *disks, struct disk *disk);

/*
 * 0 when no flush failed since failures_n was noted; else -errno of the last
 * failure: whatever was written meanwhile may be lost, for the kernel says it
 * once and to one caller.
 */
MUST_USE int disk_error(struct disks *disks, const struct disk *disk,
			uint64_t failures_n);

/* Flushes done, and the time that they took in all. */
void disks_stats_get(struct disks *disks, uint64_t *flushes_n_out,
		     uint64_t *flush_us_sum_out);

#endif
