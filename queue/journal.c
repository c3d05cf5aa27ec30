/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing the journal: where the next batch goes, and how it gets there. The
 * first round makes the file grow; it turns back early when nothing stands in
 * the way, so that a file is as long as what is in transit at once.
 */
#include "queue/journal.h"
#include "engine/base/crc32c.h"
#include "queue/journal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_BYTES_MAX (2u << 20)
#define FIRST		((uint64_t)JOURNAL_BLOCK)
#define EARLY_PARTS	4 /* turned back early: at this part of the file */

struct journal {
	int fd, dir_fd;
	uint64_t nonce, id_max;
	uint64_t bytes_max, bytes; /* may be, is */
	uint64_t at;		   /* where the next batch begins at best */
	uint64_t seq;		   /* of the batch in hand */
	uint64_t keep_seq;	   /* the oldest that is needed */
	uint64_t disk_keep_seq;	   /* ... as the last batch says; 0: none yet */
	uint64_t *offsets;	   /* of batch seq: [seq & mask] */
	uint64_t mask;
	unsigned char *buf; /* the batch in hand */
	uint32_t buf_len, entries_n;
};

static uint64_t
in_blocks(uint64_t bytes)
{
	return (bytes + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

/* --- open and close --- */

static int
write_whole(int fd, const unsigned char *p, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		/* Direct writes go on at a block: the rest of one again. */
		n = (ssize_t)((uint64_t)n / JOURNAL_BLOCK * JOURNAL_BLOCK);
		if (n == 0)
			return -EIO;
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

/* With a nonce of its own: no batch counts any more. */
static int
write_head_block(struct journal *j)
{
	struct journal_file_head head = { .version = JOURNAL_VERSION };

	if (getrandom(&j->nonce, sizeof(j->nonce), 0) != sizeof(j->nonce))
		return -errno;
	head.nonce = j->nonce;
	head.id_max = j->id_max;
	memcpy(head.name, JOURNAL_NAME, sizeof(head.name));
	head.crc = crc32c(0, &head, offsetof(struct journal_file_head, crc));
	memset(j->buf, 0, JOURNAL_BLOCK);
	memcpy(j->buf, &head, sizeof(head));
	return write_whole(j->fd, j->buf, JOURNAL_BLOCK, 0);
}

/* Some file systems take no direct writes. */
static int
open_file(const char *dir)
{
	static const int ways[] = { O_DIRECT | O_DSYNC, O_DSYNC };
	char *path;
	int fd = -1;

	must(asprintf(&path, "%s/" JOURNAL_FILE, dir) > 0);
	for (size_t i = 0; i < ARRAY_N(ways) && fd < 0; i++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | ways[i], 0600);
		if (fd < 0 && errno != EINVAL)
			break;
	}
	free(path);
	return fd;
}

static int
begin(struct journal *j, const char *dir)
{
	struct stat st;

	j->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir_fd < 0)
		return -errno;
	j->fd = open_file(dir);
	if (j->fd < 0 || fstat(j->fd, &st) != 0)
		return -errno;
	if ((uint64_t)st.st_size > j->bytes_max &&
	    ftruncate(j->fd, (off_t)j->bytes_max) != 0)
		return -errno;
	j->bytes = (uint64_t)st.st_size < j->bytes_max ? (uint64_t)st.st_size
						       : j->bytes_max;
	if (j->bytes < FIRST)
		j->bytes = FIRST;
	if (fsync(j->dir_fd) != 0)
		return -errno;
	return write_head_block(j);
}

int
journal_open(const char *dir, uint64_t bytes_max, uint64_t id_max,
	     struct journal **out)
{
	struct journal *j = must_alloc(sizeof(*j));
	uint64_t slots = 1;
	int ret;

	must(bytes_max >= JOURNAL_BYTES_MIN);
	j->fd = j->dir_fd = -1;
	j->bytes_max = bytes_max / JOURNAL_BLOCK * JOURNAL_BLOCK;
	while (slots < j->bytes_max / JOURNAL_BLOCK)
		slots *= 2;
	j->mask = slots - 1;
	j->offsets = must_alloc(slots * sizeof(*j->offsets));
	j->buf = aligned_alloc(JOURNAL_BLOCK, BATCH_BYTES_MAX);
	must(j->buf != NULL);
	j->at = FIRST;
	j->id_max = id_max;
	j->seq = j->keep_seq = 1;
	ret = begin(j, dir);
	if (ret) {
		journal_close(&j);
		return ret;
	}
	journal_begin(j);
	*out = j;
	return 0;
}

void
journal_close(struct journal **j_inout)
{
	struct journal *j = *j_inout;

	*j_inout = NULL;
	if (j == NULL)
		return;
	if (j->fd >= 0)
		close(j->fd);
	if (j->dir_fd >= 0)
		close(j->dir_fd);
	free(j->offsets);
	free(j->buf);
	free(j);
}

static int
remove_in(int dir_fd)
{
	if (unlinkat(dir_fd, JOURNAL_FILE, 0) != 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(dir_fd) != 0 ? -errno : 0;
}

int
journal_destroy(struct journal **j)
{
	int ret = remove_in((*j)->dir_fd);

	journal_close(j);
	return ret;
}

int
journal_remove(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = remove_in(fd);
	close(fd);
	return ret;
}

/* --- where a batch goes --- */

static uint64_t
offset_of(const struct journal *j, uint64_t seq)
{
	return j->offsets[seq & j->mask];
}

/*
 * Where so many bytes go, or 0. Never over what the last batch calls needed: a
 * torn write shall leave that whole.
 */
static uint64_t
place(const struct journal *j, uint64_t need)
{
	uint64_t early = j->bytes_max / EARLY_PARTS, oldest;
	bool is_at_end = j->at + need <= j->bytes_max;

	if (j->disk_keep_seq == 0)
		return is_at_end ? j->at : 0;
	oldest = offset_of(j, j->disk_keep_seq);
	if (oldest >= j->at) /* round already */
		return j->at + need <= oldest ? j->at : 0;
	if (FIRST + need <= oldest &&
	    (!is_at_end || (j->at >= early && oldest >= early / 2)))
		return FIRST;
	return is_at_end ? j->at : 0;
}

bool
journal_has_room(const struct journal *j, uint64_t bytes, uint32_t entries_n)
{
	uint64_t len = j->buf_len + bytes +
		       (uint64_t)entries_n * sizeof(struct journal_entry_head);

	return len <= BATCH_BYTES_MAX && place(j, in_blocks(len)) != 0;
}

void
journal_keep_from(struct journal *j, uint64_t seq)
{
	must(seq <= j->seq);
	if (seq > j->keep_seq)
		j->keep_seq = seq;
}

/* --- the batch in hand --- */

void
journal_begin(struct journal *j)
{
	j->buf_len = sizeof(struct journal_batch_head);
	j->entries_n = 0;
}

uint64_t
journal_batch_bytes(const struct journal *j)
{
	return j->entries_n == 0 ? 0 : j->buf_len;
}

uint64_t
journal_batch_seq(const struct journal *j)
{
	return j->seq;
}

void
journal_put(struct journal *j, enum journal_kind kind, uint16_t n, uint64_t id,
	    struct span bytes)
{
	struct journal_entry_head head = { .kind = (uint8_t)kind,
					   .n = n,
					   .bytes = (uint32_t)bytes.len,
					   .id = id };

	must(j->buf_len + sizeof(head) + bytes.len <= BATCH_BYTES_MAX);
	memcpy(j->buf + j->buf_len, &head, sizeof(head));
	if (bytes.len > 0)
		memcpy(j->buf + j->buf_len + sizeof(head), bytes.p, bytes.len);
	if (id > j->id_max)
		j->id_max = id;
	j->buf_len += (uint32_t)(sizeof(head) + bytes.len);
	j->entries_n++;
}

static void
finish_head(struct journal *j)
{
	struct journal_batch_head head = { .version = JOURNAL_VERSION,
					   .nonce = j->nonce,
					   .seq = j->seq,
					   .keep_seq = j->keep_seq,
					   .bytes = j->buf_len,
					   .entries_n = j->entries_n };

	memcpy(head.magic, JOURNAL_MAGIC, sizeof(head.magic));
	memcpy(j->buf, &head, sizeof(head));
	head.crc = crc32c(0, j->buf, j->buf_len);
	memcpy(j->buf, &head, sizeof(head));
}

int
journal_write(struct journal *j)
{
	uint64_t need = in_blocks(j->buf_len), at = place(j, need);
	int ret;

	must(j->entries_n > 0);
	if (at == 0)
		return -ENOSPC;
	memset(j->buf + j->buf_len, 0, need - j->buf_len);
	finish_head(j);
	ret = write_whole(j->fd, j->buf, need, at);
	if (ret == -ENOSPC || ret == -EDQUOT || ret == -EFBIG) {
		/* It ends where it ended; what is there is overwritten. */
		if (ftruncate(j->fd, (off_t)j->bytes) != 0)
			return -EIO;
		j->bytes_max = j->bytes;
		return -ENOSPC;
	}
	if (ret)
		return ret;
	j->offsets[j->seq & j->mask] = at;
	j->disk_keep_seq = j->keep_seq;
	j->at = at + need;
	if (j->at > j->bytes)
		j->bytes = j->at;
	j->seq++;
	journal_begin(j);
	return 0;
}

int
journal_restart(struct journal *j)
{
	int ret;

	must(j->keep_seq == j->seq && j->entries_n == 0);
	ret = write_head_block(j);
	journal_begin(j);
	if (ret)
		return ret;
	j->at = FIRST;
	j->disk_keep_seq = 0;
	return 0;
}

uint64_t
journal_bytes(const struct journal *j)
{
	return j->bytes;
}
