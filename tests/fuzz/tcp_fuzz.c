/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments from a peer that may say anything, over virtual time, beside an
 * owner who opens, reads, writes and closes. After every operation all
 * invariants are looked at (tcp_check()), each segment sent is well formed and
 * carries the bytes that belong there, each byte read is the one of its place;
 * in the end nothing is left over.
 *
 * Input: two bytes of options, then operations: enum op in the low four bits,
 * the flow in the high ones, and what the operation reads. Sequence numbers are
 * relative to what the stack expects, or no segment would get far. Every byte
 * of text is a function of its sequence number.
 */
#include "tests/unit/tcp_host_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { FLOWS_N = 16, TEXT_MAX = 3000, LOCAL_PORT = 25, PEER_PORT = 40000 };
enum { FRAMES_MAX = 4096 }; /* of one operation */

enum op {
	OP_TIME_MS,
	OP_TIME_S,
	OP_SEGMENT, /* the rest of a segment with valid timestamps */
	OP_SEGMENT_RAW,
	OP_SEGMENT_BURST, /* waits for the next */
	OP_SYN,
	OP_CONNECT,
	OP_READ,
	OP_WRITE,
	OP_SHUT_TX,
	OP_SHUT,
	OP_ABORT,
	OP_ICMP,
	OP_FRAMES,
	OP_ACCEPT,
	OP_ACK, /* of all that was sent */
};

struct flow {
	struct tcp_conn *c;
	struct tcp_key key; /* the stack's view */
	uint32_t read_seq;  /* of the next byte to be read */
	uint32_t last_seq;  /* behind the last segment sent to it */
	uint32_t last_ts;   /* its TSval */
	uint32_t peer_ts;
	bool is_ended; /* its end has been read */
};

struct world {
	const uint8_t *p, *end; /* input left */
	struct host *h;
	struct tcp *t;
	struct ready ready;
	uint64_t now_us;
	struct flow flows[FLOWS_N];
	struct host_seg segs[PORT_BURST_MAX];
	unsigned segs_n, frames_n;
};

static uint8_t
byte_at(uint32_t seq)
{
	return (uint8_t)(seq ^ seq >> 8 ^ seq >> 16);
}

static uint32_t
take(struct world *w, unsigned bytes)
{
	uint32_t x = 0;

	while (bytes--) {
		x = x << 8 | (w->p < w->end ? *w->p : 0);
		w->p += w->p < w->end;
	}
	return x;
}

/* --- what the stack sends --- */

static void
on_frame(void *ctx, const struct tcp_rig_frame *fr)
{
	struct world *w = ctx;
	const uint8_t *p = fr->bytes;
	uint32_t head = (uint32_t)(p[12] >> 4) * 4, seq = wire_get32(p + 4);
	struct tcp_opts o;

	must(++w->frames_n < FRAMES_MAX);
	must(head >= TCP_HDR_BYTES && head <= fr->len);
	must(tcp_opt_read(p + TCP_HDR_BYTES, head - TCP_HDR_BYTES, &o));
	must(fr->len <=
	     (w->h->tso_room ? w->h->tso_room
			     : w->h->mtu - (tcp_is_v6(&fr->key) ? 40u : 20u)));
	must(!(p[13] & TCP_SYN) || fr->len == head);
	must(!(p[13] & TCP_SYN) || !(p[13] & (TCP_FIN | TCP_RST)));
	for (uint32_t i = 0; i < fr->len - head; i++)
		must(p[head + i] == byte_at(seq + i));
	for (unsigned i = 0; i < FLOWS_N; i++) {
		struct flow *f = &w->flows[i];

		if (!tcp_key_is_equal(&f->key, &fr->key))
			continue;
		f->last_seq = seq + fr->len - head + !!(p[13] & TCP_SYN) +
			      !!(p[13] & TCP_FIN);
		if (o.has_ts)
			f->last_ts = o.ts_val;
	}
}

/* --- what the peer sends --- */

/* What the stack has for a flow: its RCV.NXT and SND.MAX. */
static void
expected(const struct world *w, const struct flow *f, uint32_t *seq_out,
	 uint32_t *ack_out)
{
	const struct tcp *t = w->t;
	uint32_t ref =
		tcp_find(t, &f->key, tcp_hash_key(&t->hash_secret, &f->key));
	uint32_t i = ref & TCP_REF_IDX;

	*seq_out = 0xfffff000;
	*ack_out = f->last_seq;
	if (ref == 0)
		return;
	if ((ref & TCP_REF_KIND) == TCP_REF_CONN) {
		*seq_out = tcp_conn_at(t, i)->rcv_nxt;
		*ack_out = tcp_conn_at(t, i)->snd_max;
	} else if ((ref & TCP_REF_KIND) == TCP_REF_SYN) {
		*seq_out = tcp_syn_rec(&t->syns, i)->irs + 1;
		*ack_out = tcp_syn_rec(&t->syns, i)->iss + 1;
	} else {
		*seq_out = tcp_wait_rec(&t->waits, i)->rcv_nxt;
		*ack_out = tcp_wait_rec(&t->waits, i)->snd_nxt;
	}
}

