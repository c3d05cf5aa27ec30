/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that wait: order, bounds, and no memory once they are gone. */
#include "tls/tls_buf.h"
#include "tests/unit/check.h"

static void
test_order(void)
{
	struct tls_buf b = { 0 };
	char want = 0, put = 0;

	CHECK_ROW("order");
	for (int lap = 0; lap < 500; lap++) {
		char piece[97];

		for (int i = 0; i < lap % 97; i++)
			piece[i] = put++;
		CHECK(tls_buf_put(&b, (struct span) { piece, lap % 97 },
				  100000));
		for (int i = 0; i < lap % 89 && b.len; i++) {
			CHECK(tls_buf_span(&b).p[0] == want++);
			tls_buf_drop(&b, 1);
		}
	}
	CHECK(b.len == (uint8_t)(put - want) + (b.len & ~0xffu));
	tls_buf_clear(&b);
	CHECK(b.p == NULL && b.cap == 0);
}

static void
test_bounds(void)
{
	struct tls_buf b = { 0 };

	CHECK_ROW("bounds");
	CHECK(tls_buf_put(&b, SPAN(""), 0) && b.p == NULL);
	CHECK(!tls_buf_put(&b, SPAN("12345"), 4) && b.p == NULL);
	CHECK(tls_buf_put(&b, SPAN("123"), 4));
	CHECK(!tls_buf_put(&b, SPAN("45"), 4));
	CHECK(tls_buf_put(&b, SPAN("4"), 4));
	CHECK_SPAN(tls_buf_span(&b), "1234");
	tls_buf_drop(&b, 1);
	CHECK(tls_buf_put(&b, SPAN("5"), 4));
	CHECK_SPAN(tls_buf_span(&b), "2345");
	tls_buf_drop(&b, 4);
	CHECK(b.p == NULL && b.cap == 0 && b.at == 0);
}

int
main(void)
{
	test_order();
	test_bounds();
	return check_end();
}
