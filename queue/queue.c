/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens and closes the whole queue: its folder, its shards, the workers' ports.
 * Errors of the start become sentences here.
 */
#include "queue/queue.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/queue_dir.h"
#include "queue/queue_entry.h"
#include "queue/shard_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#define MEMTABLE_BYTES_MIN (1u << 20)
#define MEMTABLES_A_DISK   64u
#define KNOWN_BYTES	   4096u /* of memory_bytes_max, per message */
#define KNOWN_MIN	   1024u
#define KNOWN_MAX	   (1u << 18)

/* --- shards --- */

/* A small disk gets small memtables: their log has to fit several times. */
static uint64_t
fit_memtable(const struct shard *sh, uint64_t bytes)
{
	struct statvfs st;
	uint64_t fits = bytes;

	if (fstatvfs(sh->dir_fd, &st) == 0)
		fits = (uint64_t)st.f_blocks * st.f_frsize / MEMTABLES_A_DISK;
	if (fits > bytes)
		fits = bytes;
	return fits > MEMTABLE_BYTES_MIN ? fits : MEMTABLE_BYTES_MIN;
}

static void
say_why(const struct shard *sh, int ret, const struct store_error *error,
	struct diag *diag)
{
	switch (ret) {
	case -EBADMSG:
		diag_fail(diag, EX_DATAERR, NULL, 0,
			  "%s: keep what can be read with \"penstock queue "
			  "salvage -c DIR\", DIR being the folder of main.cf",
			  error->text);
		return;
	case -EAGAIN:
		diag_fail(diag, EX_TEMPFAIL, sh->path, 0,
			  "another process has this queue: stop that one");
		return;
	case -EACCES:
		diag_fail(diag, EX_NOPERM, sh->path, 0,
			  "%s: chown -R the queue's folder to uid %u",
			  error->text, (unsigned)geteuid());
		return;
	case -ENOSPC:
		diag_fail(diag, EX_TEMPFAIL, sh->path, 0,
			  "%s: make room on the disk", error->text);
		return;
	default:
		diag_fail(diag, EX_IOERR, sh->path, 0,
			  "cannot open the queue: %s: see the system's log for "
			  "the disk's own errors",
			  error->text);
	}
}

static int
open_shard(struct queue *q, uint16_t idx, struct diag *diag)
{
	struct shard *sh = &q->shards[idx];
	pthread_condattr_t cond_attr;
	pthread_rwlockattr_t attr;
	struct store_error error = { "" };
	int ret;

	sh->queue = q;
	sh->idx = idx;
	sh->path = queue_dir_shard_path(q->dir, idx);
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&sh->store_lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&sh->post_lock, NULL);
	pthread_mutex_init(&sh->sync_lock, NULL);
	pthread_condattr_init(&cond_attr);
	pthread_condattr_setclock(&cond_attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sh->sync_cond, &cond_attr);
	pthread_cond_init(&sh->idle_cond, &cond_attr);
	pthread_condattr_destroy(&cond_attr);
	sh->unsynced = must_alloc(UNSYNCED_MAX * sizeof(*sh->unsynced));
	if (mkdir(sh->path, 0700) != 0 && errno != EEXIST) {
		diag_fail(diag, EX_CANTCREAT, sh->path, 0, "cannot create: %s",
			  strerror(errno));
		return -1;
	}
	sh->dir_fd = open(sh->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sh->dir_fd < 0) {
		diag_fail(diag, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
			  sh->path, 0, "cannot open: %s", strerror(errno));
		return -1;
	}
	sh->memtable_bytes = fit_memtable(sh, q->cfg.memtable_bytes);
	ret = shard_store_open(sh, STORE_CREATE, &error);
	if (ret) {
		say_why(sh, ret, &error, diag);
		return -1;
	}
	space_sample(sh, clock_now_us());
	return 0;
}

static void
free_list(struct queue *q, struct msg_list *list)
{
	for (struct msg *m = list->first; m != NULL;) {
		struct msg *behind = msg_next(m);

		if (m->place != PLACE_NONE)
			active_remove(&q->active, m);
		msg_free(q, m);
		m = behind;
	}
	*list = (struct msg_list) { 0 };
}

