/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewrites damaged logs. Batches keep their sequence numbers, so that RocksDB
 * applies them as it would have. Of a batch that fails its checksum those
 * puts are kept whose own checksum, over key and value, is right; its deletions
 * are not: what they removed may be delivered again, which is looked for then.
 */
#include "engine/base/span.h"
#include "queue/record.h"
#include "queue/salvage.h"
#include "queue/store.h"
#include "queue/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NUMBERS_MAX 4096u
#define PATH_BYTES  4096

struct rewrite {
	FILE *out;
	const char *path;
	/* pass 1 */
	uint64_t damaged[NUMBERS_MAX];
	uint32_t damaged_n;
	uint64_t number, next_seq;
	bool is_first_of_file;
	/* pass 2 */
	struct wal_writer writer;
	const char *name;
	int ret;
};

/* --- pass 1: which files --- */

static void
note_damage(struct rewrite *rw)
{
	if (rw->damaged_n > 0 && rw->damaged[rw->damaged_n - 1] == rw->number)
		return;
	if (rw->damaged_n < NUMBERS_MAX)
		rw->damaged[rw->damaged_n++] = rw->number;
}

static void
find_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
	struct rewrite *rw = arg;

	rw->number = number;
	rw->is_first_of_file = true;
}

static void
find_batch(void *arg, const struct wal_batch *batch)
{
	struct rewrite *rw = arg;

	if (rw->next_seq && batch->seq != rw->next_seq &&
	    !rw->is_first_of_file) {
		fprintf(rw->out,
			"%s/%s: %lld operations are missing before byte %llu\n",
			rw->path, batch->file,
			(long long)(batch->seq - rw->next_seq),
			(unsigned long long)batch->offset);
		note_damage(rw);
	}
	rw->is_first_of_file = false;
	rw->next_seq = batch->seq + batch->count;
}

static void
find_damage(void *arg, uint64_t offset)
{
	note_damage(arg);
}

/* --- pass 2: what is in them --- */

static bool
is_sound(const struct wal_entry *e)
{
	static const char kinds[] = { RECORD_ENVELOPE, RECORD_BODY,
				      RECORD_STATE, RECORD_DUE, '\0' };
	struct span payload;
	uint16_t n;

	if (e->op != WAL_PUT || e->value.len < RECORD_HEAD_BYTES ||
	    strchr(kinds, e->value.p[1]) == NULL)
		return false;
	return record_open(e->value, (enum record_kind)e->value.p[1], e->key,
			   &payload, &n) == 0;
}

static void
write_batch(struct rewrite *rw, struct span bytes)
{
	if (rw->ret == 0)
		rw->ret = wal_write(&rw->writer, bytes);
}

static void
copy_batch(void *arg, const struct wal_batch *batch)
{
	write_batch(arg, batch->bytes);
}

/* The same batch with what is sound in it. */
static void
copy_suspect(void *arg, const struct wal_batch *batch)
{
	struct rewrite *rw = arg;
	struct span rest = span_from(batch->bytes, WAL_BATCH_HEADER_BYTES);
	char *p = malloc(batch->bytes.len);
	size_t len = WAL_BATCH_HEADER_BYTES;
	uint32_t count = 0;
	struct wal_entry e;

	if (p == NULL) {
		rw->ret = -ENOMEM;
		return;
	}
	while (wal_entry_next(&rest, &e)) {
		if (!is_sound(&e))
			continue;
		memcpy(p + len, e.bytes.p, e.bytes.len);
		len += e.bytes.len;
		count++;
	}
	memcpy(p, batch->bytes.p, 8);
	memcpy(p + 8, &count, 4);
	if (count > 0)
		write_batch(rw, (struct span) { p, len });
	free(p);
	fprintf(rw->out,
		"%s/%s: the batch at byte %llu is damaged: %u of its %u "
		"operations kept\n",
		rw->path, batch->file, (unsigned long long)batch->offset, count,
		batch->count);
}

static void
skip_file(void *arg, const char *file, uint64_t number, uint64_t bytes)
{
}

static void
say_damage(void *arg, uint64_t offset)
{
	struct rewrite *rw = arg;

	fprintf(rw->out,
		"%s/%s: not readable from byte %llu to the next sound batch: "
		"dropped\n",
		rw->path, rw->name, (unsigned long long)offset);
}

int
salvage_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

static int
rewrite_one(struct rewrite *rw, uint64_t number, const char *aside)
{
	const struct wal_visitor visitor = { .arg = rw,
					     .file = skip_file,
					     .batch = copy_batch,
					     .damage = say_damage,
					     .suspect = copy_suspect };
	char from[PATH_BYTES], to[PATH_BYTES], fresh[PATH_BYTES], name[32];
	int ret;

	snprintf(name, sizeof(name), "%06llu.log", (unsigned long long)number);
	snprintf(from, sizeof(from), "%s/%s", rw->path, name);
	snprintf(to, sizeof(to), "%s/%s", aside, name);
	snprintf(fresh, sizeof(fresh), "%s/%s.new", aside, name);
	if (mkdir(aside, 0700) != 0 && errno != EEXIST)
		return -errno;
	rw->name = name;
	rw->writer = (struct wal_writer) {
		.fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			   0600)
	};
	if (rw->writer.fd < 0)
		return -errno;
	ret = wal_read_file(rw->path, number, &visitor);
	if (ret == 0)
		ret = rw->ret;
	if (ret == 0 && fsync(rw->writer.fd) != 0)
		ret = -errno;
	close(rw->writer.fd);
	/* A crash in between leaves the original; it is done again then. */
	if (ret == 0 && (link(from, to) != 0 || rename(fresh, from) != 0))
		ret = -errno;
	if (ret == 0)
		ret = salvage_sync_dir(aside);
	if (ret == 0)
		ret = salvage_sync_dir(rw->path);
	if (ret == 0)
		fprintf(rw->out, "%s: rewritten; as it was: %s\n", from, to);
	return ret;
}

int
salvage_log(const char *path, const char *aside, FILE *out)
{
	struct rewrite *rw = calloc(1, sizeof(*rw));
	const struct wal_visitor visitor = { .arg = rw,
					     .file = find_file,
					     .batch = find_batch,
					     .damage = find_damage };
	int ret;

	if (rw == NULL)
		return -ENOMEM;
	rw->out = out;
	rw->path = path;
	ret = wal_read(path, &visitor);
	for (uint32_t i = 0; i < rw->damaged_n && ret == 0; i++)
		ret = rewrite_one(rw, rw->damaged[i], aside);
	free(rw);
	return ret;
}
