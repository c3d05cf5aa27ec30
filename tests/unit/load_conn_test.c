/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dialogues: what the server says, what the client must answer. A row is a
 * script of "S: reply" and "C: command" lines; "C: <body>" is a whole message
 * as it travels.
 */
#include "bench/load_conn.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLAIN, PIPELINED, BDAT, BDAT_PIPELINED, IDLE, STARTTLS };

#define HELLO                                                    \
	"S: 220 mx ESMTP\r\n"                                    \
	"C: EHLO me\r\n"                                         \
	"S: 250-mx\r\nS: 250-PIPELINING\r\nS: 250-SIZE 1000\r\n" \
	"S: 250-ENHANCEDSTATUSCODES\r\nS: 250 CHUNKING\r\n"
#define MAIL "C: MAIL FROM:<a@b> SIZE=600\r\n"
#define RCPT "C: RCPT TO:<u0@d>\r\nC: RCPT TO:<u1@d>\r\n"

static const struct {
	const char *name, *script;
	int mode;
	enum load_want want;
	enum load_outcome outcome; /* of the last message */
	uint32_t accepted_n;
	uint64_t wrong_n;
	uint64_t refused_n; /* replies counted as 4xx or 5xx */
} rows[] = {
	{ "a message at a time",
	  HELLO MAIL "S: 250 2.1.0 Ok\r\n"
		     "C: RCPT TO:<u0@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: RCPT TO:<u1@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: DATA\r\nS: 354 go\r\nC: <body>\r\n"
		     "S: 250 2.0.0 queued\r\n",
	  PLAIN, LOAD_WANT_MSG, LOAD_ACKED, 2, 0, 0 },
	{ "pipelined",
	  HELLO MAIL RCPT "C: DATA\r\nS: 250 2.1.0 Ok\r\nS: 250 2.1.5 Ok\r\n"
			  "S: 251 2.1.5 Ok\r\nS: 354 go\r\nC: <body>\r\n"
			  "S: 250 2.0.0 queued\r\n",
	  PIPELINED, LOAD_WANT_MSG, LOAD_ACKED, 2, 0, 0 },
	{ "BDAT",
	  HELLO MAIL "S: 250 2.1.0 Ok\r\n"
		     "C: RCPT TO:<u0@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: RCPT TO:<u1@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: BDAT 600 LAST\r\nC: <body>\r\n"
		     "S: 250 2.0.0 queued\r\n",
	  BDAT, LOAD_WANT_MSG, LOAD_ACKED, 2, 0, 0 },
	{ "BDAT, all in one",
	  HELLO MAIL RCPT "C: BDAT 600 LAST\r\nC: <body>\r\n"
			  "S: 250 2.1.0 Ok\r\nS: 250 2.1.5 Ok\r\n"
			  "S: 250 2.1.5 Ok\r\nS: 250 2.0.0 queued\r\n",
	  BDAT_PIPELINED, LOAD_WANT_MSG, LOAD_ACKED, 2, 0, 0 },
	{ "one recipient refused",
	  HELLO MAIL "S: 250 2.1.0 Ok\r\n"
		     "C: RCPT TO:<u0@d>\r\nS: 550 5.1.1 no\r\n"
		     "C: RCPT TO:<u1@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: DATA\r\nS: 354 go\r\nC: <body>\r\nS: 250 2.0.0 q\r\n",
	  PLAIN, LOAD_WANT_MSG, LOAD_ACKED, 1, 0, 1 },
	{ "all recipients deferred",
	  HELLO MAIL "S: 250 2.1.0 Ok\r\n"
		     "C: RCPT TO:<u0@d>\r\nS: 450 4.1.1 no\r\n"
		     "C: RCPT TO:<u1@d>\r\nS: 450 4.1.1 no\r\n"
		     "C: RSET\r\nS: 250 2.0.0 Ok\r\n",
	  PLAIN, LOAD_WANT_MSG, LOAD_DEFERRED, 0, 0, 2 },
	{ "all recipients refused, DATA refused",
	  HELLO MAIL RCPT "C: DATA\r\nS: 250 2.1.0 Ok\r\nS: 550 5.1.1 no\r\n"
			  "S: 550 5.1.1 no\r\nS: 554 5.5.1 no\r\n"
			  "C: RSET\r\nS: 250 2.0.0 Ok\r\n",
	  PIPELINED, LOAD_WANT_MSG, LOAD_REJECTED, 0, 0, 2 },
	{ "all recipients refused, DATA taken",
	  HELLO MAIL RCPT "C: DATA\r\nS: 250 2.1.0 Ok\r\nS: 550 5.1.1 no\r\n"
			  "S: 550 5.1.1 no\r\nS: 354 go\r\nC: .\r\n"
			  "S: 554 5.5.1 no\r\n",
	  PIPELINED, LOAD_WANT_MSG, LOAD_REJECTED, 0, 0, 2 },
	{ "MAIL deferred", HELLO MAIL "S: 452 4.3.1 full\r\n", PLAIN,
	  LOAD_WANT_MSG, LOAD_DEFERRED, 0, 0, 1 },
	{ "MAIL deferred, the rest refused as its consequence",
	  HELLO MAIL RCPT "C: DATA\r\nS: 452 4.3.1 full\r\n"
			  "S: 503 5.5.1 no\r\nS: 503 5.5.1 no\r\n"
			  "S: 503 5.5.1 no\r\nC: RSET\r\nS: 250 2.0.0 Ok\r\n",
	  PIPELINED, LOAD_WANT_MSG, LOAD_DEFERRED, 0, 0, 1 },
	{ "end of data deferred",
	  HELLO MAIL RCPT "C: DATA\r\nS: 250 2.1.0 Ok\r\nS: 250 2.1.5 Ok\r\n"
			  "S: 250 2.1.5 Ok\r\nS: 354 go\r\nC: <body>\r\n"
			  "S: 451 4.3.0 disk\r\n",
	  PIPELINED, LOAD_WANT_MSG, LOAD_DEFERRED, 2, 0, 1 },
	{ "BDAT refused resets",
	  HELLO MAIL RCPT "C: BDAT 600 LAST\r\nC: <body>\r\n"
			  "S: 250 2.1.0 Ok\r\nS: 250 2.1.5 Ok\r\n"
			  "S: 250 2.1.5 Ok\r\nS: 452 4.3.1 full\r\n"
			  "C: RSET\r\nS: 250 2.0.0 Ok\r\n",
	  BDAT_PIPELINED, LOAD_WANT_MSG, LOAD_DEFERRED, 2, 0, 1 },
	{ "421 in a transaction", HELLO MAIL "S: 421 4.3.2 closing\r\n", PLAIN,
	  LOAD_WANT_CLOSE, LOAD_DEFERRED, 0, 0, 1 },
	{ "421 for a greeting", "S: 421 4.3.2 busy\r\n", PLAIN, LOAD_WANT_CLOSE,
	  LOAD_NONE, 0, 0, 1 },
	{ "250 for a greeting", "S: 250 hi\r\n", PLAIN, LOAD_WANT_CLOSE,
	  LOAD_NONE, 0, 1, 0 },
	{ "wrong code", HELLO MAIL "S: 354 go\r\n", PLAIN, LOAD_WANT_MSG,
	  LOAD_REJECTED, 0, 1, 0 },
	{ "status of another class",
	  HELLO MAIL "S: 250 5.1.0 Ok\r\n"
		     "C: RCPT TO:<u0@d>\r\nS: 250 2.1.5 Ok\r\n"
		     "C: RCPT TO:<u1@d>\r\n",
	  PLAIN, LOAD_WANT_BYTES, LOAD_NONE, 1, 1, 0 },
	{ "no reply at all", HELLO MAIL "S: nonsense\r\n", PLAIN,
	  LOAD_WANT_CLOSE, LOAD_REJECTED, 0, 1, 0 },
	{ "a reply too many",
	  HELLO MAIL RCPT "C: DATA\r\nS: 250 2.1.0 Ok\r\nS: 250 2.1.5 Ok\r\n"
			  "S: 250 2.1.5 Ok\r\nS: 354 go\r\nC: <body>\r\n"
			  "S: 250 2.0.0 q\r\nS: 250 2.0.0 q\r\n",
	  PIPELINED, LOAD_WANT_CLOSE, LOAD_ACKED, 2, 1, 0 },
	{ "BDAT not offered", "S: 220 mx\r\nC: EHLO me\r\nS: 250 mx\r\n", BDAT,
	  LOAD_WANT_CLOSE, LOAD_NONE, 0, 1, 0 },
	{ "pipelining not offered, nor SIZE nor status codes",
	  "S: 220 mx\r\nC: EHLO me\r\nS: 250 mx\r\n"
	  "C: MAIL FROM:<a@b>\r\nS: 250 Ok\r\nC: RCPT TO:<u0@d>\r\n",
	  PIPELINED, LOAD_WANT_BYTES, LOAD_NONE, 0, 0, 0 },
	{ "STARTTLS",
	  "S: 220 mx\r\nC: EHLO me\r\nS: 250-mx\r\nS: 250 STARTTLS\r\n"
	  "C: STARTTLS\r\nS: 220 2.0.0 Ready\r\n",
	  STARTTLS, LOAD_WANT_TLS, LOAD_NONE, 0, 0, 0 },
	{ "STARTTLS not offered", "S: 220 mx\r\nC: EHLO me\r\nS: 250 mx\r\n",
	  STARTTLS, LOAD_WANT_CLOSE, LOAD_NONE, 0, 1, 0 },
	{ "STARTTLS refused",
	  "S: 220 mx\r\nC: EHLO me\r\nS: 250-mx\r\nS: 250 STARTTLS\r\n"
	  "C: STARTTLS\r\nS: 454 4.7.0 busy\r\n",
	  STARTTLS, LOAD_WANT_CLOSE, LOAD_NONE, 0, 0, 1 },
	{ "idle", "S: 220 mx\r\n", IDLE, LOAD_WANT_BYTES, LOAD_NONE, 0, 0, 0 },
	{ "idle, timed out", "S: 220 mx\r\nS: 421 4.4.2 bye\r\n", IDLE,
	  LOAD_WANT_CLOSE, LOAD_NONE, 0, 0, 1 },
};

