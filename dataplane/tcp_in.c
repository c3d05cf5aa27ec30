/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A burst of segments, in three passes: read headers and prefetch the table;
 * prefetch connections; process. Segments of one flow that follow each other
 * share the lookup, and all of a burst share one ACK.
 */
#include "dataplane/tcp_int.h"
#include "dataplane/wire.h"

static bool
read_head(const struct host_seg *hs, struct tcp_seg *s)
{
	const uint8_t *p = hs->tcp;
	uint32_t head;

	if (hs->tcp_bytes < TCP_HDR_BYTES)
		return false;
	head = (uint32_t)(p[12] >> 4) * 4;
	if (head < TCP_HDR_BYTES || head > hs->tcp_bytes)
		return false;
	s->hs = hs;
	s->key.peer_port = wire_get16(p);
	s->key.local_port = wire_get16(p + 2);
	s->seq = wire_get32(p + 4);
	s->ack = wire_get32(p + 8);
	s->flags = p[13];
	s->wnd = wire_get16(p + 14);
	s->opts_bytes = (uint8_t)(head - TCP_HDR_BYTES);
	s->text = p + head;
	s->bytes = hs->tcp_bytes - head;
	if (hs->is_v6) {
		memcpy(&s->key.peer, hs->ip + IP6_SRC, 16);
		memcpy(&s->key.local, hs->ip + IP6_DST, 16);
	} else {
		static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

		memcpy(s->key.peer.b, mapped, 12);
		memcpy(s->key.peer.b + 12, hs->ip + IP4_SRC, 4);
		memcpy(s->key.local.b, mapped, 12);
		memcpy(s->key.local.b + 12, hs->ip + IP4_DST, 4);
	}
	/* RFC 9293 section 3.1: neither is a port. */
	return s->key.peer_port != 0 && s->key.local_port != 0;
}

struct lookup {
	const struct tcp *t;
	const struct tcp_key *key;
	uint64_t hash;
};

static bool
is_match(const void *ctx, uint32_t ref)
{
	const struct lookup *l = ctx;
	uint32_t i = ref & TCP_REF_IDX;

	switch (ref & TCP_REF_KIND) {
	case TCP_REF_CONN:
		return tcp_key_is_equal(l->key, &tcp_conn_at(l->t, i)->key);
	case TCP_REF_SYN:
		return tcp_key_is_equal(l->key,
					&tcp_syn_rec(&l->t->syns, i)->key);
	default:
		return tcp_wait_rec(&l->t->waits, i)->hash == l->hash;
	}
}

uint32_t
tcp_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash)
{
	struct lookup l = { t, key, hash };

	return tcp_table_find(&t->table, hash, is_match, &l);
}

/*
 * Header prediction: the next data in order, or an ACK of new data, or both,
 * for a connection in which nothing is out of the ordinary. false: tcp_step().
 */
static inline bool
is_fast(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s,
	struct ready *ready)
{
	uint32_t slow = c->flags & TCP_F_SLOW, ts_val = 0, ts_ecr = 0;
	uint32_t wnd = s->wnd << tcp_snd_wscale(c);
	const uint8_t *opts = s->hs->tcp + TCP_HDR_BYTES;

	slow |= (uint32_t)((s->flags & ~TCP_PSH) ^ TCP_ACK);
	slow |= s->seq ^ c->rcv_nxt;
	slow |= s->bytes > c->rcv_edge - c->rcv_nxt;
	slow |= s->ack - c->snd_una > c->snd_max - c->snd_una;
	slow |= wnd == 0;
	slow |= s->ack == c->snd_una && s->bytes == 0;
	slow |= s->hs->is_ce;
	if (c->flags & TCP_F_TS) {
		if (s->opts_bytes != TCP_TS_BYTES || !tcp_opt_is_plain_ts(opts))
			return false;
		ts_val = wire_get32(opts + 4);
		ts_ecr = wire_get32(opts + 8);
		slow |= seq_lt(ts_val, c->ts_recent);
	} else {
		slow |= s->opts_bytes;
	}
	if (UNLIKELY(slow))
		return false;
	if (s->bytes) {
		if (!tcp_take_text(t, c, s->text, s->bytes))
			return false;
		c->rcv_nxt += s->bytes;
		c->ack_segs += c->ack_segs < UINT8_MAX;
		tcp_conn_pend(t, c);
		tcp_conn_tell(c, ready);
	}
	if ((c->flags & TCP_F_TS) && seq_le(s->seq, c->last_ack_sent))
		c->ts_recent = ts_val;
	c->heard_s = t->now_s;
	c->probes = 0;
	c->snd_wl1 = s->seq;
	c->snd_wnd = wnd;
	if (wnd > c->snd_wnd_max)
		c->snd_wnd_max = wnd;
	if (s->ack != c->snd_una)
		tcp_ack_new(t, c, s->ack, ts_ecr, ready);
	else if (c->tx.bytes && !(c->flags & TCP_F_PENDING))
		tcp_conn_pend(t, c); /* the window may have grown */
	return true;
}

