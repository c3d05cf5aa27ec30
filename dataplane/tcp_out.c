/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending: which bytes may go now, and the acknowledgment with them. What goes
 * is copied from the connection's buffers into a fresh frame each time.
 */
#include "dataplane/tcp_int.h"
#include "dataplane/wire.h"

#define IP4_HEAD 20u
#define IP6_HEAD 40u

static uint32_t
ip_head(bool is_v6)
{
	return is_v6 ? IP6_HEAD : IP4_HEAD;
}

static bool
is_conn_v6(const struct tcp_conn *c)
{
	return (c->flags & TCP_F_V6) != 0;
}

uint32_t
tcp_mss(const struct tcp_conn *c)
{
	uint32_t head = ip_head(is_conn_v6(c)) + TCP_HDR_BYTES, mss;

	mss = c->path.mtu > head ? c->path.mtu - head : 1;
	if (c->mss < mss)
		mss = c->mss;
	/* RFC 6691: options come out of the MSS. */
	if ((c->flags & TCP_F_TS) && mss > TCP_TS_BYTES)
		mss -= TCP_TS_BYTES;
	return mss;
}

uint16_t
tcp_mss_to_offer(const struct tcp_key *k, const struct host_path *path)
{
	uint32_t head = ip_head(tcp_is_v6(k)) + TCP_HDR_BYTES;

	return (uint16_t)(path->mtu > head ? path->mtu - head : 1);
}

/* --- the window we offer --- */

uint32_t
tcp_rx_space(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t held = c->rx.bytes + c->burst_bytes, space;
	uint64_t left;

	if (held >= t->cfg.rx_bytes_max)
		return 0;
	space = t->cfg.rx_bytes_max - held;
	/* No more than tcp_take_text() would take. */
	left = (uint64_t)tcp_rx_bufs_left(t) * TCP_BUF_DATA_BYTES;
	left = left > held ? left - held : 0;
	return space < left ? space : (uint32_t)left;
}

/* RFC 9293 section 3.8.6.2.2: the edge moves by a segment or not at all. */
static uint32_t
next_edge(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t space = tcp_rx_space(t, c), most, edge;
	uint32_t least = t->cfg.rx_bytes_max / 2;

	/* No further than the header's field can say. */
	most = 0xffffu << tcp_rcv_wscale(c);
	edge = c->rcv_nxt + (space < most ? space : most);
	if (c->mss < least)
		least = c->mss;
	return seq_ge(edge, c->rcv_edge + least) ? edge : c->rcv_edge;
}

bool
tcp_window_opens(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t edge = next_edge(t, c);
	uint32_t had = c->rcv_edge - c->rcv_nxt, more = edge - c->rcv_edge;

	if (!tcp_is_in(c, TCP_CAN_RECEIVE))
		return false;
	return more >= t->cfg.rx_bytes_max / 2 ||
	       (had < 2u * c->mss && more >= 2u * c->mss);
}

/* The header's field; what it says is from now on our promise. */
static uint16_t
window(struct tcp *t, struct tcp_conn *c)
{
	unsigned shift = tcp_rcv_wscale(c);
	uint32_t wnd = (next_edge(t, c) - c->rcv_nxt) >> shift;

	c->rcv_edge = seq_max(c->rcv_edge, c->rcv_nxt + (wnd << shift));
	/* Rounded up: what was said is not taken back. The edge itself stays,
	 * or single bytes would push it on for ever. */
	wnd = (c->rcv_edge - c->rcv_nxt + (1u << shift) - 1) >> shift;
	return (uint16_t)(wnd > 0xffff ? 0xffff : wnd);
}

/* --- one segment --- */

static void
write_head(uint8_t *p, const struct tcp_key *k, uint32_t seq, uint32_t ack,
	   uint32_t head_bytes, uint8_t flags, uint16_t wnd)
{
	wire_put16(p, k->local_port);
	wire_put16(p + 2, k->peer_port);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	p[12] = (uint8_t)(head_bytes / 4 << 4);
	p[13] = flags;
	wire_put16(p + 14, wnd);
	wire_put32(p + 16, 0); /* checksum: the host's; urgent: never */
}