static struct message_gen gen;
static struct load_stats stats;

/* Everything that the client has to send now; NUL-terminated. */
static size_t
drain(struct load_conn *c, char *out, size_t cap)
{
	struct iovec iov[3];
	size_t len = 0;
	unsigned n;

	while ((n = load_conn_tx(c, iov, 3)) > 0) {
		/* a byte less than there is, as a socket would */
		size_t take = iov[0].iov_len > 1 ? iov[0].iov_len - 1 : 1;

		must(len + take < cap);
		memcpy(out + len, iov[0].iov_base, take);
		len += take;
		load_conn_tx_done(c, take, 1000);
	}
	out[len] = '\0';
	return len;
}

/* What the script says that the client sends from *p on, bodies filled in. */
static size_t
expected(const struct load_conn *c, const char **p, char *out)
{
	enum message_form form = c->cfg->is_bdat ? MESSAGE_RAW : MESSAGE_DATA;
	struct iovec iov[8];
	size_t len = 0;

	while (strncmp(*p, "C: ", 3) == 0) {
		const char *end = strstr(*p, "\r\n") + 2;

		if (strncmp(*p + 3, "<body>", 6) == 0) {
			unsigned n = message_iov(&gen, c->msg, form, 0, iov, 8);

			for (unsigned i = 0; i < n; i++) {
				memcpy(out + len, iov[i].iov_base,
				       iov[i].iov_len);
				len += iov[i].iov_len;
			}
		} else {
			memcpy(out + len, *p + 3, (size_t)(end - *p) - 3);
			len += (size_t)(end - *p) - 3;
		}
		*p = end;
	}
	return len;
}

