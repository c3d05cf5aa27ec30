/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A journal as a bad disk may leave it: found or refused, and each entry of
 * what was found lies in the file. The first byte says whether checksums are
 * made right, so that what stands behind them is reached.
 */
#include "engine/base/crc32c.h"
#include "queue/journal_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
make_right(uint8_t *p, size_t size)
{
	struct journal_file_head head;
	struct journal_batch_head batch;

	if (size < sizeof(head))
		return;
	memcpy(&head, p, sizeof(head));
	head.crc = crc32c(0, &head, offsetof(struct journal_file_head, crc));
	memcpy(p, &head, sizeof(head));
	for (size_t at = JOURNAL_BLOCK; at + sizeof(batch) <= size;
	     at += JOURNAL_BLOCK) {
		memcpy(&batch, p + at, sizeof(batch));
		if (memcmp(batch.magic, JOURNAL_MAGIC, 4) != 0 ||
		    batch.bytes < sizeof(batch) || batch.bytes > size - at)
			continue;
		batch.nonce = head.nonce;
		batch.crc = 0;
		memcpy(p + at, &batch, sizeof(batch));
		batch.crc = crc32c(0, p + at, batch.bytes);
		memcpy(p + at, &batch, sizeof(batch));
	}
}

struct seen {
	uint64_t entries_n, bytes;
	uint8_t sum;
};

static int
on_entry(void *arg, const struct journal_entry *entry)
{
	struct seen *seen = arg;

	seen->entries_n++;
	seen->bytes += entry->bytes.len;
	for (size_t i = 0; i < entry->bytes.len; i++)
		seen->sum += (uint8_t)entry->bytes.p[i];
	return seen->entries_n == 100000;
}

static void
put_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[] = "/tmp/journal-fuzz-XXXXXX", path[64];
	struct journal_report report;
	struct journal_log *log;
	struct seen seen = { 0 };
	uint8_t *file;

	if (path[0] == '\0') {
		must(mkdtemp(dir) != NULL);
		snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, dir);
	}
	if (size == 0)
		return 0;
	file = malloc(size);
	must(file != NULL);
	memcpy(file, data + 1, size - 1);
	if (data[0] & 1)
		make_right(file, size - 1);
	put_file(path, file, size - 1);
	free(file);
	must(journal_load(dir, &log, &report) == 0);
	must(report.batches_n <= size / JOURNAL_BLOCK);
	must(report.offset <= size + JOURNAL_BLOCK);
	must(report.verdict == JOURNAL_DAMAGED || report.lost_n == 0);
	must(journal_each(log, on_entry, &seen) <= 1);
	must(seen.bytes <= size);
	journal_unload(&log);
	must(log == NULL);
	return 0;
}
