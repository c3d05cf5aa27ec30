/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * munmap() in front of libc's: for the whole process, since a driver that is
 * loaded at run time can be reached in no other way. State of the process, as
 * the function is. Without slots in use it is libc's, and nothing else.
 */
#include "dataplane/port_dpdk_guard.h"

#include <dlfcn.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock; /* of is_used */
	bool is_used[GUARD_SLOTS_MAX];
	_Atomic uint32_t used_n;
	struct guard_slot slots[GUARD_SLOTS_MAX];
} guard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
membarrier_init(void)
{
	return syscall(SYS_membarrier,
		       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

struct guard_slot *
dpdk_guard_get(void)
{
	struct guard_slot *slot = NULL;

	if (!membarrier_init())
		return NULL;
	pthread_mutex_lock(&guard.lock);
	for (unsigned i = 0; slot == NULL && i < GUARD_SLOTS_MAX; i++)
		if (!guard.is_used[i]) {
			guard.is_used[i] = true;
			slot = &guard.slots[i];
			atomic_store(&slot->busy, 0);
			atomic_fetch_add(&guard.used_n, 1);
		}
	pthread_mutex_unlock(&guard.lock);
	return slot;
}

void
dpdk_guard_put(struct guard_slot **slot)
{
	if (*slot == NULL)
		return;
	pthread_mutex_lock(&guard.lock);
	guard.is_used[*slot - guard.slots] = false;
	atomic_fetch_sub(&guard.used_n, 1);
	pthread_mutex_unlock(&guard.lock);
	*slot = NULL;
}

/*
 * A burst ends by itself, it waits for nobody. The barrier makes every burst
 * that began before it visible here, and what was written before it visible to
 * every burst that begins after it.
 */
void
dpdk_guard_wait(void)
{
	uintptr_t self = dpdk_guard_self(), busy;

	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	for (unsigned i = 0; i < GUARD_SLOTS_MAX; i++)
		while ((busy = atomic_load_explicit(&guard.slots[i].busy,
						    memory_order_acquire)) &&
		       busy != self)
			sched_yield();
}

int
munmap(void *addr, size_t bytes)
{
	int (*next)(void *, size_t);

	if (UNLIKELY(atomic_load(&guard.used_n)))
		dpdk_guard_wait();
	/* Of a sanitizer's, if there is one. */
	next = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
	if (next != NULL)
		return next(addr, bytes);
	return (int)syscall(SYS_munmap, addr, bytes);
}
