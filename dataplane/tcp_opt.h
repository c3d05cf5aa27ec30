/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_opt.h: TCP options, read and written (RFC 9293 section 3.1, 7323, 2018).
 * Any thread; no allocation. Every length is checked against what remains.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_OPT_H
#define PENSTOCK_DATAPLANE_TCP_OPT_H

#include "dataplane/tcp_seq.h"
#include "dataplane/wire.h"
#include "engine/base/must.h"

#define TCP_HEAD_BYTES	   20u
#define TCP_OPTS_BYTES_MAX 40u
#define TCP_TS_BYTES	   12u /* with its two NOPs */
#define TCP_SACKS_MAX	   4u
#define TCP_WSCALE_MAX	   14u
#define TCP_MSS_DEFAULT_V4 536u
#define TCP_MSS_DEFAULT_V6 1220u

struct tcp_range {
	uint32_t start, end; /* end: the first one that is not in it */
};

struct tcp_opts {
	bool has_mss, has_wscale, has_ts, is_sack_ok;
	uint16_t mss;
	uint8_t wscale; /* at most TCP_WSCALE_MAX */
	uint8_t sacks_n;
	uint32_t ts_val, ts_ecr;
	struct tcp_range sacks[TCP_SACKS_MAX];
};

/*
 * Reads options, n bytes of them (0 to 40). false: one is shorter than its
 * header, or longer than what remains: the segment is malformed. An option of a
 * wrong length for its kind, and one not known, are skipped.
 */
MUST_USE bool tcp_opt_read(const uint8_t *p, uint32_t n, struct tcp_opts *out);

/* The one layout that hosts send in every segment: NOP NOP timestamps. */
static inline bool
tcp_opt_is_plain_ts(const uint8_t *p)
{
	return wire_get32(p) == 0x0101080a;
}

/*
 * Writes those of o that are set, padded to whole words; gives the bytes, at
 * most TCP_OPTS_BYTES_MAX. SACK blocks that do not fit are left out.
 */
uint32_t tcp_opt_write(const struct tcp_opts *o, uint8_t *p);

static inline uint32_t
tcp_opt_write_ts(uint8_t *p, uint32_t val, uint32_t ecr)
{
	wire_put32(p, 0x0101080a);
	wire_put32(p + 4, val);
	wire_put32(p + 8, ecr);
	return TCP_TS_BYTES;
}

#endif
