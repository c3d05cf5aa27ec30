/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines: formatted by whoever has something to say into a ring of its own
 * thread, written by one log thread that may be as slow as its disk. Rings are
 * registered once and live until log_close().
 */
#include "engine/base/log.h"
#include "engine/base/clock.h"
#include "engine/base/print.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define RING_BYTES  (256u * 1024) /* a power of two */
#define IDLE_MS	    500
#define POLL_MS	    200
#define GATHER_US   2000 /* a burst of lines is one write */
#define WRITE_BYTES (64u * 1024)
#define LAST_WAIT_US                                             \
	(2 * US_PER_SEC) /* for a blocked destination at the end \
			  */

/* A line in a ring: this head, then its text, rounded up to 8 bytes. */
struct line {
	uint64_t wall_us;
	uint16_t len; /* UINT16_MAX: the rest of the lap is empty */
	uint8_t level;
	uint8_t module_len; /* of the text: the module's name comes first */
	uint32_t zero;
};
static_assert(sizeof(struct line) == 16, "line head");

struct log_ring {
	CACHE_ALIGNED _Atomic uint32_t tail;
	CACHE_ALIGNED _Atomic uint32_t head;
	struct log_ring *next;
	_Atomic uint64_t lost_n;
	_Atomic bool is_orphan; /* its thread has ended */
	CACHE_ALIGNED char bytes[RING_BYTES];
};

struct logger {
	pthread_mutex_t lock; /* of the destination and the list */
	_Atomic(struct log_ring *) rings;
	_Atomic bool is_open, is_stop_wanted, is_asleep;
	_Atomic uint64_t generation; /* a ring of an older one is gone */
	pthread_t thread;
	pid_t pid;
	int wake_fd, fd; /* fd -1: syslog */
	char name[64], host[256];
	_Atomic uint64_t lost_n;
	_Atomic uint64_t stop_by_us; /* 0: nobody wants an end */
	uint64_t lost_said_n;
	bool is_regular; /* fd is a file: writes do not wait for a reader */
	char out[WRITE_BYTES];
	size_t out_len;
};

static struct logger logger = { .lock = PTHREAD_MUTEX_INITIALIZER,
				.wake_fd = -1,
				.fd = -1 };
static pthread_key_t ring_key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static _Thread_local struct log_ring *my_ring;
static _Thread_local uint64_t my_generation;

/* --- the speaker's side --- */

static void
thread_ended(void *ring)
{
	struct log_ring *r = ring;

	if (my_generation == atomic_load(&logger.generation))
		atomic_store(&r->is_orphan, true);
}

static void
make_key(void)
{
	must(pthread_key_create(&ring_key, thread_ended) == 0);
}

static struct log_ring *
ring_mine(void)
{
	uint64_t generation = atomic_load(&logger.generation);
	struct log_ring *r = my_ring;

	if (r != NULL && my_generation == generation)
		return r;
	/* One whose thread has ended serves again, else a new one. */
	for (r = atomic_load(&logger.rings); r != NULL; r = r->next) {
		bool is_orphan = true;

		if (atomic_compare_exchange_strong(&r->is_orphan, &is_orphan,
						   false))
			break;
	}
	if (r == NULL) {
		r = aligned_alloc(CACHE_LINE, sizeof(*r));
		if (r == NULL)
			return NULL;
		memset(r, 0, offsetof(struct log_ring, bytes));
		r->next = atomic_load(&logger.rings);
		while (!atomic_compare_exchange_weak(&logger.rings, &r->next,
						     r))
			;
	}
	my_ring = r;
	my_generation = generation;
	pthread_once(&key_once, make_key);
	pthread_setspecific(ring_key, r);
	return r;
}

static uint32_t
room_for(size_t len)
{
	return (uint32_t)((sizeof(struct line) + len + 7) & ~(size_t)7);
}

/* Where n bytes in a row are free; NULL: full. Wraps with an empty rest. */
static char *
reserve(struct log_ring *r, uint32_t n, uint32_t *tail_out)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	uint32_t at = tail & (RING_BYTES - 1), rest = RING_BYTES - at;
	uint32_t need = rest < n ? rest + n : n;

	if (need > RING_BYTES - (tail - head))
		return NULL;
	if (rest < n) {
		struct line gap = { .len = UINT16_MAX };

		memcpy(r->bytes + at, &gap,
		       rest < sizeof(gap) ? rest : sizeof(gap));
		tail += rest;
		at = 0;
	}
	*tail_out = tail + n;
	return r->bytes + at;
}

