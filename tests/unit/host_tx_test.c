/* SPDX-License-Identifier: BSD-2-Clause */
/* What leaves: headers and sums with and without offloads, tags, batches. */
#include "dataplane/host_int.h"
#include "dataplane/port_mem_dev.h"
#include "tests/unit/host_rig.h"

/* The neighbour is known; the frame of one segment is in r->out. */
static void
send_one(struct rig *r, const char *dst, struct host_path *path,
	 uint32_t payload_bytes, uint32_t mss_bytes)
{
	struct ip ip = ip_of(dst);

	rig_open(r);
	CHECK(host_path_find(r->h, &ip, path, r->now_us));
	neigh_learn(r->h, &ip, mac_peer, NEIGH_ANSWER);
	rig_drain(r);
	CHECK(rig_send(r, dst, path, payload_bytes, mss_bytes));
}

static const char *const peers[] = { "192.0.2.9", "2001:db8::9" };

static void
test_headers(void)
{
	static const uint32_t caps[] = {
		0,
		PORT_CAP_TX_IP_SUM,
		PORT_CAP_TX_TCP_SUM,
		PORT_CAP_TX_IP_SUM | PORT_CAP_TX_TCP_SUM,
		PORT_CAP_TX_IP_SUM | PORT_CAP_TX_TCP_SUM | PORT_CAP_TSO,
	};

	for (unsigned k = 0; k < 2 * ARRAY_N(caps); k++) {
		const char *peer = peers[k % 2];
		uint32_t l3_bytes = k % 2 ? 40 : 20;
		struct ip us = ip_of(k % 2 ? "2001:db8::1" : "192.0.2.1");
		struct ip to = ip_of(peer);
		struct host_path path = { 0 };
		const uint8_t *ip;
		struct rig r;

		CHECK_ROW(peer);
		rig_init(&r);
		r.wire_cfg.caps[0] = caps[k / 2];
		send_one(&r, peer, &path, 33, 1440);
		CHECK(rig_take(&r));
		ip = r.out.p + ETH_BYTES;
		CHECK(r.out.len == ETH_BYTES + l3_bytes + 20 + 33);
		CHECK(memcmp(r.out.p, mac_peer, 6) == 0);
		CHECK(memcmp(r.out.p + 6, mac_us, 6) == 0);
		CHECK(port_mem_dev_verify(r.out.p, r.out.len) ==
		      (FRAME_L4_SUM_OK | (k % 2 ? 0 : FRAME_IP_SUM_OK)));
		if (k % 2) {
			CHECK(wire_get32(ip) == 0x60000000);
			CHECK(wire_get16(ip + IP6_LEN) == 53);
			CHECK(ip[IP6_NEXT] == 6 && ip[IP6_HOPS] == 64);
			CHECK(memcmp(ip + IP6_SRC, us.b, 16) == 0);
			CHECK(memcmp(ip + IP6_DST, to.b, 16) == 0);
		} else {
			CHECK(wire_get16(ip) == 0x4500);
			CHECK(wire_get16(ip + IP4_LEN) == 73);
			CHECK(wire_get16(ip + IP4_FRAG) == IP4_FRAG_DF);
			CHECK(ip[IP4_TTL] == 64 && ip[IP4_PROTO] == 6);
			CHECK(memcmp(ip + IP4_SRC, us.b + 12, 4) == 0);
			CHECK(memcmp(ip + IP4_DST, to.b + 12, 4) == 0);
		}
		rig_close(&r);
	}
}

static void
test_tso(void)
{
	for (unsigned k = 0; k < 2; k++) {
		struct host_path path = { 0 };
		uint32_t payload = 0, head = ETH_BYTES + (k ? 60 : 40);
		struct rig r;
		unsigned n = 0;

		CHECK_ROW(peers[k]);
		rig_init(&r);
		r.wire_cfg.buf_bytes = 16384;
		r.wire_cfg.caps[0] = PORT_CAP_TX_IP_SUM | PORT_CAP_TX_TCP_SUM |
				     PORT_CAP_TSO;
		send_one(&r, peers[k], &path, 10000, 1440);
		while (rig_take(&r)) {
			CHECK(port_mem_dev_verify(r.out.p, r.out.len) &
			      FRAME_L4_SUM_OK);
			CHECK(r.out.len <= head + 1440);
			payload += r.out.len - head;
			n++;
		}
		CHECK(payload == 10000 && n == 7);
		rig_close(&r);
	}
}

