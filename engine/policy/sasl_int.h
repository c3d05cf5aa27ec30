/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_int.h: what the files of the SASL client share. Private to
 * engine/policy/sasl*.c and their tests.
 */
#ifndef PENSTOCK_POLICY_SASL_INT_H
#define PENSTOCK_POLICY_SASL_INT_H

#include "engine/base/ring.h"
#include "engine/policy/sasl.h"
#include "engine/policy/sasl_said.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define SASL_RING_MAX	 1024u	    /* exchanges of a worker under way */
#define SASL_SLOTS_MAX	 16384u	    /* exchanges that a server remembers */
#define SASL_OUT_MAX	 (1u << 20) /* bytes that a server has not read */
#define SASL_PAUSE_US	 1000000u   /* between tries, when nobody asks */
#define SASL_MECHS_MAX	 32	    /* of one server */
#define SASL_LISTS_MAX	 64	    /* different lists of one server */
#define SASL_ADDRESS_MAX 256

static_assert((SASL_SLOTS_MAX & (SASL_SLOTS_MAX - 1)) == 0, "ids wrap");

/* One list of mechanisms; immutable once it is its server's. */
struct sasl_mechs {
	struct sasl_mechs *older; /* kept until the end: somebody may read */
	unsigned n;
	struct {
		char name[SASL_MECH_BYTES_MAX];
		uint32_t flags;
	} all[SASL_MECHS_MAX];
};

/* Adds one; what does not fit is left out. */
void sasl_mechs_add(struct sasl_mechs *m, struct span name, uint32_t flags);
bool sasl_mechs_is_equal(const struct sasl_mechs *a,
			 const struct sasl_mechs *b);
/* The same as sasl_server_offer() and _offers(); m may be NULL. */
void sasl_mechs_offer(const struct sasl_mechs *m, const struct sasl_cfg *cfg,
		      bool is_tls, char out[SASL_MECHS_TEXT_MAX]);
bool sasl_mechs_offers(const struct sasl_mechs *m, const struct sasl_cfg *cfg,
		       bool is_tls, struct span mech);

enum sasl_step {
	SASL_STEP_WAIT,
	SASL_STEP_FIRST,
	SASL_STEP_NEXT,
	SASL_STEP_END
};

struct sasl_auth {
	struct sasl *sasl;
	struct sasl_server *server;
	void *owner; /* the worker's; NULL: it wants no answer */
	uint16_t worker_idx;
	bool is_away;		  /* the worker's */
	bool has_begun;		  /* the server knows it, or did */
	_Atomic bool is_given_up; /* said by the worker while it is away */
	struct sasl_auth *next;	  /* worker: of those without room */

	/* whoever has it */
	uint8_t step;	 /* enum sasl_step */
	uint8_t outcome; /* enum sasl_outcome */
	bool is_again;	 /* asked of a second connection */
	uint32_t id, epoch;
	uint64_t due_us;
	struct sasl_auth *later, *sooner; /* thread: in a server's list */
	char *line; /* what the server gets: "AUTH\t%u..." behind the id */
	size_t line_len;
	char mech[SASL_MECH_BYTES_MAX];
	char user[SASL_USER_BYTES_MAX];
	char *text; /* NULL: "" */
};

struct sasl_list {
	struct sasl_auth *first, *last;
};

static inline void
sasl_list_add(struct sasl_list *l, struct sasl_auth *a)
{
	a->later = NULL;
	a->sooner = l->last;
	if (l->last != NULL)
		l->last->later = a;
	else
		l->first = a;
	l->last = a;
}

static inline void
sasl_list_remove(struct sasl_list *l, struct sasl_auth *a)
{
	if (a->sooner != NULL)
		a->sooner->later = a->later;
	else
		l->first = a->later;
	if (a->later != NULL)
		a->later->sooner = a->sooner;
	else
		l->last = a->sooner;
}

enum sasl_state { SASL_DOWN, SASL_CONNECTING, SASL_HANDSHAKE, SASL_READY };

/* One place in a server's memory of exchanges. */
struct sasl_slot {
	uint32_t id;
	bool is_used;
	struct sasl_auth *auth; /* NULL: it is at home */
};

struct sasl_server {
	/* set once, before is_there */
	char address[SASL_ADDRESS_MAX];
	unsigned idx;
	_Atomic bool is_there;
	/* sasl_want()'s thread's, under lock */
	struct sockaddr_storage sockaddr;
	socklen_t sockaddr_len;
	/* any thread */
	_Atomic bool is_wanted, is_known;
	_Atomic(struct sasl_mechs *) mechs;
	/* the SASL thread's */
	enum sasl_state state;
	int fd;
	uint64_t due_us;   /* of the handshake; DOWN: of the next try */
	uint64_t heard_us; /* the last time it said anything */
	uint32_t epoch, last_id, lists_n;
	bool is_said_down;
	struct sasl_mechs *fresh; /* of the handshake under way */
	struct sasl_list waiting; /* for the handshake */
	struct sasl_list asked;	  /* for an answer, in order */
	struct sasl_slot *slots;
	char *in, *out;
	size_t in_len, out_at, out_len;
};

/* A worker's side. */
struct sasl_side {
	CACHE_ALIGNED struct ring to_thread;
	struct ring to_worker;
	CACHE_ALIGNED int wake_fd; /* ends the worker's sleep */
	uint32_t away_n;	   /* the worker's: in rings or at the thread */
	uint32_t busy_n;	   /* ... and waiting for room */
	struct sasl_list no_room;
};

struct sasl {
	unsigned workers_n;
	struct sasl_side *sides;
	struct sasl_server servers[SASL_SERVERS_MAX];
	pthread_mutex_t lock; /* of addresses: sasl_want() and connecting */
	pthread_t thread;
	bool is_started;
	int wake_fd;
	_Atomic bool is_stop_wanted;
};

/* --- the thread: sasl_thread.c --- */
MUST_USE int sasl_thread_start(struct sasl *s);
void sasl_thread_stop(struct sasl *s);
/* Any thread. */
void sasl_thread_wake(struct sasl *s);
/* The thread's: home with the answer. */
void sasl_thread_home(struct sasl *s, struct sasl_auth *a);

/* --- a server: sasl_server.c; the SASL thread's --- */
void sasl_server_ask(struct sasl *s, struct sasl_server *server,
		     struct sasl_auth *a, uint64_t now_us);
/* Connects when it is wanted, gives up what took too long. */
void sasl_server_tick(struct sasl *s, struct sasl_server *server,
		      uint64_t now_us);
/* When sasl_server_tick() has something to do; UINT64_MAX: never. */
uint64_t sasl_server_due_us(const struct sasl_server *server);
/* What poll() should look at, and what it has found. */
short sasl_server_events(const struct sasl_server *server);
void sasl_server_ready(struct sasl *s, struct sasl_server *server, short events,
		       uint64_t now_us);
/* Everybody gets SASL_TEMP; nothing stays open. */
void sasl_server_fini(struct sasl *s, struct sasl_server *server);

void sasl_auth_free(struct sasl_auth *a);
/* Replaces a->text; without memory it is empty. */
void sasl_auth_say(struct sasl_auth *a, enum sasl_outcome outcome,
		   const char *text);

#endif
