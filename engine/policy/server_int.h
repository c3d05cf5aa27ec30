/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * server_int.h: what the files about policy servers share. An ask belongs to
 * its worker until it is in the thread's inbox, to the thread until it is in
 * the worker's inbox; only is_dropped is written by the one while the other has
 * it. An inbox is a list that many may push to and one empties: it needs no
 * bound of its own, since a session waits for one question at a time.
 */
#ifndef PENSTOCK_POLICY_SERVER_INT_H
#define PENSTOCK_POLICY_SERVER_INT_H

#include "engine/base/wheel.h"
#include "engine/policy/server.h"
#include "engine/policy/server_reply.h"

#include <pthread.h>

/* Connections to one server at once: default_process_limit. */
#define SERVER_CONNS_MAX 100

struct server_endpoint;

struct server_job;

struct server_inbox {
	_Atomic(struct server_job *) head;
};

/* A clock that belongs to a job or to a connection. */
struct server_timer {
	struct wheel_node node;
	void (*fire)(struct servers *s, struct server_timer *timer);
};

/* What travels: an ask with what the thread needs for it. */
struct server_job {
	struct server_ask ask; /* the worker's to read, once it is back */
	_Atomic bool is_dropped;
	unsigned worker_idx;
	uint64_t pause_us;	    /* a pause: no def */
	struct server_job *next_in; /* of an inbox */
	/* the thread's */
	struct server_timer timer;
	struct server_endpoint *endpoint;
	struct server_job *next, *prev;		/* of the endpoint's queue */
	struct server_job *next_all, *prev_all; /* of every job it has */
	unsigned tries_n;
	bool is_queued;
	uint32_t text_len;
	char text[];
};

enum server_state {
	SERVER_CONNECTING,
	SERVER_SENDING,
	SERVER_READING,
	SERVER_IDLE,
	SERVER_DEAD
};

struct server_conn {
	struct server_timer timer;
	struct server_endpoint *endpoint;
	struct server_conn *next, *prev; /* of the endpoint's, or of the dead */
	struct server_job *job;
	uint64_t opened_us;
	int fd;
	uint8_t state; /* enum server_state */
	bool is_used;  /* it has answered before */
	unsigned addr_idx;
	uint32_t sent_n;
	uint32_t requests_n;
	struct server_reply reply;
};

/* One server with its limits; a reload that changes neither keeps it. */
struct server_endpoint {
	struct server_endpoint *next;
	struct server_def *def;
	struct server_conn *conns;
	unsigned conns_n;
	unsigned jobs_n;
	struct server_job *first, *last; /* waiting for a connection */
	uint64_t said_us;		 /* its last complaint */
};

/* A worker's side. */
struct server_side {
	struct lookup_source source;
	struct servers *servers;
	unsigned idx;
	CACHE_ALIGNED struct server_inbox done;
};

struct servers {
	struct server_inbox inbox;
	_Atomic bool is_stop_wanted;
	struct server_side *sides;
	unsigned workers_n;
	int wake_fd, epoll_fd;
	pthread_t thread;
	bool is_started;
	/* the thread's */
	uint64_t now_us;
	struct wheel wheel;
	struct server_endpoint *endpoints;
	struct server_conn *dead; /* until the round's end */
	struct server_job *all;
};

/* Gives what was in it, oldest first. */
struct server_job *server_inbox_take(struct server_inbox *in);
void server_inbox_push(struct server_inbox *in, struct server_job *job);
void server_wake(int fd);
void server_job_free(struct server_job *job);
/* Its reap(), which is a worker's. */
void server_side_init(struct server_side *side);

/* --- the thread's: server_thread.c, server_conn.c --- */

void server_timer_set(struct servers *s, struct server_timer *timer,
		      void (*fire)(struct servers *s,
				   struct server_timer *timer),
		      uint64_t due_us);
/* It no longer waits for a connection. */
void server_job_take(struct servers *s, struct server_job *job);
/* Sends it home. NULL: nobody answered. */
void server_job_done(struct servers *s, struct server_job *job,
		     const struct server_reply *reply);
/* Once more, or home; why is for the log. */
void server_job_failed(struct servers *s, struct server_job *job,
		       const char *why);
/* Puts it before all others that wait: it waited already. */
void server_job_again(struct servers *s, struct server_job *job);

/* Gives waiting jobs to connections, opening some. */
void server_conns_run(struct servers *s, struct server_endpoint *e);
void server_conn_event(struct servers *s, struct server_conn *c,
		       uint32_t events);
void server_conns_close(struct servers *s, struct server_endpoint *e);

#endif
