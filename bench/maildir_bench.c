/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir_bench: delivery, from a queue full of durable messages into
 * maildirs, beside a bare loop with as many threads that only creates, writes
 * and renames, without any flush; and beside the same loop with a flush for as
 * many files as a batch has, which is what the disk allows. In turn, each time
 * into fresh maildirs, and nothing is removed: an ext4 that has just lost many
 * files is slow. Medians on stdout as JSON, each round on stderr.
 */
#include "deliver/deliver.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "queue/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 100
#define NOBODY	   65534 /* root never delivers */
#define HEAD                                      \
	"Return-Path: <sender@example.org>\n"     \
	"X-Original-To: user@bench.example.org\n" \
	"Delivered-To: user@bench.example.org\n"

struct options {
	const char *dir;
	unsigned threads_n, messages_n, boxes_n, bytes, rounds_n, batch_n;
};

struct figure {
	double per_s, cpu_us; /* CPU time of this process a message */
};

static void
fail(const char *what, int err)
{
	fprintf(stderr, "maildir_bench: %s: %s\n", what, strerror(err));
	exit(EX_OSERR);
}

static double
cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * US_PER_SEC +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void
make_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		fail(path, errno);
}

static void
make_boxes(const struct options *o, const char *root)
{
	static const char *const subs[] = { "", "/tmp", "/new", "/cur" };
	char path[4096];

	make_dir(root);
	for (unsigned i = 0; i < o->boxes_n; i++)
		for (size_t j = 0; j < ARRAY_N(subs); j++) {
			snprintf(path, sizeof(path), "%s/user%05u%s", root, i,
				 subs[j]);
			make_dir(path);
		}
}

/* --- the bare loop --- */

struct bare {
	const struct options *o;
	const char *root;
	const char *body;
	unsigned idx;
	bool is_flushed; /* after each batch, and in the end */
	pthread_t thread;
};

static void
put_bare(const struct bare *b, unsigned i)
{
	struct iovec parts[] = { { (char[]) { HEAD }, sizeof(HEAD) - 1 },
				 { (char *)(uintptr_t)b->body, b->o->bytes } };
	unsigned box = i % b->o->boxes_n;
	char tmp[4096], new[4096];
	int fd;

	snprintf(tmp, sizeof(tmp), "%s/user%05u/tmp/1795410252.Q%016XR0.mx",
		 b->root, box, i);
	snprintf(new, sizeof(new), "%s/user%05u/new/1795410252.Q%016XR0.mx",
		 b->root, box, i);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(tmp, errno);
	if (writev(fd, parts, 2) != (ssize_t)(sizeof(HEAD) - 1 + b->o->bytes))
		fail(tmp, errno);
	if (close(fd) || rename(tmp, new))
		fail(new, errno);
}

static void *
run_bare(void *arg)
{
	const struct bare *b = arg;
	int fd = open(b->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned n = 0;

	if (fd < 0)
		fail(b->root, errno);
	for (unsigned i = b->idx; i < b->o->messages_n; i += b->o->threads_n) {
		put_bare(b, i);
		if (b->is_flushed && ++n % b->o->batch_n == 0 && syncfs(fd))
			fail(b->root, errno);
	}
	if (b->is_flushed && syncfs(fd))
		fail(b->root, errno);
	close(fd);
	return NULL;
}

static struct figure
measure_bare(const struct options *o, const char *root, const char *body,
	     bool is_flushed)
{
	struct bare *all = must_alloc(o->threads_n * sizeof(*all));
	double from_cpu_us;
	uint64_t from_us;
	struct figure f;

	make_boxes(o, root);
	sync();
	from_us = clock_now_us();
	from_cpu_us = cpu_us();
	for (unsigned i = 0; i < o->threads_n; i++) {
		all[i] = (struct bare) { .o = o,
					 .root = root,
					 .body = body,
					 .idx = i,
					 .is_flushed = is_flushed };
		must(pthread_create(&all[i].thread, NULL, run_bare, &all[i]) ==
		     0);
	}
	for (unsigned i = 0; i < o->threads_n; i++)
		pthread_join(all[i].thread, NULL);
	f.per_s = o->messages_n * (double)US_PER_SEC /
		  (double)(clock_now_us() - from_us);
	f.cpu_us = (cpu_us() - from_cpu_us) / o->messages_n;
	free(all);
	return f;
}

/* --- delivery --- */

static struct queue *
open_queue(const struct options *o, const char *dir)
{
	const uint64_t bytes = (uint64_t)o->messages_n * (o->bytes + 16384);
	const struct queue_cfg cfg = {
		.dir = dir,
		.shards_n = 1,
		.workers_n = 1,
		.deliverers_n = o->threads_n,
		.inflight_bytes_max = bytes,
		.memory_bytes_max = bytes,
		.backoff_min_us = 300 * US_PER_SEC,
		.backoff_max_us = 4000 * US_PER_SEC,
		.lifetime_us = 432000 * US_PER_SEC,
		.memtable_bytes = 64u << 20,
	};
	struct diag diag;
	struct queue *q;

	diag_init(&diag);
	q = queue_open(&cfg, &diag);
	diag_print(&diag, DIAG_WARNING);
	if (q == NULL)
		exit(diag.exit_code);
	diag_fini(&diag);
	return q;
}

static void
fill_envelope(const struct options *o, const char *root, unsigned i,
	      struct queue_msg *msg)
{
	const struct envelope_head head = {
		.queue_id = msg->id,
		.arrival_us = clock_wall_us(),
		.sender = SPAN("sender@example.org"),
	};
	char dest[4096];
	struct envelope_rcpt rcpt = {
		.orig = SPAN("user@bench.example.org"),
		.rcpt = SPAN("user@bench.example.org"),
		.uid = geteuid(),
		.gid = getegid(),
	};

	snprintf(dest, sizeof(dest), "%s/user%05u/", root, i % o->boxes_n);
	rcpt.dest = span_of(dest);
	must(envelope_begin(&msg->env, &head) == 0);
	must(envelope_rcpt_add(&msg->env, &rcpt) == 0);
	envelope_seal(&msg->env, o->bytes);
}

static struct queue_msg *
new_message(const struct options *o, struct queue *q, struct chunk_pool *pool,
	    const char *root, const char *body, unsigned i)
{
	struct queue_msg *msg = queue_msg_new(q, 0);
	struct chunk **last;

	must(msg != NULL);
	last = &msg->body;
	for (unsigned done = 0; done < o->bytes;) {
		struct chunk *c =
			chunk_get(pool, done ? CHUNK_LARGE : CHUNK_SMALL);
		unsigned left = o->bytes - done;

		must(c != NULL);
		c->len = left < c->room ? left : c->room;
		memcpy(c->data, body + done, c->len);
		done += c->len;
		*last = c;
		last = &c->next;
	}
	msg->body_bytes = o->bytes;
	fill_envelope(o, root, i, msg);
	return msg;
}

static void
nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 1000 * 1000 }, NULL);
}

