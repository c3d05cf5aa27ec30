/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing strings and the store that holds a configuration's strings. */
#include "engine/config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_BLOCK_BYTES 8192
#define LARGE_BYTES	  (32u << 20)

struct store_block {
	struct store_block *next;
	size_t used, cap;
	_Alignas(max_align_t) char bytes[];
};

/* Room for len more bytes and a NUL; false without memory. */
static bool
reserve(struct text *t, size_t len)
{
	size_t cap = t->cap ? t->cap : 64;
	char *p;

	if (t->cap == 0 && len >= cap)
		cap = len + 1; /* a file of known size: no more than that */
	while (cap < t->len + len + 1)
		cap += cap / 2;
	if (cap == t->cap)
		return true;
	p = realloc(t->p, cap);
	if (p == NULL)
		return false;
	t->p = p;
	t->cap = cap;
	return true;
}

void
text_add(struct text *t, struct span s)
{
	must(reserve(t, s.len));
	if (s.len)
		memcpy(t->p + t->len, s.p, s.len);
	t->len += s.len;
	t->p[t->len] = '\0';
}

void
text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0 && reserve(t, (size_t)n));
	va_start(ap, fmt);
	vsnprintf(t->p + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void
text_cut(struct text *t, size_t len)
{
	must(len <= t->len);
	t->len = len;
	if (t->p != NULL)
		t->p[len] = '\0';
}

const char *
text_cstr(const struct text *t)
{
	return t->p ? t->p : "";
}

struct span
text_span(const struct text *t)
{
	return (struct span) { text_cstr(t), t->len };
}

void
text_fini(struct text *t)
{
	free(t->p);
	*t = (struct text) { 0 };
}

void
text_want_large_pages(void *p, size_t bytes)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)p + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)p + bytes) / page * page;

	/* A wish: where it cannot be had, nothing changes. */
	if (bytes >= LARGE_BYTES && end > start)
		(void)!madvise((void *)start, end - start, MADV_HUGEPAGE);
}

static int
read_all(struct text *t, int fd, size_t bytes_max)
{
	for (;;) {
		ssize_t n;

		if (!reserve(t, t->cap - t->len > 1 ? 1 : 65536))
			return -ENOMEM;
		n = read(fd, t->p + t->len, t->cap - t->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		t->len += (size_t)n;
		t->p[t->len] = '\0';
		if (n == 0)
			return 0;
		if (bytes_max && t->len > bytes_max)
			return -EFBIG;
	}
}

int
text_read_file(struct text *t, const char *path, size_t bytes_max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), res;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		res = -errno;
	else if (S_ISDIR(st.st_mode))
		res = -EISDIR;
	else if (bytes_max && st.st_size > 0 && (size_t)st.st_size > bytes_max)
		res = -EFBIG;
	else if (st.st_size > 0 && !reserve(t, (size_t)st.st_size + 1))
		res = -ENOMEM;
	else {
		text_want_large_pages(t->p, t->cap);
		res = read_all(t, fd, bytes_max);
	}
	close(fd);
	if (res != 0)
		text_fini(t);
	return res;
}

void *
store_alloc(struct store *st, size_t bytes)
{
	size_t align = _Alignof(max_align_t);
	struct store_block *b = st->blocks;
	void *p;

	bytes = (bytes + align - 1) / align * align;
	if (b == NULL || b->cap - b->used < bytes) {
		size_t cap = bytes > STORE_BLOCK_BYTES / 4 ? bytes
							   : STORE_BLOCK_BYTES;

		b = must_alloc(sizeof(*b) + cap);
		b->cap = cap;
		b->next = st->blocks;
		st->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += bytes;
	return p;
}

const char *
store_str(struct store *st, struct span s)
{
	char *p = store_alloc(st, s.len + 1);

	if (s.len)
		memcpy(p, s.p, s.len);
	return p;
}

const char *
store_strf(struct store *st, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	must(fmt != NULL);
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	p = store_alloc(st, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void
store_fini(struct store *st)
{
	while (st->blocks != NULL) {
		struct store_block *b = st->blocks;

		st->blocks = b->next;
		free(b);
	}
}
