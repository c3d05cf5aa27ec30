/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture's thread writes to a socket pair, so that no file of anybody's is
 * the engine's business: a full disk, a pipe or a folder on the network stops
 * the command at the other end, and here means no more than a full socket.
 */
#include "engine/net_capture.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define IDLE_MS	   2	  /* a ring holds 500 MB/s for so long */
#define MUCH_BYTES 65536u /* written at once: no pause */
#define TELL_US	   300000u
#define STALL_S	   30 /* nobody reads: it is over */
#define STOP_S	   1  /* ... and so long when the engine ends */
#define NICENESS   10 /* workers first */
#define PAIR_BYTES (4u << 20)
#define LINE_MAX_N 128u

struct net_capture {
	struct capture *capture;
	int data_fd; /* the pcap */
	int ctl_fd;  /* where the request came from */
	uint64_t start_us, tell_us;
	pthread_t thread;
	_Atomic bool is_stop_wanted;
	_Atomic bool is_ended;
	sem_t ended;
};

/* --- the capture's thread --- */

static void
tell(struct net_capture *n, const char *line)
{
	/* Who does not read them does without. */
	(void)!send(n->ctl_fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
tell_progress(struct net_capture *n, const struct capture_stats *s)
{
	uint64_t now_us = clock_now_us();
	char line[LINE_MAX_N];

	if (now_us < n->tell_us)
		return;
	n->tell_us = now_us + TELL_US;
	snprintf(line, sizeof(line), "go %" PRIu64 " %" PRIu64 "\n",
		 s->frames_n, s->lost_n);
	tell(n, line);
}

static enum net_capture_end
end_of(enum capture_state state, const struct capture_stats *s)
{
	static const enum net_capture_end bounds[] = {
		[CAPTURE_BOUND_NONE] = NET_CAPTURE_GOING,
		[CAPTURE_BOUND_COUNT] = NET_CAPTURE_COUNT,
		[CAPTURE_BOUND_TIME] = NET_CAPTURE_TIME,
		[CAPTURE_BOUND_SIZE] = NET_CAPTURE_SIZE,
	};

	if (state != CAPTURE_FAILED)
		return bounds[s->bound];
	/* He who does not want any more just goes. */
	return s->error == -EPIPE || s->error == -ECONNRESET
		       ? NET_CAPTURE_ASKED
		       : NET_CAPTURE_FAILED;
}

/* Whether the other end wants the end, or has gone; waits a little for it. */
static bool
is_end_asked(struct net_capture *n, int wait_ms)
{
	struct pollfd p = { .fd = n->data_fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, wait_ms) > 0;
}

static enum net_capture_end
run(struct net_capture *n)
{
	enum net_capture_end end = NET_CAPTURE_GOING;
	struct capture_stats s = { 0 };

	while (end == NET_CAPTURE_GOING) {
		enum capture_state state = capture_step(n->capture);
		uint64_t was_bytes = s.bytes;

		capture_stats_get(n->capture, &s);
		tell_progress(n, &s);
		end = end_of(state, &s);
		if (end != NET_CAPTURE_GOING)
			break;
		if (atomic_load(&n->is_stop_wanted))
			end = NET_CAPTURE_STOPPED;
		else if (is_end_asked(n, s.bytes - was_bytes < MUCH_BYTES
						 ? IDLE_MS
						 : 0))
			end = NET_CAPTURE_ASKED;
	}
	return end;
}

static void *
capture_main(void *arg)
{
	struct net_capture *n = arg;
	struct capture_stats s;
	enum net_capture_end end;
	char line[LINE_MAX_N];

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	end = run(n);
	capture_close(&n->capture, &s);
	snprintf(line, sizeof(line), "end %d %" PRIu64 " %" PRIu64 " %d\n",
		 (int)end, s.frames_n, s.lost_n,
		 end == NET_CAPTURE_FAILED ? -s.error : 0);
	tell(n, line);
	log_say(LOG_LEVEL_INFO, "net",
		"capture ended: %" PRIu64 " frames, %" PRIu64 " lost",
		s.frames_n, s.lost_n);
	/* Before the other end hears of it: it may ask for the next at once. */
	atomic_store(&n->is_ended, true);
	shutdown(n->data_fd, SHUT_RDWR);
	shutdown(n->ctl_fd, SHUT_RDWR);
	sem_post(&n->ended);
	return NULL;
}

/* --- the control thread --- */

/* The head of the answer, and *fd with it. 0 or -errno. */
static int
send_end(int ctl_fd, int fd)
{
	char text[] = "000\n";
	struct iovec iov = { .iov_base = text, .iov_len = 4 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(ctl_fd, &m, MSG_NOSIGNAL) == 4 ? 0 : -errno;
}

/* What it writes to, and the other end in *other_fd. 0 or -errno. */
static int
open_pair(struct net_capture *n, int *other_fd)
{
	struct timeval stall = { .tv_sec = STALL_S };
	int fds[2], bytes = PAIR_BYTES;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	n->data_fd = fds[0];
	*other_fd = fds[1];
	/* As much as the system lets us have. */
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &stall,
			  sizeof(stall)) < 0
		       ? -errno
		       : 0;
}

static void
log_begin(int ctl_fd)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);

	(void)getsockopt(ctl_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	log_say(LOG_LEVEL_INFO, "net", "capture begun by uid %ld, pid %ld",
		(long)cred.uid, (long)cred.pid);
}

static void
release(struct net_capture *n)
{
	if (n->data_fd >= 0)
		close(n->data_fd);
	if (n->ctl_fd >= 0)
		close(n->ctl_fd);
	sem_destroy(&n->ended);
	free(n);
}

int
net_capture_start(struct net_capture **slot, struct port *port,
		  const struct capture_cfg *cfg, int *fd, FILE *errors)
{
	int other_fd = -1, ret;
	struct net_capture *n;

	net_capture_reap(slot);
	if (*slot != NULL) {
		fprintf(errors,
			"penstock: net: another capture is going on, since "
			"%u s: one at a time\n",
			(unsigned)((clock_now_us() - (*slot)->start_us) /
				   US_PER_SEC));
		return EX_TEMPFAIL;
	}
	n = must_alloc(sizeof(*n));
	n->data_fd = n->ctl_fd = -1;
	must(sem_init(&n->ended, 0, 0) == 0);
	n->start_us = clock_now_us();
	ret = open_pair(n, &other_fd);
	if (ret == 0)
		ret = capture_open(&n->capture, port, cfg, n->data_fd);
	if (ret == 0)
		ret = send_end(*fd, other_fd);
	if (other_fd >= 0)
		close(other_fd);
	if (ret == 0) {
		log_begin(*fd);
		n->ctl_fd = *fd;
		ret = -pthread_create(&n->thread, NULL, capture_main, n);
	}
	if (ret == 0) {
		pthread_setname_np(n->thread, "capture");
		*fd = -1;
		*slot = n;
		return EX_OK;
	}
	fprintf(errors, "penstock: net: the engine cannot capture: %s\n",
		strerror(-ret));
	capture_close(&n->capture, NULL);
	n->ctl_fd = -1; /* the caller's again */
	release(n);
	return EX_OSERR;
}

void
net_capture_reap(struct net_capture **slot)
{
	struct net_capture *n = *slot;

	if (n == NULL || !atomic_load(&n->is_ended))
		return;
	pthread_join(n->thread, NULL);
	release(n);
	*slot = NULL;
}

void
net_capture_stop(struct net_capture **slot)
{
	struct net_capture *n = *slot;
	struct timespec until;

	if (n == NULL)
		return;
	atomic_store(&n->is_stop_wanted, true);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_S;
	while (sem_clockwait(&n->ended, CLOCK_MONOTONIC, &until) != 0 &&
	       errno == EINTR)
		;
	/* Nobody reads: what waits for that shall fail. */
	shutdown(n->data_fd, SHUT_RDWR);
	pthread_join(n->thread, NULL);
	release(n);
	*slot = NULL;
}
