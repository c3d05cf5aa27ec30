/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_capture.h: a capture from the engine's port, sent to the command that
 * asked for it; one at a time. start, reap, stop: the control thread, which is
 * not kept waiting; a thread of the capture's own does the rest. SIGPIPE must
 *be ignored. Workers pay for the copy of what the filter lets through, and for
 * nothing else: whoever reads too slowly loses frames, which are counted.
 *
 * On the connection that the request came by go "000\n" with one end of a
 * socket pair (SCM_RIGHTS), through which the pcap comes, then lines:
 *
 *	go FRAMES LOST			now and then
 *	end WHY FRAMES LOST ERRNO	the last: an enum net_capture_end
 *
 * Closing or half-closing the pair's end asks for the end.
 */
#ifndef PENSTOCK_ENGINE_NET_CAPTURE_H
#define PENSTOCK_ENGINE_NET_CAPTURE_H

#include "dataplane/capture.h"

#include <stdio.h>

enum net_capture_end {
	NET_CAPTURE_GOING,
	NET_CAPTURE_COUNT,
	NET_CAPTURE_TIME,
	NET_CAPTURE_SIZE,
	NET_CAPTURE_ASKED,   /* by who had asked for it */
	NET_CAPTURE_STOPPED, /* the engine ends */
	NET_CAPTURE_FAILED,  /* ERRNO: of writing to the pair */
	NET_CAPTURE_ENDS_N
};

struct net_capture;

/*
 * EX_OK: begun, in *slot, and *fd taken and set to -1; else what is wrong is on
 * *errors. Borrows port until the capture is reaped or stopped.
 */
int net_capture_start(struct net_capture **slot, struct port *port,
		      const struct capture_cfg *cfg, int *fd, FILE *errors);
/* Frees one that has ended. */
void net_capture_reap(struct net_capture **slot);
/* Ends and frees it; may take a second when nobody reads it. */
void net_capture_stop(struct net_capture **slot);

#endif
