/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages have the size asked for, are what they were, and nothing else. */
#include "bench/message.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

static const struct message_cfg cfg_usual = {
	.run_id = "0123456789abcdef",
	.from = "sender@blast.invalid",
	.domain = "example.test",
	.mailbox_format = "user%u",
	.seed = 1,
	.started_us = 1795410252000000ull,
	.size_min = 600,
	.size_max = 600,
	.mailboxes_n = 10,
	.rcpts_n = 1,
};

/* All of a message in one buffer, read `step` pieces at a time. Caller frees.
 */
static char *
whole(const struct message_gen *g, const struct message *m,
      enum message_form form, unsigned step, size_t *len)
{
	uint64_t bytes = message_bytes(m, form);
	char *out = malloc(bytes + 1);
	struct iovec iov[8];
	unsigned n;

	*len = 0;
	while ((n = message_iov(g, m, form, *len, iov, step)) > 0)
		for (unsigned i = 0; i < n; i++) {
			must(*len + iov[i].iov_len <= bytes);
			memcpy(out + *len, iov[i].iov_base, iov[i].iov_len);
			*len += iov[i].iov_len;
		}
	out[*len] = '\0';
	return out;
}

/* CRLF to LF. Gives the new length. */
static size_t
to_stored(char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (p[i] != '\r')
			p[n++] = p[i];
	return n;
}

/* What any SMTP server would take out again. */
static size_t
unstuff(char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.' && (i == 0 || p[i - 1] == '\n')) {
			if (i + 3 == len)
				return n;
			continue;
		}
		p[n++] = p[i];
	}
	return SIZE_MAX;
}

static void
check_lines(const char *p, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		CHECK(p[i] == '\n' ? i > 0 && p[i - 1] == '\r' : true);
		CHECK(p[i] == '\r' ? i + 1 < len && p[i + 1] == '\n' : true);
		if (p[i] != '\n')
			continue;
		CHECK(i + 1 - start <= 998);
		start = i + 1;
	}
	CHECK(start == len);
}

static void
test_size(uint64_t size)
{
	struct message_cfg cfg = cfg_usual;
	struct message_gen g;
	struct message m;
	const char *why, *what;
	uint64_t at, seq;
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	size_t raw_len, data_len, one_len;
	char *raw, *data, *one;

	cfg.size_min = cfg.size_max = size;
	CHECK(message_gen_open(&g, &cfg, &why) == 0);
	message_build(&g, 7, &m);
	raw = whole(&g, &m, MESSAGE_RAW, 8, &raw_len);
	one = whole(&g, &m, MESSAGE_RAW, 1, &one_len);
	data = whole(&g, &m, MESSAGE_DATA, 3, &data_len);
	CHECK(raw_len == size);
	CHECK(message_bytes(&m, MESSAGE_RAW) == raw_len);
	CHECK(message_bytes(&m, MESSAGE_DATA) == data_len);
	CHECK(one_len == raw_len && memcmp(one, raw, raw_len) == 0);
	check_lines(raw, raw_len);
	CHECK(strstr(raw, "\r\n.0123456789abcdef 7 ") != NULL);
	CHECK(strstr(data, "\r\n..0123456789abcdef 7 ") != NULL);
	CHECK(unstuff(data, data_len) == raw_len);
	CHECK(memcmp(data, raw, raw_len) == 0);

	raw_len = to_stored(raw, raw_len);
	CHECK(message_token_find((struct span) { raw, raw_len }, run_id, &seq));
	CHECK(strcmp(run_id, cfg.run_id) == 0 && seq == 7);
	CHECK(message_is_stored(&g, &m, (struct span) { raw, raw_len }, &what,
				&at));
	free(raw);
	free(one);
	free(data);
	message_gen_close(&g);
}

/* A message with one byte changed, missing or added is not stored. */
static void
test_damage(void)
{
	struct message_cfg cfg = cfg_usual;
	struct message_gen g;
	struct message m, other;
	const char *why, *what;
	uint64_t at;
	size_t len;
	char *p;

	cfg.size_min = 1500;
	cfg.size_max = 2000;
	CHECK(message_gen_open(&g, &cfg, &why) == 0);
	message_build(&g, 3, &m);
	message_build(&g, 4, &other);
	p = whole(&g, &m, MESSAGE_RAW, 8, &len);
	len = to_stored(p, len);
	for (size_t i = 0; i < len; i++) {
		p[i] ^= 1;
		CHECK(!message_is_stored(&g, &m, (struct span) { p, len },
					 &what, &at));
		CHECK(at == i);
		p[i] ^= 1;
		CHECK(!message_is_stored(&g, &m, (struct span) { p, i }, &what,
					 &at));
		CHECK(at == i);
	}
	CHECK(message_is_stored(&g, &m, (struct span) { p, len }, &what, &at));
	p[len] = '\n';
	CHECK(!message_is_stored(&g, &m, (struct span) { p, len + 1 }, &what,
				 &at));
	CHECK(!message_is_stored(&g, &other, (struct span) { p, len }, &what,
				 &at));
	free(p);
	message_gen_close(&g);
}

