/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h: the two clocks. Any thread; vDSO calls only. Protocol code never
 * reads them: it is handed now_us.
 */
#ifndef PENSTOCK_BASE_CLOCK_H
#define PENSTOCK_BASE_CLOCK_H

#include <stdint.h>

#define US_PER_SEC 1000000ull

/* Monotonic microseconds: for deadlines and durations. */
uint64_t clock_now_us(void);
/* Microseconds since 1970: for stamps that people and files see. */
uint64_t clock_wall_us(void);

/*
 * RFC 5322 section 3.3 date-time of a wall-clock stamp in local time, such as
 * "Mon, 23 Nov 2026 05:04:12 +0000 (UTC)". Gives the length without the NUL.
 * Keeps the text of the last second per thread.
 */
#define CLOCK_DATE_MAX 64
unsigned clock_date(uint64_t wall_us, char out[CLOCK_DATE_MAX]);

#endif
