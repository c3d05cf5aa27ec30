/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RocksDB as the queue wants it. Entries live for milliseconds: memtables are
 * large, so that a put and its single deletion meet in one and a flush writes
 * almost nothing; nothing is compressed and there are no filters; one thread
 * writes, so that nothing in the memtable has to be concurrent.
 */
#include "queue/store.h"
#include "engine/base/crc32c.h"

#include <endian.h>
#include <errno.h>
#include <rocksdb/c.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTS_MAX	  4
#define FLUSH_WAITS_MAX	  10000	     /* of 1 ms */
#define SMALL_BUFFER	  (4u << 20) /* of families that hold little */
#define BLOCK_CACHE_BYTES (32u << 20)
#define TABLE_BLOCK_BYTES (16u << 10)

/*
 * A recycled log would spare the file system's journal, but RocksDB 7.8 cannot
 * tell the old records in it from damage, in no mode that notices damage.
 */
enum { WAL_MODE_ABSOLUTE = 1 };

struct store {
	rocksdb_t *db;
	rocksdb_column_family_handle_t *families[STORE_FAMILY_N];
	rocksdb_writebatch_t *batch;
	rocksdb_writeoptions_t *write_sync, *write_lazy;
	rocksdb_readoptions_t *read;
	rocksdb_cache_t *cache;
};

struct store_iter {
	rocksdb_iterator_t *it;
	struct store *store;
	enum store_family family;
};

static const char *const family_names[STORE_FAMILY_N] = {
	[STORE_META] = "default", /* RocksDB insists on one of that name */
	[STORE_ENVELOPE] = "envelope", [STORE_BODY] = "body",
	[STORE_STATE] = "state",       [STORE_DUE] = "due",
};

/* --- checksums --- */

/*
 * RocksDB's own rocksdb::crc32c::Extend(). Debian builds it for any x86-64, by
 * table: 30 % of the commit thread's time, 4 us for a message of 4 KiB. Its
 * calls go through the dynamic linker, which takes the program's definition
 * before the library's; where it does not, this one is merely unused.
 */
uint32_t _ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char *bytes,
					 size_t len);

uint32_t
_ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char *bytes, size_t len)
{
	return crc32c(crc, bytes, len);
}

#ifdef __SANITIZE_THREAD__
/* Debian's RocksDB is not instrumented: its atomics are not seen, its memcpy
 * is. */
const char *__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:librocksdb.so\n";
}
#endif

/* --- errors --- */

/* RocksDB's C interface has sentences only. Takes message; NULL is fine. */
static int
error_of(char *message, struct store_error *error)
{
	static const struct {
		const char *text;
		int ret;
	} rows[] = {
		{ "No space left on device", -ENOSPC },
		{ "Disk quota exceeded", -ENOSPC },
		{ "File too large", -ENOSPC },
		{ "lock hold by current process", -EAGAIN },
		{ "lock : ", -EAGAIN },
		{ "While lock file", -EAGAIN },
		{ "Permission denied", -EACCES },
		{ "Read-only file system", -EACCES },
		{ "Corruption", -EBADMSG },
		{ "does not exist", -ENOENT },
	};
	int ret = -EIO;

	if (message == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		if (strstr(message, rows[i].text) == NULL)
			continue;
		ret = rows[i].ret;
		break;
	}
	if (error != NULL)
		span_copy(span_of(message), error->text, sizeof(error->text));
	rocksdb_free(message);
	return ret;
}

/* --- open and close --- */

#define HINT "memtable_insert_with_hint_prefix_extractor=fixed:1;"

static rocksdb_options_t *
options_of(const struct store *store, uint64_t memtable_bytes,
	   enum store_mode mode)
{
	bool may_create = mode == STORE_CREATE || mode == STORE_SALVAGE;
	rocksdb_options_t *base = rocksdb_options_create();
	rocksdb_options_t *opt = rocksdb_options_create();
	rocksdb_block_based_table_options_t *table =
		rocksdb_block_based_options_create();
	char *error = NULL;

	/*
	 * What C has no setter for: a log that is missing is damage; a key goes
	 * into a memtable from where the last one went, since batches are in
	 * the order of their keys.
	 */
	rocksdb_get_options_from_string(
		base,
		mode == STORE_SALVAGE || mode == STORE_CUT
			? HINT "track_and_verify_wals_in_manifest=false"
			: HINT "track_and_verify_wals_in_manifest=true",
		opt, &error);
	must(error == NULL);
	rocksdb_options_destroy(base);