static uint8_t *
begin(struct tcp *t, bool is_v6, struct frame *f, uint32_t need)
{
	uint32_t room;
	uint8_t *p = host_tx_begin(t->host, is_v6, f, &room);

	if (p == NULL) {
		TCP_COUNT_ADD(t, NO_FRAME, 1);
		return NULL;
	}
	if (room < need) {
		host_tx_cancel(t->host, f);
		TCP_COUNT_ADD(t, NO_FRAME, 1);
		return NULL;
	}
	return p;
}

/* An ACK has gone out, with data or alone. */
static void
acked_now(struct tcp_conn *c)
{
	c->last_ack_sent = c->rcv_nxt;
	c->ack_segs = 0;
	c->flags &= ~TCP_F_ACK_NOW;
	c->timers &= (uint8_t)~TCP_T_ACK;
}

/* What is new of a segment just sent is in flight from now on. */
static void
note_sent(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t len,
	  uint32_t bytes)
{
	uint32_t end = seq + len;

	if (seq_lt(seq, c->snd_max)) {
		TCP_COUNT_ADD(t, RETRANSMITTED, 1);
		/* Karn: which of the two would the ACK be for? */
		if ((c->flags & TCP_F_TIMED) && seq_lt(seq, c->rtt_seq))
			c->flags &= ~TCP_F_TIMED;
	} else {
		TCP_COUNT_ADD(t, TX_BYTES, bytes);
		if (!(c->flags & TCP_F_TIMED)) {
			c->flags |= TCP_F_TIMED;
			c->rtt_seq = end;
			c->rtt_at_us = (uint32_t)t->now_us;
		}
	}
	c->snd_max = seq_max(c->snd_max, end);
}

static void
fin_sent(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_ESTABLISHED || c->state == TCP_SYN_RECEIVED)
		tcp_set_state(t, c, TCP_FIN_WAIT_1);
	else if (c->state == TCP_CLOSE_WAIT)
		tcp_set_state(t, c, TCP_LAST_ACK);
}

static uint8_t
ecn_flags(struct tcp_conn *c, bool is_new_data)
{
	uint8_t flags = 0;

	if (c->flags & TCP_F_ECE)
		flags |= TCP_ECE;
	if ((c->flags & TCP_F_CWR) && is_new_data) {
		flags |= TCP_CWR;
		c->flags &= ~TCP_F_CWR;
	}
	return flags;
}

uint32_t
tcp_send_at(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t bytes,
	    bool is_fin)
{
	uint32_t head = TCP_HDR_BYTES, off = seq - c->snd_una;
	bool is_new = seq == c->snd_max && bytes != 0;
	uint8_t flags = TCP_ACK;
	struct frame f;
	uint8_t *p;

	if (c->flags & TCP_F_TS)
		head += TCP_TS_BYTES;
	p = begin(t, is_conn_v6(c), &f, head + bytes);
	if (p == NULL)
		return 0;
	if (c->flags & TCP_F_TS)
		tcp_opt_write_ts(p + TCP_HDR_BYTES, tcp_ts_now(t, c),
				 c->ts_recent);
	if (is_fin)
		flags |= TCP_FIN;
	if (bytes && off + bytes == c->tx.bytes)
		flags |= TCP_PSH;
	flags |= ecn_flags(c, is_new);
	tcp_chain_read(&t->pool, &c->tx, &c->at, seq, off, p + head, bytes);
	write_head(p, &c->key, seq, c->rcv_nxt, head, flags, window(t, c));
	/* RFC 3168 section 6.1.5: what is sent again is not ECN-capable. */
	host_tx_end(t->host, &f, &c->key.local, &c->key.peer, &c->path,
		    head + bytes, tcp_mss(c), is_new && (c->flags & TCP_F_ECN),
		    t->now_us);
	TCP_COUNT_ADD(t, SEGS_OUT, 1);
	acked_now(c);
	note_sent(t, c, seq, bytes + is_fin, bytes);
	if (is_fin)
		fin_sent(t, c);
	return bytes + is_fin;
}

