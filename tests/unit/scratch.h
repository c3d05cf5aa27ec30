/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scratch.h: a directory of a test's own, and a user who is not root, for
 * delivery never writes as root. One thread.
 */
#ifndef PENSTOCK_TESTS_SCRATCH_H
#define PENSTOCK_TESTS_SCRATCH_H

#include "engine/base/must.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_UID 65534 /* nobody */

static char scratch_dir[256];

/* Makes scratch_dir (absolute, no slash at the end), nobody's when root. */
__attribute__((unused)) static void
scratch_make(const char *name)
{
	const char *base = getenv("TMPDIR");

	snprintf(scratch_dir, sizeof(scratch_dir), "%s/penstock-%s.XXXXXX",
		 base ? base : "/tmp", name);
	must(mkdtemp(scratch_dir) != NULL);
	if (geteuid() == 0)
		must(chown(scratch_dir, SCRATCH_UID, SCRATCH_UID) == 0);
}

/* When root: is nobody from now on. */
__attribute__((unused)) static void
scratch_drop(void)
{
	if (geteuid() != 0)
		return;
	must(setgroups(0, NULL) == 0);
	must(setresgid(SCRATCH_UID, SCRATCH_UID, SCRATCH_UID) == 0);
	must(setresuid(SCRATCH_UID, SCRATCH_UID, SCRATCH_UID) == 0);
}

/* Both: first thing in main(). */
__attribute__((unused)) static void
scratch_open(const char *name)
{
	scratch_make(name);
	scratch_drop();
}

static int
scratch_remove(const char *path, const struct stat *st, int kind,
	       struct FTW *ftw)
{
	return remove(path);
}

/*
 * Removes what is in it. Whether the directory itself can go depends on who
 * owns the one above it.
 */
__attribute__((unused)) static void
scratch_close(void)
{
	nftw(scratch_dir, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* scratch_dir + "/" + rest; good until the 16th call from now. */
__attribute__((unused)) static const char *
scratch_path(const char *rest)
{
	static char ring[16][1024];
	static unsigned at;
	char *out = ring[at++ % 16];

	snprintf(out, sizeof(ring[0]), "%s/%s", scratch_dir, rest);
	return out;
}

/* Files in a directory (dot files not counted); 0 when there is none. */
__attribute__((unused)) static unsigned
scratch_files_n(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The file's bytes with a NUL behind them (the caller frees), or NULL. */
__attribute__((unused)) static char *
scratch_read(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *text;

	if (fd < 0)
		return NULL;
	must(fstat(fd, &st) == 0);
	text = must_alloc((size_t)st.st_size + 1);
	must(read(fd, text, (size_t)st.st_size) == st.st_size);
	close(fd);
	return text;
}

__attribute__((unused)) static void
scratch_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

#endif
