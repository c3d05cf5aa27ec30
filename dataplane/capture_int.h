/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture_int.h: the workers' side of a capture, for port.c, and its filter.
 * Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_CAPTURE_INT_H
#define PENSTOCK_DATAPLANE_CAPTURE_INT_H

#include "dataplane/capture.h"

struct port_queue;

/* Copies what passes the filter. The queue's thread; q has a capture, or had
 * one a moment ago. Frames stay the caller's. */
__attribute__((cold, noinline)) void
capture_frames(struct port_queue *q, const struct frame *frames, unsigned n);

/* Whether a frame (without a stripped tag) is wanted. Any thread, no state. */
bool capture_is_wanted(const struct capture_cfg *cfg, const uint8_t *data,
		       uint32_t len);

#endif
