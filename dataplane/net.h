/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net.h: byte streams for one worker, over kernel sockets (net_sock.c) or over
 * our own TCP (net_tcp.c). Every call: the owning worker's thread only. Only
 * net_poll_in() may sleep, at most until the time given, and only when told so.
 *
 * A stream becomes ready when bytes arrive, when room to send comes back, or
 * when it ends; the worker then runs its owner, which reads with net_rx() and
 * writes with net_tx().
 */
#ifndef PENSTOCK_DATAPLANE_NET_H
#define PENSTOCK_DATAPLANE_NET_H

#include "engine/base/diag.h"
#include "engine/base/ip.h"
#include "engine/base/must.h"
#include "engine/base/ready.h"
#include "engine/base/span.h"

struct dataplane_cfg;
struct net;
struct net_stream;
struct look;

/* One address to listen on, bound and listening before privileges are dropped.
 */
struct net_listen {
	const char *host; /* "" or NULL: all addresses, v4 and v6 */
	const char *port; /* number or service name */
	const char *file; /* where it is said: for messages */
	unsigned line;
	unsigned service_idx; /* handed back with each new stream */
};

struct net_cfg {
	uint32_t workers_n; /* set by the engine */
	uint32_t backlog;
	uint32_t conns_max; /* per worker; over it: refused by closing */
	uint32_t rx_bytes;  /* read at once */
	const char *inet_protocols; /* "all", "ipv4", "ipv6" */
	/* set by the engine; NULL: kernel sockets */
	const struct dataplane_cfg *dataplane;
	bool is_polled; /* penstock_idle = poll */
};

struct net_listeners; /* every worker's sockets of every service */

/* Binds everything, or says what is in the way (EX_UNAVAILABLE, EX_NOPERM). */
struct net_listeners *net_listeners_open(const struct net_cfg *cfg,
					 const struct net_listen *listens,
					 unsigned listens_n, struct diag *diag);
void net_listeners_close(struct net_listeners **listeners);

/* Borrows *listeners until net_close(). NULL: *diag says why. */
struct net *net_open(const struct net_cfg *cfg, struct net_listeners *listeners,
		     unsigned worker_idx, struct diag *diag);
void net_close(struct net **net);
/* Readable fd that ends a sleep in net_poll_in(): the queue's, and so on. */
MUST_USE int net_wake_add(struct net *net, int fd);

/*
 * Takes in what the wire has, puts streams that became ready on *ready, and
 * hands new ones to net_accepted(). Sleeps until sleep_until_us (0: not at
 * all). Gives the number of events.
 */
unsigned net_poll_in(struct net *net, struct ready *ready,
		     uint64_t sleep_until_us);
/* Sends what waits. Gives the number of streams written. */
unsigned net_poll_out(struct net *net);
/* No new streams from now on: shutdown. */
void net_stop_accepting(struct net *net);

/* The next new stream, or NULL. owner: what its ready node belongs to. */
struct net_stream *net_accept(struct net *net);
struct ready_node *net_ready_node(const struct net *net, struct net_stream *s);
struct net_stream *net_of_ready(const struct net *net, struct ready_node *n);
void net_owner_set(const struct net *net, struct net_stream *s, void *owner);
void *net_owner(const struct net *net, const struct net_stream *s);
unsigned net_service_idx(const struct net *net, const struct net_stream *s);
void net_peer(const struct net *net, const struct net_stream *s, struct ip *out,
	      uint16_t *port_out);
/* Our own end. 0 or -errno. */
MUST_USE int net_local(const struct net *net, const struct net_stream *s,
		       struct ip *out, uint16_t *port_out);

enum net_rx {
	NET_RX_BYTES, /* *out has at least one byte */
	NET_RX_EMPTY, /* nothing now: the stream becomes ready again */
	NET_RX_END,   /* the peer closed its side in order */
	NET_RX_LOST,  /* reset, timed out, ... */
};
/*
 * The bytes that wait, in order; they stay valid until net_rx_done() or the
 * next stream's net_rx(). net_rx_done() says how many of them were used up:
 * the rest comes first the next time. A stream whose bytes are not taken stops
 * reading, and its peer is slowed down by the window.
 */
enum net_rx net_rx(struct net *net, struct net_stream *s, struct span *out);
void net_rx_done(struct net *net, struct net_stream *s, size_t used_bytes);

/*
 * Copies bytes to be sent, all or none: false when more than tx_bytes_max would
 * wait: go on when the stream is ready again.
 */
#define NET_TX_BYTES_MAX (64u * 1024)
MUST_USE bool net_tx(struct net *net, struct net_stream *s, struct span bytes);
size_t net_tx_waiting_bytes(const struct net *net, const struct net_stream *s);
/*
 * Whether NET_TX_TURN_BYTES would be taken now: the peer takes what it is sent,
 * and there is memory. false: the stream becomes ready when it is worth asking
 * again. So its owner asks before he reads what has to be answered.
 */
#define NET_TX_TURN_BYTES (32u * 1024)
bool net_tx_has_room(struct net *net, struct net_stream *s);

/* Sends what waits, then closes. Gives the stream up. */
void net_shut(struct net *net, struct net_stream **s);
/* Resets at once. Gives the stream up. */
void net_abort(struct net *net, struct net_stream **s);

/* counters of one worker, read by any thread */
struct net_stats {
	uint64_t accepted_n, refused_n, open_n, rx_bytes, tx_bytes, rx_n, tx_n;
};
void net_stats_get(const struct net *net, struct net_stats *out);
/* What look.h tells more of; any thread. NULL: kernel sockets. */
struct look *net_look(struct net *net);

#endif
