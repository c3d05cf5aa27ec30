/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_sock.h: what net_sock.c (the worker's epoll set, its turn, new streams)
 * and net_stream.c (one stream's bytes and its end) share. Private to
 * dataplane/; the owning worker's thread only.
 */
#ifndef PENSTOCK_DATAPLANE_NET_SOCK_H
#define PENSTOCK_DATAPLANE_NET_SOCK_H

#include "dataplane/net_listen.h"
#include "engine/base/counter.h"

#define NET_WAKES_MAX 8

enum net_source_kind { NET_LISTENER, NET_WAKE, NET_STREAM };

/* What an epoll event points at. */
struct net_source {
	enum net_source_kind kind;
	int fd;
	unsigned service_idx; /* NET_LISTENER */
};

struct net_stream {
	struct net_source source;
	struct ready_node ready;
	void *owner;			/* NULL: given up, being closed */
	struct net_stream *next, *prev; /* accepted, or closing */
	char *left;    /* received and not used up; NULL: none */
	char *waiting; /* to be sent; NULL: none */
	uint32_t left_at, left_len;
	uint32_t waiting_at, waiting_len, waiting_cap;
	uint64_t close_by_us; /* closing: no later than this */
	uint32_t lingered_bytes;
	bool is_readable; /* a read may give something */
	bool is_ended;	  /* RDHUP or HUP seen: read until 0 */
	bool is_half_shut;
	bool is_lost; /* no memory for what it left */
	uint16_t peer_port;
	struct ip peer;
};

struct net_sock {
	struct net base;
	int epoll_fd;
	bool is_accepting;
	uint64_t rest_until_us; /* no descriptors: 0 when there are */
	uint32_t conns_max, rx_bytes;
	struct net_sock_listeners *listeners;
	unsigned worker_idx;
	char *rx;		     /* everybody's read buffer */
	struct net_stream *rx_owner; /* whose bytes are in it */
	struct net_stream accepted;  /* list head, newest last */
	struct net_stream closing;   /* list head, first to expire first */
	struct net_stream *free_streams;
	struct net_source *listener_sources;
	struct net_source wakes[NET_WAKES_MAX];
	unsigned wakes_n, listener_sources_n;
	struct {
		counter_t accepted, refused, open, rx_bytes, tx_bytes, rx, tx;
		counter_t closed;
	} count;
};

static inline void
net_list_init(struct net_stream *head)
{
	head->next = head->prev = head;
}

static inline void
net_list_add(struct net_stream *head, struct net_stream *s)
{
	s->prev = head->prev;
	s->next = head;
	head->prev->next = s;
	head->prev = s;
}

static inline void
net_list_remove(struct net_stream *s)
{
	s->prev->next = s->next;
	s->next->prev = s->prev;
	s->next = s->prev = NULL;
}

static inline struct net_sock *
net_sock_of(const struct net *base)
{
	return CONTAINER_OF(base, struct net_sock, base);
}

/* --- net_stream.c --- */

/* Closes the socket at once; the memory serves the next stream. */
void net_stream_free(struct net_sock *net, struct net_stream *s);
/* Sends what waits. false: the peer is gone. */
bool net_stream_flush(struct net_sock *net, struct net_stream *s);
/* A stream given up goes on closing; may free it. */
void net_stream_close_step(struct net_sock *net, struct net_stream *s);

/* net.h's, of one stream */
enum net_rx net_stream_rx(struct net *base, struct net_stream *s,
			  struct span *out);
void net_stream_rx_done(struct net *base, struct net_stream *s,
			size_t used_bytes);
MUST_USE bool net_stream_tx(struct net *base, struct net_stream *s,
			    struct span bytes);
void net_stream_shut(struct net *base, struct net_stream *s);
void net_stream_abort(struct net *base, struct net_stream *s);

#endif