/* A byte as a distance: small, a few segments, far, or half the space. */
static uint32_t
distance(struct world *w)
{
	uint32_t x = take(w, 1);
	int32_t by = (int32_t)(x >> 2) - 32;

	switch (x & 3) {
	case 0:
		return (uint32_t)by;
	case 1:
		return (uint32_t)(by * 500);
	case 2:
		return (uint32_t)(by * 9973);
	default:
		return (uint32_t)by << 26;
	}
}

static void
flush(struct world *w)
{
	if (w->segs_n)
		tcp_input(w->t, w->segs, w->segs_n, &w->ready, w->now_us);
	tcp_burst_end(w->t, w->now_us);
	for (unsigned i = 0; i < w->segs_n; i++) {
		free((void *)(uintptr_t)w->segs[i].tcp);
		free((void *)(uintptr_t)w->segs[i].ip);
	}
	w->segs_n = 0;
	tcp_check(w->t);
	w->frames_n = 0;
}

/* head: the header's options, n bytes; the rest is text. */
static void
put_segment(struct world *w, const struct flow *f, uint32_t seq, uint32_t ack,
	    uint8_t flags, const uint8_t *opts, uint32_t opts_n,
	    uint32_t text_n)
{
	uint32_t head = TCP_HDR_BYTES + (opts_n + 3) / 4 * 4;
	uint8_t *p = calloc(1, head + text_n), *ip = calloc(1, IP6_BYTES);
	bool is_v6 = tcp_is_v6(&f->key);

	must(p != NULL && ip != NULL);
	if (is_v6) {
		memcpy(ip + IP6_SRC, f->key.peer.b, 16);
		memcpy(ip + IP6_DST, f->key.local.b, 16);
	} else {
		memcpy(ip + IP4_SRC, f->key.peer.b + 12, 4);
		memcpy(ip + IP4_DST, f->key.local.b + 12, 4);
	}
	wire_put16(p, f->key.peer_port);
	wire_put16(p + 2, f->key.local_port);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	p[12] = (uint8_t)(head / 4 << 4);
	p[13] = flags;
	wire_put16(p + 14, (uint16_t)take(w, 2));
	memcpy(p + TCP_HDR_BYTES, opts, opts_n);
	for (uint32_t i = 0; i < text_n; i++)
		p[head + i] = byte_at(seq + !!(flags & TCP_SYN) + i);
	w->segs[w->segs_n++] = (struct host_seg) {
		.tcp = p,
		.tcp_bytes = head + text_n,
		.ip = ip,
		.is_v6 = is_v6,
		.is_ce = (flags & TCP_URG) != 0,
	};
}

static void
segment(struct world *w, struct flow *f, bool is_raw)
{
	uint8_t opts[TCP_OPTS_BYTES_MAX] = { 0 }, flags = (uint8_t)take(w, 1);
	uint32_t seq, ack, n = 0, text_n;

	expected(w, f, &seq, &ack);
	seq += distance(w);
	ack += distance(w);
	text_n = take(w, 2) % TEXT_MAX;
	if (is_raw) {
		n = take(w, 1) % (TCP_OPTS_BYTES_MAX + 1);
		for (uint32_t i = 0; i < n; i++)
			opts[i] = (uint8_t)take(w, 1);
	} else {
		struct tcp_opts o = { .has_ts = true, .ts_ecr = f->last_ts };
		uint32_t sacks = take(w, 1);

		f->peer_ts += (sacks >> 4) & 7;
		o.ts_val = f->peer_ts - (sacks >> 7) * 100;
		for (o.sacks_n = 0; o.sacks_n < (sacks & 3); o.sacks_n++) {
			o.sacks[o.sacks_n].start = ack + distance(w);
			o.sacks[o.sacks_n].end = ack + distance(w);
		}
		n = tcp_opt_write(&o, opts);
	}
	put_segment(w, f, seq, ack, flags, opts, n, text_n);
}

static void
syn(struct world *w, struct flow *f)
{
	uint8_t opts[TCP_OPTS_BYTES_MAX];
	uint32_t kind = take(w, 1), seq, ack;
	struct tcp_opts o = { .has_mss = kind & 1,
			      .mss = (uint16_t)(kind * 40),
			      .has_wscale = (kind & 2) != 0,
			      .wscale = kind >> 4,
			      .has_ts = (kind & 4) != 0,
			      .ts_val = f->peer_ts,
			      .is_sack_ok = (kind & 8) != 0 };

	expected(w, f, &seq, &ack);
	put_segment(w, f, seq + distance(w), 0,
		    kind & 128 ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN, opts,
		    tcp_opt_write(&o, opts), 0);
}