/* All server lines from *p on, together. */
static size_t
server(const char **p, char *out)
{
	size_t len = 0;

	while (strncmp(*p, "S: ", 3) == 0) {
		const char *end = strstr(*p, "\r\n") + 2;

		memcpy(out + len, *p + 3, (size_t)(end - *p) - 3);
		len += (size_t)(end - *p) - 3;
		*p = end;
	}
	return len;
}

static void
feed(struct load_conn *c, const char *bytes, size_t len, size_t step)
{
	while (len > 0) {
		size_t n = step < len ? step : len;
		struct span in = { bytes, n };

		if (load_conn_feed(c, &in, 2000) == LOAD_WANT_CLOSE)
			return;
		must(in.len == 0);
		bytes += n;
		len -= n;
	}
}

static void
test_row(size_t i, size_t step)
{
	struct load_conn_cfg cfg = { .gen = &gen, .helo = "me" };
	const char *p = rows[i].script;
	static char got[4096], want[4096];
	enum load_outcome outcome;
	struct load_conn c;
	bool has_msg = false;
	size_t len;

	CHECK_ROW(rows[i].name);
	cfg.is_pipelined = rows[i].mode == PIPELINED ||
			   rows[i].mode == BDAT_PIPELINED;
	cfg.is_bdat = rows[i].mode == BDAT || rows[i].mode == BDAT_PIPELINED;
	cfg.is_idle = rows[i].mode == IDLE;
	cfg.is_starttls = rows[i].mode == STARTTLS;
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	while (*p) {
		len = server(&p, got);
		feed(&c, got, len, step);
		if (c.want == LOAD_WANT_MSG && !has_msg && *p) {
			has_msg = true;
			load_conn_msg(&c, 0);
		}
		len = expected(&c, &p, want);
		CHECK(drain(&c, got, sizeof(got)) == len);
		CHECK(memcmp(got, want, len) == 0);
	}
	CHECK(c.want == rows[i].want);
	CHECK(c.accepted_n == rows[i].accepted_n || !has_msg);
	CHECK(stats.wrong_n == rows[i].wrong_n);
	CHECK(stats.temporary_n + stats.permanent_n == rows[i].refused_n);
	outcome = load_conn_take(&c);
	CHECK(outcome == rows[i].outcome);
	CHECK(load_conn_take(&c) == LOAD_NONE);
	CHECK(stats.acked_n == (outcome == LOAD_ACKED));
	CHECK(stats.end.n == (outcome == LOAD_ACKED));
	load_conn_fini(&c);
}

