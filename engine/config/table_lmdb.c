/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lmdb: files as "postmap lmdb:" writes them (lmdb_table(5)), read whole into
 * an index at start and reload: lookups then take no lock and no page fault,
 * and a file that is truncated under us harms nobody. Postfix locks the file
 * itself, not LMDB's way: so does this.
 */
#include "engine/config/say.h"
#include "engine/config/table_index.h"
#include "engine/config/table_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define LET_GO_ROWS  65536
#define LOCK_TRIES   50
#define LOCK_WAIT_MS 100

/* A postmap that is writing holds the lock until it is done. 0 or -errno. */
static int
lock_shared(int fd)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		poll(NULL, 0, LOCK_WAIT_MS);
	}
	return -EAGAIN;
}

/* postmap may end keys and values with a NUL that is not part of them. */
static struct span
to_span(const MDB_val *v)
{
	struct span s = { v->mv_data, v->mv_size };

	if (s.len && s.p[s.len - 1] == '\0')
		s.len--;
	return s;
}

/*
 * Room in ix for every row: how many there are the file says, and their bytes
 * cannot be more than the pages that hold them. What is not written to costs
 * no memory. 0 or LMDB's error.
 */
static int
make_room(MDB_txn *txn, MDB_dbi dbi, size_t file_bytes, struct table_index *ix)
{
	MDB_stat st;
	size_t bytes;
	int error = mdb_stat(txn, dbi, &st);

	if (error)
		return error;
	if (st.ms_psize == 0 || st.ms_leaf_pages > file_bytes / st.ms_psize ||
	    st.ms_overflow_pages > file_bytes / st.ms_psize)
		return MDB_CORRUPTED;
	bytes = (st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize + 1;
	if (st.ms_entries > bytes)
		return MDB_CORRUPTED;
	if (table_index_init(ix, st.ms_entries) != 0)
		return ENOMEM;
	ix->text = malloc(bytes);
	ix->text_bytes = bytes;
	if (ix->text == NULL)
		return ENOMEM;
	text_want_large_pages(ix->text, bytes);
	return 0;
}

/* Where in LMDB's map of the file rows were seen. */
struct seen {
	uintptr_t low, high;
	uint64_t rows_n;
};

/*
 * Pages that were read go back to the page cache now and then: what counts as
 * this process's memory is the index alone.
 */
static void
let_go(struct seen *seen, const MDB_val *value)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)value->mv_data / page * page;

	if (seen->rows_n == 0 || at < seen->low)
		seen->low = at;
	if (at > seen->high)
		seen->high = at;
	if (++seen->rows_n % LET_GO_ROWS == 0)
		(void)!madvise((void *)seen->low, seen->high - seen->low + page,
			       MADV_DONTNEED);
}

/* Every row into ix, whose text shrinks to what they need. */
static int
read_rows(MDB_cursor *cursor, struct table_index *ix)
{
	struct table_index_feed feed = { .ix = ix };
	struct seen seen = { 0 };
	MDB_val key, value;
	size_t at = 0;
	char *text;
	int error;

	for (error = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	     error == 0;
	     error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		struct span k = to_span(&key), v = to_span(&value);

		if (k.len + v.len + 2 > ix->text_bytes - at ||
		    seen.rows_n + 1 >= ix->slots_n)
			return MDB_CORRUPTED;
		memcpy(ix->text + at, k.p, k.len);
		ix->text[at + k.len] = '\0';
		memcpy(ix->text + at + k.len + 1, v.p, v.len);
		ix->text[at + k.len + 1 + v.len] = '\0';
		table_index_feed(&feed, at, k.len, 0);
		at += k.len + v.len + 2;
		let_go(&seen, &value);
	}
	table_index_feed_end(&feed);
	text = realloc(ix->text, at + 1);
	if (text != NULL) {
		ix->text = text;
		ix->text_bytes = at + 1;
	}
	return error == MDB_NOTFOUND ? 0 : error;
}

static int
read_env(MDB_env *env, size_t file_bytes, struct table_index *ix)
{
	MDB_cursor *cursor = NULL;
	MDB_txn *txn;
	MDB_dbi dbi;
	int error;

	error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (error)
		return error;
	error = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (error == 0)
		error = mdb_cursor_open(txn, dbi, &cursor);
	if (error == 0)
		error = make_room(txn, dbi, file_bytes, ix);
	if (error == 0)
		error = read_rows(cursor, ix);
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return error;
}

/*
 * LMDB reads the file through a map: pages that a file cut short does not have
 * would end the process with SIGBUS.
 */
static int
check_size(MDB_env *env, int fd, size_t *bytes_out)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	*bytes_out = (size_t)st.st_size;
	mdb_env_info(env, &info);
	mdb_env_stat(env, &stat);
	return (uint64_t)st.st_size / stat.ms_psize > info.me_last_pgno
		       ? 0
		       : MDB_CORRUPTED;
}

/* 0 or LMDB's error. */
static int
read_file(const char *path, int fd, struct table_index *ix)
{
	MDB_env *env;
	size_t bytes = 0;
	int error = mdb_env_create(&env);

	if (error)
		return error;
	error = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK,
			     0);
	if (error == EBADF) /* what it makes of an empty file */
		error = MDB_INVALID;
	if (error == 0)
		error = check_size(env, fd, &bytes);
	if (error == 0)
		error = read_env(env, bytes, ix);
	mdb_env_close(env);
	return error;
}

struct table *
table_lmdb_open(const struct table_spec *spec)
{
	char *path = table_path(spec, ".lmdb");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct table_index ix = { 0 };
	struct table *table = NULL;
	int error;

	if (fd < 0) {
		table_cannot_read(spec, path, -errno);
		goto done;
	}
	error = lock_shared(fd);
	if (error == -EAGAIN) {
		say_fail(spec->diag, EX_TEMPFAIL, spec->file, spec->line,
			 "%s is being written: try again when postmap has "
			 "finished",
			 path);
		goto done;
	}
	error = error ? -error : read_file(path, fd, &ix);
	if (error)
		say_fail(spec->diag, EX_DATAERR, spec->file, spec->line,
			 "%s cannot be read: %s: write it anew with "
			 "\"postmap %.*s\"",
			 path, mdb_strerror(error), SPAN_FMT(spec->whole));
	else
		table = table_of_index(&ix);
	table_index_fini(&ix);
done:
	if (fd >= 0)
		close(fd);
	free(path);
	return table;
}
