/* SPDX-License-Identifier: BSD-2-Clause */
/* Out-of-order bytes: rows, limits, and a random model. */
#include "dataplane/tcp_reass.h"
#include "tests/unit/check.h"

#define BASE 0xfffff000u

static uint8_t
byte_at(uint32_t seq)
{
	return (uint8_t)(seq * 13 + (seq >> 9));
}

static enum tcp_reass_got
add(struct tcp_reass_all *a, struct tcp_pool *p, uint32_t *rec, uint32_t start,
    uint32_t end, struct tcp_range *dup)
{
	static uint8_t stream[200000];
	static bool is_filled;

	for (uint32_t i = 0; !is_filled && i < sizeof(stream); i++)
		stream[i] = byte_at(BASE + i);
	is_filled = true;
	CHECK(start <= end && end <= sizeof(stream));
	return tcp_reass_add(a, p, rec, BASE + start, stream + start,
			     end - start, dup);
}

/* RCV.NXT is 0; what came; what SACK then says, the latest first. */
static const struct {
	const char *name;
	struct tcp_range in[9];
	const char *want;
	const char *dup; /* of the last one */
} rows[] = {
	{ "one", { { 10, 20 } }, " 10-20", "" },
	{ "two", { { 10, 20 }, { 30, 40 } }, " 30-40 10-20", "" },
	{ "two, downwards", { { 30, 40 }, { 10, 20 } }, " 10-20 30-40", "" },
	{ "touch above", { { 10, 20 }, { 20, 30 } }, " 10-30", "" },
	{ "touch below", { { 20, 30 }, { 10, 20 } }, " 10-30", "" },
	{ "the same", { { 10, 20 }, { 10, 20 } }, " 10-20", "10-20" },
	{ "inside", { { 10, 40 }, { 20, 30 } }, " 10-40", "20-30" },
	{ "around", { { 20, 30 }, { 10, 40 } }, " 10-40", "20-30" },
	{ "overlap above", { { 10, 20 }, { 15, 30 } }, " 10-30", "15-20" },
	{ "overlap below", { { 15, 30 }, { 10, 20 } }, " 10-30", "15-20" },
	{ "bridge", { { 10, 20 }, { 30, 40 }, { 20, 30 } }, " 10-40", "" },
	{ "bridge that overlaps both",
	  { { 10, 20 }, { 30, 40 }, { 15, 35 } },
	  " 10-40",
	  "15-20" },
	{ "over three",
	  { { 10, 12 }, { 20, 22 }, { 30, 32 }, { 5, 50 } },
	  " 5-50",
	  "10-12" },
	{ "known moves to the front",
	  { { 10, 20 }, { 30, 40 }, { 12, 14 } },
	  " 10-20 30-40",
	  "12-14" },
	{ "four of them",
	  { { 10, 11 }, { 20, 21 }, { 30, 31 }, { 40, 41 } },
	  " 40-41 30-31 20-21 10-11",
	  "" },
	{ "eight, a ninth is refused",
	  { { 10, 11 },
	    { 20, 21 },
	    { 30, 31 },
	    { 40, 41 },
	    { 50, 51 },
	    { 60, 61 },
	    { 70, 71 },
	    { 80, 81 },
	    { 90, 91 } },
	  " 80-81 70-71 60-61 50-51",
	  "" },
	{ "eight, one that touches is taken",
	  { { 10, 11 },
	    { 20, 21 },
	    { 30, 31 },
	    { 40, 41 },
	    { 50, 51 },
	    { 60, 61 },
	    { 70, 71 },
	    { 80, 81 },
	    { 11, 15 } },
	  " 10-15 80-81 70-71 60-61",
	  "" },
};

static void
test_rows(void)
{
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct tcp_range dup = { 0 }, out[TCP_SACKS_MAX];
		struct tcp_reass_all a;
		struct tcp_pool p;
		uint32_t rec = 0;
		char got[200] = "";
		unsigned n;

		tcp_pool_init(&p, 64 * TCP_BUF_BYTES);
		tcp_reass_init(&a, 4, 64, 64);
		for (unsigned k = 0; k < ARRAY_N(rows[i].in); k++)
			if (rows[i].in[k].end)
				add(&a, &p, &rec, rows[i].in[k].start,
				    rows[i].in[k].end, &dup);
		CHECK_ROW(rows[i].name);
		n = tcp_reass_sacks(&a, rec, out, TCP_SACKS_MAX);
		for (unsigned k = 0; k < n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
				 " %u-%u", out[k].start - BASE,
				 out[k].end - BASE);
		CHECK_SPAN(span_of(got), rows[i].want);
		got[0] = '\0';
		if (dup.start != dup.end)
			snprintf(got, sizeof(got), "%u-%u", dup.start - BASE,
				 dup.end - BASE);
		CHECK_SPAN(span_of(got), rows[i].dup);
		tcp_reass_free(&a, &p, &rec);
		CHECK(rec == 0 && a.used_n == 0 && a.bufs_n == 0);
		CHECK(p.free_n == p.bufs_n);
		tcp_reass_fini(&a);
		tcp_pool_fini(&p);
	}
}

