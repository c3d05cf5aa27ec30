/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_request.h: the engine's side of `penstock net`. The control thread; waits
 * for workers, bounded, and keeps none of them waiting.
 */
#ifndef PENSTOCK_ENGINE_NET_REQUEST_H
#define PENSTOCK_ENGINE_NET_REQUEST_H

#include "engine/engine.h"

#include <stdio.h>

/*
 * Answers on *out and gives an exit code; or takes *fd, the connection that the
 * request came by, and sets it to -1: a capture answers there, by and by.
 */
int net_request(struct engine *e, int argc, char **argv, FILE *out, int *fd);

#endif
