/* SPDX-License-Identifier: BSD-2-Clause */
/* The SYN cache: when SYN-ACKs go again, and what happens when it is full. */
#include "dataplane/tcp_syn.h"
#include "tests/unit/check.h"

/* Milliseconds at which one lone record's SYN-ACK goes out, then it ends. */
static void
test_schedule(void)
{
	static const uint32_t want[] = { 1000, 3000, 7000, 15000 };
	struct tcp_syn_all a;
	uint32_t number, now = UINT32_MAX - 2500, start = now;
	unsigned n = 0;

	tcp_syn_init(&a, 64);
	number = tcp_syn_get(&a, now);
	CHECK_ROW("doubling, over the wrap of the clock");
	CHECK(number != 0 && tcp_syn_next_ms(&a, now) == 1000);
	for (;; now++) {
		if (!tcp_syn_due(&a, now))
			continue;
		CHECK(tcp_syn_due(&a, now) == number);
		if (!tcp_syn_again(&a, number, now))
			break;
		CHECK(n < ARRAY_N(want) && now - start == want[n]);
		CHECK(tcp_syn_rec(&a, number)->flags & TCP_SYN_AGAIN);
		n++;
	}
	CHECK(n == ARRAY_N(want) && now - start == 31000);
	tcp_syn_put(&a, number);
	CHECK(a.used_n == 0 && tcp_syn_next_ms(&a, now) == UINT32_MAX);
	tcp_syn_fini(&a);
}

static void
test_full(void)
{
	struct tcp_syn_all a;
	uint32_t numbers[8], again = 0;

	tcp_syn_init(&a, ARRAY_N(numbers));
	CHECK_ROW("full");
	for (unsigned i = 0; i < ARRAY_N(numbers); i++)
		CHECK((numbers[i] = tcp_syn_get(&a, i)) != 0);
	CHECK(tcp_syn_get(&a, 9) == 0);
	CHECK(a.used_n == ARRAY_N(numbers));
	/* One that goes makes room for one. */
	tcp_syn_put(&a, numbers[3]);
	CHECK(tcp_syn_get(&a, 9) == numbers[3]);
	/* Oldest first, and under flood only one retransmission. */
	for (uint32_t now = 1000; a.used_n; now += 500) {
		uint32_t n = tcp_syn_due(&a, now);

		if (n == 0)
			continue;
		if (tcp_syn_again(&a, n, now))
			again++;
		else
			tcp_syn_put(&a, n);
	}
	CHECK(again >= ARRAY_N(numbers) && again < 3 * ARRAY_N(numbers));
	tcp_syn_fini(&a);
}

static void
test_oldest_first(void)
{
	struct tcp_syn_all a;
	uint32_t one, two, three;

	tcp_syn_init(&a, 16);
	one = tcp_syn_get(&a, 100);
	two = tcp_syn_get(&a, 200);
	three = tcp_syn_get(&a, 300);
	CHECK_ROW("oldest first");
	CHECK(tcp_syn_due(&a, 1099) == 0);
	CHECK(tcp_syn_due(&a, 1100) == one);
	tcp_syn_put(&a, two); /* out of the middle */
	CHECK(tcp_syn_again(&a, one, 1100));
	CHECK(tcp_syn_due(&a, 1299) == 0);
	CHECK(tcp_syn_due(&a, 1300) == three);
	CHECK(tcp_syn_next_ms(&a, 1200) == 100);
	tcp_syn_put(&a, three);
	CHECK(tcp_syn_next_ms(&a, 1200) == 1900);
	CHECK(tcp_syn_next_ms(&a, 9999) == 0);
	tcp_syn_fini(&a);
}

int
main(void)
{
	test_schedule();
	test_full();
	test_oldest_first();
	return check_end();
}
