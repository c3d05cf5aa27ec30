/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sync thread: waits for the disk while the commit thread builds and writes
 * the next batch. One sync covers all that was written before it began. Idle
 * unless commits are large; it never touches the batch.
 */
#include "engine/base/clock.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static void
join(struct flight *to, struct flight *from)
{
	msg_list_join(&to->fresh, &from->fresh);
	msg_list_join(&to->settling, &from->settling);
	to->meta = from->meta;
	to->seq = from->seq;
	to->is_sync |= from->is_sync;
	to->is_any = true;
	*from = (struct flight) { 0 };
}

/* Under the lock, which is away while the disk works. */
static void
fly(struct shard *sh)
{
	struct flight f = sh->pending;
	struct store_error error;
	uint64_t from_us;
	int ret = 0;

	sh->pending = (struct flight) { 0 };
	sh->is_syncing = true;
	pthread_mutex_unlock(&sh->sync_lock);
	from_us = clock_now_us();
	/* Several that wanted none may have been joined: too many in doubt. */
	f.is_sync |= sh->unsynced_n + f.settling.n > UNSYNCED_MAX / 2;
	if (f.is_sync)
		ret = store_sync(sh->store, &error);
	if (ret == 0) {
		shared_add(&sh->commits_n, 1);
		shared_add(&sh->commit_us, clock_now_us() - from_us);
		post_durable(sh, &f);
	}
	pthread_mutex_lock(&sh->sync_lock);
	if (ret) {
		sh->failed = f;
		sh->sync_error = error;
		sh->sync_ret = ret;
	}
	sh->is_syncing = false;
	pthread_cond_broadcast(&sh->idle_cond);
}

static void *
sync_main(void *arg)
{
	struct shard *sh = arg;

	pthread_mutex_lock(&sh->sync_lock);
	for (;;) {
		if (sh->pending.is_any && sh->sync_ret == 0)
			fly(sh);
		else if (sh->is_sync_closing)
			break;
		else
			pthread_cond_wait(&sh->sync_cond, &sh->sync_lock);
		if (sh->sync_ret != 0) {
			/* The commit thread may sleep: it has to close it. */
			pthread_mutex_unlock(&sh->sync_lock);
			shard_wake(sh);
			pthread_mutex_lock(&sh->sync_lock);
		}
	}
	pthread_mutex_unlock(&sh->sync_lock);
	return NULL;
}

int
sync_start(struct shard *sh)
{
	char name[16];
	int ret;

	sh->is_sync_closing = false;
	ret = pthread_create(&sh->sync_thread, NULL, sync_main, sh);
	if (ret)
		return -ret;
	sh->is_sync_thread = true;
	snprintf(name, sizeof(name), "sync/%u", sh->idx);
	pthread_setname_np(sh->sync_thread, name);
	return 0;
}

void
sync_stop(struct shard *sh)
{
	if (!sh->is_sync_thread)
		return;
	pthread_mutex_lock(&sh->sync_lock);
	sh->is_sync_closing = true;
	pthread_cond_signal(&sh->sync_cond);
	pthread_mutex_unlock(&sh->sync_lock);
	pthread_join(sh->sync_thread, NULL);
	sh->is_sync_thread = false;
}

void
sync_hand_over(struct shard *sh, struct flight *f)
{
	pthread_mutex_lock(&sh->sync_lock);
	join(&sh->pending, f);
	pthread_cond_signal(&sh->sync_cond);
	pthread_mutex_unlock(&sh->sync_lock);
}

static bool
is_idle(const struct shard *sh)
{
	return !sh->is_syncing && (!sh->pending.is_any || sh->sync_ret != 0);
}

bool
sync_is_idle(struct shard *sh)
{
	bool idle;

	pthread_mutex_lock(&sh->sync_lock);
	idle = is_idle(sh);
	pthread_mutex_unlock(&sh->sync_lock);
	return idle;
}

bool
sync_wait_idle(struct shard *sh, uint64_t us)
{
	uint64_t until_us = clock_now_us() + us;
	struct timespec until = {
		.tv_sec = (time_t)(until_us / US_PER_SEC),
		.tv_nsec = (long)(until_us % US_PER_SEC) * 1000,
	};
	bool idle;

	pthread_mutex_lock(&sh->sync_lock);
	while (!is_idle(sh))
		if (pthread_cond_timedwait(&sh->idle_cond, &sh->sync_lock,
					   &until) != 0)
			break;
	idle = is_idle(sh);
	pthread_mutex_unlock(&sh->sync_lock);
	return idle;
}

int
sync_is_failed(struct shard *sh, struct store_error *error)
{
	int ret;

	pthread_mutex_lock(&sh->sync_lock);
	ret = sh->sync_ret;
	if (ret)
		*error = sh->sync_error;
	pthread_mutex_unlock(&sh->sync_lock);
	return ret;
}

int
sync_take_failed(struct shard *sh, struct flight *out,
		 struct store_error *error)
{
	int ret;

	pthread_mutex_lock(&sh->sync_lock);
	ret = sh->sync_ret;
	if (ret) {
		*out = sh->failed;
		sh->failed = (struct flight) { 0 };
		if (sh->pending.is_any)
			join(out, &sh->pending);
		*error = sh->sync_error;
		sh->sync_ret = 0;
	}
	pthread_mutex_unlock(&sh->sync_lock);
	return ret;
}