/* How many have become durable since. */
static unsigned
reap(struct queue *q)
{
	struct queue_done done[256];
	unsigned n = queue_reap(q, 0, done, ARRAY_N(done));

	for (unsigned i = 0; i < n; i++)
		must(done[i].outcome == QUEUE_DURABLE);
	if (n == 0)
		nap();
	return n;
}

/* Until all are durable: none of that is measured. */
static void
fill(const struct options *o, struct queue *q, struct chunk_pool *pool,
     const char *root, const char *body)
{
	unsigned durable_n = 0;

	for (unsigned i = 0; i < o->messages_n; i++) {
		struct queue_msg *msg = new_message(o, q, pool, root, body, i);

		while (queue_msg_submit(q, &msg, NULL))
			durable_n += reap(q);
	}
	while (durable_n < o->messages_n)
		durable_n += reap(q);
}

static struct deliver *
open_deliver(const struct options *o, struct queue *q)
{
	const struct deliver_cfg cfg = {
		.myhostname = "mx",
		.threads_n = o->threads_n,
		.batch_msgs_max = o->batch_n,
		.batch_files_max = o->batch_n * 4,
		.minimum_uid = 1,
	};
	struct diag diag;
	struct deliver *d;

	diag_init(&diag);
	d = deliver_open(q, &cfg, &diag);
	diag_print(&diag, DIAG_WARNING);
	if (d == NULL)
		exit(diag.exit_code);
	diag_fini(&diag);
	return d;
}

static struct figure
measure_delivery(const struct options *o, const char *root,
		 const char *queue_dir, const char *body)
{
	struct queue *q = open_queue(o, queue_dir);
	struct chunk_pool *pool = chunk_pool_open(
		(uint64_t)o->messages_n * (o->bytes + CHUNK_LARGE_BYTES));
	struct deliver_stats stats;
	double from_cpu_us;
	uint64_t from_us;
	struct deliver *d;
	struct figure f;

	must(pool != NULL);
	make_boxes(o, root);
	fill(o, q, pool, root, body);
	sync();
	from_us = clock_now_us();
	from_cpu_us = cpu_us();
	d = open_deliver(o, q);
	for (;;) {
		deliver_stats_get(d, &stats);
		if (stats.delivered_n + stats.deferred_n + stats.failed_n ==
		    o->messages_n)
			break;
		nap();
	}
	f.per_s = o->messages_n * (double)US_PER_SEC /
		  (double)(clock_now_us() - from_us);
	f.cpu_us = (cpu_us() - from_cpu_us) / o->messages_n;
	deliver_close(&d);
	queue_close(&q);
	chunk_pool_close(&pool);
	if (stats.delivered_n != o->messages_n) {
		fprintf(stderr, "maildir_bench: %s: only %llu delivered\n",
			root, (unsigned long long)stats.delivered_n);
		exit(EX_SOFTWARE);
	}
	fprintf(stderr, "         %llu batches, %llu flushes of %.1f ms\n",
		(unsigned long long)stats.batches_n,
		(unsigned long long)stats.flushes_n,
		(double)stats.flush_us_sum / 1000 / (double)stats.flushes_n);
	return f;
}

