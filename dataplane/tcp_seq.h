/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_seq.h: arithmetic of numbers that wrap: sequence numbers (RFC 9293
 * section 3.4), timestamps (RFC 7323 section 5.2) and 32-bit clocks. Any
 * thread.
 */
#ifndef PENSTOCK_DATAPLANE_TCP_SEQ_H
#define PENSTOCK_DATAPLANE_TCP_SEQ_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool
seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool
seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline bool
seq_ge(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static inline uint32_t
seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

static inline uint32_t
seq_min(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? a : b;
}

#endif
