/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 headers and the chain of extensions behind them. */
#include "dataplane/ip6.h"
#include "tests/unit/host_rig.h"

#define IP  ETH_BYTES
#define TCP 6

static void
segment_make(struct bytes *b)
{
	struct ip src = ip_of("2001:db8:1::7"), dst = ip_of("2001:db8::1");

	frame_tcp(b, mac_us, mac_peer, &src, &dst, 40000, 25, 1, 2, "hello", 5);
}

/* Puts extension headers between the IP header and TCP. */
static void
insert(struct bytes *b, unsigned next, const void *p, uint32_t len)
{
	uint32_t at = IP + IP6_BYTES;

	memmove(b->p + at + len, b->p + at, b->len - at);
	memcpy(b->p + at, p, len);
	b->len += len;
	b->p[IP + IP6_NEXT] = (uint8_t)next;
	wire_put16(b->p + IP + IP6_LEN, (uint16_t)(b->len - at));
}

static void
test_segment(void)
{
	struct ip src = ip_of("2001:db8:1::7"), dst = ip_of("2001:db8::1");
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("a segment");
	segment_make(&b);
	CHECK(rig_put(&r, &b));
	CHECK(r.seg.tcp_bytes == 25 && r.seg.is_v6 && !r.seg.is_ce);
	CHECK(r.seg.ip == r.frame.data + IP && r.seg.ip_ttl == 64);
	CHECK(r.seg.tcp == r.seg.ip + 40);
	CHECK(r.seg.hash == host_hash(r.h, &src, 40000, &dst, 25));
	CHECK_ROW("with padding behind it");
	memset(b.p + b.len, 0x77, 10);
	b.len += 10;
	CHECK(rig_put(&r, &b) && r.seg.tcp_bytes == 25);
	CHECK_ROW("congestion experienced");
	segment_make(&b);
	b.p[IP + 1] = 0x30;
	CHECK(rig_put(&r, &b) && r.seg.is_ce);
	CHECK_ROW("in a group's frame");
	b.p[0] = 0x33;
	CHECK(rig_drops(&r, &b, HOST_DROP_NOT_OURS));
	CHECK_ROW("a wrong sum");
	segment_make(&b);
	b.p[b.len - 1] ^= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_TCP_SUM));
	CHECK_ROW("cut anywhere");
	segment_make(&b);
	for (b.len--; b.len > 0; b.len--)
		CHECK(rig_drops(&r, &b, HOST_DROP_SHORT));
	CHECK_ROW("version 5");
	segment_make(&b);
	b.p[IP] = 0x50;
	CHECK(rig_drops(&r, &b, HOST_DROP_IP_HEADER));
	rig_close(&r);
}

static void
test_addresses(void)
{
	static const struct {
		const char *src, *dst;
		enum host_drop why;
	} rows[] = {
		{ "ff02::5", "2001:db8::1", HOST_DROP_SOURCE },
		{ "::", "2001:db8::1", HOST_DROP_SOURCE },
		{ "::1", "2001:db8::1", HOST_DROP_SOURCE },
		{ "2001:db8::1", "2001:db8::1", HOST_DROP_SOURCE },
		{ "2001:db8::7", "2001:db8::2", HOST_DROP_NOT_OURS },
		{ "2001:db8::7", "ff02::1", HOST_DROP_NOT_OURS },
		{ "2001:db8::7", "ff02::1:ff00:1", HOST_DROP_NOT_OURS },
		{ "2001:db8::7", "ff02::1:ff00:9", HOST_DROP_NOT_OURS },
		{ "2001:db8::7", "::", HOST_DROP_NOT_OURS },
	};
	struct ip mapped = { { [10] = 255, 255, 198, 51, 100, 7 } };
	struct ip us = ip_of("2001:db8::1");
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct ip src = ip_of(rows[i].src), dst = ip_of(rows[i].dst);

		CHECK_ROW(rows[i].src);
		frame_tcp(&b, mac_us, mac_peer, &src, &dst, 1, 25, 1, 2, "", 0);
		CHECK(rig_drops(&r, &b, rows[i].why));
	}
	CHECK_ROW("a mapped source is IPv4's");
	segment_make(&b);
	memcpy(b.p + IP + IP6_SRC, mapped.b, 16);
	CHECK(rig_drops(&r, &b, HOST_DROP_SOURCE));
	CHECK_ROW("groups");
	us = ip6_solicited_node(&us);
	CHECK(us.b[0] == 0xff && us.b[12] == 0xff && us.b[15] == 1);
	rig_close(&r);
}

