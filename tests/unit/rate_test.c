/* SPDX-License-Identifier: BSD-2-Clause */
/* The token bucket. */
#include "dataplane/rate.h"
#include "tests/unit/check.h"

int
main(void)
{
	struct rate r = RATE(100, 10);
	unsigned n = 0;

	CHECK_ROW("a burst, then the rate");
	while (rate_take(&r, 5000000))
		n++;
	CHECK(n == 10);
	for (uint64_t us = 5000000; us < 6000000; us += 1000)
		n += rate_take(&r, us);
	CHECK(n >= 109 && n <= 110);
	CHECK_ROW("a long rest is worth a burst, no more");
	for (n = 0; rate_take(&r, 900000000);)
		n++;
	CHECK(n == 10);
	CHECK_ROW("a clock that stands or goes back gives nothing");
	CHECK(!rate_take(&r, 900000000) && !rate_take(&r, 1));
	return check_end();
}
