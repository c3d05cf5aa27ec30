/* SPDX-License-Identifier: BSD-2-Clause */
/* Codes, delays, log lines. */
#include "deliver/outcome.h"
#include "engine/base/log.h"
#include "tests/unit/check.h"

#include <errno.h>

static char logged[LOG_LINE_MAX];

void
log_put(enum log_level level, const char *module, struct span text)
{
	snprintf(logged, sizeof(logged), "%s: %.*s", module, SPAN_FMT(text));
}

static void
test_delay(void)
{
	static const struct {
		uint64_t us;
		const char *want;
	} rows[] = {
		{ 0, "0" },
		{ 4999, "0" },
		{ 5000, "0.01" },
		{ 50000, "0.05" },
		{ 500000, "0.5" },
		{ 994999, "0.99" },
		{ 995000, "1" },
		{ 1000000, "1" },
		{ 1249999, "1.2" },
		{ 1250000, "1.3" },
		{ 9949999, "9.9" },
		{ 9950000, "10" },
		{ 10499999, "10" },
		{ 100000000, "100" },
		{ 432000000000, "432000" },
	};
	char out[OUTCOME_DELAY_MAX];

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].want);
		outcome_delay(rows[i].us, out);
		CHECK_SPAN(span_of(out), rows[i].want);
	}
}

static void
test_code(void)
{
	static const struct {
		int err;
		const char *want;
	} rows[] = {
		{ EFBIG, "5.2.2" },  { EDQUOT, "4.2.2" }, { ENOSPC, "4.3.1" },
		{ EIO, "4.3.0" },    { EROFS, "4.3.0" },  { EMFILE, "4.3.0" },
		{ ENOMEM, "4.3.0" }, { EXDEV, "4.3.5" },  { EACCES, "4.2.0" },
		{ EAGAIN, "4.2.0" }, { ESTALE, "4.2.0" }, { ENOTDIR, "4.2.0" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(strerror(rows[i].err));
		CHECK_SPAN(span_of(outcome_code(rows[i].err)), rows[i].want);
		CHECK_SPAN(span_of(outcome_code(-rows[i].err)), rows[i].want);
	}
}

static void
test_lines(void)
{
	static const struct {
		const char *name;
		struct envelope_rcpt rcpt;
		uint8_t transport;
		enum queue_rcpt_result result;
		const char *why, *want;
	} rows[] = {
		{ "sent",
		  { .orig = SPAN("a@b.c"), .rcpt = SPAN("a@b.c") },
		  ENVELOPE_VIRTUAL,
		  QUEUE_RCPT_SENT,
		  "2.0.0 delivered to maildir",
		  "virtual: 00000000000000FF: to=<a@b.c>, relay=virtual, "
		  "delay=1.3, delays=1.2/0/0/0.05, dsn=2.0.0, status=sent "
		  "(delivered to maildir)" },
		{ "sent to an alias",
		  { .orig = SPAN("x@b.c"), .rcpt = SPAN("a@b.c") },
		  ENVELOPE_VIRTUAL,
		  QUEUE_RCPT_SENT,
		  "2.0.0 delivered to mailbox",
		  "virtual: 00000000000000FF: to=<a@b.c>, orig_to=<x@b.c>, "
		  "relay=virtual, delay=1.3, delays=1.2/0/0/0.05, dsn=2.0.0, "
		  "status=sent (delivered to mailbox)" },
		{ "the same but for case",
		  { .orig = SPAN("A@B.C"), .rcpt = SPAN("a@b.c") },
		  ENVELOPE_VIRTUAL,
		  QUEUE_RCPT_FAILED,
		  "5.4.6 mail forwarding loop for a@b.c",
		  "virtual: 00000000000000FF: to=<a@b.c>, relay=virtual, "
		  "delay=1.3, delays=1.2/0/0/0.05, dsn=5.4.6, status=bounced "
		  "(mail forwarding loop for a@b.c)" },
		{ "deferred",
		  { .rcpt = SPAN("a@b.c") },
		  ENVELOPE_ERROR,
		  QUEUE_RCPT_DEFERRED,
		  "4.3.5 no",
		  "error: 00000000000000FF: to=<a@b.c>, relay=none, "
		  "delay=1.3, delays=1.2/0/0/0.05, dsn=4.3.5, status=deferred "
		  "(no)" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		outcome_rcpt(&(struct outcome) {
			.queue_id = 255,
			.rcpt = &rows[i].rcpt,
			.transport = rows[i].transport,
			.result = rows[i].result,
			.why = rows[i].why,
			.arrival_us = 5000000,
			.taken_us = 6210000,
			.done_us = 6260000,
		});
		CHECK_SPAN(span_of(logged), rows[i].want);
	}
	CHECK_ROW("a clock that was set back");
	outcome_rcpt(&(struct outcome) {
		.rcpt = &rows[0].rcpt,
		.result = QUEUE_RCPT_SENT,
		.why = "2.0.0 x",
		.arrival_us = 9,
		.taken_us = 8,
		.done_us = 7,
	});
	CHECK(strstr(logged, "delay=0, delays=0/0/0/0, ") != NULL);
	CHECK_ROW("removed");
	outcome_removed(255);
	CHECK_SPAN(span_of(logged), "qmgr: 00000000000000FF: removed");
}

int
main(void)
{
	test_delay();
	test_code();
	test_lines();
	return check_end();
}