/* RFC 2018 section 4, RFC 2883: what was doubled first, then the latest. */
static void
take_sacks(struct tcp *t, struct tcp_conn *c, struct tcp_opts *o)
{
	unsigned max = c->flags & TCP_F_TS ? 3 : 4, n = 0;

	if (!(c->flags & TCP_F_SACK))
		return;
	if (c->flags & TCP_F_DUP) {
		o->sacks[n++] = t->dups[c->dup_idx];
		c->flags &= ~TCP_F_DUP;
	}
	if (c->reass)
		n += tcp_reass_sacks(&t->reass, c->reass, o->sacks + n,
				     max - n);
	o->sacks_n = (uint8_t)n;
}

void
tcp_send_ack(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_opts o;
	struct frame f;
	uint32_t head;
	uint8_t *p =
		begin(t, is_conn_v6(c), &f, TCP_HDR_BYTES + TCP_OPTS_BYTES_MAX);

	if (p == NULL)
		return;
	memset(&o, 0, offsetof(struct tcp_opts, sacks));
	if (c->flags & TCP_F_TS) {
		o.has_ts = true;
		o.ts_val = tcp_ts_now(t, c);
		o.ts_ecr = c->ts_recent;
	}
	take_sacks(t, c, &o);
	head = TCP_HDR_BYTES + tcp_opt_write(&o, p + TCP_HDR_BYTES);
	write_head(p, &c->key, seq_max(c->snd_nxt, c->snd_max), c->rcv_nxt,
		   head, (uint8_t)(TCP_ACK | ecn_flags(c, false)),
		   window(t, c));
	host_tx_end(t->host, &f, &c->key.local, &c->key.peer, &c->path, head,
		    tcp_mss(c), false, t->now_us);
	TCP_COUNT_ADD(t, SEGS_OUT, 1);
	acked_now(c);
}

void
tcp_send_syn(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_bare b = { .seq = c->snd_una, .flags = TCP_SYN };
	const struct tcp_cfg *cfg = &t->cfg;
	bool is_answer = c->state == TCP_SYN_RECEIVED;
	uint32_t wnd = cfg->rx_bytes_max;

	if (is_answer) {
		b.flags |= TCP_ACK;
		b.ack = c->rcv_nxt;
		if (c->flags & TCP_F_ECN)
			b.flags |= TCP_ECE;
	} else if (cfg->has_ecn && c->backoff == 0) {
		/* RFC 3168 section 6.1.1.1: some firewalls drop these. */
		b.flags |= TCP_ECE | TCP_CWR;
	}
	b.wnd = (uint16_t)(wnd > 0xffff ? 0xffff : wnd);
	b.o = (struct tcp_opts) {
		.has_mss = true,
		.mss = tcp_mss_to_offer(&c->key, &c->path),
		.has_wscale = is_answer ? c->wscales != 0 : cfg->has_scaling,
		.wscale = t->rcv_wscale,
		.is_sack_ok = is_answer ? c->flags & TCP_F_SACK : cfg->has_sack,
		.has_ts = is_answer ? c->flags & TCP_F_TS : cfg->has_timestamps,
		.ts_val = tcp_ts_now(t, c),
		.ts_ecr = is_answer ? c->ts_recent : 0,
	};
	tcp_send_bare(t, &c->key, &c->path, &b);
	if (is_answer)
		c->rcv_edge = c->rcv_nxt + b.wnd;
	if (c->snd_max == c->snd_una) {
		c->flags |= TCP_F_TIMED;
		c->rtt_at_us = (uint32_t)t->now_us;
		c->rtt_seq = c->snd_una + 1;
	} else {
		c->flags &= ~TCP_F_TIMED;
		TCP_COUNT_ADD(t, RETRANSMITTED, 1);
	}
	c->snd_nxt = c->snd_max = c->snd_una + 1;
	if (is_answer)
		acked_now(c);
}

void
tcp_send_rst(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_bare b = { .seq = seq_max(c->snd_nxt, c->snd_max),
			      .ack = c->rcv_nxt,
			      .flags = TCP_RST | TCP_ACK };

	TCP_COUNT_ADD(t, RESETS_OUT, 1);
	tcp_send_bare(t, &c->key, &c->path, &b);
}

