/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks and the date line. */
#include "engine/base/clock.h"

#include <string.h>
#include <time.h>

static uint64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * US_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
clock_now_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t
clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

unsigned
clock_date(uint64_t wall_us, char out[CLOCK_DATE_MAX])
{
	/* localtime takes a lock and reads TZ: once a second is enough. */
	static _Thread_local time_t last = (time_t)-1;
	static _Thread_local char text[CLOCK_DATE_MAX];
	static _Thread_local unsigned len;
	time_t now = (time_t)(wall_us / US_PER_SEC);

	if (now != last) {
		struct tm tm;

		localtime_r(&now, &tm);
		len = (unsigned)strftime(text, sizeof(text),
					 "%a, %e %b %Y %H:%M:%S %z (%Z)", &tm);
		last = now;
	}
	memcpy(out, text, len + 1);
	return len;
}
