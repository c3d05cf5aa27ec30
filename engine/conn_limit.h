/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn_limit.h: what a client may ask of a service in a minute, and how many
 * connections it may have. Its worker's thread only; never blocks.
 */
#ifndef PENSTOCK_ENGINE_CONN_LIMIT_H
#define PENSTOCK_ENGINE_CONN_LIMIT_H

#include "engine/conn.h"

/* struct smtp_shared's: counts the event; false, and a log line: too many. */
bool conn_limit_is_within(struct smtp *s, enum smtp_event event);

#endif
