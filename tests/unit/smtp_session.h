/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp_session.h: sessions as table rows: what the client sends, what it must
 * be told, what must be kept. Each is run with its input whole, in pieces of
 * several sizes and, when it is short, cut at every place; all must agree.
 */
#ifndef PENSTOCK_TESTS_SMTP_SESSION_H
#define PENSTOCK_TESTS_SMTP_SESSION_H

#include "tests/unit/check.h"
#include "tests/unit/smtp_driver.h"

#define GREETING "220 mx.example.com ESMTP Postfix\r\n"
#define HELO	 "HELO c.example\r\n"
#define HELO_OK	 "250 mx.example.com\r\n"
#define EHLO	 "EHLO c.example\r\n"
#define EHLO_OK                                                              \
	"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"      \
	"250-VRFY\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n" \
	"250-SMTPUTF8\r\n250-BINARYMIME\r\n250-LIMITS RCPTMAX=1000\r\n"      \
	"250 CHUNKING\r\n"
#define MAIL	"MAIL FROM:<a@b.c>\r\n"
#define MAIL_OK "250 2.1.0 Ok\r\n"
#define RCPT	"RCPT TO:<x@y.z>\r\n"
#define RCPT_OK "250 2.1.5 Ok\r\n"
#define DATA	"DATA\r\n"
#define DATA_GO "354 End data with <CR><LF>.<CR><LF>\r\n"
#define OK	"250 2.0.0 Ok\r\n"
#define QUEUED	"250 2.0.0 Ok: queued as 0123456789ABCDEF\r\n"
#define QUIT	"QUIT\r\n"
#define BYE	"221 2.0.0 Bye\r\n"

/* From HELO to the go-ahead, and what is said to it. */
#define UP_TO_DATA    HELO MAIL RCPT DATA
#define UP_TO_DATA_OK HELO_OK MAIL_OK RCPT_OK DATA_GO

#define RECEIVED(for_date)                                      \
	"Received: from c.example (unknown [192.0.2.1])\n\tby " \
	"mx.example.com (Postfix) with SMTP id 0123456789ABCDEF" for_date
#define DATE	   "Mon, 23 Nov 2026 05:04:12 +0000 (UTC)\n"
#define RECEIVED_X RECEIVED("\n\tfor <x@y.z>; " DATE)

#define UNKNOWN	 "500 5.5.2 Error: command not recognized\r\n"
#define TOO_LONG "500 5.5.2 Error: line too long\r\n"

#define X10   "xxxxxxxxxx"
#define X100  X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define X2000 X1000 X1000
#define X8160 X2000 X2000 X2000 X2000 X100 X10 X10 X10 X10 X10 X10

#define FOO1 "FOO\r\n"
#define FOO5 FOO1 FOO1 FOO1 FOO1 FOO1
#define UNK5 UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN

struct session_row {
	const char *name;
	void (*set)(struct driver *d); /* before the session; may be NULL */
	struct span in;
	const char *said; /* the greeting left out, when it came at once */
	const char *kept; /* all messages, one behind the other; NULL: any */
	const char *asked;
};

#define FEED(text) .in = { text, sizeof(text) - 1 }

static inline void
session_open(struct driver *d, void (*set)(struct driver *d))
{
	d->cfg = driver_cfg;
	memset(d->answers, 0, sizeof(d->answers));
	d->outcome = SMTP_COMMIT_OK;
	d->out.cap = 16384;
	d->shared.stream_bytes = 256 * 1024;
	must(ip_parse(SPAN("192.0.2.1"), &d->ip));
	driver_forget(d);
	if (set != NULL)
		set(d);
	driver_open(d);
	if (strcmp(d->said.p, GREETING) == 0)
		driver_forget(d);
}

static inline void
session_compare(struct driver *d, const struct session_row *row)
{
	driver_end(d);
	CHECK_SPAN(text_span(&d->said), row->said);
	if (row->kept != NULL)
		CHECK_SPAN(text_span(&d->kept), row->kept);
	if (row->asked != NULL)
		CHECK_SPAN(text_span(&d->asked), row->asked);
}

static inline void
session_row_run(struct driver *d, const struct session_row *row)
{
	static const size_t pieces[] = { 0, 1, 2, 3, 5, 7, 16, 100, 1448 };
	unsigned failed_n = check_failed_n;

	CHECK_ROW(row->name);
	/* The first failure of a row is the one to read. */
	for (size_t i = 0; i < ARRAY_N(pieces) && check_failed_n == failed_n;
	     i++) {
		session_open(d, row->set);
		driver_feed_pieces(d, row->in, pieces[i]);
		session_compare(d, row);
	}
	for (size_t n = 1;
	     n < row->in.len && row->in.len < 600 && check_failed_n == failed_n;
	     n++) {
		session_open(d, row->set);
		driver_feed(d, span_to(row->in, n));
		driver_feed(d, span_from(row->in, n));
		session_compare(d, row);
	}
}

static inline void
session_rows_run(const struct session_row *rows, size_t n)
{
	struct driver d;

	driver_init(&d, 4u << 20);
	for (size_t i = 0; i < n; i++)
		session_row_run(&d, &rows[i]);
	driver_fini(&d);
}

#endif
