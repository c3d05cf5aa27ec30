/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three hosts on three queues of one port: what one learns, all know. Each has
 * its turn in order here; the rings' own test is between threads.
 */
#include "dataplane/host_share.h"
#include "dataplane/icmp6.h"
#include "tests/unit/host_rig.h"

enum { HOSTS_N = 3 };

struct trio {
	struct rig rig; /* its wire, clock and first host */
	struct host_share *share;
	struct host *hosts[HOSTS_N];
};

static void
trio_open(struct trio *t, bool is_dad_skipped)
{
	struct rig *r = &t->rig;

	rig_init(r);
	r->wire_cfg.queues_n[0] = HOSTS_N;
	r->cfg.is_dad_skipped = is_dad_skipped;
	t->share = r->cfg.share = host_share_open(HOSTS_N);
	CHECK(t->share != NULL);
	rig_start(r);
	t->hosts[0] = r->h;
	for (unsigned i = 1; i < HOSTS_N; i++) {
		t->hosts[i] =
			host_open(&r->cfg, port_mem_port(r->m, 0), i, &r->diag);
		CHECK(t->hosts[i] != NULL);
	}
}

/* One turn of each; gives the frames that have left. */
static unsigned
trio_turn(struct trio *t, uint64_t us)
{
	unsigned n = 0;

	t->rig.now_us += us;
	port_mem_advance(t->rig.m, t->rig.now_us);
	for (unsigned i = 0; i < HOSTS_N; i++) {
		struct port_queue *q =
			port_queue(port_mem_port(t->rig.m, 0), i);
		struct frame frames[PORT_BURST_MAX];
		struct host_seg segs[PORT_BURST_MAX];
		unsigned frames_n = port_rx(q, frames, PORT_BURST_MAX);

		host_input(t->hosts[i], frames, frames_n, segs, t->rig.now_us);
		port_free(q, frames, frames_n);
		host_step(t->hosts[i], t->rig.now_us);
		host_tx_flush(t->hosts[i]);
	}
	while (rig_take(&t->rig))
		n++;
	return n;
}

static void
trio_close(struct trio *t)
{
	for (unsigned i = HOSTS_N; i-- > 0;) {
		t->rig.h = t->hosts[i];
		rig_balance(&t->rig);
		if (i)
			host_close(&t->hosts[i]);
	}
	rig_close(&t->rig);
	host_share_close(&t->share);
	CHECK(t->share == NULL);
	host_share_close(&t->share);
}

/* A frame that arrives at a queue of our choice, whatever the hash says. */
static void
put_at(struct trio *t, unsigned i, struct bytes *b)
{
	struct frame f = { .data = b->p, .len = b->len };
	struct host_seg seg;

	CHECK(host_input(t->hosts[i], &f, 1, &seg, t->rig.now_us) == 0);
}

static void
test_neighbours(void)
{
	struct ip peer = ip_of("192.0.2.9"), peer6 = ip_of("2001:db8::9");
	struct host_path path = { 0 };
	struct trio t;
	struct bytes b;

	CHECK_ROW("asked by one, answered to another, known to all");
	trio_open(&t, true);
	for (unsigned i = 0; i < 10; i++)
		trio_turn(&t, 1000000);
	t.rig.h = t.hosts[1];
	CHECK(rig_send(&t.rig, "192.0.2.9", &path, 5, 1460));
	CHECK(rig_take(&t.rig));
	CHECK(host_step(t.hosts[1], t.rig.now_us) <=
	      t.rig.now_us + SHARE_WAITING_US);
	rig_arp(&b, mac_us, 2, mac_peer, "192.0.2.9", "192.0.2.1");
	put_at(&t, 2, &b);
	CHECK(neigh_find(t.hosts[1], &peer)->state == NEIGH_INCOMPLETE);
	CHECK(trio_turn(&t, 1) == 1);
	CHECK(neigh_find(t.hosts[1], &peer)->state == NEIGH_REACHABLE);
	CHECK_ROW("IPv6");
	path = (struct host_path) { 0 };
	CHECK(rig_send(&t.rig, "2001:db8::9", &path, 5, 1440));
	CHECK(rig_take(&t.rig));
	rig_nd(&b, mac_us, "2001:db8::9", "2001:db8::1", 136, 0x60,
	       "2001:db8::9", mac_peer);
	put_at(&t, 1, &b);
	CHECK(trio_turn(&t, 1) + trio_turn(&t, 1) == 1);
	CHECK(neigh_find(t.hosts[1], &peer6)->state == NEIGH_REACHABLE);
	t.rig.h = t.hosts[1];
	CHECK_ROW("a question at another queue is answered by the first");
	rig_arp(&b, mac_all, 1, mac_peer, "192.0.2.9", "192.0.2.1");
	put_at(&t, 2, &b);
	CHECK(trio_turn(&t, 1) == 1);
	t.rig.h = t.hosts[0];
	trio_close(&t);
}

