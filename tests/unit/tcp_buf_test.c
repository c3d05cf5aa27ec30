/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of buffers, beside a plain array; the pool gets everything back. */
#include "dataplane/tcp_buf.h"
#include "tests/unit/check.h"

static uint8_t
byte_at(uint32_t off)
{
	return (uint8_t)(off * 7 + (off >> 8));
}

static void
append(struct tcp_pool *p, struct tcp_chain *c, uint32_t off, uint32_t n)
{
	static uint8_t bytes[24000];

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = byte_at(off + i);
	tcp_chain_append(p, c, bytes, n);
}

static void
test_pool(void)
{
	struct tcp_pool p;
	uint32_t a, b;

	tcp_pool_init(&p, 2 * TCP_BUF_BYTES + 100);
	CHECK_ROW("pool");
	CHECK(p.bufs_n == 2 && p.free_n == 2);
	a = tcp_buf_get(&p);
	b = tcp_buf_get(&p);
	CHECK(a && b && a != b && tcp_buf_get(&p) == 0 && p.free_n == 0);
	tcp_buf_put(&p, a);
	CHECK(p.free_n == 1 && tcp_buf_get(&p) == a);
	tcp_pool_fini(&p);
}

static const struct {
	const char *name;
	uint32_t had, more, want;
} need_rows[] = {
	{ "nothing", 0, 0, 0 },
	{ "one byte", 0, 1, 1 },
	{ "one buffer", 0, TCP_BUF_DATA_BYTES, 1 },
	{ "one and a byte", 0, TCP_BUF_DATA_BYTES + 1, 2 },
	{ "fits behind", 100, TCP_BUF_DATA_BYTES - 100, 0 },
	{ "just not behind", 100, TCP_BUF_DATA_BYTES - 99, 1 },
	{ "behind a full one", TCP_BUF_DATA_BYTES, 1, 1 },
	{ "many", 10, 10 * TCP_BUF_DATA_BYTES, 10 },
};

static void
test_need(void)
{
	for (unsigned i = 0; i < ARRAY_N(need_rows); i++) {
		struct tcp_chain c = { 0 };
		struct tcp_pool p;
		uint32_t left;

		tcp_pool_init(&p, 64 * TCP_BUF_BYTES);
		append(&p, &c, 0, need_rows[i].had);
		CHECK_ROW(need_rows[i].name);
		CHECK(tcp_chain_need(&p, &c, need_rows[i].more) ==
		      need_rows[i].want);
		left = p.free_n;
		append(&p, &c, need_rows[i].had, need_rows[i].more);
		CHECK(left - p.free_n == need_rows[i].want);
		tcp_chain_free(&p, &c);
		CHECK(p.free_n == p.bufs_n && c.head == 0 && c.bytes == 0);
		tcp_pool_fini(&p);
	}
}

/* All of the chain, through its front. */
static bool
is_stream(struct tcp_pool *p, struct tcp_chain *c, uint32_t off)
{
	uint32_t left = c->bytes;

	while (left) {
		struct span s = tcp_chain_front(p, c);

		if (s.len == 0 || s.len > left)
			return false;
		for (size_t i = 0; i < s.len; i++)
			if ((uint8_t)s.p[i] != byte_at(off++))
				return false;
		left -= (uint32_t)s.len;
		tcp_chain_drop(p, c, NULL, (uint32_t)s.len);
	}
	return c->head == 0 && tcp_chain_front(p, c).len == 0;
}

/* Appends, reads at random places, drops, trims, joins: one stream. */
static void
test_model(void)
{
	struct tcp_pool p;
	uint32_t x = 99;

	tcp_pool_init(&p, 4096 * TCP_BUF_BYTES);
	CHECK_ROW("model");
	for (unsigned run = 0; run < 300; run++) {
		struct tcp_chain c = { 0 };
		struct tcp_cursor at = { 0 };
		uint32_t first = 0, end = 0, off, n;
		uint8_t out[4000];

		for (unsigned k = 0; k < 60; k++) {
			x = x * 1664525 + 1013904223;
			n = (x >> 8) % 5000;
			switch (x >> 29) {
			case 0:
				n = n < c.bytes ? n : c.bytes;
				tcp_chain_drop(&p, &c, &at, n);
				first += n;
				break;
			case 1:
				n = n < c.bytes ? n : c.bytes;
				tcp_chain_trim(&p, &c, n);
				end -= n;
				at.buf = 0;
				break;
			case 2: {
				struct tcp_chain more = { 0 };

				append(&p, &more, end, n);
				tcp_chain_join(&p, &c, &more);
				CHECK(more.head == 0 && more.bytes == 0);
				end += n;
				break;
			}
			case 3: /* where the last read ended, or anywhere */
			case 4:
				off = x & 64 && at.buf && at.seq >= first
					      ? at.seq - first
					      : (x >> 3) % (c.bytes + 1);
				off = off < c.bytes ? off : c.bytes;
				n = n % sizeof(out);
				n = n < c.bytes - off ? n : c.bytes - off;
				tcp_chain_read(&p, &c, &at, first + off, off,
					       out, n);
				for (uint32_t i = 0; i < n; i++)
					CHECK(out[i] ==
					      byte_at(first + off + i));
				break;
			default:
				append(&p, &c, end, n);
				end += n;
			}
			CHECK(c.bytes == end - first);
		}
		CHECK(p.bufs_n - p.free_n == tcp_chain_bufs(&p, &c));
		CHECK(is_stream(&p, &c, first));
		CHECK(p.free_n == p.bufs_n);
	}
	tcp_pool_fini(&p);
}

int
main(void)
{
	test_pool();
	test_need();
	test_model();
	return check_end();
}