static void
wake(void)
{
	uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&logger.is_asleep, memory_order_relaxed) &&
	    atomic_exchange(&logger.is_asleep, false) &&
	    write(logger.wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
}

static void
sanitise_bytes(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			p[i] = '?';
}

static void
sanitise(char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101, tops = ones << 7;

	/* Eight at once while all of them are clean, as nearly all are. */
	for (uint64_t w; n >= sizeof(w); p += sizeof(w), n -= sizeof(w)) {
		uint64_t del, low;

		memcpy(&w, p, sizeof(w));
		del = w ^ ones * 0x7f;
		low = (w - ones * ' ') & ~w;
		if ((low | ((del - ones) & ~del)) & tops)
			sanitise_bytes(p, sizeof(w));
	}
	sanitise_bytes(p, n);
}

static void
put(enum log_level level, const char *module, struct span text)
{
	struct log_ring *r = ring_mine();
	size_t module_len = strnlen(module, 64);
	struct line line = { .wall_us = clock_wall_us(),
			     .len = (uint16_t)(module_len + text.len),
			     .level = (uint8_t)level,
			     .module_len = (uint8_t)module_len };
	uint32_t tail;
	char *at = r ? reserve(r, room_for(line.len), &tail) : NULL;

	if (at == NULL) {
		atomic_fetch_add(&logger.lost_n, 1);
		return;
	}
	memcpy(at, &line, sizeof(line));
	memcpy(at + sizeof(line), module, module_len);
	memcpy(at + sizeof(line) + module_len, text.p, text.len);
	sanitise(at + sizeof(line) + module_len, text.len);
	atomic_store_explicit(&r->tail, tail, memory_order_release);
	wake();
}

void
log_put(enum log_level level, const char *module, struct span text)
{
	char copy[LOG_LINE_MAX];

	if (text.len >= LOG_LINE_MAX)
		text = span_to(text, LOG_LINE_MAX - 1);
	if (atomic_load_explicit(&logger.is_open, memory_order_acquire)) {
		put(level, module, text);
		return;
	}
	memcpy(copy, text.p, text.len);
	sanitise(copy, text.len);
	dprintf(STDERR_FILENO, "penstock/%s: %.*s\n", module, (int)text.len,
		copy);
}

void
log_say(enum log_level level, const char *module, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n >= (int)sizeof(text))
		n = (int)sizeof(text) - 1;
	if (n >= 0)
		log_put(level, module, (struct span) { text, (size_t)n });
}

uint64_t
log_lost_n(void)
{
	return atomic_load(&logger.lost_n);
}

/* --- the log thread's side --- */

/* Nobody reads what we write to, and the end has been asked for. */
static bool
is_too_late(void)
{
	uint64_t stop_by_us = atomic_load(&logger.stop_by_us);

	return stop_by_us != 0 && clock_now_us() > stop_by_us;
}

/* These lines are lost: counted, and said when there is room. */
static void
lose(size_t at)
{
	for (; at < logger.out_len; at++)
		if (logger.out[at] == '\n')
			atomic_fetch_add(&logger.lost_n, 1);
}

/* Never blocks in write(): a pipe that polls writable takes PIPE_BUF bytes. */
static void
flush(void)
{
	struct pollfd p = { .fd = logger.fd, .events = POLLOUT };
	size_t at = 0;

	while (at < logger.out_len) {
		size_t want = logger.out_len - at;
		ssize_t n;

		if (!logger.is_regular && want > PIPE_BUF)
			want = PIPE_BUF;
		if (!logger.is_regular && poll(&p, 1, POLL_MS) <= 0) {
			if (is_too_late())
				break;
			continue;
		}
		n = write(logger.fd, logger.out + at, want);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			break; /* a full disk */
		at += (size_t)n;
	}
	lose(at);
	logger.out_len = 0;
}

