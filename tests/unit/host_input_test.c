/* SPDX-License-Identifier: BSD-2-Clause */
/* Bursts: Ethernet, tags, order, and where each frame is counted. */
#include "dataplane/host_int.h"
#include "tests/unit/host_rig.h"

static void
segment_make(struct bytes *b, unsigned src_port)
{
	struct ip src = ip_of("198.51.100.7"), dst = ip_of("192.0.2.1");

	frame_tcp(b, mac_us, mac_peer, &src, &dst, src_port, 25, 1, 2, "", 0);
}

static void
tag_put(struct bytes *b, unsigned tag)
{
	memmove(b->p + 16, b->p + 12, b->len - 12);
	wire_put16(b->p + 12, ETH_TYPE_VLAN);
	wire_put16(b->p + 14, (uint16_t)tag);
	b->len += 4;
}

static void
test_ethernet(void)
{
	struct rig r;
	struct bytes b;

	rig_init(&r);
	rig_open(&r);
	CHECK_ROW("another's MAC");
	segment_make(&b, 1);
	b.p[5] = 9;
	CHECK(rig_drops(&r, &b, HOST_DROP_NOT_OURS));
	CHECK_ROW("from a group");
	segment_make(&b, 1);
	b.p[6] |= 1;
	CHECK(rig_drops(&r, &b, HOST_DROP_SOURCE));
	CHECK_ROW("another type");
	segment_make(&b, 1);
	wire_put16(b.p + 12, 0x88cc);
	CHECK(rig_drops(&r, &b, HOST_DROP_ETHERTYPE));
	CHECK_ROW("shorter than a header");
	b.len = 13;
	CHECK(rig_drops(&r, &b, HOST_DROP_SHORT));
	rig_close(&r);
}

static void
test_tags(void)
{
	static const struct {
		const char *name;
		int tag; /* -1: none */
		uint16_t vlan;
		bool is_ours;
	} rows[] = {
		{ "none, none wanted", -1, 0, true },
		{ "priority only", 0x6000, 0, true },
		{ "one, none wanted", 7, 0, false },
		{ "the one", 7, 7, true },
		{ "the one with priority", 0xe007, 7, true },
		{ "another", 8, 7, false },
		{ "none, one wanted", -1, 7, false },
	};

	for (unsigned i = 0; i < 2 * ARRAY_N(rows); i++) {
		struct rig r;
		struct bytes b;

		CHECK_ROW(rows[i / 2].name);
		rig_init(&r);
		r.cfg.vlan = rows[i / 2].vlan;
		if (i % 2)
			r.wire_cfg.caps[0] = PORT_CAP_VLAN_STRIP;
		rig_open(&r);
		segment_make(&b, 1);
		if (rows[i / 2].tag >= 0)
			tag_put(&b, (unsigned)rows[i / 2].tag);
		if (rows[i / 2].is_ours)
			CHECK(rig_put(&r, &b) && r.seg.tcp_bytes == 20);
		else
			CHECK(rig_drops(&r, &b, HOST_DROP_VLAN));
		if (rows[i / 2].tag >= 0) {
			b.len = 17;
			CHECK(!rig_put(&r, &b));
		}
		rig_close(&r);
	}
}

static void
test_burst(void)
{
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	struct host_stats s;
	struct rig r;
	struct bytes b;
	unsigned n;

	CHECK_ROW("a burst, in order");
	rig_init(&r);
	rig_open(&r);
	for (unsigned i = 0; i < PORT_BURST_MAX; i++) {
		segment_make(&b, 1000 + i);
		if (i % 3 == 1)
			b.p[b.len - 1] ^= 1;
		CHECK(port_mem_inject(r.m, 0, b.p, b.len));
	}
	n = port_rx(r.q, frames, PORT_BURST_MAX);
	CHECK(n == PORT_BURST_MAX);
	n = host_input(r.h, frames, n, segs, r.now_us);
	CHECK(n == PORT_BURST_MAX - 21);
	for (unsigned i = 0, k = 0; i < n; i++, k++) {
		k += k % 3 == 1;
		CHECK(segs[i].frame == &frames[k]);
		CHECK(wire_get16(segs[i].tcp) == 1000 + k);
	}
	port_free(r.q, frames, PORT_BURST_MAX);
	host_stats_get(r.h, &s);
	CHECK(s.rx_n == PORT_BURST_MAX && s.tcp_n == n);
	CHECK(s.drops[HOST_DROP_TCP_SUM] == 21);
	CHECK_ROW("nothing");
	CHECK(host_input(r.h, frames, 0, segs, r.now_us) == 0);
	rig_close(&r);
}

int
main(void)
{
	test_ethernet();
	test_tags();
	test_burst();
	return check_end();
}
