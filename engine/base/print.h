/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print.h: text put together piece by piece, for the lines that every message
 * has: a format string costs more than what it prints. Any thread; never
 * allocates. Text that does not fit is cut, never written beyond cap; there is
 * no NUL at its end.
 */
#ifndef PENSTOCK_BASE_PRINT_H
#define PENSTOCK_BASE_PRINT_H

#include "engine/base/span.h"

struct print {
	char *p;
	size_t len, cap;
};

#define PRINT_INTO(array) ((struct print) { (array), 0, sizeof(array) })
#define PRINT_U64_MAX	  20 /* digits */

static inline struct span
print_done(const struct print *pr)
{
	return (struct span) { pr->p, pr->len };
}

static inline void
print_span(struct print *pr, struct span s)
{
	size_t n = pr->cap - pr->len < s.len ? pr->cap - pr->len : s.len;

	if (n > 0)
		memcpy(pr->p + pr->len, s.p, n);
	pr->len += n;
}

static inline void
print_text(struct print *pr, const char *text)
{
	print_span(pr, span_of(text));
}

/* At most n bytes of it, as "%.*s" does. */
static inline void
print_some(struct print *pr, const char *text, size_t n)
{
	print_span(pr, (struct span) { text, strnlen(text, n) });
}

/* Decimal, with zeroes in front up to so many digits. */
void print_u64(struct print *pr, uint64_t n, unsigned digits_min);
/* Sixteen digits, in upper case. */
void print_hex(struct print *pr, uint64_t n);

#endif
