/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of a maildir, by their whole paths: cached directory descriptors save
 * under 2 of 20 µs a file, and can go on leading to a mailbox that was moved
 * away.
 */
#include "deliver/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct span dir_tmp = SPAN("tmp/");
static const struct span dir_new = SPAN("new/");
static const struct span dir_cur = SPAN("cur/");

void
maildir_host(const char *host, char out[MAILDIR_HOST_MAX + 1])
{
	char *end = out + MAILDIR_HOST_MAX - 4;

	for (; *host && out < end; host++) {
		unsigned char c = (unsigned char)*host;

		if (c == '/' || c == ':')
			out += sprintf(out, "\\%03o", c);
		else
			*out++ = c > 32 && c < 127 ? (char)c : '?';
	}
	*out = '\0';
}

static char *
put_decimal(char *p, uint64_t n)
{
	char digits[20];
	unsigned len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (len > 0)
		*p++ = digits[--len];
	return p;
}

static char *
put_hex16(char *p, uint64_t n)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789ABCDEF"[n >> shift & 15];
	return p;
}

unsigned
maildir_name(char out[MAILDIR_NAME_MAX], uint64_t arrival_us, uint64_t queue_id,
	     uint32_t rcpt_idx, const char *host)
{
	/* 20 + 2 + 16 + 1 + 10 + 1 bytes before the host */
	char *p = put_decimal(out, arrival_us / 1000000);

	*p++ = '.';
	*p++ = 'Q';
	p = put_hex16(p, queue_id);
	*p++ = 'R';
	p = put_decimal(p, rcpt_idx);
	*p++ = '.';
	p += span_copy(span_of(host), p, MAILDIR_HOST_MAX + 1);
	return (unsigned)(p - out);
}

static bool
parse_hex16(const char *p, uint64_t *out)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 16; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			n = n << 4 | (uint64_t)(p[i] - '0');
		else if (p[i] >= 'A' && p[i] <= 'F')
			n = n << 4 | (uint64_t)(p[i] - 'A' + 10);
		else
			return false;
	}
	*out = n;
	return true;
}

bool
maildir_name_parse(const char *name, uint64_t *queue_id_out,
		   uint32_t *rcpt_idx_out)
{
	const char *p = strstr(name, ".Q");
	uint64_t rcpt_idx, seconds;
	const char *dot;

	if (p == NULL ||
	    !span_to_u64((struct span) { name, (size_t)(p - name) }, &seconds))
		return false;
	if (!parse_hex16(p + 2, queue_id_out) || p[18] != 'R')
		return false;
	p += 19;
	dot = strchr(p, '.');
	if (dot == NULL ||
	    !span_to_u64((struct span) { p, (size_t)(dot - p) }, &rcpt_idx) ||
	    rcpt_idx > UINT32_MAX)
		return false;
	*rcpt_idx_out = (uint32_t)rcpt_idx;
	return true;
}

int
maildir_path(struct maildir_path *out, struct span box, struct span dir,
	     struct span name)
{
	char *p = out->text;

	if (box.len + dir.len + name.len >= sizeof(out->text))
		return -ENAMETOOLONG;
	memcpy(p, box.p, box.len);
	p += box.len;
	memcpy(p, dir.p, dir.len);
	p += dir.len;
	if (name.len)
		memcpy(p, name.p, name.len);
	p[name.len] = '\0';
	return 0;
}

/* With what is missing above it, as `mkdir -p` does. 0 or -errno. */
static int
make_dir(char *path, gid_t gid)
{
	char *slash;
	int err = mkdir(path, 0700) ? -errno : 0;

	if (err == -EEXIST)
		return 0;
	slash = strrchr(path, '/');
	if (err == -ENOENT && slash != NULL && slash != path) {
		*slash = '\0';
		err = make_dir(path, gid);
		*slash = '/';
		if (!err && mkdir(path, 0700))
			err = errno == EEXIST ? 0 : -errno;
	}
	if (!err && gid != (gid_t)-1 && chown(path, (uid_t)-1, gid))
		err = -errno;
	return err;
}

