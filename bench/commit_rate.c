/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit_rate DIR OUTSTANDING SECONDS SIZE [JOURNAL-MIB]: the queue alone, as
 * one worker and one delivery thread use it: so many messages are always on
 * their way, each is settled as soon as it is durable. Prints messages/s, the
 * log's MB/s, the bytes of one sync (what fio must be given to compare) and
 * processor time.
 */
#include "engine/base/clock.h"
#include "queue/queue.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>

static struct queue *the_queue;
static _Atomic bool is_over;

static void *
deliver(void *arg)
{
	struct queue_rcpt_state sent = { .result = QUEUE_RCPT_SENT };

	while (!atomic_load(&is_over)) {
		struct queue_msg *m = queue_take(the_queue, 0, 1024, 100000);

		while (m != NULL) {
			struct queue_msg *next = m->next;

			queue_settle(the_queue, &m, &sent);
			m = next;
		}
	}
	return NULL;
}

static void
submit(struct chunk_pool *pool, uint64_t size)
{
	struct queue_msg *m = queue_msg_new(the_queue, 0);
	struct envelope_head head = { .arrival_us = clock_wall_us(),
				      .sender = SPAN("sender@example.test"),
				      .helo = SPAN("client.example.test"),
				      .client_name = SPAN("unknown") };
	struct envelope_rcpt rcpt = {
		.orig = SPAN("user@example.test"),
		.rcpt = SPAN("user@example.test"),
		.dest = SPAN("/var/mail/vhosts/example.test/user/"),
	};

	must(m != NULL);
	head.queue_id = m->id;
	must(envelope_begin(&m->env, &head) == 0);
	must(envelope_rcpt_add(&m->env, &rcpt) == 0);
	envelope_seal(&m->env, size);
	m->body_bytes = size;
	for (struct chunk **at = &m->body; size > 0; at = &(*at)->next) {
		struct chunk *c = chunk_get(pool, size > 8000 ? CHUNK_LARGE
							      : CHUNK_SMALL);

		must(c != NULL);
		c->len = (uint32_t)(size < c->room ? size : c->room);
		size -= c->len;
		*at = c;
	}
	must(queue_msg_submit(the_queue, &m, NULL) == 0);
}

static unsigned
reap(struct queue_done *done, unsigned max)
{
	struct pollfd p = { .fd = queue_wake_fd(the_queue, 0),
			    .events = POLLIN };
	unsigned n;

	while ((n = queue_reap(the_queue, 0, done, max)) == 0) {
		queue_set_sleeping(the_queue, 0, true);
		must(poll(&p, 1, 1000) >= 0);
		queue_set_sleeping(the_queue, 0, false);
	}
	return n;
}

static uint64_t
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US_PER_SEC +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void
report(uint64_t us, uint64_t cpu, uint64_t n)
{
	struct queue_stats s;
	double log_bytes;

	queue_stats_get(the_queue, &s);
	log_bytes = (double)s.written_bytes;
	printf("%.0f msgs/s, %.1f MB/s, %.0f bytes and %.1f messages a sync, "
	       "%.1f us a commit, %.1f us of processor a message\n",
	       (double)n * 1e6 / (double)us, log_bytes / (double)us,
	       log_bytes / (double)s.commits_n,
	       (double)s.committed_msgs_n / (double)s.commits_n,
	       (double)s.commit_us_sum / (double)s.commits_n,
	       (double)cpu / (double)n);
}

int
main(int argc, char **argv)
{
	struct queue_cfg cfg = { .shards_n = 1,
				 .workers_n = 1,
				 .deliverers_n = 1,
				 .inflight_bytes_max = 256u << 20,
				 .memory_bytes_max = 256u << 20,
				 .memtable_bytes = 64u << 20 };
	unsigned outstanding;
	uint64_t from_us, until_us, cpu, n = 0, size;
	struct queue_done done[1024];
	struct chunk_pool *pool = chunk_pool_open(512u << 20);
	struct diag diag;
	pthread_t thread;

	if (argc < 5) {
		fprintf(stderr, "usage: commit_rate DIR OUTSTANDING SECONDS "
				"SIZE [JOURNAL-MIB]\n");
		return EX_USAGE;
	}
	cfg.dir = argv[1];
	outstanding = (unsigned)atoi(argv[2]);
	size = (uint64_t)atoll(argv[4]);
	cfg.journal_bytes_max = (argc > 5 ? (uint64_t)atoll(argv[5]) : 128)
				<< 20;
	diag_init(&diag);
	the_queue = queue_open(&cfg, &diag);
	if (the_queue == NULL) {
		diag_print(&diag, DIAG_ERROR);
		return diag.exit_code;
	}
	must(pthread_create(&thread, NULL, deliver, NULL) == 0);
	cpu = cpu_us();
	from_us = clock_now_us();
	until_us = from_us + (uint64_t)atoll(argv[3]) * US_PER_SEC;
	for (unsigned i = 0; i < outstanding; i++)
		submit(pool, size);
	while (clock_now_us() < until_us) {
		unsigned got = reap(done, ARRAY_N(done));

		for (unsigned i = 0; i < got; i++) {
			must(done[i].outcome == QUEUE_DURABLE);
			submit(pool, size);
		}
		n += got;
	}
	report(clock_now_us() - from_us, cpu_us() - cpu, n);
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	queue_close(&the_queue);
	diag_fini(&diag);
	return EX_OK;
}
