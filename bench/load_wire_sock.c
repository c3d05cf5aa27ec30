/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel sockets: one epoll instance for each thread, level-triggered. */
#include "bench/load_wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_N 256

static int
open_epoll(struct load_thread *t)
{
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return t->epoll_fd < 0 ? -errno : 0;
}

static void
close_epoll(struct load_thread *t)
{
	if (t->epoll_fd >= 0)
		close(t->epoll_fd);
}

static int
begin(struct load_thread *t, struct load_sock *s)
{
	const struct load_cfg *cfg = t->shared->cfg;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };
	int on = 1;

	s->is_tx_armed = false;
	s->fd = socket(cfg->to.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if ((connect(s->fd, (const struct sockaddr *)&cfg->to, cfg->to_len) <
		     0 &&
	     errno != EINPROGRESS) ||
	    epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		return -errno;
	return 0;
}

static void
hang_up(struct load_thread *t, struct load_sock *s)
{
	(void)t;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
tx_arm(struct load_thread *t, struct load_sock *s, bool is_armed)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = s };

	if (s->is_tx_armed == is_armed)
		return;
	if (is_armed)
		ev.events |= EPOLLOUT;
	must(epoll_ctl(t->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) == 0);
	s->is_tx_armed = is_armed;
}

/* An error shows, with the last replies, in recv(). */
static ssize_t
send_some(struct load_thread *t, struct load_sock *s, const struct iovec *iov,
	  unsigned iov_n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov,
			      .msg_iovlen = iov_n };
	size_t bytes = 0;
	ssize_t n;

	for (unsigned i = 0; i < iov_n; i++)
		bytes += iov[i].iov_len;
	do
		n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	tx_arm(t, s, n < 0 ? errno == EAGAIN : (size_t)n < bytes);
	return n < 0 ? 0 : n;
}

static ssize_t
recv_some(struct load_thread *t, struct load_sock *s)
{
	ssize_t n;

	do
		n = recv(s->fd, t->rx, LOAD_RX_BYTES, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static void
wait_some(struct load_thread *t, int ms)
{
	struct epoll_event events[EVENTS_N];
	int n = epoll_wait(t->epoll_fd, events, EVENTS_N, ms);

	load_now(t);
	for (int i = 0; i < n; i++) {
		struct load_sock *s = events[i].data.ptr;
		unsigned what = LOAD_WIRE_TX;

		if (s->fd < 0)
			continue; /* closed by an earlier event */
		if (events[i].events & ~(uint32_t)EPOLLOUT)
			what |= LOAD_WIRE_RX;
		load_sock_event(t, s, what);
	}
}

const struct load_wire_ops load_wire_sock = {
	.open = open_epoll,
	.close = close_epoll,
	.connect = begin,
	.hang_up = hang_up,
	.send = send_some,
	.recv = recv_some,
	.wait = wait_some,
};