/* After the handshake the session begins anew; nothing said before holds. */
static void
test_tls(void)
{
	struct load_conn_cfg cfg = { .gen = &gen,
				     .helo = "me",
				     .is_pipelined = true,
				     .is_starttls = true };
	struct span in = SPAN("220 go\r\n250 injected\r\n");
	static char got[4096];
	struct load_conn c;
	size_t len;

	CHECK_ROW("after the handshake");
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	feed(&c, "220 mx\r\n", 8, 100);
	feed(&c, "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n", 38, 100);
	drain(&c, got, sizeof(got));
	feed(&c, "220 go\r\n", 8, 100);
	CHECK(c.want == LOAD_WANT_TLS);
	load_conn_tls_up(&c);
	len = drain(&c, got, sizeof(got));
	CHECK_SPAN(((struct span) { got, len }), "EHLO me\r\n");
	feed(&c, "250 mx\r\n", 8, 100);
	CHECK(c.want == LOAD_WANT_MSG && !c.is_pipelined);
	CHECK(stats.wrong_n == 0);

	CHECK_ROW("plain text behind the reply");
	load_conn_open(&c);
	feed(&c, "220 mx\r\n", 8, 100);
	feed(&c, "250-mx\r\n250 STARTTLS\r\n", 22, 100);
	CHECK(load_conn_feed(&c, &in, 1) == LOAD_WANT_CLOSE);
	CHECK(stats.wrong_n == 1);
	load_conn_fini(&c);
}

/* Where the stream ends decides whether the message may have arrived. */
static void
test_lost(const char *name, size_t replies_n, bool is_all_sent,
	  enum load_outcome want)
{
	static const char *const replies[] = {
		"220 mx\r\n",	 "250 mx\r\n",	  "250 2.1.0 Ok\r\n",
		"250 2.1.5\r\n", "250 2.1.5\r\n", "354 go\r\n",
	};
	struct load_conn_cfg cfg = { .gen = &gen, .helo = "me" };
	static char got[4096];
	struct load_conn c;

	CHECK_ROW(name);
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	for (size_t i = 0; i < replies_n; i++) {
		feed(&c, replies[i], strlen(replies[i]), 100);
		if (c.want == LOAD_WANT_MSG)
			load_conn_msg(&c, 0);
		if (i + 1 < replies_n)
			drain(&c, got, sizeof(got));
	}
	if (is_all_sent)
		drain(&c, got, sizeof(got));
	load_conn_lost(&c);
	CHECK(load_conn_take(&c) == want);
	CHECK(stats.doubt_n == (want == LOAD_DOUBT));
	CHECK(stats.unsent_n == (want == LOAD_UNSENT));
	load_conn_fini(&c);
}

/* A server that answers before it has the whole body is given up. */
static void
test_early_reply(void)
{
	struct load_conn_cfg cfg = { .gen = &gen,
				     .helo = "me",
				     .is_pipelined = true };
	static char got[4096];
	struct load_conn c;

	CHECK_ROW("reply before the end of data");
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	feed(&c, "220 mx\r\n250-mx\r\n250 PIPELINING\r\n", 8, 100);
	feed(&c, "250-mx\r\n250 PIPELINING\r\n", 24, 100);
	load_conn_msg(&c, 0);
	drain(&c, got, sizeof(got));
	feed(&c, "250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go\r\n", 32, 100);
	feed(&c, "552 too big\r\n", 13, 100);
	CHECK(c.want == LOAD_WANT_CLOSE);
	CHECK(load_conn_take(&c) == LOAD_REJECTED);
	load_conn_fini(&c);
}

#define PIPELINED_HELLO "250-mx\r\n250 PIPELINING\r\n"
#define ALL_OK		"250 Ok\r\n250 Ok\r\n250 Ok\r\n354 go\r\n"

