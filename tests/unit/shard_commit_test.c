/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commit thread under several workers and delivery threads, and killed at
 * any moment: what was acknowledged is there, whole, or was settled.
 */
#include "queue/queue_int.h"
#include "tests/unit/queue_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define WORKERS_N    3
#define DELIVERERS_N 2
#define SEEDS_MAX    200000u
#define ROUNDS_N     12

enum fate { UNKNOWN, ACKED, SETTLING };

struct ledger {
	_Atomic uint32_t next_seed;
	_Atomic uint32_t acked_n, settled_n, recovered_n;
	_Atomic uint8_t fates[SEEDS_MAX];
};

struct load {
	struct fix *f;
	struct ledger *ledger;
	unsigned idx;
	uint32_t msgs_n; /* 0: until killed */
	struct chunk_pool *pool;
	_Atomic bool *is_over;
};

static uint64_t
size_of(uint64_t seed)
{
	return seed % 7 == 0 ? 100000 + seed % 50000 : seed * 37 % 9000;
}

/* Every seventh streams its first chunks. */
static bool
submit(struct load *l, uint32_t seed)
{
	struct fix f = { .q = l->f->q, .pool = l->pool };
	uint64_t size = size_of(seed);
	struct queue_msg *m;

	if (chunk_pool_is_scarce(l->pool))
		return false;
	m = fix_msg(&f, l->idx, seed, size, 1);
	while (m->body != NULL && m->body->next != NULL && seed % 7 == 0) {
		struct chunk *c = m->body, *rest = c->next;

		c->next = NULL;
		if (queue_chunk_submit(f.q, m, &c) != 0) {
			c->next = rest;
			break;
		}
		m->body = rest;
	}
	if (seed % 101 == 0 ||
	    queue_msg_submit(f.q, &m, (void *)(uintptr_t)(seed + 1)) != 0) {
		queue_msg_drop(f.q, &m);
		return false;
	}
	return true;
}

static void *
worker(void *arg)
{
	struct load *l = arg;
	unsigned on_the_way = 0;
	uint32_t n = 0;

	while (l->msgs_n == 0 || n < l->msgs_n || on_the_way > 0) {
		struct queue_done done[64];
		unsigned got;

		while (on_the_way < 40 && (l->msgs_n == 0 || n < l->msgs_n)) {
			uint32_t seed =
				atomic_fetch_add(&l->ledger->next_seed, 1);

			must(seed < SEEDS_MAX || l->msgs_n == 0);
			n++;
			if (seed < SEEDS_MAX && submit(l, seed))
				on_the_way++;
		}
		if (on_the_way == 0)
			continue;
		got = fix_reap(l->f, l->idx, done, 64);
		must(got > 0);
		for (unsigned i = 0; i < got; i++) {
			uint32_t seed = (uint32_t)(uintptr_t)done[i].tag - 1;
			uint8_t was = UNKNOWN;

			must(done[i].outcome == QUEUE_DURABLE);
			/* Delivery may have been quicker. */
			atomic_compare_exchange_strong(&l->ledger->fates[seed],
						       &was, ACKED);
			atomic_fetch_add(&l->ledger->acked_n, 1);
		}
		on_the_way -= got;
	}
	return NULL;
}

static void *
deliverer(void *arg)
{
	struct queue_rcpt_state sent = { .result = QUEUE_RCPT_SENT };
	struct load *l = arg;

	while (!atomic_load(l->is_over)) {
		struct queue_msg *m = queue_take(l->f->q, l->idx, 50, 20000);

		while (m != NULL) {
			struct queue_msg *next = m->next;
			uint64_t seed = fix_seed(m);

			must(seed < SEEDS_MAX);
			must(fix_body_is_whole(l->f->q, m));
			atomic_store(&l->ledger->fates[seed], SETTLING);
			atomic_fetch_add(&l->ledger->settled_n, 1);
			queue_settle(l->f->q, &m, &sent);
			m = next;
		}
	}
	return NULL;
}

static void
run(struct fix *f, struct ledger *ledger, uint32_t msgs_n)
{
	static _Atomic bool is_over;
	struct load loads[WORKERS_N + DELIVERERS_N];
	pthread_t threads[WORKERS_N + DELIVERERS_N];

	atomic_store(&is_over, false);
	for (unsigned i = 0; i < ARRAY_N(loads); i++) {
		bool is_worker = i < WORKERS_N;

		loads[i] = (struct load) { .f = f,
					   .ledger = ledger,
					   .idx = is_worker ? i : i - WORKERS_N,
					   .msgs_n = msgs_n,
					   .is_over = &is_over };
		if (is_worker)
			loads[i].pool = chunk_pool_open(32u << 20);
		must(pthread_create(&threads[i], NULL,
				    is_worker ? worker : deliverer,
				    &loads[i]) == 0);
	}
	for (unsigned i = 0; i < WORKERS_N; i++)
		pthread_join(threads[i], NULL);
	FIX_UNTIL(f, atomic_load(&ledger->settled_n) ==
			     atomic_load(&ledger->acked_n));
	atomic_store(&is_over, true);
	for (unsigned i = WORKERS_N; i < ARRAY_N(loads); i++)
		pthread_join(threads[i], NULL);
	fix_close(f);
	for (unsigned i = 0; i < WORKERS_N; i++)
		chunk_pool_close(&loads[i].pool);
}