static int
make_box(struct span box, gid_t gid)
{
	const struct span dirs[] = { dir_tmp, dir_new, dir_cur };

	for (size_t i = 0; i < ARRAY_N(dirs); i++) {
		struct span dir = span_to(dirs[i], dirs[i].len - 1);
		struct maildir_path path;
		int err = maildir_path(&path, box, dir, SPAN(""));

		if (!err)
			err = make_dir(path.text, gid);
		if (err)
			return err;
	}
	return 0;
}

static int
create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
}

int
maildir_create(struct maildir_path *path, struct span box, struct span name,
	       gid_t gid)
{
	int err = maildir_path(path, box, dir_tmp, name);
	int fd;

	if (err)
		return err;
	fd = create(path->text);
	if (UNLIKELY(fd < 0) && errno == ENOENT) {
		err = make_box(box, gid);
		if (err)
			return err;
		fd = create(path->text);
	} else if (UNLIKELY(fd < 0) && errno == EEXIST) {
		if (unlink(path->text))
			return -errno;
		fd = create(path->text);
	}
	if (fd < 0)
		return -errno;
	if (gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid)) {
		err = -errno;
		close(fd);
		unlink(path->text);
		return err;
	}
	return fd;
}

int
maildir_move(struct span box, struct span name, const char *instead, gid_t gid)
{
	struct maildir_path from, to;
	const char *target = instead ? instead : to.text;
	int err = maildir_path(&from, box, dir_tmp, name);

	if (!err && instead == NULL)
		err = maildir_path(&to, box, dir_new, name);
	if (err)
		return err;
	if (LIKELY(rename(from.text, target) == 0))
		return 0;
	if (errno != ENOENT)
		return -errno;
	err = make_box(box, gid);
	if (!err && rename(from.text, target))
		err = -errno;
	return err;
}

void
maildir_discard(struct span box, struct span name)
{
	struct maildir_path tmp;

	if (maildir_path(&tmp, box, dir_tmp, name) == 0)
		(void)unlink(tmp.text);
}

static int
compare(const void *a_, const void *b_)
{
	const struct maildir_wanted *a = a_, *b = b_;

	if (a->queue_id != b->queue_id)
		return a->queue_id < b->queue_id ? -1 : 1;
	if (a->rcpt_idx != b->rcpt_idx)
		return a->rcpt_idx < b->rcpt_idx ? -1 : 1;
	return 0;
}

/* The entry `name` is what w looks for. 0 or -errno. */
static int
see_found(struct maildir_wanted *w, int dir_fd, struct span box,
	  struct span dir, const char *name)
{
	struct maildir_path path;
	struct stat st;
	int err;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno; /* just moved away */
	err = maildir_path(&path, box, dir, span_of(name));
	if (err || w->is_whole || !S_ISREG(st.st_mode))
		return err;
	free(w->path);
	w->path = strdup(path.text);
	w->is_found = w->path != NULL;
	w->is_whole = w->is_found && (uint64_t)st.st_size == w->bytes;
	return w->path ? 0 : -ENOMEM;
}

static int
look_into(struct span box, struct span dir, struct maildir_wanted *wanted,
	  size_t n)
{
	struct maildir_path path;
	struct dirent *entry;
	int err = maildir_path(&path, box, dir, SPAN(""));
	DIR *d;

	if (err)
		return err;
	d = opendir(path.text);
	if (d == NULL)
		return errno == ENOENT ? 0 : -errno;
	errno = 0;
	while (!err && (entry = readdir(d)) != NULL) {
		struct maildir_wanted key, *w;

		if (maildir_name_parse(entry->d_name, &key.queue_id,
				       &key.rcpt_idx)) {
			w = bsearch(&key, wanted, n, sizeof(key), compare);
			if (w != NULL)
				err = see_found(w, dirfd(d), box, dir,
						entry->d_name);
		}
		errno = 0;
	}
	if (!err && errno)
		err = -errno;
	closedir(d);
	return err;
}

/*
 * new/ first: a reader may move a file from there to cur/ meanwhile, never the
 * other way. A file whose flags change in the very moment in which cur/ is
 * read can be missed: it then arrives twice, which maildir cannot help.
 */
int
maildir_find(struct span box, struct maildir_wanted *wanted, size_t n)
{
	int err;

	qsort(wanted, n, sizeof(*wanted), compare);
	err = look_into(box, dir_new, wanted, n);
	return err ? err : look_into(box, dir_cur, wanted, n);
}
