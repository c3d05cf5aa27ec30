/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal as it is read: a torn end is none, what is missing is damage. */
#include "tests/unit/journal_rig.h"
#include "engine/base/crc32c.h"

static struct rig r;

#define BATCHES 8u /* of two blocks each */

static uint64_t
offset_of(uint64_t nth)
{
	return JOURNAL_BLOCK + nth * 2 * JOURNAL_BLOCK;
}

static const struct {
	const char *name;
	uint64_t nth, from, len; /* what is inverted, in which batch */
	uint64_t keep;		 /* the last one says: from this nth on */
	enum journal_verdict verdict;
	uint64_t n, lost_n;
} rows[] = {
	{ "nothing", 0, 0, 0, 0, JOURNAL_CLEAN, 8, 0 },
	{ "last, head", 7, 0, 1, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, nonce", 7, 8, 1, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, number", 7, 16, 1, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, length", 7, 32, 4, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, checksum", 7, 40, 4, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, body", 7, 5000, 1, 0, JOURNAL_CLEAN, 7, 0 },
	{ "last, behind its end", 7, 8191, 1, 0, JOURNAL_CLEAN, 8, 0 },
	{ "first", 0, 100, 1, 0, JOURNAL_DAMAGED, 7, 1 },
	{ "middle", 3, 100, 1, 0, JOURNAL_DAMAGED, 7, 1 },
	{ "last but one", 6, 100, 1, 0, JOURNAL_DAMAGED, 7, 1 },
	{ "two in a row", 3, 100, 8192, 0, JOURNAL_DAMAGED, 6, 2 },
	{ "one that nobody needs", 3, 100, 1, 4, JOURNAL_CLEAN, 4, 0 },
	{ "one that somebody needs", 4, 100, 1, 4, JOURNAL_DAMAGED, 3, 1 },
};

static void
test_row(size_t i)
{
	CHECK_ROW(rows[i].name);
	rig_init(&r);
	must(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	for (uint64_t id = 0; id < BATCHES; id++) {
		if (id == BATCHES - 1)
			journal_keep_from(r.j, rows[i].keep + 1);
		rig_batch(&r, id, 8000);
	}
	rig_damage(&r, offset_of(rows[i].nth) + rows[i].from, rows[i].len);
	rig_load(&r);
	CHECK(r.report.verdict == rows[i].verdict);
	CHECK(r.n == rows[i].n && r.report.batches_n == rows[i].n);
	CHECK(r.report.lost_n == rows[i].lost_n);
	if (rows[i].verdict == JOURNAL_DAMAGED)
		CHECK(r.report.offset <= offset_of(rows[i].nth));
	rig_fini(&r);
	CHECK_ROW("");
}

/* A sender writes what looks like a batch: without the nonce it is none. */
static void
test_forged(void)
{
	static char body[3 * JOURNAL_BLOCK];
	struct journal_batch_head head = { .version = JOURNAL_VERSION,
					   .nonce = 0x1234567890abcdef,
					   .seq = 1000,
					   .keep_seq = 1000,
					   .bytes = sizeof(head) + 16,
					   .entries_n = 1 };
	unsigned char batch[sizeof(head) + 16] = { 'e', 0, 0, 0 };

	memcpy(head.magic, JOURNAL_MAGIC, sizeof(head.magic));
	memset(batch, 0, sizeof(batch));
	memcpy(batch, &head, sizeof(head));
	head.crc = crc32c(0, batch, sizeof(batch));
	memcpy(batch, &head, sizeof(head));
	/* At every place where a block may begin. */
	for (size_t at = 0; at + sizeof(batch) < sizeof(body); at += 64)
		memcpy(body + at, batch, sizeof(batch));
	rig_init(&r);
	must(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	journal_put(r.j, JOURNAL_BODY, 1, 5,
		    (struct span) { body, sizeof(body) });
	must(journal_write(r.j) == 0);
	/* Its first block is torn: the others must not be read as batches. */
	rig_damage(&r, JOURNAL_BLOCK, 1);
	rig_load(&r);
	CHECK(r.n == 0 && r.report.verdict == JOURNAL_CLEAN);
	rig_fini(&r);
}

static void
test_files(void)
{
	int fd;

	rig_init(&r);
	rig_load(&r); /* no file */
	CHECK(r.n == 0 && r.report.verdict == JOURNAL_CLEAN);
	fd = open(r.path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	must(fd >= 0);
	rig_load(&r); /* created, and then the power went */
	CHECK(r.n == 0 && r.report.verdict == JOURNAL_CLEAN);
	must(write(fd, "something else", 14) == 14);
	rig_load(&r);
	CHECK(r.report.verdict == JOURNAL_DAMAGED && r.report.offset == 0);
	close(fd);
	unlink(r.path);
	must(journal_open(r.dir, 4 << 20, 0, &r.j) == 0);
	rig_batch(&r, 1, 100);
	rig_damage(&r, 24, 1); /* the nonce */
	rig_load(&r);
	CHECK(r.report.verdict == JOURNAL_DAMAGED);
	rig_damage(&r, 24, 1);
	/* Cut anywhere, it is what stands before. */
	for (off_t len = 3 * JOURNAL_BLOCK; len > JOURNAL_BLOCK; len -= 512) {
		must(truncate(r.path, len) == 0);
		rig_load(&r);
		CHECK(r.report.verdict == JOURNAL_CLEAN);
		CHECK(r.n == (len >= JOURNAL_BLOCK + 512));
	}
	rig_fini(&r);
	mkdir(r.dir, 0700);
	must(mkdir(r.path, 0700) == 0);
	{
		struct journal_log *log = NULL;

		CHECK(journal_load(r.dir, &log, &r.report) == -EISDIR);
		CHECK(log == NULL);
	}
	must(rmdir(r.path) == 0 && rmdir(r.dir) == 0);
}

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		test_row(i);
	test_forged();
	test_files();
	return check_end();
}
