/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the journal after a stop or a crash: every whole batch that the file
 * holds is found by its head, and those that are still needed are put in order.
 */
#include "engine/base/crc32c.h"
#include "queue/journal_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct batch {
	uint64_t seq, offset, end;
};

struct journal_log {
	unsigned char *p;
	uint64_t len;
	struct batch *batches; /* those that are needed, by number */
	size_t n, room;
};

static int
read_file(const char *dir, struct journal_log *log)
{
	struct stat st;
	char *path;
	int fd, ret = 0;

	must(asprintf(&path, "%s/" JOURNAL_FILE, dir) > 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) != 0) {
		ret = -errno;
	} else if (st.st_size > 0) {
		log->p = malloc((size_t)st.st_size);
		ret = log->p == NULL ? -ENOMEM : 0;
	}
	while (ret == 0 && log->len < (uint64_t)st.st_size) {
		ssize_t n = pread(fd, log->p + log->len,
				  (size_t)((uint64_t)st.st_size - log->len),
				  (off_t)log->len);

		if (n < 0 && errno != EINTR)
			ret = -errno;
		else if (n == 0)
			break;
		else if (n > 0)
			log->len += (uint64_t)n;
	}
	close(fd);
	return ret;
}

static bool
read_head(const struct journal_log *log, uint64_t *nonce, uint64_t *id_max)
{
	struct journal_file_head head;

	if (log->len < sizeof(head))
		return false;
	memcpy(&head, log->p, sizeof(head));
	if (memcmp(head.name, JOURNAL_NAME, sizeof(head.name)) != 0 ||
	    head.version != JOURNAL_VERSION ||
	    head.crc !=
		    crc32c(0, &head, offsetof(struct journal_file_head, crc)))
		return false;
	*nonce = head.nonce;
	*id_max = head.id_max;
	return true;
}

/* A whole batch at that place. */
static bool
is_batch(const struct journal_log *log, uint64_t nonce, uint64_t at,
	 struct journal_batch_head *head)
{
	static const unsigned char zero[sizeof(head->crc)];
	size_t from = offsetof(struct journal_batch_head, crc);
	uint32_t crc;

	if (log->len - at < sizeof(*head))
		return false;
	memcpy(head, log->p + at, sizeof(*head));
	if (memcmp(head->magic, JOURNAL_MAGIC, sizeof(head->magic)) != 0 ||
	    head->version != JOURNAL_VERSION || head->nonce != nonce ||
	    head->bytes < sizeof(*head) || head->bytes > log->len - at)
		return false;
	crc = crc32c(0, log->p + at, from);
	crc = crc32c(crc, zero, sizeof(zero));
	from += sizeof(zero);
	crc = crc32c(crc, log->p + at + from, head->bytes - from);
	return crc == head->crc;
}

static int
add_batch(struct journal_log *log, const struct journal_batch_head *head,
	  uint64_t at)
{
	if (log->n == log->room) {
		size_t room = log->room ? 2 * log->room : 64;
		struct batch *p = realloc(log->batches, room * sizeof(*p));

		if (p == NULL)
			return -ENOMEM;
		log->batches = p;
		log->room = room;
	}
	log->batches[log->n++] =
		(struct batch) { head->seq, at, at + head->bytes };
	return 0;
}

static int
by_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct batch *)a)->seq;
	uint64_t y = ((const struct batch *)b)->seq;

	return (x > y) - (x < y);
}

/* Leaves those from keep_seq on, and says whether one of them is missing. */
static void
keep(struct journal_log *log, uint64_t keep_seq, struct journal_report *report)
{
	uint64_t next = keep_seq, end = JOURNAL_BLOCK;
	size_t kept = 0;

	qsort(log->batches, log->n, sizeof(*log->batches), by_seq);
	for (size_t i = 0; i < log->n; i++) {
		const struct batch *b = &log->batches[i];

		if (b->seq < keep_seq)
			continue;
		if (b->seq != next && report->verdict == JOURNAL_CLEAN) {
			report->verdict = JOURNAL_DAMAGED;
			report->offset = end;
		}
		report->lost_n += b->seq > next ? b->seq - next : 0;
		next = b->seq + 1;
		end = (b->end + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK *
		      JOURNAL_BLOCK;
		log->batches[kept++] = *b;
	}
	log->n = kept;
	report->batches_n = kept;
}

static int
find_batches(struct journal_log *log, uint64_t nonce,
	     struct journal_report *report)
{
	uint64_t at = JOURNAL_BLOCK, newest = 0, keep_seq = 0;
	struct journal_batch_head head;

	while (at < log->len) {
		uint64_t len = JOURNAL_BLOCK;

		if (is_batch(log, nonce, at, &head)) {
			int ret = add_batch(log, &head, at);

			if (ret)
				return ret;
			if (head.seq > newest) {
				newest = head.seq;
				keep_seq = head.keep_seq;
			}
			len = head.bytes;
		}
		at += (len + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
	}
	if (log->n > 0)
		keep(log, keep_seq, report);
	return 0;
}

int
journal_load(const char *dir, struct journal_log **out,
	     struct journal_report *report)
{
	struct journal_log *log = must_alloc(sizeof(*log));
	uint64_t nonce;
	int ret;

	*report = (struct journal_report) { 0 };
	ret = read_file(dir, log);
	if (ret == 0 && log->len > 0) {
		if (read_head(log, &nonce, &report->id_max))
			ret = find_batches(log, nonce, report);
		else
			report->verdict = JOURNAL_DAMAGED;
	}
	if (ret)
		journal_unload(&log);
	else
		*out = log;
	return ret;
}

void
journal_unload(struct journal_log **log)
{
	if (*log == NULL)
		return;
	free((*log)->p);
	free((*log)->batches);
	free(*log);
	*log = NULL;
}

/* Its checksum is right: what does not fit was written so. */
static bool
entry_next(const struct journal_log *log, uint64_t *at, uint64_t end,
	   struct journal_entry *out)
{
	struct journal_entry_head head;

	if (end - *at < sizeof(head))
		return false;
	memcpy(&head, log->p + *at, sizeof(head));
	*at += sizeof(head);
	if (head.bytes > end - *at)
		return false;
	*out = (struct journal_entry) {
		.kind = (enum journal_kind)head.kind,
		.n = head.n,
		.id = head.id,
		.bytes = { (const char *)log->p + *at, head.bytes },
	};
	*at += head.bytes;
	return true;
}

int
journal_each(const struct journal_log *log,
	     int (*fn)(void *arg, const struct journal_entry *entry), void *arg)
{
	for (size_t i = 0; i < log->n; i++) {
		uint64_t at = log->batches[i].offset +
			      sizeof(struct journal_batch_head);
		struct journal_entry entry;

		while (entry_next(log, &at, log->batches[i].end, &entry)) {
			int ret = fn(arg, &entry);

			if (ret)
				return ret;
		}
	}
	return 0;
}
