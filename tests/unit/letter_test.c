/* SPDX-License-Identifier: BSD-2-Clause */
/* Letters: the fields in front, any body behind; writev() is the test's own. */
#include "deliver/letter.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_queue.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <sys/syscall.h>

static struct {
	size_t bytes_max; /* of one call; 0: no limit */
	unsigned calls_n;
	unsigned interrupt_at; /* the n-th call gives EINTR; 0: none */
	unsigned fail_at;      /* ENOSPC */
} fake;

/* In place of the C library's: writes less than asked for. */
ssize_t
writev(int fd, const struct iovec *parts, int n)
{
	size_t left = fake.bytes_max ? fake.bytes_max : SIZE_MAX;
	ssize_t done = 0;

	fake.calls_n++;
	if (fake.calls_n == fake.interrupt_at) {
		errno = EINTR;
		return -1;
	}
	if (fake.calls_n == fake.fail_at) {
		errno = ENOSPC;
		return -1;
	}
	for (int i = 0; i < n && left > 0; i++) {
		size_t len = parts[i].iov_len < left ? parts[i].iov_len : left;

		must(write(fd, parts[i].iov_base, len) == (ssize_t)len);
		done += (ssize_t)len;
		left -= len;
	}
	return done;
}

#define HEAD                                  \
	"Return-Path: <sender@example.org>\n" \
	"X-Original-To: alias@example.com\n"  \
	"Delivered-To: user@example.com\n"
#define BODY "Subject: x\n\nFrom here\n.\nlast line without its end"

static const struct envelope_rcpt rcpt = {
	.orig = SPAN("alias@example.com"),
	.rcpt = SPAN("user@example.com"),
};

static const struct {
	const char *name;
	const char *body;
	unsigned piece_bytes;
	size_t write_bytes_max;
	unsigned interrupt_at;
	unsigned calls_n; /* 0: any */
} rows[] = {
	{ "one piece, one call", BODY, 0, 0, 0, 1 + 0 },
	{ "no body", "", 0, 0, 0, 1 },
	{ "pieces", BODY, 7, 0, 0, 0 },
	{ "writes of one byte", BODY, 0, 1, 0, 0 },
	{ "writes of 13 bytes, pieces of 5", BODY, 5, 13, 0, 0 },
	{ "interrupted", BODY, 0, 0, 1, 2 },
	{ "interrupted in the middle", BODY, 0, 50, 2, 0 },
};

static void
test_rows(void)
{
	const char *path = scratch_path("letter");

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct queue *q = fake_queue_open();
		struct fake_msg *fm = fake_queue_new(q, 1, rows[i].body);
		char want[sizeof(HEAD) + sizeof(BODY)];
		struct letter l;
		const char *doing;
		char *got;
		int fd;

		CHECK_ROW(rows[i].name);
		fm->piece_bytes = rows[i].piece_bytes;
		fake.bytes_max = rows[i].write_bytes_max;
		fake.interrupt_at = rows[i].interrupt_at;
		fake.calls_n = 0;
		CHECK(letter_init(&l, q, &fm->msg, SPAN("sender@example.org"),
				  &rcpt));
		CHECK(l.bytes == strlen(HEAD) + strlen(rows[i].body));
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		must(fd >= 0);
		CHECK(letter_write(&l, fd, &doing) == 0);
		close(fd);
		CHECK(rows[i].calls_n == 0 || fake.calls_n == rows[i].calls_n);
		snprintf(want, sizeof(want), "%s%s", HEAD, rows[i].body);
		got = scratch_read(path);
		CHECK_SPAN(span_of(got), want);
		free(got);
		fake_queue_close(q);
	}
	fake.bytes_max = fake.interrupt_at = 0;
}

static void
test_null_sender(void)
{
	struct queue *q = fake_queue_open();
	struct fake_msg *fm = fake_queue_new(q, 1, "");
	struct letter l;

	CHECK_ROW("null sender");
	CHECK(letter_init(&l, q, &fm->msg, (struct span) { 0 }, &rcpt));
	CHECK(l.head[1].iov_len == 0);
	CHECK(l.bytes == strlen(HEAD) - strlen("sender@example.org"));
	fake_queue_close(q);
}

static void
test_injection(void)
{
	static const struct {
		const char *name;
		struct span sender, orig, rcpt;
		bool ok;
	} bad[] = {
		{ "good", SPAN("a@b"), SPAN("c@d"), SPAN("e@f"), true },
		{ "LF in the sender", SPAN("a\n@b"), SPAN("c"), SPAN("e"),
		  false },
		{ "CR in the original", SPAN("a"), SPAN("c\rX: y"), SPAN("e"),
		  false },
		{ "NUL in the recipient", SPAN("a"), SPAN("c"), SPAN("e\0f"),
		  false },
	};
	struct queue *q = fake_queue_open();
	struct fake_msg *fm = fake_queue_new(q, 1, "");

	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		struct envelope_rcpt r = { .orig = bad[i].orig,
					   .rcpt = bad[i].rcpt };
		struct letter l;

		CHECK_ROW(bad[i].name);
		CHECK(letter_init(&l, q, &fm->msg, bad[i].sender, &r) ==
		      bad[i].ok);
	}
	fake_queue_close(q);
}

static void
test_failures(void)
{
	struct queue *q = fake_queue_open();
	struct fake_msg *fm = fake_queue_new(q, 1, BODY);
	int fd = open(scratch_path("failed"), O_RDWR | O_CREAT, 0600);
	const char *doing = "";
	struct letter l;

	must(fd >= 0);
	fm->piece_bytes = 5;
	CHECK(letter_init(&l, q, &fm->msg, SPAN("a@b"), &rcpt));

	CHECK_ROW("the disk is full");
	fake.calls_n = 0;
	fake.fail_at = 3;
	CHECK(letter_write(&l, fd, &doing) == -ENOSPC);
	CHECK_SPAN(span_of(doing), "writing message");
	fake.fail_at = 0;

	CHECK_ROW("the queue cannot be read");
	fm->fail_after = 2;
	CHECK(letter_write(&l, fd, &doing) == -EIO);
	CHECK_SPAN(span_of(doing), "reading message");
	fm->fail_after = 0;

	CHECK_ROW("the queue gives less than it said");
	fm->msg.body_bytes++;
	CHECK(letter_write(&l, fd, &doing) == -EBADMSG);
	CHECK_SPAN(span_of(doing), "reading message");
	close(fd);
	fake_queue_close(q);
}

int
main(void)
{
	scratch_open("letter");
	test_rows();
	test_null_sender();
	test_injection();
	test_failures();
	scratch_close();
	return check_end();
}
