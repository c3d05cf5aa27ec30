/* SPDX-License-Identifier: BSD-2-Clause */
/* TIME_WAIT: which segments it answers, which SYN it gives way to. */
#include "dataplane/tcp_wait.h"
#include "tests/unit/check.h"

/* The record: RCV.NXT 1000, SND.NXT 5000; with timestamps TS.Recent 700. */
static const struct {
	const char *name;
	bool has_ts;
	struct tcp_wait_seg s;
	enum tcp_wait_want want;
} rows[] = {
	{ "the FIN again",
	  false,
	  { .seq = 999, .len = 1, .is_ack = true, .is_fin = true },
	  TCP_WAIT_ACK_RENEW },
	{ "data and the FIN again",
	  false,
	  { .seq = 900, .len = 100, .is_ack = true, .is_fin = true },
	  TCP_WAIT_ACK_RENEW },
	{ "another FIN",
	  false,
	  { .seq = 1000, .len = 1, .is_ack = true, .is_fin = true },
	  TCP_WAIT_ACK },
	{ "an ACK", false, { .seq = 1000, .is_ack = true }, TCP_WAIT_DROP },
	{ "old data",
	  false,
	  { .seq = 900, .len = 50, .is_ack = true },
	  TCP_WAIT_ACK },
	{ "new data",
	  false,
	  { .seq = 1000, .len = 50, .is_ack = true },
	  TCP_WAIT_ACK },
	{ "RST (RFC 1337)",
	  false,
	  { .seq = 1000, .is_rst = true },
	  TCP_WAIT_DROP },
	{ "RST and ACK",
	  false,
	  { .seq = 1000, .is_rst = true, .is_ack = true },
	  TCP_WAIT_DROP },
	{ "SYN above",
	  false,
	  { .seq = 1001, .len = 1, .is_syn = true },
	  TCP_WAIT_REUSE },
	{ "SYN at RCV.NXT",
	  false,
	  { .seq = 1000, .len = 1, .is_syn = true },
	  TCP_WAIT_ACK },
	{ "SYN below",
	  false,
	  { .seq = 500, .len = 1, .is_syn = true },
	  TCP_WAIT_ACK },
	{ "SYN half the space ahead",
	  false,
	  { .seq = 1000 + 0x7fffffffu, .len = 1, .is_syn = true },
	  TCP_WAIT_REUSE },
	{ "SYN and ACK above",
	  false,
	  { .seq = 1001, .len = 1, .is_syn = true, .is_ack = true },
	  TCP_WAIT_ACK },
	{ "SYN below, only it has a timestamp",
	  false,
	  { .seq = 500, .len = 1, .is_syn = true, .has_ts = true },
	  TCP_WAIT_REUSE },
	{ "SYN below, later timestamp",
	  true,
	  { .seq = 500,
	    .len = 1,
	    .is_syn = true,
	    .has_ts = true,
	    .ts_val = 701 },
	  TCP_WAIT_REUSE },
	{ "SYN above, same timestamp",
	  true,
	  { .seq = 1001,
	    .len = 1,
	    .is_syn = true,
	    .has_ts = true,
	    .ts_val = 700 },
	  TCP_WAIT_REUSE },
	{ "SYN below, same timestamp",
	  true,
	  { .seq = 500,
	    .len = 1,
	    .is_syn = true,
	    .has_ts = true,
	    .ts_val = 700 },
	  TCP_WAIT_ACK },
	{ "SYN above, earlier timestamp",
	  true,
	  { .seq = 1001,
	    .len = 1,
	    .is_syn = true,
	    .has_ts = true,
	    .ts_val = 699 },
	  TCP_WAIT_ACK },
	{ "SYN above, its timestamp is gone",
	  true,
	  { .seq = 1001, .len = 1, .is_syn = true },
	  TCP_WAIT_REUSE },
	{ "PAWS, data",
	  true,
	  { .seq = 1000,
	    .len = 5,
	    .is_ack = true,
	    .has_ts = true,
	    .ts_val = 1 },
	  TCP_WAIT_ACK },
	{ "PAWS, an ACK",
	  true,
	  { .seq = 1000, .is_ack = true, .has_ts = true, .ts_val = 1 },
	  TCP_WAIT_DROP },
	{ "the FIN again, later timestamp",
	  true,
	  { .seq = 999,
	    .len = 1,
	    .is_ack = true,
	    .is_fin = true,
	    .has_ts = true,
	    .ts_val = 800 },
	  TCP_WAIT_ACK_RENEW },
};

static void
test_steps(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct tcp_wait w = { .rcv_nxt = 1000,
				      .snd_nxt = 5000,
				      .has_ts = rows[i].has_ts,
				      .ts_recent = 700 };

		CHECK_ROW(rows[i].name);
		CHECK(tcp_wait_step(&w, &rows[i].s) == rows[i].want);
		if (rows[i].s.has_ts && rows[i].want == TCP_WAIT_ACK_RENEW)
			CHECK(w.ts_recent == rows[i].s.ts_val);
	}
}

static void
test_ages(void)
{
	struct tcp_wait_all a;
	uint32_t one, two, three, t0 = UINT32_MAX - 30000;

	tcp_wait_init(&a, 3, 60 * 1000000ull);
	one = tcp_wait_get(&a, t0);
	two = tcp_wait_get(&a, t0 + 10);
	three = tcp_wait_get(&a, t0 + 20);
	CHECK_ROW("ages, over the wrap of the clock");
	CHECK(one && two && three && tcp_wait_get(&a, t0 + 30) == 0);
	CHECK(tcp_wait_due(&a, t0 + 59999) == 0);
	CHECK(tcp_wait_due(&a, t0 + 60000) == one);
	tcp_wait_renew(&a, one, t0 + 60000);
	CHECK(tcp_wait_due(&a, t0 + 60010) == two);
	tcp_wait_put(&a, two);
	CHECK(tcp_wait_due(&a, t0 + 60010) == 0);
	CHECK(tcp_wait_due(&a, t0 + 60020) == three);
	tcp_wait_put(&a, three);
	CHECK(tcp_wait_due(&a, t0 + 119999) == 0);
	CHECK(tcp_wait_due(&a, t0 + 120000) == one);
	CHECK(a.used_n == 1);
	CHECK(tcp_wait_get(&a, t0) == three);
	tcp_wait_fini(&a);
}

int
main(void)
{
	test_steps();
	test_ages();
	return check_end();
}
