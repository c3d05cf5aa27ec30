/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue without a disk, and a log without a file. */
#include "tests/unit/fake_queue.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WAIT_SEC  30
#define MSGS_MAX  4096
#define LINES_MAX 32768

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct queue_msg *first, **last;
	unsigned settled_n;
	struct fake_msg *all[MSGS_MAX];
	unsigned all_n;
};

static struct {
	pthread_mutex_t lock;
	char *lines[LINES_MAX];
	unsigned n;
} logged = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct queue *
fake_queue_open(void)
{
	struct queue *q = must_alloc(sizeof(*q));
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, &attr);
	q->last = &q->first;
	return q;
}

void
fake_queue_close(struct queue *q)
{
	for (unsigned i = 0; i < q->all_n; i++) {
		envelope_fini(&q->all[i]->msg.env);
		free(q->all[i]->msg.rcpt_states);
		free(q->all[i]->states);
		free(q->all[i]);
	}
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
	fake_log_clear();
}

struct fake_msg *
fake_queue_new(struct queue *q, uint64_t id, const char *body)
{
	const struct envelope_head head = {
		.queue_id = id,
		.arrival_us = FAKE_ARRIVAL_US,
		.sender = SPAN("sender@example.org"),
	};
	struct fake_msg *fm = must_alloc(sizeof(*fm));

	fm->msg.id = id;
	fm->body = body;
	fm->msg.body_bytes = strlen(body);
	must(envelope_begin(&fm->msg.env, &head) == 0);
	must(q->all_n < MSGS_MAX);
	q->all[q->all_n++] = fm;
	return fm;
}

void
fake_queue_rcpt(struct fake_msg *fm, const char *orig, const char *rcpt,
		const char *dest, uint32_t uid, uint32_t gid)
{
	const struct envelope_rcpt r = {
		.orig = span_of(orig),
		.rcpt = span_of(rcpt),
		.dest = span_of(dest),
		.uid = uid,
		.gid = gid,
		.transport = ENVELOPE_VIRTUAL,
	};

	must(envelope_rcpt_add(&fm->msg.env, &r) == 0);
}

void
fake_queue_rcpt_on(struct fake_msg *fm, enum envelope_transport transport,
		   const char *dest)
{
	const struct envelope_rcpt r = {
		.orig = SPAN("other@example.org"),
		.rcpt = SPAN("other@example.org"),
		.dest = span_of(dest),
		.transport = (uint8_t)transport,
	};

	must(envelope_rcpt_add(&fm->msg.env, &r) == 0);
}

