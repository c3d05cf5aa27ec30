/* SPDX-License-Identifier: BSD-2-Clause */
/* `penstock status`: what was asked of DNS, and how long answers took. */
#include "engine/engine.h"
#include "engine/policy/dns.h"
#include "engine/printer.h"

/* The time, as a bucket's upper end, that so many in a thousand stayed under.
 */
static uint64_t
time_us(const struct dns_stats *d, unsigned per_mille)
{
	uint64_t sum = 0, n = 0;

	for (int i = 0; i < DNS_LATENCIES_N; i++)
		sum += d->latencies_n[i];
	for (int i = 0; i < DNS_LATENCIES_N; i++) {
		n += d->latencies_n[i];
		if (n * 1000 >= sum * per_mille && n > 0)
			return 2ull << i;
	}
	return 0;
}

static void
print_times(struct printer *p, const struct dns_stats *d)
{
	printer_list_open(p, "answer_times");
	for (int i = 0; i < DNS_LATENCIES_N; i++) {
		if (d->latencies_n[i] == 0)
			continue;
		printer_item_open(p);
		printer_number(p, "below_us", 2ull << i);
		printer_number(p, "answers", d->latencies_n[i]);
		printer_item_close(p);
	}
	printer_list_close(p);
}

void
engine_status_dns(struct engine *e, struct printer *p)
{
	struct dns_stats d;

	dns_stats_get(e->dns, &d);
	printer_open(p, "dns");
	printer_number(p, "servers", d.servers_n);
	printer_number(p, "lookups", d.finds_n);
	printer_number(p, "hits", d.hits_n);
	printer_number(p, "shared", d.shared_n);
	printer_number(p, "refused", d.refused_n);
	printer_number(p, "hosts_file", d.hosts_n);
	printer_number(p, "queries", d.queries_n);
	printer_number(p, "answers", d.answers_n);
	printer_number(p, "negatives", d.negatives_n);
	printer_number(p, "failures", d.failures_n);
	printer_number(p, "timeouts", d.timeouts_n);
	printer_number(p, "pending", d.pending_n);
	printer_number(p, "pending_limit", d.pending_max);
	printer_number(p, "cache_entries", d.entries_n);
	printer_number(p, "cache_bytes", d.bytes);
	printer_number(p, "cache_evicted", d.evicted_n);
	printer_number(p, "answer_p50_us", time_us(&d, 500));
	printer_number(p, "answer_p99_us", time_us(&d, 990));
	print_times(p, &d);
	printer_close(p);
}
