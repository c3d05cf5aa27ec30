/* SPDX-License-Identifier: BSD-2-Clause */
/* The buffer pool and chains of buffers. */
#include "dataplane/tcp_buf.h"

#include <stdlib.h>
#include <sys/mman.h>

void
tcp_pool_init(struct tcp_pool *p, uint64_t bytes_max)
{
	uint64_t n = bytes_max / TCP_BUF_BYTES;

	must(n > 0 && n < UINT32_MAX);
	/* Not touched until used, so an idle server's pool costs nothing. */
	p->bufs = mmap(NULL, n * TCP_BUF_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(p->bufs != MAP_FAILED);
	p->bufs_n = p->free_n = (uint32_t)n;
	p->free = 0;
	p->fresh = 1;
	p->promised_n = 0;
}

void
tcp_pool_fini(struct tcp_pool *p)
{
	if (p->bufs != NULL)
		munmap(p->bufs, (size_t)p->bufs_n * TCP_BUF_BYTES);
	p->bufs = NULL;
}

uint32_t
tcp_buf_get(struct tcp_pool *p)
{
	uint32_t number = p->free;
	struct tcp_buf *b;

	if (number) {
		p->free = tcp_buf(p, number)->next;
	} else {
		if (p->fresh > p->bufs_n)
			return 0;
		number = p->fresh++;
	}
	p->free_n--;
	b = tcp_buf(p, number);
	b->next = 0;
	b->start = b->end = 0;
	return number;
}

void
tcp_buf_put(struct tcp_pool *p, uint32_t number)
{
	tcp_buf(p, number)->next = p->free;
	p->free = number;
	p->free_n++;
}

uint32_t
tcp_chain_need(const struct tcp_pool *p, const struct tcp_chain *c,
	       size_t bytes)
{
	size_t room = 0;

	if (c->tail)
		room = TCP_BUF_DATA_BYTES - tcp_buf(p, c->tail)->end;
	if (bytes <= room)
		return 0;
	return (uint32_t)((bytes - room + TCP_BUF_DATA_BYTES - 1) /
			  TCP_BUF_DATA_BYTES);
}

void
tcp_chain_append(struct tcp_pool *p, struct tcp_chain *c, const void *from,
		 size_t bytes)
{
	const uint8_t *in = from;
	struct tcp_buf *b = c->tail ? tcp_buf(p, c->tail) : NULL;

	c->bytes += (uint32_t)bytes;
	while (bytes) {
		size_t n;

		if (b == NULL || b->end == TCP_BUF_DATA_BYTES) {
			uint32_t number = tcp_buf_get(p);

			must(number != 0);
			if (b != NULL)
				b->next = number;
			else
				c->head = number;
			c->tail = number;
			b = tcp_buf(p, number);
		}
		n = TCP_BUF_DATA_BYTES - b->end;
		if (n > bytes)
			n = bytes;
		memcpy(b->data + b->end, in, n);
		b->end = (uint16_t)(b->end + n);
		in += n;
		bytes -= n;
	}
}

/* Puts the cursor off bytes into the chain. */
static void
seek(const struct tcp_pool *p, const struct tcp_chain *c, struct tcp_cursor *at,
     uint32_t off)
{
	uint32_t number = c->head;
	const struct tcp_buf *b = tcp_buf(p, number);

	while (off > (uint32_t)(b->end - b->start)) {
		off -= (uint32_t)(b->end - b->start);
		number = b->next;
		b = tcp_buf(p, number);
	}
	at->buf = number;
	at->off = b->start + off;
}

void
tcp_chain_read(const struct tcp_pool *p, const struct tcp_chain *c,
	       struct tcp_cursor *at, uint32_t seq, uint32_t off, uint8_t *to,
	       uint32_t bytes)
{
	assert(off + bytes <= c->bytes);
	if (bytes == 0)
		return;
	if (at->buf == 0 || at->seq != seq)
		seek(p, c, at, off);
	at->seq = seq + bytes;
	while (bytes) {
		const struct tcp_buf *b = tcp_buf(p, at->buf);
		uint32_t n = b->end - at->off;

		if (n == 0) {
			at->buf = b->next;
			at->off = tcp_buf(p, at->buf)->start;
			continue;
		}
		if (n > bytes)
			n = bytes;
		memcpy(to, b->data + at->off, n);
		at->off += n;
		to += n;
		bytes -= n;
	}
}

void
tcp_chain_drop(struct tcp_pool *p, struct tcp_chain *c, struct tcp_cursor *at,
	       uint32_t bytes)
{
	assert(bytes <= c->bytes);
	c->bytes -= bytes;
	while (c->head) {
		uint32_t number = c->head;
		struct tcp_buf *b = tcp_buf(p, number);
		uint32_t n = (uint32_t)(b->end - b->start);

		if (bytes < n) {
			b->start = (uint16_t)(b->start + bytes);
			return;
		}
		bytes -= n;
		c->head = b->next;
		if (at != NULL && at->buf == number)
			at->buf = 0;
		tcp_buf_put(p, number);
	}
	c->tail = 0;
}

void
tcp_chain_trim(struct tcp_pool *p, struct tcp_chain *c, uint32_t bytes)
{
	uint32_t keep = c->bytes - bytes, number = c->head;
	struct tcp_buf *b;

	assert(bytes <= c->bytes);
	if (bytes == 0)
		return;
	if (keep == 0) {
		tcp_chain_free(p, c);
		return;
	}
	c->bytes = keep;
	b = tcp_buf(p, number);
	while (keep > (uint32_t)(b->end - b->start)) {
		keep -= (uint32_t)(b->end - b->start);
		number = b->next;
		b = tcp_buf(p, number);
	}
	b->end = (uint16_t)(b->start + keep);
	c->tail = number;
	number = b->next;
	b->next = 0;
	while (number) {
		uint32_t next = tcp_buf(p, number)->next;

		tcp_buf_put(p, number);
		number = next;
	}
}

void
tcp_chain_join(struct tcp_pool *p, struct tcp_chain *c, struct tcp_chain *from)
{
	if (from->head == 0)
		return;
	if (c->tail)
		tcp_buf(p, c->tail)->next = from->head;
	else
		c->head = from->head;
	c->tail = from->tail;
	c->bytes += from->bytes;
	*from = (struct tcp_chain) { 0 };
}

void
tcp_chain_free(struct tcp_pool *p, struct tcp_chain *c)
{
	while (c->head) {
		uint32_t number = c->head;

		c->head = tcp_buf(p, number)->next;
		tcp_buf_put(p, number);
	}
	*c = (struct tcp_chain) { 0 };
}

struct span
tcp_chain_front(const struct tcp_pool *p, const struct tcp_chain *c)
{
	const struct tcp_buf *b;

	if (c->head == 0)
		return (struct span) { NULL, 0 };
	b = tcp_buf(p, c->head);
	return (struct span) { (const char *)b->data + b->start,
			       (size_t)(b->end - b->start) };
}

uint32_t
tcp_chain_bufs(const struct tcp_pool *p, const struct tcp_chain *c)
{
	uint32_t n = 0;

	for (uint32_t i = c->head; i; i = tcp_buf(p, i)->next)
		n++;
	return n;
}
