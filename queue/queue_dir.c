/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of a queue. A file in it says whose it is and in which format; the
 * same file is locked by who uses it. Nothing is ever created in a folder that
 * holds something else.
 */
#include "queue/queue_dir.h"
#include "engine/base/span.h"
#include "queue/queue_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define MARK_NAME  "penstock-queue"
#define MARK_TEXT  "penstock queue format 1\n"
#define MARK_START "penstock queue format "
#define SHARD_NAME "shard-"
#define PATH_BYTES 4096

static int
make_dir(const char *dir, struct diag *diag)
{
	if (mkdir(dir, 0700) == 0)
		return 0;
	diag_fail(diag, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, dir, 0,
		  "cannot create the queue's folder: %s: %s", strerror(errno),
		  errno == ENOENT
			  ? "create the folder above it"
			  : "create it for the user that runs penstock");
	return -1;
}

/* What it is and whose: before anything in it is touched. */
static int
check_dir(const char *dir, bool may_create, struct diag *diag)
{
	struct stat st;

	if (stat(dir, &st) != 0) {
		if (errno == ENOENT && may_create)
			return make_dir(dir, diag);
		diag_fail(diag, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, dir,
			  0, "cannot open the queue's folder: %s",
			  strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		diag_fail(diag, EX_CANTCREAT, dir, 0,
			  "is a file, not a folder: name a folder in "
			  "penstock_queue_directory");
		return -1;
	}
	if (st.st_uid != geteuid()) {
		diag_fail(diag, EX_NOPERM, dir, 0,
			  "belongs to uid %u and penstock runs as uid %u: run "
			  "it as that user, or chown -R %u the folder",
			  (unsigned)st.st_uid, (unsigned)geteuid(),
			  (unsigned)geteuid());
		return -1;
	}
	if (access(dir, R_OK | W_OK | X_OK) != 0) {
		diag_fail(diag, EX_NOPERM, dir, 0,
			  "is not readable and writable for its owner: chmod "
			  "u+rwx it");
		return -1;
	}
	return 0;
}

/* The first thing in it that is not ours to know; "" when it is empty. */
static int
find_foreign(const char *dir, char name[256])
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (d == NULL)
		return -errno;
	name[0] = '\0';
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0 ||
		    strcmp(e->d_name, "lost+found") == 0)
			continue;
		span_copy(span_of(e->d_name), name, 256);
		break;
	}
	closedir(d);
	return 0;
}

static int
write_mark(const char *dir, int fd, struct diag *diag)
{
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = dir_fd >= 0 &&
		  write(fd, MARK_TEXT, strlen(MARK_TEXT)) ==
			  (ssize_t)strlen(MARK_TEXT) &&
		  fsync(fd) == 0 && fsync(dir_fd) == 0;

	if (!ok)
		diag_fail(diag, EX_CANTCREAT, dir, 0,
			  "cannot write %s: %s: make room on the disk",
			  MARK_NAME, strerror(errno));
	if (dir_fd >= 0)
		close(dir_fd);
	return ok ? 0 : -1;
}

static int
check_mark(const char *dir, int fd, struct diag *diag)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0) {
		diag_fail(diag, EX_IOERR, dir, 0, "cannot read %s: %s",
			  MARK_NAME, strerror(errno));
		return -1;
	}
	text[n] = '\0';
	if (n == 0) /* a start that was killed before it wrote it */
		return write_mark(dir, fd, diag);
	if (strcmp(text, MARK_TEXT) == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, MARK_START, strlen(MARK_START)) == 0)
		diag_fail(diag, EX_CONFIG, dir, 0,
			  "is a queue of format %s and this penstock has "
			  "format 1: run the version that wrote it until it is "
			  "empty",
			  text + strlen(MARK_START));
	else
		diag_fail(diag, EX_CONFIG, dir, 0,
			  "its file %s is not penstock's: name an empty or new "
			  "folder in penstock_queue_directory",
			  MARK_NAME);
	return -1;
}

static int
lock_mark(const char *dir, int fd, struct diag *diag)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		diag_fail(diag, EX_TEMPFAIL, dir, 0,
			  "another penstock has this queue: stop that one, or "
			  "name another folder in penstock_queue_directory");
	else
		diag_fail(diag, EX_OSERR, dir, 0, "cannot lock %s: %s",
			  MARK_NAME, strerror(errno));
	return -1;
}

static int
open_mark(const char *dir, bool may_create, struct diag *diag)
{
	char path[PATH_BYTES], name[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, MARK_NAME);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT) {
		diag_fail(diag, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
			  path, 0, "cannot open: %s: chown it to uid %u",
			  strerror(errno), (unsigned)geteuid());
		return -1;
	}
	ret = find_foreign(dir, name);
	if (ret == 0 && name[0] != '\0')
		diag_fail(diag, EX_CONFIG, dir, 0,
			  "is not a penstock queue (it holds \"%s\"): name an "
			  "empty or new folder in penstock_queue_directory",
			  name);
	else if (ret == 0 && !may_create)
		diag_fail(diag, EX_NOINPUT, dir, 0,
			  "is empty: there is no queue yet");
	else if (ret == 0)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  0600);
	if (ret != 0 || (fd < 0 && diag->errors_n == 0))
		diag_fail(diag, EX_CANTCREAT, path, 0, "cannot create: %s",
			  strerror(ret ? -ret : errno));
	return fd;
}

int
queue_dir_open(const char *dir, bool may_create, struct diag *diag)
{
	int fd;

	if (check_dir(dir, may_create, diag))
		return -1;
	fd = open_mark(dir, may_create, diag);
	if (fd < 0)
		return -1;
	if (lock_mark(dir, fd, diag) || check_mark(dir, fd, diag)) {
		close(fd);
		return -1;
	}
	return fd;
}

void
queue_dir_close(int lock_fd)
{
	if (lock_fd >= 0)
		close(lock_fd);
}

int
queue_dir_shards(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	uint64_t idx;
	int n = 0;

	if (d == NULL)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		struct span name = span_of(e->d_name);

		if (strncmp(e->d_name, SHARD_NAME, strlen(SHARD_NAME)) != 0 ||
		    !span_to_u64(span_from(name, strlen(SHARD_NAME)), &idx) ||
		    idx >= SHARDS_MAX)
			continue;
		if ((int)idx >= n)
			n = (int)idx + 1;
	}
	closedir(d);
	return n;
}

char *
queue_dir_shard_path(const char *dir, unsigned idx)
{
	char *path;

	must(asprintf(&path, "%s/" SHARD_NAME "%u", dir, idx) > 0);
	return path;
}