static void
close_shard(struct shard *sh)
{
	struct store_error error;

	if (sh->path == NULL)
		return; /* never begun */
	/* An empty log makes the next start, and commands, quick. */
	if (sh->store != NULL && store_flush(sh->store, true, &error))
		log_say(LOG_LEVEL_WARNING, "queue",
			"%s: the log stays for the next start: %s", sh->path,
			error.text);
	store_close(&sh->store);
	transit_close(sh);
	free_list(sh->queue, &sh->waiting);
	if (sh->dir_fd >= 0)
		close(sh->dir_fd);
	pthread_rwlock_destroy(&sh->store_lock);
	pthread_cond_destroy(&sh->sync_cond);
	pthread_cond_destroy(&sh->idle_cond);
	pthread_mutex_destroy(&sh->sync_lock);
	pthread_mutex_destroy(&sh->post_lock);
	free(sh->unsynced);
	free(sh->owed);
	free(sh->path);
}

/* --- ports --- */

static int
open_port(struct queue *q, uint16_t idx)
{
	struct port *port = &q->ports[idx];

	port->idx = idx;
	port->stamp_us = q->ids_from_us;
	port->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (port->wake_fd < 0)
		return -errno;
	port->done.slots = calloc(PORT_ENTRIES, sizeof(*port->done.slots));
	if (port->done.slots == NULL)
		return -ENOMEM;
	return ring_init(&port->in, PORT_ENTRIES);
}

static void
free_messages(struct msg *m)
{
	while (m != NULL) {
		struct msg *behind = m->hash_next;

		envelope_fini(&m->pub.env);
		free(m);
		m = behind;
	}
}

static void
close_port(struct queue *q, struct port *port)
{
	void *e;

	/* Left only when the commit thread never ran. */
	while (port->in.slots != NULL && (e = ring_get(&port->in)) != NULL)
		if (entry_kind(e) == ENTRY_CHUNK)
			chunk_put(entry_pointer(e));
		else
			msg_free(q, entry_pointer(e));
	free_list(q, &port->drops);
	free_messages(port->free_own);
	free_messages(atomic_load(&port->free_back));
	ring_fini(&port->in);
	free(port->done.slots);
	if (port->wake_fd >= 0)
		close(port->wake_fd);
}

/* --- the queue --- */

static uint32_t
known_max(const struct queue_cfg *cfg)
{
	uint64_t n = cfg->memory_bytes_max / KNOWN_BYTES;

	if (n < KNOWN_MIN)
		return KNOWN_MIN;
	return n < KNOWN_MAX ? (uint32_t)n : KNOWN_MAX;
}

static void *
alloc_aligned(size_t n, size_t bytes)
{
	void *p = aligned_alloc(CACHE_LINE, n * bytes);

	must(p != NULL);
	memset(p, 0, n * bytes);
	return p;
}

static int
open_shards(struct queue *q, struct diag *diag)
{
	int there = queue_dir_shards(q->dir);
	uint64_t id_max = 0, now_us = clock_wall_us();

	if (there < 0) {
		diag_fail(diag, EX_OSERR, q->dir, 0, "cannot read: %s",
			  strerror(-there));
		return -1;
	}
	q->shards_n = q->cfg.shards_n;
	if ((uint32_t)there > q->shards_n)
		q->shards_n = (uint32_t)there;
	q->shards = alloc_aligned(q->shards_n, sizeof(*q->shards));
	for (uint32_t i = 0; i < q->shards_n; i++)
		q->shards[i].dir_fd = -1;
	for (uint32_t i = 0; i < q->shards_n; i++) {
		if (open_shard(q, (uint16_t)i, diag))
			return -1;
		if (q->shards[i].meta.id_max > id_max)
			id_max = q->shards[i].meta.id_max;
	}
	if (q->shards_n > q->cfg.shards_n)
		log_say(LOG_LEVEL_WARNING, "queue",
			"%s: %u shards, %u of them only to be emptied", q->dir,
			q->shards_n, q->shards_n - q->cfg.shards_n);
	q->ids_from_us = (id_max >> ID_WORKER_BITS) + 1;
	if (q->ids_from_us > now_us && id_max != 0)
		log_say(LOG_LEVEL_WARNING, "queue",
			"the clock is %llu s behind the newest queue id: ids "
			"go "
			"on from that",
			(unsigned long long)(q->ids_from_us - now_us) /
				US_PER_SEC);
	if (q->ids_from_us < now_us)
		q->ids_from_us = now_us;
	for (uint32_t i = 0; i < q->shards_n; i++)
		q->shards[i].recover_end_id = q->ids_from_us << ID_WORKER_BITS;
	return 0;
}

static int
start(struct queue *q, struct diag *diag)
{
	int ret = 0;

	for (uint32_t i = 0; i < q->cfg.workers_n && ret == 0; i++)
		ret = open_port(q, (uint16_t)i);
	for (uint32_t i = 0; i < q->shards_n && ret == 0; i++)
		ret = shard_start(&q->shards[i]);
	if (ret)
		diag_fail(diag, EX_OSERR, NULL, 0, "cannot start the queue: %s",
			  strerror(-ret));
	return ret;
}

