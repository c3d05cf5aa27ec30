/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames from the input into two hosts of one port: Ethernet, ARP, IPv4, IPv6,
 * ICMP, neighbour discovery, router advertisements, over virtual time. After
 * each frame: it is a segment or in exactly one counter, replies are few and
 * well formed, caches are within their bounds; in the end no buffer is lost.
 *
 * Input: a byte of options, then records: operation, two bytes of length (or
 * of time, or which destination), and the frame. Sums and addresses are put
 * right where the operation says so, else hardly any frame would get through.
 */
#include "dataplane/cksum.h"
#include "dataplane/host_int.h"
#include "dataplane/port_mem.h"
#include "dataplane/port_mem_dev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { HOSTS_N = 2, FRAME_MAX = 1700, REPLIES_MAX = 2 };
enum { TIME_UNIT_US = 1000 }; /* at most 65 s at once: wheels turn by 1 ms */
enum { OP_TIME = 0, OP_SEND = 1, OP_PMTU = 2 }; /* else: a frame */
enum { FIX_MAC = 1 << 4, FIX_SUM = 1 << 5, FIX_DST = 1 << 6 };

struct world {
	struct port_mem *m;
	struct host_share *share;
	struct host *hosts[HOSTS_N];
	uint64_t now_us;
};

static const uint8_t us_mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	must(ip_parse(span_of(text), &ip));
	return ip;
}

static void
world_open(struct world *w, uint8_t options)
{
	struct port_mem_cfg wire = port_mem_cfg_default;
	struct host_cfg cfg = { .gateway4 = ip_of("192.0.2.254"),
				.neigh_n_max = 16,
				.pmtu_n_max = 16 };
	struct diag diag;

	wire.bufs_n = 160;
	wire.ring_n = 64;
	wire.flight_n = 256;
	wire.queues_n[0] = HOSTS_N;
	if (options & 1)
		wire.caps[0] |= PORT_CAP_VLAN_STRIP;
	if (options & 2)
		wire.caps[0] |= PORT_CAP_RX_SUM;
	if (options & 4)
		cfg.vlan = 7;
	cfg.is_slaac = options & 8;
	cfg.is_dad_skipped = options & 16;
	cfg.ends[0] = ip_of("192.0.2.1");
	cfg.addrs[0] = (struct ip_net) { ip_of("192.0.2.0"), 120 };
	cfg.ends[1] = ip_of("2001:db8::1");
	cfg.addrs[1] = (struct ip_net) { ip_of("2001:db8::"), 64 };
	cfg.addrs_n = 2;
	*w = (struct world) { .now_us = 1 };
	w->m = port_mem_open(&wire);
	cfg.share = w->share = host_share_open(HOSTS_N);
	must(w->m && w->share);
	diag_init(&diag);
	for (unsigned i = 0; i < HOSTS_N; i++) {
		w->hosts[i] = host_open(&cfg, port_mem_port(w->m, 0), i, &diag);
		must(w->hosts[i] != NULL);
	}
	diag_fini(&diag);
}

static void
check_host(struct host *h)
{
	const struct neigh_cache *c = &h->neighs;
	struct host_stats s;
	uint64_t n;
	uint32_t pending_n = 0;

	host_stats_get(h, &s);
	n = s.tcp_n + s.arp_n + s.nd_n + s.echo_n + s.icmp_n + s.passed_n;
	for (unsigned i = 0; i < HOST_DROP_N; i++)
		if (i != HOST_DROP_NEIGH && i != HOST_DROP_ROUTE)
			n += s.drops[i];
	must(n == s.rx_n);
	for (uint32_t i = 0; i < c->sets_n * NEIGH_WAYS; i++) {
		must(!c->waits[i].frame.buf ||
		     c->entries[i].state == NEIGH_INCOMPLETE);
		must(c->entries[i].state <= NEIGH_REACHABLE ||
		     wheel_is_set(&c->waits[i].timer));
		pending_n += c->waits[i].frame.buf != NULL;
	}
	must(pending_n == c->pending_n && pending_n <= NEIGH_PENDING_MAX);
	must(h->pmtus.n <= h->pmtus.sets_n * PMTU_WAYS);
	must(h->net.addrs_n <= HOST_ADDRS_ALL_MAX);
	must(h->net.routers_n <= HOST_ROUTERS_MAX);
	must(h->net.prefixes_n <= HOST_PREFIXES_MAX);
	must(h->net.mtu6 >= IP6_MTU_MIN && h->net.mtu6 <= h->mtu);
	must(h->unreach_n <= HOST_UNREACH_MAX);
}