static void
test_sizes_spread(void)
{
	struct message_cfg cfg = cfg_usual;
	struct message_gen g;
	struct message m;
	const char *why;
	uint64_t least = UINT64_MAX, most = 0;

	CHECK_ROW("sizes spread");
	cfg.size_max = 100000;
	CHECK(message_gen_open(&g, &cfg, &why) == 0);
	for (uint64_t seq = 0; seq < 1000; seq++) {
		message_build(&g, seq, &m);
		CHECK(m.size >= 600 && m.size <= 100000);
		least = m.size < least ? m.size : least;
		most = m.size > most ? m.size : most;
	}
	CHECK(least < 2000);
	CHECK(most > 98000);
	message_gen_close(&g);
}

static void
test_mailboxes(void)
{
	struct message_cfg cfg = cfg_usual;
	unsigned mail_n[10] = { 0 };
	struct message_gen g;
	char to[MESSAGE_ADDRESS_MAX + 1];
	const char *why;

	CHECK_ROW("mailboxes");
	cfg.rcpts_n = 3;
	for (uint64_t seq = 0; seq < 10; seq++)
		for (uint32_t i = 0; i < 3; i++)
			mail_n[message_mailbox(&cfg, seq, i)]++;
	for (unsigned i = 0; i < 10; i++)
		CHECK(mail_n[i] == 3);
	cfg.mailbox_format = "a%ub";
	CHECK(message_gen_open(&g, &cfg, &why) == 0);
	CHECK_SPAN(((struct span) { to, message_address(&g, 9, to) }),
		   "a9b@example.test");
	message_gen_close(&g);
}

static void
test_refused(void)
{
	static const struct {
		const char *name, *format, *domain, *from;
		uint64_t size;
		uint32_t mailboxes_n, rcpts_n;
	} rows[] = {
		{ "no %u", "user", "d", "a@b", 4096, 1, 1 },
		{ "two %u", "u%u%u", "d", "a@b", 4096, 1, 1 },
		{ "%s", "u%s", "d", "a@b", 4096, 1, 1 },
		{ "space", "u %u", "d", "a@b", 4096, 1, 1 },
		{ "CRLF", "u%u", "d\r\nX", "a@b", 4096, 1, 1 },
		{ "bracket", "u%u", "d", "a@b>", 4096, 1, 1 },
		{ "no domain", "u%u", "", "a@b", 4096, 1, 1 },
		{ "no mailboxes", "u%u", "d", "a@b", 4096, 0, 1 },
		{ "no recipients", "u%u", "d", "a@b", 4096, 1, 0 },
		{ "recipients > mailboxes", "u%u", "d", "a@b", 4096, 1, 2 },
		{ "too many recipients", "u%u", "d", "a@b", 4096, 9999, 1001 },
		{ "too small", "u%u", "d", "a@b", 100, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct message_cfg cfg = cfg_usual;
		struct message_gen g;
		const char *why = NULL;

		CHECK_ROW(rows[i].name);
		cfg.mailbox_format = rows[i].format;
		cfg.domain = rows[i].domain;
		cfg.from = rows[i].from;
		cfg.size_min = cfg.size_max = rows[i].size;
		cfg.mailboxes_n = rows[i].mailboxes_n;
		cfg.rcpts_n = rows[i].rcpts_n;
		CHECK(message_gen_open(&g, &cfg, &why) == -EINVAL);
		CHECK(why != NULL);
	}
}

static void
test_token(void)
{
	static const struct {
		const char *name, *text;
		bool is_ours;
	} rows[] = {
		{ "ours", "A: b\nX-Blast-Token: 0123456789abcdef 12\n\nx",
		  true },
		{ "after the header",
		  "A: b\n\nX-Blast-Token: 0123456789abcdef "
		  "12\n",
		  false },
		{ "torn", "A: b\nX-Blast-Token: 01234567", false },
		{ "no number", "X-Blast-Token: 0123456789abcdef \n", false },
		{ "no digits", "X-Blast-Token: 0123456789abcdef x1\n", false },
		{ "long id", "X-Blast-Token: 0123456789abcdef0 1\n", false },
		{ "empty", "", false },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char id[MESSAGE_RUN_ID_LEN + 1];
		uint64_t seq;

		CHECK_ROW(rows[i].name);
		CHECK(message_token_find(span_of(rows[i].text), id, &seq) ==
		      rows[i].is_ours);
	}
}

int
main(void)
{
	CHECK_ROW("sizes");
	for (uint64_t size = 600; size < 600 + 2 * MESSAGE_TEXT_LINE; size++)
		test_size(size);
	CHECK_ROW("over the whole text");
	test_size((uint64_t)MESSAGE_TEXT_LINES_N * MESSAGE_TEXT_LINE * 3 + 5);
	CHECK_ROW("damage");
	test_damage();
	test_sizes_spread();
	test_mailboxes();
	test_refused();
	test_token();
	return check_end();
}
