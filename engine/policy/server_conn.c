/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to a policy server: one question at a time on each, kept for the
 * next one, as many as there are questions at once. Whatever goes wrong with
 * one ends it and is the question's failure; but an old connection that the
 * server has closed while nobody asked is no failure of anything.
 */
#include "engine/base/clock.h"
#include "engine/policy/server_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void
unlink_conn(struct server_conn *c)
{
	struct server_endpoint *e = c->endpoint;

	*(c->prev != NULL ? &c->prev->next : &e->conns) = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	e->conns_n--;
}

/* Its memory stays until the round's end: events may still name it. */
static void
close_conn(struct servers *s, struct server_conn *c)
{
	unlink_conn(c);
	wheel_clear(&s->wheel, &c->timer.node);
	if (c->fd >= 0)
		close(c->fd);
	c->state = SERVER_DEAD;
	c->next = s->dead;
	s->dead = c;
}

static void
fail(struct servers *s, struct server_conn *c, const char *why)
{
	struct server_job *job = c->job;
	bool was_old = c->is_used && c->reply.bytes_n == 0 &&
		       strcmp(why, "timeout") != 0;

	close_conn(s, c);
	if (job == NULL)
		return;
	if (was_old)
		server_job_again(s, job);
	else
		server_job_failed(s, job, why);
}

/* --- one connection --- */

static void
watch(struct servers *s, struct server_conn *c, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	must(epoll_ctl(s->epoll_fd, op, c->fd, &event) == 0);
}

static void
fire_timeout(struct servers *s, struct server_timer *timer)
{
	struct server_conn *c = CONTAINER_OF(timer, struct server_conn, timer);
	struct server_endpoint *e = c->endpoint;

	fail(s, c, "timeout");
	server_conns_run(s, e);
}

static void
fire_idle(struct servers *s, struct server_timer *timer)
{
	close_conn(s, CONTAINER_OF(timer, struct server_conn, timer));
}

static void
become_idle(struct servers *s, struct server_conn *c)
{
	const struct server_def *def = c->endpoint->def;
	uint64_t end_us = c->opened_us + def->max_ttl_us;
	uint64_t due_us = s->now_us + def->max_idle_us;

	c->state = SERVER_IDLE;
	c->is_used = true;
	c->job = NULL;
	if ((def->request_limit > 0 && c->requests_n >= def->request_limit) ||
	    end_us <= s->now_us) {
		close_conn(s, c);
		return;
	}
	server_timer_set(s, &c->timer, fire_idle,
			 end_us < due_us ? end_us : due_us);
}

static void
read_reply(struct servers *s, struct server_conn *c)
{
	char buf[4096];
	ssize_t n = read(c->fd, buf, sizeof(buf));
	struct span in = { buf, n > 0 ? (size_t)n : 0 };

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(s, c, n < 0 ? strerror(errno) : "connection lost");
		return;
	}
	switch (server_reply_feed(&c->reply, &in)) {
	case SERVER_REPLY_MORE:
		return;
	case SERVER_REPLY_BAD:
		fail(s, c, c->reply.why);
		return;
	case SERVER_REPLY_DONE:
		break;
	}
	c->requests_n++;
	server_job_done(s, c->job, &c->reply);
	if (in.len > 0) {
		c->job = NULL;
		close_conn(s, c); /* it says more than it was asked */
		return;
	}
	become_idle(s, c);
}

