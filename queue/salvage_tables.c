/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that cannot be read from end to end. RocksDB's own repair leaves a bad
 * block where it is, and every scan and every compaction stops at it: so what
 * can be read is copied into a new database, which takes the place of the old
 * one.
 */
#include "queue/record.h"
#include "queue/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BYTES (4u << 20)
#define WRITE_MIN   13u /* an empty batch has 12 bytes */

static const char *const family_texts[STORE_FAMILY_N] = {
	[STORE_META] = "numbers",     [STORE_ENVELOPE] = "envelopes",
	[STORE_BODY] = "bodies",      [STORE_STATE] = "delivery states",
	[STORE_DUE] = "the schedule",
};

/* A bad checksum, or a sector that the disk does not give. */
static bool
is_damage(int ret)
{
	return ret == -EBADMSG || ret == -EIO;
}

/* 0, or why it cannot be read from end to end. */
static int
read_family(struct store *store, enum store_family family)
{
	struct store_iter *it =
		store_iter_open(store, family, (struct span) { "", 0 });
	int ret;

	while (store_iter_is_valid(it))
		store_iter_next(it);
	ret = store_iter_error(it);
	store_iter_close(&it);
	return ret;
}

static int
read_families(struct store *store)
{
	int ret = 0;

	for (int i = 0; i < STORE_FAMILY_N && ret == 0; i++)
		ret = read_family(store, (enum store_family)i);
	return ret;
}

static int
write_batch(struct store *store, uint64_t limit, struct store_error *error)
{
	int ret;

	if (store_batch_bytes(store) < limit)
		return 0;
	ret = store_write(store, true, error);
	store_batch_clear(store);
	return ret;
}

/* As far as it is readable; *number: of the last key. */
static int
copy_run(struct store_iter *it, struct store *to, enum store_family family,
	 uint64_t *number, struct store_error *error)
{
	int ret = 0;

	for (; store_iter_is_valid(it) && ret == 0; store_iter_next(it)) {
		struct span value = store_iter_value(it);
		struct span key = store_iter_key(it);
		uint16_t record;
		uint64_t id;

		store_put(to, family, key, &value, 1);
		if (record_key_get(key, number, &record) ||
		    record_due_key_get(key, number, &id))
			ret = write_batch(to, WRITE_BYTES, error);
	}
	return ret;
}

static int
copy_family(struct store *from, struct store *to, enum store_family family,
	    FILE *out, struct store_error *error)
{
	struct store_iter *it =
		store_iter_open(from, family, (struct span) { "", 0 });
	uint64_t number = 0, was;
	bool is_more = true;
	int ret = 0;

	while (is_more && ret == 0) {
		ret = copy_run(it, to, family, &number, error);
		if (ret)
			break;
		ret = store_iter_error(it);
		if (!is_damage(ret))
			break;
		ret = 0;
		was = number;
		is_more = store_iter_skip(it, &number);
		fprintf(out, "%s: not readable behind %016llX up to %016llX\n",
			family_texts[family], (unsigned long long)was,
			(unsigned long long)(is_more ? number : UINT64_MAX));
	}
	store_iter_close(&it);
	return ret ? ret : write_batch(to, WRITE_MIN, error);
}

static int
copy_all(struct store *from, const char *path, uint64_t memtable_bytes,
	 FILE *out, struct store_error *error)
{
	struct store *to;
	int ret;

	ret = store_open(path, memtable_bytes, STORE_CREATE, &to, error);
	if (ret)
		return ret;
	store_batch_clear(to);
	for (int i = 0; i < STORE_FAMILY_N && ret == 0; i++)
		ret = copy_family(from, to, (enum store_family)i, out, error);
	if (ret == 0)
		ret = store_flush(to, true, error);
	store_close(&to);
	return ret;
}

/* The one for the other at once: a crash leaves either of them there. */
static int
exchange(const char *path, const char *aside, const char *fresh)
{
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_EXCHANGE) != 0)
		return -errno;
	return salvage_sync_dir(aside);
}

int
salvage_tables(const char *path, const char *aside, uint64_t memtable_bytes,
	       struct store **store, FILE *out, struct store_error *error)
{
	int ret = read_families(*store);
	char *fresh;

	if (!is_damage(ret))
		return ret;
	must(asprintf(&fresh, "%s/shard", aside) > 0);
	ret = mkdir(aside, 0700) != 0 && errno != EEXIST ? -errno : 0;
	if (ret == 0)
		ret = copy_all(*store, fresh, memtable_bytes, out, error);
	store_close(store);
	if (ret == 0)
		ret = exchange(path, aside, fresh);
	if (ret == 0)
		fprintf(out, "%s: damaged tables: rebuilt; as it was: %s\n",
			path, fresh);
	if (ret != 0 && error->text[0] == '\0')
		span_copy(span_of(strerror(-ret)), error->text,
			  sizeof(error->text));
	free(fresh);
	if (ret == 0)
		ret = store_open(path, memtable_bytes, STORE_SALVAGE, store,
				 error);
	return ret;
}
