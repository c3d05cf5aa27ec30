/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log as a bad disk may leave it: read to its end, every batch of it walked,
 * also those whose checksum is wrong, and cut where it is torn: then it is
 * sound, and what was sound before is still there.
 */
#include "queue/record.h"
#include "queue/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t end, batches_n;
};

static void
on_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
	must(number == 1 && file[0] == '0');
}

static void
read_state(struct span value)
{
	struct record_state state;
	struct queue_rcpt_state *rcpts;

	if (record_state_get(value, &state) != 0)
		return;
	rcpts = calloc(state.rcpt_n + 1u, sizeof(*rcpts));
	must(rcpts != NULL);
	if (record_state_rcpts(value, rcpts, state.rcpt_n) == 0)
		for (uint32_t i = 0; i < state.rcpt_n; i++)
			must(strlen(rcpts[i].why) < sizeof(rcpts[i].why));
	free(rcpts);
}

static void
on_batch(void *arg, const struct wal_batch *batch)
{
	struct span rest = span_from(batch->bytes, WAL_BATCH_HEADER_BYTES);
	struct seen *seen = arg;
	struct wal_entry e;

	must(batch->offset >= seen->end);
	seen->end = batch->offset + batch->bytes.len;
	seen->batches_n++;
	while (wal_entry_next(&rest, &e)) {
		struct span payload;
		uint16_t n;

		must(e.key.len + e.value.len < e.bytes.len);
		(void)!record_open(e.value, RECORD_STATE, e.key, &payload, &n);
		read_state(e.value);
	}
}

static void
on_damage(void *arg, uint64_t offset)
{
}

static uint64_t
read_log(const char *dir, bool is_suspect_wanted)
{
	struct seen seen = { 0 };
	const struct wal_visitor visitor = { .arg = &seen,
					     .file = on_file,
					     .batch = on_batch,
					     .damage = on_damage,
					     .suspect = is_suspect_wanted
								? on_batch
								: NULL };

	must(wal_read_file(dir, 1, &visitor) == 0);
	return seen.batches_n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char dir[] = "/tmp/wal-fuzz-XXXXXX", path[64];
	struct wal_report report;
	uint64_t batches_n;
	int fd;

	if (path[0] == '\0') {
		must(mkdtemp(dir) != NULL);
		snprintf(path, sizeof(path), "%s/000001.log", dir);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	batches_n = read_log(dir, false);
	must(read_log(dir, true) >= batches_n);
	must(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
	if (report.verdict == WAL_TORN) {
		must(report.offset + report.dropped_bytes == size);
		must(wal_cut(dir, &report) == 0);
		must(wal_check(dir, WAL_CUT_NOTHING, &report) == 0);
	} else if (report.verdict == WAL_CLEAN) {
		must(report.dropped_bytes == 0);
	} else {
		return 0;
	}
	must(report.verdict == WAL_CLEAN);
	must(read_log(dir, false) <= batches_n);
	return 0;
}