/* --- rounds --- */

/* The log is part of the work: two lines a message, into a file. */
static void
open_log(const struct options *o)
{
	char file[4096];
	const struct log_cfg cfg = {
		.file = file,
		.syslog_name = "penstock",
		.syslog_facility = "mail",
		.myhostname = "mx",
	};
	struct diag diag;

	snprintf(file, sizeof(file), "%s/log", o->dir);
	diag_init(&diag);
	if (log_open(&cfg, &diag)) {
		diag_print(&diag, DIAG_WARNING);
		exit(diag.exit_code);
	}
	diag_fini(&diag);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

enum way { WAY_BARE, WAY_FLUSHED, WAY_DELIVERY, WAY_N };

static const char *const way_names[WAY_N] = { "bare", "flushed", "delivery" };

static struct figure
measure(const struct options *o, enum way way, unsigned round, const char *body)
{
	char root[2048], queue_dir[2048];
	struct figure f;

	snprintf(root, sizeof(root), "%s/%s%u", o->dir, way_names[way], round);
	snprintf(queue_dir, sizeof(queue_dir), "%s/queue%u", o->dir, round);
	f = way == WAY_DELIVERY
		    ? measure_delivery(o, root, queue_dir, body)
		    : measure_bare(o, root, body, way == WAY_FLUSHED);
	fprintf(stderr, "%-8s %8.0f/s %6.1f us of CPU\n", way_names[way],
		f.per_s, f.cpu_us);
	return f;
}

static void
run(const struct options *o)
{
	double per_s[WAY_N][ROUNDS_MAX], cpu[WAY_N][ROUNDS_MAX];
	char *body = must_alloc(o->bytes + 1);
	double all[WAY_N];
	int len;

	len = snprintf(body, o->bytes + 1, "Subject: bench\n\n");
	for (unsigned i = (unsigned)len; i < o->bytes; i++)
		body[i] = i % 70 ? 'x' : '\n';
	for (unsigned i = 0; i < o->rounds_n; i++)
		for (enum way way = WAY_BARE; way < WAY_N; way++) {
			struct figure f = measure(o, way, i, body);

			per_s[way][i] = f.per_s;
			cpu[way][i] = f.cpu_us;
		}
	printf("{\"rounds\": %u", o->rounds_n);
	for (enum way way = WAY_BARE; way < WAY_N; way++) {
		all[way] = median(per_s[way], o->rounds_n);
		printf(", \"%s_per_s\": %.0f, \"%s_cpu_us\": %.1f",
		       way_names[way], all[way], way_names[way],
		       median(cpu[way], o->rounds_n));
	}
	printf(", \"ratio\": %.2f, \"ratio_flushed\": %.2f}\n",
	       all[WAY_DELIVERY] / all[WAY_BARE],
	       all[WAY_DELIVERY] / all[WAY_FLUSHED]);
	free(body);
}

static const char usage[] =
	"usage: maildir_bench [OPTION]... FOLDER\n"
	"FOLDER is made; it must not be there yet.\n"
	"  --threads N    delivery threads, and those of the bare loop (4)\n"
	"  --messages N   a round (20000)\n"
	"  --mailboxes N  (100)\n"
	"  --size BYTES   of a message (4096)\n"
	"  --rounds N     of each, in turn (5)\n"
	"  --batch N      messages a batch, at most (1024)\n";

static bool
parse_number(const char *text, unsigned *out)
{
	uint64_t n;

	if (!span_to_u64(span_of(text), &n) || n == 0 || n > 10000000)
		return false;
	*out = (unsigned)n;
	return true;
}

static bool
parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "messages", required_argument, NULL, 'm' },
		{ "mailboxes", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "batch", required_argument, NULL, 'n' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		unsigned *out = c == 't'   ? &o->threads_n
				: c == 'm' ? &o->messages_n
				: c == 'b' ? &o->boxes_n
				: c == 's' ? &o->bytes
				: c == 'r' ? &o->rounds_n
				: c == 'n' ? &o->batch_n
					   : NULL;

		if (out == NULL || !parse_number(optarg, out))
			return false;
	}
	o->dir = argv[optind];
	return optind == argc - 1 && o->rounds_n <= ROUNDS_MAX;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.threads_n = 4,
		.messages_n = 20000,
		.boxes_n = 100,
		.bytes = 4096,
		.rounds_n = 5,
		.batch_n = 1024,
	};

	if (!parse(argc, argv, &o)) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	if (mkdir(o.dir, 0700))
		fail(o.dir, errno);
	if (geteuid() == 0 &&
	    (chown(o.dir, NOBODY, NOBODY) || setgroups(0, NULL) ||
	     setresgid(NOBODY, NOBODY, NOBODY) ||
	     setresuid(NOBODY, NOBODY, NOBODY)))
		fail("cannot become nobody", errno);
	open_log(&o);
	run(&o);
	log_close();
	return EX_OK;
}
