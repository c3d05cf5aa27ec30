/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flushes with group commit: at most one syncfs() per file system runs, and
 * the next one serves everybody who came meanwhile. syncfs() reports what
 * failed since the descriptor was opened (Linux 5.8), so that descriptor is
 * opened before anything is written and kept.
 */
#include "deliver/disk.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Unused disks are kept up to here: each holds a descriptor. */
enum { IDLE_DISKS_MAX = 16 };

struct disk {
	struct disk *next;
	dev_t dev;
	int fd;
	unsigned refs_n;
	bool is_flushing;
	uint64_t begun_n, ended_n; /* flushes */
	uint64_t failures_n;
	int last_error; /* -errno */
	pthread_cond_t ended;
};

struct disks {
	pthread_mutex_t lock;
	struct disk *first;
	unsigned idle_n; /* refs_n == 0 */
	uint64_t flushes_n, flush_us_sum;
};

struct disks *
disks_open(void)
{
	struct disks *ds = calloc(1, sizeof(*ds));

	if (ds != NULL)
		pthread_mutex_init(&ds->lock, NULL);
	return ds;
}

static void
free_disk(struct disk *d)
{
	close(d->fd);
	pthread_cond_destroy(&d->ended);
	free(d);
}

void
disks_close(struct disks **ds_inout)
{
	struct disks *ds = *ds_inout;

	*ds_inout = NULL;
	if (ds == NULL)
		return;
	while (ds->first != NULL) {
		struct disk *d = ds->first;

		must(d->refs_n == 0);
		ds->first = d->next;
		free_disk(d);
	}
	pthread_mutex_destroy(&ds->lock);
	free(ds);
}

static struct disk *
find(struct disks *ds, dev_t dev)
{
	struct disk *d = ds->first;

	while (d != NULL && d->dev != dev)
		d = d->next;
	return d;
}

static int
add(struct disks *ds, dev_t dev, const char *dir, struct disk **out)
{
	struct disk *d = calloc(1, sizeof(*d));
	struct stat st;
	int err;

	if (d == NULL)
		return -ENOMEM;
	d->dev = dev;
	d->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0) {
		err = -errno;
		goto fail_disk;
	}
	err = fstat(d->fd, &st) ? -errno : 0;
	if (!err && st.st_dev != dev)
		err = -EXDEV;
	if (err)
		goto fail_fd;
	pthread_cond_init(&d->ended, NULL);
	d->next = ds->first;
	ds->first = d;
	ds->idle_n++;
	*out = d;
	return 0;
fail_fd:
	close(d->fd);
fail_disk:
	free(d);
	return err;
}

int
disk_get(struct disks *ds, int fd, const char *dir, struct disk **out)
{
	struct stat st;
	struct disk *d;
	int err = 0;

	*out = NULL;
	if (fstat(fd, &st))
		return -errno;
	pthread_mutex_lock(&ds->lock);
	d = find(ds, st.st_dev);
	if (d == NULL)
		err = add(ds, st.st_dev, dir, &d);
	if (!err) {
		ds->idle_n -= d->refs_n == 0;
		d->refs_n++;
		*out = d;
	}
	pthread_mutex_unlock(&ds->lock);
	return err;
}

static void
remove_idle(struct disks *ds, struct disk *d)
{
	struct disk **at = &ds->first;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	ds->idle_n--;
	free_disk(d);
}

void
disk_put(struct disks *ds, struct disk **d_inout)
{
	struct disk *d = *d_inout;

	*d_inout = NULL;
	pthread_mutex_lock(&ds->lock);
	must(d->refs_n > 0);
	if (--d->refs_n == 0 && ++ds->idle_n > IDLE_DISKS_MAX)
		remove_idle(ds, d);
	pthread_mutex_unlock(&ds->lock);
}

uint64_t
disk_failures_n(struct disks *ds, const struct disk *d)
{
	uint64_t n;

	pthread_mutex_lock(&ds->lock);
	n = d->failures_n;
	pthread_mutex_unlock(&ds->lock);
	return n;
}

/* Lock held before and after. */
static void
flush_once(struct disks *ds, struct disk *d)
{
	uint64_t from_us = clock_now_us();
	uint64_t flush = ++d->begun_n;
	int err;

	d->is_flushing = true;
	pthread_mutex_unlock(&ds->lock);
	err = syncfs(d->fd) ? -errno : 0;
	pthread_mutex_lock(&ds->lock);
	d->is_flushing = false;
	d->ended_n = flush;
	if (err) {
		d->failures_n++;
		d->last_error = err;
	}
	ds->flushes_n++;
	ds->flush_us_sum += clock_now_us() - from_us;
	pthread_cond_broadcast(&d->ended);
}

void
disk_flush(struct disks *ds, struct disk *d)
{
	uint64_t wanted;

	pthread_mutex_lock(&ds->lock);
	wanted = d->begun_n + 1;
	while (d->ended_n < wanted)
		if (d->is_flushing)
			pthread_cond_wait(&d->ended, &ds->lock);
		else
			flush_once(ds, d);
	pthread_mutex_unlock(&ds->lock);
}

int
disk_error(struct disks *ds, const struct disk *d, uint64_t failures_n)
{
	int err;

	pthread_mutex_lock(&ds->lock);
	err = d->failures_n == failures_n ? 0 : d->last_error;
	pthread_mutex_unlock(&ds->lock);
	return err;
}

void
disks_stats_get(struct disks *ds, uint64_t *flushes_n_out,
		uint64_t *flush_us_sum_out)
{
	pthread_mutex_lock(&ds->lock);
	*flushes_n_out = ds->flushes_n;
	*flush_us_sum_out = ds->flush_us_sum;
	pthread_mutex_unlock(&ds->lock);
}