static void
test_room(void)
{
	struct rig r;
	struct frame f;
	uint32_t room;

	CHECK_ROW("one packet's room without TSO");
	rig_init(&r);
	rig_open(&r);
	CHECK(host_tx_begin(r.h, false, &f, &room) ==
	      f.data + ETH_BYTES + IP4_BYTES);
	CHECK(room == 1480);
	host_tx_cancel(r.h, &f);
	CHECK(host_tx_begin(r.h, true, &f, &room) ==
	      f.data + ETH_BYTES + IP6_BYTES);
	CHECK(room == 1460);
	host_tx_cancel(r.h, &f);
	CHECK(port_mem_bufs_out(r.m, 0) == 0);
	rig_close(&r);
	CHECK_ROW("the buffer's with TSO");
	rig_init(&r);
	r.wire_cfg.caps[0] = PORT_CAP_TSO;
	r.wire_cfg.buf_bytes = 16384;
	rig_open(&r);
	CHECK(host_tx_begin(r.h, false, &f, &room) && room == 16384 - 34);
	host_tx_cancel(r.h, &f);
	rig_close(&r);
	CHECK_ROW("no frame left");
	rig_init(&r);
	r.wire_cfg.bufs_n = 4;
	rig_open(&r);
	{
		struct frame held[4];

		for (unsigned i = 0; i < 4; i++)
			CHECK(host_tx_begin(r.h, false, &held[i], &room));
		CHECK(host_tx_begin(r.h, false, &f, &room) == NULL);
		for (unsigned i = 0; i < 4; i++)
			host_tx_cancel(r.h, &held[i]);
	}
	rig_close(&r);
}

static void
test_tag(void)
{
	struct host_path path = { 0 };
	struct rig r;

	CHECK_ROW("a tag");
	rig_init(&r);
	r.cfg.vlan = 7;
	send_one(&r, "192.0.2.9", &path, 5, 1460);
	CHECK(rig_take(&r) && r.out.len == ETH_VLAN_MAX + 45);
	CHECK(wire_get32(r.out.p + 12) == 0x81000007);
	CHECK(wire_get16(r.out.p + 16) == ETH_TYPE_IP4);
	CHECK(port_mem_dev_verify(r.out.p, r.out.len) ==
	      (FRAME_IP_SUM_OK | FRAME_L4_SUM_OK));
	rig_close(&r);
}

static void
test_small_path(void)
{
	struct ip ip = ip_of("192.0.2.9");
	struct host_path path = { 0 };
	struct rig r;
	uint16_t id;

	CHECK_ROW("below the least MTU: no DF, and an ID that counts");
	rig_init(&r);
	send_one(&r, "192.0.2.9", &path, 5, 1460);
	CHECK(rig_take(&r));
	host_pmtu_learn(r.h, &ip, 296, r.now_us);
	CHECK(rig_send(&r, "192.0.2.9", &path, 5, 512) && rig_take(&r));
	CHECK(path.mtu == 552 && wire_get16(r.out.p + 20) == 0);
	id = wire_get16(r.out.p + 18);
	CHECK(rig_send(&r, "192.0.2.9", &path, 5, 512) && rig_take(&r));
	CHECK(wire_get16(r.out.p + 18) == (uint16_t)(id + 1));
	rig_close(&r);
}

static void
test_batch(void)
{
	struct host_path path = { 0 };
	struct host_stats s;
	struct rig r;

	CHECK_ROW("a full batch leaves by itself");
	rig_init(&r);
	send_one(&r, "192.0.2.9", &path, 5, 1460);
	for (unsigned i = 1; i < PORT_BURST_MAX; i++) {
		CHECK(port_mem_waiting_n(r.m) == 0);
		CHECK(rig_send(&r, "192.0.2.9", &path, 5, 1460));
	}
	CHECK(port_mem_waiting_n(r.m) == PORT_BURST_MAX);
	CHECK(rig_send(&r, "192.0.2.9", &path, 5, 1460));
	CHECK(rig_drain(&r) == PORT_BURST_MAX + 1);
	host_stats_get(r.h, &s);
	CHECK(s.tx_n > PORT_BURST_MAX);
	rig_close(&r);
}

int
main(void)
{
	test_headers();
	test_tso();
	test_room();
	test_tag();
	test_small_path();
	test_batch();
	return check_end();
}
