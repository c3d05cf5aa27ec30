/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop of a delivery thread: fill and write a batch, flush, settle the one
 * before it, move this one. A batch stays open for a moment, so that a trickle
 * of mail does not keep the disk busy with flushes that the commits of new
 * mail then wait for.
 */
#include "deliver/lane.h"
#include "deliver/jobs.h"
#include "deliver/put.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define OPEN_US	  (10 * 1000u)	/* from a batch's first message on */
#define SETTLE_US (100 * 1000u) /* a moved batch waits for no longer */
#define IDLE_US	  (250 * 1000u) /* between looks at is_stopping */
#define MEMORY_US (100 * 1000u) /* before another try to get some */

struct lane {
	struct lane_shared *shared;
	unsigned idx;
	struct lane_cfg cfg; /* as of the open batch */
	struct put put;
	struct jobs *open, *moved;
	struct queue_msg *todo; /* taken, and in no batch yet */
	uint64_t taken_us;
	pthread_t thread;
	struct jobs jobs[2];
};

/* At its first message: a reload holds for whatever comes after it. */
static void
begin_batch(struct lane *l)
{
	pthread_mutex_lock(&l->shared->cfg_lock);
	l->cfg = l->shared->cfg;
	pthread_mutex_unlock(&l->shared->cfg_lock);
	l->put.mailbox_bytes_max = l->cfg.mailbox_bytes_max;
	l->put.minimum_uid = l->cfg.minimum_uid;
	memcpy(l->put.host, l->cfg.host, sizeof(l->put.host));
	l->put.uid = geteuid();
	l->put.gid = getegid();
}

static bool
is_full(const struct lane *l)
{
	return l->open->mails_n >= l->cfg.batch_msgs_max ||
	       l->open->n >= l->cfg.batch_files_max;
}

/* Writes what is in hand. False: no memory for it now. */
static bool
write_todo(struct lane *l)
{
	bool has_memory = true;
	struct box *box;

	while (l->todo != NULL && !is_full(l) && has_memory) {
		struct queue_msg *msg = l->todo;
		struct queue_msg *next = msg->next;

		if (jobs_add(l->open, &msg, l->taken_us)) {
			has_memory = false;
		} else {
			l->todo = next;
			put_mail(&l->put, l->open, l->open->mails_n - 1);
		}
	}
	while ((box = jobs_dirty_box(l->open)) != NULL)
		put_box(&l->put, l->open, box);
	return has_memory;
}

/* False: nothing came until then. */
static bool
take(struct lane *l, uint64_t until_us)
{
	uint64_t now_us = clock_now_us();
	uint64_t wait_us = until_us > now_us ? until_us - now_us : 0;

	if (l->todo != NULL)
		return true;
	if (atomic_load(&l->shared->is_stopping))
		return false;
	l->todo = queue_take(l->shared->q, l->idx,
			     l->cfg.batch_msgs_max - l->open->mails_n, wait_us);
	l->taken_us = clock_wall_us();
	return l->todo != NULL;
}

static void
fill(struct lane *l)
{
	uint64_t until_us =
		clock_now_us() + (l->moved->mails_n ? SETTLE_US : IDLE_US);

	while (!is_full(l) && take(l, until_us)) {
		if (l->open->mails_n == 0) {
			begin_batch(l);
			until_us = clock_now_us() + OPEN_US;
		}
		if (!write_todo(l)) {
			if (l->open->mails_n == 0)
				nanosleep(
					&(struct timespec) {
						.tv_nsec = MEMORY_US * 1000 },
					NULL);
			return;
		}
	}
}

static bool
has_disk(const struct jobs *js, const struct disk *disk)
{
	for (uint32_t i = 0; i < js->disks_n; i++)
		if (js->disks[i].disk == disk)
			return true;
	return false;
}

static void
flush(struct lane *l)
{
	struct disks *disks = l->shared->disks;

	for (uint32_t i = 0; i < l->open->disks_n; i++)
		disk_flush(disks, l->open->disks[i].disk);
	for (uint32_t i = 0; i < l->moved->disks_n; i++)
		if (!has_disk(l->open, l->moved->disks[i].disk))
			disk_flush(disks, l->moved->disks[i].disk);
}

static void
count(struct lane *l)
{
	struct lane_shared *s = l->shared;
	struct put *p = &l->put;

	atomic_fetch_add(&s->batches_n, 1);
	atomic_fetch_add(&s->delivered_n, p->delivered_n);
	atomic_fetch_add(&s->delivered_bytes, p->delivered_bytes);
	atomic_fetch_add(&s->deferred_n, p->deferred_n);
	atomic_fetch_add(&s->failed_n, p->failed_n);
	atomic_fetch_add(&s->found_n, p->found_n);
	p->delivered_n = p->delivered_bytes = p->found_n = 0;
	p->deferred_n = p->failed_n = 0;
}

static void
finish_moved(struct lane *l)
{
	if (l->moved->mails_n == 0)
		return;
	put_finish(&l->put, l->moved);
	jobs_settle(l->moved, l->shared->q, l->shared->disks);
	count(l);
}

static void
move_open(struct lane *l)
{
	struct jobs *done = l->moved;
	uint64_t now_us;

	put_move(&l->put, l->open);
	now_us = clock_wall_us();
	for (uint32_t i = 0; i < l->open->mails_n; i++)
		l->open->mails[i].done_us = now_us;
	l->moved = l->open;
	l->open = done;
}

static void *
run(void *arg)
{
	struct lane *l = arg;

	do {
		fill(l);
		flush(l);
		finish_moved(l);
		move_open(l);
	} while (!atomic_load(&l->shared->is_stopping) || l->todo != NULL ||
		 l->moved->mails_n != 0);
	return NULL;
}

struct lane *
lane_open(struct lane_shared *shared, unsigned idx)
{
	struct lane *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->shared = shared;
	l->idx = idx;
	l->put.q = shared->q;
	l->put.disks = shared->disks;
	l->cfg = shared->cfg;
	l->open = &l->jobs[0];
	l->moved = &l->jobs[1];
	if (jobs_init(l->open))
		goto fail_lane;
	if (jobs_init(l->moved))
		goto fail_open;
	if (pthread_create(&l->thread, NULL, run, l))
		goto fail_moved;
	pthread_setname_np(l->thread, "deliver");
	return l;
fail_moved:
	jobs_fini(l->moved);
fail_open:
	jobs_fini(l->open);
fail_lane:
	free(l);
	return NULL;
}

void
lane_close(struct lane **l_inout)
{
	struct lane *l = *l_inout;

	*l_inout = NULL;
	if (l == NULL)
		return;
	pthread_join(l->thread, NULL);
	must(l->todo == NULL);
	jobs_fini(l->open);
	jobs_fini(l->moved);
	fwdloop_fini(&l->put.fwdloop);
	free(l);
}
