/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fwdloop.h: has a message been in this mailbox before? The Delivered-To
 * fields of its header say so (RFC 9228). One thread; one pass over the header
 * only; remembers at most FWDLOOP_ADDRS_MAX of them, as Postfix does.
 */
#ifndef PENSTOCK_DELIVER_FWDLOOP_H
#define PENSTOCK_DELIVER_FWDLOOP_H

#include "engine/base/must.h"
#include "engine/base/span.h"

#define FWDLOOP_ADDRS_MAX  1000
#define FWDLOOP_LINE_BYTES 1024 /* what is behind them in a line is ignored */

/* Zeroed memory is a fresh one; keeps its buffer from message to message. */
struct fwdloop {
	bool is_over; /* the header has ended */
	uint32_t addrs_n;
	uint32_t line_len;
	char *addrs; /* each with a NUL behind it */
	size_t addrs_len, addrs_cap;
	char line[FWDLOOP_LINE_BYTES]; /* one that spans pieces */
};

/* For the next message. */
void fwdloop_begin(struct fwdloop *f);

/* The next bytes of the message. False: enough, the header is over. */
bool fwdloop_feed(struct fwdloop *f, struct span bytes);
/* Nothing more comes. */
void fwdloop_end(struct fwdloop *f);

/* Was one of the addresses this one, but for ASCII case? */
bool fwdloop_has(const struct fwdloop *f, struct span addr);

void fwdloop_fini(struct fwdloop *f);

#endif