static void
test_chain(void)
{
	static const struct {
		const char *name;
		unsigned next, len;
		const char *bytes;
		enum host_drop why; /* HOST_DROP_N: a segment */
	} rows[] = {
		{ "hop-by-hop", 0, 8, "\6\0\1\4\0\0\0\0", HOST_DROP_N },
		{ "destination options", 60, 8, "\6\0\1\4\0\0\0\0",
		  HOST_DROP_N },
		{ "both", 0, 16, "\x3c\0\1\4\0\0\0\0\6\0\1\4\0\0\0\0",
		  HOST_DROP_N },
		{ "hop-by-hop, not first", 60, 16,
		  "\0\0\1\4\0\0\0\0\6\0\1\4\0\0\0\0", HOST_DROP_IP_HEADER },
		{ "pads of one", 60, 8, "\6\0\0\0\0\0\0\0", HOST_DROP_N },
		{ "an option to skip", 60, 8, "\6\0\x1e\4\1\2\3\4",
		  HOST_DROP_N },
		{ "an option to discard by", 60, 8, "\6\0\x5e\4\1\2\3\4",
		  HOST_DROP_IP_OPTION },
		{ "an option over the end", 60, 8, "\6\0\1\5\0\0\0\0",
		  HOST_DROP_IP_OPTION },
		{ "an option without length", 60, 8, "\6\0\1\3\0\0\0\1",
		  HOST_DROP_IP_OPTION },
		{ "atomic fragment", 44, 8, "\6\0\0\0\1\2\3\4", HOST_DROP_N },
		{ "first fragment", 44, 8, "\6\0\0\1\1\2\3\4",
		  HOST_DROP_FRAGMENT },
		{ "last fragment", 44, 8, "\6\0\0\x08\1\2\3\4",
		  HOST_DROP_FRAGMENT },
		{ "routing, type 0", 43, 8, "\6\0\0\0\0\0\0\0",
		  HOST_DROP_IP_OPTION },
		{ "routing, type 2", 43, 8, "\6\0\2\1\0\0\0\0",
		  HOST_DROP_IP_OPTION },
		{ "longer than the packet", 60, 8, "\6\x20\1\4\0\0\0\0",
		  HOST_DROP_SHORT },
		{ "nothing more", 59, 8, "\0\0\0\0\0\0\0\0",
		  HOST_DROP_PROTOCOL },
		{ "UDP", 17, 8, "\0\0\0\0\0\0\0\0", HOST_DROP_PROTOCOL },
	};
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		segment_make(&b);
		insert(&b, rows[i].next, rows[i].bytes, rows[i].len);
		if (rows[i].why != HOST_DROP_N) {
			CHECK(rig_drops(&r, &b, rows[i].why));
			continue;
		}
		CHECK(rig_put(&r, &b) && r.seg.tcp_bytes == 25);
		CHECK(r.seg.tcp == r.seg.ip + 40 + rows[i].len);
	}
	CHECK_ROW("as many as are followed, and one more");
	segment_make(&b);
	insert(&b, 60, "\6\0\1\4\0\0\0\0", 8);
	for (unsigned i = 1; i < IP6_EXTENSIONS_MAX; i++)
		insert(&b, 60, "\x3c\0\1\4\0\0\0\0", 8);
	CHECK(rig_put(&r, &b));
	insert(&b, 60, "\x3c\0\1\4\0\0\0\0", 8);
	CHECK(rig_drops(&r, &b, HOST_DROP_IP_OPTION));
	CHECK(!rig_take(&r));
	rig_close(&r);
}

int
main(void)
{
	test_segment();
	test_addresses();
	test_chain();
	return check_end();
}
