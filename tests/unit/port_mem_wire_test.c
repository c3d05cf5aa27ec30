/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens on the wire: chance by seed, order, delay, rate, bounds. */
#include "dataplane/port_mem.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

enum { FRAMES_N = 20000, BYTES = 200 };

struct run {
	struct port_mem_stats stats;
	uint32_t got_n, misplaced_n, wrong_n;
	uint64_t last_us, hash;
};

/* Frames carry their number; 10 us apart; all of them arrive or are counted. */
static void
run(const struct port_mem_cfg *cfg, struct run *r)
{
	struct port_mem *m = port_mem_open(cfg);
	struct port_queue *tx = port_queue(port_mem_port(m, 0), 0);
	struct port_queue *rx = port_queue(port_mem_port(m, 1), 0);
	struct frame f, burst[PORT_BURST_MAX];
	uint32_t expected = 0, sent = 0;

	*r = (struct run) { .hash = 1 };
	while (sent < FRAMES_N || port_mem_waiting_n(m)) {
		uint64_t now_us = port_mem_now_us(m) + 10;
		unsigned n;

		if (sent < FRAMES_N && port_tx_get(tx, &f)) {
			memset(f.data, 0, BYTES);
			wire_put16(f.data + ETH_TYPE, ETH_TYPE_IP4);
			wire_put32(f.data + 100, sent++);
			f.len = BYTES;
			port_tx(tx, &f, 1);
		}
		port_mem_advance(m, now_us);
		n = port_rx(rx, burst, PORT_BURST_MAX);
		for (unsigned i = 0; i < n; i++) {
			uint32_t no = wire_get32(burst[i].data + 100);
			uint32_t bits = 0;

			for (unsigned k = 0; k < BYTES; k++)
				if (k < 12 || (k > 13 && k < 100) || k > 103)
					bits += burst[i].data[k] != 0;
			r->wrong_n += bits != 0;
			r->misplaced_n += no != expected;
			expected = no + 1;
			r->got_n++;
			r->last_us = now_us;
			r->hash = (r->hash ^ no) * 0x100000001b3;
		}
		port_free(rx, burst, n);
	}
	port_mem_stats_get(m, 0, &r->stats);
	CHECK(port_mem_bufs_out(m, 0) == 0 && port_mem_bufs_out(m, 1) == 0);
	CHECK(port_mem_next_us(m) == UINT64_MAX);
	CHECK(r->stats.sent_n == FRAMES_N);
	CHECK(r->got_n == r->stats.sent_n + r->stats.doubled_n -
				  r->stats.lost_n - r->stats.overflow_n);
	port_mem_close(&m);
	CHECK(m == NULL);
}

static bool
is_near(uint64_t n, uint64_t want)
{
	return n > want * 9 / 10 && n < want * 11 / 10;
}

static void
test_chance(void)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct run r, again;

	CHECK_ROW("nothing happens by default");
	run(&cfg, &r);
	CHECK(r.got_n == FRAMES_N && r.misplaced_n == 0 && r.wrong_n == 0);
	cfg.ways[0] = (struct port_mem_way) { .loss_ppm = 100000,
					      .dup_ppm = 50000,
					      .reorder_ppm = 20000,
					      .corrupt_ppm = 30000,
					      .delay_us = 1000,
					      .reorder_us = 500 };
	CHECK_ROW("all at once");
	run(&cfg, &r);
	CHECK(is_near(r.stats.lost_n, FRAMES_N / 10));
	CHECK(is_near(r.stats.doubled_n, FRAMES_N * 9 / 10 / 20));
	CHECK(is_near(r.stats.reordered_n, FRAMES_N * 9 / 10 * 105 / 5000));
	CHECK(is_near(r.stats.corrupted_n, FRAMES_N * 9 / 10 * 315 / 10000));
	CHECK(r.wrong_n > 0 && r.wrong_n <= r.stats.corrupted_n);
	CHECK(r.misplaced_n > r.stats.reordered_n);
	CHECK_ROW("the same seed, the same run");
	run(&cfg, &again);
	CHECK(again.hash == r.hash && again.got_n == r.got_n);
	CHECK_ROW("another seed, another run");
	cfg.seed = 2;
	run(&cfg, &again);
	CHECK(again.hash != r.hash);
}

static void
test_time(void)
{
	struct port_mem_cfg cfg = port_mem_cfg_default;
	struct run r;

	CHECK_ROW("delay");
	cfg.ways[0].delay_us = 5000;
	run(&cfg, &r);
	CHECK(r.got_n == FRAMES_N && r.misplaced_n == 0);
	CHECK(r.last_us == FRAMES_N * 10ull + 4990);
	CHECK_ROW("rate");
	cfg.ways[0] = (struct port_mem_way) { .bytes_per_s = 10000000 };
	cfg.flight_n = cfg.bufs_n = FRAMES_N;
	run(&cfg, &r);
	CHECK(r.got_n == FRAMES_N && r.misplaced_n == 0);
	CHECK(r.last_us == FRAMES_N * (uint64_t)BYTES / 10);
	CHECK_ROW("more on their way than there may be");
	cfg.flight_n = 100;
	run(&cfg, &r);
	CHECK(r.stats.overflow_n > FRAMES_N / 4 && r.got_n < FRAMES_N);
}

int
main(void)
{
	test_chance();
	test_time();
	return check_end();
}
