/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_buf.h: bytes that wait, in order, in memory that exists only while some
 * do: an idle connection has none. One thread at a time. Private to tls/.
 */
#ifndef PENSTOCK_TLS_TLS_BUF_H
#define PENSTOCK_TLS_TLS_BUF_H

#include "engine/base/must.h"
#include "engine/base/span.h"

struct tls_buf {
	char *p;
	uint32_t at, len, cap; /* len bytes from p + at */
};

static inline struct span
tls_buf_span(const struct tls_buf *b)
{
	return (struct span) { b->p + b->at, b->len };
}

/*
 * Appends all of bytes, or nothing: false when more than bytes_max would wait,
 * or without memory.
 */
MUST_USE bool tls_buf_put(struct tls_buf *b, struct span bytes,
			  uint32_t bytes_max);
/* The first n bytes are used up; the last ones free the memory. */
void tls_buf_drop(struct tls_buf *b, size_t n);
/* All of them. */
void tls_buf_clear(struct tls_buf *b);

#endif
