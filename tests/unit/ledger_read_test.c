/* SPDX-License-Identifier: BSD-2-Clause */
/* A ledger that is damaged: where that is a crash's doing, and where not. */
#include "bench/ledger.h"
#include "bench/ledger_line.h"
#include "tests/unit/check.h"

#include <stdio.h>

#define RUN                                                               \
	"run 0123456789abcdef seed=1 started=2 size=600-700 mailboxes=9 " \
	"recipients=2 format=u%u domain=d from=a@b"
#define OK "ok 0123456789abcdef 7 600 1,2"

/* Lines as they stand; "!" at the end: with its checksum and newline. */
static const struct {
	const char *name;
	const char *lines[4];
	enum ledger_item want; /* what ends the reading: END or BAD */
	unsigned runs_n, oks_n, torn_n;
	uint64_t line_no; /* of the bad one */
} rows[] = {
	{ "empty", { NULL }, LEDGER_END, 0, 0, 0, 0 },
	{ "a run", { RUN "!" }, LEDGER_END, 1, 0, 0, 0 },
	{ "two messages", { RUN "!", OK "!", OK "!" }, LEDGER_END, 1, 2, 0, 0 },
	{ "torn at the end", { RUN "!", OK "!", OK }, LEDGER_END, 1, 1, 1, 0 },
	{ "a newline short",
	  { RUN "!", OK " *00000000" },
	  LEDGER_END,
	  1,
	  0,
	  1,
	  0 },
	{ "torn before a run",
	  { RUN "!", OK "\n", RUN "!", OK "!" },
	  LEDGER_END,
	  2,
	  1,
	  1,
	  0 },
	{ "torn between messages",
	  { RUN "!", OK "\n", OK "!" },
	  LEDGER_BAD,
	  1,
	  0,
	  0,
	  2 },
	{ "wrong sum",
	  { RUN "!", OK " *00000000\n", OK "!" },
	  LEDGER_BAD,
	  1,
	  0,
	  0,
	  2 },
	{ "short line", { RUN "!", "x\n", OK "!" }, LEDGER_BAD, 1, 0, 0, 2 },
	{ "unknown line", { RUN "!", "no!" }, LEDGER_BAD, 1, 0, 0, 2 },
	{ "no mailbox",
	  { "ok 0123456789abcdef 7 600 !" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "mailbox over 32 bits",
	  { "ok 0123456789abcdef 7 600 4294967296!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "no number",
	  { "ok 0123456789abcdef x 600 1!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "short run id",
	  { "ok 0123456789abcde 7 600 1!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "run without fields",
	  { "run 0123456789abcdef!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "run with an unknown field",
	  { RUN " x=y!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
	{ "run with half a size",
	  { "run 0123456789abcdef size=600 mailboxes=1 recipients=1!" },
	  LEDGER_BAD,
	  0,
	  0,
	  0,
	  1 },
};

static size_t
text_build(const char *const *lines, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < 4 && lines[i] != NULL; i++) {
		struct span line = span_of(lines[i]);
		bool has_sum = line.p[line.len - 1] == '!';

		line.len -= has_sum;
		len += (size_t)snprintf(out + len, cap - len, "%.*s",
					SPAN_FMT(line));
		if (has_sum)
			len += (size_t)snprintf(out + len, cap - len,
						" *%08x\n",
						ledger_line_sum(line));
	}
	return len;
}

int
main(void)
{
	static struct ledger_entry e;
	static char text[4096];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		unsigned runs_n = 0, oks_n = 0;
		struct ledger_reader r;
		enum ledger_item item;
		size_t len;

		CHECK_ROW(rows[i].name);
		len = text_build(rows[i].lines, text, sizeof(text));
		ledger_reader_init(&r, (struct span) { text, len });
		while ((item = ledger_read(&r, &e)) == LEDGER_RUN ||
		       item == LEDGER_OK) {
			runs_n += item == LEDGER_RUN;
			oks_n += item == LEDGER_OK;
		}
		CHECK(item == rows[i].want);
		CHECK(runs_n == rows[i].runs_n);
		CHECK(oks_n == rows[i].oks_n);
		CHECK(r.torn_n == rows[i].torn_n);
		if (item == LEDGER_BAD)
			CHECK(r.line_no == rows[i].line_no);
		ledger_reader_close(&r);
	}
	return check_end();
}
