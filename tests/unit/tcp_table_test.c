/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection table: finds what is there and nothing else, at full load. */
#include "dataplane/tcp_table.h"
#include "tests/unit/check.h"

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static bool
is_it(const void *ctx, uint32_t ref)
{
	return *(const uint32_t *)ctx == ref;
}

static void
test_fill(void)
{
	const uint32_t n = 100000;
	struct tcp_table t;
	uint32_t missing = 0, wrong = 0, direct = 0, ref;

	tcp_table_init(&t, n);
	CHECK_ROW("as many as asked for");
	for (ref = 1; ref <= n; ref++)
		CHECK(tcp_table_add(&t, mix(ref), ref) == 0);
	CHECK(t.used_n == n);
	for (ref = 1; ref <= n; ref++) {
		missing += tcp_table_find(&t, mix(ref), is_it, &ref) != ref;
		direct += tcp_table_guess(&t, mix(ref)) == ref;
	}
	CHECK(missing == 0);
	CHECK(direct > n / 100 * 98); /* in the first bucket */
	for (ref = n + 1; ref <= 2 * n; ref++)
		wrong += tcp_table_find(&t, mix(ref), is_it, &ref) != 0;
	CHECK(wrong == 0);
	for (ref = 1; ref <= n; ref += 2)
		tcp_table_remove(&t, mix(ref), ref);
	CHECK(t.used_n == n / 2);
	for (ref = 1; ref <= n; ref++)
		wrong += (tcp_table_find(&t, mix(ref), is_it, &ref) != 0) !=
			 (ref % 2 == 0);
	CHECK(wrong == 0);
	tcp_table_fini(&t);
}

/* The same hash: who asks tells them apart; no more than two buckets hold. */
static void
test_same_hash(void)
{
	struct tcp_table t;
	uint32_t ref, added = 0;

	tcp_table_init(&t, 1000);
	CHECK_ROW("one hash");
	for (ref = 1; ref <= 20; ref++)
		added += tcp_table_add(&t, 0x1234567800000005, ref) == 0;
	CHECK(added == 2 * TCP_BUCKET_SLOTS);
	CHECK(t.used_n == added);
	for (ref = 1; ref <= added; ref++)
		CHECK(tcp_table_find(&t, 0x1234567800000005, is_it, &ref) ==
		      ref);
	/* A zero tag is as good as any. */
	ref = 99;
	CHECK(tcp_table_add(&t, 7, ref) == 0);
	CHECK(tcp_table_find(&t, 7, is_it, &ref) == 99);
	tcp_table_remove(&t, 7, 99);
	CHECK(tcp_table_find(&t, 7, is_it, &ref) == 0);
	tcp_table_fini(&t);
}

/* Beyond what was asked for, it still takes most, then says no. */
static void
test_overfull(void)
{
	struct tcp_table t;
	uint32_t ref, added = 0, slots, missing = 0;

	tcp_table_init(&t, 10000);
	slots = (t.mask + 1) * TCP_BUCKET_SLOTS;
	CHECK_ROW("overfull");
	for (ref = 1; ref <= 2 * slots; ref++)
		added += tcp_table_add(&t, mix(ref), ref) == 0;
	CHECK(added > slots / 10 * 9 && added <= slots);
	for (ref = 1; ref <= slots / 2; ref++)
		missing += tcp_table_find(&t, mix(ref), is_it, &ref) != ref;
	CHECK(missing == 0);
	tcp_table_fini(&t);
}

int
main(void)
{
	test_fill();
	test_same_hash();
	test_overfull();
	return check_end();
}
