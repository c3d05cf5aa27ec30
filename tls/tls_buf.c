/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that wait: a vector that is gone when it is empty. */
#include "tls/tls_buf.h"

#include <stdlib.h>

#define CAP_MIN 512u

static bool
reserve(struct tls_buf *b, uint32_t need)
{
	uint32_t cap = b->cap ? b->cap : CAP_MIN;
	char *p;

	if (b->at != 0) {
		memmove(b->p, b->p + b->at, b->len);
		b->at = 0;
	}
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	p = realloc(b->p, cap);
	if (p == NULL)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

bool
tls_buf_put(struct tls_buf *b, struct span bytes, uint32_t bytes_max)
{
	if (bytes.len == 0)
		return true;
	if (bytes.len > bytes_max || b->len > bytes_max - bytes.len)
		return false;
	if (b->at + b->len + bytes.len > b->cap &&
	    !reserve(b, b->len + (uint32_t)bytes.len))
		return false;
	memcpy(b->p + b->at + b->len, bytes.p, bytes.len);
	b->len += (uint32_t)bytes.len;
	return true;
}

void
tls_buf_drop(struct tls_buf *b, size_t n)
{
	must(n <= b->len);
	b->at += (uint32_t)n;
	b->len -= (uint32_t)n;
	if (b->len == 0)
		tls_buf_clear(b);
}

void
tls_buf_clear(struct tls_buf *b)
{
	free(b->p);
	*b = (struct tls_buf) { 0 };
}
