/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file per mailbox. The dotlock comes first and keeps our own threads off
 * each other as well; the kernel's lock is one that belongs to the open file,
 * for a classic one would be lost when another thread closes the same mailbox.
 */
#include "deliver/mbox.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STALE_LOCK_SEC 500	    /* Postfix's stale_lock_time */
#define RETRY_US       (20 * 1000u) /* between looks at a lock */

static void
pause_us(uint64_t us)
{
	struct timespec ts = { .tv_sec = (time_t)(us / US_PER_SEC),
			       .tv_nsec = (long)(us % US_PER_SEC) * 1000 };

	nanosleep(&ts, NULL);
}

/* Mode 0: its existence is what matters. */
static int
make_lock(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static bool
is_stale(const char *lock_path)
{
	struct stat st;

	return lstat(lock_path, &st) == 0 &&
	       clock_wall_us() / US_PER_SEC >
		       (uint64_t)st.st_ctime + STALE_LOCK_SEC;
}

static int
dotlock(struct mbox *m, uint64_t until_us)
{
	for (;;) {
		int err = make_lock(m->lock_path);

		if (err != -EEXIST)
			return err;
		if (is_stale(m->lock_path)) {
			if (unlink(m->lock_path) && errno != ENOENT)
				return -errno;
			continue;
		}
		if (clock_now_us() >= until_us)
			return -EAGAIN;
		pause_us(RETRY_US);
	}
}

static int
kernel_lock(int fd, uint64_t until_us)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_OFD_SETLK, &lock)) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (clock_now_us() >= until_us)
			return -EAGAIN;
		pause_us(RETRY_US);
	}
	return 0;
}

/* What strict_mailbox_ownership and safe_open(3) ask of it. NULL: good. */
static const char *
misfit(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return "cannot be examined";
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if (st.st_uid != geteuid())
		return "is not owned by the recipient";
	if (st.st_nlink != 1)
		return "does not have exactly one name";
	return NULL;
}

static int
open_file(struct mbox *m, gid_t gid, char why[MBOX_WHY_MAX])
{
	const char *bad;
	int err = 0;

	/* Non-blocking, should it be a FIFO. */
	m->fd = open(m->path,
		     O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW |
			     O_CLOEXEC,
		     0600);
	if (m->fd < 0) {
		err = -errno;
		snprintf(why, MBOX_WHY_MAX, "cannot open file: %s",
			 strerror(-err));
		return err;
	}
	bad = misfit(m->fd);
	if (bad != NULL) {
		snprintf(why, MBOX_WHY_MAX, "destination %s", bad);
		err = -EPERM;
	} else if (gid != (gid_t)-1 && fchown(m->fd, (uid_t)-1, gid)) {
		err = -errno;
		snprintf(why, MBOX_WHY_MAX, "cannot give it to group %u: %s",
			 (unsigned)gid, strerror(-err));
	}
	if (err)
		close(m->fd);
	return err;
}

int
mbox_open(struct mbox *m, struct span path, gid_t gid, uint64_t wait_us,
	  char why[MBOX_WHY_MAX])
{
	uint64_t until_us = clock_now_us() + wait_us;
	int err;

	if (path.len + sizeof(".lock") > sizeof(m->path)) {
		snprintf(why, MBOX_WHY_MAX, "path too long");
		return -ENAMETOOLONG;
	}
	span_copy(path, m->path, sizeof(m->path));
	memcpy(m->lock_path, m->path, path.len);
	memcpy(m->lock_path + path.len, ".lock", sizeof(".lock"));
	err = open_file(m, gid, why);
	if (err)
		return err;
	err = dotlock(m, until_us);
	if (err) {
		snprintf(why, MBOX_WHY_MAX, "unable to create lock file %s: %s",
			 m->lock_path, strerror(-err));
		goto fail_fd;
	}
	err = kernel_lock(m->fd, until_us);
	if (err) {
		snprintf(why, MBOX_WHY_MAX,
			 "unable to lock for exclusive "
			 "access: %s",
			 strerror(-err));
		goto fail_dotlock;
	}
	/* A reader may have put another file in its place meanwhile. */
	if (misfit(m->fd) != NULL) {
		snprintf(why, MBOX_WHY_MAX,
			 "target file status changed unexpectedly");
		err = -EAGAIN;
		goto fail_dotlock;
	}
	return 0;
fail_dotlock:
	unlink(m->lock_path);
fail_fd:
	close(m->fd);
	return err;
}

