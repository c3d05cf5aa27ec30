/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate.h: a token bucket kept as time: credit grows with the clock up to what a
 * burst costs. One thread; no clock of its own. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_RATE_H
#define PENSTOCK_DATAPLANE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {
	uint32_t cost_us; /* of one event: 1e6 / events a second */
	uint32_t burst_us;
	uint64_t last_us, credit_us;
};

#define RATE(per_s, burst_n)                                        \
	((struct rate) { .cost_us = 1000000 / (per_s),              \
			 .burst_us = 1000000 / (per_s) * (burst_n), \
			 .credit_us = 1000000 / (per_s) * (burst_n) })

/* False: over the rate, do without. */
static inline bool
rate_take(struct rate *r, uint64_t now_us)
{
	if (now_us > r->last_us) {
		r->credit_us += now_us - r->last_us;
		r->last_us = now_us;
		if (r->credit_us > r->burst_us)
			r->credit_us = r->burst_us;
	}
	if (r->credit_us < r->cost_us)
		return false;
	r->credit_us -= r->cost_us;
	return true;
}

#endif