static void
process(struct tcp *t, struct tcp_seg *s, uint32_t ref, struct ready *ready)
{
	if (!tcp_opt_read(s->hs->tcp + TCP_HDR_BYTES, s->opts_bytes, &s->o)) {
		TCP_COUNT_ADD(t, MALFORMED, 1);
		return;
	}
	if (ref && (ref & TCP_REF_KIND) == TCP_REF_CONN)
		tcp_step(t, tcp_conn_at(t, ref & TCP_REF_IDX), s, ready);
	else
		tcp_stray(t, s, ref, ready);
}

static void
process_all(struct tcp *t, struct tcp_seg *segs, unsigned n,
	    struct ready *ready)
{
	struct tcp_conn *c = NULL; /* the last one's, found for sure */
	uint64_t fast_n = 0;

	for (unsigned i = 0; i < n; i++) {
		struct tcp_seg *s = &segs[i];
		uint32_t ref;

		if (c == NULL || !tcp_key_is_equal(&s->key, &c->key)) {
			ref = tcp_find(t, &s->key, s->hash);
			c = NULL;
			if (ref && (ref & TCP_REF_KIND) == TCP_REF_CONN)
				c = tcp_conn_at(t, ref & TCP_REF_IDX);
		} else {
			ref = TCP_REF_CONN | tcp_conn_number(t, c);
		}
		if (c != NULL && LIKELY(is_fast(t, c, s, ready))) {
			fast_n++;
			continue;
		}
		process(t, s, ref, ready);
		if (c != NULL && !(c->flags & TCP_F_TABLE))
			c = NULL;
	}
	TCP_COUNT_ADD(t, FAST, fast_n);
}

static void
input(struct tcp *t, const struct host_seg *hs, unsigned hs_n,
      struct ready *ready)
{
	struct tcp_seg segs[PORT_BURST_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < hs_n; i++) {
		struct tcp_seg *s = &segs[n];

		if (UNLIKELY(!read_head(&hs[i], s))) {
			TCP_COUNT_ADD(t, MALFORMED, 1);
			continue;
		}
		if (n > 0 && tcp_key_is_equal(&s->key, &segs[n - 1].key)) {
			s->hash = segs[n - 1].hash;
		} else {
			s->hash = tcp_hash_key(&t->hash_secret, &s->key);
			tcp_table_prefetch(&t->table, s->hash);
		}
		n++;
	}
	for (unsigned i = 0; i < n; i++) {
		uint32_t ref;

		if (i > 0 && segs[i].hash == segs[i - 1].hash)
			continue;
		ref = tcp_table_guess(&t->table, segs[i].hash);
		if (ref && (ref & TCP_REF_KIND) == TCP_REF_CONN) {
			const struct tcp_conn *c = tcp_conn_at(t, ref);

			__builtin_prefetch(c);
			__builtin_prefetch(&c->snd_nxt);
			__builtin_prefetch(&c->timer);
		}
	}
	process_all(t, segs, n, ready);
}

void
tcp_input(struct tcp *t, const struct host_seg *segs, unsigned segs_n,
	  struct ready *ready, uint64_t now_us)
{
	tcp_set_now(t, now_us);
	TCP_COUNT_ADD(t, SEGS_IN, segs_n);
	while (segs_n) {
		unsigned n = segs_n < PORT_BURST_MAX ? segs_n : PORT_BURST_MAX;

		input(t, segs, n, ready);
		segs += n;
		segs_n -= n;
	}
}
