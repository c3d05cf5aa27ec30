/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logs of real batches, spoiled and rewritten: what was sound is still there,
 * byte for byte, and of a batch with a bad record the others.
 */
#include "queue/salvage.h"
#include "queue/record.h"
#include "queue/wal.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>

#define BATCHES_N 30u
#define PUTS_N	  4u /* a batch */
#define BODY	  1000u

static char aside[300], path[300];

/* A put of a body record, as RocksDB encodes it. Gives its length. */
static size_t
encode_put(char *p, uint64_t id, uint16_t n)
{
	struct record_key key = record_key(id, n);
	char body[BODY];
	size_t at = 0, len = RECORD_HEAD_BYTES + BODY;

	memset(body, (int)('a' + id % 26), BODY);
	p[at++] = 5; /* put, with a family */
	p[at++] = 2;
	p[at++] = sizeof(key.b);
	memcpy(p + at, key.b, sizeof(key.b));
	at += sizeof(key.b);
	p[at++] = (char)((len & 0x7f) | 0x80);
	p[at++] = (char)(len >> 7);
	record_head_put((unsigned char *)p + at, RECORD_BODY, 0,
			(struct span) { (char *)key.b, sizeof(key.b) },
			(struct span) { body, BODY });
	memcpy(p + at + RECORD_HEAD_BYTES, body, BODY);
	return at + len;
}

static void
write_log(void)
{
	char *p = must_alloc(PUTS_N * (BODY + 100) + 100);
	struct wal_writer w = { 0 };

	w.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(w.fd >= 0);
	for (uint64_t i = 0; i < BATCHES_N; i++) {
		uint64_t seq = 1 + i * PUTS_N;
		uint32_t count = PUTS_N;
		size_t len = WAL_BATCH_HEADER_BYTES;

		memcpy(p, &seq, 8);
		memcpy(p + 8, &count, 4);
		for (uint16_t n = 0; n < PUTS_N; n++)
			len += encode_put(p + len, i, n);
		must(wal_write(&w, (struct span) { p, len }) == 0);
	}
	close(w.fd);
	free(p);
}

struct seen {
	unsigned puts_n, batches_n, damages_n;
};

static void
on_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
}

static void
on_batch(void *arg, const struct wal_batch *batch)
{
	struct span rest = span_from(batch->bytes, WAL_BATCH_HEADER_BYTES);
	struct seen *s = arg;
	struct wal_entry e;

	s->batches_n++;
	while (wal_entry_next(&rest, &e)) {
		struct span payload;
		uint16_t n;

		CHECK(e.family == 2);
		CHECK(record_open(e.value, RECORD_BODY, e.key, &payload, &n) ==
		      0);
		CHECK(payload.len == BODY);
		s->puts_n++;
	}
}

static void
on_damage(void *arg, uint64_t offset)
{
	((struct seen *)arg)->damages_n++;
}

static struct seen
read_back(void)
{
	struct seen s = { 0 };
	const struct wal_visitor v = { .arg = &s,
				       .file = on_file,
				       .batch = on_batch,
				       .damage = on_damage };

	CHECK(wal_read(scratch_dir, &v) == 0);
	return s;
}

static const struct {
	const char *name;
	enum { NOTHING, FLIP, ZERO_BLOCK, CUT } how;
	off_t at;
	unsigned puts_min, puts_max;
	const char *said;
} rows[] = {
	{ "sound", NOTHING, 0, BATCHES_N *PUTS_N, BATCHES_N *PUTS_N, "" },
	{ "a byte of a body", FLIP, 50000, BATCHES_N *PUTS_N - 1,
	  BATCHES_N *PUTS_N - 1, "is damaged: 3 of its 4 operations kept" },
	{ "a zeroed block", ZERO_BLOCK, 32768, BATCHES_N *PUTS_N - 40,
	  BATCHES_N *PUTS_N - 28, "not readable from byte" },
	{ "the end is missing", CUT, 100000, 88, 100,
	  "not readable from byte" },
};

static void
spoil(size_t i)
{
	char zeros[32768] = { 0 }, c;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	if (rows[i].how == FLIP) {
		must(pread(fd, &c, 1, rows[i].at) == 1);
		c = (char)~c;
		must(pwrite(fd, &c, 1, rows[i].at) == 1);
	} else if (rows[i].how == ZERO_BLOCK) {
		must(pwrite(fd, zeros, sizeof(zeros), rows[i].at) ==
		     (ssize_t)sizeof(zeros));
	} else if (rows[i].how == CUT) {
		must(ftruncate(fd, rows[i].at) == 0);
	}
	close(fd);
}

static void
test_row(size_t i)
{
	char *said = NULL, kept[400];
	size_t said_len = 0;
	struct seen s;
	FILE *out;

	CHECK_ROW(rows[i].name);
	snprintf(aside, sizeof(aside), "%s/aside%zu", scratch_dir, i);
	write_log();
	spoil(i);
	out = open_memstream(&said, &said_len);
	must(out != NULL);
	CHECK(salvage_log(scratch_dir, aside, out) == 0);
	fclose(out);
	CHECK(strstr(said, rows[i].said) != NULL);
	s = read_back();
	CHECK(s.damages_n == 0);
	CHECK(s.puts_n >= rows[i].puts_min && s.puts_n <= rows[i].puts_max);
	/* The original is kept, when it was touched at all. */
	snprintf(kept, sizeof(kept), "%s/000005.log", aside);
	CHECK((access(kept, F_OK) == 0) == (rows[i].how != NOTHING));
	CHECK((access(aside, F_OK) == 0) == (rows[i].how != NOTHING));
	free(said);
	CHECK_ROW("");
}

int
main(void)
{
	scratch_open("salvage-log");
	snprintf(path, sizeof(path), "%s/000005.log", scratch_dir);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i);
	/* Nowhere to keep the original: nothing is touched. */
	write_log();
	spoil(1);
	CHECK(salvage_log(scratch_dir, "/nonexistent/aside", stderr) ==
	      -ENOENT);
	CHECK(read_back().damages_n == 1);
	CHECK(salvage_log("/nonexistent", aside, stderr) == -ENOENT);
	scratch_close();
	return check_end();
}
