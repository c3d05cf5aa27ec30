/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * salvage.h: the parts of queue_salvage(). Commands only; they block.
 */
#ifndef PENSTOCK_QUEUE_SALVAGE_H
#define PENSTOCK_QUEUE_SALVAGE_H

#include "engine/base/must.h"
#include "queue/store.h"

#include <stdio.h>

/*
 * Makes each damaged log of a closed database readable and moves the original
 * to the folder `aside`, which it creates when it needs it. 0 or -errno.
 */
MUST_USE int salvage_log(const char *path, const char *aside, FILE *out);
/* So that what was renamed in it stays so. 0 or -errno. */
MUST_USE int salvage_sync_dir(const char *path);

/*
 * When a table cannot be read from end to end: copies the rest into a new
 * database and puts it in place of the old one, which goes to the folder
 * `aside`. *store is opened again then; NULL after an error. 0, or -errno and
 * why.
 */
MUST_USE int salvage_tables(const char *path, const char *aside,
			    uint64_t memtable_bytes, struct store **store,
			    FILE *out, struct store_error *error);

#endif
