/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_mem_dev.h: what a network card does to frames, done in software for the
 * wire in memory: checksums, segmentation, tags, the spreading of flows. Any
 * thread, no state. Private to port_mem.c and its tests.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_MEM_DEV_H
#define PENSTOCK_DATAPLANE_PORT_MEM_DEV_H

#include "dataplane/flow.h"
#include "dataplane/port.h"

/* Sums that f->flags ask for, written into the frame's headers. */
void port_mem_dev_sums(const struct frame *f);

/*
 * Segment number segment_idx of a frame that wants TSO, complete with its sums,
 * into out (room for headers and tso_bytes). Gives its length; 0: no more.
 */
uint32_t port_mem_dev_segment(const struct frame *f, uint32_t segment_idx,
			      uint8_t *out);

/* What the device would say of a received frame's sums: enum frame_flags. */
uint16_t port_mem_dev_verify(const uint8_t *data, uint32_t len);

/* The flow's hash, or false: neither IPv4 nor IPv6. */
bool port_mem_dev_hash(const struct flow_key *key, const uint8_t *data,
		       uint32_t len, uint32_t *out);

#endif
