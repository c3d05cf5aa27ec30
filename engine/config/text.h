/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h: a string that grows, and a store of strings that live as long as a
 * configuration. Start-up, reload and commands only: allocates, aborts without
 * memory. One thread.
 */
#ifndef PENSTOCK_CONFIG_TEXT_H
#define PENSTOCK_CONFIG_TEXT_H

#include "engine/base/must.h"
#include "engine/base/span.h"

/* Zeroed: empty. p is NUL-terminated once something was added. */
struct text {
	char *p;
	size_t len, cap;
};

void text_add(struct text *t, struct span s);
PRINTF_LIKE(2, 3) void text_addf(struct text *t, const char *fmt, ...);
void text_cut(struct text *t, size_t len);
/* "" when nothing was added. */
const char *text_cstr(const struct text *t);
struct span text_span(const struct text *t);
void text_fini(struct text *t);

/*
 * Reads a whole file. 0, -errno, or -EFBIG over bytes_max (0: any size). Takes
 * regular files and pipes; gives -EISDIR for a directory.
 */
MUST_USE int text_read_file(struct text *t, const char *path, size_t bytes_max);

/*
 * Asks the kernel for large pages under a large allocation that is about to be
 * filled: random reads in it then miss the TLB half as often.
 */
void text_want_large_pages(void *p, size_t bytes);

/* Strings and structs that are freed all at once. Zeroed: empty. */
struct store {
	struct store_block *blocks;
};

/* A NUL-terminated copy. */
const char *store_str(struct store *st, struct span s);
PRINTF_LIKE(2, 3)
const char *store_strf(struct store *st, const char *fmt, ...);
/* Zeroed memory, aligned for anything. */
void *store_alloc(struct store *st, size_t bytes);
void store_fini(struct store *st);

#endif
