/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TLS thread: takes connections out of the workers' rings, one of each worker
 * in turn, does a step of theirs and puts them back. Sleeps when all rings are
 * empty.
 */
#include "engine/base/clock.h"
#include "tls/tls_conn.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How long a worker may be left asleep while there is more to do for it. */
#define WAKE_DELAY_US 500

/*
 * To wake a worker for each connection costs both sides a system call and a
 * switch. While others of its connections wait, a few come home together; the
 * last one that waits always wakes it.
 */
static void
come_home(struct tls_side *side, struct tls_link *link, struct tls_conn *c)
{
	uint64_t now_us = clock_now_us();

	must(ring_put(&link->to_worker, c));
	if (link->unsaid_us == 0)
		link->unsaid_us = now_us;
	if (ring_n(&link->to_thread) != 0 &&
	    now_us - link->unsaid_us < WAKE_DELAY_US)
		return;
	link->unsaid_us = 0;
	tls_side_wake(side);
}

/* One connection of each worker. Gives how many there were. */
static unsigned
round_of_all(struct tls_thread *th)
{
	struct tls *tls = th->tls;
	unsigned n = 0;

	for (unsigned w = 0; w < tls->cfg.workers_n; w++) {
		struct tls_link *link = tls_link_of(tls, th->idx, w);
		struct tls_conn *c = ring_get(&link->to_thread);

		if (c == NULL)
			continue;
		tls_step(c);
		counter_add(&th->steps, 1); /* before anybody knows of it */
		come_home(&tls->sides[w], link, c);
		n++;
	}
	return n;
}

static bool
has_work(const struct tls_thread *th)
{
	for (unsigned w = 0; w < th->tls->cfg.workers_n; w++)
		if (ring_n(&tls_link_of(th->tls, th->idx, w)->to_thread))
			return true;
	return false;
}

static void
sleep_until_woken(struct tls_thread *th)
{
	uint64_t n;

	atomic_exchange_explicit(&th->is_asleep, 1, memory_order_acq_rel);
	/* Put before the flag was seen: no sleep at all. */
	if (has_work(th) || atomic_load(&th->is_stop_wanted)) {
		if (atomic_exchange_explicit(&th->is_asleep, 0,
					     memory_order_acq_rel))
			return;
	}
	/* Who clears the flag writes once, or is about to. */
	while (read(th->wake_fd, &n, sizeof(n)) < 0)
		must(errno == EINTR);
}

/*
 * Workers are pinned to the first processors of the allowed ones: a storm of
 * handshakes must not take theirs, as long as there are others.
 */
static void
keep_off_workers(const struct tls_thread *th)
{
	cpu_set_t cpus;
	unsigned n = th->tls->cfg.workers_n;

	if (!th->tls->cfg.is_pinned ||
	    sched_getaffinity(0, sizeof(cpus), &cpus) != 0 ||
	    (unsigned)CPU_COUNT(&cpus) <= n)
		return;
	for (int cpu = 0; n > 0; cpu++)
		if (CPU_ISSET(cpu, &cpus)) {
			CPU_CLR(cpu, &cpus);
			n--;
		}
	/* It is but better so: without it everything works too. */
	(void)!pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
}

static void *
thread_main(void *arg)
{
	struct tls_thread *th = arg;

	keep_off_workers(th);
	while (!atomic_load(&th->is_stop_wanted)) {
		uint64_t begin_us = clock_now_us();
		bool has_done = false;

		while (round_of_all(th) != 0)
			has_done = true;
		if (!has_done) {
			sleep_until_woken(th);
			continue;
		}
		counter_add(&th->busy_us, clock_now_us() - begin_us);
	}
	return NULL;
}

void
tls_thread_wake(struct tls_thread *th)
{
	uint64_t one = 1;

	if (atomic_exchange_explicit(&th->is_asleep, 0, memory_order_acq_rel))
		must(write(th->wake_fd, &one, sizeof(one)) == sizeof(one));
}

int
tls_thread_start(struct tls_thread *th)
{
	char name[16];
	int ret;

	th->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (th->wake_fd < 0)
		return -errno;
	ret = pthread_create(&th->thread, NULL, thread_main, th);
	if (ret) {
		close(th->wake_fd);
		return -ret;
	}
	th->is_started = true;
	snprintf(name, sizeof(name), "tls/%u", th->idx % 1000);
	pthread_setname_np(th->thread, name);
	return 0;
}

void
tls_thread_stop(struct tls_thread *th)
{
	if (!th->is_started)
		return;
	atomic_store(&th->is_stop_wanted, true);
	tls_thread_wake(th);
	pthread_join(th->thread, NULL);
	close(th->wake_fd);
	th->is_started = false;
}
