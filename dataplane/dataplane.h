/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dataplane.h: everything below TCP, started from the configuration: DPDK, the
 * port, and a host for each worker. Opened by one thread, before the workers
 * run and before privileges are dropped, and closed after them; may block.
 */
#ifndef PENSTOCK_DATAPLANE_DATAPLANE_H
#define PENSTOCK_DATAPLANE_DATAPLANE_H

#include "dataplane/host_cfg.h"

struct dataplane;

/*
 * Borrows cfg's texts for the call. cfg->host is there already (host_cfg_parse)
 * but for its secret, which is drawn here. NULL: *diag says why. DPDK calls
 * openlog(): log_open() or log_reopen() comes after.
 */
struct dataplane *dataplane_open(const struct dataplane_cfg *cfg,
				 unsigned workers_n, bool is_polled,
				 struct diag *diag);
void dataplane_close(struct dataplane **d);

/* Its worker's thread only, from now on. */
struct host *dataplane_host(struct dataplane *d, unsigned worker_idx);
struct port *dataplane_port(struct dataplane *d);

#endif
