/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_mem.h: a wire in memory with a port at each end, for tests and
 * simulations: its clock is handed in, and what it loses, doubles, reorders,
 * corrupts and delays follows from a seed, so that a run can be repeated. Both
 * ends and all their queues: one thread. Nothing allocates after open.
 *
 * A frame is moved from one end to the other, not copied; each buffer returns
 * to the pool of the end that filled it.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_MEM_H
#define PENSTOCK_DATAPLANE_PORT_MEM_H

#include "dataplane/port.h"

struct port_mem;

/* What happens to frames on their way from one end; ppm: of a million. */
struct port_mem_way {
	uint32_t loss_ppm, dup_ppm;
	uint32_t reorder_ppm; /* held back by up to reorder_us more */
	uint32_t corrupt_ppm; /* one bit behind the Ethernet header of an IP
				 packet: ARP and Ethernet have no sum */
	uint64_t delay_us;    /* of every frame */
	uint64_t reorder_us;
	uint64_t bytes_per_s; /* 0: as fast as one likes */
};

struct port_mem_cfg {
	uint64_t seed, now_us;
	uint32_t mtu;	    /* of an IP packet */
	uint32_t buf_bytes; /* room of a frame; more than mtu for TSO */
	uint32_t bufs_n;    /* of each end */
	uint32_t ring_n;    /* received frames that wait, of each queue */
	uint32_t flight_n;  /* frames on their way, in each direction */
	unsigned queues_n[2];
	uint32_t caps[2]; /* enum port_caps: what the devices are able to do */
	struct port_mem_way ways[2]; /* from end 0, from end 1 */
};
/* One queue, 1500 bytes, no offloads, nothing lost, no delay. */
extern const struct port_mem_cfg port_mem_cfg_default;

/* NULL: no memory. */
struct port_mem *port_mem_open(const struct port_mem_cfg *cfg);
/* Frees both ports too; port_close() of one of them only forgets it. */
void port_mem_close(struct port_mem **m);
/* End 0 or 1. Its MAC is 02:00:00:00:00:01 or :02. */
struct port *port_mem_port(struct port_mem *m, unsigned end);

/* The clock goes on to now_us: what has arrived by then can be received. */
void port_mem_advance(struct port_mem *m, uint64_t now_us);
uint64_t port_mem_now_us(const struct port_mem *m);
/* When the next frame arrives; UINT64_MAX: none is on its way. */
uint64_t port_mem_next_us(const struct port_mem *m);
/* From now on; and whether the cable is plugged in (it is, at first). */
void port_mem_way_set(struct port_mem *m, unsigned from_end,
		      const struct port_mem_way *way);
void port_mem_link_set(struct port_mem *m, bool is_up);

/*
 * By hand: a raw frame arrives at an end at once, as if the other had sent it;
 * false: no buffer or no room. And the next frame that an end has sent, in the
 * order of arrival, without waiting for it: gives its length, or 0: none.
 */
MUST_USE bool port_mem_inject(struct port_mem *m, unsigned to_end,
			      const void *bytes, uint32_t len);
uint32_t port_mem_take(struct port_mem *m, unsigned from_end, void *out,
		       uint32_t out_max);

/* Buffers of an end that are neither free nor on the wire: held by users. */
uint32_t port_mem_bufs_out(const struct port_mem *m, unsigned end);
/* Frames of either end that are on their way or wait to be received. */
uint32_t port_mem_waiting_n(const struct port_mem *m);

/* What the wire has done to frames from an end. */
struct port_mem_stats {
	uint64_t sent_n, lost_n, doubled_n, reordered_n, corrupted_n;
	uint64_t overflow_n; /* more than flight_n on their way */
};
void port_mem_stats_get(const struct port_mem *m, unsigned from_end,
			struct port_mem_stats *out);

#endif