static void
test_limits(void)
{
	struct tcp_reass_all a;
	struct tcp_pool p;
	struct tcp_range dup;
	uint32_t recs[3] = { 0 };

	tcp_pool_init(&p, 64 * TCP_BUF_BYTES);
	tcp_reass_init(&a, 2, 6, 4);
	CHECK_ROW("limits");
	/* Of one connection: four buffers, whatever is in them. */
	for (uint32_t i = 0; i < 4; i++)
		CHECK(add(&a, &p, &recs[0], 100 - 10 * i, 101 - 10 * i, &dup) ==
		      TCP_REASS_KEPT);
	CHECK(add(&a, &p, &recs[0], 30, 31, &dup) == TCP_REASS_FULL);
	CHECK(add(&a, &p, &recs[0], 100, 101, &dup) == TCP_REASS_KNOWN);
	/* Of all of them: six. */
	CHECK(add(&a, &p, &recs[1], 10, 11, &dup) == TCP_REASS_KEPT);
	CHECK(add(&a, &p, &recs[1], 20, 21, &dup) == TCP_REASS_KEPT);
	CHECK(add(&a, &p, &recs[1], 30, 31, &dup) == TCP_REASS_FULL);
	/* Records: two. */
	CHECK(add(&a, &p, &recs[2], 10, 11, &dup) == TCP_REASS_FULL);
	tcp_reass_fin(&a, &recs[2], BASE + 50);
	CHECK(recs[2] == 0);
	tcp_reass_free(&a, &p, &recs[0]);
	tcp_reass_fin(&a, &recs[2], BASE + 50);
	CHECK(recs[2] != 0);
	/* The pool: what is promised is not there. */
	p.promised_n = p.free_n;
	CHECK(add(&a, &p, &recs[1], 40, 41, &dup) == TCP_REASS_FULL);
	p.promised_n = 0;
	tcp_reass_free(&a, &p, &recs[1]);
	tcp_reass_free(&a, &p, &recs[2]);
	CHECK(a.used_n == 0 && p.free_n == p.bufs_n);
	tcp_reass_fini(&a);
	tcp_pool_fini(&p);
}

/* What was sent a byte at a time must not pin a buffer for each byte. */
static void
test_sparse(void)
{
	struct tcp_reass_all a;
	struct tcp_pool p;
	struct tcp_range dup;
	struct tcp_chain to = { 0 };
	uint32_t rec = 0, nxt = BASE;
	bool is_fin;

	tcp_pool_init(&p, 512 * TCP_BUF_BYTES);
	tcp_reass_init(&a, 2, 256, 256);
	CHECK_ROW("sparse");
	for (unsigned round = 0; round < 10; round++) {
		uint32_t at = nxt - BASE;

		for (uint32_t i = 100; i > 0; i--)
			CHECK(add(&a, &p, &rec, at + i, at + i + 1, &dup) ==
			      TCP_REASS_KEPT);
		CHECK(a.bufs_n == 100); /* charged by what is pinned */
		nxt = tcp_reass_take(&a, &p, &rec, nxt + 1, &to, &is_fin);
		CHECK(nxt == BASE + at + 101 && rec == 0 && !is_fin);
	}
	CHECK(to.bytes == 1000);
	CHECK(p.bufs_n - p.free_n == 1);
	tcp_chain_free(&p, &to);
	tcp_reass_fini(&a);
	tcp_pool_fini(&p);
}

static bool
is_stream(struct tcp_pool *p, struct tcp_chain *c, const uint8_t *holes)
{
	uint32_t seq = 0;

	while (c->bytes) {
		struct span s = tcp_chain_front(p, c);

		for (size_t i = 0; i < s.len; i++, seq++) {
			while (holes[seq]) /* these came in order */
				seq++;
			if ((uint8_t)s.p[i] != byte_at(BASE + seq))
				return false;
		}
		tcp_chain_drop(p, c, NULL, (uint32_t)s.len);
	}
	return true;
}

/* Segments in any order, twice, overlapping: in the end, the stream. */
static void
test_model(void)
{
	enum { LEN = 60000 };
	static uint8_t holes[LEN + 70000];
	uint32_t x = 4711;

	CHECK_ROW("model");
	for (unsigned run = 0; run < 200; run++) {
		struct tcp_reass_all a;
		struct tcp_pool p;
		struct tcp_chain to = { 0 };
		uint32_t rec = 0, nxt = 0;
		bool is_fin = false;

		memset(holes, 0, sizeof(holes));
		tcp_pool_init(&p, 256 * TCP_BUF_BYTES);
		tcp_reass_init(&a, 2, 256, 256);
		while (!is_fin) {
			uint32_t start, end;
			struct tcp_range dup;

			x = x * 1664525 + 1013904223;
			start = nxt + (x >> 8) % 9000;
			end = start + 1 + (x >> 20) % 3000;
			end = end < LEN ? end : LEN;
			if (start >= end) {
				tcp_reass_fin(&a, &rec, BASE + LEN);
				start = nxt;
				end = nxt + 1000 < LEN ? nxt + 1000 : LEN;
			}
			if (start > nxt) {
				add(&a, &p, &rec, start, end, &dup);
				continue;
			}
			memset(holes + nxt, 1, end - nxt);
			nxt = end;
			if (rec)
				nxt = tcp_reass_take(&a, &p, &rec, BASE + nxt,
						     &to, &is_fin) -
				      BASE;
		}
		CHECK(nxt == LEN && rec == 0 && a.used_n == 0 && !a.bufs_n);
		CHECK(is_stream(&p, &to, holes));
		CHECK(p.free_n == p.bufs_n);
		tcp_reass_fini(&a);
		tcp_pool_fini(&p);
	}
}

int
main(void)
{
	test_rows();
	test_limits();
	test_sparse();
	test_model();
	return check_end();
}
