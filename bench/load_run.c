/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop: a wire for each thread, a share of the connections each. Thread 0
 * is the caller's; it also hears the signals and prints the progress.
 */
#include "bench/load_wire.h"
#include "engine/base/clock.h"
#include "tls/tls_client.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TURN_MS	      100 /* at most between two looks at the clock */
#define WAITING_MS    5
#define PARKED_MS     1
#define CHECK_US      (US_PER_SEC / 10)
#define STOP_GRACE_US (10 * US_PER_SEC) /* for what is in flight at the end */

/* Sockets in that state, until none is left that fn has not seen. */
static void
each_in_state(struct load_thread *t, enum load_sock_state state,
	      void (*fn)(struct load_thread *, struct load_sock *))
{
	for (uint32_t i = 0; i < t->socks_n; i++)
		if (t->socks[i].state == state)
			fn(t, &t->socks[i]);
}

static void
due_run(struct load_thread *t, struct load_sock *s)
{
	if (s->due_us <= t->now_us)
		load_sock_due(t, s);
}

/* Replies that do not come, and the end of the grace. */
static void
timeout_run(struct load_thread *t, struct load_sock *s)
{
	const struct load_cfg *cfg = t->shared->cfg;

	if (s->is_idle && s->conn.phase == LOAD_IDLE)
		return;
	if (t->now_us < s->heard_us + cfg->timeout_us)
		return;
	t->stats.timeouts_n++;
	load_sock_drop(t, s);
}

static void
stop_run(struct load_thread *t)
{
	struct load_shared *shared = t->shared;

	if (t->now_us >= atomic_load(&shared->stop_us))
		atomic_store(&shared->is_stopping, true);
	if (!atomic_load(&shared->is_stopping)) {
		/* idle ones are there for the others, or for themselves */
		if (shared->cfg->connections_n == 0 || !load_is_over(shared))
			return;
	}
	for (uint32_t i = 0; i < t->socks_n; i++)
		load_sock_stop(t, &t->socks[i]);
}

static void
progress(struct load_thread *t)
{
	struct load_shared *shared = t->shared;
	double seconds = (double)(t->now_us - shared->started_us) / US_PER_SEC;
	uint64_t acked_n = atomic_load(&shared->acked_n);
	bool is_tty = shared->cfg->progress == LOAD_PROGRESS_TTY;

	t->told_us = t->now_us;
	fprintf(stderr,
		"%s%7.1f s  %llu acknowledged  %.0f/s  %llu refused  %llu lost"
		"  %llu in flight  %llu idle%s",
		is_tty ? "\r" : "", seconds, (unsigned long long)acked_n,
		seconds > 0 ? (double)acked_n / seconds : 0.0,
		(unsigned long long)atomic_load(&shared->bad_n),
		(unsigned long long)atomic_load(&shared->lost_n),
		(unsigned long long)atomic_load(&shared->inflight_n),
		(unsigned long long)atomic_load(&shared->idle_open_n),
		is_tty ? "\033[K" : "\n");
	fflush(stderr);
}

/* The first one ends the run in order, the second one at once. */
static void
on_signal(struct load_thread *t)
{
	struct load_shared *shared = t->shared;
	struct signalfd_siginfo info;
	bool is_again;

	if (read(shared->signal_fd, &info, sizeof(info)) < 0)
		return;
	is_again = atomic_exchange(&shared->is_interrupted, true);
	atomic_store(&shared->stop_us, is_again ? 0 : t->now_us);
	atomic_store(&shared->is_stopping, true);
}

static void
check(struct load_thread *t)
{
	struct load_shared *shared = t->shared;
	uint64_t stop_us = atomic_load(&shared->stop_us);

	t->checked_us = t->now_us;
	if (t->idx == 0)
		on_signal(t);
	/* what goes on without a ledger proves nothing */
	if (shared->cfg->ledger != NULL &&
	    ledger_error(shared->cfg->ledger) < 0)
		atomic_store(&shared->is_stopping, true);
	each_in_state(t, LOAD_SOCK_OPEN, timeout_run);
	each_in_state(t, LOAD_SOCK_CONNECTING, timeout_run);
	if (stop_us != LOAD_NO_LIMIT && t->now_us > stop_us + STOP_GRACE_US) {
		each_in_state(t, LOAD_SOCK_OPEN, load_sock_drop);
		each_in_state(t, LOAD_SOCK_CONNECTING, load_sock_drop);
	}
	if (t->idx == 0 && shared->cfg->progress != LOAD_PROGRESS_NONE &&
	    t->now_us - t->told_us >= US_PER_SEC)
		progress(t);
}

static int
turn_ms(const struct load_thread *t)
{
	if (t->parked_n > 0)
		return PARKED_MS;
	return t->waiting_n > 0 ? WAITING_MS : TURN_MS;
}

static void *
thread_run(void *arg)
{
	struct load_thread *t = arg;

	while (t->done_n < t->socks_n) {
		load_now(t);
		if (t->waiting_n > 0)
			each_in_state(t, LOAD_SOCK_WAITING, due_run);
		if (t->parked_n > 0)
			each_in_state(t, LOAD_SOCK_PARKED, load_sock_unpark);
		stop_run(t);
		if (t->now_us - t->checked_us >= CHECK_US)
			check(t);
		t->wire->wait(t, turn_ms(t));
	}
	return NULL;
}

static void
thread_fini(struct load_thread *t)
{
	for (uint32_t i = 0; i < t->socks_n; i++)
		load_conn_fini(&t->socks[i].conn);
	free(t->socks);
	if (t->wire != NULL)
		t->wire->close(t);
}

