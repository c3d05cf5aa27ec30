/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever the socket takes at a time and however few pieces it wants: the same
 * bytes leave, each once, the end of the body is stamped when its last byte is
 * out, and commands of the message ahead stay behind it.
 */
#include "bench/load_conn.h"
#include "tests/unit/check.h"

#include <stdlib.h>

static const struct {
	const char *name;
	const char *replies;
	bool is_bdat, is_pipelined, is_ahead;
} rows[] = {
	{ "a command", "220 mx\r\n250 mx\r\n", false, false, false },
	{ "commands and a body", "220 mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
	  true, true, false },
	{ "a body",
	  "220 mx\r\n250-mx\r\n250 PIPELINING\r\n"
	  "250 Ok\r\n250 Ok\r\n354 go\r\n",
	  false, true, false },
	{ "a body with commands behind it",
	  "220 mx\r\n250-mx\r\n250 PIPELINING\r\n"
	  "250 Ok\r\n250 Ok\r\n354 go\r\n",
	  false, true, true },
};

static struct message_gen gen;
static struct load_stats stats;

/* Replies are heard when there is nothing to send: all go in order. */
static size_t
run(size_t row, size_t step, unsigned iov_max, char *out, size_t cap)
{
	struct load_conn_cfg cfg = { .gen = &gen,
				     .helo = "me",
				     .is_bdat = rows[row].is_bdat,
				     .is_pipelined = rows[row].is_pipelined };
	struct span in = span_of(rows[row].replies), line;
	bool has_msg = false, is_ahead = rows[row].is_ahead;
	struct iovec iov[8];
	struct load_conn c;
	size_t len = 0;
	unsigned n;

	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	do {
		line = span_to(in, span_find(in, '\n'));
		line.len += in.len > 0; /* with its end */
		in = span_from(in, line.len);
		load_conn_feed(&c, &line, 1);
		CHECK(line.len == 0);
		if (c.want == LOAD_WANT_MSG && !has_msg) {
			has_msg = true;
			load_conn_msg(&c, 0);
		}
		if (is_ahead && load_conn_can_ahead(&c)) {
			load_conn_ahead(&c, 1);
			is_ahead = false;
		}
		while ((n = load_conn_tx(&c, iov, iov_max)) > 0) {
			size_t take = 0;

			CHECK(n <= iov_max);
			for (unsigned i = 0; i < n && take < step; i++) {
				size_t part = iov[i].iov_len;

				if (part > step - take)
					part = step - take;
				must(len + part < cap);
				memcpy(out + len, iov[i].iov_base, part);
				len += part;
				take += part;
			}
			CHECK(c.end_us == 0 || !c.is_body_out);
			load_conn_tx_done(&c, take, 7);
		}
	} while (in.len > 0);
	CHECK(!rows[row].is_pipelined || c.end_us == 7);
	CHECK(!is_ahead);
	load_conn_fini(&c);
	return len;
}

static void
test_row(size_t row)
{
	static char whole[16384], cut[16384];
	size_t len = run(row, SIZE_MAX, 8, whole, sizeof(whole));

	CHECK_ROW(rows[row].name);
	CHECK(len > 0);
	for (size_t step = 1; step < 700; step += step < 8 ? 1 : 97)
		for (unsigned iov_max = 3; iov_max <= 8; iov_max++) {
			CHECK(run(row, step, iov_max, cut, sizeof(cut)) == len);
			CHECK(memcmp(whole, cut, len) == 0);
		}
	if (rows[row].is_ahead) {
		whole[len] = '\0';
		CHECK(strstr(whole, "\r\n.\r\nMAIL FROM:") != NULL);
	}
}

int
main(void)
{
	struct message_cfg cfg = { .run_id = "0123456789abcdef",
				   .from = "a@b",
				   .domain = "d",
				   .mailbox_format = "u%u",
				   .size_min = 600,
				   .size_max = 600,
				   .mailboxes_n = 2,
				   .rcpts_n = 1 };
	const char *why;

	must(message_gen_open(&gen, &cfg, &why) == 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i);
	message_gen_close(&gen);
	return check_end();
}
