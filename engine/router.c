/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The router: recovered and deferred mail gets the destinations that the tables
 * of this moment say, and goes to the delivery threads. Its own thread, since
 * tables may be slow; in steady state it sleeps.
 */
#include "engine/base/log.h"
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define WAIT_US 200000u

struct router {
	struct engine *engine;
	pthread_t thread;
	_Atomic bool is_stop_wanted;
	struct envelope found;		/* what policy makes of one recipient */
	char (*texts)[POLICY_TEXT_MAX]; /* destinations of this message */
	struct queue_route *routes;
	uint32_t cap;
};

static bool
reserve(struct router *r, uint32_t n)
{
	void *texts, *routes;

	if (n <= r->cap)
		return true;
	texts = realloc(r->texts, n * sizeof(*r->texts));
	if (texts != NULL)
		r->texts = texts;
	routes = realloc(r->routes, n * sizeof(*r->routes));
	if (routes != NULL)
		r->routes = routes;
	if (texts == NULL || routes == NULL)
		return false;
	r->cap = n;
	return true;
}

static void
keep_text(struct router *r, uint32_t i, const char *text)
{
	size_t len = span_copy(span_of(text), r->texts[i], sizeof(r->texts[i]));

	r->routes[i].dest = (struct span) { r->texts[i], len };
}

/* The recipient itself, whatever aliases would make of it today. */
static bool
find_same(struct router *r, uint32_t i, struct span rcpt)
{
	struct envelope_rcpt now;
	uint32_t pos = 0;

	while (envelope_rcpt_next(&r->found, &pos, &now)) {
		if (!span_is_equal(now.rcpt, rcpt))
			continue;
		r->routes[i] =
			(struct queue_route) { .transport = now.transport,
					       .uid = now.uid,
					       .gid = now.gid };
		span_copy(now.dest, r->texts[i], sizeof(r->texts[i]));
		r->routes[i].dest = span_of(r->texts[i]);
		return true;
	}
	return false;
}

static void
route_one(struct router *r, const struct policy *policy, uint32_t i,
	  const struct envelope_rcpt *was)
{
	struct envelope_head head = { 0 };
	char text[POLICY_TEXT_MAX] = "";
	struct addr addr;
	const char *why;

	/* As accepted, unless the tables say something else. */
	r->routes[i] = (struct queue_route) { .transport = was->transport,
					      .uid = was->uid,
					      .gid = was->gid };
	span_copy(was->dest, r->texts[i], sizeof(r->texts[i]));
	r->routes[i].dest = span_of(r->texts[i]);
	if (addr_parse(was->rcpt, &addr, &why) != ADDR_OK ||
	    envelope_begin(&r->found, &head) != 0)
		return;
	if (policy_route(policy, &addr, was, &r->found, text) == 0) {
		(void)find_same(r, i, was->rcpt);
		return;
	}
	/* No longer deliverable: it waits, and says so, until its lifetime. */
	r->routes[i].transport = ENVELOPE_ERROR;
	text[0] = text[0] ? '4' : '\0';
	keep_text(r, i, text[0] ? text : "4.3.0 recipient cannot be routed");
}

static void
route_message(struct router *r, struct queue_msg **msg)
{
	const struct envelope *env = &(*msg)->env;
	struct envelope_rcpt rcpt;
	struct site *site;
	uint32_t pos = 0, i = 0;

	if (!reserve(r, env->rcpt_n)) {
		queue_due_put(r->engine->queue, msg, NULL);
		return;
	}
	pthread_mutex_lock(&r->engine->lock);
	site = site_get(r->engine->site);
	pthread_mutex_unlock(&r->engine->lock);
	for (; envelope_rcpt_next(env, &pos, &rcpt); i++)
		route_one(r, site->policies[0], i, &rcpt);
	queue_due_put(r->engine->queue, msg, r->routes);
	site_put(&site);
}

static void *
router_main(void *arg)
{
	struct router *r = arg;

	while (!atomic_load(&r->is_stop_wanted)) {
		struct queue_msg *msg =
			queue_due_take(r->engine->queue, WAIT_US);

		if (msg != NULL)
			route_message(r, &msg);
	}
	return NULL;
}

struct router *
router_open(struct engine *e, struct diag *diag)
{
	struct router *r = must_alloc(sizeof(*r));
	int ret;

	r->engine = e;
	ret = pthread_create(&r->thread, NULL, router_main, r);
	if (ret) {
		diag_fail(diag, EX_OSERR, NULL, 0,
			  "cannot start the router thread: %s", strerror(ret));
		free(r);
		return NULL;
	}
	pthread_setname_np(r->thread, "router");
	return r;
}

void
router_close(struct router **r_inout)
{
	struct router *r = *r_inout;

	*r_inout = NULL;
	if (r == NULL)
		return;
	atomic_store(&r->is_stop_wanted, true);
	pthread_join(r->thread, NULL);
	envelope_fini(&r->found);
	free(r->texts);
	free(r->routes);
	free(r);
}