void
tcp_send_bare(struct tcp *t, const struct tcp_key *k, struct host_path *path,
	      const struct tcp_bare *b)
{
	struct frame f;
	uint32_t head;
	uint8_t *p =
		begin(t, tcp_is_v6(k), &f, TCP_HDR_BYTES + TCP_OPTS_BYTES_MAX);

	if (p == NULL)
		return;
	head = TCP_HDR_BYTES + tcp_opt_write(&b->o, p + TCP_HDR_BYTES);
	write_head(p, k, b->seq, b->ack, head, b->flags, b->wnd);
	host_tx_end(t->host, &f, &k->local, &k->peer, path, head,
		    TCP_MSS_DEFAULT_V4, false, t->now_us);
	TCP_COUNT_ADD(t, SEGS_OUT, 1);
}

void
tcp_send_reset(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_bare b = { .flags = TCP_RST };
	struct host_path path = { 0 };

	if (s->flags & TCP_RST)
		return;
	if (s->flags & TCP_ACK) {
		b.seq = s->ack;
	} else {
		b.flags |= TCP_ACK;
		b.ack = s->seq + s->bytes + !!(s->flags & TCP_SYN) +
			!!(s->flags & TCP_FIN);
	}
	if (!host_path_find(t->host, &s->key.peer, &path, t->now_us))
		return;
	TCP_COUNT_ADD(t, RESETS_OUT, 1);
	tcp_send_bare(t, &s->key, &path, &b);
}

/* --- what may be sent --- */

/* Bytes still on their way, for the congestion window. */
static uint32_t
in_flight(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t bytes = c->snd_nxt - c->snd_una;
	const struct tcp_loss *l = tcp_loss(t, c);

	if ((c->flags & TCP_F_RTO) && l != NULL)
		for (uint32_t i = 0; i < l->sack.n; i++)
			if (seq_le(l->sack.r[i].end, c->snd_nxt))
				bytes -= l->sack.r[i].end - l->sack.r[i].start;
	return bytes;
}

/* RFC 3042: one segment more for each of the first two duplicates. */
static uint32_t
usable_cwnd(const struct tcp_conn *c, uint32_t mss)
{
	if (c->dupacks && c->dupacks < TCP_DUP_THRESH &&
	    !(c->flags & (TCP_F_FAST | TCP_F_RTO)))
		return c->cwnd + c->dupacks * mss;
	return c->cwnd;
}

/* Sends [from, to) as it was cut before or not: at most one MSS of it. */
static uint32_t
send_part(struct tcp *t, struct tcp_conn *c, uint32_t from, uint32_t to,
	  uint32_t mss)
{
	uint32_t end = tcp_tx_end(c);
	uint32_t n = seq_lt(from, end) ? seq_min(to, end) - from : 0;
	bool is_fin;

	if (n > mss)
		n = mss;
	is_fin = from + n == end && seq_gt(to, end) &&
		 (c->flags & TCP_F_FIN_WANTED);
	if (n == 0 && !is_fin)
		return 0;
	return tcp_send_at(t, c, from, n, is_fin);
}

/* One segment; of new text, as many as the device cuts up by itself. */
static uint32_t
most_at_once(const struct tcp *t, const struct tcp_conn *c, uint32_t mss)
{
	/* CWR belongs to one segment; not every device knows that. */
	if (t->tso_bytes_max < 2 * mss || c->snd_nxt != c->snd_max ||
	    (c->flags & TCP_F_CWR))
		return mss;
	return t->tso_bytes_max - t->tso_bytes_max % mss;
}

/* The next that is new, or (below snd_max) is sent again after a timeout. */
static bool
send_next(struct tcp *t, struct tcp_conn *c, uint32_t mss, uint32_t cwnd_room)
{
	uint32_t end = tcp_tx_end(c), n, left, took, most;
	uint32_t wnd_end = c->snd_una + c->snd_wnd;
	const struct tcp_loss *l = tcp_loss(t, c);
	bool is_fin;

	if (seq_lt(c->snd_nxt, c->snd_max) && l != NULL) {
		struct tcp_range gap;

		if (tcp_sack_gap(&l->sack, c->snd_nxt, c->snd_max, &gap))
			c->snd_nxt = gap.start;
		else
			c->snd_nxt = c->snd_max;
	}
	left = seq_lt(c->snd_nxt, end) ? end - c->snd_nxt : 0;
	most = most_at_once(t, c, mss);
	n = left < most ? left : most;
	if (seq_gt(c->snd_nxt + n, wnd_end))
		n = seq_lt(c->snd_nxt, wnd_end) ? wnd_end - c->snd_nxt : 0;
	if (n > cwnd_room)
		n = cwnd_room;
	if (n > mss && n < left)
		n -= n % mss;
	is_fin = (c->flags & TCP_F_FIN_WANTED) && n == left &&
		 c->snd_nxt + n == end && seq_lt(end, wnd_end);
	if (n == 0 && !is_fin)
		return false;
	/* RFC 9293 section 3.8.6.2.1: no silly small pieces, but of what is
	 * sent again: the window may have been taken back. */
	if (n < mss && n < left && n < c->snd_wnd_max / 2 &&
	    (c->snd_nxt == c->snd_max || n == cwnd_room))
		return false;
	took = tcp_send_at(t, c, c->snd_nxt, n, is_fin);
	if (took == 0) {
		tcp_conn_pend(t, c);
		return false;
	}
	c->snd_nxt += took;
	return true;
}

