/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_buf.h: the pool of 2 KiB buffers that hold bytes to be sent, bytes
 * received and not read, and bytes that came before their turn; and chains of
 * such buffers. One worker's thread; nothing allocates after tcp_pool_init().
 * Memory is counted in whole buffers: what is really pinned.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_BUF_H
#define PENSTOCK_DATAPLANE_TCP_BUF_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#define TCP_BUF_BYTES	   2048u
#define TCP_BUF_DATA_BYTES (TCP_BUF_BYTES - 8u)

struct tcp_buf {
	uint32_t next; /* 0: the last */
	uint16_t start, end;
	uint8_t data[TCP_BUF_DATA_BYTES];
};
static_assert(sizeof(struct tcp_buf) == TCP_BUF_BYTES, "a power of two");

struct tcp_pool {
	struct tcp_buf *bufs; /* number 1 is bufs[0] */
	uint32_t bufs_n, free_n;
	uint32_t free;	/* last given back; 0: none */
	uint32_t fresh; /* first never used: its memory is not touched yet */
	uint32_t promised_n; /* of the free: for this burst's data */
};

struct tcp_chain {
	uint32_t head, tail; /* 0: empty */
	uint32_t bytes;
};

/* A place in a chain, kept between two reads: see tcp_chain_read(). */
struct tcp_cursor {
	uint32_t buf; /* 0: unknown */
	uint32_t off; /* of data, from the buffer's first byte */
	uint32_t seq; /* what the caller calls this place */
};

void tcp_pool_init(struct tcp_pool *p, uint64_t bytes_max);
void tcp_pool_fini(struct tcp_pool *p);

static inline struct tcp_buf *
tcp_buf(const struct tcp_pool *p, uint32_t number)
{
	return &p->bufs[number - 1];
}

/* What so many bytes need at least. */
static inline uint32_t
tcp_bufs_of(uint32_t bytes)
{
	return (bytes + TCP_BUF_DATA_BYTES - 1) / TCP_BUF_DATA_BYTES;
}

/* An empty buffer's number, or 0. */
uint32_t tcp_buf_get(struct tcp_pool *p);
void tcp_buf_put(struct tcp_pool *p, uint32_t number);

/* Buffers that bytes need behind what the chain's last one has room for. */
uint32_t tcp_chain_need(const struct tcp_pool *p, const struct tcp_chain *c,
			size_t bytes);
/* Copies all of it to the end. The pool must have tcp_chain_need(). */
void tcp_chain_append(struct tcp_pool *p, struct tcp_chain *c, const void *from,
		      size_t bytes);
/* Copies bytes from the place that is off bytes in; moves the cursor there. */
void tcp_chain_read(const struct tcp_pool *p, const struct tcp_chain *c,
		    struct tcp_cursor *at, uint32_t seq, uint32_t off,
		    uint8_t *to, uint32_t bytes);
/* Releases the first bytes. at: forgotten when its buffer goes; may be NULL. */
void tcp_chain_drop(struct tcp_pool *p, struct tcp_chain *c,
		    struct tcp_cursor *at, uint32_t bytes);
/* Releases the last bytes. */
void tcp_chain_trim(struct tcp_pool *p, struct tcp_chain *c, uint32_t bytes);
/* Moves all of *from to the end of *c; *from is then empty. */
void tcp_chain_join(struct tcp_pool *p, struct tcp_chain *c,
		    struct tcp_chain *from);
void tcp_chain_free(struct tcp_pool *p, struct tcp_chain *c);
/* The bytes that lie together at the beginning. */
struct span tcp_chain_front(const struct tcp_pool *p,
			    const struct tcp_chain *c);
/* Buffers of the chain: for checks. */
uint32_t tcp_chain_bufs(const struct tcp_pool *p, const struct tcp_chain *c);

#endif
