/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sums of 32-bit halves in 64-bit lanes: carries gather in the upper halves and
 * are folded once at the end. Long runs go 64 bytes a step where the processor
 * has AVX2; the rest goes through plain registers.
 */
#include "dataplane/cksum.h"
#include "dataplane/wire.h"

#define LONG_BYTES 128u /* below it, the reduction of lanes costs more */

#if defined(__x86_64__)
typedef uint64_t cksum_lanes __attribute__((vector_size(32)));
typedef uint64_t cksum_load
	__attribute__((vector_size(32), aligned(1), may_alias));

__attribute__((target("avx2"))) static uint64_t
sum_long(const uint8_t *p, size_t n)
{
	cksum_lanes low = { 0 }, high = { 0 }, low2 = { 0 }, high2 = { 0 };

	for (; n >= 64; n -= 64, p += 64) {
		cksum_lanes v = *(const cksum_load *)p;
		cksum_lanes w = *(const cksum_load *)(p + 32);

		low += v & 0xffffffff;
		high += v >> 32;
		low2 += w & 0xffffffff;
		high2 += w >> 32;
	}
	low += low2 + high + high2;
	return low[0] + low[1] + low[2] + low[3];
}
#endif

uint64_t
cksum_add(uint64_t sum, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t other = 0, v;
	uint16_t last = 0;

#if defined(__x86_64__)
	if (n >= LONG_BYTES && __builtin_cpu_supports("avx2")) {
		sum += sum_long(p, n);
		p += n & ~(size_t)63;
		n &= 63;
	}
#endif
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		sum += v & 0xffffffff;
		other += v >> 32;
	}
	if (n >= 4) {
		uint32_t u;

		memcpy(&u, p, 4);
		sum += u;
		p += 4;
		n -= 4;
	}
	if (n >= 2) {
		uint16_t u;

		memcpy(&u, p, 2);
		sum += u;
		p += 2;
		n -= 2;
	}
	if (n)
		memcpy(&last, p, 1);
	return sum + other + last;
}

uint64_t
cksum_pseudo4(const uint8_t *ip, uint8_t proto, uint32_t l4_bytes)
{
	uint64_t sum = cksum_add16(0, (uint16_t)l4_bytes);

	return cksum_add(cksum_add16(sum, proto), ip + IP4_SRC, 8);
}

uint64_t
cksum_pseudo6(const uint8_t *ip, uint8_t proto, uint32_t l4_bytes)
{
	uint64_t sum = cksum_add16(0, (uint16_t)l4_bytes);

	sum = cksum_add16(sum, (uint16_t)(l4_bytes >> 16));
	return cksum_add(cksum_add16(sum, proto), ip + IP6_SRC, 32);
}
