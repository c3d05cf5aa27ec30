/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads RocksDB's log, block by block, and decides what damage in it means.
 * After a wrong checksum it goes on with the next record, after a length or
 * type that cannot be with the next block: never with what only looks like a
 * record, which a message's body could do on purpose.
 */
#include "queue/wal.h"
#include "engine/base/crc32c.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES  32768u
#define HEADER_BYTES 7u
#define READ_BYTES   (32u * BLOCK_BYTES)
#define FILES_MAX    4096u
#define CRC_MASK     0xa282ead8u

enum type { TYPE_ZERO, TYPE_FULL, TYPE_FIRST, TYPE_MIDDLE, TYPE_LAST };

struct reader {
	const struct wal_visitor *visitor;
	const char *file;
	char *batch; /* the fragments so far */
	size_t batch_len, batch_cap;
	uint64_t batch_offset;
	bool is_in_batch;
	bool is_suspect; /* a fragment of it failed its checksum */
	bool is_lost;	 /* after damage: fragments mean nothing till a first */
	int ret;
};

/* --- records and batches --- */

static uint32_t
get32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, 4);
	return n;
}

static uint64_t
get64(const char *p)
{
	uint64_t n;

	memcpy(&n, p, 8);
	return n;
}

void
wal_note_put(unsigned char out[WAL_NOTE_BYTES], uint64_t synced_seq)
{
	memcpy(out, "PQ\1\0", 4);
	memcpy(out + 4, &synced_seq, 8);
}

/* Its note first; then as many operations as it says, and nothing behind. */
static bool
read_batch(struct span bytes, struct wal_batch *out)
{
	struct span rest = span_from(bytes, WAL_BATCH_HEADER_BYTES);
	struct wal_entry e;
	uint32_t n = 0;

	out->synced_seq = WAL_CUT_NOTHING;
	out->seq = get64(bytes.p);
	out->count = get32(bytes.p + 8);
	for (bool is_first = true; wal_entry_next(&rest, &e);
	     is_first = false) {
		n += e.op != WAL_NOTE;
		if (is_first && e.op == WAL_NOTE &&
		    e.value.len == WAL_NOTE_BYTES &&
		    memcmp(e.value.p, "PQ\1\0", 4) == 0)
			out->synced_seq = get64(e.value.p + 4);
	}
	return rest.len == 0 && n == out->count;
}

static void
lose(struct reader *r, uint64_t offset)
{
	r->visitor->damage(r->visitor->arg,
			   r->is_in_batch ? r->batch_offset : offset);
	r->is_in_batch = false;
	r->is_lost = true;
}

static void
give_batch(struct reader *r, uint64_t offset, struct span bytes)
{
	struct wal_batch batch = { .file = r->file,
				   .offset = offset,
				   .bytes = bytes };

	r->is_in_batch = r->is_lost = false;
	if (bytes.len < WAL_BATCH_HEADER_BYTES) {
		lose(r, offset);
		return;
	}
	if (!read_batch(bytes, &batch))
		r->is_suspect = true;
	if (!r->is_suspect)
		r->visitor->batch(r->visitor->arg, &batch);
	else if (r->visitor->suspect != NULL)
		r->visitor->suspect(r->visitor->arg, &batch);
	else
		lose(r, offset);
}

static void
add_fragment(struct reader *r, struct span bytes)
{
	size_t cap = r->batch_cap ? r->batch_cap : READ_BYTES;

	while (cap < r->batch_len + bytes.len)
		cap *= 2;
	if (cap > r->batch_cap) {
		char *p = realloc(r->batch, cap);

		if (p == NULL) {
			r->ret = -ENOMEM;
			return;
		}
		r->batch = p;
		r->batch_cap = cap;
	}
	memcpy(r->batch + r->batch_len, bytes.p, bytes.len);
	r->batch_len += bytes.len;
}

static void
give_fragment(struct reader *r, enum type type, uint64_t offset,
	      struct span bytes, bool is_sound)
{
	if (type == TYPE_FULL || type == TYPE_FIRST) {
		if (r->is_in_batch)
			lose(r, offset); /* its end never came */
		r->batch_len = 0;
		r->batch_offset = offset;
		r->is_suspect = !is_sound;
	} else if (!r->is_in_batch) {
		if (!r->is_lost)
			lose(r, offset);
		return;
	}
	if (!is_sound)
		r->is_suspect = true;
	if (type == TYPE_FULL) {
		give_batch(r, offset, bytes);
		return;
	}
	r->is_in_batch = true;
	r->is_lost = false;
	add_fragment(r, bytes);
	if (type == TYPE_LAST)
		give_batch(r, r->batch_offset,
			   (struct span) { r->batch, r->batch_len });
}

static bool
is_zero(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != 0)
			return false;
	return true;
}