struct queue *
queue_open(const struct queue_cfg *cfg, struct diag *diag)
{
	struct queue *q = alloc_aligned(1, sizeof(*q));

	must(cfg->shards_n >= 1 && cfg->shards_n <= SHARDS_MAX);
	must(cfg->workers_n >= 1 && cfg->workers_n <= WORKERS_MAX);
	must(cfg->deliverers_n >= 1);
	q->cfg = *cfg;
	q->dir = strdup(cfg->dir);
	must(q->dir != NULL);
	q->cfg.dir = q->dir;
	if (q->cfg.is_discard)
		log_say(LOG_LEVEL_WARNING, "queue",
			"mail is answered with 250 and thrown away: for "
			"measurements only");
	q->ports = alloc_aligned(cfg->workers_n, sizeof(*q->ports));
	for (uint32_t i = 0; i < cfg->workers_n; i++)
		q->ports[i].wake_fd = -1;
	must(active_init(&q->active, known_max(cfg)) == 0);
	q->lock_fd = queue_dir_open(q->dir, !cfg->is_command, diag);
	if (q->lock_fd < 0 || open_shards(q, diag) || start(q, diag)) {
		queue_close(&q);
		return NULL;
	}
	return q;
}

void
queue_close(struct queue **q_inout)
{
	struct queue *q = *q_inout;
	struct msg_list ready = { 0 };

	*q_inout = NULL;
	if (q == NULL)
		return;
	atomic_store(&q->is_closing, true);
	for (uint32_t i = 0; q->shards != NULL && i < q->shards_n; i++)
		shard_stop(&q->shards[i]);
	ready.first = active_pop(&q->active, UINT32_MAX);
	free_list(q, &ready);
	free_list(q, &q->due);
	for (uint32_t i = 0; q->shards != NULL && i < q->shards_n; i++)
		close_shard(&q->shards[i]);
	for (uint32_t i = 0; i < q->cfg.workers_n; i++)
		close_port(q, &q->ports[i]);
	active_fini(&q->active);
	queue_dir_close(q->lock_fd);
	free(q->shards);
	free(q->ports);
	free(q->dir);
	free(q);
}

/* --- numbers --- */

static uint64_t
load(const _Atomic uint64_t *n)
{
	return atomic_load_explicit((_Atomic uint64_t *)n,
				    memory_order_relaxed);
}

void
queue_stats_get(struct queue *q, struct queue_stats *out)
{
	*out = (struct queue_stats) {
		.inflight_bytes = load(&q->inflight_bytes),
		.memory_bytes = load(&q->active.memory_bytes),
	};
	for (uint32_t i = 0; i < q->shards_n; i++) {
		const struct shard *sh = &q->shards[i];
		uint64_t entries_n = load(&sh->entries_n), others_n;

		out->commits_n += counter_get(&sh->commits_n);
		out->committed_msgs_n += counter_get(&sh->committed_n);
		out->committed_bytes += counter_get(&sh->committed_bytes);
		out->written_bytes += counter_get(&sh->written_bytes);
		out->commit_us_sum += counter_get(&sh->commit_us);
		out->settled_n += counter_get(&sh->settled_sum);
		out->deferrals_n += counter_get(&sh->deferrals_n);
		out->spilled_n += counter_get(&sh->spilled_n);
		out->deferred_n += load(&sh->deferred_n);
		out->held_n += load(&sh->held_n);
		out->dead_n += load(&sh->dead_n);
		others_n = load(&sh->deferred_n) + load(&sh->held_n) +
			   load(&sh->dead_n);
		if (entries_n > others_n)
			out->active_n += entries_n - others_n;
		out->active_n += load(&sh->transit_n);
	}
}

/* --- ids as people see them --- */

void
queue_id_print(uint64_t id, char out[QUEUE_ID_TEXT_MAX])
{
	for (int i = QUEUE_ID_TEXT_MAX - 2; i >= 0; i--, id >>= 4)
		out[i] = "0123456789ABCDEF"[id & 15];
	out[QUEUE_ID_TEXT_MAX - 1] = '\0';
}

bool
queue_id_parse(struct span text, uint64_t *out)
{
	uint64_t id = 0;

	if (text.len != QUEUE_ID_TEXT_MAX - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = ascii_lower(text.p[i]);

		if (c >= '0' && c <= '9')
			id = id << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = id;
	return true;
}
