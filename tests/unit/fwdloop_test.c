/* SPDX-License-Identifier: BSD-2-Clause */
/* Which Delivered-To fields count, wherever the message is cut. */
#include "deliver/fwdloop.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

#define ADDR "user@example.com"

static const struct {
	const char *name;
	const char *text;
	bool has;
} rows[] = {
	{ "nothing", "", false },
	{ "no such field", "Subject: x\nTo: " ADDR "\n\n", false },
	{ "there", "Subject: x\nDelivered-To: " ADDR "\n\nbody\n", true },
	{ "first", "Delivered-To: " ADDR "\nSubject: x\n\n", true },
	{ "no blank behind the colon", "Delivered-To:" ADDR "\n\n", true },
	{ "blanks at both ends", "Delivered-To: \t " ADDR " \n\n", true },
	{ "CRLF", "Subject: x\r\nDelivered-To: " ADDR "\r\n\r\n", true },
	{ "other case", "dELIVERED-tO: USER@Example.COM\n\n", true },
	{ "second of two",
	  "Delivered-To: a@example.com\nDelivered-To: " ADDR "\n\n", true },
	{ "behind a continued line", "Subject: x\n y\nDelivered-To: " ADDR "\n",
	  true },
	{ "continues another field", "X: y\n Delivered-To: " ADDR "\n\n",
	  false },
	{ "longer address", "Delivered-To: x" ADDR "\n\n", false },
	{ "shorter address", "Delivered-To: user@example.co\n\n", false },
	{ "other field", "X-Delivered-To: " ADDR "\n\n", false },
	{ "empty field", "Delivered-To:\nDelivered-To: \n\n", false },
	{ "in the body", "Subject: x\n\nDelivered-To: " ADDR "\n", false },
	{ "behind a line that is no header",
	  "Subject: x\nhello world\nDelivered-To: " ADDR "\n", false },
	{ "behind a line that begins with a colon",
	  ": x\nDelivered-To: " ADDR "\n", false },
	{ "blank before the colon", "Subject : x\nDelivered-To: " ADDR "\n\n",
	  true },
	{ "the file ends with it", "Delivered-To: " ADDR, true },
};

/* True: it was found, with the text cut at `cut`. */
static bool
is_found(struct fwdloop *f, struct span text, size_t cut)
{
	struct span parts[2] = { span_to(text, cut), span_from(text, cut) };
	bool has;

	fwdloop_begin(f);
	for (int i = 0; i < 2; i++) {
		/* Exact copies: reading past a piece is seen by ASan. */
		char *copy = malloc(parts[i].len ? parts[i].len : 1);

		must(copy != NULL);
		if (parts[i].len)
			memcpy(copy, parts[i].p, parts[i].len);
		fwdloop_feed(f, (struct span) { copy, parts[i].len });
		free(copy);
	}
	fwdloop_end(f);
	has = fwdloop_has(f, SPAN(ADDR));
	CHECK(!fwdloop_has(f, SPAN("nobody@example.com")));
	return has;
}

static void
test_rows(void)
{
	struct fwdloop f = { 0 };

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct span text = span_of(rows[i].text);

		CHECK_ROW(rows[i].name);
		for (size_t cut = 0; cut <= text.len; cut++)
			CHECK(is_found(&f, text, cut) == rows[i].has);
	}
	fwdloop_fini(&f);
}

static void
test_limits(void)
{
	struct fwdloop f = { 0 };
	char line[FWDLOOP_LINE_BYTES * 3];
	char addr[64];

	CHECK_ROW("a line longer than the buffer, in pieces");
	memset(line, 'x', sizeof(line));
	memcpy(line, "Subject: ", 9);
	fwdloop_begin(&f);
	CHECK(fwdloop_feed(&f, (struct span) { line, sizeof(line) }));
	CHECK(fwdloop_feed(&f, (struct span) { line, sizeof(line) }));
	CHECK(fwdloop_feed(&f, SPAN("\nDelivered-To: " ADDR "\n")));
	CHECK(!fwdloop_feed(&f, SPAN("\n")));
	CHECK(!fwdloop_feed(&f, SPAN("Delivered-To: late@example.com\n")));
	fwdloop_end(&f);
	CHECK(fwdloop_has(&f, SPAN(ADDR)));
	CHECK(!fwdloop_has(&f, SPAN("late@example.com")));

	CHECK_ROW("more fields than are remembered");
	fwdloop_begin(&f);
	for (int i = 0; i < FWDLOOP_ADDRS_MAX + 5; i++) {
		int len = snprintf(line, sizeof(line),
				   "Delivered-To: u%d@example.com\n", i);

		fwdloop_feed(&f, (struct span) { line, (size_t)len });
	}
	fwdloop_end(&f);
	CHECK(f.addrs_n == FWDLOOP_ADDRS_MAX);
	snprintf(addr, sizeof(addr), "u%d@example.com", FWDLOOP_ADDRS_MAX - 1);
	CHECK(fwdloop_has(&f, span_of(addr)));
	snprintf(addr, sizeof(addr), "u%d@example.com", FWDLOOP_ADDRS_MAX);
	CHECK(!fwdloop_has(&f, span_of(addr)));

	CHECK_ROW("forgets the message before");
	fwdloop_begin(&f);
	fwdloop_end(&f);
	CHECK(!fwdloop_has(&f, SPAN("u1@example.com")));
	fwdloop_fini(&f);
}

int
main(void)
{
	test_rows();
	test_limits();
	return check_end();
}
