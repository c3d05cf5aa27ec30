/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that talks to policy servers: its loop, the clock of everything
 * that waits, which server a question goes to, and how often it is tried.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/policy/server_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#define EVENTS_MAX   64
#define FORGET_US    (60 * US_PER_SEC) /* a server that nobody asks */
#define SAY_EVERY_US US_PER_SEC

void
server_timer_set(struct servers *s, struct server_timer *timer,
		 void (*fire)(struct servers *s, struct server_timer *timer),
		 uint64_t due_us)
{
	timer->fire = fire;
	wheel_set(&s->wheel, &timer->node, due_us);
}

/* --- jobs --- */

static void
enqueue(struct server_endpoint *e, struct server_job *job, bool is_first)
{
	job->is_queued = true;
	if (is_first) {
		job->prev = NULL;
		job->next = e->first;
		*(e->first != NULL ? &e->first->prev : &e->last) = job;
		e->first = job;
	} else {
		job->next = NULL;
		job->prev = e->last;
		*(e->last != NULL ? &e->last->next : &e->first) = job;
		e->last = job;
	}
}

static void
dequeue(struct server_job *job)
{
	struct server_endpoint *e = job->endpoint;

	if (!job->is_queued)
		return;
	job->is_queued = false;
	*(job->prev != NULL ? &job->prev->next : &e->first) = job->next;
	*(job->next != NULL ? &job->next->prev : &e->last) = job->prev;
}

void
server_job_take(struct servers *s, struct server_job *job)
{
	wheel_clear(&s->wheel, &job->timer.node);
	dequeue(job);
}

void
server_job_done(struct servers *s, struct server_job *job,
		const struct server_reply *reply)
{
	struct server_side *side = &s->sides[job->worker_idx];

	server_job_take(s, job);
	*(job->prev_all != NULL ? &job->prev_all->next_all : &s->all) =
		job->next_all;
	if (job->next_all != NULL)
		job->next_all->prev_all = job->prev_all;
	if (job->endpoint != NULL)
		job->endpoint->jobs_n--;
	if (reply != NULL) {
		job->ask.is_ok = true;
		job->ask.answer_len = reply->len;
		memcpy(job->ask.answer, reply->text, reply->len + 1u);
	}
	server_inbox_push(&side->done, job);
	server_wake(side->source.wake_fd);
}

/* No more than a line a second: a server that is down is asked often. */
static void
complain(struct servers *s, struct server_endpoint *e, const char *why)
{
	if (e->said_us != 0 && s->now_us - e->said_us < SAY_EVERY_US)
		return;
	e->said_us = s->now_us;
	log_say(LOG_LEVEL_WARNING, "smtpd",
		"problem talking to server %.200s: %s", e->def->name, why);
}

static void
fire_retry(struct servers *s, struct server_timer *timer)
{
	struct server_job *job = CONTAINER_OF(timer, struct server_job, timer);

	server_job_again(s, job);
	server_conns_run(s, job->endpoint);
}

void
server_job_failed(struct servers *s, struct server_job *job, const char *why)
{
	const struct server_def *def = job->ask.def;

	complain(s, job->endpoint, why);
	if (++job->tries_n >= def->try_limit ||
	    atomic_load_explicit(&job->is_dropped, memory_order_relaxed))
		server_job_done(s, job, NULL);
	else
		server_timer_set(s, &job->timer, fire_retry,
				 s->now_us + def->retry_delay_us);
}

/* No connection was free for too long. */
static void
fire_queued(struct servers *s, struct server_timer *timer)
{
	struct server_job *job = CONTAINER_OF(timer, struct server_job, timer);

	complain(s, job->endpoint, "all connections to it are busy");
	server_job_done(s, job, NULL);
}

static void
wait_for_conn(struct servers *s, struct server_job *job, bool is_first)
{
	enqueue(job->endpoint, job, is_first);
	server_timer_set(s, &job->timer, fire_queued,
			 s->now_us + job->ask.def->timeout_us);
}

void
server_job_again(struct servers *s, struct server_job *job)
{
	wait_for_conn(s, job, true);
}

static void
fire_pause(struct servers *s, struct server_timer *timer)
{
	server_job_done(s, CONTAINER_OF(timer, struct server_job, timer), NULL);
}

/* --- servers --- */

static bool
is_same(const struct server_def *a, const struct server_def *b)
{
	if (strcmp(a->name, b->name) != 0 || a->addrs_n != b->addrs_n ||
	    a->timeout_us != b->timeout_us ||
	    a->max_idle_us != b->max_idle_us ||
	    a->max_ttl_us != b->max_ttl_us ||
	    a->request_limit != b->request_limit)
		return false;
	for (unsigned i = 0; i < a->addrs_n; i++)
		if (a->addrs[i].len != b->addrs[i].len ||
		    memcmp(&a->addrs[i].sa, &b->addrs[i].sa, a->addrs[i].len) !=
			    0)
			return false;
	return true;
}

static struct server_endpoint *
endpoint_for(struct servers *s, struct server_def *def)
{
	struct server_endpoint *e = s->endpoints;

	while (e != NULL && e->def != def && !is_same(e->def, def))
		e = e->next;
	if (e != NULL)
		return e;
	e = must_alloc(sizeof(*e));
	e->def = server_def_get(def);
	e->next = s->endpoints;
	s->endpoints = e;
	return e;
}

static void
endpoint_free(struct servers *s, struct server_endpoint *e)
{
	server_conns_close(s, e);
	server_def_put(&e->def);
	free(e);
}

