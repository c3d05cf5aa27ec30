/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contents of a batch: arrays that grow and stay, indices instead of
 * pointers because they grow.
 */
#include "deliver/jobs.h"
#include "deliver/outcome.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS_MIN = 256 };

int
jobs_init(struct jobs *js)
{
	*js = (struct jobs) { .dirty_first = JOBS_NONE };
	js->slots = calloc(SLOTS_MIN, sizeof(*js->slots));
	js->slots_n = SLOTS_MIN;
	return js->slots ? 0 : -ENOMEM;
}

void
jobs_fini(struct jobs *js)
{
	must(js->mails_n == 0);
	free(js->mails);
	free(js->v);
	free(js->boxes);
	free(js->disks);
	free(js->slots);
	free(js->states);
	*js = (struct jobs) { 0 };
}

/* Room for `want` elements in all. */
static int
reserve(void **p, uint32_t *cap, uint64_t want, size_t bytes)
{
	uint64_t n = *cap ? *cap : 64;
	void *grown;

	if (LIKELY(want <= *cap))
		return 0;
	while (n < want)
		n *= 2;
	if (n >= JOBS_NONE)
		return -ENOMEM;
	grown = realloc(*p, n * bytes);
	if (grown == NULL)
		return -ENOMEM;
	*p = grown;
	*cap = (uint32_t)n;
	return 0;
}

#define RESERVE(p, cap, want) \
	reserve((void **)&(p), &(cap), (want), sizeof(*(p)))

static bool
is_settled(const struct queue_msg *msg, uint32_t rcpt_idx)
{
	enum queue_rcpt_result result =
		msg->rcpt_states ? msg->rcpt_states[rcpt_idx].result
				 : QUEUE_RCPT_TODO;

	return result == QUEUE_RCPT_SENT || result == QUEUE_RCPT_FAILED;
}

int
jobs_add(struct jobs *js, struct queue_msg **msg_inout, uint64_t taken_us)
{
	struct queue_msg *msg = *msg_inout;
	uint32_t rcpt_n = msg->env.rcpt_n, pos = 0;
	struct envelope_head head;
	struct envelope_rcpt rcpt;

	if (RESERVE(js->mails, js->mails_cap, js->mails_n + 1ull) ||
	    RESERVE(js->v, js->cap, js->n + (uint64_t)rcpt_n) ||
	    RESERVE(js->states, js->states_cap, rcpt_n))
		return -ENOMEM;
	envelope_head_get(&msg->env, &head);
	js->mails[js->mails_n] = (struct mail) {
		.msg = msg,
		.sender = head.sender,
		.arrival_us = head.arrival_us,
		.taken_us = taken_us,
		.job_first = js->n,
		.jobs_n = rcpt_n,
	};
	for (uint32_t i = 0; i < rcpt_n; i++) {
		struct job *job = &js->v[js->n++];

		*job = (struct job) {
			.mail_idx = js->mails_n,
			.rcpt_idx = i,
			.rcpt_pos = pos,
			.box_idx = JOBS_NONE,
			.next = JOBS_NONE,
			.gid = (gid_t)-1,
			.state = is_settled(msg, i) ? JOB_SETTLED : JOB_TODO,
		};
		must(envelope_rcpt_next(&msg->env, &pos, &rcpt));
	}
	js->mails_n++;
	*msg_inout = NULL;
	return 0;
}

/* The slot of path, or the empty one where it belongs. */
static uint32_t *
slot_of(const struct jobs *js, struct span path)
{
	uint32_t i = (uint32_t)span_hash(path) & (js->slots_n - 1);

	while (js->slots[i] != 0 &&
	       !span_is_equal(js->boxes[js->slots[i] - 1].path, path))
		i = (i + 1) & (js->slots_n - 1);
	return &js->slots[i];
}

static int
grow_slots(struct jobs *js)
{
	uint32_t n = js->slots_n * 2;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (slots == NULL)
		return -ENOMEM;
	free(js->slots);
	js->slots = slots;
	js->slots_n = n;
	for (uint32_t i = 0; i < js->boxes_n; i++)
		*slot_of(js, js->boxes[i].path) = i + 1;
	return 0;
}

int
jobs_put_in_box(struct jobs *js, uint32_t job_idx, struct span path)
{
	uint32_t *slot = slot_of(js, path);
	struct box *box;

	if (*slot == 0) {
		if (RESERVE(js->boxes, js->boxes_cap, js->boxes_n + 1ull))
			return -ENOMEM;
		if (js->boxes_n >= js->slots_n / 2) {
			if (grow_slots(js))
				return -ENOMEM;
			slot = slot_of(js, path);
		}
		js->boxes[js->boxes_n] = (struct box) {
			.path = path,
			.first = JOBS_NONE,
			.last = JOBS_NONE,
			.todo = JOBS_NONE,
			.disk_idx = JOBS_NONE,
		};
		*slot = ++js->boxes_n;
	}
	box = &js->boxes[*slot - 1];
	js->v[job_idx].box_idx = *slot - 1;
	if (box->first == JOBS_NONE)
		box->first = job_idx;
	else
		js->v[box->last].next = job_idx;
	box->last = job_idx;
	if (box->todo == JOBS_NONE)
		box->todo = job_idx;
	if (!box->is_dirty) {
		box->is_dirty = true;
		box->dirty_next = js->dirty_first;
		js->dirty_first = *slot - 1;
	}
	return 0;
}

