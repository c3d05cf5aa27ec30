/* SPDX-License-Identifier: BSD-2-Clause */
/* The scoreboard: by rows, and against a map of single bytes. */
#include "dataplane/tcp_sack.h"
#include "tests/unit/check.h"

#define MSS 100u
#define UNA 1000u
#define MAX 3000u

/* Blocks as they come, one ACK each; what is then on the board. */
static const struct {
	const char *name;
	struct tcp_range in[TCP_SACK_RANGES + 4];
	const char *want;
	uint32_t lost_edge, pipe;
} rows[] = {
	{ "nothing", { { 0, 0 } }, "", UNA, 2000 },
	{ "one", { { 1100, 1200 } }, " 1100-1200", UNA, 1900 },
	{ "two apart",
	  { { 1100, 1200 }, { 1300, 1400 } },
	  " 1100-1200 1300-1400",
	  UNA,
	  1800 },
	{ "two that touch",
	  { { 1100, 1200 }, { 1200, 1300 } },
	  " 1100-1300",
	  UNA,
	  1800 },
	{ "in between",
	  { { 1100, 1200 }, { 1300, 1400 }, { 1150, 1350 } },
	  " 1100-1400",
	  1100,
	  1600 },
	{ "downwards",
	  { { 1300, 1400 }, { 1100, 1200 } },
	  " 1100-1200 1300-1400",
	  UNA,
	  1800 },
	{ "the same again",
	  { { 1100, 1200 }, { 1100, 1200 } },
	  " 1100-1200",
	  UNA,
	  1900 },
	{ "over two MSS above: lost",
	  { { 1100, 1301 } },
	  " 1100-1301",
	  1100,
	  1699 },
	{ "two MSS above: not yet",
	  { { 1100, 1300 } },
	  " 1100-1300",
	  UNA,
	  1800 },
	{ "three ranges above: lost",
	  { { 1100, 1110 }, { 1200, 1210 }, { 1300, 1310 } },
	  " 1100-1110 1200-1210 1300-1310",
	  1100,
	  1870 },
	{ "beyond what was sent", { { 1100, 3001 } }, "", UNA, 2000 },
	{ "to the end", { { 2900, 3000 } }, " 2900-3000", UNA, 1900 },
	{ "old: RFC 2883", { { 500, 600 } }, "", UNA, 2000 },
	{ "begins at SND.UNA: nonsense", { { 1000, 1100 } }, "", UNA, 2000 },
	{ "straddles SND.UNA", { { 900, 1100 } }, "", UNA, 2000 },
	{ "empty", { { 1100, 1100 } }, "", UNA, 2000 },
	{ "backwards", { { 1200, 1100 } }, "", UNA, 2000 },
	{ "half the space", { { 1001, 0x80000000 } }, "", UNA, 2000 },
};

static void
say(const struct tcp_sack *s, char *out, size_t cap)
{
	int n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < s->n; i++)
		n += snprintf(out + n, cap - (size_t)n, " %u-%u", s->r[i].start,
			      s->r[i].end);
}

static void
test_rows(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct tcp_sack s;
		char got[400];

		tcp_sack_clear(&s, UNA);
		for (unsigned k = 0; k < ARRAY_N(rows[i].in); k++) {
			struct tcp_opts o = { .sacks_n = 1,
					      .sacks = { rows[i].in[k] } };

			if (rows[i].in[k].start || rows[i].in[k].end)
				tcp_sack_update(&s, UNA, MAX, &o);
		}
		CHECK_ROW(rows[i].name);
		say(&s, got, sizeof(got));
		CHECK_SPAN(span_of(got), rows[i].want);
		CHECK(tcp_sack_lost_edge(&s, UNA, MSS) == rows[i].lost_edge);
		CHECK(tcp_sack_pipe(&s, UNA, MAX, MSS) == rows[i].pipe);
	}
}

