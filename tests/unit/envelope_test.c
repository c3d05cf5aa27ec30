/* SPDX-License-Identifier: BSD-2-Clause */
/* Envelopes: what goes in comes out; what was damaged does not come in. */
#include "engine/base/crc32c.h"
#include "engine/base/envelope.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#define RCPT_BYTES 20 /* of a recipient's record, without its strings */

static char long_text[UINT16_MAX + 1];

static const struct row {
	const char *name;
	struct envelope_head head;
	struct envelope_rcpt rcpts[3];
	unsigned rcpts_n;
} rows[] = {
	{ .name = "null sender, nobody" },
	{ .name = "everything set",
	  .head = { .queue_id = 0x0123456789abcdef,
		    .arrival_us = 1795410252000001,
		    .body_bytes = 1ull << 40,
		    .sender = { "sender@example.org", 18 },
		    .envid = { "id+2Bx", 6 },
		    .client_name = { "mail.example.org", 16 },
		    .helo = { "h\0elo", 5 },
		    .client_ip = { { 0x20, 1, 0x0d, 0xb8, [15] = 1 } },
		    .client_port = 65535,
		    .body = ENVELOPE_BODY_BINARY,
		    .ret = ENVELOPE_RET_HDRS,
		    .is_smtputf8 = true,
		    .is_esmtp = true },
	  .rcpts = { { .orig = { "alias@example.com", 17 },
		       .rcpt = { "user@example.com", 16 },
		       .dest = { "/home/vmail/example.com/user/", 29 },
		       .orcpt = { "rfc822;alias@example.com", 24 },
		       .uid = 997,
		       .gid = UINT32_MAX,
		       .transport = ENVELOPE_VIRTUAL,
		       .notify = ENVELOPE_NOTIFY_SUCCESS |
				 ENVELOPE_NOTIFY_FAILURE |
				 ENVELOPE_NOTIFY_DELAY },
		     { .orig = { "x", 1 }, .transport = ENVELOPE_RELAY },
		     { .dest = { "4.3.5 no", 8 },
		       .transport = ENVELOPE_ERROR,
		       .notify = ENVELOPE_NOTIFY_NEVER } },
	  .rcpts_n = 3 },
	{ .name = "longest fields",
	  .head = { .sender = { long_text, UINT16_MAX },
		    .helo = { long_text, UINT16_MAX } },
	  .rcpts = { { .dest = { long_text, UINT16_MAX } } },
	  .rcpts_n = 1 },
};

static void
build(struct envelope *env, const struct row *row)
{
	CHECK(envelope_begin(env, &row->head) == 0);
	for (unsigned i = 0; i < row->rcpts_n; i++)
		CHECK(envelope_rcpt_add(env, &row->rcpts[i]) == 0);
	CHECK(env->rcpt_n == row->rcpts_n);
}

static void
check_head(const struct envelope *env, const struct envelope_head *want,
	   uint64_t body_bytes)
{
	struct envelope_head h;

	envelope_head_get(env, &h);
	CHECK(h.queue_id == want->queue_id);
	CHECK(h.arrival_us == want->arrival_us);
	CHECK(h.body_bytes == body_bytes);
	CHECK(span_is_equal(h.sender, want->sender));
	CHECK(span_is_equal(h.envid, want->envid));
	CHECK(span_is_equal(h.client_name, want->client_name));
	CHECK(span_is_equal(h.helo, want->helo));
	CHECK(ip_is_equal(&h.client_ip, &want->client_ip));
	CHECK(h.client_port == want->client_port);
	CHECK(h.body == want->body && h.ret == want->ret);
	CHECK(h.is_smtputf8 == want->is_smtputf8);
	CHECK(h.is_esmtp == want->is_esmtp);
}