static struct ledger *
ledger_new(void)
{
	struct ledger *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(l != MAP_FAILED);
	return l;
}

static void
configure(struct fix *f, unsigned shards_n)
{
	fix_init(f);
	f->cfg.workers_n = WORKERS_N;
	f->cfg.deliverers_n = DELIVERERS_N;
	f->cfg.shards_n = shards_n;
}

static void
test_threads(unsigned shards_n, uint64_t memory_bytes_max)
{
	struct ledger *ledger = ledger_new();
	struct queue_stats stats;
	struct fix f;

	configure(&f, shards_n);
	f.cfg.memory_bytes_max = memory_bytes_max;
	CHECK(fix_open(&f));
	run(&f, ledger, 1500);
	CHECK(atomic_load(&ledger->acked_n) > 4000);
	CHECK(fix_open(&f));
	stats = fix_stats(&f);
	CHECK(stats.active_n == 0 && stats.deferred_n == 0);
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
	munmap(ledger, sizeof(*ledger));
}

static void
until_killed(struct fix *f, void *arg)
{
	must(fix_open(f));
	run(f, arg, 0);
}

/* Everything acknowledged and not settled is there. */
static void
verify(struct fix *f, void *arg)
{
	struct ledger *ledger = arg;
	uint32_t lost_n = 0;
	struct queue_msg *m;
	uint64_t last_id = 0;

	CHECK(fix_open(f));
	while ((m = fix_take_due(f, 0)) != NULL) {
		uint64_t seed = fix_seed(m);

		CHECK(fix_body_is_whole(f->q, m));
		CHECK(m->is_recovered && m->id != last_id);
		last_id = m->id;
		/* Unacknowledged ones may be there as well. */
		atomic_store(&ledger->fates[seed], SETTLING);
		fix_settle(f, m, QUEUE_RCPT_SENT, "");
		atomic_fetch_add(&ledger->recovered_n, 1);
	}
	for (uint32_t i = 0; i < SEEDS_MAX; i++)
		lost_n += atomic_load(&ledger->fates[i]) == ACKED;
	CHECK(lost_n == 0);
	fix_close(f);
}

static void
test_kill(void)
{
	struct ledger *ledger = ledger_new();
	struct fix f;

	configure(&f, 2);
	srandom((unsigned)clock_wall_us());
	for (uint32_t round = 0; round < ROUNDS_N; round++) {
		uint32_t wanted, acked_n = atomic_load(&ledger->acked_n);
		uint64_t until_us = clock_now_us() + FIX_WAIT_US;
		pid_t pid = fork();
		int status;

		must(pid >= 0);
		if (pid == 0) {
			until_killed(&f, ledger);
			_exit(0);
		}
		/* After so many acknowledgements, and a moment more. */
		wanted = acked_n + (uint32_t)random() % 600;
		while (atomic_load(&ledger->acked_n) <= wanted &&
		       clock_now_us() < until_us)
			usleep(200);
		usleep((useconds_t)random() % 3000);
		kill(pid, SIGKILL);
		must(waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status));
		CHECK(fix_in_child(&f, verify, ledger));
	}
	/* Killed while something was under way, or this shows nothing. */
	CHECK(atomic_load(&ledger->recovered_n) > 0);
	munmap(ledger, sizeof(*ledger));
	fix_fini(&f);
}

/* One step of the commit thread through its sleep. */
static void
wake_once(struct fix *f, struct shard *sh)
{
	shard_wake(sh);
	FIX_UNTIL(f, atomic_load(&sh->futex) == 0);
}

/* A shard that is only emptied leaves the workers of the others alone. */
static void
test_former(void)
{
	struct fix f;

	configure(&f, 3);
	CHECK(fix_open(&f));
	fix_close(&f);
	f.cfg.shards_n = 1;
	CHECK(fix_open(&f));
	shard_stop(&f.q->shards[0]);
	for (unsigned i = 0; i < WORKERS_N; i++)
		atomic_store(&f.q->ports[i].is_commit_asleep, 1);
	for (unsigned i = 1; i < 3; i++) {
		/* The second step begins when the first is over. */
		wake_once(&f, &f.q->shards[i]);
		wake_once(&f, &f.q->shards[i]);
	}
	for (unsigned i = 0; i < WORKERS_N; i++)
		CHECK(atomic_load(&f.q->ports[i].is_commit_asleep) == 1);
	fix_fini(&f);
}

int
main(void)
{
	test_kill();
	test_threads(1, 64u << 20);
	test_threads(2, 1u << 20);
	test_former();
	return check_end();
}