void
mbox_close(struct mbox *m)
{
	unlink(m->lock_path);
	close(m->fd);
}

/* A buffer in front of the file, and how much of "From " begins this line. */
struct out {
	int fd;
	int err;
	int from_n; /* -1: past the line's beginning */
	unsigned len;
	char buf[16 * 1024];
};

static const struct span from_ = SPAN("From ");

static void
flush_out(struct out *o)
{
	struct iovec part = { o->buf, o->len };

	if (!o->err && o->len)
		o->err = letter_write_parts(o->fd, &part, 1);
	o->len = 0;
}

static void
put(struct out *o, struct span s)
{
	while (s.len) {
		size_t room = sizeof(o->buf) - o->len;
		size_t n = s.len < room ? s.len : room;

		memcpy(o->buf + o->len, s.p, n);
		o->len += (unsigned)n;
		s = span_from(s, n);
		if (o->len == sizeof(o->buf))
			flush_out(o);
	}
}

/* Lines that begin with "From " get a '>', wherever the pieces are cut. */
static void
put_quoted(struct out *o, struct span s)
{
	while (s.len) {
		size_t len;

		while (s.len && o->from_n >= 0 && o->from_n < (int)from_.len &&
		       s.p[0] == from_.p[o->from_n]) {
			o->from_n++;
			s = span_from(s, 1);
		}
		if (o->from_n == (int)from_.len)
			put(o, SPAN(">"));
		else if (s.len == 0)
			return; /* the next piece decides */
		if (o->from_n > 0)
			put(o, span_to(from_, (size_t)o->from_n));
		o->from_n = -1;
		len = span_find(s, '\n');
		if (len < s.len) {
			len++;
			o->from_n = 0;
		}
		put(o, span_to(s, len));
		s = span_from(s, len);
	}
}

static void
put_from_line(struct out *o, struct span sender)
{
	time_t now = (time_t)(clock_wall_us() / US_PER_SEC);
	char date[40];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "  %a %b %e %H:%M:%S %Y\n", &tm);
	put(o, from_);
	put(o, sender.len ? sender : SPAN("MAILER-DAEMON"));
	put(o, span_of(date));
}

static int
put_body(struct out *o, const struct letter *l, const char **doing_out)
{
	struct queue_body_pos pos = { 0 };
	uint64_t body_bytes = 0;
	struct span piece;
	int more;

	while ((more = queue_body_next(l->q, l->msg, &pos, &piece)) > 0) {
		put_quoted(o, piece);
		body_bytes += piece.len;
	}
	queue_body_end(l->q, &pos);
	if (more == 0 && body_bytes != l->msg->body_bytes)
		more = -EBADMSG;
	if (more < 0)
		*doing_out = "reading message";
	if (o->from_n > 0)
		put(o, span_to(from_, (size_t)o->from_n));
	put(o, o->from_n != 0 ? SPAN("\n\n") : SPAN("\n"));
	return more;
}

int
mbox_append(struct mbox *m, const struct letter *l, struct span sender,
	    uint64_t bytes_max, const char **doing_out)
{
	struct out o = { .fd = m->fd };
	struct stat st;
	int err;

	*doing_out = "writing message";
	if (fstat(m->fd, &st))
		return -errno;
	if (bytes_max && (uint64_t)st.st_size + l->bytes > bytes_max)
		return -EFBIG;
	put_from_line(&o, sender);
	for (unsigned i = 0; i < LETTER_PARTS_N; i++)
		put(&o,
		    (struct span) { l->head[i].iov_base, l->head[i].iov_len });
	err = put_body(&o, l, doing_out);
	flush_out(&o);
	if (!err)
		err = o.err;
	if (err && ftruncate(m->fd, st.st_size))
		err = -errno; /* as much said, and tried again later */
	return err;
}
