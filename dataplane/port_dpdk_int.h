/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_dpdk_int.h: what the files behind port_dpdk.h share. Only these include
 * DPDK's headers. Private to dataplane/port_dpdk*.c.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_DPDK_INT_H
#define PENSTOCK_DATAPLANE_PORT_DPDK_INT_H

#include "dataplane/flow.h"
#include "dataplane/port_dpdk.h"
#include "dataplane/port_dpdk_args.h"
#include "dataplane/port_dpdk_guard.h"
#include "dataplane/port_impl.h"
#include "engine/base/ring.h"

/* <netinet/ip.h>, which these include, has a struct ip of its own. */
#define ip netinet_ip
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>
#undef ip
#include <stdatomic.h>
#include <stdio.h>

#define DPDK_RING_N_DEFAULT 1024u
#define DPDK_PASS_N	    1024u /* frames handed to another queue, at most */
#define DPDK_WAIT_N	    64u	  /* frames that wait for room to be sent */
#define DPDK_TRIES_MAX	    4096u /* to send one frame */
#define DPDK_TSO_BYTES	    16384u
#define DPDK_KEY_MAX	    64u
#define DPDK_RETA_MAX	    512u

struct dpdk_port;

/* DPDK in this process. */
struct port_dpdk {
	struct dpdk_args args;
	char dir[256]; /* EAL's runtime folder */
	FILE *log;
	int stderr_fd;		 /* the one behind EAL's start */
	_Atomic bool is_running; /* nothing is being started */
	char said[4096];	 /* the last of what DPDK said until then */
	size_t said_n;
};

struct dpdk_queue {
	struct port_queue base;
	struct dpdk_port *port;
	uint16_t port_id, dev_queue; /* dev_queue: of sending, and receiving */
	bool has_rx;		     /* receives from the device itself */
	bool is_spreading;	     /* hands on what is others' */
	bool is_begun;		     /* its thread has been prepared */
	struct rte_mempool *rx_pool, *tx_pool;
	uint32_t tx_room;
	struct guard_slot *guard; /* memif's; else NULL */
	rte_spinlock_t *tx_lock;  /* NULL: nobody else sends here */
	/* seen before they were asked for: port_dpdk_sleep.c */
	struct rte_mbuf *early[PORT_BURST_MAX];
	unsigned early_n, early_at;
	unsigned naps_n; /* in vain, one after the other */
	/* the device had no room */
	struct rte_mbuf *wait[DPDK_WAIT_N];
	unsigned wait_n, tries_n; /* tries_n: in vain, one after the other */
	struct ring *in;	  /* handed on by queue 0; NULL: nobody does */
	int epoll_fd;		  /* the device's interrupt; -1: none */
	int socket_fd;		  /* the driver's, borrowed; -1: none */
};

struct dpdk_port {
	struct port base;
	struct port_dpdk *dpdk;
	struct port_queue *queue_list[PORT_DPDK_QUEUES_MAX];
	struct dpdk_queue *queues[PORT_DPDK_QUEUES_MAX];
	uint16_t id;
	bool is_started, is_tap, is_polled, has_intr;
	uint32_t frame_bytes_max; /* of a received one, with tag */
	uint32_t room_bytes_max;  /* of a buffer for it; 0: any */
	uint32_t bufs_n, ring_n;
	uint16_t mtu_found; /* before it was ours */
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	struct flow_key spread_key;
	uint8_t rss_key[DPDK_KEY_MAX];
	uint16_t reta_n; /* 0: no RSS that we can foretell */
	rte_spinlock_t tx_lock;
	/* port_dpdk_link.c */
	_Atomic bool is_away; /* stopped: no bursts */
	_Atomic bool is_looking;
	unsigned looks_n, wait_n, attempts_n;
};

/* Within a burst: the device is stopped for a while. */
static inline bool
dpdk_is_away(const struct dpdk_queue *q)
{
	return atomic_load_explicit(&q->port->is_away, memory_order_relaxed);
}

/* --- port_dpdk.c --- */

/* Buffers of a queue, and those for TSO. */
uint32_t dpdk_bufs_n(const struct port_dpdk_cfg *cfg);
uint32_t dpdk_tso_bufs_n(const struct port_dpdk_cfg *cfg);

/* --- port_dpdk_eal.c --- */

/* The last line of what DPDK has said. */
struct span dpdk_said_last(const struct port_dpdk *d);

/* --- port_dpdk_dev.c --- */

/*
 * Looks at the device and settles what is used of it: ->conf, ->base's caps,
 * MTU and MAC, ->reta_n, ->frame_bytes_max. false: *diag says why.
 */
MUST_USE bool dpdk_dev_settle(struct dpdk_port *p,
			      const struct port_dpdk_cfg *cfg,
			      struct diag *diag);
/* Queues and pools are there: starts it, with interrupts if it has them. */
MUST_USE bool dpdk_dev_start(struct dpdk_port *p, bool wants_intr,
			     struct diag *diag);
/* "net_tap0: what: why" as an error. error: negative. Gives false. */
PRINTF_LIKE(4, 5)
bool dpdk_dev_fail(const struct dpdk_port *p, int error, struct diag *diag,
		   const char *fmt, ...);

/* --- port_dpdk_rx.c --- */

/* The next received mbufs of this queue, not yet counted. */
unsigned dpdk_rx_pull(struct dpdk_queue *q, struct rte_mbuf **m,
		      unsigned n_max);
unsigned dpdk_rx(struct port_queue *q, struct frame *frames, unsigned n_max);
void dpdk_free(struct port_queue *q, struct frame *frames, unsigned n);

/* --- port_dpdk_tx.c --- */

bool dpdk_tx_get(struct port_queue *q, struct frame *out);
void dpdk_tx(struct port_queue *q, struct frame *frames, unsigned n);
void dpdk_tx_flush(struct port_queue *q);

/* --- port_dpdk_link.c --- */

/* It is started: from now on a link that is gone is made again, if it is one
 * that the driver gives up. _fini: before it is stopped. */
void dpdk_link_init(struct dpdk_port *p);
void dpdk_link_fini(struct dpdk_port *p);

/* --- port_dpdk_sleep.c --- */

/* The calling thread is q's from now on. */
void dpdk_queue_begin(struct dpdk_queue *q);
/* Asks the device for an interrupt of q's; without one: epoll_fd -1. */
void dpdk_sleep_init(struct dpdk_queue *q);
void dpdk_sleep_fini(struct dpdk_queue *q);
void dpdk_sleep(struct port_queue *q, int wake_fd, uint64_t timeout_us);

#endif