	rocksdb_options_set_create_if_missing(opt, mode == STORE_CREATE);
	rocksdb_options_set_create_missing_column_families(opt, may_create);
	rocksdb_options_set_paranoid_checks(opt, 1);

	/* the log */
	rocksdb_options_set_wal_recovery_mode(opt, WAL_MODE_ABSOLUTE);
	rocksdb_options_set_max_total_wal_size(opt, 3 * memtable_bytes);
	rocksdb_options_set_avoid_unnecessary_blocking_io(opt, 1);

	/* memtables: all go at once, and their log with them */
	rocksdb_options_set_write_buffer_size(opt, memtable_bytes);
	rocksdb_options_set_max_write_buffer_number(opt, 4);
	rocksdb_options_set_atomic_flush(opt, 1);
	rocksdb_options_set_allow_concurrent_memtable_write(opt, 0);
	rocksdb_options_set_enable_write_thread_adaptive_yield(opt, 0);

	/* tables: only what outlives a memtable */
	rocksdb_options_set_compression(opt, rocksdb_no_compression);
	rocksdb_options_set_max_background_jobs(opt, 2);
	rocksdb_options_set_target_file_size_base(opt, memtable_bytes);
	rocksdb_options_set_max_bytes_for_level_base(opt, 8 * memtable_bytes);
	rocksdb_options_set_max_compaction_bytes(opt, 8 * memtable_bytes);
	rocksdb_options_set_level0_slowdown_writes_trigger(opt, 40);
	rocksdb_options_set_level0_stop_writes_trigger(opt, 60);
	rocksdb_options_set_max_open_files(opt, 256);
	rocksdb_options_set_skip_stats_update_on_db_open(opt, 1);
	rocksdb_block_based_options_set_block_size(table, TABLE_BLOCK_BYTES);
	rocksdb_block_based_options_set_block_cache(table, store->cache);
	rocksdb_options_set_block_based_table_factory(opt, table);
	rocksdb_block_based_options_destroy(table);

	/* its own log file: bounded, and quiet */
	/*
	 * 5: what is written at an open and nothing after it. RocksDB 7.8 as
	 * Debian builds it aborts when it appends to its own log a second time
	 * on a full disk; what fails, we say ourselves.
	 */
	rocksdb_options_set_info_log_level(opt, 5);
	rocksdb_options_set_max_log_file_size(opt, 1u << 20);
	rocksdb_options_set_keep_log_file_num(opt, 3);
	rocksdb_options_set_stats_dump_period_sec(opt, 0);
	rocksdb_options_set_stats_persist_period_sec(opt, 0);
	rocksdb_options_set_max_manifest_file_size(opt, 16u << 20);
	rocksdb_options_set_manifest_preallocation_size(opt, 64u << 10);
	return opt;
}

static rocksdb_options_t *
family_options(const rocksdb_options_t *base, enum store_family family,
	       uint64_t memtable_bytes)
{
	rocksdb_options_t *opt =
		rocksdb_options_create_copy((rocksdb_options_t *)base);
	uint64_t small = memtable_bytes < SMALL_BUFFER ? memtable_bytes
						       : SMALL_BUFFER;

	if (family != STORE_BODY && family != STORE_ENVELOPE)
		rocksdb_options_set_write_buffer_size(opt, small);
	return opt;
}

static void
release(struct store *store)
{
	for (int i = 0; i < STORE_FAMILY_N; i++)
		if (store->families[i] != NULL)
			rocksdb_column_family_handle_destroy(
				store->families[i]);
	if (store->db != NULL)
		rocksdb_close(store->db);
	if (store->batch != NULL)
		rocksdb_writebatch_destroy(store->batch);
	rocksdb_writeoptions_destroy(store->write_sync);
	rocksdb_writeoptions_destroy(store->write_lazy);
	rocksdb_readoptions_destroy(store->read);
	rocksdb_cache_destroy(store->cache);
	free(store);
}

int
store_open(const char *path, uint64_t memtable_bytes, enum store_mode mode,
	   struct store **out, struct store_error *error)
{
	rocksdb_options_t *opt, *family_opts[STORE_FAMILY_N];
	struct store *store = must_alloc(sizeof(*store));
	char *message = NULL;

