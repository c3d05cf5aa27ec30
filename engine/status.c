/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock status`: the counters of every part, as JSON or as text, from one
 * list of sections.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/engine.h"
#include "engine/printer.h"

#include <unistd.h>

static void
print_engine(struct printer *p, struct engine *e)
{
	printer_open(p, "engine");
	printer_number(p, "pid", (uint64_t)getpid());
	printer_number(p, "uptime_seconds",
		       (clock_wall_us() - e->start_us) / US_PER_SEC);
	printer_number(p, "workers", e->workers_n);
	printer_number(p, "reloads", e->reloads_n);
	printer_number(p, "log_lines_lost", log_lost_n());
	printer_close(p);
}

static void
print_workers(struct printer *p, struct engine *e)
{
#define STAT(name, meaning) uint64_t name = 0;
#include "engine/stats.def"
#undef STAT
	struct net_stats sum = { 0 };
	uint64_t used_bytes = 0;

	for (unsigned i = 0; i < e->workers_n; i++) {
		const struct worker *w = e->workers[i];
		struct net_stats net;

		if (w == NULL)
			continue;
		net_stats_get(w->net, &net);
		sum.open_n += net.open_n;
		sum.refused_n += net.refused_n;
		sum.rx_bytes += net.rx_bytes;
		sum.tx_bytes += net.tx_bytes;
		sum.rx_n += net.rx_n;
		sum.tx_n += net.tx_n;
		used_bytes += chunk_pool_used_bytes(e->pools[i]);
#define STAT(name, meaning) name += counter_get(&w->stats.name);
#include "engine/stats.def"
#undef STAT
	}
	printer_open(p, "workers");
	printer_number(p, "open_connections", sum.open_n);
	printer_number(p, "refused_connections", sum.refused_n);
#define STAT(name, meaning) printer_number(p, #name, name);
#include "engine/stats.def"
#undef STAT
	printer_number(p, "rx_bytes", sum.rx_bytes);
	printer_number(p, "tx_bytes", sum.tx_bytes);
	printer_number(p, "reads", sum.rx_n);
	printer_number(p, "writes", sum.tx_n);
	printer_number(p, "body_memory_bytes", used_bytes);
	printer_close(p);
}

static void
print_queue(struct printer *p, struct engine *e)
{
	struct queue_stats q;

	queue_stats_get(e->queue, &q);
	printer_open(p, "queue");
	printer_number(p, "active", q.active_n);
	printer_number(p, "deferred", q.deferred_n);
	printer_number(p, "held", q.held_n);
	printer_number(p, "dead", q.dead_n);
	printer_number(p, "commits", q.commits_n);
	printer_number(p, "committed_messages", q.committed_msgs_n);
	printer_number(p, "committed_bytes", q.committed_bytes);
	printer_number(p, "commit_us", q.commit_us_sum);
	printer_number(p, "settled", q.settled_n);
	printer_number(p, "deferrals", q.deferrals_n);
	printer_number(p, "spilled", q.spilled_n);
	printer_number(p, "inflight_bytes", q.inflight_bytes);
	printer_number(p, "memory_bytes", q.memory_bytes);
	printer_close(p);
}

static void
print_delivery(struct printer *p, struct engine *e)
{
	struct deliver_stats d;

	deliver_stats_get(e->deliver, &d);
	printer_open(p, "delivery");
	printer_number(p, "delivered", d.delivered_n);
	printer_number(p, "delivered_bytes", d.delivered_bytes);
	printer_number(p, "deferred", d.deferred_n);
	printer_number(p, "failed", d.failed_n);
	printer_number(p, "found_again", d.found_n);
	printer_number(p, "batches", d.batches_n);
	printer_number(p, "flushes", d.flushes_n);
	printer_number(p, "flush_us", d.flush_us_sum);
	printer_close(p);
}

void
engine_status(struct engine *e, bool is_json, FILE *out)
{
	struct printer p;

	printer_begin(&p, out, is_json);
	print_engine(&p, e);
	print_workers(&p, e);
	print_queue(&p, e);
	print_delivery(&p, e);
	engine_status_tls(e, &p);
	engine_status_dns(e, &p);
	engine_status_dataplane(e, &p);
	printer_end(&p);
}
