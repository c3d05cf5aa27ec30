/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy server's replies, good and bad, whole and a byte at a time. */
#include "engine/policy/server_reply.h"
#include "tests/unit/check.h"

static const struct {
	const char *name, *text;
	enum server_reply_feed want;
	const char *action; /* or what is wrong */
	size_t left;	    /* bytes behind it */
} rows[] = {
	{ "action", "action=DUNNO\n\n", SERVER_REPLY_DONE, "DUNNO", 0 },
	{ "with a text", "action=450 4.7.1 try = later\n\n", SERVER_REPLY_DONE,
	  "450 4.7.1 try = later", 0 },
	{ "empty action", "action=\n\n", SERVER_REPLY_DONE, "", 0 },
	{ "others are skipped", "x=y\naction=OK\nactio=no\nactions=no\n\n",
	  SERVER_REPLY_DONE, "OK", 0 },
	{ "the first counts", "action=OK\naction=REJECT\n\n", SERVER_REPLY_DONE,
	  "OK", 0 },
	{ "long names", "averylongnameofsomething=1\naction=OK\n\n",
	  SERVER_REPLY_DONE, "OK", 0 },
	{ "more behind it", "action=OK\n\nxyz", SERVER_REPLY_DONE, "OK", 3 },
	{ "not whole", "action=OK\n", SERVER_REPLY_MORE, NULL, 0 },
	{ "nothing", "", SERVER_REPLY_MORE, NULL, 0 },
	{ "no action", "x=y\n\n", SERVER_REPLY_BAD, "no action in the reply",
	  0 },
	{ "only an end", "\n", SERVER_REPLY_BAD, "no action in the reply", 0 },
	{ "no equals sign", "action\n\n", SERVER_REPLY_BAD,
	  "a line without '='", 1 },
	{ "no name", "=DUNNO\n\n", SERVER_REPLY_BAD, "a line without a name",
	  1 },
	{ "case counts", "Action=OK\n\n", SERVER_REPLY_BAD,
	  "no action in the reply", 0 },
};

static void
check_row_in(size_t i, size_t piece)
{
	struct server_reply r = { 0 };
	struct span rest = span_of(rows[i].text), in = { rest.p, 0 };
	enum server_reply_feed fed = SERVER_REPLY_MORE;

	while (fed == SERVER_REPLY_MORE && rest.len > 0) {
		in = span_to(rest, piece < rest.len ? piece : rest.len);
		rest = span_from(rest, in.len);
		fed = server_reply_feed(&r, &in);
	}
	CHECK(fed == rows[i].want);
	CHECK(in.len + rest.len == rows[i].left);
	if (fed == SERVER_REPLY_DONE) {
		CHECK_SPAN(span_of(r.text), rows[i].action);
		CHECK(r.len == strlen(rows[i].action));
	} else if (fed == SERVER_REPLY_BAD) {
		CHECK_SPAN(span_of(r.why), rows[i].action);
	}
}

/* Feeds `head`, then n times c, then `tail`. */
static enum server_reply_feed
feed_long(struct server_reply *r, const char *head, char c, size_t n,
	  const char *tail)
{
	static char text[SERVER_REPLY_BYTES_MAX + 64];
	size_t head_n = strlen(head);
	struct span in = { text, head_n + n + strlen(tail) };

	memcpy(text, head, head_n);
	memset(text + head_n, c, n);
	strcpy(text + head_n + n, tail);
	*r = (struct server_reply) { 0 };
	return server_reply_feed(r, &in);
}

static void
test_limits(void)
{
	struct server_reply r;

	CHECK_ROW("the longest action");
	CHECK(feed_long(&r, "action=", 'x', SERVER_ANSWER_MAX, "\n\n") ==
	      SERVER_REPLY_DONE);
	CHECK(r.len == SERVER_ANSWER_MAX);
	CHECK_ROW("a longer one");
	CHECK(feed_long(&r, "action=", 'x', SERVER_ANSWER_MAX + 1, "\n\n") ==
	      SERVER_REPLY_BAD);
	CHECK_ROW("another attribute may be long");
	CHECK(feed_long(&r, "x=", 'x', 60000, "\naction=OK\n\n") ==
	      SERVER_REPLY_DONE);
	CHECK_ROW("the whole may not be without an end");
	CHECK(feed_long(&r, "x=", 'x', SERVER_REPLY_BYTES_MAX, "") ==
	      SERVER_REPLY_BAD);
	CHECK_ROW("null byte");
	CHECK(feed_long(&r, "action=", '\0', 1, "\n\n") == SERVER_REPLY_BAD);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		for (size_t piece = 1; piece <= strlen(rows[i].text) + 1;
		     piece++)
			check_row_in(i, piece);
	}
	test_limits();
	return check_end();
}