	store->cache = rocksdb_cache_create_lru(BLOCK_CACHE_BYTES);
	store->batch = rocksdb_writebatch_create();
	store->write_sync = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(store->write_sync, 1);
	store->write_lazy = rocksdb_writeoptions_create();
	store->read = rocksdb_readoptions_create();
	rocksdb_readoptions_set_verify_checksums(store->read, 1);
	rocksdb_readoptions_set_fill_cache(store->read, 0);
	opt = options_of(store, memtable_bytes, mode);
	for (int i = 0; i < STORE_FAMILY_N; i++)
		family_opts[i] = family_options(opt, (enum store_family)i,
						memtable_bytes);
	store->db = rocksdb_open_column_families(
		opt, path, STORE_FAMILY_N, family_names,
		(const rocksdb_options_t *const *)family_opts, store->families,
		&message);
	for (int i = 0; i < STORE_FAMILY_N; i++)
		rocksdb_options_destroy(family_opts[i]);
	rocksdb_options_destroy(opt);
	if (store->db == NULL) {
		int ret = error_of(message, error);

		release(store);
		return ret;
	}
	*out = store;
	return 0;
}

int
store_repair(const char *path, struct store_error *error)
{
	rocksdb_options_t *opt = rocksdb_options_create();
	char *message = NULL;

	rocksdb_options_set_compression(opt, rocksdb_no_compression);
	rocksdb_repair_db(opt, path, &message);
	rocksdb_options_destroy(opt);
	return error_of(message, error);
}

void
store_close(struct store **store)
{
	if (*store != NULL)
		release(*store);
	*store = NULL;
}

/* --- the batch --- */

void
store_batch_clear(struct store *store)
{
	rocksdb_writebatch_clear(store->batch);
}

uint64_t
store_batch_bytes(const struct store *store)
{
	size_t len;

	(void)rocksdb_writebatch_data(store->batch, &len);
	return len;
}

void
store_batch_note(struct store *store, struct span note)
{
	rocksdb_writebatch_put_log_data(store->batch, note.p, note.len);
}

void
store_put(struct store *store, enum store_family family, struct span key,
	  const struct span *parts, unsigned parts_n)
{
	const char *p[PARTS_MAX];
	size_t len[PARTS_MAX];

	must(parts_n <= PARTS_MAX);
	for (unsigned i = 0; i < parts_n; i++) {
		p[i] = parts[i].p;
		len[i] = parts[i].len;
	}
	rocksdb_writebatch_putv_cf(store->batch, store->families[family], 1,
				   &key.p, &key.len, (int)parts_n, p, len);
}

void
store_delete_single(struct store *store, enum store_family family,
		    struct span key)
{
	rocksdb_writebatch_singledelete_cf(
		store->batch, store->families[family], key.p, key.len);
}

void
store_delete(struct store *store, enum store_family family, struct span key)
{
	rocksdb_writebatch_delete_cf(store->batch, store->families[family],
				     key.p, key.len);
}

int
store_write(struct store *store, bool is_sync, struct store_error *error)
{
	char *message = NULL;

	rocksdb_write(store->db,
		      is_sync ? store->write_sync : store->write_lazy,
		      store->batch, &message);
	return error_of(message, error);
}

int
store_sync(struct store *store, struct store_error *error)
{
	char *message = NULL;

	rocksdb_flush_wal(store->db, 1, &message);
	return error_of(message, error);
}

uint64_t
store_sequence(const struct store *store)
{
	return rocksdb_get_latest_sequence_number(store->db);
}

/* --- upkeep --- */

static bool
is_flushing(struct store *store)
{
	static const char *const names[] = { "rocksdb.mem-table-flush-pending",
					     "rocksdb.num-running-flushes" };
	uint64_t n;

	for (int i = 0; i < STORE_FAMILY_N; i++)
		for (size_t j = 0; j < ARRAY_N(names); j++)
			if (rocksdb_property_int_cf(store->db,
						    store->families[i],
						    names[j], &n) != 0 ||
			    n > 0)
				return true;
	return false;
}

/*
 * Never into a flush that RocksDB has begun by itself: as Debian builds it, it
 * aborts over atomic flushes that have two reasons. Only the writing thread
 * causes one, and it is here.
 */
int
store_flush(struct store *store, bool is_wait, struct store_error *error)
{
	rocksdb_flushoptions_t *opt;
	char *message = NULL;

	for (int i = 0; is_flushing(store); i++) {
		if (!is_wait || i == FLUSH_WAITS_MAX)
			return 0; /* it does the same, or is stuck */
		usleep(1000);
	}
	opt = rocksdb_flushoptions_create();
	rocksdb_flushoptions_set_wait(opt, is_wait);
	for (int i = 0; i < STORE_FAMILY_N && message == NULL; i++)
		rocksdb_flush_cf(store->db, opt, store->families[i], &message);
	rocksdb_flushoptions_destroy(opt);
	return error_of(message, error);
}

