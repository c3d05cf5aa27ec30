/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A look at a worker from other threads. Counters are read as they stand; what
 * is not a counter the worker writes down ten times a second (a sequence number
 * tells a reader that it was disturbed); connections are copied by the worker
 * itself, when it is asked.
 */
#include "dataplane/look_impl.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define READS_MAX 1000 /* of which one is undisturbed */

/* On the stack of who asks. */
struct look_ask {
	uint64_t pos;
	struct tcp_walk_conn *conns;
	unsigned conns_n, conns_max;
	sem_t is_done;
};

int
look_init(struct look *l, struct port *port, unsigned queue_idx,
	  struct host *host, struct tcp *tcp)
{
	l->port = port;
	l->queue_idx = queue_idx;
	l->host = host;
	l->tcp = tcp;
	pthread_mutex_init(&l->lock, NULL);
	l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return l->wake_fd < 0 ? -errno : 0;
}

void
look_fini(struct look *l)
{
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
}

/* --- the worker's --- */

static void
put(counter_t *c, uint64_t value)
{
	atomic_store_explicit(c, value, memory_order_relaxed);
}

void
look_write_down(struct look *l, uint64_t now_us)
{
	uint64_t seq = counter_get(&l->seq), bufs_n, bufs_free_n;
	enum host_addr_state state;
	unsigned n = 0;
	struct ip ip;

	l->due_us = now_us + LOOK_EVERY_US;
	put(&l->seq, seq + 1);
	atomic_thread_fence(memory_order_release);
	tcp_bufs_get(l->tcp, &bufs_n, &bufs_free_n);
	put(&l->bufs_n, bufs_n);
	put(&l->bufs_free_n, bufs_free_n);
	for (; n < LOOK_ADDRS_MAX && host_addr_get(l->host, n, &ip, &state);
	     n++) {
		uint64_t words[2];

		static_assert(sizeof(words) == sizeof(ip), "two words");
		memcpy(words, &ip, sizeof(words));
		put(&l->addrs[n].ip[0], words[0]);
		put(&l->addrs[n].ip[1], words[1]);
		put(&l->addrs[n].state, state);
	}
	put(&l->addrs_n, n);
	atomic_store_explicit(&l->seq, seq + 2, memory_order_release);
}

void
look_answer(struct look *l)
{
	struct look_ask *a;
	bool is_done = true;

	atomic_store(&l->is_answering, 1);
	a = atomic_load(&l->ask);
	if (a != NULL) {
		unsigned room = a->conns_max - a->conns_n;

		a->conns_n +=
			tcp_walk(l->tcp, &a->pos, a->conns + a->conns_n,
				 room < LOOK_SLOTS_N ? room : LOOK_SLOTS_N);
		is_done = a->pos == TCP_WALK_END || a->conns_n == a->conns_max;
		if (is_done) {
			atomic_store(&l->ask, NULL);
			sem_post(&a->is_done);
		}
	}
	atomic_store(&l->is_answering, 0);
}

/* --- everybody else's --- */

/* False: the worker was writing. */
static bool
read_once(const struct look *l, struct look_stats *out)
{
	uint64_t seq = atomic_load_explicit((counter_t *)&l->seq,
					    memory_order_acquire);

	out->bufs_n = counter_get(&l->bufs_n);
	out->bufs_free_n = counter_get(&l->bufs_free_n);
	out->addrs_n = (unsigned)counter_get(&l->addrs_n);
	if (out->addrs_n > LOOK_ADDRS_MAX)
		return false;
	for (unsigned i = 0; i < out->addrs_n; i++) {
		uint64_t words[2] = { counter_get(&l->addrs[i].ip[0]),
				      counter_get(&l->addrs[i].ip[1]) };

		memcpy(&out->addrs[i].ip, words, sizeof(words));
		out->addrs[i].state =
			(enum host_addr_state)counter_get(&l->addrs[i].state);
	}
	atomic_thread_fence(memory_order_acquire);
	return !(seq & 1) && counter_get(&l->seq) == seq;
}

void
look_stats_get(const struct look *l, struct look_stats *out)
{
	int i = 0;

	memset(out, 0, sizeof(*out));
	port_stats_get(l->port, l->queue_idx, &out->port);
	host_stats_get(l->host, &out->host);
	for (unsigned k = 0; k < TCP_COUNT_N; k++)
		out->tcp[k] = tcp_count_get(l->tcp, k);
	tcp_states_get(l->tcp, out->states);
	out->busy_cycles = counter_get(l->busy_cycles);
	out->idle_cycles = counter_get(l->idle_cycles);
	while (!read_once(l, out) && i++ < READS_MAX)
		sched_yield();
	if (i > READS_MAX) /* its thread was stopped in the middle */
		out->addrs_n = 0;
}

struct port *
look_port(const struct look *l)
{
	return l->port;
}

static bool
wait_done(struct look_ask *a)
{
	struct timespec until;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOOK_WAIT_US / US_PER_SEC;
	do
		ret = sem_clockwait(&a->is_done, CLOCK_MONOTONIC, &until);
	while (ret != 0 && errno == EINTR);
	return ret == 0;
}

int
look_conns_get(struct look *l, uint64_t *pos, struct tcp_walk_conn *conns,
	       unsigned conns_n)
{
	struct look_ask ask = { .pos = *pos,
				.conns = conns,
				.conns_max = conns_n };
	uint64_t one = 1;
	bool is_done;

	must(conns_n > 0 && *pos != TCP_WALK_END);
	must(sem_init(&ask.is_done, 0, 0) == 0);
	pthread_mutex_lock(&l->lock);
	atomic_store(&l->ask, &ask);
	if (write(l->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
	is_done = wait_done(&ask);
	/* It may be at it just now, and be done in this moment. */
	atomic_store(&l->ask, NULL);
	while (atomic_load(&l->is_answering))
		sched_yield();
	pthread_mutex_unlock(&l->lock);
	sem_destroy(&ask.is_done);
	*pos = ask.pos;
	return is_done ? (int)ask.conns_n : -ETIMEDOUT;
}

/* --- names --- */

static const char *const state_names[] = {
	"closed",      "listen",     "syn_sent",   "syn_received",
	"established", "fin_wait_1", "fin_wait_2", "close_wait",
	"closing",     "last_ack",   "time_wait",
};
static_assert(ARRAY_N(state_names) == TCP_STATES_N, "figure 5");

const char *
look_state_name(unsigned tcp_state)
{
	must(tcp_state < TCP_STATES_N);
	return state_names[tcp_state];
}

const char *
look_addr_state_name(enum host_addr_state state)
{
	static const char *const names[] = {
		[HOST_ADDR_TENTATIVE] = "tentative",
		[HOST_ADDR_VALID] = "valid",
		[HOST_ADDR_DUPLICATE] = "duplicate",
	};

	must(state < ARRAY_N(names));
	return names[state];
}
