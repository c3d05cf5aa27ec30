/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logs written here, batch by batch, and spoiled: what comes back, and whether
 * it is called clean, torn or damaged. Batches end at and around block ends.
 */
#include "queue/wal.h"
#include "tests/unit/check.h"
#include "tests/unit/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK	  32768u
#define BATCH_MAX (200u << 10)

static const char *dir;
static char batch_bytes[BATCH_MAX];

/* A batch of one put; its note says that all up to `synced` is on the disk. */
static struct span
make_batch(uint64_t seq, uint64_t synced, size_t bytes)
{
	unsigned char note[WAL_NOTE_BYTES];
	uint32_t count = 1;
	size_t n = 0, value_len;

	must(bytes >= 64 && bytes <= BATCH_MAX);
	memcpy(batch_bytes, &seq, 8);
	memcpy(batch_bytes + 8, &count, 4);
	n = WAL_BATCH_HEADER_BYTES;
	batch_bytes[n++] = 3;
	batch_bytes[n++] = WAL_NOTE_BYTES;
	wal_note_put(note, synced);
	memcpy(batch_bytes + n, note, WAL_NOTE_BYTES);
	n += WAL_NOTE_BYTES;
	batch_bytes[n++] = 1;
	batch_bytes[n++] = 1;
	batch_bytes[n++] = 'k';
	value_len = bytes - n - 3;
	batch_bytes[n++] = (char)((value_len & 0x7f) | 0x80);
	batch_bytes[n++] = (char)((value_len >> 7 & 0x7f) | 0x80);
	batch_bytes[n++] = (char)(value_len >> 14);
	memset(batch_bytes + n, (int)('a' + seq % 26), value_len);
	return (struct span) { batch_bytes, bytes };
}

static void
path_of(unsigned number, char path[300])
{
	snprintf(path, 300, "%s/%06u.log", dir, number);
}

/* Each batch's note: the one before it is on the disk. */
static void
write_log(unsigned number, uint64_t first_seq, const size_t *sizes, size_t n)
{
	char path[300];
	struct wal_writer w = { 0 };

	path_of(number, path);
	w.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(w.fd >= 0);
	for (size_t i = 0; i < n; i++)
		CHECK(wal_write(&w, make_batch(first_seq + i, first_seq + i - 1,
					       sizes[i])) == 0);
	close(w.fd);
}

struct seen {
	unsigned files_n, batches_n, damages_n, suspects_n;
	uint64_t next_seq, offset;
	bool is_in_order;
};

static void
on_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
	struct seen *s = arg;

	CHECK(number > 0 && bytes > 0 && strstr(file, ".log") != NULL);
	s->files_n++;
}

static void
on_batch(void *arg, const struct wal_batch *batch)
{
	struct seen *s = arg;
	struct span want =
		make_batch(batch->seq, batch->seq - 1, batch->bytes.len);

	CHECK(span_is_equal(batch->bytes, want));
	CHECK(batch->count == 1 && batch->synced_seq == batch->seq - 1);
	s->is_in_order &= s->next_seq == 0 || batch->seq == s->next_seq;
	s->next_seq = batch->seq + 1;
	s->batches_n++;
}

static void
on_damage(void *arg, uint64_t offset)
{
	struct seen *s = arg;

	s->damages_n++;
	s->offset = offset;
}

static void
on_suspect(void *arg, const struct wal_batch *batch)
{
	((struct seen *)arg)->suspects_n++;
}

static struct seen
read_all(bool is_suspect_wanted)
{
	struct seen s = { .is_in_order = true };
	const struct wal_visitor v = { .arg = &s,
				       .file = on_file,
				       .batch = on_batch,
				       .damage = on_damage,
				       .suspect = is_suspect_wanted ? on_suspect
								    : NULL };

	CHECK(wal_read(dir, &v) == 0);
	return s;
}

/* The first batch ends 0 … 20 bytes before its block's end, and after. */
static void
test_blocks(void)
{
	for (size_t first = BLOCK - 30; first < BLOCK + 10; first++) {
		const size_t sizes[] = { first, 100, BLOCK, 3 * BLOCK, 64 };
		struct wal_report report;
		struct seen s;

		write_log(7, 1, sizes, ARRAY_N(sizes));
		s = read_all(false);
		CHECK(s.files_n == 1 && s.batches_n == ARRAY_N(sizes));
		CHECK(s.damages_n == 0 && s.is_in_order);
		CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
		CHECK(report.verdict == WAL_CLEAN && report.last_seq == 5);
	}
}

static off_t
size_of(unsigned number)
{
	struct stat st;
	char path[300];

	path_of(number, path);
	must(stat(path, &st) == 0);
	return st.st_size;
}

static void
flip(unsigned number, off_t at)
{
	char path[300];
	unsigned char c;
	int fd;

	path_of(number, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0 && pread(fd, &c, 1, at) == 1);
	c = (unsigned char)~c;
	must(pwrite(fd, &c, 1, at) == 1);
	close(fd);
}

static void
cut(unsigned number, off_t size)
{
	char path[300];

	path_of(number, path);
	must(truncate(path, size) == 0);
}

