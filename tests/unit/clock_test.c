/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks move on, and a stamp becomes RFC 5322's date. */
#include "engine/base/clock.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static void
test_clocks(void)
{
	uint64_t a, b, wall, seconds;
	unsigned steps = 0;

	CHECK_ROW("monotonic");
	a = clock_now_us();
	do {
		b = clock_now_us();
		CHECK(b >= a);
	} while (b == a && ++steps < 1000000);
	CHECK(b > a);
	CHECK_ROW("wall");
	seconds = (uint64_t)time(NULL);
	wall = clock_wall_us();
	CHECK(wall / US_PER_SEC + 1 >= seconds);
	CHECK(wall / US_PER_SEC <= (uint64_t)time(NULL));
}

struct row {
	const char *zone;
	uint64_t wall_us;
	const char *want;
};

static const struct row rows[] = {
	{ "UTC0", 1795410252000000, "Mon, 23 Nov 2026 05:04:12 +0000 (UTC)" },
	{ "UTC0", 1795410252999999, "Mon, 23 Nov 2026 05:04:12 +0000 (UTC)" },
	{ "UTC0", 1795410253000000, "Mon, 23 Nov 2026 05:04:13 +0000 (UTC)" },
	{ "UTC0", 0, "Thu,  1 Jan 1970 00:00:00 +0000 (UTC)" },
	{ "UTC0", 951825600000000, "Tue, 29 Feb 2000 12:00:00 +0000 (UTC)" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1795410252000000,
	  "Mon, 23 Nov 2026 06:04:12 +0100 (CET)" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1782000000000000,
	  "Sun, 21 Jun 2026 02:00:00 +0200 (CEST)" },
	{ "NST3:30", 1795410252000000,
	  "Mon, 23 Nov 2026 01:34:12 -0330 (NST)" },
};

/* Each thread keeps the text of its last second: a zone gets a thread. */
static void *
print(void *arg)
{
	const struct row *row = arg;
	char text[CLOCK_DATE_MAX];

	for (int i = 0; i < 2; i++) {
		unsigned len = clock_date(row->wall_us, text);

		CHECK(len == strlen(text));
		CHECK_SPAN(span_of(text), row->want);
		clock_date(row->wall_us + 86400 * US_PER_SEC, text);
		CHECK(strcmp(text, row->want) != 0);
	}
	return NULL;
}

static void
test_dates(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		pthread_t thread;

		CHECK_ROW(rows[i].want);
		must(setenv("TZ", rows[i].zone, 1) == 0);
		tzset();
		must(pthread_create(&thread, NULL, print, (void *)&rows[i]) ==
		     0);
		must(pthread_join(thread, NULL) == 0);
	}
}

int
main(void)
{
	test_clocks();
	test_dates();
	return check_end();
}
