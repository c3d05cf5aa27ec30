/* SPDX-License-Identifier: BSD-2-Clause */
/* The delivery threads as one thing: started, configured, counted, stopped. */
#include "deliver/deliver.h"
#include "deliver/disk.h"
#include "deliver/lane.h"

#include <stdlib.h>
#include <sysexits.h>

struct deliver {
	struct lane_shared shared;
	unsigned lanes_n;
	struct lane *lanes[];
};

static void
stop(struct deliver *d)
{
	atomic_store(&d->shared.is_stopping, true);
	for (unsigned i = 0; i < d->lanes_n; i++)
		lane_close(&d->lanes[i]);
	disks_close(&d->shared.disks);
	pthread_mutex_destroy(&d->shared.cfg_lock);
	free(d);
}

struct deliver *
deliver_open(struct queue *q, const struct deliver_cfg *cfg, struct diag *diag)
{
	struct deliver *d;

	must(cfg->threads_n > 0);
	d = must_alloc(sizeof(*d) + cfg->threads_n * sizeof(d->lanes[0]));
	d->shared.q = q;
	pthread_mutex_init(&d->shared.cfg_lock, NULL);
	deliver_configure(d, cfg);
	d->shared.disks = disks_open();
	if (d->shared.disks == NULL)
		goto fail;
	for (; d->lanes_n < cfg->threads_n; d->lanes_n++) {
		d->lanes[d->lanes_n] = lane_open(&d->shared, d->lanes_n);
		if (d->lanes[d->lanes_n] == NULL)
			goto fail;
	}
	return d;
fail:
	diag_fail(diag, EX_OSERR, NULL, 0,
		  "cannot start %u delivery threads: no memory, or too many "
		  "threads (ulimit -u)",
		  cfg->threads_n);
	stop(d);
	return NULL;
}

void
deliver_configure(struct deliver *d, const struct deliver_cfg *cfg)
{
	struct lane_cfg own = {
		.mailbox_bytes_max = cfg->mailbox_bytes_max,
		.batch_msgs_max = cfg->batch_msgs_max,
		.batch_files_max = cfg->batch_files_max,
		.minimum_uid = cfg->minimum_uid,
	};

	must(cfg->batch_msgs_max > 0 && cfg->batch_files_max > 0);
	maildir_host(cfg->myhostname, own.host);
	pthread_mutex_lock(&d->shared.cfg_lock);
	d->shared.cfg = own;
	pthread_mutex_unlock(&d->shared.cfg_lock);
}

void
deliver_close(struct deliver **d)
{
	if (*d != NULL)
		stop(*d);
	*d = NULL;
}

void
deliver_stats_get(const struct deliver *d, struct deliver_stats *out)
{
	const struct lane_shared *s = &d->shared;

	*out = (struct deliver_stats) {
		.batches_n = atomic_load(&s->batches_n),
		.delivered_n = atomic_load(&s->delivered_n),
		.delivered_bytes = atomic_load(&s->delivered_bytes),
		.deferred_n = atomic_load(&s->deferred_n),
		.failed_n = atomic_load(&s->failed_n),
		.found_n = atomic_load(&s->found_n),
	};
	disks_stats_get(s->disks, &out->flushes_n, &out->flush_us_sum);
}