void
store_compact(struct store *store)
{
	static const enum store_family grown[] = { STORE_BODY, STORE_ENVELOPE };
	struct store_error ignored;

	for (size_t i = 0; i < ARRAY_N(grown); i++) {
		char *message = NULL;

		rocksdb_suggest_compact_range_cf(store->db,
						 store->families[grown[i]],
						 NULL, 0, NULL, 0, &message);
		(void)error_of(message, &ignored);
	}
}

uint64_t
store_table_bytes(const struct store *store)
{
	uint64_t sum = 0, one;

	for (int i = 0; i < STORE_FAMILY_N; i++)
		if (rocksdb_property_int_cf(store->db, store->families[i],
					    "rocksdb.total-sst-files-size",
					    &one) == 0)
			sum += one;
	return sum;
}

/* --- reading --- */

int
store_get(struct store *store, enum store_family family, struct span key,
	  char **value_out, size_t *len_out)
{
	char *message = NULL;

	*value_out = rocksdb_get_cf(store->db, store->read,
				    store->families[family], key.p, key.len,
				    len_out, &message);
	if (message != NULL)
		return error_of(message, NULL);
	return *value_out == NULL ? -ENOENT : 0;
}

int
store_has(struct store *store, enum store_family family, struct span key)
{
	char *value;
	size_t len;
	int ret;

	ret = store_get(store, family, key, &value, &len);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	free(value);
	return 1;
}

static void
begin(struct store_iter *it, struct span from)
{
	struct store *store = it->store;

	it->it = rocksdb_create_iterator_cf(store->db, store->read,
					    store->families[it->family]);
	rocksdb_iter_seek(it->it, from.p, from.len);
}

struct store_iter *
store_iter_open(struct store *store, enum store_family family, struct span from)
{
	struct store_iter *it = must_alloc(sizeof(*it));

	it->store = store;
	it->family = family;
	begin(it, from);
	return it;
}

bool
store_iter_is_valid(const struct store_iter *it)
{
	return rocksdb_iter_valid(it->it);
}

struct span
store_iter_key(const struct store_iter *it)
{
	struct span key;

	key.p = rocksdb_iter_key(it->it, &key.len);
	return key;
}

struct span
store_iter_value(const struct store_iter *it)
{
	struct span value;

	value.p = rocksdb_iter_value(it->it, &value.len);
	return value;
}

void
store_iter_next(struct store_iter *it)
{
	rocksdb_iter_next(it->it);
}

void
store_iter_seek(struct store_iter *it, struct span from)
{
	rocksdb_iter_seek(it->it, from.p, from.len);
}

void
store_iter_seek_last(struct store_iter *it)
{
	rocksdb_iter_seek_to_last(it->it);
}

/* A new one each time: RocksDB's stays at damage that it has read ahead. */
static bool
can_seek(struct store_iter *it, uint64_t number)
{
	uint64_t key = htobe64(number);

	rocksdb_iter_destroy(it->it);
	begin(it, (struct span) { (const char *)&key, sizeof(key) });
	return store_iter_error(it) == 0;
}

/* First a place behind the damage, then the end of the damage before it. */
bool
store_iter_skip(struct store_iter *it, uint64_t *number)
{
	uint64_t from = *number, bad = from, good = from, step = 1;

	do {
		bad = good;
		if (good == UINT64_MAX)
			return false;
		good = step < UINT64_MAX - from ? from + step : UINT64_MAX;
		step = step > UINT64_MAX / 2 ? UINT64_MAX : 2 * step;
	} while (!can_seek(it, good));
	while (good - bad > 1) {
		uint64_t middle = bad + (good - bad) / 2;

		if (can_seek(it, middle))
			good = middle;
		else
			bad = middle;
	}
	*number = good;
	return can_seek(it, good);
}

int
store_iter_error(const struct store_iter *it)
{
	char *message = NULL;

	rocksdb_iter_get_error(it->it, &message);
	return error_of(message, NULL);
}

void
store_iter_close(struct store_iter **it)
{
	rocksdb_iter_destroy((*it)->it);
	free(*it);
	*it = NULL;
}
