/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * munmap() waits for whoever is in a burst, and only then. Memory that a burst
 * reads all the time is taken away again and again: nobody may be hurt.
 */
#include "dataplane/port_dpdk_guard.h"
#include "engine/base/clock.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

enum { ROUNDS = 2000, BYTES = 4096 };

struct reader {
	struct guard_slot *slot;
	_Atomic(volatile uint8_t *) shared; /* NULL: not connected */
	_Atomic bool is_ending;
	_Atomic uint64_t reads_n;
};

static void *
read_all(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(&r->is_ending)) {
		volatile uint8_t *p;

		dpdk_guard_enter(r->slot);
		p = atomic_load_explicit(&r->shared, memory_order_acquire);
		if (p != NULL)
			for (unsigned i = 0; i < BYTES; i += 64)
				(void)p[i];
		dpdk_guard_leave(r->slot);
		if (p != NULL)
			atomic_fetch_add(&r->reads_n, 1);
	}
	return NULL;
}

static void
test_race(void)
{
	struct reader r = { .slot = dpdk_guard_get() };
	pthread_t thread;
	uint64_t before;

	CHECK_ROW("taken away while it is read");
	must(r.slot != NULL);
	must(pthread_create(&thread, NULL, read_all, &r) == 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		void *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(p != MAP_FAILED);
		before = atomic_load(&r.reads_n);
		atomic_store(&r.shared, p);
		while (i % 100 == 0 && atomic_load(&r.reads_n) == before)
			sched_yield();
		atomic_store_explicit(&r.shared, NULL, memory_order_relaxed);
		CHECK(munmap(p, BYTES) == 0);
	}
	atomic_store(&r.is_ending, true);
	pthread_join(thread, NULL);
	CHECK(atomic_load(&r.reads_n) >= ROUNDS / 100);
	dpdk_guard_put(&r.slot);
	CHECK(r.slot == NULL);
}

static void
test_slots(void)
{
	struct guard_slot *slots[GUARD_SLOTS_MAX], *more;
	void *p;

	CHECK_ROW("slots");
	for (unsigned i = 0; i < GUARD_SLOTS_MAX; i++)
		CHECK((slots[i] = dpdk_guard_get()) != NULL);
	CHECK(dpdk_guard_get() == NULL);
	dpdk_guard_put(&slots[7]);
	more = dpdk_guard_get();
	CHECK(more != NULL);
	dpdk_guard_put(&more);
	for (unsigned i = 0; i < GUARD_SLOTS_MAX; i++)
		dpdk_guard_put(&slots[i]);

	CHECK_ROW("who unmaps in a burst of its own does not wait for itself");
	slots[0] = dpdk_guard_get();
	dpdk_guard_enter(slots[0]);
	p = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED && munmap(p, BYTES) == 0);
	dpdk_guard_leave(slots[0]);
	dpdk_guard_put(&slots[0]);
	dpdk_guard_enter(NULL);
	dpdk_guard_leave(NULL);
}

int
main(void)
{
	test_race();
	test_slots();
	return check_end();
}