struct box *
jobs_dirty_box(struct jobs *js)
{
	struct box *box;

	if (js->dirty_first == JOBS_NONE)
		return NULL;
	box = &js->boxes[js->dirty_first];
	js->dirty_first = box->dirty_next;
	box->is_dirty = false;
	return box;
}

struct envelope_rcpt
jobs_rcpt(const struct jobs *js, const struct job *job)
{
	const struct queue_msg *msg = js->mails[job->mail_idx].msg;
	uint32_t pos = job->rcpt_pos;
	struct envelope_rcpt rcpt;

	must(envelope_rcpt_next(&msg->env, &pos, &rcpt));
	return rcpt;
}

void
job_end(struct job *job, enum job_state state, const char *fmt, ...)
{
	va_list args;

	free(job->why);
	job->state = (uint8_t)state;
	va_start(args, fmt);
	if (vasprintf(&job->why, fmt, args) < 0)
		job->why = NULL;
	va_end(args);
}

int64_t
jobs_disk(struct jobs *js, struct disks *disks, int fd, const char *dir)
{
	struct disk *disk;
	int err;

	if (RESERVE(js->disks, js->disks_cap, js->disks_n + 1ull))
		return -ENOMEM;
	err = disk_get(disks, fd, dir, &disk);
	if (err)
		return err;
	for (uint32_t i = 0; i < js->disks_n; i++)
		if (js->disks[i].disk == disk) {
			disk_put(disks, &disk);
			return i;
		}
	js->disks[js->disks_n] = (struct disk_use) {
		.disk = disk,
		.failures_n = disk_failures_n(disks, disk),
	};
	return js->disks_n++;
}

static const char *
why_of(const struct job *job)
{
	if (job->why != NULL)
		return job->why;
	return job->state == JOB_SENT	  ? "2.0.0 delivered to maildir"
	       : job->state == JOB_FAILED ? "5.3.0 failed"
					  : "4.3.0 out of memory";
}

static enum queue_rcpt_result
result_of(const struct job *job)
{
	must(job->state >= JOB_SENT);
	return job->state == JOB_SENT	  ? QUEUE_RCPT_SENT
	       : job->state == JOB_FAILED ? QUEUE_RCPT_FAILED
					  : QUEUE_RCPT_DEFERRED;
}

/* *state is what the queue keeps of it. */
static void
end_job(const struct jobs *js, struct job *job, struct queue_rcpt_state *state)
{
	const struct mail *mail = &js->mails[job->mail_idx];
	struct envelope_rcpt rcpt;

	if (job->state == JOB_SETTLED) {
		*state = mail->msg->rcpt_states[job->rcpt_idx];
		return;
	}
	rcpt = jobs_rcpt(js, job);
	state->result = result_of(job);
	state->why[0] = '\0';
	if (job->state != JOB_SENT)
		span_copy(span_of(why_of(job)), state->why, sizeof(state->why));
	outcome_rcpt(&(struct outcome) {
		.queue_id = mail->msg->id,
		.rcpt = &rcpt,
		.transport = job->transport,
		.result = state->result,
		.why = why_of(job),
		.arrival_us = mail->arrival_us,
		.taken_us = mail->taken_us,
		.done_us = mail->done_us,
	});
	free(job->why);
	free(job->instead);
}

static void
settle_mail(struct jobs *js, struct queue *q, struct mail *mail)
{
	bool is_done = true;

	for (uint32_t i = 0; i < mail->jobs_n; i++) {
		end_job(js, &js->v[mail->job_first + i], &js->states[i]);
		is_done &= js->states[i].result == QUEUE_RCPT_SENT;
	}
	if (is_done)
		outcome_removed(mail->msg->id);
	queue_settle(q, &mail->msg, js->states);
}

void
jobs_settle(struct jobs *js, struct queue *q, struct disks *disks)
{
	must(js->dirty_first == JOBS_NONE);
	for (uint32_t i = 0; i < js->mails_n; i++)
		settle_mail(js, q, &js->mails[i]);
	for (uint32_t i = 0; i < js->disks_n; i++)
		disk_put(disks, &js->disks[i].disk);
	js->mails_n = js->n = js->disks_n = js->boxes_n = 0;
	memset(js->slots, 0, js->slots_n * sizeof(*js->slots));
}
