/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * salvage.h: the two halves of queue_salvage(). Commands only; blocks.
 */
#ifndef PENSTOCK_QUEUE_SALVAGE_H
#define PENSTOCK_QUEUE_SALVAGE_H

#include "engine/base/must.h"

#include <stdio.h>

/*
 * Makes each damaged log of a closed database readable and moves the original
 * to the folder `aside`, which it creates when it needs it. 0 or -errno.
 */
MUST_USE int salvage_log(const char *path, const char *aside, FILE *out);

#endif