/* "Nov 23 05:04:12 host name/module[pid]: text" */
static void
write_line(const struct line *line, const char *text)
{
	static const int priorities[] = { LOG_INFO, LOG_WARNING, LOG_ERR };
	static char stamp[32];
	static time_t stamped;
	time_t now = (time_t)(line->wall_us / US_PER_SEC);
	const char *prefix = line->level == LOG_LEVEL_WARNING ? "warning: "
			     : line->level == LOG_LEVEL_ERROR ? "error: "
							      : "";
	size_t text_len = (size_t)(line->len - line->module_len);
	struct print pr;
	struct tm tm;

	if (logger.fd < 0) {
		syslog(priorities[line->level], "/%.*s[%d]: %s%.*s",
		       line->module_len, text, (int)logger.pid, prefix,
		       (int)text_len, text + line->module_len);
		return;
	}
	if (now != stamped) {
		stamped = now;
		localtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	}
	if (WRITE_BYTES - logger.out_len < LOG_LINE_MAX + 512)
		flush();
	pr = (struct print) { logger.out, logger.out_len, WRITE_BYTES };
	print_text(&pr, stamp);
	print_span(&pr, SPAN(" "));
	print_text(&pr, logger.host);
	print_span(&pr, SPAN(" "));
	print_text(&pr, logger.name);
	print_span(&pr, SPAN("/"));
	print_span(&pr, (struct span) { text, line->module_len });
	print_span(&pr, SPAN("["));
	print_u64(&pr, (uint64_t)logger.pid, 1);
	print_span(&pr, SPAN("]: "));
	print_text(&pr, prefix);
	print_span(&pr, (struct span) { text + line->module_len, text_len });
	print_span(&pr, SPAN("\n"));
	logger.out_len = pr.len;
}

static bool
drain_ring(struct log_ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	bool did = head != tail;

	while (head != tail) {
		uint32_t at = head & (RING_BYTES - 1);
		struct line line = { .len = UINT16_MAX };

		if (RING_BYTES - at >= sizeof(line))
			memcpy(&line, r->bytes + at, sizeof(line));
		if (line.len == UINT16_MAX) {
			head += RING_BYTES - at;
			continue;
		}
		write_line(&line, r->bytes + at + sizeof(line));
		head += room_for(line.len);
		atomic_store_explicit(&r->head, head, memory_order_release);
	}
	atomic_store_explicit(&r->head, head, memory_order_release);
	return did;
}

static void
say_lost(void)
{
	uint64_t lost_n = atomic_load(&logger.lost_n);
	char text[96];
	struct line line = { .wall_us = clock_wall_us(),
			     .level = LOG_LEVEL_WARNING,
			     .module_len = 3 };

	if (lost_n == logger.lost_said_n)
		return;
	line.len = (uint16_t)snprintf(
		text, sizeof(text),
		"log%llu lines lost: the log's destination is too slow or full",
		(unsigned long long)(lost_n - logger.lost_said_n));
	logger.lost_said_n = lost_n;
	write_line(&line, text);
}

static bool
drain(void)
{
	bool did = false;

	pthread_mutex_lock(&logger.lock);
	for (struct log_ring *r = atomic_load(&logger.rings); r; r = r->next)
		did |= drain_ring(r);
	say_lost();
	if (logger.fd >= 0)
		flush();
	pthread_mutex_unlock(&logger.lock);
	return did;
}

static bool
has_lines(void)
{
	for (struct log_ring *r = atomic_load(&logger.rings); r; r = r->next)
		if (atomic_load(&r->tail) != atomic_load(&r->head))
			return true;
	return false;
}

static void *
log_main(void *arg)
{
	struct pollfd p = { .fd = logger.wake_fd, .events = POLLIN };
	uint64_t sink;

	(void)arg;
	while (!atomic_load(&logger.is_stop_wanted)) {
		if (drain())
			usleep(GATHER_US);
		atomic_store(&logger.is_asleep, true);
		atomic_thread_fence(memory_order_seq_cst);
		if (!has_lines() && poll(&p, 1, IDLE_MS) > 0 &&
		    read(logger.wake_fd, &sink, sizeof(sink)) < 0)
			must(errno == EAGAIN);
		atomic_store(&logger.is_asleep, false);
	}
	drain();
	return NULL;
}

/* --- open, reopen, close --- */

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{ "mail", LOG_MAIL },	  { "daemon", LOG_DAEMON },
	{ "user", LOG_USER },	  { "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
};

