/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text received: in order it stays in the burst's frames until its owner has
 * read it or the burst ends; before its turn it is copied at once.
 */
#include "dataplane/tcp_int.h"

bool
tcp_take_text(struct tcp *t, struct tcp_conn *c, const uint8_t *p,
	      uint32_t bytes)
{
	struct tcp_pool *pool = &t->pool;
	uint32_t need = bytes / TCP_BUF_DATA_BYTES + 1;
	uint32_t held = tcp_bufs_of(c->rx.bytes + c->burst_bytes);

	/* Promised now: what is acknowledged must find room later. */
	if (held + need > tcp_rx_bufs_left(t) || t->chunks_n == TCP_CHUNKS_MAX)
		return false;
	pool->promised_n += need;
	t->chunks[t->chunks_n++] = (struct tcp_chunk) { p, bytes, 0 };
	if (c->chunk_last)
		t->chunks[c->chunk_last - 1].next = t->chunks_n;
	else
		c->chunk = (uint16_t)t->chunks_n;
	c->chunk_last = (uint16_t)t->chunks_n;
	c->burst_bytes += bytes;
	TCP_COUNT_ADD(t, RX_BYTES, bytes);
	return true;
}

void
tcp_keep_chunks(struct tcp *t, struct tcp_conn *c)
{
	for (uint32_t i = c->chunk; i; i = t->chunks[i - 1].next)
		tcp_chain_append(&t->pool, &c->rx, t->chunks[i - 1].p,
				 t->chunks[i - 1].bytes);
	c->chunk = c->chunk_last = 0;
	c->burst_bytes = 0;
}

/* RFC 2883: to be reported in the next ACK; one a burst and connection. */
static void
note_dup(struct tcp *t, struct tcp_conn *c, uint32_t start, uint32_t end)
{
	if (!(c->flags & TCP_F_SACK) || (c->flags & TCP_F_DUP) ||
	    start == end || t->dups_n == ARRAY_N(t->dups))
		return;
	t->dups[t->dups_n] = (struct tcp_range) { start, end };
	c->dup_idx = (uint8_t)t->dups_n++;
	c->flags |= TCP_F_DUP;
}

/* Eighth step: the peer has said all. RCV.NXT is at the FIN. */
static void
take_fin(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	c->rcv_nxt++;
	c->flags |= TCP_F_FIN_RCVD | TCP_F_ACK_NOW;
	tcp_reass_free(&t->reass, &t->pool, &c->reass);
	tcp_conn_pend(t, c);
	switch (c->state) {
	case TCP_SYN_RECEIVED:
	case TCP_ESTABLISHED:
		tcp_set_state(t, c, TCP_CLOSE_WAIT);
		break;
	case TCP_FIN_WAIT_1: /* ours is not acknowledged yet */
		tcp_set_state(t, c, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT_2:
		tcp_enter_time_wait(t, c, ready);
		return; /* the owner has been told */
	default:
		break;
	}
	tcp_conn_tell(c, ready);
}

/* Text that is next. false: dropped for want of memory. */
static bool
take_next(struct tcp *t, struct tcp_conn *c, const uint8_t *p, uint32_t n,
	  bool *is_fin_inout, struct ready *ready)
{
	if (n && !(c->flags & TCP_F_OWNED)) {
		c->flags |= TCP_F_DISCARDED;
	} else if (n && !tcp_take_text(t, c, p, n)) {
		TCP_COUNT_ADD(t, NO_MEMORY, 1);
		c->flags |= TCP_F_ACK_NOW;
		return false;
	}
	c->rcv_nxt += n;
	if (n && c->ack_segs < UINT8_MAX)
		c->ack_segs++;
	if (c->reass) {
		bool is_late_fin;

		/* Buffers come before chunks: these go first. */
		tcp_keep_chunks(t, c);
		c->rcv_nxt = tcp_reass_take(&t->reass, &t->pool, &c->reass,
					    c->rcv_nxt, &c->rx, &is_late_fin);
		*is_fin_inout = *is_fin_inout || is_late_fin;
		c->flags |= TCP_F_ACK_NOW; /* RFC 5681 4.2: a gap filled */
		if (!(c->flags & TCP_F_OWNED))
			tcp_chain_free(&t->pool, &c->rx);
	}
	if (n)
		tcp_conn_tell(c, ready);
	return true;
}

static void
take_early(struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *p,
	   uint32_t n, bool is_fin)
{
	struct tcp_range dup;

	TCP_COUNT_ADD(t, OUT_OF_ORDER, 1);
	c->flags |= TCP_F_ACK_NOW;
	if (!(c->flags & TCP_F_OWNED))
		return; /* nobody will read it: it may come again */
	if (n && (tcp_rx_bufs_left(t) < n / TCP_BUF_DATA_BYTES + 2 ||
		  tcp_reass_add(&t->reass, &t->pool, &c->reass, seq, p, n,
				&dup) == TCP_REASS_FULL)) {
		TCP_COUNT_ADD(t, OUT_OF_ORDER_FULL, 1);
		return;
	}
	if (n && dup.start != dup.end) {
		TCP_COUNT_ADD(t, DUPLICATES, 1);
		note_dup(t, c, dup.start, dup.end);
	}
	if (is_fin)
		tcp_reass_fin(&t->reass, &c->reass, seq + n);
}

void
tcp_text(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s,
	 struct ready *ready)
{
	uint32_t seq = s->seq, n = s->bytes, old = 0, room;
	bool is_fin = (s->flags & TCP_FIN) != 0;
	const uint8_t *p = s->text;

	if (!tcp_is_in(c, TCP_CAN_RECEIVE) || (n == 0 && !is_fin))
		return;
	tcp_conn_pend(t, c);
	if (seq_lt(seq, c->rcv_nxt)) {
		old = c->rcv_nxt - seq;
		if (old > n)
			old = n;
		if (old) {
			TCP_COUNT_ADD(t, DUPLICATES, 1);
			note_dup(t, c, seq, seq + old);
			c->flags |= TCP_F_ACK_NOW;
		}
		seq += old;
		p += old;
		n -= old;
	}
	room = seq_lt(seq, c->rcv_edge) ? c->rcv_edge - seq : 0;
	if (n > room) { /* what is beyond the window comes again */
		n = room;
		is_fin = false;
		c->flags |= TCP_F_ACK_NOW;
	}
	if (n == 0 && !is_fin)
		return;
	if (seq_gt(seq, c->rcv_nxt)) {
		take_early(t, c, seq, p, n, is_fin);
		return;
	}
	/* A FIN behind old text is old itself, unless it is next. */
	if (n == 0 && seq != c->rcv_nxt)
		return;
	if (n && c->state == TCP_FIN_WAIT_2 && !(c->flags & TCP_F_OWNED)) {
		/* RFC 1122 section 4.2.2.13: nobody will ever read this. */
		tcp_send_rst(t, c);
		tcp_conn_end(t, c, true, ready);
		return;
	}
	if (take_next(t, c, p, n, &is_fin, ready) && is_fin)
		take_fin(t, c, ready);
}
