/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters add up, and kinds of replies stay apart. */
#include "bench/load_stats.h"
#include "tests/unit/check.h"

static struct load_stats a, b;

static void
test_merge(void)
{
	CHECK_ROW("merge");
	load_stats_init(&a);
	load_stats_init(&b);
	/* every field of the sums, by value, so that none is forgotten */
	for (uint64_t *p = &b.acked_n; p < &b.last_acked_us; p++)
		*p = (uint64_t)(p - &b.acked_n) + 1;
	b.last_acked_us = 7;
	a.last_acked_us = 9;
	b.connect_errno = 111;
	histogram_add(&b.end, 5);
	histogram_add(&b.connect, 6);
	histogram_add(&b.session, 7);
	load_stats_merge(&a, &b);
	load_stats_merge(&a, &b);
	for (uint64_t *p = &a.acked_n; p < &a.last_acked_us; p++)
		CHECK(*p == 2 * ((uint64_t)(p - &a.acked_n) + 1));
	CHECK(a.last_acked_us == 9);
	CHECK(a.connect_errno == 111);
	CHECK(a.end.n == 2 && a.connect.n == 2 && a.session.n == 2);
}

static void
test_kinds(void)
{
	CHECK_ROW("kinds");
	load_stats_init(&a);
	load_stats_init(&b);
	load_stats_reply(&a, LOAD_MAIL, LOAD_OK, 250, SPAN("2.1.0 Ok"));
	CHECK(a.kinds_n == 0);
	load_stats_reply(&a, LOAD_RCPT, LOAD_PERMANENT, 550, SPAN("5.1.1 a"));
	load_stats_reply(&a, LOAD_RCPT, LOAD_PERMANENT, 550, SPAN("5.1.1 b"));
	load_stats_reply(&a, LOAD_RCPT, LOAD_TEMPORARY, 450, SPAN("4.1.1\x01"));
	load_stats_reply(&b, LOAD_RCPT, LOAD_PERMANENT, 550, SPAN("5.1.1 c"));
	load_stats_reply(&b, LOAD_END, LOAD_WRONG, 0, SPAN("odd"));
	load_stats_merge(&a, &b);
	CHECK(a.kinds_n == 3);
	CHECK(a.kinds[0].n == 3 && a.kinds[0].code == 550);
	CHECK_SPAN(span_of(a.kinds[0].text), "5.1.1 a");
	CHECK(a.kinds[1].n == 1);
	CHECK_SPAN(span_of(a.kinds[1].text), "4.1.1?");
	CHECK(a.kinds[2].phase == LOAD_END);
	CHECK_SPAN(span_of(load_phase_name(LOAD_END)), "end of data");
	CHECK(a.permanent_n == 3 && a.temporary_n == 1);
}

static void
test_kinds_full(void)
{
	CHECK_ROW("more kinds than there is room for");
	load_stats_init(&a);
	for (unsigned i = 0; i < LOAD_KINDS_MAX + 5; i++)
		load_stats_reply(&a, LOAD_MAIL, LOAD_PERMANENT,
				 (uint16_t)(500 + i), SPAN("x"));
	CHECK(a.kinds_n == LOAD_KINDS_MAX);
	CHECK(a.kinds_left_out_n == 5);
	CHECK(a.permanent_n == LOAD_KINDS_MAX + 5);
}

int
main(void)
{
	test_merge();
	test_kinds();
	test_kinds_full();
	return check_end();
}
