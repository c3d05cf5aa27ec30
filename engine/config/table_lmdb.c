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
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

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

/* Every row into ix. 0 or LMDB's error. */
static int
read_rows(MDB_cursor *cursor, uint64_t rows_n, size_t bytes,
	  struct table_index *ix)
{
	MDB_val key, value;
	size_t at = 0;
	int error;

	if (table_index_init(ix, rows_n) != 0)
		return ENOMEM;
	ix->text = malloc(bytes);
	if (ix->text == NULL)
		return ENOMEM;
	ix->text_bytes = bytes;
	for (error = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	     error == 0;
	     error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		struct span k = to_span(&key), v = to_span(&value);

		if (k.len + v.len + 2 > bytes - at || ix->entries_n == rows_n)
			return MDB_CORRUPTED;
		memcpy(ix->text + at, k.p, k.len);
		ix->text[at + k.len] = '\0';
		memcpy(ix->text + at + k.len + 1, v.p, v.len);
		ix->text[at + k.len + 1 + v.len] = '\0';
		(void)!table_index_add(ix, at,
				       (struct span) { ix->text + at, k.len },
				       table_index_hash(k));
		at += k.len + v.len + 2;
	}
	return error == MDB_NOTFOUND ? 0 : error;
}

/* Rows and bytes there are, so that all memory is had at once. */
static int
measure(MDB_cursor *cursor, uint64_t *rows_out, size_t *bytes_out)
{
	MDB_val key, value;
	int error;

	*rows_out = 0;
	*bytes_out = 1;
	for (error = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	     error == 0;
	     error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		++*rows_out;
		*bytes_out += key.mv_size + value.mv_size + 2;
	}
	return error == MDB_NOTFOUND ? 0 : error;
}

static int
read_env(MDB_env *env, struct table_index *ix)
{
	MDB_cursor *cursor = NULL;
	MDB_txn *txn;
	MDB_dbi dbi;
	uint64_t rows_n;
	size_t bytes;
	int error;

	error = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (error)
		return error;
	error = mdb_dbi_open(txn, NULL, 0, &dbi);
	if (error == 0)
		error = mdb_cursor_open(txn, dbi, &cursor);
	if (error == 0)
		error = measure(cursor, &rows_n, &bytes);
	if (error == 0)
		error = read_rows(cursor, rows_n, bytes, ix);
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
check_size(MDB_env *env, int fd)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
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
	int error = mdb_env_create(&env);

	if (error)
		return error;
	error = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK,
			     0);
	if (error == EBADF) /* what it makes of an empty file */
		error = MDB_INVALID;
	if (error == 0)
		error = check_size(env, fd);
	if (error == 0)
		error = read_env(env, ix);
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