/* What they have sent since: each in order. Gives how many. */
static unsigned
take_all(struct world *w, bool has_tag)
{
	uint8_t f[2048];
	uint32_t len;
	unsigned n = 0;

	for (unsigned i = 0; i < HOSTS_N; i++)
		host_tx_flush(w->hosts[i]);
	for (; (len = port_mem_take(w->m, 0, f, sizeof(f))) != 0; n++) {
		uint16_t type, sums = port_mem_dev_verify(f, len);
		uint32_t l2 = has_tag ? ETH_VLAN_MAX : ETH_BYTES;

		must(len > l2 && memcmp(f + 6, us_mac, 6) == 0);
		type = wire_get16(f + l2 - 2);
		if (has_tag)
			must(wire_get32(f + 12) == 0x81000007);
		must(!(sums & FRAME_SUM_BAD));
		if (type == ETH_TYPE_IP4)
			must(wire_get16(f + l2 + IP4_LEN) == len - l2);
		else if (type == ETH_TYPE_IP6)
			must(wire_get16(f + l2 + IP6_LEN) + IP6_BYTES ==
			     len - l2);
		else
			must(type == ETH_TYPE_ARP && len == l2 + 28);
	}
	return n;
}

static void
check_seg(const struct host_seg *seg)
{
	const uint8_t *data = seg->frame->data;

	must(seg->tcp >= data + ETH_BYTES + IP4_BYTES && seg->ip > data);
	must(seg->tcp + seg->tcp_bytes <= data + seg->frame->len);
	must(seg->tcp_bytes >= TCP_HDR_BYTES);
}

/* Turns of both hosts: twice, so that what one hands over is used. Gives the
 * frames that were sent meanwhile. */
static unsigned
turn(struct world *w)
{
	struct host_unreachable u;

	for (unsigned k = 0; k < 2 * HOSTS_N; k++) {
		struct host *h = w->hosts[k % HOSTS_N];
		struct port_queue *q =
			port_queue(port_mem_port(w->m, 0), k % HOSTS_N);
		struct frame frames[PORT_BURST_MAX];
		struct host_seg segs[PORT_BURST_MAX];
		unsigned n = port_rx(q, frames, PORT_BURST_MAX), segs_n;

		segs_n = host_input(h, frames, n, segs, w->now_us);
		must(segs_n <= n);
		for (unsigned i = 0; i < segs_n; i++)
			check_seg(&segs[i]);
		while (host_unreachable_take(h, &u))
			must(host_has_addr(h, &u.src));
		port_free(q, frames, n);
		check_host(h);
	}
	must(port_mem_bufs_out(w->m, 1) == 0);
	return take_all(w, w->hosts[0]->vlan != 0);
}

static void
step(struct world *w, uint64_t us)
{
	w->now_us += us;
	port_mem_advance(w->m, w->now_us);
	for (unsigned i = 0; i < HOSTS_N; i++)
		must(host_step(w->hosts[i], w->now_us) >= w->now_us);
	turn(w);
}

static void
put_sum(uint8_t *field, uint64_t sum)
{
	uint16_t v = cksum_end(sum);

	memcpy(field, &v, 2);
}

/* Sums as they should be, wherever the headers say that they are. */
static void
fix_sums(uint8_t *ip, uint32_t len)
{
	uint32_t at, l4_bytes;
	uint64_t sum;
	uint8_t proto;

	if (len >= IP4_BYTES && ip[0] >> 4 == 4) {
		at = (ip[0] & 15) * 4u;
		if (at < IP4_BYTES || at > len)
			return;
		wire_put16(ip + IP4_LEN, (uint16_t)len);
		memset(ip + IP4_SUM, 0, 2);
		put_sum(ip + IP4_SUM, cksum_add(0, ip, at));
		proto = ip[IP4_PROTO];
		l4_bytes = len - at;
		sum = proto == IP_PROTO_ICMP
			      ? 0
			      : cksum_pseudo4(ip, proto, l4_bytes);
	} else if (len >= IP6_BYTES && ip[0] >> 4 == 6) {
		wire_put16(ip + IP6_LEN, (uint16_t)(len - IP6_BYTES));
		proto = ip[IP6_NEXT];
		for (at = IP6_BYTES;
		     (proto == 0 || proto == 60) && at + 8 <= len;) {
			proto = ip[at];
			at += (ip[at + 1] + 1u) * 8;
		}
		if (at > len)
			return;
		l4_bytes = len - at;
		sum = cksum_pseudo6(ip, proto, l4_bytes);
	} else {
		return;
	}
	if (proto == IP_PROTO_TCP && l4_bytes >= TCP_HDR_BYTES)
		at += TCP_HDR_SUM;
	else if ((proto == IP_PROTO_ICMP || proto == IP_PROTO_ICMP6) &&
		 l4_bytes >= 4)
		at += 2;
	else
		return;
	memset(ip + at, 0, 2);
	put_sum(ip + at, cksum_add(sum, ip + len - l4_bytes, l4_bytes));
}

