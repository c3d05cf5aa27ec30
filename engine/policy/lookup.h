/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup.h: what a worker's sessions have asked the outside (DNS, a policy
 * server) and wait for. A worker never waits: policy_ask() is run from its top
 * again once every answer that its session waits for has come, and finds those
 * answers pinned to the session, whatever their TTL; so it gets further each
 * time, and nothing is asked twice.
 *
 * One struct lookups per worker, its thread only. A source of answers (the
 * worker's side of DNS, of the policy servers) plugs in with lookups_add(); a
 * kind of lookup is a struct with a struct lookup as its first member. Nothing
 * here blocks. Memory is taken for what has to be waited for only: an answer
 * that is in a cache needs no struct lookup.
 */
#ifndef PENSTOCK_POLICY_LOOKUP_H
#define PENSTOCK_POLICY_LOOKUP_H

#include "engine/base/must.h"

struct lookup;
struct lookup_pins;
struct lookups;

enum lookup_from { LOOKUP_SERVERS, LOOKUP_DNS, LOOKUP_FROM_N };

/* Where answers come from: embedded in the source's own struct. */
struct lookup_source {
	/* Takes what has come in: lookup_done() for each. */
	void (*reap)(struct lookup_source *source, struct lookups *all);
	uint32_t busy_n; /* the source's own: 0: reap() has nothing to do */
	int wake_fd;	 /* ends the worker's sleep; -1: none */
};

/* One kind of lookup; static const. */
struct lookup_kind {
	const char *name;
	/*
	 * Its session needs it no more: frees it and gives its answer back;
	 * when it is not done yet, at once or when the answer comes.
	 */
	void (*drop)(struct lookup *l);
};

/* A question that had to be waited for, and its answer. */
struct lookup {
	const struct lookup_kind *kind;
	struct lookup *next;	  /* of pins->first */
	struct lookup_pins *pins; /* NULL: its session is gone */
	bool is_done;
};

/* What one session waits for, and what it got; all zero: nothing. */
struct lookup_pins {
	struct lookup *first;
	struct lookup_pins *next_ready, *prev_ready;
	void *owner; /* what lookups_reap() gives */
	uint32_t waiting_n;
	uint32_t pass_n; /* of policy_ask() over what is pinned */
	bool is_ready;
};

struct lookups *lookups_open(void);
/* No session has pins any more. Takes *l; NULL is fine. */
void lookups_close(struct lookups **l);

/* Keeps source until lookups_close(). */
void lookups_add(struct lookups *l, enum lookup_from from,
		 struct lookup_source *source);
/* NULL: there is none. */
struct lookup_source *lookups_source(const struct lookups *l,
				     enum lookup_from from);

/* Every source's reap(), where it is busy. Cheap when none is. */
void lookups_reap(struct lookups *l);
/*
 * The owner of the next session whose last answer has come: ask policy again.
 * NULL: none. A session that dies is none of them: lookup_pins_drop().
 */
void *lookups_next(struct lookups *l);

/*
 * Pins a question, already on its way. Fills *l but for what is the kind's own.
 */
void lookup_wait(struct lookup *l, const struct lookup_kind *kind,
		 struct lookup_pins *pins);
/* By its source: the answer is there. *l is still its session's. */
void lookup_done(struct lookups *all, struct lookup *l);
/*
 * The evaluation is over, or its session is: lets go of every answer, and of
 * what has not been answered.
 */
void lookup_pins_drop(struct lookups *all, struct lookup_pins *pins);

#endif
