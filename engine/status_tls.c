/* SPDX-License-Identifier: BSD-2-Clause */
/* `penstock status`: handshakes, what became of them and how long they took. */
#include "engine/engine.h"
#include "engine/printer.h"

#include <stdio.h>

/* The time, as a bucket's upper end, that so many in a thousand stayed under.
 */
static uint64_t
time_us(const struct tls_stats *t, unsigned per_mille)
{
	uint64_t sum = 0, n = 0;

	for (int i = 0; i < TLS_TIMES_N; i++)
		sum += t->times_n[i];
	for (int i = 0; i < TLS_TIMES_N; i++) {
		n += t->times_n[i];
		if (n * 1000 >= sum * per_mille && n > 0)
			return 2ull << i;
	}
	return 0;
}

static void
print_times(struct printer *p, const struct tls_stats *t)
{
	printer_list_open(p, "handshake_times");
	for (int i = 0; i < TLS_TIMES_N; i++) {
		if (t->times_n[i] == 0)
			continue;
		printer_item_open(p);
		printer_number(p, "below_us", 2ull << i);
		printer_number(p, "handshakes", t->times_n[i]);
		printer_item_close(p);
	}
	printer_list_close(p);
}

void
engine_status_tls(struct engine *e, struct printer *p)
{
	struct tls_stats t;
	char name[48];

	tls_stats_get(e->tls, &t);
	printer_open(p, "tls");
	printer_number(p, "handshakes", t.handshakes_n);
	printer_number(p, "resumed", t.resumed_n);
	for (int i = TLS_REASON_NONE + 1; i < TLS_REASON_N; i++) {
		snprintf(name, sizeof(name), "failed_%s",
			 tls_reason_key((enum tls_reason)i));
		printer_count(p, name, t.failed_n[i]);
	}
	printer_number(p, "threads", t.threads_n);
	printer_number(p, "steps", t.steps_n);
	printer_number(p, "busy_us", t.busy_us);
	printer_number(p, "in_flight", t.in_flight_n);
	printer_number(p, "in_flight_max", t.in_flight_max_n);
	printer_number(p, "in_flight_limit", t.queue_max);
	printer_number(p, "waiting", t.waiting_n);
	printer_number(p, "waited", t.waited_n);
	printer_number(p, "handshake_p50_us", time_us(&t, 500));
	printer_number(p, "handshake_p99_us", time_us(&t, 990));
	print_times(p, &t);
	printer_close(p);
}
