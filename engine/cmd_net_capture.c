/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock net capture FILE`: the file is this command's, opened with the
 * rights of who called it and filled with what the engine sends
 * (net_capture.h). Whatever ends it early, whole frames are in the file.
 */
#include "engine/base/clock.h"
#include "engine/cmd.h"
#include "engine/net_capture.h"
#include "engine/pcap_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define READ_BYTES  262144u
#define PROGRESS_MS 300

struct taking {
	const char *name;
	int file_fd;
	bool is_made, is_regular; /* the file: by us; may be cut */
	int ctl_fd, data_fd, signal_fd;
	bool is_end_asked, is_over, has_progress;
	uint64_t start_us;
	struct pcap_cut cut; /* what is in the file */
	char *buf;
	int error; /* errno of the file; 0: none */
	/* what the engine says */
	char line[128];
	size_t line_n;
	uint64_t lost_n;
	int end, end_error; /* enum net_capture_end */
};

/* --- the file --- */

static bool
file_open(struct taking *t, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
	struct stat st;

	t->name = name;
	if (strcmp(name, "-") == 0) {
		t->name = "standard output";
		if (isatty(STDOUT_FILENO)) {
			fputs("penstock: net: standard output is a terminal: "
			      "name a FILE, or let a program read it, such as "
			      "| tshark -r -\n",
			      stderr);
			return false;
		}
		t->file_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	} else {
		/* Mail is in it: nobody else's to read. */
		t->file_fd = open(name, flags | O_EXCL, 0600);
		t->is_made = t->file_fd >= 0;
		if (!t->is_made && errno == EEXIST)
			t->file_fd = open(name, flags, 0600);
	}
	if (t->file_fd < 0) {
		fprintf(stderr, "penstock: net: %s: %s\n", t->name,
			strerror(errno));
		return false;
	}
	t->is_regular = strcmp(name, "-") != 0 && fstat(t->file_fd, &st) == 0 &&
			S_ISREG(st.st_mode);
	return true;
}

/* Nothing was captured: a file that we have made goes, another stays. */
static void
file_drop(struct taking *t)
{
	close(t->file_fd);
	if (t->is_made)
		unlink(t->name);
}

/* The first time the engine sends what it has; the second time it is over. */
static void
take_signal(struct taking *t)
{
	struct signalfd_siginfo info;

	if (read(t->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	t->is_over = t->is_end_asked;
	t->is_end_asked = true;
	shutdown(t->data_fd, SHUT_WR);
}

/* A pipe that nobody reads must not keep signals from being heard. */
static bool
wait_writable(struct taking *t)
{
	struct pollfd p[] = { { .fd = t->file_fd, .events = POLLOUT },
			      { .fd = t->signal_fd, .events = POLLIN } };

	while (!t->is_over && !p[0].revents) {
		if (poll(p, ARRAY_N(p), -1) > 0 && p[1].revents)
			take_signal(t);
	}
	return !t->is_over;
}

static void
file_write(struct taking *t, const char *p, size_t n)
{
	while (n > 0 && !t->error && (t->is_regular || wait_writable(t))) {
		size_t few = t->is_regular || n < PIPE_BUF ? n : PIPE_BUF;
		ssize_t done = write(t->file_fd, p, few);

		if (done > 0) {
			pcap_cut_feed(&t->cut, p, (size_t)done);
			p += done;
			n -= (size_t)done;
		} else if (done == 0 || errno != EINTR) {
			t->error = done == 0 ? EIO : errno;
		}
	}
}

static void
file_close(struct taking *t)
{
	if (t->is_regular && t->cut.whole_bytes != t->cut.bytes &&
	    ftruncate(t->file_fd, (off_t)t->cut.whole_bytes) < 0 && !t->error)
		t->error = errno;
	if (close(t->file_fd) < 0 && !t->error)
		t->error = errno;
}

/* --- the engine --- */

/* EX_OK: begun, and t->data_fd is where it comes from; else ctl_fd is gone. */
static int
begin(struct taking *t)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char text[4];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;

	if (recv(t->ctl_fd, text, sizeof(text), MSG_PEEK | MSG_WAITALL) !=
		    sizeof(text) ||
	    memcmp(text, "000\n", sizeof(text)) != 0)
		return cmd_engine_answer(t->ctl_fd, NULL);
	c = recvmsg(t->ctl_fd, &m, MSG_CMSG_CLOEXEC) == sizeof(text)
		    ? CMSG_FIRSTHDR(&m)
		    : NULL;
	if (c == NULL || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int))) {
		fprintf(stderr, "penstock: net: no descriptor came from the "
				"engine: ulimit -n may be too low\n");
		close(t->ctl_fd);
		return EX_OSERR;
	}
	memcpy(&t->data_fd, CMSG_DATA(c), sizeof(t->data_fd));
	return EX_OK;
}

static void
line_read(struct taking *t)
{
	uint64_t frames_n, lost_n;

	t->line[t->line_n] = '\0';
	t->line_n = 0;
	if (sscanf(t->line, "go %" SCNu64 " %" SCNu64, &frames_n, &lost_n) == 2)
		t->lost_n = lost_n;
	else if (sscanf(t->line, "end %d %" SCNu64 " %" SCNu64 " %d", &t->end,
			&frames_n, &lost_n, &t->end_error) == 4)
		t->lost_n = lost_n;
}

/* False: that was all. */
static bool
take_lines(struct taking *t)
{
	char buf[512];
	ssize_t n = read(t->ctl_fd, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\n')
			line_read(t);
		else if (t->line_n + 1 < sizeof(t->line))
			t->line[t->line_n++] = buf[i];
	return n > 0 || (n < 0 && errno == EINTR);
}

/* False: that was all, or there is no place for it. */
static bool
take_data(struct taking *t)
{
	ssize_t n = read(t->data_fd, t->buf, READ_BYTES);

	if (n > 0)
		file_write(t, t->buf, (size_t)n);
	return !t->error && (n > 0 || (n < 0 && errno == EINTR));
}

static void
print_progress(struct taking *t)
{
	if (!isatty(STDERR_FILENO))
		return;
	t->has_progress = true;
	fprintf(stderr,
		"\r%" PRIu64 " frames, %" PRIu64 " lost, %.1f MB, %u s ",
		t->cut.frames_n, t->lost_n, (double)t->cut.bytes / 1e6,
		(unsigned)((clock_now_us() - t->start_us) / US_PER_SEC));
}

static void
take_all(struct taking *t)
{
	uint64_t print_us = 0;
	struct pollfd p[] = { { .fd = t->data_fd, .events = POLLIN },
			      { .fd = t->ctl_fd, .events = POLLIN },
			      { .fd = t->signal_fd, .events = POLLIN } };

	while (!t->is_over && (p[0].fd >= 0 || p[1].fd >= 0)) {
		if (poll(p, ARRAY_N(p), PROGRESS_MS) < 0 && errno != EINTR)
			break;
		if (p[0].revents && !take_data(t))
			p[0].fd = -1;
		if (p[1].revents && !take_lines(t))
			p[1].fd = -1;
		if (p[2].revents)
			take_signal(t);
		if (p[0].fd < 0 && t->data_fd >= 0) {
			close(t->data_fd); /* tells the engine, if need be */
			t->data_fd = -1;
		}
		if (clock_now_us() - print_us < PROGRESS_MS * 1000u)
			continue;
		print_us = clock_now_us();
		print_progress(t);
	}
	if (t->data_fd >= 0)
		close(t->data_fd);
}

/* --- the end --- */

static const struct {
	const char *text;
	int code;
} ends[] = {
	[NET_CAPTURE_GOING] = { "the engine has gone", EX_UNAVAILABLE },
	[NET_CAPTURE_COUNT] = { "as many as asked for", EX_OK },
	[NET_CAPTURE_TIME] = { "as long as asked for", EX_OK },
	[NET_CAPTURE_SIZE] = { "as large as it may become", EX_OK },
	[NET_CAPTURE_ASKED] = { "ended here", EX_OK },
	[NET_CAPTURE_STOPPED] = { "the engine was stopped", EX_UNAVAILABLE },
	[NET_CAPTURE_FAILED] = { "the engine could not send", EX_TEMPFAIL },
};
static_assert(ARRAY_N(ends) == NET_CAPTURE_ENDS_N, "a row each");

static int
summary(const struct taking *t)
{
	unsigned end = (unsigned)t->end < NET_CAPTURE_ENDS_N
			       ? (unsigned)t->end
			       : NET_CAPTURE_GOING;
	/* A reader that has had enough is no failure. */
	bool is_failed = t->error && !(t->error == EPIPE && !t->is_regular);

	if (t->has_progress)
		fputc('\n', stderr);
	if (is_failed)
		fprintf(stderr,
			"penstock: net: %s: %s: the capture ends here\n",
			t->name, strerror(t->error));
	fprintf(stderr,
		"%s: %" PRIu64 " frames, %" PRIu64 " bytes, %" PRIu64
		" frames lost, %.1f s",
		t->name, t->cut.frames_n, t->cut.whole_bytes, t->lost_n,
		(double)(clock_now_us() - t->start_us) / 1e6);
	if (t->error || t->is_end_asked)
		fputc('\n', stderr);
	else if (end == NET_CAPTURE_FAILED)
		fprintf(stderr, ": %s: %s\n", ends[end].text,
			strerror(t->end_error));
	else
		fprintf(stderr, ": %s\n", ends[end].text);
	if (t->lost_n)
		fputs("What came faster than it was written is lost: a filter, "
		      "--snap or a faster disk helps.\n",
		      stderr);
	if (is_failed)
		return EX_IOERR;
	return t->error || t->is_end_asked ? EX_OK : ends[end].code;
}

static void
signals_take(struct taking *t)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int
cmd_net_capture(const char *dir, int argc, char **argv, const char *file)
{
	struct taking t = { .file_fd = -1, .data_fd = -1 };
	int code;

	/* First: whoever may not write it need not trouble the engine. */
	if (!file_open(&t, file))
		return EX_CANTCREAT;
	t.ctl_fd = cmd_engine_find(dir, argc, argv);
	code = t.ctl_fd < 0 ? -t.ctl_fd : begin(&t);
	if (code != EX_OK) {
		file_drop(&t);
		return code;
	}
	t.start_us = clock_now_us();
	signals_take(&t);
	t.buf = must_alloc(READ_BYTES);
	/* Only now: a capture that is refused does no harm to what was there.
	 */
	if (t.is_regular && ftruncate(t.file_fd, 0) < 0)
		t.error = errno;
	take_all(&t);
	file_close(&t);
	free(t.buf);
	close(t.ctl_fd);
	return summary(&t);
}
