/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a ledger, and as a file of a maildir: readers stay inside them
 * and come to an end. A line without a checksum gets one, else nothing would
 * come past it.
 */
#include "bench/ledger.h"
#include "bench/ledger_line.h"
#include "bench/verify.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* *text with a good checksum at the end of each line. The caller frees. */
static char *
sum_lines(struct span text, size_t *len_out)
{
	char *out = malloc(text.len * (1 + LEDGER_SUM_LEN) + 1);
	size_t len = 0;

	must(out != NULL);
	while (text.len > 0) {
		size_t n = span_find(text, '\n');
		struct span line = span_to(text, n);

		if (line.len > 0)
			memcpy(out + len, line.p, line.len);
		len += line.len;
		if (n < text.len) {
			len += (size_t)sprintf(out + len, " *%08x",
					       ledger_line_sum(line));
			out[len++] = '\n';
			n++;
		}
		text = span_from(text, n);
	}
	*len_out = len;
	return out;
}

static void
read_all(const char *bytes, size_t len)
{
	static struct ledger_entry e;
	struct ledger_reader r;
	enum ledger_item item;

	ledger_reader_init(&r, (struct span) { bytes, len });
	do {
		item = ledger_read(&r, &e);
		must(item != LEDGER_BAD || r.why != NULL);
		if (item == LEDGER_OK)
			must(e.mailboxes_n > 0 &&
			     e.mailboxes_n <= MESSAGE_RCPTS_MAX);
		if (item == LEDGER_RUN)
			must(r.run.mailboxes_n > 0 && r.run.rcpts_n > 0);
	} while (item == LEDGER_RUN || item == LEDGER_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n ? n : 1), *summed;
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	struct span stored = { copy, n };
	uint64_t seq;
	size_t len;

	must(copy != NULL);
	if (n)
		memcpy(copy, data, n);
	read_all(copy, n);
	summed = sum_lines(stored, &len);
	read_all(summed, len);
	free(summed);
	(void)message_token_find(stored, run_id, &seq);
	(void)verify_trace_skip(&stored, "a@b", "u0@d");
	must(stored.p + stored.len == copy + n);
	free(copy);
	return 0;
}
