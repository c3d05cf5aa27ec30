/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cksum.h: the Internet checksum (RFC 1071). Any thread, no state. A running
 * sum is 64 bits of 16-bit words in the wire's order: parts may be added in any
 * order, each but the last of an even length, at any alignment. Private to
 * dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_CKSUM_H
#define PENSTOCK_DATAPLANE_CKSUM_H

#include <stddef.h>
#include <stdint.h>

/* sum and n bytes more. */
uint64_t cksum_add(uint64_t sum, const void *p, size_t n);

/* One word more, in the host's order. */
static inline uint64_t
cksum_add16(uint64_t sum, uint16_t v)
{
	return sum + __builtin_bswap16(v);
}

/* 16 bits, not complemented, in the wire's order: store with memcpy(). */
static inline uint16_t
cksum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* What goes into the header's field, in the wire's order. */
static inline uint16_t
cksum_end(uint64_t sum)
{
	return (uint16_t)~cksum_fold(sum);
}

/*
 * The pseudo-header's sum (RFC 9293 section 3.1, RFC 8200 section 8.1) of the
 * IP header at ip, for l4_bytes of protocol proto.
 */
uint64_t cksum_pseudo4(const uint8_t *ip, uint8_t proto, uint32_t l4_bytes);
uint64_t cksum_pseudo6(const uint8_t *ip, uint8_t proto, uint32_t l4_bytes);

#endif
