/* SPDX-License-Identifier: BSD-2-Clause */
/* The network card in software: sums, segments, and the flow's hash. */
#include "dataplane/port_mem_dev.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };
static const char text[] = "The quick brown fox jumps over the lazy dog";
#define TEXT_BYTES (uint32_t)(sizeof(text) - 1)

static const struct {
	const char *name, *src, *dst;
	uint16_t l3_bytes;
} families[] = {
	{ "IPv4", "192.0.2.1", "192.0.2.2", 20 },
	{ "IPv6", "2001:db8::1", "2001:db8::2", 40 },
};

static void
segment_make(struct bytes *b, unsigned family)
{
	struct ip src = ip_of(families[family].src);
	struct ip dst = ip_of(families[family].dst);

	frame_tcp(b, mac_b, mac_a, &src, &dst, 1025, 25, 0xfffffff0, 0x89, text,
		  TEXT_BYTES);
}

/* Leaves the pseudo-header's sum in the field, as a stack does. */
static void
pseudo_put(struct bytes *b, uint32_t l3_bytes, uint32_t l4_bytes)
{
	const uint8_t *ip = b->p + ETH_BYTES;
	bool is_v4 = ip[0] >> 4 == 4;

	wire_put16(b->p + ETH_BYTES + l3_bytes + TCP_HDR_SUM,
		   (uint16_t)frame_sum(l4_bytes + IP_PROTO_TCP,
				       ip + (is_v4 ? IP4_SRC : IP6_SRC),
				       is_v4 ? 8 : 32));
}

static void
test_sums(unsigned family)
{
	uint16_t l3_bytes = families[family].l3_bytes;
	struct bytes want, got;
	struct frame f;

	CHECK_ROW(families[family].name);
	segment_make(&want, family);
	got = want;
	pseudo_put(&got, l3_bytes, 20 + TEXT_BYTES);
	f = (struct frame) { .data = got.p,
			     .len = got.len,
			     .flags = FRAME_WANT_TCP_SUM,
			     .l2_bytes = ETH_BYTES,
			     .l3_bytes = l3_bytes,
			     .l4_bytes = 20 };
	if (l3_bytes == 20) {
		memset(got.p + ETH_BYTES + IP4_SUM, 0xaa, 2);
		f.flags |= FRAME_WANT_IP_SUM;
	}
	CHECK(memcmp(got.p, want.p, want.len) != 0);
	port_mem_dev_sums(&f);
	CHECK(memcmp(got.p, want.p, want.len) == 0);
}

static void
test_segments(unsigned family)
{
	uint16_t l3_bytes = families[family].l3_bytes;
	uint32_t head = ETH_BYTES + l3_bytes + 20u, at = 0, len;
	uint8_t out[2048], *tcp = out + ETH_BYTES + l3_bytes;
	struct bytes b;
	struct frame f;
	unsigned i;

	CHECK_ROW(families[family].name);
	segment_make(&b, family);
	pseudo_put(&b, l3_bytes, 0);
	f = (struct frame) { .data = b.p,
			     .len = b.len,
			     .flags = FRAME_WANT_TSO,
			     .l2_bytes = ETH_BYTES,
			     .l3_bytes = l3_bytes,
			     .l4_bytes = 20,
			     .tso_bytes = 10 };
	for (i = 0; (len = port_mem_dev_segment(&f, i, out)) != 0; i++) {
		bool is_last = at + 10 >= TEXT_BYTES;

		CHECK(len - head == (is_last ? TEXT_BYTES - at : 10));
		CHECK(memcmp(out + head, text + at, len - head) == 0);
		CHECK(wire_get32(tcp + 4) == (uint32_t)(0xfffffff0 + at));
		CHECK((tcp[13] & 9) == (is_last ? 9 : 0));
		CHECK((tcp[13] & 0x80) == (i == 0 ? 0x80 : 0));
		CHECK(port_mem_dev_verify(out, len) ==
		      (FRAME_L4_SUM_OK |
		       (l3_bytes == 20 ? FRAME_IP_SUM_OK : 0)));
		at += len - head;
	}
	CHECK(at == TEXT_BYTES && i == (TEXT_BYTES + 9) / 10);
}

static void
test_verify(unsigned family)
{
	uint32_t l3_bytes = families[family].l3_bytes;
	uint16_t ok = FRAME_L4_SUM_OK | (l3_bytes == 20 ? FRAME_IP_SUM_OK : 0);
	struct bytes b;

	CHECK_ROW(families[family].name);
	segment_make(&b, family);
	CHECK(port_mem_dev_verify(b.p, b.len) == ok);
	b.p[b.len - 1] ^= 4;
	CHECK(port_mem_dev_verify(b.p, b.len) & FRAME_SUM_BAD);
	CHECK(!(port_mem_dev_verify(b.p, b.len) & FRAME_L4_SUM_OK));
	b.p[b.len - 1] ^= 4;
	memset(b.p + b.len, 0x55, 9);
	CHECK(port_mem_dev_verify(b.p, b.len + 9) == ok);
	if (l3_bytes == 20) {
		b.p[ETH_BYTES + IP4_TTL]--;
		CHECK(port_mem_dev_verify(b.p, b.len) == FRAME_SUM_BAD);
	}
	for (uint32_t len = 0; len < b.len; len++)
		CHECK(!(port_mem_dev_verify(b.p, len) & FRAME_L4_SUM_OK));
}

static void
test_hash(unsigned family)
{
	struct flow_key key = { { 1, 2 } };
	struct ip src = ip_of(families[family].src);
	struct ip dst = ip_of(families[family].dst);
	struct bytes b;
	uint32_t hash, same;

	CHECK_ROW(families[family].name);
	segment_make(&b, family);
	CHECK(port_mem_dev_hash(&key, b.p, b.len, &hash));
	CHECK(hash == flow_hash(&key, &src, 1025, &dst, 25));
	memmove(b.p + 16, b.p + 12, b.len - 12);
	wire_put16(b.p + 12, ETH_TYPE_VLAN);
	CHECK(port_mem_dev_hash(&key, b.p, b.len + 4, &same) && same == hash);
	wire_put16(b.p + 16, ETH_TYPE_ARP);
	CHECK(!port_mem_dev_hash(&key, b.p, b.len + 4, &hash));
}

int
main(void)
{
	for (unsigned family = 0; family < ARRAY_N(families); family++) {
		test_sums(family);
		test_segments(family);
		test_verify(family);
		test_hash(family);
	}
	return check_end();
}
