/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's loop: one turn is one screen. Nothing in it blocks but the
 * sleep in net_poll_in(), which every wake-up ends.
 */
#include "engine/worker.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/conn.h"
#include "engine/conn_auth.h"
#include "engine/conn_limit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#define RUNS_MAX     1024 /* connections a turn */
#define REAP_MAX     256
#define RETRY_US     5000
#define OUT_BYTES    (32u * 1024)
#define STREAM_BYTES (192u * 1024)

static_assert(OUT_BYTES <= NET_TX_BYTES_MAX, "one turn's replies fit");

/* --- the stages of a turn --- */

static unsigned
accept_new(struct worker *w)
{
	struct net_stream *s;
	unsigned n = 0;

	for (; (s = net_accept(w->net)) != NULL; n++)
		conn_open(w, s);
	return n;
}

static unsigned
reap_commits(struct worker *w)
{
	struct queue_done done[REAP_MAX];
	unsigned n = queue_reap(w->queue, w->idx, done, REAP_MAX);

	for (unsigned i = 0; i < n; i++)
		conn_committed(w, done[i].tag, done[i].outcome);
	return n;
}

/* Handshakes that have come on, or are done. */
static void
reap_tls(struct worker *w)
{
	void *owners[REAP_MAX];
	unsigned n;

	if (*w->tls_busy == 0)
		return;
	n = tls_reap(w->tls, w->idx, owners, REAP_MAX);
	for (unsigned i = 0; i < n; i++)
		conn_run(w, owners[i]);
}

static void
reap_sasl(struct worker *w)
{
	struct conn *c;

	if (w->sasl == NULL || *w->sasl_busy == 0)
		return;
	while ((c = sasl_reap(w->sasl, w->idx)) != NULL)
		conn_auth_answered(w, c);
}

/* Sessions whose lookups are all answered. */
static void
reap_lookups(struct worker *w)
{
	struct conn *c;

	lookups_reap(w->lookups);
	while ((c = lookups_next(w->lookups)) != NULL)
		conn_looked_up(w, c);
}

static void
fire_timers(struct worker *w)
{
	struct wheel_node *n;

	wheel_advance(&w->wheel, w->now_us);
	while ((n = wheel_take(&w->wheel)) != NULL)
		conn_timer(w, CONTAINER_OF(n, struct conn, timer));
}

static void
retry_waiting(struct worker *w)
{
	struct conn *list = w->retry;

	w->retry = NULL;
	for (struct conn *c = list; c != NULL; c = c->next_retry)
		c->is_on_retry = false;
	while (list != NULL) {
		struct conn *c = list;

		list = c->next_retry;
		conn_run(w, c);
	}
}

static void
run_ready(struct worker *w)
{
	struct ready_node *n;

	for (int i = 0; i < RUNS_MAX; i++) {
		n = ready_get(&w->ready);
		if (n == NULL)
			return;
		conn_run(w, net_owner(w->net, net_of_ready(w->net, n)));
	}
}

/* --- what the main thread asks for --- */

static void
take_site(struct worker *w)
{
	struct site *next = atomic_exchange(&w->next_site, NULL);

	if (next == NULL)
		return;
	site_put(&w->site);
	w->site = next;
}

/* 421 to who may be told; the rest has until stop_by_us. */
static void
stop_step(struct worker *w)
{
	bool is_forced;

	if (!atomic_load_explicit(&w->is_stop_wanted, memory_order_acquire))
		return;
	if (!w->is_stopping) {
		w->is_stopping = true;
		w->stop_by_us = w->now_us + w->site->cfg->engine.shutdown_us;
		net_stop_accepting(w->net);
	}
	is_forced = w->now_us >= w->stop_by_us;
	for (struct conn *c = w->all, *next; c != NULL; c = next) {
		next = c->next;
		conn_shut_down(w, c, is_forced);
	}
}

static uint64_t
sleep_until_us(const struct worker *w)
{
	uint64_t until = wheel_next_us(&w->wheel);
	uint64_t soon = w->now_us + RETRY_US;

	if (w->ready.first != NULL)
		return 0;
	if ((w->retry != NULL || w->is_stopping) && soon < until)
		return soon;
	return until ? until : w->now_us;
}

static void
turn(struct worker *w)
{
	uint64_t until = sleep_until_us(w);
	unsigned reaped = 0;

	counter_add(&w->stats.turns, 1);
	if (until) {
		/* Outcomes posted before the flag was seen have no wake-up. */
		queue_set_sleeping(w->queue, w->idx, true);
		if (*w->tls_busy)
			tls_set_sleeping(w->tls, w->idx, true);
		reaped = reap_commits(w);
		counter_add(&w->stats.sleeps, 1);
	}
	net_poll_in(w->net, &w->ready, reaped ? 0 : until);
	if (until) {
		queue_set_sleeping(w->queue, w->idx, false);
		if (*w->tls_busy)
			tls_set_sleeping(w->tls, w->idx, false);
	}
	w->now_us = clock_now_us();
	take_site(w);
	accept_new(w);
	reap_tls(w);
	reap_sasl(w);
	reap_lookups(w);
	reap_commits(w);
	fire_timers(w);
	retry_waiting(w);
	run_ready(w);
	stop_step(w);
	net_poll_out(w->net);
}

