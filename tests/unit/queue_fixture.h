/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue_fixture.h: a real queue in a folder of the test's own, and the few
 * steps that every test of it takes. Bodies are made from their id, so that
 * what comes back can be checked byte for byte.
 */
#ifndef PENSTOCK_TESTS_QUEUE_FIXTURE_H
#define PENSTOCK_TESTS_QUEUE_FIXTURE_H

#include "engine/base/chunk.h"
#include "engine/base/clock.h"
#include "queue/queue_int.h"
#include "tests/unit/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define FIX_WAIT_US (20 * US_PER_SEC)

struct fix {
	char dir[64];
	struct queue_cfg cfg;
	struct diag diag;
	struct queue *q;
	struct chunk_pool *pool;
};

__attribute__((unused)) static void
fix_init(struct fix *f)
{
	const char *tmp = getenv("TMPDIR");

	memset(f, 0, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "%s/queue-test-XXXXXX",
		 tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	must(mkdtemp(f->dir) != NULL);
	f->cfg = (struct queue_cfg) {
		.dir = f->dir,
		.shards_n = 1,
		.workers_n = 1,
		.deliverers_n = 1,
		.inflight_bytes_max = 64u << 20,
		.memory_bytes_max = 64u << 20,
		.backoff_min_us = 300 * US_PER_SEC,
		.backoff_max_us = 4000 * US_PER_SEC,
		.lifetime_us = 5 * 86400 * US_PER_SEC,
		.memtable_bytes = 8u << 20,
	};
	diag_init(&f->diag);
	f->pool = chunk_pool_open(256u << 20);
	must(f->pool != NULL);
}

__attribute__((unused)) static bool
fix_open(struct fix *f)
{
	f->q = queue_open(&f->cfg, &f->diag);
	if (f->q == NULL)
		diag_print(&f->diag, DIAG_NOTE);
	return f->q != NULL;
}

__attribute__((unused)) static void
fix_close(struct fix *f)
{
	queue_close(&f->q);
}

__attribute__((unused)) static void
fix_remove_tree(const char *dir)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "rm -rf -- '%s'", dir);
	must(system(cmd) == 0);
}

__attribute__((unused)) static void
fix_fini(struct fix *f)
{
	queue_close(&f->q);
	diag_fini(&f->diag);
	chunk_pool_close(&f->pool);
	fix_remove_tree(f->dir);
}

/* Byte i of the body of that seed. */
static inline char
fix_byte(uint64_t seed, uint64_t i)
{
	uint64_t x = (seed + i / 8) * 0x9e3779b97f4a7c15ull;

	return (char)(x >> 8 * (i % 8));
}

__attribute__((unused)) static void
fix_envelope(struct queue_msg *msg, uint64_t seed, uint64_t bytes,
	     unsigned rcpt_n)
{
	struct envelope_head head = {
		.queue_id = msg->id,
		.arrival_us = clock_wall_us(),
		.sender = SPAN("sender@example.net"),
		.helo = SPAN("client.example.net"),
		.envid = { (const char *)&seed, sizeof(seed) },
	};
	struct envelope_rcpt rcpt = { .orig = SPAN("user@example.com"),
				      .rcpt = SPAN("user@example.com"),
				      .dest = SPAN("/var/mail/user/"),
				      .uid = 1000,
				      .gid = 1000 };

	must(envelope_begin(&msg->env, &head) == 0);
	for (unsigned i = 0; i < rcpt_n; i++)
		must(envelope_rcpt_add(&msg->env, &rcpt) == 0);
	envelope_seal(&msg->env, bytes);
	msg->body_bytes = bytes;
}

static inline struct chunk *
fix_chunk(struct fix *f, uint64_t seed, uint64_t from, uint64_t len)
{
	struct chunk *c = chunk_get(
		f->pool, len > CHUNK_SMALL_BYTES - sizeof(*c) ? CHUNK_LARGE
							      : CHUNK_SMALL);

	must(c != NULL && len <= c->room);
	for (uint64_t i = 0; i < len; i++)
		c->data[i] = fix_byte(seed, from + i);
	c->len = (uint32_t)len;
	return c;
}