/* 0 or -errno; thread_fini() either way. */
static int
thread_init(struct load_thread *t, struct load_shared *shared, unsigned idx)
{
	const struct load_cfg *cfg = shared->cfg;
	uint32_t n = cfg->threads_n, busy_n = cfg->connections_n / n;
	uint32_t idle_n = cfg->idle_n / n;
	int ret;

	busy_n += idx < cfg->connections_n % n;
	idle_n += idx < cfg->idle_n % n;
	t->shared = shared;
	t->idx = idx;
	t->random = shared->started_us + idx;
	t->checked_us = t->told_us = shared->started_us;
	load_stats_init(&t->stats);
	t->under = cfg->dataplane ? &load_wire_tcp : &load_wire_sock;
	t->wire = cfg->tls != LOAD_TLS_NONE ? &load_wire_tls : t->under;
	ret = t->wire->open(t);
	if (ret)
		return ret;
	t->socks = calloc(busy_n + idle_n + 1, sizeof(t->socks[0]));
	if (t->socks == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < busy_n + idle_n; i++) {
		struct load_sock *s = &t->socks[i];

		s->fd = -1;
		s->is_idle = i >= busy_n;
		s->state = LOAD_SOCK_WAITING;
		if (load_conn_init(&s->conn,
				   s->is_idle ? &shared->idle : &shared->busy,
				   &t->stats) < 0)
			return -ENOMEM;
		t->socks_n++;
		t->waiting_n++;
	}
	return 0;
}

static int
threads_run(struct load_shared *shared, struct load_thread *threads,
	    struct load_result *out)
{
	uint32_t n = shared->cfg->threads_n, started_n = 1;
	pthread_t *ids = calloc(n, sizeof(ids[0]));
	int r = 0;

	if (ids == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && r == 0; i++) {
		threads[i].epoll_fd = -1;
		r = thread_init(&threads[i], shared, i);
	}
	for (; r == 0 && started_n < n; started_n++)
		r = -pthread_create(&ids[started_n], NULL, thread_run,
				    &threads[started_n]);
	if (r == 0)
		thread_run(&threads[0]);
	else
		atomic_store(&shared->is_stopping, true);
	for (uint32_t i = 1; i < started_n; i++)
		pthread_join(ids[i], NULL);
	for (uint32_t i = 0; i < n; i++) {
		load_stats_merge(&out->stats, &threads[i].stats);
		thread_fini(&threads[i]);
	}
	free(ids);
	return r;
}

static uint64_t
timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * US_PER_SEC + (uint64_t)tv->tv_usec;
}

static void
usage_add(struct load_result *out, int sign)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	out->cpu_user_us += (uint64_t)sign * timeval_us(&ru.ru_utime);
	out->cpu_system_us += (uint64_t)sign * timeval_us(&ru.ru_stime);
	out->switches_n +=
		(uint64_t)sign * (uint64_t)(ru.ru_nvcsw + ru.ru_nivcsw);
}

static void
shared_init(struct load_shared *shared, const struct load_cfg *cfg)
{
	shared->cfg = cfg;
	shared->busy = (struct load_conn_cfg) {
		.gen = cfg->gen,
		.helo = cfg->helo,
		.is_pipelined = cfg->is_pipelined,
		.is_starttls = cfg->tls == LOAD_TLS_STARTTLS,
		.is_bdat = cfg->is_bdat,
	};
	shared->idle = shared->busy;
	shared->idle.is_idle = true;
	shared->started_us = clock_now_us();
	atomic_init(&shared->todo_n, cfg->messages_n);
	atomic_init(&shared->stop_us,
		    cfg->duration_us == LOAD_NO_LIMIT
			    ? LOAD_NO_LIMIT
			    : shared->started_us + cfg->duration_us);
}

static void
signals_fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void
load_signals_block(void)
{
	sigset_t set;

	signals_fill(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
load_run(const struct load_cfg *cfg, struct load_result *out)
{
	struct load_shared *shared = must_alloc(sizeof(*shared));
	struct load_thread *threads;
	sigset_t set;
	int r = -ENOMEM;

	memset(out, 0, sizeof(*out));
	load_stats_init(&out->stats);
	threads = calloc(cfg->threads_n, sizeof(threads[0]));
	if (threads == NULL)
		goto fail_shared;
	signals_fill(&set);
	load_signals_block();
	shared->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (shared->signal_fd < 0) {
		r = -errno;
		goto fail_threads;
	}
	usage_add(out, -1);
	shared_init(shared, cfg);
	shared->tls = cfg->tls != LOAD_TLS_NONE ? tls_client_ctx_new() : NULL;
	if (cfg->tls == LOAD_TLS_NONE || shared->tls != NULL)
		r = threads_run(shared, threads, out);
	tls_client_ctx_free(&shared->tls);
	out->elapsed_us = clock_now_us() - shared->started_us;
	if (out->stats.last_acked_us > shared->started_us)
		out->acked_us = out->stats.last_acked_us - shared->started_us;
	usage_add(out, 1);
	out->is_interrupted = atomic_load(&shared->is_interrupted);
	if (r == 0 && cfg->ledger != NULL)
		r = ledger_error(cfg->ledger);
	if (cfg->progress == LOAD_PROGRESS_TTY)
		fputc('\n', stderr);
	close(shared->signal_fd);
fail_threads:
	free(threads);
fail_shared:
	free(shared);
	return r;
}
