/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32C. The instruction does 8 bytes in 3 cycles; the fallback goes by half
 * bytes, because its table then is short enough to be read.
 */
#include "engine/base/crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const unsigned char *p, size_t len)
{
	uint64_t state = ~crc;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		state = _mm_crc32_u64(state, word);
	}
	for (; len > 0; p++, len--)
		state = _mm_crc32_u8((uint32_t)state, *p);
	return ~(uint32_t)state;
}
#endif

uint32_t
crc32c_by_table(uint32_t crc, const void *bytes, size_t len)
{
	/* The remainders of 0 … 15, polynomial 0x82f63b78 (reflected). */
	static const uint32_t rest[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const unsigned char *p = bytes;

	crc = ~crc;
	for (; len > 0; p++, len--) {
		crc ^= *p;
		crc = crc >> 4 ^ rest[crc & 15];
		crc = crc >> 4 ^ rest[crc & 15];
	}
	return ~crc;
}

uint32_t
crc32c(uint32_t crc, const void *bytes, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return by_instruction(crc, bytes, len);
#endif
	return crc32c_by_table(crc, bytes, len);
}