/* One block, or what there is of the last one. */
static void
read_block(struct reader *r, uint64_t offset, struct span block)
{
	size_t at = 0;

	while (block.len - at >= HEADER_BYTES && r->ret == 0) {
		const char *h = block.p + at;
		uint32_t crc = get32(h) - CRC_MASK, len;
		bool is_sound;
		unsigned type = (unsigned char)h[6];

		len = (unsigned char)h[4] | (unsigned)(unsigned char)h[5] << 8;
		crc = crc >> 17 | crc << 15;
		if (type < TYPE_FULL || type > TYPE_LAST ||
		    len > block.len - at - HEADER_BYTES) {
			lose(r, offset + at);
			return;
		}
		is_sound = crc32c(0, h + 6, len + 1) == crc;
		/* What its length leads to has a checksum of its own. */
		if (!is_sound && r->visitor->suspect == NULL)
			lose(r, offset + at);
		else
			give_fragment(r, (enum type)type, offset + at,
				      (struct span) { h + HEADER_BYTES, len },
				      is_sound);
		at += HEADER_BYTES + len;
	}
	/* A full block ends in zeros; the file's end in nothing. */
	if (at < block.len &&
	    (block.len < BLOCK_BYTES || !is_zero(span_from(block, at))))
		lose(r, offset + at);
}

static int
read_file(struct reader *r, int fd, uint64_t size, char *buf)
{
	uint64_t offset = 0;

	r->is_in_batch = r->is_lost = false;
	r->ret = 0;
	while (offset < size && r->ret == 0) {
		ssize_t n = pread(fd, buf, READ_BYTES, (off_t)offset);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		for (size_t at = 0; at < (size_t)n; at += BLOCK_BYTES) {
			size_t len = (size_t)n - at;

			read_block(r, offset + at,
				   (struct span) { buf + at,
						   len < BLOCK_BYTES
							   ? len
							   : BLOCK_BYTES });
		}
		offset += (uint64_t)n;
	}
	if (r->is_in_batch)
		lose(r, offset);
	return r->ret;
}

/* --- files --- */

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* "000012.log"; RocksDB's own text is LOG, without a number. */
static bool
log_number(const char *name, uint64_t *out)
{
	struct span s = span_of(name);
	size_t dot = span_find(s, '.');

	return span_is_equal(span_from(s, dot), SPAN(".log")) &&
	       span_to_u64(span_to(s, dot), out);
}

/* Gives how many, or -errno. */
static int
list_logs(const char *dir, uint64_t *numbers)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	if (d == NULL)
		return -errno;
	while ((e = readdir(d)) != NULL && n < (int)FILES_MAX)
		if (log_number(e->d_name, &numbers[n]))
			n++;
	closedir(d);
	qsort(numbers, (size_t)n, sizeof(*numbers), by_number);
	return n;
}

static int
open_log(const char *dir, uint64_t number, char name[32], uint64_t *size)
{
	char path[4096];
	struct stat st;
	int fd, ret;

	snprintf(name, 32, "%06llu.log", (unsigned long long)number);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

static int
read_one(struct reader *r, const char *dir, uint64_t number, char *buf)
{
	uint64_t size;
	char name[32];
	int fd, ret;

	fd = open_log(dir, number, name, &size);
	if (fd < 0)
		return fd;
	/* What was read before a failed sync may not be on the disk. */
	ret = fsync(fd) != 0 ? -errno : 0;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	r->file = name;
	r->visitor->file(r->visitor->arg, name, number, size);
	if (ret == 0)
		ret = read_file(r, fd, size, buf);
	close(fd);
	return ret;
}

static int
read_some(const char *dir, const uint64_t *numbers, int n,
	  const struct wal_visitor *visitor)
{
	struct reader r = { .visitor = visitor };
	char *buf = malloc(READ_BYTES);
	int ret = buf == NULL ? -ENOMEM : 0;

	for (int i = 0; i < n && ret == 0; i++)
		ret = read_one(&r, dir, numbers[i], buf);
	free(r.batch);
	free(buf);
	return ret;
}

int
wal_read(const char *dir, const struct wal_visitor *visitor)
{
	uint64_t *numbers = malloc(FILES_MAX * sizeof(*numbers));
	int ret;

	if (numbers == NULL)
		return -ENOMEM;
	ret = list_logs(dir, numbers);
	if (ret > 0)
		ret = read_some(dir, numbers, ret, visitor);
	free(numbers);
	return ret;
}

int
wal_read_file(const char *dir, uint64_t number,
	      const struct wal_visitor *visitor)
{
	return read_some(dir, &number, 1, visitor);
}

/* --- what damage means --- */

struct check {
	struct wal_report *out;
	uint64_t cut_after_seq;
	uint64_t next_seq;   /* what the next batch begins with; 0: unknown */
	uint64_t damage_seq; /* what the damage begins with */
	bool is_first_of_file;
	char file[32];
	uint64_t number, bytes;
};

static void
check_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
	struct check *c = arg;

	span_copy(span_of(file), c->file, sizeof(c->file));
	c->number = number;
	c->bytes = bytes;
	c->is_first_of_file = true;
	if (c->out->verdict != WAL_CLEAN)
		c->out->dropped_bytes += bytes;
}