/* 20 batches; the log ends anywhere: what is whole before it stays. */
static void
test_torn(void)
{
	size_t sizes[20];

	for (size_t i = 0; i < ARRAY_N(sizes); i++)
		sizes[i] = 64 + i * 977;
	write_log(7, 1, sizes, ARRAY_N(sizes));
	for (off_t end = size_of(7); end > 0; end -= 1 + end % 1009) {
		struct wal_report report;
		struct seen s;

		write_log(7, 1, sizes, ARRAY_N(sizes));
		cut(7, end);
		s = read_all(false);
		CHECK(s.is_in_order && s.damages_n <= 1);
		CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
		CHECK(report.verdict == (s.damages_n ? WAL_TORN : WAL_CLEAN));
		CHECK(report.last_seq == s.batches_n);
		if (report.verdict == WAL_CLEAN)
			continue;
		CHECK(report.number == 7 &&
		      report.offset + report.dropped_bytes == (uint64_t)end);
		CHECK(wal_cut(dir, &report) == 0);
		CHECK(size_of(7) == (off_t)report.offset);
		CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
		CHECK(report.verdict == WAL_CLEAN &&
		      report.last_seq == s.batches_n);
	}
}

static bool
hides(off_t at, off_t last)
{
	off_t block = last - last % BLOCK;

	return at >= block + 4 && at <= block + 6;
}

/*
 * A bad byte anywhere: torn in the last batch, damage in all before it. But a
 * length or type that is wrong hides what is behind it in its block.
 */
static void
test_damaged(void)
{
	const size_t sizes[] = { 500, 40000, 300, 70000, 5000 };
	off_t last, all;

	write_log(7, 1, sizes, ARRAY_N(sizes) - 1);
	last = size_of(7);
	write_log(7, 1, sizes, ARRAY_N(sizes));
	all = size_of(7);
	for (off_t at = 0; at < all; at += at % BLOCK < 20 ? 1 : 1 + at % 211) {
		struct wal_report report;
		struct seen s;

		write_log(7, 1, sizes, ARRAY_N(sizes));
		flip(7, at);
		CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
		CHECK(report.verdict ==
		      (at >= last || hides(at, last) ? WAL_TORN : WAL_DAMAGED));
		CHECK(report.offset <= (uint64_t)at);
		s = read_all(false);
		CHECK(s.damages_n > 0 && s.batches_n < ARRAY_N(sizes));
		/* A salvager gets the batch with the wrong byte as well. */
		s = read_all(true);
		CHECK(s.suspects_n + s.damages_n > 0);
	}
}

static void
test_files(void)
{
	const size_t sizes[] = { 500, 600, 700 };
	struct wal_writer w = { 0 };
	struct wal_report report;
	struct seen s;
	char path[300];

	path_of(7, path);
	must(unlink(path) == 0);
	write_log(8, 1, sizes, 3);
	write_log(12, 4, sizes, 3);
	write_log(100, 7, sizes, 3);
	s = read_all(false);
	CHECK(s.files_n == 3 && s.batches_n == 9 && s.is_in_order);

	/* Torn in one that is not the last: those behind it tell. */
	cut(12, size_of(12) - 1);
	CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
	CHECK(report.verdict == WAL_DAMAGED && report.number == 12);

	/* A batch that is missing between two whole ones. */
	write_log(12, 5, sizes, 3);
	path_of(8, path);
	w.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(w.fd >= 0);
	CHECK(wal_write(&w, make_batch(1, 0, 500)) == 0);
	CHECK(wal_write(&w, make_batch(3, 2, 500)) == 0);
	close(w.fd);
	CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
	CHECK(report.verdict == WAL_DAMAGED && report.number == 8);

	/* Cut behind what this run knows to be on the disk. */
	write_log(8, 1, sizes, 3);
	write_log(12, 4, sizes, 3);
	CHECK(wal_check(dir, 5, &report) == 0);
	CHECK(report.verdict == WAL_TORN && report.number == 12);
	CHECK(report.last_seq == 5);
	CHECK(wal_cut(dir, &report) == 0);
	CHECK(size_of(100) == 0);
	/* What was on the disk in this very run is gone: no torn tail. */
	cut(12, size_of(12) - 1);
	CHECK(wal_check(dir, 5, &report) == 0);
	CHECK(report.verdict == WAL_DAMAGED);
	for (unsigned number = 7; number <= 100; number++) {
		path_of(number, path);
		(void)unlink(path);
	}
}

/* Other files are not logs; no folder is an empty one. */
static void
test_nothing(void)
{
	struct wal_report report;
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/LOG", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, "text", 4) == 4);
	close(fd);
	CHECK(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
	CHECK(report.verdict == WAL_CLEAN && report.last_seq == 0);
	CHECK(wal_check("/nonexistent/folder", 0, &report) == 0);
	CHECK(wal_read("/nonexistent/folder", &(struct wal_visitor) { 0 }) ==
	      -ENOENT);
	CHECK(wal_read_file(dir, 99, &(struct wal_visitor) { 0 }) == -ENOENT);
}

int
main(void)
{
	scratch_open("wal");
	dir = scratch_dir;
	test_blocks();
	test_torn();
	test_damaged();
	test_files();
	test_nothing();
	scratch_close();
	return check_end();
}