static void
plain_ack(struct world *w, struct flow *f)
{
	uint8_t opts[TCP_OPTS_BYTES_MAX];
	struct tcp_opts o = { .has_ts = true,
			      .ts_val = f->peer_ts,
			      .ts_ecr = f->last_ts };
	uint32_t seq, ack;

	expected(w, f, &seq, &ack);
	put_segment(w, f, seq, ack, TCP_ACK, opts, tcp_opt_write(&o, opts), 0);
}

/* --- what the owner does --- */

static void
accept_one(struct world *w)
{
	struct tcp_conn *c = tcp_accept(w->t);

	if (c == NULL)
		return;
	for (unsigned i = 0; i < FLOWS_N; i++) {
		struct flow *f = &w->flows[i];

		if (f->c != NULL || !tcp_key_is_equal(&f->key, &c->key))
			continue;
		f->c = c;
		f->is_ended = false;
		f->read_seq = c->rcv_nxt - c->rx.bytes - c->burst_bytes -
			      !!(c->flags & TCP_F_FIN_RCVD);
		return;
	}
	tcp_abort(w->t, &c); /* the flow has an owner for its last one */
}

static void
connect_one(struct world *w, struct flow *f)
{
	struct ip peer = f->key.peer;

	if (f->c != NULL)
		return;
	f->c = tcp_connect(w->t, &peer, f->key.peer_port, w->now_us);
	if (f->c == NULL)
		return;
	f->key = f->c->key;
	f->last_seq = f->c->snd_max;
	f->is_ended = false;
	f->read_seq = 0; /* known with the first byte */
}

static void
read_some(struct world *w, struct flow *f, uint32_t n)
{
	struct tcp_conn *c = f->c;
	struct span in;
	enum net_rx rx;

	if (c == NULL)
		return;
	/* The first one of an active open: from here on, it has to go on. */
	if ((c->flags & TCP_F_ACTIVE) && f->read_seq == 0)
		f->read_seq = c->rcv_nxt - c->rx.bytes - c->burst_bytes -
			      !!(c->flags & TCP_F_FIN_RCVD);
	while ((rx = tcp_rx(w->t, c, &in)) == NET_RX_BYTES && n) {
		uint32_t use = in.len < n ? (uint32_t)in.len : n;

		must(!f->is_ended);
		for (uint32_t i = 0; i < use; i++)
			must((uint8_t)in.p[i] == byte_at(f->read_seq + i));
		f->read_seq += use;
		n -= use;
		tcp_rx_done(w->t, c, use);
	}
	if (rx == NET_RX_END)
		f->is_ended = true;
}

static void
write_some(struct world *w, struct flow *f, uint32_t n)
{
	static char bytes[65536];
	struct tcp_conn *c = f->c;
	uint32_t seq;

	if (c == NULL || (c->flags & TCP_F_FIN_WANTED) || n > sizeof(bytes))
		return;
	seq = tcp_tx_end(c) + (c->state < TCP_ESTABLISHED);
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (char)byte_at(seq + i);
	(void)!tcp_tx(w->t, c, (struct span) { bytes, n });
}

static void
give_up(struct world *w, struct flow *f, bool is_abort)
{
	if (f->c == NULL)
		return;
	ready_remove(&w->ready, tcp_ready_node(f->c));
	if (is_abort)
		tcp_abort(w->t, &f->c);
	else
		tcp_shut(w->t, &f->c);
}

static void
icmp(struct world *w, struct flow *f)
{
	uint32_t seq, ack;
	struct host_unreachable u = { .src = f->key.local,
				      .dst = f->key.peer,
				      .src_port = f->key.local_port,
				      .dst_port = f->key.peer_port };

	expected(w, f, &seq, &ack);
	u.seq = ack - 1 + distance(w);
	u.mtu = (uint16_t)take(w, 2);
	u.is_hard = u.mtu == 0;
	tcp_unreachable(w->t, &u, &w->ready, w->now_us);
}

static void
go_on(struct world *w, uint64_t us)
{
	uint64_t end = w->now_us + us;
	unsigned turns = 0;

	while (w->now_us < end) {
		uint64_t next = tcp_next_us(w->t);

		/* Waiting for frames, it would ask for each microsecond. */
		if (next <= w->now_us)
			next = w->now_us + 20000;
		w->now_us = next < end ? next : end;
		tcp_timers(w->t, &w->ready, w->now_us);
		flush(w);
		if (++turns == 300)
			w->now_us = end;
	}
}