/* A connection whose body is about to go, with the next message behind it. */
static void
ahead_open(struct load_conn *c, const struct load_conn_cfg *cfg)
{
	static char got[4096];
	size_t len, body;

	load_stats_init(&stats);
	must(load_conn_init(c, cfg, &stats) == 0);
	load_conn_open(c);
	feed(c, "220 mx\r\n", 8, 100);
	feed(c, PIPELINED_HELLO, sizeof(PIPELINED_HELLO) - 1, 100);
	load_conn_msg(c, 4);
	CHECK(!load_conn_can_ahead(c));
	drain(c, got, sizeof(got));
	CHECK(!load_conn_can_ahead(c));
	feed(c, ALL_OK, sizeof(ALL_OK) - 1, 100);
	CHECK(load_conn_can_ahead(c));
	load_conn_ahead(c, 5);
	CHECK(!load_conn_can_ahead(c));
	body = message_bytes(c->msg, MESSAGE_DATA);
	len = drain(c, got, sizeof(got));
	CHECK(len > body &&
	      memcmp(got + body - 5, "\r\n.\r\nMAIL FROM:", 15) == 0);
	CHECK(strcmp(got + len - 6, "DATA\r\n") == 0);
}

static void
test_ahead(void)
{
	struct load_conn_cfg cfg = { .gen = &gen,
				     .helo = "me",
				     .is_pipelined = true };
	struct load_conn c;
	static char got[4096];

	CHECK_ROW("ahead");
	ahead_open(&c, &cfg);
	/* all replies in one read: the 250, and those to what is ahead */
	feed(&c, "250 queued\r\n", 12, 5);
	CHECK(c.want == LOAD_WANT_MSG && c.has_ahead && c.msg->seq == 4);
	CHECK(load_conn_take(&c) == LOAD_ACKED);
	load_conn_next(&c);
	CHECK(c.msg->seq == 5 && !c.has_ahead);
	feed(&c, ALL_OK, sizeof(ALL_OK) - 1, 100);
	drain(&c, got, sizeof(got));
	feed(&c, "250 queued\r\n", 12, 100);
	CHECK(load_conn_take(&c) == LOAD_ACKED);
	CHECK(stats.acked_n == 2 && stats.end.n == 2 && stats.wrong_n == 0);
	load_conn_fini(&c);
}

static void
test_ahead_lost(void)
{
	struct load_conn_cfg cfg = { .gen = &gen,
				     .helo = "me",
				     .is_pipelined = true };
	struct load_conn c;

	CHECK_ROW("lost with one ahead");
	ahead_open(&c, &cfg);
	load_conn_lost(&c);
	CHECK(load_conn_take(&c) == LOAD_DOUBT);
	CHECK(load_conn_take(&c) == LOAD_UNBEGUN);
	CHECK(load_conn_take(&c) == LOAD_NONE);
	CHECK(stats.doubt_n == 1 && stats.unsent_n == 0);
	load_conn_fini(&c);
}

static void
test_quit(void)
{
	struct load_conn_cfg cfg = { .gen = &gen, .helo = "me" };
	static char got[4096];
	struct load_conn c;

	CHECK_ROW("QUIT");
	load_stats_init(&stats);
	must(load_conn_init(&c, &cfg, &stats) == 0);
	load_conn_open(&c);
	feed(&c, "220 mx\r\n", 8, 100);
	feed(&c, "250 mx\r\n", 8, 100);
	drain(&c, got, sizeof(got));
	load_conn_quit(&c);
	drain(&c, got, sizeof(got));
	CHECK_SPAN(span_of(got), "QUIT\r\n");
	feed(&c, "221 bye\r\n", 9, 100);
	CHECK(c.want == LOAD_WANT_CLOSE && c.is_in_order);
	load_conn_lost(&c);
	CHECK(load_conn_take(&c) == LOAD_NONE);
	load_conn_fini(&c);
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
				   .rcpts_n = 2 };
	const char *why;

	must(message_gen_open(&gen, &cfg, &why) == 0);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (size_t step = 1; step < 1024; step = step * 2 + 1)
			test_row(i, step);
	test_lost("lost before the greeting", 0, true, LOAD_NONE);
	test_lost("lost before EHLO's reply", 1, true, LOAD_NONE);
	test_lost("lost in MAIL", 2, true, LOAD_UNSENT);
	test_lost("lost in RCPT", 4, true, LOAD_UNSENT);
	test_lost("lost before the data is out", 6, false, LOAD_UNSENT);
	test_lost("lost behind the end of data", 6, true, LOAD_DOUBT);
	test_early_reply();
	test_tls();
	test_ahead();
	test_ahead_lost();
	test_quit();
	message_gen_close(&gen);
	return check_end();
}
