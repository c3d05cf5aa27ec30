/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_mem_int.h: what port_mem.c (the ports and what tests do by hand) and
 * port_mem_wire.c (what happens between them) share. One thread.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_MEM_INT_H
#define PENSTOCK_DATAPLANE_PORT_MEM_INT_H

#include "dataplane/flow.h"
#include "dataplane/port_impl.h"
#include "dataplane/port_mem.h"

struct mem_buf {
	struct mem_buf *next; /* free, or received and waiting */
	uint64_t due_us, serial;
	struct mem_end *owner;
	uint32_t at, len; /* where the frame begins: behind a stripped tag */
	uint32_t hash;
	uint16_t flags, vlan;
	uint8_t bytes[];
};

struct mem_queue {
	struct port_queue base;
	struct mem_end *end;
	struct mem_buf *first, *last;
	uint32_t n;
};

struct mem_end {
	struct port port;
	struct port_mem *wire;
	struct mem_queue *queues;
	struct port_queue **queue_list;
	uint8_t *memory;
	struct mem_buf *free;
	uint32_t free_n;
	struct mem_buf **flight; /* on their way to this end: a heap */
	uint32_t flight_n;
	/* as a sender */
	struct port_mem_way way;
	uint64_t random, line_free_ns;
	struct port_mem_stats stats;
};

struct port_mem {
	struct port_mem_cfg cfg;
	struct flow_key key;
	uint64_t now_us, serial;
	bool is_up;
	struct mem_end ends[2];
};

/* An empty buffer of e's pool, or NULL; and back to its owner's pool. */
struct mem_buf *port_mem_buf_get(struct mem_end *e);
void port_mem_buf_put(struct mem_buf *b);
/* The frame that arrives next at an end; there is one. */
struct mem_buf *port_mem_flight_get(struct mem_end *to);
/* It arrives now: onto a queue's list, or dropped there. Takes b. */
void port_mem_deliver(struct mem_end *to, struct mem_buf *b);
/* It sets off, and whatever happens to it happens. Takes b. */
void port_mem_send(struct mem_end *from, struct mem_buf *b);

#endif
