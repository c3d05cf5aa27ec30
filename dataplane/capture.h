/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture.h: frames of a port into a pcap file, while its workers go on: each
 * copies what the filter lets through into a ring of its own, and the thread
 * that calls capture_step() writes. Opening, stepping and closing: one thread,
 * any but the workers'; may block on the file. A port has one capture at a
 * time; without one a worker pays a branch a burst.
 *
 * Stripped tags are put back, sums that a device would have put in are put in;
 * a frame for TSO stands as it was handed to the device: longer than the MTU,
 * without sums.
 */
#ifndef PENSTOCK_DATAPLANE_CAPTURE_H
#define PENSTOCK_DATAPLANE_CAPTURE_H

#include "dataplane/port.h"

struct capture;

struct capture_cfg {
	struct ip_net net;     /* source or destination, of ARP too */
	bool has_net;	       /* else: any address */
	uint16_t port;	       /* of TCP or UDP, either end; 0: any */
	uint32_t snap_bytes;   /* of each frame; 0: all */
	uint64_t frames_n_max; /* 0: no bound */
	uint64_t bytes_max;    /* of the file; 0: no bound */
	uint64_t us_max;       /* from opening on; 0: no bound */
};

/*
 * Borrows fd (empty file, pipe or socket) until capture_close(), port too. 0,
 * -EBUSY: the port has one; -ENOMEM; or what writing the head has failed with.
 */
MUST_USE int capture_open(struct capture **out, struct port *port,
			  const struct capture_cfg *cfg, int fd);

enum capture_state {
	CAPTURE_GOING,
	CAPTURE_DONE,	/* a bound: capture_stats.bound */
	CAPTURE_FAILED, /* the file: capture_stats.error */
};
/*
 * Writes of what has come as much as does not take long: call it some ten times
 * a second, and at once again while it has written much.
 */
enum capture_state capture_step(struct capture *c);

enum capture_bound {
	CAPTURE_BOUND_NONE,
	CAPTURE_BOUND_COUNT,
	CAPTURE_BOUND_TIME,
	CAPTURE_BOUND_SIZE,
};

struct capture_stats {
	uint64_t frames_n; /* written */
	uint64_t bytes;	   /* of the file */
	enum capture_bound bound;
	uint64_t lost_n; /* a worker's ring was full */
	int error;	 /* -errno of the file, or 0 */
};
void capture_stats_get(const struct capture *c, struct capture_stats *out);

/* Writes the rest, frees; gives the final figures where out is not NULL. */
void capture_close(struct capture **c, struct capture_stats *out);

#endif