/* --- the thread --- */

static void
pin(unsigned idx)
{
	cpu_set_t allowed, one;
	int cpu = -1;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	for (unsigned n = idx % (unsigned)CPU_COUNT(&allowed) + 1; n > 0; n--)
		do
			cpu++;
		while (!CPU_ISSET(cpu, &allowed));
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (pthread_setaffinity_np(pthread_self(), sizeof(one), &one) != 0)
		log_say(LOG_LEVEL_WARNING, "master",
			"worker %u runs unpinned: cannot use processor %d", idx,
			cpu);
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	if (w->site->cfg->engine.is_pinned)
		pin(w->idx);
	while (!w->is_stopping || w->conns_n > 0)
		turn(w);
	atomic_store(&w->is_finished, true);
	return NULL;
}

static void
release(struct worker *w)
{
	net_close(&w->net);
	while (w->free_conns != NULL) {
		struct conn *c = w->free_conns;

		w->free_conns = c->next;
		free(c);
	}
	lookups_close(&w->lookups);
	smtp_shared_fini(&w->smtp);
	free(w->out.p);
	site_put(&w->site);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	free(w);
}

/* 0, or what net_wake_add() gives. */
static int
add_sources(struct worker *w)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < LOOKUP_FROM_N; i++) {
		const struct lookup_source *source =
			lookups_source(w->lookups, (enum lookup_from)i);

		if (source != NULL && source->wake_fd >= 0)
			ret = net_wake_add(w->net, source->wake_fd);
	}
	return ret;
}

struct worker *
worker_open(unsigned idx, struct site *site, struct net_listeners *listeners,
	    struct queue *queue, struct tls *tls, struct sasl *sasl,
	    struct limits *limits, struct chunk_pool *chunks,
	    struct lookups **lookups, struct diag *diag)
{
	struct worker *w = aligned_alloc(CACHE_LINE, sizeof(*w));
	char name[16];
	int ret;

	must(w != NULL);
	memset(w, 0, sizeof(*w));
	w->idx = idx;
	w->queue = queue;
	w->tls = tls;
	w->tls_busy = tls_busy(tls, idx);
	w->sasl = sasl;
	w->sasl_busy = sasl ? sasl_busy(sasl, idx) : NULL;
	w->smtp.auth_offer = conn_auth_offer;
	w->smtp.is_within = conn_limit_is_within;
	w->smtp.owner = w;
	w->limits = limits;
	w->lookups = *lookups;
	*lookups = NULL;
	w->site = site_get(site);
	w->now_us = clock_now_us();
	wheel_init(&w->wheel, w->now_us);
	w->smtp.chunks = chunks;
	w->smtp.stream_bytes = STREAM_BYTES;
	w->out.p = malloc(OUT_BYTES);
	w->out.cap = OUT_BYTES;
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->net = net_open(&site->cfg->net, listeners, idx, diag);
	if (w->net == NULL) {
		release(w);
		return NULL;
	}
	if (w->out.p == NULL || w->wake_fd < 0 ||
	    net_wake_add(w->net, w->wake_fd) ||
	    net_wake_add(w->net, queue_wake_fd(queue, idx)) ||
	    net_wake_add(w->net, tls_wake_fd(tls, idx)) ||
	    (sasl && net_wake_add(w->net, sasl_wake_fd(sasl, idx))) ||
	    add_sources(w))
		ret = errno;
	else
		ret = pthread_create(&w->thread, NULL, worker_main, w);
	if (ret) {
		diag_fail(diag, EX_OSERR, NULL, 0, "cannot start worker %u: %s",
			  idx, strerror(ret));
		release(w);
		return NULL;
	}
	snprintf(name, sizeof(name), "worker/%u", idx);
	pthread_setname_np(w->thread, name);
	return w;
}

static void
wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* it is awake already */
}

void
worker_reload(struct worker *w, struct site *site)
{
	struct site *missed = atomic_exchange(&w->next_site, site_get(site));

	site_put(&missed);
	wake(w);
}

void
worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->is_stop_wanted, true, memory_order_release);
	wake(w);
}

void
worker_join(struct worker *w)
{
	if (!w->is_joined)
		pthread_join(w->thread, NULL);
	w->is_joined = true;
}

void
worker_close(struct worker **w_inout)
{
	struct worker *w = *w_inout;
	struct site *missed;

	*w_inout = NULL;
	if (w == NULL)
		return;
	worker_join(w);
	missed = atomic_exchange(&w->next_site, NULL);
	site_put(&missed);
	release(w);
}