/* Those of a configuration that is gone, once all their questions are. */
static void
forget(struct servers *s)
{
	struct server_endpoint **at = &s->endpoints, *e;

	while ((e = *at) != NULL) {
		if (e->jobs_n > 0 || e->conns_n > 0 ||
		    atomic_load(&e->def->refs) > 1) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		endpoint_free(s, e);
	}
}

/* --- the loop --- */

static void
take(struct servers *s, struct server_job *job)
{
	job->prev_all = NULL;
	job->next_all = s->all;
	if (s->all != NULL)
		s->all->prev_all = job;
	s->all = job;
	if (job->ask.def == NULL) {
		server_timer_set(s, &job->timer, fire_pause,
				 s->now_us + job->pause_us);
		return;
	}
	job->endpoint = endpoint_for(s, job->ask.def);
	job->endpoint->jobs_n++;
	wait_for_conn(s, job, false);
	server_conns_run(s, job->endpoint);
}

static void
take_all(struct servers *s)
{
	struct server_job *job = server_inbox_take(&s->inbox), *next;

	for (; job != NULL; job = next) {
		next = job->next_in;
		take(s, job);
	}
}

static void
fire_all(struct servers *s)
{
	struct wheel_node *n;

	wheel_advance(&s->wheel, s->now_us);
	while ((n = wheel_take(&s->wheel)) != NULL) {
		struct server_timer *timer =
			CONTAINER_OF(n, struct server_timer, node);

		timer->fire(s, timer);
	}
}

static int
sleep_ms(const struct servers *s)
{
	uint64_t until = wheel_next_us(&s->wheel), now = clock_now_us();

	if (until <= now)
		return 0;
	if (until - now > FORGET_US)
		return (int)(FORGET_US / 1000);
	return (int)((until - now + 999) / 1000);
}

static void
round_of_events(struct servers *s)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, sleep_ms(s));
	uint64_t woken;

	must(n >= 0 || errno == EINTR);
	s->now_us = clock_now_us();
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr != NULL)
			server_conn_event(s, events[i].data.ptr,
					  events[i].events);
		else if (read(s->wake_fd, &woken, sizeof(woken)) < 0)
			must(errno == EAGAIN || errno == EINTR);
	}
	take_all(s);
	fire_all(s);
	while (s->dead != NULL) {
		struct server_conn *c = s->dead;

		s->dead = c->next;
		free(c);
	}
	forget(s);
}

static void *
thread_main(void *arg)
{
	struct servers *s = arg;

	while (!atomic_load_explicit(&s->is_stop_wanted, memory_order_acquire))
		round_of_events(s);
	return NULL;
}

/* --- start and end --- */

static int
open_sides(struct servers *s, unsigned workers_n)
{
	size_t bytes = workers_n * sizeof(*s->sides);

	s->sides = aligned_alloc(CACHE_LINE, bytes);
	must(s->sides != NULL);
	memset(s->sides, 0, bytes);
	for (; s->workers_n < workers_n; s->workers_n++) {
		struct server_side *side = &s->sides[s->workers_n];

		side->servers = s;
		side->idx = s->workers_n;
		server_side_init(side);
		side->source.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (side->source.wake_fd < 0)
			return -errno;
	}
	return 0;
}

static int
start(struct servers *s, unsigned workers_n)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ret = open_sides(s, workers_n);

	if (ret)
		return ret;
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->wake_fd < 0 || s->epoll_fd < 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &event) != 0)
		return -errno;
	ret = pthread_create(&s->thread, NULL, thread_main, s);
	s->is_started = ret == 0;
	if (s->is_started)
		pthread_setname_np(s->thread, "policy");
	return -ret;
}

struct servers *
servers_open(unsigned workers_n, struct diag *diag)
{
	struct servers *s = must_alloc(sizeof(*s));
	int ret;

	s->wake_fd = s->epoll_fd = -1;
	s->now_us = clock_now_us();
	wheel_init(&s->wheel, s->now_us);
	ret = start(s, workers_n);
	if (ret == 0)
		return s;
	diag_fail(diag, EX_OSERR, NULL, 0,
		  "cannot start the policy servers' thread: %s",
		  strerror(-ret));
	servers_close(&s);
	return NULL;
}

static void
free_inbox(struct server_inbox *in)
{
	struct server_job *job = server_inbox_take(in), *next;

	for (; job != NULL; job = next) {
		next = job->next_in;
		server_job_free(job);
	}
}

/* Clocks are linked with each other: connections go while jobs are there. */
static void
free_rest(struct servers *s)
{
	while (s->endpoints != NULL) {
		struct server_endpoint *e = s->endpoints;

		s->endpoints = e->next;
		endpoint_free(s, e);
	}
	while (s->dead != NULL) {
		struct server_conn *c = s->dead;

		s->dead = c->next;
		free(c);
	}
	while (s->all != NULL) {
		struct server_job *job = s->all;

		s->all = job->next_all;
		server_job_free(job);
	}
}

void
servers_close(struct servers **s_inout)
{
	struct servers *s = *s_inout;

	*s_inout = NULL;
	if (s == NULL)
		return;
	if (s->is_started) {
		atomic_store_explicit(&s->is_stop_wanted, true,
				      memory_order_release);
		server_wake(s->wake_fd);
		pthread_join(s->thread, NULL);
	}
	free_inbox(&s->inbox);
	free_rest(s);
	for (unsigned i = 0; i < s->workers_n; i++) {
		free_inbox(&s->sides[i].done);
		close(s->sides[i].source.wake_fd);
	}
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	free(s->sides);
	free(s);
}
