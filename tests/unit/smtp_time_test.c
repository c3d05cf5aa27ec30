/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines, and pauses for who errs. */
#include "tests/unit/smtp_session.h"

/* The eleventh error and every one behind it costs a second. */
static void
test_pauses(void)
{
	struct driver d;

	CHECK_ROW("pauses");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	d.stops_at_pause = true;
	driver_say(&d, FOO5 FOO5);
	CHECK(d.want == SMTP_WANT_BYTES);
	driver_say(&d, FOO1 "NOOP\r\n");
	CHECK(d.want == SMTP_WANT_PAUSE);
	CHECK(d.s.resume_us == d.now_us + 1000000);
	CHECK_SPAN(text_span(&d.said), UNK5 UNK5 UNKNOWN);
	d.now_us += 999999;
	driver_run(&d);
	CHECK(d.want == SMTP_WANT_PAUSE && d.wants[SMTP_WANT_PAUSE] == 2);
	d.now_us += 1;
	driver_run(&d);
	CHECK(d.want == SMTP_WANT_BYTES);
	CHECK_SPAN(text_span(&d.said), UNK5 UNK5 UNKNOWN OK);
	/* Policy's refusals too. */
	driver_say(&d, HELO MAIL "RCPT TO:<no@x>\r\n" RCPT);
	CHECK(d.want == SMTP_WANT_PAUSE);
	d.now_us += 1000000;
	driver_run(&d);
	CHECK_SPAN(text_span(&d.said), UNK5 UNK5 UNKNOWN OK HELO_OK MAIL_OK
		   "550 5.1.1 no such user\r\n" RCPT_OK);
	driver_end(&d);
	/* No sleep: no pause. */
	session_open(&d, NULL);
	d.cfg.error_sleep_us = 0;
	driver_say(&d, FOO5 FOO5 FOO5);
	CHECK(d.want == SMTP_WANT_BYTES);
	driver_fini(&d);
}

static void
deadlines(struct driver *d)
{
	d->cfg.is_per_request_deadline = true;
	d->cfg.timeout_us = 10 * US_PER_SEC;
	d->cfg.min_data_rate = 100;
}

/* What is left, in ms. */
static unsigned
left_ms(const struct driver *d)
{
	return (unsigned)((d->s.deadline_us - d->now_us) / 1000);
}

static void
say_after(struct driver *d, unsigned seconds, const char *text)
{
	d->now_us += seconds * US_PER_SEC;
	driver_say(d, text);
}

static void
test_timeout(void)
{
	struct driver d;

	CHECK_ROW("every byte renews");
	driver_init(&d, 1u << 20);
	session_open(&d, NULL);
	CHECK(left_ms(&d) == 300000);
	say_after(&d, 100, "");
	CHECK(left_ms(&d) == 200000);
	say_after(&d, 0, "N");
	CHECK(left_ms(&d) == 300000);
	say_after(&d, 299, "O");
	CHECK(left_ms(&d) == 300000);
	say_after(&d, 299, "OP\r\n");
	CHECK(left_ms(&d) == 300000);
	driver_fini(&d);
}

static void
test_deadline(void)
{
	struct driver d;

	CHECK_ROW("command");
	driver_init(&d, 1u << 20);
	session_open(&d, deadlines);
	CHECK(left_ms(&d) == 10000);
	say_after(&d, 4, "N"); /* begins a request */
	CHECK(left_ms(&d) == 10000);
	say_after(&d, 4, "OOP ");
	CHECK(left_ms(&d) == 6040);
	say_after(&d, 0, X1000);
	CHECK(left_ms(&d) == 10000); /* never more */
	say_after(&d, 4, "\r\nN");
	CHECK(left_ms(&d) == 10000);
	say_after(&d, 4, "OOP\r\n");
	CHECK(left_ms(&d) == 10000);
	CHECK_ROW("line without an end");
	say_after(&d, 0, X2000 X2000);
	CHECK(left_ms(&d) == 10000);
	say_after(&d, 4, X10);
	CHECK(left_ms(&d) == 6100);
	say_after(&d, 4, X10);
	CHECK(left_ms(&d) == 2200);
	say_after(&d, 1, "\r\n");
	CHECK(left_ms(&d) == 10000);
	CHECK_ROW("DATA");
	driver_say(&d, UP_TO_DATA);
	say_after(&d, 5, "1234567890");
	CHECK(left_ms(&d) == 5100);
	say_after(&d, 5, X100);
	CHECK(left_ms(&d) == 1100);
	say_after(&d, 1, "\r\n.\r\n");
	CHECK(left_ms(&d) == 10000);
	CHECK_ROW("BDAT");
	driver_say(&d, MAIL RCPT "BDAT 100\r\n");
	say_after(&d, 5, "1234567890");
	CHECK(left_ms(&d) == 5100);
	CHECK_ROW("BDAT skipped");
	driver_end(&d);
	session_open(&d, deadlines);
	driver_say(&d, "BDAT 100\r\n");
	say_after(&d, 5, "1234567890");
	CHECK(left_ms(&d) == 5100);
	driver_fini(&d);
}

/* What is kept waiting is not counted against the peer, nor counted twice. */
static void
test_deadline_waits(void)
{
	struct driver d;

	CHECK_ROW("commit");
	driver_init(&d, 1u << 20);
	session_open(&d, deadlines);
	d.stops_at_commit = true;
	driver_say(&d, UP_TO_DATA ".\r\n");
	CHECK(d.want == SMTP_WANT_COMMIT);
	d.now_us += 60 * US_PER_SEC;
	driver_commit(&d);
	CHECK(left_ms(&d) == 10000);
	driver_end(&d);
	CHECK_ROW("policy");
	session_open(&d, deadlines);
	d.stops_at_commit = false;
	d.check_us = 9 * US_PER_SEC;
	driver_say(&d, HELO MAIL);
	CHECK(left_ms(&d) == 10000);
	driver_say(&d, "RCPT TO:<no@x>\r\n" RCPT DATA);
	CHECK(left_ms(&d) == 10000);
	driver_say(&d, ".\r\n");
	CHECK(left_ms(&d) == 10000);
	d.check_us = 0;
	driver_end(&d);
	CHECK_ROW("bytes shown twice");
	session_open(&d, deadlines);
	d.stops_at_commit = false;
	driver_say(&d, UP_TO_DATA);
	d.now_us += 5 * US_PER_SEC;
	d.shared.stream_bytes = 1;
	driver_say(&d, X100);
	d.now_us += US_PER_SEC;
	driver_say(&d, "");
	CHECK(left_ms(&d) == 5000);
	driver_fini(&d);
}

int
main(void)
{
	test_pauses();
	test_timeout();
	test_deadline();
	test_deadline_waits();
	return check_end();
}
