/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool as a whole: start, end, numbers. */
#include "tls/tls_pool.h"
#include "tls/tls_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Aligned for the lines that threads share. */
static void *
alloc_lines(size_t bytes)
{
	void *p = aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) /
						    CACHE_LINE * CACHE_LINE);

	must(p != NULL);
	return memset(p, 0, bytes);
}

static int
open_links(struct tls *t)
{
	size_t n = (size_t)t->cfg.threads_n * t->cfg.workers_n;
	int ret = 0;

	t->links = alloc_lines(n * sizeof(*t->links));
	for (size_t i = 0; ret == 0 && i < n; i++) {
		ret = ring_init(&t->links[i].to_thread, t->cfg.queue_max);
		if (ret == 0)
			ret = ring_init(&t->links[i].to_worker,
					t->cfg.queue_max);
	}
	return ret;
}

static int
open_all(struct tls *t)
{
	int ret;

	t->sides = alloc_lines(t->cfg.workers_n * sizeof(*t->sides));
	t->threads = alloc_lines(t->cfg.threads_n * sizeof(*t->threads));
	for (unsigned i = 0; i < t->cfg.workers_n; i++)
		t->sides[i].wake_fd = -1;
	t->bio_method = tls_bio_method_new();
	ret = t->bio_method == NULL ? -ENOMEM : open_links(t);
	for (unsigned i = 0; ret == 0 && i < t->cfg.workers_n; i++)
		ret = tls_side_init(&t->sides[i], t, i);
	for (unsigned i = 0; ret == 0 && i < t->cfg.threads_n; i++) {
		t->threads[i].tls = t;
		t->threads[i].idx = i;
		ret = tls_thread_start(&t->threads[i]);
	}
	return ret;
}

struct tls *
tls_open(const struct tls_pool_cfg *cfg, struct diag *diag)
{
	struct tls *t = must_alloc(sizeof(*t));
	int ret;

	t->cfg = *cfg;
	must(cfg->workers_n > 0);
	if (t->cfg.threads_n == 0)
		t->cfg.threads_n = 1;
	if (t->cfg.queue_max == 0)
		t->cfg.queue_max = 1;
	ret = open_all(t);
	if (ret == 0)
		return t;
	diag_fail(diag, EX_OSERR, NULL, 0, "cannot start the TLS threads: %s",
		  strerror(-ret));
	tls_close(&t);
	return NULL;
}

static void
free_all(struct ring *r)
{
	struct tls_conn *c;

	if (r->slots == NULL)
		return;
	while ((c = ring_get(r)) != NULL)
		tls_conn_free(c);
	ring_fini(r);
}

void
tls_close(struct tls **t_inout)
{
	struct tls *t = *t_inout;

	*t_inout = NULL;
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->cfg.threads_n; i++)
		tls_thread_stop(&t->threads[i]);
	for (size_t i = 0;
	     t->links && i < (size_t)t->cfg.threads_n * t->cfg.workers_n; i++) {
		free_all(&t->links[i].to_thread);
		free_all(&t->links[i].to_worker);
	}
	for (unsigned i = 0; i < t->cfg.workers_n; i++)
		tls_side_fini(&t->sides[i]);
	BIO_meth_free(t->bio_method);
	free(t->links);
	free(t->sides);
	free(t->threads);
	free(t);
}

void
tls_stats_get(const struct tls *t, struct tls_stats *out)
{
	*out = (struct tls_stats) { .threads_n = t->cfg.threads_n,
				    .queue_max = t->cfg.queue_max };
	for (unsigned i = 0; i < t->cfg.workers_n; i++) {
		const struct tls_side *side = &t->sides[i];
		uint64_t max = counter_get(&side->in_flight_max);

		out->handshakes_n += counter_get(&side->handshakes);
		out->resumed_n += counter_get(&side->resumed);
		out->waiting_n += counter_get(&side->waiting);
		out->waited_n += counter_get(&side->waited);
		out->in_flight_n += counter_get(&side->in_flight);
		if (max > out->in_flight_max_n)
			out->in_flight_max_n = max;
		for (int r = 0; r < TLS_REASON_N; r++)
			out->failed_n[r] += counter_get(&side->failed[r]);
		for (int k = 0; k < TLS_TIMES_N; k++)
			out->times_n[k] += counter_get(&side->times[k]);
	}
	for (unsigned i = 0; i < t->cfg.threads_n; i++) {
		out->steps_n += counter_get(&t->threads[i].steps);
		out->busy_us += counter_get(&t->threads[i].busy_us);
	}
}