/* Every second byte: more ranges than there are places. */
static void
test_full(void)
{
	struct tcp_sack s;
	struct tcp_opts o = { .sacks_n = 1 };

	tcp_sack_clear(&s, UNA);
	CHECK_ROW("full");
	for (uint32_t i = 0; i < 100; i++) {
		o.sacks[0] =
			(struct tcp_range) { UNA + 1 + 2 * i, UNA + 2 + 2 * i };
		CHECK(tcp_sack_update(&s, UNA, MAX, &o) ==
		      (i < TCP_SACK_RANGES));
	}
	CHECK(s.n == TCP_SACK_RANGES && s.bytes == TCP_SACK_RANGES);
	/* One over all of them still finds room. */
	o.sacks[0] = (struct tcp_range) { UNA + 1, UNA + 500 };
	CHECK(tcp_sack_update(&s, UNA, MAX, &o) == 499 - TCP_SACK_RANGES);
	CHECK(s.n == 1);
	tcp_sack_advance(&s, UNA + 100);
	CHECK(s.n == 1 && s.r[0].start == UNA + 100 && s.bytes == 400);
	tcp_sack_advance(&s, UNA + 500);
	CHECK(s.n == 0 && s.bytes == 0 && s.high_rxt == UNA + 500);
	CHECK(tcp_sack_high(&s, UNA + 500) == UNA + 500);
}

/* RXT.MAX was 2000: what has arrived of what was sent from there on. */
static void
test_lost_again(void)
{
	static const struct {
		const char *name;
		uint32_t high_rxt, high;
		bool want;
	} again[] = {
		{ "nothing was sent again", UNA, 2900, false },
		{ "nothing of it has arrived", 1100, 2000, false },
		{ "two segments have", 1100, 2200, false },
		{ "three have", 1100, 2300, true },
		{ "more have", 1500, 3000, true },
	};

	for (unsigned i = 0; i < ARRAY_N(again); i++) {
		struct tcp_sack s;
		struct tcp_opts o = { .sacks_n = 1,
				      .sacks = { { 1100, again[i].high } } };

		tcp_sack_clear(&s, UNA);
		tcp_sack_update(&s, UNA, MAX, &o);
		s.high_rxt = again[i].high_rxt;
		s.rxt_max = 2000;
		CHECK_ROW(again[i].name);
		CHECK(tcp_sack_lost_again(&s, UNA, MSS) == again[i].want);
		CHECK(s.high_rxt == (again[i].want ? UNA : again[i].high_rxt));
	}
}

/* Random blocks over the wrap of sequence numbers, beside a byte map. */
static void
test_model(void)
{
	enum { LEN = 600 };
	uint32_t x = 12345;

	CHECK_ROW("model");
	for (unsigned run = 0; run < 3000; run++) {
		uint8_t map[LEN] = { 0 };
		uint32_t base = 0xffffff00, una = 0, known = 0, at;
		struct tcp_sack s;
		struct tcp_range gap;

		tcp_sack_clear(&s, base);
		for (unsigned k = 0; k < 12; k++) {
			uint32_t a, b, fresh = 0, had;
			struct tcp_opts o = { .sacks_n = 1 };

			x = x * 1664525 + 1013904223;
			a = una + 1 + (x >> 8) % (LEN - 60 - una);
			b = a + 1 + (x >> 24) % 50;
			o.sacks[0] = (struct tcp_range) { base + a, base + b };
			for (uint32_t i = a; i < b; i++) {
				fresh += !map[i];
				map[i] = 1;
			}
			had = tcp_sack_update(&s, base + una, base + LEN, &o);
			CHECK(had == fresh);
			if (x % 5 == 0) {
				una += x % 40;
				tcp_sack_advance(&s, base + una);
			}
		}
		for (uint32_t i = una; i < LEN; i++)
			known += map[i];
		CHECK(s.bytes == known);
		/* The gaps, one after another, are what is not set. */
		for (at = una; tcp_sack_gap(&s, base + at, base + LEN, &gap);) {
			for (; at < gap.start - base; at++)
				CHECK(map[at]);
			for (; at < gap.end - base; at++)
				CHECK(!map[at]);
		}
		for (; at < LEN; at++)
			CHECK(map[at]);
	}
}

int
main(void)
{
	test_rows();
	test_full();
	test_lost_again();
	test_model();
	return check_end();
}
