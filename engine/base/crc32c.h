/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.h: CRC-32C (Castagnoli; RFC 3720 appendix B.4), which guards what
 * comes back from a disk. Any thread; the processor's instruction where there
 * is one, a table elsewhere.
 */
#ifndef PENSTOCK_BASE_CRC32C_H
#define PENSTOCK_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Start with crc = 0; give the last result to go on with more bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

/* The same without the instruction: for processors that lack it. */
uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t len);

#endif
