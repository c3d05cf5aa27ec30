/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping until a frame comes. With the device's interrupt, or its socket;
 * else in short naps, with a look at the device after each: what is found is
 * kept for the next dpdk_rx(), so that no frame waits longer than a nap.
 */
#include "dataplane/port_dpdk_int.h"
#include "engine/base/clock.h"

#include <dirent.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <pthread.h>
#include <rte_interrupts.h>
#include <rte_lcore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A frame is to be seen within 100 us; waking up takes a part of that. Who has
 * slept for a while naps longer: each nap costs some 10 us of work. */
#define NAP_US	    40u
#define NAP_LONG_US 75u
#define NAPS_SHORT  100u

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

/* Whether fd is a socket through which the driver gets its frames. */
static bool
is_socket_of(const struct dpdk_port *p, int fd)
{
	struct sockaddr_ll name = { 0 };
	socklen_t n = sizeof(name), domain_n = sizeof(int);
	int domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_n) != 0)
		return false;
	if (strcmp(p->info.driver_name, "net_af_xdp") == 0)
		return domain == AF_XDP;
	return domain == AF_PACKET &&
	       getsockname(fd, (struct sockaddr *)&name, &n) == 0 &&
	       name.sll_ifindex == (int)p->info.if_index;
}

/*
 * af_packet and af_xdp have no interrupts, but sockets that can be waited for.
 * The drivers do not tell which: it is the one that this process has. -1: there
 * is none, or more than one.
 */
static int
socket_find(const struct dpdk_port *p)
{
	struct dirent *e;
	int found = -1;
	DIR *dir;

	if (strcmp(p->info.driver_name, "net_af_packet") != 0 &&
	    strcmp(p->info.driver_name, "net_af_xdp") != 0)
		return -1;
	dir = opendir("/proc/self/fd");
	while (dir && (e = readdir(dir)) != NULL) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || !is_socket_of(p, fd))
			continue;
		if (found >= 0) {
			found = -1;
			break;
		}
		found = fd;
	}
	if (dir)
		closedir(dir);
	return found;
}

void
dpdk_sleep_init(struct dpdk_queue *q)
{
	q->epoll_fd = -1;
	if (!q->has_rx || q->port->is_polled)
		return;
	q->socket_fd = socket_find(q->port);
	if (!q->port->has_intr || q->socket_fd >= 0)
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
	if (q->early_n > 0)
		q->naps_n = 0;
	return q->early_n > 0;
}

/* True: woken by another thread. A descriptor with an error (its interface is
 * down) is always ready: *has_intr becomes false. */
static bool
nap(struct dpdk_queue *q, bool *has_intr, int wake_fd, uint64_t us)
{
	int intr_fd = q->socket_fd >= 0 ? q->socket_fd : q->epoll_fd;
	struct pollfd fds[] = { { .fd = *has_intr ? intr_fd : -1,
				  .events = POLLIN },
				{ .fd = wake_fd, .events = POLLIN } };
	struct timespec ts = { .tv_sec = (time_t)(us / 1000000),
			       .tv_nsec = (long)(us % 1000000) * 1000 };

	if (ppoll(fds, ARRAY_N(fds), &ts, NULL) <= 0)
		return false;
	if (fds[0].revents & (POLLERR | POLLHUP | POLLNVAL))
		*has_intr = false;
	return fds[1].revents != 0;
}

static bool
intr_enable(struct dpdk_queue *q)
{
	int error;

	if (q->socket_fd >= 0)
		return true;
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

	if (q->socket_fd >= 0)
		return;
	(void)rte_eth_dev_rx_intr_disable(q->port_id, q->dev_queue);
	(void)rte_epoll_wait(q->epoll_fd, &event, 1, 0);
}

void
dpdk_sleep(struct port_queue *base, int wake_fd, uint64_t timeout_us)
{
	struct dpdk_queue *q = (struct dpdk_queue *)base;
	uint64_t until_us = clock_now_us() + timeout_us, now_us;
	bool was_enabled, has_intr;

	if (timeout_us == 0)
		return;
	was_enabled = has_intr = intr_enable(q);
	/* Nothing that came before the interrupt was on is slept over. */
	while (!look(q)) {
		uint64_t us, nap_us = NAP_US;

		if (q->naps_n < NAPS_SHORT)
			q->naps_n++;
		else
			nap_us = NAP_LONG_US;
		now_us = clock_now_us();
		if (now_us >= until_us)
			break;
		us = until_us - now_us;
		if ((!has_intr || q->wait_n) && us > nap_us)
			us = nap_us;
		if (nap(q, &has_intr, wake_fd, us))
			break;
		dpdk_tx_flush(base);
	}
	if (was_enabled)
		intr_disable(q);
}