static void
check_damage(void *arg, uint64_t offset)
{
	struct check *c = arg;

	if (c->out->verdict != WAL_CLEAN)
		return;
	c->out->verdict = WAL_TORN;
	memcpy(c->out->file, c->file, sizeof(c->file));
	c->out->number = c->number;
	c->out->offset = offset;
	c->out->dropped_bytes = c->bytes > offset ? c->bytes - offset : 0;
	c->damage_seq = c->next_seq ? c->next_seq : 1;
}

static void
check_batch(void *arg, const struct wal_batch *batch)
{
	struct check *c = arg;
	/* A file that is missing is RocksDB's to notice, in its manifest. */
	bool is_gap = c->next_seq && batch->seq != c->next_seq &&
		      !c->is_first_of_file;

	c->is_first_of_file = false;
	if (c->cut_after_seq != WAL_CUT_NOTHING &&
	    batch->seq > c->cut_after_seq) {
		check_damage(c, batch->offset);
		return; /* nothing behind it counts */
	}
	if (is_gap)
		check_damage(c, batch->offset);
	if (c->out->verdict == WAL_CLEAN) {
		c->next_seq = batch->seq + batch->count;
		c->out->last_seq = c->next_seq - 1;
		return;
	}
	/* WAL_CUT_NOTHING, no note of ours, is above all: damage. */
	if (batch->synced_seq >= c->damage_seq)
		c->out->verdict = WAL_DAMAGED;
}

int
wal_check(const char *dir, uint64_t cut_after_seq, struct wal_report *out)
{
	struct check c = { .out = out, .cut_after_seq = cut_after_seq };
	const struct wal_visitor visitor = { .arg = &c,
					     .file = check_file,
					     .batch = check_batch,
					     .damage = check_damage };
	int ret;

	*out = (struct wal_report) { .verdict = WAL_CLEAN };
	ret = wal_read(dir, &visitor);
	if (ret)
		return ret == -ENOENT ? 0 : ret; /* a new one */
	/* What was synced in this very run is gone: no torn tail. */
	if (out->verdict == WAL_TORN && cut_after_seq != WAL_CUT_NOTHING &&
	    c.next_seq && c.damage_seq <= cut_after_seq)
		out->verdict = WAL_DAMAGED;
	return 0;
}

/* --- cutting --- */

static int
truncate_log(const char *dir, uint64_t number, uint64_t len)
{
	uint64_t size;
	char name[32];
	int fd, ret = 0;

	fd = open_log(dir, number, name, &size);
	if (fd < 0)
		return fd;
	if (size > len && (ftruncate(fd, (off_t)len) != 0 || fsync(fd) != 0))
		ret = -errno;
	close(fd);
	return ret;
}

int
wal_cut(const char *dir, const struct wal_report *report)
{
	uint64_t *numbers = malloc(FILES_MAX * sizeof(*numbers));
	int n, ret = 0;

	must(report->verdict == WAL_TORN);
	if (numbers == NULL)
		return -ENOMEM;
	n = list_logs(dir, numbers);
	if (n < 0)
		ret = n;
	for (int i = 0; i < n && ret == 0; i++)
		if (numbers[i] >= report->number)
			ret = truncate_log(dir, numbers[i],
					   numbers[i] == report->number
						   ? report->offset
						   : 0);
	free(numbers);
	return ret;
}

/* --- writing --- */

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
write_fragment(struct wal_writer *w, enum type type, struct span bytes)
{
	char h[HEADER_BYTES];
	uint32_t crc;
	int ret;

	h[4] = (char)(bytes.len & 0xff);
	h[5] = (char)(bytes.len >> 8);
	h[6] = (char)type;
	crc = crc32c(crc32c(0, h + 6, 1), bytes.p, bytes.len);
	crc = (crc >> 15 | crc << 17) + CRC_MASK;
	memcpy(h, &crc, 4);
	ret = write_all(w->fd, h, sizeof(h));
	if (ret == 0)
		ret = write_all(w->fd, bytes.p, bytes.len);
	w->block_at += (uint32_t)(HEADER_BYTES + bytes.len);
	return ret;
}

int
wal_write(struct wal_writer *w, struct span batch)
{
	static const char zeros[HEADER_BYTES];
	bool is_first = true, is_last;
	int ret = 0;

	do {
		uint32_t room = BLOCK_BYTES - w->block_at;
		size_t n;

		if (room < HEADER_BYTES) {
			ret = write_all(w->fd, zeros, room);
			if (ret)
				return ret;
			w->block_at = 0;
			room = BLOCK_BYTES;
		}
		n = room - HEADER_BYTES;
		if (n > batch.len)
			n = batch.len;
		is_last = n == batch.len;
		ret = write_fragment(w,
				     is_first && is_last ? TYPE_FULL
				     : is_first		 ? TYPE_FIRST
				     : is_last		 ? TYPE_LAST
							 : TYPE_MIDDLE,
				     span_to(batch, n));
		batch = span_from(batch, n);
		is_first = false;
	} while (ret == 0 && !is_last);
	return ret;
}
