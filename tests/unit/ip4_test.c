/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 headers: the good one, and each way to be a bad one. */
#include "dataplane/ip4.h"
#include "tests/unit/host_rig.h"

#define IP ETH_BYTES

static void
segment_make(struct bytes *b)
{
	struct ip src = ip_of("198.51.100.7"), dst = ip_of("192.0.2.1");

	frame_tcp(b, mac_us, mac_peer, &src, &dst, 40000, 25, 1, 2, "hello", 5);
}

static void
sum_again(struct bytes *b)
{
	memset(b->p + IP + IP4_SUM, 0, 2);
	wire_put16(b->p + IP + IP4_SUM,
		   (uint16_t)~frame_sum(0, b->p + IP, (b->p[IP] & 15) * 4u));
}

static void
test_segment(void)
{
	struct ip src = ip_of("198.51.100.7"), dst = ip_of("192.0.2.1");
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("a segment");
	segment_make(&b);
	CHECK(rig_put(&r, &b));
	CHECK(r.seg.tcp_bytes == 25 && !r.seg.is_v6 && !r.seg.is_ce);
	CHECK(r.seg.ip == r.frame.data + IP && r.seg.ip_ttl == 64);
	CHECK(r.seg.tcp == r.seg.ip + 20 && r.seg.frame == &r.frame);
	CHECK(memcmp(r.seg.tcp + 20, "hello", 5) == 0);
	CHECK(r.seg.hash == host_hash(r.h, &src, 40000, &dst, 25));
	CHECK_ROW("with padding behind it");
	memset(b.p + b.len, 0x77, 10);
	b.len += 10;
	CHECK(rig_put(&r, &b) && r.seg.tcp_bytes == 25);
	CHECK_ROW("congestion experienced");
	segment_make(&b);
	b.p[IP + IP4_TOS] = 3;
	sum_again(&b);
	CHECK(rig_put(&r, &b) && r.seg.is_ce);
	CHECK_ROW("options that nobody acts on");
	segment_make(&b);
	memmove(b.p + IP + 28, b.p + IP + 20, 25);
	memcpy(b.p + IP + 20, "\x01\x94\x04\x00\x00\x01\x00\xff", 8);
	b.len += 8;
	b.p[IP] = 0x47;
	wire_put16(b.p + IP + IP4_LEN, 53);
	sum_again(&b);
	CHECK(rig_put(&r, &b) && r.seg.tcp == r.seg.ip + 28);
	CHECK_ROW("in a broadcast frame");
	segment_make(&b);
	memcpy(b.p, mac_all, 6);
	CHECK(rig_drops(&r, &b, HOST_DROP_NOT_OURS));
	rig_close(&r);
}

static void
test_faults(void)
{
	static const struct {
		const char *name;
		unsigned at, len;
		const char *bytes;
		enum host_drop why;
	} rows[] = {
		{ "version 5", 0, 1, "\x55", HOST_DROP_IP_HEADER },
		{ "header of 16", 0, 1, "\x44", HOST_DROP_IP_HEADER },
		{ "total below header", 2, 2, "\0\x13", HOST_DROP_IP_HEADER },
		{ "total over frame", 2, 2, "\0\x2e", HOST_DROP_SHORT },
		{ "too short for TCP", 2, 2, "\0\x27", HOST_DROP_SHORT },
		{ "more fragments", 6, 2, "\x20\0", HOST_DROP_FRAGMENT },
		{ "last fragment", 6, 2, "\0\x05", HOST_DROP_FRAGMENT },
		{ "UDP", 9, 1, "\x11", HOST_DROP_PROTOCOL },
		{ "from broadcast", 12, 4, "\xff\xff\xff\xff",
		  HOST_DROP_SOURCE },
		{ "from the network's broadcast", 12, 4, "\xc0\0\x02\xff",
		  HOST_DROP_SOURCE },
		{ "from multicast", 12, 4, "\xe0\0\0\x01", HOST_DROP_SOURCE },
		{ "from loopback", 12, 4, "\x7f\0\0\x01", HOST_DROP_SOURCE },
		{ "from zero", 12, 4, "\0\0\0\0", HOST_DROP_SOURCE },
		{ "from ourselves", 12, 4, "\xc0\0\x02\x01", HOST_DROP_SOURCE },
		{ "to somebody else", 16, 4, "\xc0\0\x02\x02",
		  HOST_DROP_NOT_OURS },
		{ "to broadcast", 16, 4, "\xff\xff\xff\xff",
		  HOST_DROP_NOT_OURS },
	};
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		segment_make(&b);
		memcpy(b.p + IP + rows[i].at, rows[i].bytes, rows[i].len);
		sum_again(&b);
		CHECK(rig_drops(&r, &b, rows[i].why));
	}
	CHECK_ROW("wrong sums");
	segment_make(&b);
	b.p[IP + IP4_TTL]--;
	CHECK(rig_drops(&r, &b, HOST_DROP_IP_SUM));
	segment_make(&b);
	b.p[b.len - 1] ^= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_TCP_SUM));
	CHECK_ROW("cut anywhere");
	segment_make(&b);
	for (b.len--; b.len > 0; b.len--)
		CHECK(rig_drops(&r, &b, HOST_DROP_SHORT));
	CHECK(!rig_take(&r));
	rig_close(&r);
}

static void
test_options(void)
{
	static const struct {
		const char *name, *bytes;
		bool is_ok;
	} rows[] = {
		{ "end", "\0\xff\xff\xff", true },
		{ "no operation", "\1\1\1\1", true },
		{ "exact", "\x94\x04\0\0", true },
		{ "loose source route", "\x83\x04\0\0", false },
		{ "strict source route", "\1\x89\x03\0", false },
		{ "no length", "\1\1\1\x94", false },
		{ "length 0", "\x94\0\0\0", false },
		{ "length 1", "\x94\1\0\0", false },
		{ "over the end", "\x94\5\0\0", false },
	};
	struct rig r;

	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		struct bytes b;

		CHECK_ROW(rows[i].name);
		segment_make(&b);
		memmove(b.p + IP + 24, b.p + IP + 20, 25);
		memcpy(b.p + IP + 20, rows[i].bytes, 4);
		b.len += 4;
		b.p[IP] = 0x46;
		wire_put16(b.p + IP + IP4_LEN, 49);
		sum_again(&b);
		if (rows[i].is_ok)
			CHECK(rig_put(&r, &b));
		else
			CHECK(rig_drops(&r, &b, HOST_DROP_IP_OPTION));
	}
	rig_close(&r);
}

/* What a device has verified is not summed again; what it doubts is. */
static void
test_offload(void)
{
	struct rig r;
	struct bytes b;
	struct frame f;
	struct host_seg seg;

	rig_init(&r);
	rig_open(&r);
	segment_make(&b);
	b.p[b.len - 1] ^= 1;
	b.p[IP + IP4_SUM] ^= 1;
	f = (struct frame) { .data = b.p, .len = b.len };
	CHECK_ROW("verified by the device");
	f.flags = FRAME_IP_SUM_OK | FRAME_L4_SUM_OK;
	CHECK(host_input(r.h, &f, 1, &seg, r.now_us) == 1);
	CHECK_ROW("seen to be bad");
	f.flags = FRAME_SUM_BAD;
	CHECK(host_input(r.h, &f, 1, &seg, r.now_us) == 0);
	CHECK_ROW("said to be bad, and is not");
	segment_make(&b);
	CHECK(host_input(r.h, &f, 1, &seg, r.now_us) == 1);
	rig_close(&r);
}

int
main(void)
{
	test_segment();
	test_faults();
	test_options();
	test_offload();
	return check_end();
}