/* RFC 6675 section 4, NextSeg(): what fast recovery sends next. */
static bool
send_recovery(struct tcp *t, struct tcp_conn *c, struct tcp_sack *k,
	      uint32_t mss, uint32_t cwnd_room)
{
	uint32_t from = seq_max(k->high_rxt, c->snd_una), took;
	uint32_t edge = tcp_sack_lost_edge(k, c->snd_una, mss);
	struct tcp_range gap;

	if (tcp_sack_gap(k, from, edge, &gap)) { /* rule 1 */
		took = send_part(t, c, gap.start, gap.end, mss);
		k->high_rxt = gap.start + took;
		k->rxt_max = c->snd_max;
		return took != 0;
	}
	if (send_next(t, c, mss, cwnd_room)) /* rule 2 */
		return true;
	if (tcp_sack_gap(k, from, tcp_sack_high(k, c->snd_una), &gap)) {
		took = send_part(t, c, gap.start, gap.end, mss); /* rule 3 */
		k->high_rxt = gap.start + took;
		return took != 0;
	}
	/* Rule 4, the rescue: the end of what is in flight, once. */
	if (k->is_rescued || !tcp_sack_gap(k, from, c->snd_max, &gap))
		return false;
	k->is_rescued = 1;
	from = gap.end - gap.start > mss ? gap.end - mss : gap.start;
	return send_part(t, c, from, gap.end, mss) != 0;
}

static void
send_all(struct tcp *t, struct tcp_conn *c)
{
	uint32_t mss = tcp_mss(c), cwnd = usable_cwnd(c, mss), max = c->snd_max;
	struct tcp_loss *l = tcp_loss(t, c);

	if ((c->flags & TCP_F_FAST) && (c->flags & TCP_F_SACK) && l != NULL) {
		for (;;) {
			uint32_t pipe = tcp_sack_pipe(&l->sack, c->snd_una,
						      c->snd_max, mss);

			if (cwnd < pipe + mss ||
			    !send_recovery(t, c, &l->sack, mss, cwnd - pipe))
				break;
		}
	} else {
		uint32_t flight = in_flight(t, c);

		while (flight <= cwnd) {
			if (!send_next(t, c, mss, cwnd - flight))
				break;
			flight = in_flight(t, c);
		}
	}
	if (c->snd_max != max || !(c->timers & TCP_T_RTX))
		tcp_rtx_arm(t, c);
}

void
tcp_output(struct tcp *t, struct tcp_conn *c)
{
	const uint32_t may = TCP_CAN_SEND_DATA | TCP_IN(TCP_FIN_WAIT_1) |
			     TCP_IN(TCP_CLOSING) | TCP_IN(TCP_LAST_ACK);

	/* Data would hide a hole or a duplicate from the peer. */
	if ((c->flags & TCP_F_ACK_NOW) && (c->reass || (c->flags & TCP_F_DUP)))
		tcp_send_ack(t, c);
	if (tcp_is_in(c, may) && (c->tx.bytes || (c->flags & TCP_F_FIN_WANTED)))
		send_all(t, c);
	if (c->ack_segs >= 2 || (c->flags & TCP_F_ACK_NOW))
		tcp_send_ack(t, c);
	else if (c->ack_segs)
		tcp_ack_arm(t, c);
}
