/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of messages in a real queue: made durable, delivered, deferred. */
#include "tests/unit/queue_fixture.h"

static void
test_ids(void)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t id;
	} rows[] = {
		{ "0000000000000001", true, 1 },
		{ "FEDCBA9876543210", true, 0xfedcba9876543210 },
		{ "fedcba9876543210", true, 0xfedcba9876543210 },
		{ "", false, 0 },
		{ "123", false, 0 },
		{ "00000000000000001", false, 0 },
		{ "000000000000000g", false, 0 },
		{ "0000 00000000000", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char text[QUEUE_ID_TEXT_MAX];
		uint64_t id = 0;

		CHECK_ROW(rows[i].text);
		CHECK(queue_id_parse(span_of(rows[i].text), &id) == rows[i].ok);
		if (!rows[i].ok)
			continue;
		CHECK(id == rows[i].id);
		queue_id_print(id, text);
		CHECK(strcasecmp(text, rows[i].text) == 0);
	}
	CHECK_ROW("");
}

/* Sizes around every boundary of chunks. */
static void
test_life(void)
{
	static const uint64_t sizes[] = {
		0, 1, 4096, 8168, 8169, FIX_CHUNK_MAX, FIX_CHUNK_MAX + 1, 300000
	};
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (size_t i = 0; i < ARRAY_N(sizes); i++) {
		uint64_t id = fix_put(&f, 0, i + 7, sizes[i], 1);
		struct queue_msg *msg;

		CHECK(id != 0);
		msg = fix_take(&f);
		CHECK(msg != NULL && msg->id == id && !msg->is_recovered);
		CHECK(msg->attempts_n == 0 && msg->rcpt_states == NULL);
		CHECK(fix_seed(msg) == i + 7);
		CHECK(fix_body_is_whole(f.q, msg));
		CHECK(queue_operate(f.q, id, QUEUE_OP_DELETE) == -EBUSY);
		fix_settle(&f, msg, QUEUE_RCPT_SENT, "");
	}
	FIX_UNTIL(&f, fix_stats(&f).settled_n == ARRAY_N(sizes));
	CHECK(fix_stats(&f).active_n == 0);
	CHECK(fix_stats(&f).memory_bytes == 0);
	CHECK(fix_stats(&f).inflight_bytes == 0);
	fix_close(&f);
	CHECK(fix_open(&f));
	CHECK(queue_due_take(f.q, 0) == NULL);
	fix_fini(&f);
}

/* What was not settled comes back, the oldest first. */
static void
test_recovery(void)
{
	struct queue_msg *msg;
	uint64_t ids[200];
	struct fix f;

	fix_init(&f);
	CHECK(fix_open(&f));
	for (size_t i = 0; i < ARRAY_N(ids); i++)
		ids[i] = fix_put(&f, 0, i, 100 * i, 2);
	/* One is delivered, one taken and forgotten. */
	msg = fix_take(&f);
	CHECK(msg != NULL && msg->id == ids[0]);
	fix_settle(&f, msg, QUEUE_RCPT_SENT, "");
	fix_close(&f);

	CHECK(fix_open(&f));
	CHECK(fix_stats(&f).active_n == ARRAY_N(ids) - 1);
	for (size_t i = 1; i < ARRAY_N(ids); i++) {
		msg = fix_take_due(&f, FIX_WAIT_US);
		CHECK(msg != NULL && msg->id == ids[i]);
		CHECK(msg->is_recovered && msg->body == NULL);
		CHECK(msg->env.rcpt_n == 2 && fix_seed(msg) == i);
		CHECK(fix_body_is_whole(f.q, msg));
		fix_settle(&f, msg, QUEUE_RCPT_SENT, "");
	}
	CHECK(queue_due_take(f.q, 0) == NULL);
	/* An id of this run is above all of the last one. */
	CHECK(fix_put(&f, 0, 1, 1, 1) > ids[ARRAY_N(ids) - 1]);
	fix_fini(&f);
}

int
main(void)
{
	test_ids();
	test_life();
	test_recovery();
	return check_end();
}
