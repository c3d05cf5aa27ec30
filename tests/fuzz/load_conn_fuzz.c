/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a server's side of a session, cut into pieces: the client never
 * reads past them, never counts a message twice, and stays in a legal state.
 * The first byte says how it is configured and how the input is cut.
 */
#include "bench/load_conn.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CLIENT_PIPELINED 1
#define CLIENT_BDAT	 2
#define CLIENT_IDLE	 4

/* Sends all that there is, half of it at a time. */
static void
drain(struct load_conn *c)
{
	struct iovec iov[4];
	unsigned n;

	while ((n = load_conn_tx(c, iov, 4)) > 0)
		load_conn_tx_done(c, (iov[0].iov_len + 1) / 2, 2000);
}

/* Does what is wanted. False: the connection is over. */
static bool
oblige(struct load_conn *c, uint64_t *seq)
{
	if (load_conn_can_ahead(c) && *seq % 3 != 0)
		load_conn_ahead(c, ++*seq);
	if (c->want == LOAD_WANT_MSG) {
		(void)load_conn_take(c);
		must(load_conn_take(c) == LOAD_NONE);
		if (c->has_ahead)
			load_conn_next(c);
		else if (*seq % 7 == 6)
			load_conn_quit(c);
		else
			load_conn_msg(c, ++*seq);
	}
	return c->want != LOAD_WANT_CLOSE;
}

static void
session(struct load_conn *c, const uint8_t *data, size_t n, size_t step)
{
	uint64_t seq = 0;
	bool is_up = true;

	load_conn_open(c);
	while (n > 0 && is_up) {
		size_t len = step < n ? step : n;
		/* a copy of its own: a read past the end is seen */
		char *piece = malloc(len);
		struct span in = { piece, len };

		must(piece != NULL);
		memcpy(piece, data, len);
		while (is_up && in.len > 0) {
			(void)load_conn_feed(c, &in, 1000);
			is_up = oblige(c, &seq);
			drain(c);
		}
		free(piece);
		data += len;
		n -= len;
	}
	load_conn_lost(c);
	while (load_conn_take(c) != LOAD_NONE)
		;
	must(c->stats->acked_n + c->stats->deferred_n + c->stats->rejected_n +
		     c->stats->unsent_n + c->stats->doubt_n <=
	     seq);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct message_cfg msg = { .run_id = "0123456789abcdef",
						.from = "a@b",
						.domain = "d",
						.mailbox_format = "u%u",
						.size_min = 600,
						.size_max = 600,
						.mailboxes_n = 2,
						.rcpts_n = 2 };
	static struct load_stats stats;
	static struct message_gen gen;
	struct load_conn_cfg cfg = { .gen = &gen, .helo = "me" };
	struct load_conn c;
	const char *why;

	if (n == 0)
		return 0;
	if (gen.text == NULL)
		must(message_gen_open(&gen, &msg, &why) == 0);
	cfg.is_pipelined = data[0] & CLIENT_PIPELINED;
	cfg.is_bdat = data[0] & CLIENT_BDAT;
	cfg.is_idle = data[0] & CLIENT_IDLE;
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	session(&c, data + 1, n - 1, 1 + (data[0] >> 3));
	load_conn_fini(&c);
	return 0;
}