static int
facility_of(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_N(facilities); i++)
		if (strcmp(name, facilities[i].name) == 0)
			return facilities[i].facility;
	return LOG_MAIL;
}

static bool
is_file(const struct log_cfg *cfg)
{
	return cfg->file != NULL && *cfg->file != '\0';
}

/* The destination: a descriptor, -1 for syslog; -errno. */
static int
open_file(const struct log_cfg *cfg, int *fd_out)
{
	*fd_out = -1;
	if (!is_file(cfg))
		return 0;
	if (strcmp(cfg->file, "/dev/stderr") == 0)
		*fd_out = dup(STDERR_FILENO);
	else if (strcmp(cfg->file, "/dev/stdout") == 0)
		*fd_out = dup(STDOUT_FILENO);
	else
		*fd_out = open(cfg->file,
			       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
				       O_NONBLOCK,
			       0640);
	return *fd_out < 0 ? -errno : 0;
}

static void
use(const struct log_cfg *cfg, int fd)
{
	struct stat st;
	char *dot;

	if (logger.fd >= 0)
		close(logger.fd);
	logger.fd = fd;
	logger.pid = getpid();
	logger.is_regular = fd >= 0 && fstat(fd, &st) == 0 &&
			    S_ISREG(st.st_mode);
	snprintf(logger.name, sizeof(logger.name), "%s",
		 cfg->syslog_name ? cfg->syslog_name : "penstock");
	snprintf(logger.host, sizeof(logger.host), "%s",
		 cfg->myhostname ? cfg->myhostname : "localhost");
	dot = strchr(logger.host, '.');
	if (dot != NULL)
		*dot = '\0';
	if (fd < 0)
		openlog(logger.name, LOG_NDELAY,
			facility_of(cfg->syslog_facility));
}

static int
open_failed(const struct log_cfg *cfg, int error, struct diag *diag)
{
	diag_fail(diag, EX_CANTCREAT, NULL, 0,
		  "maillog_file = %s: %s: name a file in a folder that the "
		  "engine's user may write to",
		  cfg->file, strerror(-error));
	return error;
}

int
log_open(const struct log_cfg *cfg, struct diag *diag)
{
	int fd, ret = open_file(cfg, &fd);

	must(!atomic_load(&logger.is_open));
	if (ret)
		return open_failed(cfg, ret, diag);
	logger.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	must(logger.wake_fd >= 0);
	use(cfg, fd);
	atomic_store(&logger.is_stop_wanted, false);
	atomic_store(&logger.stop_by_us, 0);
	atomic_fetch_add(&logger.generation, 1);
	ret = pthread_create(&logger.thread, NULL, log_main, NULL);
	if (ret) {
		diag_fail(diag, EX_OSERR, NULL, 0,
			  "cannot start the log thread: %s", strerror(ret));
		return -ret;
	}
	pthread_setname_np(logger.thread, "log");
	atomic_store_explicit(&logger.is_open, true, memory_order_release);
	return 0;
}

int
log_reopen(const struct log_cfg *cfg, struct diag *diag)
{
	int fd, ret = open_file(cfg, &fd);

	if (ret)
		return open_failed(cfg, ret, diag);
	if (!atomic_load(&logger.is_open)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	pthread_mutex_lock(&logger.lock);
	use(cfg, fd);
	pthread_mutex_unlock(&logger.lock);
	return 0;
}

void
log_close(void)
{
	struct log_ring *r;
	uint64_t one = 1;

	if (!atomic_exchange(&logger.is_open, false))
		return;
	atomic_store(&logger.stop_by_us, clock_now_us() + LAST_WAIT_US);
	atomic_store(&logger.is_stop_wanted, true);
	if (write(logger.wake_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN);
	pthread_join(logger.thread, NULL);
	atomic_fetch_add(&logger.generation, 1);
	r = atomic_exchange(&logger.rings, NULL);
	while (r != NULL) {
		struct log_ring *next = r->next;

		free(r);
		r = next;
	}
	if (logger.fd >= 0)
		close(logger.fd);
	else
		closelog();
	close(logger.wake_fd);
	logger.fd = logger.wake_fd = -1;
	logger.out_len = 0;
}