static void
frame_put(struct world *w, uint8_t op, uint8_t *f, uint32_t len)
{
	uint32_t l2 = w->hosts[0]->l2_bytes;
	struct ip us = ip_of("2001:db8::1");
	uint64_t before;

	if (op & FIX_MAC && len >= l2) {
		if (!(f[0] & 1))
			memcpy(f, us_mac, 6);
		f[6] &= 0xfe;
		if (l2 == ETH_VLAN_MAX)
			wire_put32(f + 12, 0x81000007);
	}
	if (op & FIX_DST && len >= l2 + IP6_BYTES) {
		if (f[l2] >> 4 == 4)
			memcpy(f + l2 + IP4_DST, "\xc0\0\2\1", 4);
		else if (f[l2 + IP6_DST] != 0xff)
			memcpy(f + l2 + IP6_DST, us.b, 16);
	}
	if (op & FIX_SUM && len > l2)
		fix_sums(f + l2, len - l2);
	must(port_mem_inject(w->m, 0, f, len));
	before = port_mem_bufs_out(w->m, 0);
	must(turn(w) <= REPLIES_MAX);
	/* Only packets that wait for a neighbour stay. */
	must(port_mem_bufs_out(w->m, 0) <= before + 1);
}

/* A segment of ours leaves, if there is a way. */
static void
segment_send(struct world *w, uint16_t which)
{
	static const char *const dsts[] = { "192.0.2.9", "198.51.100.7",
					    "2001:db8::9", "2001:db8:1::7",
					    "fe80::9" };
	struct host *h = w->hosts[which % HOSTS_N];
	struct ip dst = ip_of(dsts[which / HOSTS_N % ARRAY_N(dsts)]), src;
	struct host_path path = { 0 };
	struct frame f;
	uint32_t room;
	uint8_t *tcp;

	dst.b[15] = (uint8_t)(which >> 8 | 8);
	if (!host_source(h, &dst, &src) ||
	    !host_path_find(h, &dst, &path, w->now_us))
		return;
	must(path.mtu >= PMTU_MIN4 && path.mtu <= 1500);
	tcp = host_tx_begin(h, !ip_is_v4(&dst), &f, &room);
	must(tcp != NULL);
	memset(tcp, 0, TCP_HDR_BYTES);
	tcp[12] = 0x50;
	host_tx_end(h, &f, &src, &dst, &path, TCP_HDR_BYTES, 500, false,
		    w->now_us);
	turn(w);
}

static void
world_close(struct world *w)
{
	for (unsigned i = 0; i < 12; i++)
		step(w, 1100000);
	for (unsigned i = 0; i < HOSTS_N; i++) {
		must(w->hosts[i]->neighs.pending_n == 0);
		host_close(&w->hosts[i]);
	}
	must(port_mem_bufs_out(w->m, 0) == 0);
	must(port_mem_bufs_out(w->m, 1) == 0);
	port_mem_close(&w->m);
	host_share_close(&w->share);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t frame[FRAME_MAX];
	struct world w;

	if (n < 1)
		return 0;
	world_open(&w, data[0]);
	data++;
	n--;
	for (unsigned ops = 0; n >= 3 && ops < 64; ops++) {
		uint8_t op = data[0];
		uint16_t arg = wire_get16(data + 1);
		struct ip dst = ip_of("203.0.113.9");

		data += 3;
		n -= 3;
		switch (op & 15) {
		case OP_TIME:
			step(&w, (uint64_t)arg * TIME_UNIT_US);
			continue;
		case OP_SEND:
			segment_send(&w, arg);
			continue;
		case OP_PMTU:
			dst.b[15] = (uint8_t)arg;
			host_pmtu_learn(w.hosts[0], &dst, arg, w.now_us);
			continue;
		}
		arg %= FRAME_MAX;
		if (arg > n)
			arg = (uint16_t)n;
		if (arg == 0)
			continue;
		memcpy(frame, data, arg);
		frame_put(&w, op, frame, arg);
		data += arg;
		n -= arg;
	}
	world_close(&w);
	return 0;
}
