/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SASL thread: takes exchanges out of the workers' rings, reads and writes
 * the servers' sockets, sleeps in poll().
 */
#include "engine/base/clock.h"
#include "engine/policy/sasl_int.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void
put_wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
}

void
sasl_thread_wake(struct sasl *s)
{
	put_wake(s->wake_fd);
}

void
sasl_thread_home(struct sasl *s, struct sasl_auth *a)
{
	struct sasl_side *side = &s->sides[a->worker_idx];

	/* No worker has more away than its ring has room for. */
	must(ring_put(&side->to_worker, a));
	put_wake(side->wake_fd);
}

static void
take_questions(struct sasl *s, uint64_t now_us)
{
	for (unsigned w = 0; w < s->workers_n; w++) {
		struct sasl_auth *a;

		while ((a = ring_get(&s->sides[w].to_thread)) != NULL)
			sasl_server_ask(s, a->server, a, now_us);
	}
}

/* How long poll() may sleep, in ms. */
static int
sleep_ms(const struct sasl *s, uint64_t now_us)
{
	uint64_t due_us = UINT64_MAX;

	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++) {
		uint64_t one;

		if (!atomic_load(&s->servers[i].is_there))
			continue;
		one = sasl_server_due_us(&s->servers[i]);
		due_us = one < due_us ? one : due_us;
	}
	if (due_us == UINT64_MAX)
		return -1;
	return due_us <= now_us ? 0 : (int)((due_us - now_us) / 1000) + 1;
}

static void
round_of_all(struct sasl *s)
{
	struct pollfd fds[1 + SASL_SERVERS_MAX];
	struct sasl_server *of[1 + SASL_SERVERS_MAX];
	uint64_t now_us = clock_now_us(), n;
	nfds_t fds_n = 1;

	take_questions(s, now_us);
	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++) {
		struct sasl_server *server = &s->servers[i];

		if (!atomic_load(&server->is_there))
			continue;
		sasl_server_tick(s, server, now_us);
		if (server->fd < 0)
			continue;
		of[fds_n] = server;
		fds[fds_n++] = (struct pollfd) {
			.fd = server->fd,
			.events = sasl_server_events(server),
		};
	}
	fds[0] = (struct pollfd) { .fd = s->wake_fd, .events = POLLIN };
	if (poll(fds, fds_n, sleep_ms(s, now_us)) < 0) {
		must(errno == EINTR);
		return;
	}
	if (fds[0].revents)
		(void)!read(s->wake_fd, &n, sizeof(n));
	now_us = clock_now_us();
	for (nfds_t i = 1; i < fds_n; i++)
		if (fds[i].revents)
			sasl_server_ready(s, of[i], fds[i].revents, now_us);
}

static void *
thread_main(void *arg)
{
	struct sasl *s = arg;

	while (!atomic_load(&s->is_stop_wanted))
		round_of_all(s);
	take_questions(s, clock_now_us());
	for (unsigned i = 0; i < SASL_SERVERS_MAX; i++)
		if (atomic_load(&s->servers[i].is_there))
			sasl_server_fini(s, &s->servers[i]);
	return NULL;
}

int
sasl_thread_start(struct sasl *s)
{
	int ret;

	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->wake_fd < 0)
		return -errno;
	ret = pthread_create(&s->thread, NULL, thread_main, s);
	if (ret)
		return -ret;
	s->is_started = true;
	pthread_setname_np(s->thread, "sasl");
	return 0;
}

void
sasl_thread_stop(struct sasl *s)
{
	if (s->is_started) {
		atomic_store(&s->is_stop_wanted, true);
		sasl_thread_wake(s);
		pthread_join(s->thread, NULL);
	}
	if (s->wake_fd >= 0)
		close(s->wake_fd);
}