static void
check_rcpts(const struct envelope *env, const struct envelope_rcpt *want,
	    unsigned n)
{
	struct envelope_rcpt r;
	uint32_t pos = 0;

	for (unsigned i = 0; i < n; i++) {
		CHECK(envelope_rcpt_next(env, &pos, &r));
		CHECK(span_is_equal(r.orig, want[i].orig));
		CHECK(span_is_equal(r.rcpt, want[i].rcpt));
		CHECK(span_is_equal(r.dest, want[i].dest));
		CHECK(span_is_equal(r.orcpt, want[i].orcpt));
		CHECK(r.uid == want[i].uid && r.gid == want[i].gid);
		CHECK(r.transport == want[i].transport);
		CHECK(r.notify == want[i].notify);
	}
	CHECK(!envelope_rcpt_next(env, &pos, &r));
	CHECK(!envelope_rcpt_next(env, &pos, &r));
}

static void
test_round_trip(void)
{
	struct envelope env = { 0 }, back = { 0 };

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		build(&env, &rows[i]);
		check_head(&env, &rows[i].head, rows[i].head.body_bytes);
		check_rcpts(&env, rows[i].rcpts, rows[i].rcpts_n);
		envelope_seal(&env, 4711);
		CHECK(envelope_load(&back, (struct span) { (char *)env.p,
							   env.len }) == 0);
		CHECK(back.rcpt_n == rows[i].rcpts_n);
		check_head(&back, &rows[i].head, 4711);
		check_rcpts(&back, rows[i].rcpts, rows[i].rcpts_n);
	}
	envelope_fini(&env);
	envelope_fini(&back);
	CHECK(env.p == NULL && env.cap == 0);
}

/* The copy has its exact size, so that ASan sees any read past its end. */
static int
load_copy(struct envelope *into, const struct envelope *env, uint32_t len,
	  uint32_t flip_at, unsigned char flip)
{
	char *copy = malloc(len ? len : 1);
	int err;

	must(copy != NULL);
	memcpy(copy, env->p, len);
	if (flip)
		copy[flip_at] ^= (char)flip;
	err = envelope_load(into, (struct span) { copy, len });
	free(copy);
	return err;
}

static void
test_damage(void)
{
	struct envelope env = { 0 }, back = { 0 };

	build(&env, &rows[1]);
	envelope_seal(&env, 1);
	CHECK_ROW("truncated anywhere");
	for (uint32_t len = 0; len < env.len; len++)
		CHECK(load_copy(&back, &env, len, 0, 0) == -EBADMSG);
	CHECK_ROW("any byte flipped");
	for (uint32_t at = 0; at < env.len; at++)
		for (unsigned bit = 0; bit < 8; bit++)
			CHECK(load_copy(&back, &env, env.len, at,
					(unsigned char)(1u << bit)) ==
			      -EBADMSG);
	CHECK_ROW("undamaged");
	CHECK(load_copy(&back, &env, env.len, 0, 0) == 0);
	envelope_fini(&env);
	envelope_fini(&back);
}

/* Lies under a right checksum: only the decoder's own checks are left. */
static void
test_lies(void)
{
	static const struct {
		const char *name;
		uint32_t at;
		unsigned char flip;
	} lies[] = {
		{ "version", 4, 3 },
		{ "body kind", 5, 1 },
		{ "ret", 6, 1 },
		{ "unknown flag", 7, 4 },
		{ "length", 48, 1 },
		{ "length, high byte", 51, 0x80 },
		{ "one recipient more", 52, 7 },
		{ "one recipient less", 52, 1 },
		{ "recipients, high byte", 55, 0x80 },
		{ "sender's length", 59, 0x80 },
		{ "helo's length", 64, 1 },
		{ "reserved bytes", 70, 1 },
		{ "rcpt: orig's length", 72 + 45 + 8, 1 },
		{ "rcpt: orcpt's length", 72 + 45 + 15, 0xff },
		{ "rcpt: transport", 72 + 45 + 16, 4 },
		{ "rcpt: notify", 72 + 45 + 17, 16 },
		{ "rcpt: reserved", 72 + 45 + 18, 1 },
	};
	struct envelope env = { 0 }, back = { 0 };

	for (size_t i = 0; i < ARRAY_N(lies); i++) {
		uint32_t crc;

		CHECK_ROW(lies[i].name);
		build(&env, &rows[1]);
		envelope_seal(&env, 1);
		env.p[lies[i].at] ^= lies[i].flip;
		crc = crc32c(0, env.p + 4, env.len - 4);
		memcpy(env.p, &crc, 4);
		CHECK(load_copy(&back, &env, env.len, 0, 0) == -EBADMSG);
		CHECK(back.len == 0 && back.rcpt_n == 0);
	}
	envelope_fini(&env);
	envelope_fini(&back);
}