static void
write_job(struct servers *s, struct server_conn *c)
{
	while (c->sent_n < c->job->text_len) {
		ssize_t n = send(c->fd, c->job->text + c->sent_n,
				 c->job->text_len - c->sent_n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			watch(s, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n < 0) {
			fail(s, c, strerror(errno));
			return;
		}
		c->sent_n += (uint32_t)n;
	}
	watch(s, c, EPOLL_CTL_MOD, EPOLLIN);
	c->state = SERVER_READING;
}

static void
begin_job(struct servers *s, struct server_conn *c)
{
	c->sent_n = 0;
	memset(&c->reply, 0, offsetof(struct server_reply, text));
	c->reply.why = NULL;
	server_timer_set(s, &c->timer, fire_timeout,
			 s->now_us + c->endpoint->def->timeout_us);
	if (c->state == SERVER_CONNECTING)
		return;
	c->state = SERVER_SENDING;
	write_job(s, c);
}

/* --- opening --- */

/* Tries the addresses in turn. 0, or -errno of the last. */
static int
connect_next(struct servers *s, struct server_conn *c)
{
	const struct server_def *def = c->endpoint->def;
	int ret = -EADDRNOTAVAIL;

	for (; c->addr_idx < def->addrs_n; c->addr_idx++) {
		const struct sockaddr *sa =
			(const struct sockaddr *)&def->addrs[c->addr_idx].sa;

		c->fd = socket(sa->sa_family,
			       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (c->fd < 0)
			return -errno;
		if (connect(c->fd, sa, def->addrs[c->addr_idx].len) == 0) {
			c->state = SERVER_SENDING;
			watch(s, c, EPOLL_CTL_ADD, EPOLLIN);
			return 0;
		}
		ret = -errno;
		if (ret == -EINPROGRESS) {
			c->state = SERVER_CONNECTING;
			watch(s, c, EPOLL_CTL_ADD, EPOLLOUT);
			return 0;
		}
		close(c->fd);
		c->fd = -1;
	}
	return ret;
}

static void
open_conn(struct servers *s, struct server_endpoint *e, struct server_job *job)
{
	struct server_conn *c = calloc(1, sizeof(*c));
	int ret;

	if (c == NULL) {
		server_job_failed(s, job, strerror(ENOMEM));
		return;
	}
	c->endpoint = e;
	c->fd = -1;
	c->opened_us = s->now_us;
	c->job = job;
	c->next = e->conns;
	if (e->conns != NULL)
		e->conns->prev = c;
	e->conns = c;
	e->conns_n++;
	ret = connect_next(s, c);
	if (ret)
		fail(s, c, strerror(-ret));
	else
		begin_job(s, c);
}

static void
connected(struct servers *s, struct server_conn *c)
{
	int error = 0, ret;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		c->state = SERVER_SENDING;
		write_job(s, c);
		return;
	}
	close(c->fd);
	c->fd = -1;
	c->addr_idx++;
	ret = connect_next(s, c);
	if (ret)
		fail(s, c,
		     strerror(c->addr_idx == c->endpoint->def->addrs_n &&
					      ret == -EADDRNOTAVAIL
				      ? error
				      : -ret));
	else if (c->state == SERVER_SENDING)
		write_job(s, c);
}

/* --- what server.c calls --- */

void
server_conn_event(struct servers *s, struct server_conn *c, uint32_t events)
{
	struct server_endpoint *e = c->endpoint;

	switch ((enum server_state)c->state) {
	case SERVER_CONNECTING:
		connected(s, c);
		break;
	case SERVER_SENDING:
		if (events & EPOLLOUT)
			write_job(s, c);
		else
			fail(s, c, "connection lost");
		break;
	case SERVER_READING:
		read_reply(s, c);
		break;
	case SERVER_IDLE: /* closed, or it says what nobody asked for */
		close_conn(s, c);
		break;
	case SERVER_DEAD:
		return;
	}
	server_conns_run(s, e);
}

static struct server_conn *
idle_conn(const struct server_endpoint *e)
{
	struct server_conn *c = e->conns;

	while (c != NULL && c->state != SERVER_IDLE)
		c = c->next;
	return c;
}

/* The first that somebody still waits for. */
static struct server_job *
next_job(struct servers *s, struct server_endpoint *e)
{
	while (e->first != NULL && atomic_load_explicit(&e->first->is_dropped,
							memory_order_relaxed))
		server_job_done(s, e->first, NULL);
	return e->first;
}

void
server_conns_run(struct servers *s, struct server_endpoint *e)
{
	struct server_job *job;

	while ((job = next_job(s, e)) != NULL) {
		struct server_conn *c = idle_conn(e);

		if (c == NULL && e->conns_n >= SERVER_CONNS_MAX)
			return;
		server_job_take(s, job);
		if (c == NULL) {
			open_conn(s, e, job);
			continue;
		}
		c->job = job;
		begin_job(s, c);
	}
}

void
server_conns_close(struct servers *s, struct server_endpoint *e)
{
	while (e->conns != NULL)
		close_conn(s, e->conns);
}
