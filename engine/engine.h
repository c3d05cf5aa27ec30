/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h: everything that runs, put together and taken apart in one order:
 * listeners, privileges, queue, delivery, router, workers; backwards at the
 * end. The main thread opens and closes; engine_reload() may come from the
 * control thread too.
 */
#ifndef PENSTOCK_ENGINE_ENGINE_H
#define PENSTOCK_ENGINE_ENGINE_H

#include "deliver/deliver.h"
#include "engine/site.h"
#include "engine/worker.h"

struct router;
struct dns;
struct servers;
struct control;
struct net_capture;

struct engine {
	const char *dir;
	struct site *site; /* guarded by lock */
	pthread_mutex_t lock;
	pthread_mutex_t reload_lock; /* held from reading to swapping */
	struct net_listeners *listeners;
	struct queue *queue;
	struct tls *tls;
	struct sasl *sasl;
	struct limits *limits;
	struct servers *servers; /* policy servers */
	struct dns *dns;
	struct deliver *deliver;
	struct router *router;
	struct control *control;
	struct net_capture *capture; /* the control thread's */
	unsigned workers_n;
	struct chunk_pool **pools; /* one per worker; outlive the queue */
	struct worker **workers;
	uint64_t start_us; /* wall clock */
	uint64_t reloads_n;
	int stop_fd; /* an eventfd: the main thread waits for it */
};

/* Starts all of it. NULL: see *diag; nothing is left running. */
struct engine *engine_open(const char *dir, struct diag *diag);
/*
 * 421 to who is idle, a bounded wait for who is in DATA, the queue flushed,
 * deliveries in hand finished. Takes *e.
 */
void engine_close(struct engine **e);
/*
 * Swaps a whole new configuration in, or changes nothing and says why: in *diag
 * and in the log.
 */
MUST_USE int engine_reload(struct engine *e, struct diag *diag);
/* Asks the main thread to stop. Any thread. */
void engine_stop(struct engine *e);

/* `penstock status`: status.c */
void engine_status(struct engine *e, bool is_json, FILE *out);
/* status_dataplane.c: the part that is there with a dataplane of our own. */
struct printer;
void engine_status_dataplane(struct engine *e, struct printer *p);
/* status_tls.c */
void engine_status_tls(struct engine *e, struct printer *p);
/* status_dns.c */
void engine_status_dns(struct engine *e, struct printer *p);

/* router.c: the thread that routes mail whose time has come anew. */
struct router *router_open(struct engine *e, struct diag *diag);
void router_close(struct router **r);

/*
 * control.c: the control socket, and its thread. Who asks before it is started
 * waits for that. 0 or -errno.
 */
struct control *control_open(struct engine *e, const char *path,
			     struct diag *diag);
MUST_USE int control_start(struct control *c);
void control_close(struct control **c);

/* privs.c: raises limits; as root, becomes penstock_user. */
MUST_USE int privs_drop(const struct site *site, struct diag *diag);

#endif