#define FIX_CHUNK_MAX (CHUNK_LARGE_BYTES - sizeof(struct chunk))

/* A whole message, body in memory. */
__attribute__((unused)) static struct queue_msg *
fix_msg(struct fix *f, unsigned worker_idx, uint64_t seed, uint64_t bytes,
	unsigned rcpt_n)
{
	struct queue_msg *msg = queue_msg_new(f->q, worker_idx);
	struct chunk **at;

	must(msg != NULL);
	fix_envelope(msg, seed, bytes, rcpt_n);
	at = &msg->body;
	for (uint64_t from = 0; from < bytes; from += FIX_CHUNK_MAX) {
		uint64_t len = bytes - from;

		*at = fix_chunk(f, seed, from,
				len < FIX_CHUNK_MAX ? len : FIX_CHUNK_MAX);
		at = &(*at)->next;
	}
	return msg;
}

/* Waits on the eventfd, as a worker does. */
__attribute__((unused)) static unsigned
fix_reap(struct fix *f, unsigned worker_idx, struct queue_done *done,
	 unsigned max)
{
	uint64_t until_us = clock_now_us() + FIX_WAIT_US;
	unsigned n;

	while ((n = queue_reap(f->q, worker_idx, done, max)) == 0 &&
	       clock_now_us() < until_us) {
		struct pollfd p = { .fd = queue_wake_fd(f->q, worker_idx),
				    .events = POLLIN };

		queue_set_sleeping(f->q, worker_idx, true);
		must(poll(&p, 1, 1000) >= 0);
		queue_set_sleeping(f->q, worker_idx, false);
	}
	return n;
}

/* Submits and waits. Gives the id, or 0 when it did not become durable. */
__attribute__((unused)) static uint64_t
fix_put(struct fix *f, unsigned worker_idx, uint64_t seed, uint64_t bytes,
	unsigned rcpt_n)
{
	struct queue_msg *msg = fix_msg(f, worker_idx, seed, bytes, rcpt_n);
	struct queue_done done;
	uint64_t id = msg->id;
	int tag;

	must(queue_msg_submit(f->q, &msg, &tag) == 0);
	must(msg == NULL);
	if (fix_reap(f, worker_idx, &done, 1) != 1 || done.tag != &tag ||
	    done.id != id || done.outcome != QUEUE_DURABLE)
		return 0;
	return id;
}

__attribute__((unused)) static uint64_t
fix_seed(const struct queue_msg *msg)
{
	struct envelope_head head;
	uint64_t seed = 0;

	envelope_head_get(&msg->env, &head);
	if (head.envid.len == sizeof(seed))
		memcpy(&seed, head.envid.p, sizeof(seed));
	return seed;
}

/* The body is what its seed makes, all of it and nothing more. */
__attribute__((unused)) static bool
fix_body_is_whole(struct queue *q, const struct queue_msg *msg)
{
	struct queue_body_pos pos = { 0 };
	uint64_t seed = fix_seed(msg), at = 0;
	struct span piece;
	bool ok = true;
	int ret;

	while ((ret = queue_body_next(q, msg, &pos, &piece)) == 1)
		for (size_t i = 0; i < piece.len; i++, at++)
			ok &= piece.p[i] == fix_byte(seed, at);
	queue_body_end(q, &pos);
	return ok && ret == 0 && at == msg->body_bytes;
}

__attribute__((unused)) static void
fix_settle(struct fix *f, struct queue_msg *msg, enum queue_rcpt_result result,
	   const char *why)
{
	struct queue_rcpt_state states[8] = { 0 };

	must(msg->env.rcpt_n <= ARRAY_N(states));
	for (uint32_t i = 0; i < msg->env.rcpt_n; i++) {
		states[i].result = result;
		snprintf(states[i].why, sizeof(states[i].why), "%s", why);
	}
	queue_settle(f->q, &msg, states);
}

