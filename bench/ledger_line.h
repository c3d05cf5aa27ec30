/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_line.h: what the ledger's writer and reader share: the checksum at the
 * end of a line, eight hexadecimal digits behind " *".
 */
#ifndef PENSTOCK_BENCH_LEDGER_LINE_H
#define PENSTOCK_BENCH_LEDGER_LINE_H

#include "engine/base/span.h"

/* line: without the checksum and what stands before it. */
static inline uint32_t
ledger_line_sum(struct span line)
{
	uint64_t h = span_hash(line);

	return (uint32_t)(h ^ (h >> 32));
}

#define LEDGER_SUM_LEN (sizeof(" *01234567") - 1)

#endif
