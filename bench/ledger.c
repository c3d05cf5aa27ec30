/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ledger's writer. ledger_add() appends to one of two buffers under a lock
 * held for a copy; the writer's thread swaps them, writes and flushes. The
 * reader is ledger_read.c.
 */
#include "bench/ledger.h"
#include "bench/ledger_line.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct buffer {
	char *p;
	size_t len, cap;
};

struct ledger {
	int fd;
	char run_id[MESSAGE_RUN_ID_LEN + 1];
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t is_wanted;
	struct buffer fill;  /* under lock */
	bool is_closing;     /* under lock */
	struct buffer drain; /* the thread's own */
	_Atomic int error;
};

static void
reserve(struct buffer *b, size_t more)
{
	if (b->cap - b->len >= more)
		return;
	b->cap = (b->len + more) * 2;
	b->p = realloc(b->p, b->cap);
	must(b->p != NULL);
}

PRINTF_LIKE(2, 3)
static void
append(struct buffer *b, const char *fmt, ...)
{
	va_list args;
	int n;

	reserve(b, 1024);
	va_start(args, fmt);
	n = vsnprintf(b->p + b->len, 1024, fmt, args);
	va_end(args);
	must(n >= 0 && n < 1024);
	b->len += (size_t)n;
}

/* The line began at `start`. */
static void
line_end(struct buffer *b, size_t start)
{
	struct span line = { b->p + start, b->len - start };

	append(b, " *%08x\n", ledger_line_sum(line));
}

static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
flush(struct ledger *l, struct buffer *b)
{
	int r = write_all(l->fd, b->p, b->len);

	b->len = 0;
	if (r == 0 && fdatasync(l->fd) < 0 && errno != EINVAL)
		r = -errno; /* EINVAL: a pipe or /dev/null */
	return r;
}

static void *
writer(void *arg)
{
	struct ledger *l = arg;
	bool is_closing = false;

	while (!is_closing) {
		struct buffer b;
		int r = 0;

		pthread_mutex_lock(&l->lock);
		while (l->fill.len == 0 && !l->is_closing)
			pthread_cond_wait(&l->is_wanted, &l->lock);
		b = l->fill;
		l->fill = l->drain;
		l->drain = b;
		is_closing = l->is_closing;
		pthread_mutex_unlock(&l->lock);

		if (l->drain.len > 0)
			r = flush(l, &l->drain);
		if (r < 0) {
			int none = 0;

			atomic_compare_exchange_strong(&l->error, &none, r);
		}
	}
	return NULL;
}

/* A torn last line of a writer that was killed must not swallow our first. */
static int
torn_line_end(int fd, struct buffer *b)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last = '\n';

	if (end > 0 && pread(fd, &last, 1, end - 1) < 0)
		return -errno;
	if (last != '\n')
		append(b, "\n");
	return 0;
}

static int
run_write(struct ledger *l, const struct message_cfg *cfg)
{
	struct buffer *b = &l->drain;
	size_t start;
	int r = torn_line_end(l->fd, b);

	if (r < 0)
		return r;
	start = b->len;
	append(b,
	       "run %s seed=%llu started=%llu size=%llu-%llu mailboxes=%u "
	       "recipients=%u",
	       cfg->run_id, (unsigned long long)cfg->seed,
	       (unsigned long long)cfg->started_us,
	       (unsigned long long)cfg->size_min,
	       (unsigned long long)cfg->size_max, cfg->mailboxes_n,
	       cfg->rcpts_n);
	append(b, " format=%s", cfg->mailbox_format);
	append(b, " domain=%s", cfg->domain);
	append(b, " from=%s", cfg->from);
	line_end(b, start);
	return flush(l, b);
}

int
ledger_open(const char *path, const struct message_cfg *cfg,
	    struct ledger **out)
{
	struct ledger *l = must_alloc(sizeof(*l));
	int r;

	*out = NULL;
	l->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (l->fd < 0) {
		r = -errno;
		goto fail_alloc;
	}
	memcpy(l->run_id, cfg->run_id, sizeof(l->run_id));
	r = run_write(l, cfg);
	if (r < 0)
		goto fail_fd;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->is_wanted, NULL);
	r = -pthread_create(&l->thread, NULL, writer, l);
	if (r < 0)
		goto fail_fd;
	*out = l;
	return 0;
fail_fd:
	free(l->drain.p);
	close(l->fd);
fail_alloc:
	free(l);
	return r;
}

void
ledger_add(struct ledger *l, uint64_t seq, uint64_t size,
	   const uint32_t *mailboxes, uint32_t mailboxes_n)
{
	struct buffer *b = &l->fill;
	size_t start;
	bool was_empty;

	pthread_mutex_lock(&l->lock);
	was_empty = b->len == 0;
	start = b->len;
	append(b, "ok %s %llu %llu ", l->run_id, (unsigned long long)seq,
	       (unsigned long long)size);
	for (uint32_t i = 0; i < mailboxes_n; i++)
		append(b, "%s%u", i ? "," : "", mailboxes[i]);
	line_end(b, start);
	pthread_mutex_unlock(&l->lock);
	if (was_empty)
		pthread_cond_signal(&l->is_wanted);
}

int
ledger_error(const struct ledger *l)
{
	return atomic_load(&l->error);
}

int
ledger_close(struct ledger **lp)
{
	struct ledger *l = *lp;
	int r;

	*lp = NULL;
	pthread_mutex_lock(&l->lock);
	l->is_closing = true;
	pthread_mutex_unlock(&l->lock);
	pthread_cond_signal(&l->is_wanted);
	pthread_join(l->thread, NULL);
	r = ledger_error(l);
	if (close(l->fd) < 0 && r == 0)
		r = -errno;
	pthread_cond_destroy(&l->is_wanted);
	pthread_mutex_destroy(&l->lock);
	free(l->fill.p);
	free(l->drain.p);
	free(l);
	return r;
}