/* One message for a delivery thread. */
__attribute__((unused)) static struct queue_msg *
fix_take(struct fix *f)
{
	return queue_take(f->q, 0, 1, FIX_WAIT_US);
}

/* What the router does: everything as the envelope says. */
__attribute__((unused)) static struct queue_msg *
fix_take_due(struct fix *f, uint64_t wait_us)
{
	struct queue_msg *msg = queue_due_take(f->q, wait_us);

	if (msg == NULL)
		return NULL;
	queue_due_put(f->q, &msg, NULL);
	return fix_take(f);
}

/* Messages that wait for queue_take(); outcomes are posted before. */
#define FIX_READY_N(f) fix_active((f), 0)
/* Does somebody have that id, or does it wait? */
#define FIX_IS_KNOWN(f, id) fix_active((f), (id))

__attribute__((unused)) static uint32_t
fix_active(struct fix *f, uint64_t id)
{
	struct active *a = &f->q->active;
	uint32_t n;

	pthread_mutex_lock(&a->lock);
	n = id ? active_find(a, id) != NULL : a->ready_n;
	pthread_mutex_unlock(&a->lock);
	return n;
}

#define FIX_UNTIL(f, cond)                                            \
	do {                                                          \
		uint64_t fix_until_us = clock_now_us() + FIX_WAIT_US; \
		while (!(cond) && clock_now_us() < fix_until_us)      \
			usleep(1000);                                 \
		CHECK(cond);                                          \
	} while (0)

/* What is settled goes into a batch now, and not within a second. */
__attribute__((unused)) static void
fix_hurry(struct fix *f)
{
	for (uint32_t i = 0; i < f->q->shards_n; i++) {
		atomic_store(&f->q->shards[i].is_urgent, true);
		shard_wake(&f->q->shards[i]);
	}
}

#define FIX_SOON(f, cond) FIX_UNTIL(f, (fix_hurry(f), (cond)))

static inline struct queue_stats
fix_stats(struct fix *f)
{
	struct queue_stats stats;

	queue_stats_get(f->q, &stats);
	return stats;
}

/*
 * Runs fn in a process of its own that ends without closing anything, as a
 * crash does. Before this process has threads.
 */
__attribute__((unused)) static bool
fix_in_child(struct fix *f, void (*fn)(struct fix *f, void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	must(pid >= 0);
	if (pid == 0) {
		check_failed_n = 0;
		fn(f, arg);
		_exit(check_failed_n != 0);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The newest log of shard 0 that is not empty. */
__attribute__((unused)) static bool
fix_log(struct fix *f, char path[256])
{
	char dir[128], best[64] = "";
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/shard-0", f->dir);
	d = opendir(dir);
	must(d != NULL);
	while ((e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len < 5 || len >= sizeof(best) ||
		    strcmp(e->d_name + len - 4, ".log") != 0)
			continue;
		snprintf(path, 256, "%s/%.60s", dir, e->d_name);
		if (stat(path, &st) == 0 && st.st_size > 0 &&
		    strcmp(e->d_name, best) > 0)
			memcpy(best, e->d_name, len + 1);
	}
	closedir(d);
	snprintf(path, 256, "%s/%s", dir, best);
	return best[0] != '\0';
}

/* Inverts a byte of a file; offset from its end when negative. */
__attribute__((unused)) static void
fix_damage(const char *path, off_t offset)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char c;

	must(fd >= 0);
	if (offset < 0)
		offset += lseek(fd, 0, SEEK_END);
	must(pread(fd, &c, 1, offset) == 1);
	c = (unsigned char)~c;
	must(pwrite(fd, &c, 1, offset) == 1);
	close(fd);
}

#endif
