/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp.h: one worker's TCP (RFC 9293, 7323, 2018, 2883, 5681, 6582, 6675, 6298,
 * 8985 tail-loss probes, 5961, 5927, 4987, 6191, 1337): connections, listeners,
 * timers. The owning worker's thread only; no system call, no lock; time is
 * handed in; memory comes from pools sized at tcp_open(). Every frame of a
 * burst stays valid until tcp_burst_end(): what the owner has not taken of it
 * by then is copied.
 *
 * Left out on purpose: fast open (RFC 7413), urgent data (RFC 6093: the pointer
 * is ignored, the bytes are in line), MD5 and AO (RFC 2385, 5925), Nagle's
 * algorithm (a turn's writes leave together anyway), text in SYNs.
 *
 * One turn: host_input() → tcp_input() → owners read and write →
 * tcp_burst_end() → host_tx_flush().
 */
#ifndef PENSTOCK_DATAPLANE_TCP_H
#define PENSTOCK_DATAPLANE_TCP_H

#include "dataplane/host.h"
#include "dataplane/net.h"

struct tcp;
struct tcp_conn;

struct tcp_cfg {
	uint32_t conns_max;
	uint32_t syn_cache_max;	   /* half-open; over it: cookies */
	uint32_t accepts_max;	   /* established, not accepted yet */
	uint32_t time_wait_max;	   /* over it: the oldest goes */
	uint32_t rx_bytes_max;	   /* receive window of one connection */
	uint32_t tx_bytes_max;	   /* waiting and unacknowledged, of one */
	uint64_t memory_bytes_max; /* of all buffers */
	uint64_t time_wait_us, delayed_ack_us, keepalive_us; /* 0: none */
	uint16_t mss_min;
	bool is_cookie_only; /* tests */
	bool has_sack, has_timestamps, has_scaling, has_ecn;
	uint8_t secret[32]; /* ISN (RFC 6528), cookies, hash: random at start */
};
extern const struct tcp_cfg tcp_cfg_default;

struct tcp *tcp_open(const struct tcp_cfg *cfg, struct host *h,
		     uint64_t now_us);
void tcp_close(struct tcp **tcp);

/* addr all zero: every address of the host. 0, -EADDRINUSE, -ENOSPC. */
MUST_USE int tcp_listen(struct tcp *tcp, const struct ip *addr, uint16_t port,
			unsigned service_idx);
void tcp_stop_listening(struct tcp *tcp);
/* Active open from an own port whose replies land on this queue. NULL: no
 * route, no port, no memory. Ready when it stands or has failed. */
struct tcp_conn *tcp_connect(struct tcp *tcp, const struct ip *dst,
			     uint16_t port, uint64_t now_us);

/* A burst of segments; connections that became ready go on *ready. */
void tcp_input(struct tcp *tcp, const struct host_seg *segs, unsigned segs_n,
	       struct ready *ready, uint64_t now_us);
void tcp_unreachable(struct tcp *tcp, const struct host_unreachable *u,
		     struct ready *ready, uint64_t now_us);
/* Retransmissions, probes, TIME_WAIT, ...; what is due by now_us. */
void tcp_timers(struct tcp *tcp, struct ready *ready, uint64_t now_us);
uint64_t tcp_next_us(const struct tcp *tcp);
/* ACKs and data that are due; keeps what was not read of the burst. */
void tcp_burst_end(struct tcp *tcp, uint64_t now_us);

/* --- one connection: the meanings are net.h's --- */

/*
 * The next that a peer has opened, or NULL. The caller sets an owner, who at
 * once reads what has come already: *ready tells only of what comes later.
 */
struct tcp_conn *tcp_accept(struct tcp *tcp);
struct ready_node *tcp_ready_node(struct tcp_conn *c);
struct tcp_conn *tcp_of_ready(struct ready_node *n);
void tcp_owner_set(struct tcp_conn *c, void *owner);
void *tcp_owner(const struct tcp_conn *c);
unsigned tcp_service_idx(const struct tcp_conn *c);
void tcp_peer(const struct tcp_conn *c, struct ip *ip_out, uint16_t *port_out);
void tcp_local(const struct tcp_conn *c, struct ip *ip_out, uint16_t *port_out);
bool tcp_is_established(const struct tcp_conn *c);

enum net_rx tcp_rx(struct tcp *tcp, struct tcp_conn *c, struct span *out);
void tcp_rx_done(struct tcp *tcp, struct tcp_conn *c, size_t used_bytes);
/* Copies all or none. */
MUST_USE bool tcp_tx(struct tcp *tcp, struct tcp_conn *c, struct span bytes);
/*
 * Bytes over the half of tx_bytes_max, which is this stack's own to buffer: 0
 * while the peer takes what it is sent. The connection becomes ready when it
 * falls to 0 again.
 */
size_t tcp_tx_waiting_bytes(const struct tcp *tcp, const struct tcp_conn *c);
/*
 * Whether the peer takes what it is sent and there are buffers for a turn's
 * replies, and more: some are kept for what has to be said by who cannot wait.
 * false: the connection becomes ready when it is worth asking again.
 */
bool tcp_tx_has_room(struct tcp *tcp, struct tcp_conn *c);
/* FIN behind what waits; the peer may go on sending (half close). */
void tcp_shut_tx(struct tcp *tcp, struct tcp_conn *c);
/*
 * As tcp_shut_tx(), and nobody will read any more: gives the connection up. Its
 * ready node must be on no list. What comes from now on is thrown away, and
 * answered by RST once the peer has acknowledged all it was sent (RFC 1122
 * section 4.2.2.13, but no reset destroys the last reply).
 */
void tcp_shut(struct tcp *tcp, struct tcp_conn **c);
/* RST. Gives the connection up; its ready node must be on no list. */
void tcp_abort(struct tcp *tcp, struct tcp_conn **c);

/* counters; tcp_counts.def has the rows (retransmissions, out of order, ...) */
enum tcp_count {
#define TCP_COUNT(symbol, name, text) TCP_COUNT_##symbol,
#include "dataplane/tcp_counts.def"
#undef TCP_COUNT
	TCP_COUNT_N
};
uint64_t tcp_count_get(const struct tcp *tcp, enum tcp_count which);
/* Open connections by state, in the order of RFC 9293's figure 5. */
#define TCP_STATES_N 11
void tcp_states_get(const struct tcp *tcp, uint64_t out[TCP_STATES_N]);
/* Buffers of memory_bytes_max: in all, and free. */
void tcp_bufs_get(const struct tcp *tcp, uint64_t *all_out, uint64_t *free_out);

/* Every invariant, by must(): for tests and fuzzing; slow. */
void tcp_check(const struct tcp *tcp);

#endif
