/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_dpdk_guard.h: memif's driver unmaps what it shares with a peer as soon
 * as that one goes, on a thread of EAL's, while a worker may be in the middle
 * of a burst (DPDK 22.11: the process ends by SIGSEGV). Here munmap() waits
 * until no worker is in a burst: memif has said before that it is not connected
 * any more, so that the next burst does not look. The worker's part costs two
 * stores. Private to dataplane/port_dpdk*.c.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_DPDK_GUARD_H
#define PENSTOCK_DATAPLANE_PORT_DPDK_GUARD_H

#include "engine/base/must.h"

#include <stdatomic.h>
#include <stdint.h>

#define GUARD_SLOTS_MAX 64u

/* One worker's: nobody else writes it. */
struct guard_slot {
	CACHE_ALIGNED _Atomic uintptr_t busy; /* who is in a burst, or 0 */
};

/*
 * Takes a slot for good, or NULL: none left, or the kernel has no membarrier(2)
 * (then a peer that goes may take this process with it). Any thread.
 */
struct guard_slot *dpdk_guard_get(void);
void dpdk_guard_put(struct guard_slot **slot);

/*
 * Until every burst of a guarded queue that began before is over; those that
 * begin later see what was written before. Any thread.
 */
void dpdk_guard_wait(void);

/* A number for the calling thread. */
static inline uintptr_t
dpdk_guard_self(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

/* Around a burst, by the slot's thread. NULL: not guarded. */
static inline void
dpdk_guard_enter(struct guard_slot *slot)
{
	if (slot == NULL)
		return;
	atomic_store_explicit(&slot->busy, dpdk_guard_self(),
			      memory_order_relaxed);
	/* For the compiler; the processor's fence is munmap()'s membarrier. */
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void
dpdk_guard_leave(struct guard_slot *slot)
{
	if (slot != NULL)
		atomic_store_explicit(&slot->busy, 0, memory_order_release);
}

#endif
