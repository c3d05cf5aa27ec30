/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys sort by age; a value is good or it is not, whichever bit is wrong. */
#include "queue/record.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#define KEY_SPAN(key) ((struct span) { (const char *)(key).b, sizeof((key).b) })

static void
test_keys(void)
{
	static const struct {
		uint64_t id;
		uint16_t record;
	} rows[] = { /* in the order in which they must sort */
		     { 0, 0 },
		     { 0, 1 },
		     { 0, 256 },
		     { 1, 0 },
		     { 255, 9 },
		     { 256, 0 },
		     { 1ull << 40, 65535 },
		     { UINT64_MAX, 0 },
		     { UINT64_MAX, 65535 }
	};
	struct record_key last;

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct record_key key = record_key(rows[i].id, rows[i].record);
		struct record_due_key due =
			record_due_key(rows[i].id, rows[i].record);
		uint64_t id = 7, due_us = 7, due_id = 7;
		uint16_t record = 7;

		CHECK(record_key_get(KEY_SPAN(key), &id, &record));
		CHECK(id == rows[i].id && record == rows[i].record);
		CHECK(record_due_key_get(KEY_SPAN(due), &due_us, &due_id));
		CHECK(due_us == rows[i].id && due_id == rows[i].record);
		CHECK(i == 0 || memcmp(&last, &key, sizeof(key)) < 0);
		CHECK(!record_key_get(KEY_SPAN(due), &id, &record));
		CHECK(!record_due_key_get(KEY_SPAN(key), &due_us, &due_id));
		CHECK(!record_key_get(span_to(KEY_SPAN(key), 9), &id, &record));
		last = key;
	}
	CHECK(!record_key_get(SPAN(RECORD_META_KEY), &(uint64_t) { 0 },
			      &(uint16_t) { 0 }));
}

/* One bit anywhere, one byte less, another key, another kind. */
static void
test_heads(void)
{
	struct record_key key = record_key(77, 3), other = record_key(77, 4);
	char value[RECORD_HEAD_BYTES + 20], payload[20] = "twenty bytes of it.";
	struct span all = { value, sizeof(value) }, got;
	uint16_t n = 0;

	record_head_put((unsigned char *)value, RECORD_BODY, 513, KEY_SPAN(key),
			(struct span) { payload, 20 });
	memcpy(value + RECORD_HEAD_BYTES, payload, 20);
	CHECK(record_open(all, RECORD_BODY, KEY_SPAN(key), &got, &n) == 0);
	CHECK(n == 513 && got.len == 20 && memcmp(got.p, payload, 20) == 0);
	CHECK(record_open(all, RECORD_BODY, KEY_SPAN(other), &got, &n) ==
	      -EBADMSG);
	CHECK(record_open(all, RECORD_STATE, KEY_SPAN(key), &got, &n) ==
	      -EBADMSG);
	for (size_t len = 0; len < sizeof(value); len++)
		CHECK(record_open(span_to(all, len), RECORD_BODY, KEY_SPAN(key),
				  &got, &n) == -EBADMSG);
	for (size_t bit = 0; bit < 8 * sizeof(value); bit++) {
		value[bit / 8] ^= (char)(1 << bit % 8);
		CHECK(record_open(all, RECORD_BODY, KEY_SPAN(key), &got, &n) ==
		      -EBADMSG);
		value[bit / 8] ^= (char)(1 << bit % 8);
	}
	/* No payload at all is a payload. */
	record_head_put((unsigned char *)value, RECORD_DUE, 0, KEY_SPAN(key),
			(struct span) { "", 0 });
	CHECK(record_open(span_to(all, RECORD_HEAD_BYTES), RECORD_DUE,
			  KEY_SPAN(key), &got, &n) == 0);
	CHECK(got.len == 0);
}

static void
test_meta(void)
{
	const struct record_meta meta = { 1, 2, 3, 4, UINT64_MAX };
	unsigned char bytes[RECORD_META_BYTES];
	struct span all = { (char *)bytes, sizeof(bytes) };
	struct record_meta got;

	record_meta_put(bytes, &meta);
	CHECK(record_meta_get(all, &got) == 0);
	CHECK(memcmp(&meta, &got, sizeof(got)) == 0);
	CHECK(record_meta_get(span_to(all, 39), &got) == -EBADMSG);
}

static void
test_state(void)
{
	const struct record_state state = { .state = QUEUE_DEFERRED,
					    .attempts_n = 7,
					    .rcpt_n = 3,
					    .due_us = 123456789 };
	struct queue_rcpt_state rcpts[3] = { { QUEUE_RCPT_SENT, "" },
					     { QUEUE_RCPT_DEFERRED, "4.2.0" },
					     { QUEUE_RCPT_FAILED, "" } };
	struct queue_rcpt_state got_rcpts[3];
	struct record_state got;
	char *payload;
	size_t len;

	memset(rcpts[2].why, 'x', sizeof(rcpts[2].why)); /* no NUL: cut */
	payload = record_state_new(&state, rcpts, &len);
	must(payload != NULL);
	CHECK(record_state_get((struct span) { payload, len }, &got) == 0);
	CHECK(got.state == QUEUE_DEFERRED && got.attempts_n == 7 &&
	      got.rcpt_n == 3 && got.due_us == 123456789);
	CHECK(record_state_rcpts((struct span) { payload, len }, got_rcpts,
				 3) == 0);
	CHECK(got_rcpts[0].result == QUEUE_RCPT_SENT && !*got_rcpts[0].why);
	CHECK(got_rcpts[1].result == QUEUE_RCPT_DEFERRED &&
	      strcmp(got_rcpts[1].why, "4.2.0") == 0);
	CHECK(got_rcpts[2].result == QUEUE_RCPT_FAILED &&
	      strlen(got_rcpts[2].why) == sizeof(got_rcpts[2].why) - 1);
	/* Every end but the right one is noticed by one of the two. */
	for (size_t cut = 0; cut < len; cut++) {
		struct span part = { payload, cut };

		CHECK(record_state_get(part, &got) == -EBADMSG ||
		      record_state_rcpts(part, got_rcpts, 3) == -EBADMSG);
	}
	CHECK(record_state_rcpts((struct span) { payload, len }, got_rcpts,
				 2) == -EBADMSG);
	payload[0] = QUEUE_DEAD + 1;
	CHECK(record_state_get((struct span) { payload, len }, &got) ==
	      -EBADMSG);
	payload[0] = QUEUE_DEAD;
	payload[RECORD_STATE_BYTES] = QUEUE_RCPT_FAILED + 1;
	CHECK(record_state_rcpts((struct span) { payload, len }, got_rcpts,
				 3) == -EBADMSG);
	free(payload);
}

int
main(void)
{
	test_keys();
	test_heads();
	test_meta();
	test_state();
	return check_end();
}
