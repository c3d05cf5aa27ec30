/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock status`: the counters of every part, as JSON or as text, from one
 * list of sections.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct printer {
	FILE *out;
	bool is_json, has_item, has_section;
};

static void
section(struct printer *p, const char *name)
{
	if (p->is_json)
		fprintf(p->out, "%s%s\"%s\":{", p->has_section ? "}" : "",
			p->has_section ? "," : "", name);
	else
		fprintf(p->out, "%s\n", name);
	p->has_section = true;
	p->has_item = false;
}

static void
number(struct printer *p, const char *name, uint64_t value)
{
	if (p->is_json)
		fprintf(p->out, "%s\"%s\":%" PRIu64, p->has_item ? "," : "",
			name, value);
	else
		fprintf(p->out, "  %-22s %" PRIu64 "\n", name, value);
	p->has_item = true;
}

static void
print_engine(struct printer *p, struct engine *e)
{
	section(p, "engine");
	number(p, "pid", (uint64_t)getpid());
	number(p, "uptime_seconds",
	       (clock_wall_us() - e->start_us) / US_PER_SEC);
	number(p, "workers", e->workers_n);
	number(p, "reloads", e->reloads_n);
	number(p, "log_lines_lost", log_lost_n());
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
	section(p, "workers");
	number(p, "open_connections", sum.open_n);
	number(p, "refused_connections", sum.refused_n);
#define STAT(name, meaning) number(p, #name, name);
#include "engine/stats.def"
#undef STAT
	number(p, "rx_bytes", sum.rx_bytes);
	number(p, "tx_bytes", sum.tx_bytes);
	number(p, "reads", sum.rx_n);
	number(p, "writes", sum.tx_n);
	number(p, "body_memory_bytes", used_bytes);
}

static void
print_queue(struct printer *p, struct engine *e)
{
	struct queue_stats q;

	queue_stats_get(e->queue, &q);
	section(p, "queue");
	number(p, "active", q.active_n);
	number(p, "deferred", q.deferred_n);
	number(p, "held", q.held_n);
	number(p, "dead", q.dead_n);
	number(p, "commits", q.commits_n);
	number(p, "committed_messages", q.committed_msgs_n);
	number(p, "committed_bytes", q.committed_bytes);
	number(p, "commit_us", q.commit_us_sum);
	number(p, "settled", q.settled_n);
	number(p, "deferrals", q.deferrals_n);
	number(p, "spilled", q.spilled_n);
	number(p, "inflight_bytes", q.inflight_bytes);
	number(p, "memory_bytes", q.memory_bytes);
}

static void
print_delivery(struct printer *p, struct engine *e)
{
	struct deliver_stats d;

	deliver_stats_get(e->deliver, &d);
	section(p, "delivery");
	number(p, "delivered", d.delivered_n);
	number(p, "delivered_bytes", d.delivered_bytes);
	number(p, "deferred", d.deferred_n);
	number(p, "failed", d.failed_n);
	number(p, "found_again", d.found_n);
	number(p, "batches", d.batches_n);
	number(p, "flushes", d.flushes_n);
	number(p, "flush_us", d.flush_us_sum);
}

void
engine_status(struct engine *e, bool is_json, FILE *out)
{
	struct printer p = { .out = out, .is_json = is_json };

	if (is_json)
		fputc('{', out);
	print_engine(&p, e);
	print_workers(&p, e);
	print_queue(&p, e);
	print_delivery(&p, e);
	if (is_json)
		fputs("}}\n", out);
}
