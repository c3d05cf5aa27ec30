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

#define BATCH_HEADER_BYTES 12u
#define NUMBERS_MAX	   4096u
#define PATH_BYTES	   4096

/* RocksDB's write_batch.cc: what an entry begins with. */
enum tag {
	TAG_DELETE = 0,
	TAG_PUT = 1,
	TAG_LOG_DATA = 3,
	TAG_FAMILY_DELETE = 4,
	TAG_FAMILY_PUT = 5,
	TAG_SINGLE_DELETE = 7,
	TAG_FAMILY_SINGLE_DELETE = 8,
};

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
	uint64_t kept_n, lost_n;
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
get_varint(struct span *s, uint32_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 32; shift += 7) {
		unsigned char c;

		if (s->len == 0)
			return false;
		c = (unsigned char)s->p[0];
		*s = span_from(*s, 1);
		*out |= (uint32_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

static bool
get_bytes(struct span *s, struct span *out)
{
	uint32_t len;

	if (!get_varint(s, &len) || len > s->len)
		return false;
	*out = span_to(*s, len);
	*s = span_from(*s, len);
	return true;
}

struct entry {
	unsigned tag;
	uint32_t family;
	struct span key, value;
};

/* false: nothing behind it can be read either. */
static bool
get_entry(struct span *s, struct entry *e)
{
	*e = (struct entry) { 0 };
	if (s->len == 0)
		return false;
	e->tag = (unsigned char)s->p[0];
	*s = span_from(*s, 1);
	switch (e->tag) {
	case TAG_LOG_DATA:
		return get_bytes(s, &e->value);
	case TAG_FAMILY_PUT:
		return get_varint(s, &e->family) && get_bytes(s, &e->key) &&
		       get_bytes(s, &e->value);
	case TAG_PUT:
		return get_bytes(s, &e->key) && get_bytes(s, &e->value);
	case TAG_FAMILY_DELETE:
	case TAG_FAMILY_SINGLE_DELETE:
		return get_varint(s, &e->family) && get_bytes(s, &e->key);
	case TAG_DELETE:
	case TAG_SINGLE_DELETE:
		return get_bytes(s, &e->key);
	default:
		return false;
	}
}

static bool
is_sound(const struct entry *e)
{
	static const enum record_kind kinds[STORE_FAMILY_N] = {
		[STORE_ENVELOPE] = RECORD_ENVELOPE,
		[STORE_BODY] = RECORD_BODY,
		[STORE_STATE] = RECORD_STATE,
		[STORE_DUE] = RECORD_DUE,
	};
	struct span payload;
	uint16_t n;

	if (e->tag != TAG_FAMILY_PUT || e->family >= STORE_FAMILY_N ||
	    e->family == STORE_META)
		return false;
	return record_open(e->value, kinds[e->family], e->key, &payload, &n) ==
	       0;
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
	struct span rest = span_from(batch->bytes, BATCH_HEADER_BYTES);
	char *p = malloc(batch->bytes.len);
	size_t len = BATCH_HEADER_BYTES;
	uint32_t count = 0;
	struct entry e;

	if (p == NULL) {
		rw->ret = -ENOMEM;
		return;
	}
	while (rest.len > 0) {
		const char *from = rest.p;

		if (!get_entry(&rest, &e))
			break;
		if (!is_sound(&e))
			continue;
		memcpy(p + len, from, (size_t)(rest.p - from));
		len += (size_t)(rest.p - from);
		count++;
	}
	memcpy(p, batch->bytes.p, 8);
	memcpy(p + 8, &count, 4);
	if (count > 0)
		write_batch(rw, (struct span) { p, len });
	free(p);
	rw->kept_n += count;
	rw->lost_n += batch->count > count ? batch->count - count : 0;
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

static int
sync_dir(const char *path)
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
		ret = sync_dir(aside);
	if (ret == 0)
		ret = sync_dir(rw->path);
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