static void
step(struct world *w)
{
	uint32_t op = take(w, 1), n;
	struct flow *f = &w->flows[op >> 4];

	switch ((enum op)(op & 15)) {
	case OP_TIME_MS:
		go_on(w, take(w, 1) * 1000ull);
		break;
	case OP_TIME_S:
		go_on(w, take(w, 1) * 500000ull);
		break;
	case OP_SEGMENT:
	case OP_SEGMENT_RAW:
		segment(w, f, (op & 15) == OP_SEGMENT_RAW);
		break;
	case OP_SEGMENT_BURST:
		segment(w, f, false);
		if (w->segs_n < PORT_BURST_MAX)
			return;
		break;
	case OP_SYN:
		syn(w, f);
		break;
	case OP_CONNECT:
		connect_one(w, f);
		break;
	case OP_READ:
		read_some(w, f, take(w, 1) * 64);
		break;
	case OP_WRITE:
		n = take(w, 1);
		write_some(w, f, n * n);
		break;
	case OP_SHUT_TX:
		if (f->c != NULL)
			tcp_shut_tx(w->t, f->c);
		break;
	case OP_SHUT:
	case OP_ABORT:
		give_up(w, f, (op & 15) == OP_ABORT);
		break;
	case OP_ICMP:
		icmp(w, f);
		break;
	case OP_FRAMES:
		n = take(w, 1);
		w->h->frames_left = n > 64 ? UINT_MAX : n;
		break;
	case OP_ACCEPT:
		accept_one(w);
		break;
	case OP_ACK:
		plain_ack(w, f);
		break;
	}
	flush(w);
	while (ready_get(&w->ready) != NULL)
		;
}

static void
world_open(struct world *w)
{
	static struct host *h; /* big: once */
	static const struct ip any, v6_local = { { 0x20, 1, 13, 0xb8, 1 } },
				    v6_peer = { { 0x20, 1, 13, 0xb8, 2 } };
	struct tcp_cfg cfg = tcp_rig_cfg();
	uint32_t bits = take(w, 2);

	if (h == NULL)
		h = tcp_rig_host_open();
	h->on_frame = on_frame;
	h->ctx = w;
	h->frames_left = UINT_MAX;
	h->mtu = bits & 1 ? 1500 : 9000;
	h->is_deaf = false;
	h->tso_room = (bits & 0x300) == 0x300 ? 9000 : 0;
	w->h = h;
	w->now_us = 1000000000ull + (uint64_t)(bits >> 8) * 16777216000ull;
	cfg.conns_max = 12;
	cfg.tx_bytes_max = 40000;
	cfg.rx_bytes_max = bits & 2 ? 65535 : bits & 4 ? 3000 : 200000;
	cfg.memory_bytes_max = bits & 8 ? 64 * 1024 : 1 << 20;
	cfg.has_sack = !(bits & 16);
	cfg.has_timestamps = !(bits & 32);
	cfg.has_ecn = (bits & 64) != 0;
	cfg.is_cookie_only = (bits & 128) != 0;
	cfg.keepalive_us = 100 * 1000000ull;
	w->t = tcp_open(&cfg, h, w->now_us);
	must(tcp_listen(w->t, &any, LOCAL_PORT, 0) == 0);
	for (unsigned i = 0; i < FLOWS_N; i++)
		w->flows[i].key = (struct tcp_key) {
			i & 1 ? v6_local : tcp_rig_local,
			i & 1 ? v6_peer : tcp_rig_peer,
			LOCAL_PORT,
			(uint16_t)(PEER_PORT + i),
		};
}

static void
world_close(struct world *w)
{
	struct tcp *t = w->t;
	struct tcp_conn *c;

	flush(w);
	for (unsigned i = 0; i < FLOWS_N; i++)
		give_up(w, &w->flows[i], true);
	while ((c = tcp_accept(t)) != NULL)
		tcp_abort(t, &c);
	w->h->frames_left = UINT_MAX;
	w->h->is_deaf = true;
	flush(w);
	for (unsigned i = 0; i < 20 && (t->table.used_n || t->conns_n); i++)
		go_on(w, 200 * 1000000ull);
	must(t->conns_n == 0 && t->table.used_n == 0 && t->wheel.set_n == 0);
	must(t->pool.free_n == t->pool.bufs_n && t->reass.used_n == 0);
	must(t->losses.used_n == 0 && !t->syns.used_n && !t->waits.used_n);
	tcp_close(&w->t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world *w = must_alloc(sizeof(*w));

	w->p = data;
	w->end = data + n;
	world_open(w);
	for (unsigned i = 0; i < 200 && w->p < w->end; i++)
		step(w);
	world_close(w);
	free(w);
	return 0;
}
