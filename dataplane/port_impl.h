/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_impl.h: what an implementation of port.h brings, and what port.c needs
 * of it. Each implementation embeds struct port and struct port_queue at the
 * head of its own. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_IMPL_H
#define PENSTOCK_DATAPLANE_PORT_IMPL_H

#include "dataplane/port.h"
#include "engine/base/counter.h"

/* Contracts: port.h's functions of the same names. */
struct port_ops {
	void (*close)(struct port *port);
	bool (*is_up)(const struct port *port);
	unsigned (*queue_of)(const struct port *port, const struct ip *src,
			     uint16_t src_port, const struct ip *dst,
			     uint16_t dst_port);
	unsigned (*rx)(struct port_queue *q, struct frame *frames,
		       unsigned frames_n_max);
	void (*free)(struct port_queue *q, struct frame *frames,
		     unsigned frames_n);
	bool (*tx_get)(struct port_queue *q, struct frame *out);
	void (*tx)(struct port_queue *q, struct frame *frames,
		   unsigned frames_n);
	void (*tx_flush)(struct port_queue *q);
	void (*sleep)(struct port_queue *q, int wake_fd, uint64_t timeout_us);
	void (*stats)(const struct port *port, unsigned queue_idx,
		      struct port_stats *out);
};

struct port {
	const struct port_ops *ops;
	struct port_queue **queues;
	unsigned queues_n;
	uint32_t caps, mtu;
	uint8_t mac[PORT_MAC_BYTES];
};

/* Its owner counts; anybody reads. */
struct port_counts {
	counter_t rx, rx_bytes, tx, tx_bytes, rx_missed, rx_errors, tx_dropped;
	counter_t bursts;
};

struct capture_queue;

struct port_queue {
	const struct port_ops *ops;
	_Atomic(struct capture_queue *) tap; /* NULL: nobody captures */
	_Atomic uint32_t tap_busy;	     /* its thread may be using tap */
	unsigned idx;
	struct port_counts count;
};

/* *out from the counts; bufs_free_n is left 0. */
void port_counts_get(const struct port_counts *count, struct port_stats *out);

#endif