static void
test_cut(void)
{
	struct envelope env = { 0 };

	for (unsigned keep = 0; keep < 5; keep++) {
		unsigned n = keep < 3 ? keep : 3;

		CHECK_ROW("cut");
		build(&env, &rows[1]);
		envelope_rcpt_cut(&env, keep);
		CHECK(env.rcpt_n == n);
		check_rcpts(&env, rows[1].rcpts, n);
		CHECK_ROW("cut, then added again");
		CHECK(envelope_rcpt_add(&env, &rows[1].rcpts[0]) == 0);
		envelope_seal(&env, 1);
		CHECK(env.rcpt_n == n + 1);
		CHECK(load_copy(&env, &env, env.len, 0, 0) == 0);
	}
	envelope_fini(&env);
}

static void
test_limits(void)
{
	const struct envelope_head too_long = {
		.client_name = { long_text, sizeof(long_text) }
	};
	const struct envelope_rcpt long_rcpt = {
		.orcpt = { long_text, sizeof(long_text) }
	};
	const struct envelope_rcpt largest = {
		.orig = { long_text, UINT16_MAX },
		.rcpt = { long_text, UINT16_MAX },
		.dest = { long_text, UINT16_MAX },
		.orcpt = { long_text, UINT16_MAX },
	};
	struct envelope env = { 0 };
	uint32_t len, n = 0;
	int err;

	CHECK_ROW("a field over its limit");
	CHECK(envelope_begin(&env, &too_long) == -EMSGSIZE);
	build(&env, &rows[1]);
	len = env.len;
	CHECK(envelope_rcpt_add(&env, &long_rcpt) == -EMSGSIZE);
	CHECK(env.len == len && env.rcpt_n == 3);

	CHECK_ROW("the whole over its limit");
	build(&env, &rows[0]);
	len = env.len;
	while ((err = envelope_rcpt_add(&env, &largest)) == 0)
		n++;
	CHECK(err == -EMSGSIZE);
	CHECK(env.rcpt_n == n && env.len <= ENVELOPE_BYTES_MAX);
	CHECK(n == (ENVELOPE_BYTES_MAX - len) / (RCPT_BYTES + 4 * UINT16_MAX));
	envelope_seal(&env, 1);
	CHECK(load_copy(&env, &env, env.len, 0, 0) == 0);
	envelope_fini(&env);
}

/* A second message of the same size allocates nothing. */
static void
test_keeps_memory(void)
{
	struct envelope env = { 0 };
	unsigned char *p;
	uint32_t cap;

	CHECK_ROW("memory kept");
	build(&env, &rows[1]);
	p = env.p;
	cap = env.cap;
	for (unsigned i = 0; i < 3; i++) {
		build(&env, &rows[1]);
		envelope_seal(&env, 1);
	}
	CHECK(env.p == p && env.cap == cap);
	envelope_fini(&env);
}

int
main(void)
{
	memset(long_text, 'a', sizeof(long_text));
	test_round_trip();
	test_damage();
	test_lies();
	test_cut();
	test_limits();
	test_keeps_memory();
	return check_end();
}
