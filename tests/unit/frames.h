/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h: frames put together by hand for tests of what is below TCP. Plain
 * and slow: sums are taken word by word, so that they judge the real ones.
 */
#ifndef PENSTOCK_TESTS_FRAMES_H
#define PENSTOCK_TESTS_FRAMES_H

#include "dataplane/wire.h"
#include "engine/base/ip.h"
#include "engine/base/must.h"

#define FRAME_UNUSED __attribute__((unused))

struct bytes {
	uint8_t p[4096];
	uint32_t len;
};

FRAME_UNUSED static struct ip
ip_of(const char *text)
{
	struct ip ip;

	must(ip_parse(span_of(text), &ip));
	return ip;
}

FRAME_UNUSED static void
bytes_add(struct bytes *b, const void *p, uint32_t len)
{
	must(b->len + len <= sizeof(b->p));
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

FRAME_UNUSED static void
bytes_add8(struct bytes *b, unsigned v)
{
	uint8_t c = (uint8_t)v;

	bytes_add(b, &c, 1);
}

FRAME_UNUSED static void
bytes_add16(struct bytes *b, unsigned v)
{
	bytes_add8(b, v >> 8);
	bytes_add8(b, v);
}

FRAME_UNUSED static void
bytes_add32(struct bytes *b, uint32_t v)
{
	bytes_add16(b, v >> 16);
	bytes_add16(b, v & 0xffff);
}

/* RFC 1071's sum in host order, of n bytes on top of sum. */
FRAME_UNUSED static uint32_t
frame_sum(uint32_t sum, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

FRAME_UNUSED static void
frame_eth(struct bytes *b, const uint8_t dst[6], const uint8_t src[6],
	  unsigned type)
{
	b->len = 0;
	bytes_add(b, dst, 6);
	bytes_add(b, src, 6);
	bytes_add16(b, type);
}

/* The IP header, version by src; then l4_bytes follow. Gives where it is. */
FRAME_UNUSED static uint32_t
frame_ip(struct bytes *b, const struct ip *src, const struct ip *dst,
	 unsigned proto, unsigned ttl, uint32_t l4_bytes)
{
	uint32_t at = b->len;

	if (!ip_is_v4(src)) {
		bytes_add32(b, 0x60000000);
		bytes_add16(b, l4_bytes);
		bytes_add8(b, proto);
		bytes_add8(b, ttl);
		bytes_add(b, src->b, 16);
		bytes_add(b, dst->b, 16);
		return at;
	}
	bytes_add16(b, 0x4500);
	bytes_add16(b, 20 + l4_bytes);
	bytes_add32(b, 0x00004000);
	bytes_add8(b, ttl);
	bytes_add8(b, proto);
	bytes_add16(b, 0);
	bytes_add(b, src->b + 12, 4);
	bytes_add(b, dst->b + 12, 4);
	wire_put16(b->p + at + IP4_SUM, (uint16_t)~frame_sum(0, b->p + at, 20));
	return at;
}

/* The sum of what stands behind the IP header at ip_at, with pseudo-header. */
FRAME_UNUSED static uint16_t
frame_l4_sum(const struct bytes *b, uint32_t ip_at, uint32_t l4_at,
	     unsigned proto)
{
	bool is_v4 = b->p[ip_at] >> 4 == 4;
	uint32_t n = b->len - l4_at, sum = n + proto;

	sum = frame_sum(sum, b->p + ip_at + (is_v4 ? IP4_SRC : IP6_SRC),
			is_v4 ? 8 : 32);
	return (uint16_t)~frame_sum(sum, b->p + l4_at, n);
}

/* A whole TCP segment in its frame. */
FRAME_UNUSED static void
frame_tcp(struct bytes *b, const uint8_t dst_mac[6], const uint8_t src_mac[6],
	  const struct ip *src, const struct ip *dst, unsigned src_port,
	  unsigned dst_port, uint32_t seq, unsigned flags, const void *payload,
	  uint32_t payload_bytes)
{
	uint32_t ip_at, at;

	frame_eth(b, dst_mac, src_mac,
		  ip_is_v4(src) ? ETH_TYPE_IP4 : ETH_TYPE_IP6);
	ip_at = frame_ip(b, src, dst, IP_PROTO_TCP, 64, 20 + payload_bytes);
	at = b->len;
	bytes_add16(b, src_port);
	bytes_add16(b, dst_port);
	bytes_add32(b, seq);
	bytes_add32(b, 0);
	bytes_add16(b, 0x5000 | flags);
	bytes_add16(b, 65535);
	bytes_add32(b, 0);
	bytes_add(b, payload, payload_bytes);
	wire_put16(b->p + at + TCP_HDR_SUM,
		   frame_l4_sum(b, ip_at, at, IP_PROTO_TCP));
}

#endif
