/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping until a frame comes. With the device's interrupt where it has one;
 * else in short naps, with a look at the device after each: what is found is
 * kept for the next dpdk_rx(), so that no frame waits longer than a nap.
 */
#include "dataplane/port_dpdk_int.h"
#include "engine/base/clock.h"

#include <poll.h>
#include <pthread.h>
#include <rte_interrupts.h>
#include <rte_lcore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A frame is to be seen within 100 us; waking up takes a part of that. */
#define NAP_US 40u

/* The tap driver is told of frames by a real-time signal, and the kernel sends
 * SIGIO in its place when too many of these wait. */
static void
signals_allow(void)
{
	struct sigaction old, ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (sigaction(SIGIO, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGIO, &ignore, NULL);
}

void
dpdk_queue_begin(struct dpdk_queue *q)
{
	q->is_begun = true;
	/* A number among EAL's threads brings a cache before each pool. None
	 * left: slower, not wrong. */
	if (rte_lcore_id() == LCORE_ID_ANY)
		(void)rte_thread_register();
	prctl(PR_SET_TIMERSLACK, 1UL);
	if (q->port->is_tap)
		signals_allow();
}

void
dpdk_sleep_init(struct dpdk_queue *q)
{
	q->epoll_fd = -1;
	if (!q->port->has_intr || !q->has_rx)
		return;
	q->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (q->epoll_fd < 0)
		return;
	if (rte_eth_dev_rx_intr_ctl_q(q->port_id, q->dev_queue, q->epoll_fd,
				      RTE_INTR_EVENT_ADD, NULL) == 0)
		return;
	close(q->epoll_fd);
	q->epoll_fd = -1;
}

void
dpdk_sleep_fini(struct dpdk_queue *q)
{
	if (q->epoll_fd < 0)
		return;
	(void)rte_eth_dev_rx_intr_ctl_q(q->port_id, q->dev_queue, q->epoll_fd,
					RTE_INTR_EVENT_DEL, NULL);
	close(q->epoll_fd);
	q->epoll_fd = -1;
}

/* Whether a frame is there for this queue. */
static bool
look(struct dpdk_queue *q)
{
	if (UNLIKELY(!q->is_begun))
		dpdk_queue_begin(q);
	if (q->early_n == 0)
		q->early_n = dpdk_rx_pull(q, q->early, PORT_BURST_MAX);
	return q->early_n > 0;
}

/* True: woken by one of the two. */
static bool
nap(struct dpdk_queue *q, bool has_intr, int wake_fd, uint64_t us)
{
	struct pollfd fds[] = { { .fd = has_intr ? q->epoll_fd : -1,
				  .events = POLLIN },
				{ .fd = wake_fd, .events = POLLIN } };
	struct timespec ts = { .tv_sec = (time_t)(us / 1000000),
			       .tv_nsec = (long)(us % 1000000) * 1000 };

	return ppoll(fds, ARRAY_N(fds), &ts, NULL) > 0 && fds[1].revents;
}

static bool
intr_enable(struct dpdk_queue *q)
{
	int error;

	if (q->epoll_fd < 0)
		return false;
	error = rte_eth_dev_rx_intr_enable(q->port_id, q->dev_queue);
	/* A tap's descriptor is readable while there are frames: nothing to be
	 * switched on. */
	return error == 0 || (error == -ENOTSUP && q->port->is_tap);
}

static void
intr_disable(struct dpdk_queue *q)
{
	struct rte_epoll_event event;

	(void)rte_eth_dev_rx_intr_disable(q->port_id, q->dev_queue);
	(void)rte_epoll_wait(q->epoll_fd, &event, 1, 0);
}

void
dpdk_sleep(struct port_queue *base, int wake_fd, uint64_t timeout_us)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;
	uint64_t until_us = clock_now_us() + timeout_us, now_us;
	bool has_intr;

	if (timeout_us == 0)
		return;
	has_intr = intr_enable(q);
	/* Nothing that came before the interrupt was on is slept over. */
	while (!look(q)) {
		uint64_t us;

		now_us = clock_now_us();
		if (now_us >= until_us)
			break;
		us = until_us - now_us;
		if ((!has_intr || q->wait_n) && us > NAP_US)
			us = NAP_US;
		if (nap(q, has_intr, wake_fd, us))
			break;
		dpdk_tx_flush(base);
	}
	if (has_intr)
		intr_disable(q);
}