void
fake_queue_put(struct queue *q, struct fake_msg *fm)
{
	envelope_seal(&fm->msg.env, fm->msg.body_bytes);
	free(fm->states);
	fm->states = NULL;
	fm->is_settled = false;
	fm->msg.next = NULL;
	pthread_mutex_lock(&q->lock);
	*q->last = &fm->msg;
	q->last = &fm->msg.next;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

static struct timespec
in_us(uint64_t us)
{
	uint64_t at_us = clock_now_us() + us;

	return (struct timespec) {
		.tv_sec = (time_t)(at_us / US_PER_SEC),
		.tv_nsec = (long)(at_us % US_PER_SEC) * 1000,
	};
}

bool
fake_queue_wait_us(struct queue *q, unsigned settled_n, uint64_t us)
{
	struct timespec until = in_us(us);
	bool is_there;

	pthread_mutex_lock(&q->lock);
	while (q->settled_n < settled_n)
		if (pthread_cond_timedwait(&q->changed, &q->lock, &until))
			break;
	is_there = q->settled_n >= settled_n;
	pthread_mutex_unlock(&q->lock);
	return is_there;
}

bool
fake_queue_wait(struct queue *q, unsigned settled_n)
{
	return fake_queue_wait_us(q, settled_n, WAIT_SEC * US_PER_SEC);
}

struct queue_msg *
queue_take(struct queue *q, unsigned deliverer_idx, unsigned max,
	   uint64_t timeout_us)
{
	struct timespec until = in_us(timeout_us);
	struct queue_msg *list, *last;

	pthread_mutex_lock(&q->lock);
	while (q->first == NULL)
		if (pthread_cond_timedwait(&q->changed, &q->lock, &until))
			break;
	list = last = q->first;
	for (unsigned n = 1; last != NULL && last->next != NULL && n < max; n++)
		last = last->next;
	if (last != NULL) {
		q->first = last->next;
		last->next = NULL;
		if (q->first == NULL)
			q->last = &q->first;
	}
	pthread_mutex_unlock(&q->lock);
	return list;
}

/* Each piece is memory of its own, gone with the next call: ASan sees. */
int
queue_body_next(struct queue *q, const struct queue_msg *msg,
		struct queue_body_pos *pos, struct span *out)
{
	const struct fake_msg *fm = CONTAINER_OF(msg, struct fake_msg, msg);
	size_t len = strlen(fm->body), step = fm->piece_bytes;
	size_t from = step ? (size_t)pos->record * step
			   : (pos->record ? len : 0);

	queue_body_end(q, pos);
	if (fm->fail_after && pos->record >= fm->fail_after)
		return -EIO;
	if (from >= len)
		return 0;
	*out = span_from((struct span) { fm->body, len }, from);
	if (step && out->len > step)
		out->len = step;
	pos->pinned = malloc(out->len);
	must(pos->pinned != NULL);
	memcpy(pos->pinned, out->p, out->len);
	out->p = pos->pinned;
	pos->record++;
	return 1;
}

void
queue_body_end(struct queue *q, struct queue_body_pos *pos)
{
	free(pos->pinned);
	pos->pinned = NULL;
}

void
queue_settle(struct queue *q, struct queue_msg **msg_inout,
	     const struct queue_rcpt_state *states)
{
	struct fake_msg *fm = CONTAINER_OF(*msg_inout, struct fake_msg, msg);
	size_t bytes = fm->msg.env.rcpt_n * sizeof(*states);

	*msg_inout = NULL;
	pthread_mutex_lock(&q->lock);
	must(!fm->is_settled);
	fm->states = malloc(bytes ? bytes : 1);
	must(fm->states != NULL);
	memcpy(fm->states, states, bytes);
	fm->is_settled = true;
	q->settled_n++;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

struct queue_route
queue_msg_route(const struct queue_msg *msg, uint32_t rcpt_idx,
		const struct envelope_rcpt *rcpt)
{
	if (msg->routes != NULL)
		return msg->routes[rcpt_idx];
	return (struct queue_route) {
		.transport = rcpt->transport,
		.uid = rcpt->uid,
		.gid = rcpt->gid,
		.dest = rcpt->dest,
	};
}

void
queue_id_print(uint64_t id, char out[QUEUE_ID_TEXT_MAX])
{
	snprintf(out, QUEUE_ID_TEXT_MAX, "%016llX", (unsigned long long)id);
}

void
log_say(enum log_level level, const char *module, const char *fmt, ...)
{
	char *text;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	must(n >= 0);
	va_end(args);
	log_put(level, module, (struct span) { text, (size_t)n });
	free(text);
}

void
log_put(enum log_level level, const char *module, struct span text)
{
	char *line;
	int ok = asprintf(&line, "%s: %.*s", module, SPAN_FMT(text));

	must(ok >= 0);
	pthread_mutex_lock(&logged.lock);
	must(logged.n < LINES_MAX);
	logged.lines[logged.n++] = line;
	pthread_mutex_unlock(&logged.lock);
}

unsigned
fake_log_n(const char *text)
{
	unsigned n = 0;

	pthread_mutex_lock(&logged.lock);
	for (unsigned i = 0; i < logged.n; i++)
		n += text == NULL || strstr(logged.lines[i], text) != NULL;
	pthread_mutex_unlock(&logged.lock);
	return n;
}

void
fake_log_clear(void)
{
	pthread_mutex_lock(&logged.lock);
	while (logged.n > 0)
		free(logged.lines[--logged.n]);
	pthread_mutex_unlock(&logged.lock);
}

void
fake_log_print(void)
{
	pthread_mutex_lock(&logged.lock);
	for (unsigned i = 0; i < logged.n; i++)
		fprintf(stderr, "log: %s\n", logged.lines[i]);
	pthread_mutex_unlock(&logged.lock);
}
