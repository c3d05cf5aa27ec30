/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A million clients that have said EHLO and no more: real sessions of conn.c
 * and the SMTP machine over our own TCP, opened through it over the wire in
 * memory. What they take is measured (resident bytes; the sessions' part is the
 * heap's own count), and what a message of an active one costs, in turns with
 * the same in a world where it is alone: medians of the time-stamp counter's
 * cycles of the server's whole turns. Policy and queue say yes.
 *
 *	parked N [TCP_BYTES ALL_BYTES [RATIO]]	fails over these, for each one
 */
#include "tests/sim/sessions.h"

enum { ROUNDS = 9, SAMPLES = 2000 };

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double
median_of_messages(struct world *w)
{
	static uint64_t samples[SAMPLES];

	for (unsigned i = 0; i < SAMPLES; i++)
		samples[i] = message(w);
	qsort(samples, SAMPLES, sizeof(samples[0]), by_value);
	return (double)samples[SAMPLES / 2];
}

/* In turns, so that what else the machine does falls on both. */
static double
ratio_of(struct world *alone, struct world *among)
{
	uint64_t ratios[ROUNDS];
	double a = 0, b = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		a = median_of_messages(alone);
		b = median_of_messages(among);
		ratios[i] = (uint64_t)(b / a * 1e6);
		printf("a message: %.0f cycles alone, %.0f among %u: %.2f\n", a,
		       b, among->conns_n - 1, b / a);
	}
	qsort(ratios, ROUNDS, sizeof(ratios[0]), by_value);
	return (double)ratios[ROUNDS / 2] / 1e6;
}

int
main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	double tcp_max = argc > 2 ? strtod(argv[2], NULL) : 600;
	double all_max = argc > 3 ? strtod(argv[3], NULL) : 1200;
	double ratio_max = argc > 4 ? strtod(argv[4], NULL) : 0;
	struct world *alone = world_open(16, CLIENT_BYTES, 0);
	struct world *among = world_open(n + 16, CLIENT_BYTES, 0);
	double session, tcp, ratio;
	uint64_t rss, heap;

	alone->active = dial(alone);
	among->active = dial(among);
	dial_all(alone, 0);
	dial_all(among, 0);
	(void)median_of_messages(alone);
	(void)median_of_messages(among);
	rss = rss_bytes();
	heap = mallinfo2().uordblks;
	dial_all(among, n);
	heap = mallinfo2().uordblks - heap;
	rss = rss_bytes() - rss + among->tcp_bytes;
	session = (double)heap / n;
	/* Half of what is not the sessions' is the clients' TCP. */
	tcp = ((double)rss - (double)heap) / 2 / n;
	printf("%u parked sessions: TCP %.0f bytes each, session %.0f, "
	       "together %.0f: %.3f GB\n",
	       n, tcp, session, tcp + session, (tcp + session) * n / 1e9);
	ratio = ratio_of(alone, among);
	printf("the median: %.2f times\n", ratio);
	world_close(&alone);
	world_close(&among);
	if (tcp > tcp_max || tcp + session > all_max ||
	    (ratio_max > 0 && ratio > ratio_max)) {
		printf("over the limits\n");
		return 1;
	}
	return 0;
}