static void
test_addresses(void)
{
	struct ip us = ip_of("2001:db8::1"), v4 = ip_of("192.0.2.1");
	struct trio t;

	CHECK_ROW("probed by one, valid for all");
	trio_open(&t, false);
	for (unsigned i = 0; i < HOSTS_N; i++) {
		CHECK(!host_has_addr(t.hosts[i], &us));
		CHECK(host_has_addr(t.hosts[i], &v4));
	}
	for (unsigned i = 0; i < 60; i++)
		trio_turn(&t, 100000);
	for (unsigned i = 0; i < HOSTS_N; i++)
		CHECK(host_has_addr(t.hosts[i], &us));
	trio_close(&t);
}

static void
error_make(struct bytes *b, uint16_t port)
{
	struct ip src = ip_of("192.0.2.1"), dst = ip_of("203.0.113.5");
	struct ip router = ip_of("198.51.100.1");

	frame_eth(b, mac_us, mac_peer, ETH_TYPE_IP4);
	frame_ip(b, &router, &src, IP_PROTO_ICMP, 64, 36);
	bytes_add32(b, 0x03010000);
	bytes_add32(b, 0);
	frame_ip(b, &src, &dst, IP_PROTO_TCP, 64, 20);
	bytes_add16(b, port);
	bytes_add16(b, 25);
	bytes_add32(b, 1);
	wire_put16(b->p + 36, (uint16_t)~frame_sum(0, b->p + 34, 36));
}

static void
test_errors(void)
{
	struct ip us = ip_of("192.0.2.1"), peer = ip_of("203.0.113.5");
	struct host_unreachable u;
	unsigned seen[HOSTS_N] = { 0 };
	struct trio t;
	struct bytes b;

	CHECK_ROW("errors reach the flow's own host from every queue");
	trio_open(&t, true);
	trio_turn(&t, 1);
	for (uint16_t port = 1000; port < 1030; port++) {
		unsigned want = port_queue_of(port_mem_port(t.rig.m, 0), &peer,
					      25, &us, port);

		error_make(&b, port);
		put_at(&t, port % HOSTS_N, &b);
		trio_turn(&t, 1);
		trio_turn(&t, 1);
		for (unsigned i = 0; i < HOSTS_N; i++) {
			bool has = host_unreachable_take(t.hosts[i], &u);

			CHECK(has == (i == want));
			if (has)
				CHECK(u.src_port == port);
			seen[i] += has;
		}
	}
	CHECK(seen[0] && seen[1] && seen[2]);
	trio_close(&t);
}

static void
test_bounds(void)
{
	struct host_stats s;
	struct trio t;
	struct bytes b;

	CHECK_ROW("a full ring loses, counts, and recovers");
	trio_open(&t, true);
	trio_turn(&t, 1);
	rig_arp(&b, mac_us, 2, mac_peer, "192.0.2.9", "192.0.2.1");
	for (unsigned i = 0; i < SHARE_RING_N + 10; i++)
		put_at(&t, 1, &b);
	host_stats_get(t.hosts[1], &s);
	CHECK(s.unshared_n == 10 && s.passed_n == SHARE_RING_N + 10);
	trio_turn(&t, 1);
	host_stats_get(t.hosts[0], &s);
	CHECK(s.arp_n == SHARE_RING_N);
	put_at(&t, 1, &b);
	trio_turn(&t, 1);
	trio_turn(&t, 1);
	host_stats_get(t.hosts[0], &s);
	CHECK(s.arp_n == SHARE_RING_N + 1);
	CHECK_ROW("too long to be handed over");
	b.len = SHARE_FRAME_MAX + 1;
	put_at(&t, 1, &b);
	host_stats_get(t.hosts[1], &s);
	CHECK(s.unshared_n == 11);
	trio_close(&t);
}

int
main(void)
{
	test_neighbours();
	test_addresses();
	test_errors();
	test_bounds();
	return check_end();
}
