/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_dpdk.h: ports over DPDK's ethdev: any device that it drives, physical or
 * virtual. DPDK is one for the process: port_dpdk_start() once, before any
 * worker's thread, and port_dpdk_stop() after the last port is closed; both
 * block. What goes wrong is a sentence with a remedy in *diag.
 *
 * A device with RSS whose key and table are ours spreads TCP flows over the
 * queues. Any other has one queue of its own: queue 0's worker receives, hashes
 * and hands on through rings, and all send through it, behind a spin lock.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_DPDK_H
#define PENSTOCK_DATAPLANE_PORT_DPDK_H

#include "dataplane/port.h"

#define PORT_DPDK_QUEUES_MAX 64u

struct port_dpdk_cfg {
	const char *args;   /* penstock_dpdk_args: EAL's, in words */
	const char *device; /* NULL: the only one there is */
	unsigned queues_n;  /* one for each worker */
	uint32_t mtu;	    /* of an IP packet; 0: the device's own */
	uint32_t bufs_n;    /* of each queue; 0: as the rings need */
	uint32_t ring_n;    /* descriptors of each direction; 0: 1024 */
	bool is_polled;	    /* penstock_idle = poll: no interrupts */
};

struct port_dpdk; /* DPDK in this process */

/*
 * Reads args, queues_n, mtu, bufs_n and ring_n. NULL: *diag says why. EAL calls
 * openlog(): log_open() or log_reopen() comes after.
 */
struct port_dpdk *port_dpdk_start(const struct port_dpdk_cfg *cfg,
				  struct diag *diag);
/* Opens and starts a device, until port_close(). NULL: *diag says why. */
struct port *port_dpdk_open(struct port_dpdk *d,
			    const struct port_dpdk_cfg *cfg, struct diag *diag);
/* Every port is closed. Removes what DPDK has left under /run. */
void port_dpdk_stop(struct port_dpdk **d);

#endif
