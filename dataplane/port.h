/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.h: Ethernet frames in bursts, from and to one queue of one network
 * device. Two implementations: DPDK's ethdev (port_dpdk.c, which alone includes
 * rte_*) and a wire in memory (port_mem.c). A port belongs to the process, a
 * queue to one worker's thread; nothing here blocks, and after port_open()
 * nothing allocates.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_H
#define PENSTOCK_DATAPLANE_PORT_H

#include "engine/base/diag.h"
#include "engine/base/ip.h"
#include "engine/base/must.h"

#define PORT_BURST_MAX 64u
#define PORT_MAC_BYTES 6u

struct port;
struct port_queue;

/* What is known of a received frame, and what is asked for one to be sent. */
enum frame_flags {
	/* received */
	FRAME_IP_SUM_OK = 1u << 0, /* IPv4 header checksum verified */
	FRAME_L4_SUM_OK = 1u << 1, /* TCP or UDP checksum verified */
	FRAME_SUM_BAD = 1u << 2,   /* the device saw a wrong one */
	FRAME_HAS_HASH = 1u << 3,  /* hash is the device's */
	FRAME_HAS_VLAN = 1u << 4,  /* tag stripped into vlan */
	/* to be sent: only where the queue's caps say so */
	FRAME_WANT_IP_SUM = 1u << 8,
	FRAME_WANT_TCP_SUM = 1u << 9, /* field holds the pseudo-header's sum */
	FRAME_WANT_TSO = 1u << 10,    /* tso_bytes of payload a segment */
};

/* One frame. Plain data, passed by value in arrays of a burst. */
struct frame {
	uint8_t *data; /* its first byte: the Ethernet destination */
	void *buf;     /* the port's own handle */
	uint32_t hash;
	uint16_t flags; /* enum frame_flags */
	uint16_t vlan;
	uint32_t len;  /* without FCS */
	uint32_t room; /* bytes that data may hold; sending only */
	uint16_t l2_bytes, l3_bytes, l4_bytes; /* headers; sending, offloads */
	uint16_t tso_bytes;
};

enum port_caps {
	PORT_CAP_RX_SUM = 1u << 0, /* FRAME_*_SUM_OK is set where due */
	PORT_CAP_TX_IP_SUM = 1u << 1,
	PORT_CAP_TX_TCP_SUM = 1u << 2,
	PORT_CAP_TSO = 1u << 3,
	PORT_CAP_RSS = 1u << 4, /* the device spreads flows over queues */
	PORT_CAP_VLAN_STRIP = 1u << 5,
	PORT_CAP_RX_SLEEP = 1u << 6, /* port_queue_sleep() wakes on a frame */
};

struct port_stats {
	uint64_t rx_n, rx_bytes, tx_n, tx_bytes;
	uint64_t rx_missed_n; /* no buffer or ring full */
	uint64_t rx_errors_n, tx_dropped_n;
	uint64_t bursts_n, bufs_free_n;
};

/* --- the process's --- */

void port_close(struct port **port);
struct port_queue *port_queue(struct port *port, unsigned queue_idx);
unsigned port_queues_n(const struct port *port);
void port_mac(const struct port *port, uint8_t out[PORT_MAC_BYTES]);
uint32_t port_caps(const struct port *port);
uint32_t port_mtu(const struct port *port); /* bytes of an IP packet */
bool port_is_up(const struct port *port);
/*
 * The queue on which a TCP segment from src to dst arrives: an active open
 * takes a port of its own for which that is its own queue. Any thread.
 */
unsigned port_queue_of(const struct port *port, const struct ip *src,
		       uint16_t src_port, const struct ip *dst,
		       uint16_t dst_port);

/* --- one worker's --- */

/*
 * Gives at most frames_n_max (<= PORT_BURST_MAX) received frames, which the
 * caller returns by port_free() within the same turn.
 */
unsigned port_rx(struct port_queue *q, struct frame *frames,
		 unsigned frames_n_max);
void port_free(struct port_queue *q, struct frame *frames, unsigned frames_n);

/*
 * Gives an empty frame to fill (len 0, room set), or false: none left. One that
 * is not sent after all goes back by port_free().
 */
bool port_tx_get(struct port_queue *q, struct frame *out);
/*
 * Takes every frame. What the device has no room for is dropped and counted:
 * the transport above sends again. Frames leave at the latest when this turn
 * ends with port_tx_flush().
 */
void port_tx(struct port_queue *q, struct frame *frames, unsigned frames_n);
void port_tx_flush(struct port_queue *q);

/*
 * Sleeps until a frame may be there, wake_fd is readable (-1: none) or
 * timeout_us has passed. Gives at once where PORT_CAP_RX_SLEEP is missing and
 * the timeout is shorter than what a sleep is good for.
 */
void port_queue_sleep(struct port_queue *q, int wake_fd, uint64_t timeout_us);

/* Any thread. */
void port_stats_get(const struct port *port, unsigned queue_idx,
		    struct port_stats *out);

#endif
