/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments that belong to no connection: LISTEN (RFC 9293 section 3.10.7.2),
 * SYN_RECEIVED in the SYN cache, cookies, TIME_WAIT, and CLOSED (3.10.7.1).
 */
#include "dataplane/tcp_int.h"
#include "dataplane/tcp_isn.h"

/* The one for this very address, or the one for all. */
static const struct tcp_listener *
find_listener(const struct tcp *t, const struct tcp_key *k)
{
	static const struct ip any;
	const struct tcp_listener *found = NULL;

	for (uint32_t i = 0; i < t->listeners_n; i++) {
		const struct tcp_listener *l = &t->listeners[i];

		if (l->port != k->local_port)
			continue;
		if (ip_is_equal(&l->addr, &k->local))
			return l;
		if (ip_is_equal(&l->addr, &any))
			found = l;
	}
	return found;
}

static uint16_t
syn_window(const struct tcp *t)
{
	uint32_t wnd = t->cfg.rx_bytes_max;

	return (uint16_t)(wnd > 0xffff ? 0xffff : wnd);
}

/* --- SYN-ACK --- */

static void
send_syn_ack(struct tcp *t, struct tcp_syn *y)
{
	uint32_t ts = tcp_isn_ts_offset(&t->isn_secret, &y->key) + t->now_ms;
	struct tcp_bare b = { .seq = y->iss,
			      .ack = y->irs + 1,
			      .wnd = syn_window(t),
			      .flags = TCP_SYN | TCP_ACK };

	if (y->flags & TCP_SYN_HAS_ECN)
		b.flags |= TCP_ECE;
	b.o = (struct tcp_opts) {
		.has_mss = true,
		.mss = tcp_mss_to_offer(&y->key, &y->path),
		.has_ts = y->flags & TCP_SYN_HAS_TS,
		.ts_val = ts,
		.ts_ecr = y->ts_recent,
		.is_sack_ok = y->flags & TCP_SYN_HAS_SACK,
		.has_wscale = y->flags & TCP_SYN_HAS_WSCALE,
		.wscale = t->rcv_wscale,
	};
	if (y->flags & TCP_SYN_COOKIE) {
		struct tcp_opts peer = {
			.has_wscale = y->flags & TCP_SYN_HAS_WSCALE,
			.wscale = y->wscale,
			.is_sack_ok = y->flags & TCP_SYN_HAS_SACK,
		};

		b.o.ts_val =
			tcp_cookie_ts(ts, &peer, y->flags & TCP_SYN_HAS_ECN);
	}
	tcp_send_bare(t, &y->key, &y->path, &b);
}

static bool
is_ecn_setup(const struct tcp *t, const struct tcp_seg *s)
{
	return t->cfg.has_ecn &&
	       (s->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR);
}

static uint16_t
peer_mss(const struct tcp_seg *s)
{
	if (s->o.has_mss)
		return s->o.mss;
	return s->hs->is_v6 ? TCP_MSS_DEFAULT_V6 : TCP_MSS_DEFAULT_V4;
}

/* The cache is full: everything that must be kept goes into the answer. */
static void
send_cookie(struct tcp *t, const struct tcp_seg *s)
{
	const struct tcp_cfg *cfg = &t->cfg;
	struct host_path path = { 0 };
	bool has_ts = cfg->has_timestamps && s->o.has_ts;
	bool is_ecn = has_ts && is_ecn_setup(t, s);
	struct tcp_opts peer = s->o;
	struct tcp_bare b = {
		.seq = tcp_cookie_make(&t->isn_secret, &s->key, s->seq,
				       peer_mss(s), t->now_us),
		.ack = s->seq + 1,
		.wnd = syn_window(t),
		.flags = (uint8_t)(TCP_SYN | TCP_ACK | (is_ecn ? TCP_ECE : 0)),
	};

	if (!host_path_find(t->host, &s->key.peer, &path, t->now_us))
		return;
	peer.has_wscale = peer.has_wscale && cfg->has_scaling;
	peer.is_sack_ok = peer.is_sack_ok && cfg->has_sack;
	b.o.has_mss = true;
	b.o.mss = tcp_mss_to_offer(&s->key, &path);
	if (has_ts) { /* without timestamps there is no room for the rest */
		uint32_t ts =
			tcp_isn_ts_offset(&t->isn_secret, &s->key) + t->now_ms;

		b.o.has_ts = true;
		b.o.ts_val = tcp_cookie_ts(ts, &peer, is_ecn);
		b.o.ts_ecr = s->o.ts_val;
		b.o.is_sack_ok = peer.is_sack_ok;
		b.o.has_wscale = peer.has_wscale;
		b.o.wscale = t->rcv_wscale;
	}
	tcp_send_bare(t, &s->key, &path, &b);
	t->cookies_until_us = t->now_us + 2 * TCP_COOKIE_PERIOD_US;
	TCP_COUNT_ADD(t, COOKIES_OUT, 1);
}

/*
 * RFC 6528's number. In a flood, a cookie: the record may have to go before its
 * peer's last ACK is here. Not where it must be above the last connection's.
 */
static void
choose_iss(struct tcp *t, struct tcp_syn *y, const uint32_t *iss_after)
{
	if (iss_after == NULL &&
	    (tcp_syn_is_flood(&t->syns) || t->now_us < t->cookies_until_us)) {
		y->flags |= TCP_SYN_COOKIE;
		y->iss = tcp_cookie_make(&t->isn_secret, &y->key, y->irs,
					 y->mss, t->now_us);
		return;
	}
	y->iss = tcp_isn(&t->isn_secret, &y->key, t->now_us);
	if (iss_after != NULL && seq_le(y->iss, *iss_after))
		y->iss = *iss_after + 65536;
}

/* 3.10.7.2, third: a SYN for a listener. iss_after: not below it, or 0. */
static void
take_syn(struct tcp *t, struct tcp_seg *s, const struct tcp_listener *l,
	 const uint32_t *iss_after)
{
	const struct tcp_cfg *cfg = &t->cfg;
	struct host_path path = { 0 };
	uint32_t number = 0;
	struct tcp_syn *y;

	if (!cfg->is_cookie_only)
		number = tcp_syn_get(&t->syns, t->now_ms);
	if (number == 0) {
		send_cookie(t, s);
		return;
	}
	if (!host_path_find(t->host, &s->key.peer, &path, t->now_us) ||
	    tcp_table_add(&t->table, s->hash, TCP_REF_SYN | number) < 0) {
		tcp_syn_put(&t->syns, number);
		return;
	}
	counter_add(&t->states_n[TCP_SYN_RECEIVED], 1);
	TCP_COUNT_ADD(t, SYN_CACHED, 1);
	y = tcp_syn_rec(&t->syns, number);
	y->key = s->key;
	y->path = path;
	y->irs = s->seq;
	y->mss = peer_mss(s);
	choose_iss(t, y, iss_after);
	y->service_idx = l->service_idx;
	y->window = (uint16_t)s->wnd;
	y->sent_us = (uint32_t)t->now_us;
	if (cfg->has_timestamps && s->o.has_ts) {
		y->flags |= TCP_SYN_HAS_TS;
		y->ts_recent = s->o.ts_val;
	}
	if (cfg->has_sack && s->o.is_sack_ok)
		y->flags |= TCP_SYN_HAS_SACK;
	if (cfg->has_scaling && s->o.has_wscale) {
		y->flags |= TCP_SYN_HAS_WSCALE;
		y->wscale = s->o.wscale;
	}
	if (is_ecn_setup(t, s))
		y->flags |= TCP_SYN_HAS_ECN;
	send_syn_ack(t, y);
}

static void
drop_syn(struct tcp *t, uint32_t number)
{
	struct tcp_syn *y = tcp_syn_rec(&t->syns, number);

	tcp_table_remove(&t->table, tcp_hash_key(&t->hash_secret, &y->key),
			 TCP_REF_SYN | number);
	tcp_syn_put(&t->syns, number);
	counter_add(&t->states_n[TCP_SYN_RECEIVED], (uint64_t)-1);
}

void
tcp_syn_timers(struct tcp *t)
{
	uint32_t number;

	while ((number = tcp_syn_due(&t->syns, t->now_ms)) != 0) {
		if (tcp_syn_again(&t->syns, number, t->now_ms)) {
			TCP_COUNT_ADD(t, SYN_RETRANSMITTED, 1);
			send_syn_ack(t, tcp_syn_rec(&t->syns, number));
		} else {
			TCP_COUNT_ADD(t, SYN_EXPIRED, 1);
			if (tcp_syn_rec(&t->syns, number)->flags &
			    TCP_SYN_COOKIE)
				t->cookies_until_us =
					t->now_us + 2 * TCP_COOKIE_PERIOD_US;
			drop_syn(t, number);
		}
	}
}

/* --- the handshake's last segment --- */

struct opening {
	uint32_t irs, iss;
	uint16_t mss, service_idx;
	uint8_t flags, wscale; /* enum tcp_syn_flags */
	uint32_t ts_recent;
	uint32_t rtt_us; /* 0: not known */
	uint16_t window; /* the SYN's */
};

/* From a record or a cookie to a connection; s then goes through it. */
static void
establish(struct tcp *t, struct tcp_seg *s, const struct opening *o,
	  struct ready *ready)
{
	struct tcp_opts opts = {
		.has_mss = true,
		.mss = o->mss,
		.has_ts = o->flags & TCP_SYN_HAS_TS,
		.ts_val = o->ts_recent,
		.is_sack_ok = o->flags & TCP_SYN_HAS_SACK,
		.has_wscale = o->flags & TCP_SYN_HAS_WSCALE,
		.wscale = o->wscale,
	};
	struct tcp_conn *c = tcp_conn_new(t, &s->key, s->hash);

	if (c == NULL) {
		TCP_COUNT_ADD(t, LISTEN_OVERFLOW, 1);
		return;
	}
	tcp_conn_agree(t, c, &opts, o->flags & TCP_SYN_HAS_ECN);
	c->service_idx = o->service_idx;
	c->rcv_nxt = c->last_ack_sent = o->irs + 1;
	c->rcv_edge = c->rcv_nxt + syn_window(t);
	c->snd_una = c->snd_nxt = c->snd_max = o->iss + 1;
	c->recover = o->iss;
	c->snd_wl1 = o->irs;
	c->snd_wnd_max = o->window;
	tcp_cc_init(c);
	if (o->rtt_us)
		tcp_rtt_sample(c, o->rtt_us);
	if (!tcp_accept_put(t, c)) {
		TCP_COUNT_ADD(t, LISTEN_OVERFLOW, 1);
		tcp_conn_end(t, c, false, NULL);
		return;
	}
	if (t->cfg.keepalive_us) {
		c->flags |= TCP_F_KEEP;
		tcp_life_arm(t, c, (uint32_t)(t->cfg.keepalive_us / 1000));
	}
	tcp_set_state(t, c, TCP_ESTABLISHED);
	TCP_COUNT_ADD(t, OPENED_PASSIVE, 1);
	tcp_step(t, c, s, ready);
}

static bool take_cookie(struct tcp *t, struct tcp_seg *s,
			const struct tcp_listener *l, struct ready *ready);

/* The ACK is not of a record's SYN-ACK, but maybe of a cookie that this peer
 * was sent before there was room for a record. */
static void
cached_cookie(struct tcp *t, struct tcp_seg *s, uint32_t number,
	      struct ready *ready)
{
	const struct tcp_listener *l = find_listener(t, &s->key);
	uint16_t mss;

	if (l == NULL || t->now_us >= t->cookies_until_us ||
	    !tcp_cookie_check(&t->isn_secret, &s->key, s->seq - 1, s->ack - 1,
			      t->now_us, &mss)) {
		/* 3.10.7.4, fifth, SYN-RECEIVED */
		tcp_send_reset(t, s);
		return;
	}
	drop_syn(t, number);
	(void)take_cookie(t, s, l, ready);
}

static void
cached_ack(struct tcp *t, struct tcp_seg *s, uint32_t number,
	   struct ready *ready)
{
	const struct tcp_syn *y = tcp_syn_rec(&t->syns, number);
	struct opening o = { .irs = y->irs,
			     .iss = y->iss,
			     .mss = y->mss,
			     .service_idx = y->service_idx,
			     .flags = y->flags,
			     .wscale = y->wscale,
			     .ts_recent = y->ts_recent,
			     .window = y->window };

	if (s->ack != y->iss + 1) {
		cached_cookie(t, s, number, ready);
		return;
	}
	/* No room now: the record stays, and so does the peer's hope. */
	if (t->conns_n >= t->cfg.conns_max || !tcp_accept_has_room(t)) {
		TCP_COUNT_ADD(t, LISTEN_OVERFLOW, 1);
		return;
	}
	if (!(y->flags & TCP_SYN_AGAIN)) /* Karn */
		o.rtt_us = seq_max((uint32_t)t->now_us - y->sent_us, 1);
	drop_syn(t, number);
	establish(t, s, &o, ready);
}

/* A segment for a connection in SYN-RECEIVED: 3.10.7.4. */
static void
cached_syn(struct tcp *t, struct tcp_seg *s, uint32_t number,
	   struct ready *ready)
{
	struct tcp_syn *y = tcp_syn_rec(&t->syns, number);
	uint32_t at = s->seq - (y->irs + 1);
	struct tcp_bare b = { .seq = y->iss + 1,
			      .ack = y->irs + 1,
			      .wnd = syn_window(t),
			      .flags = TCP_ACK };

	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
	    s->seq == y->irs) { /* our SYN-ACK got lost */
		y->flags |= TCP_SYN_AGAIN;
		send_syn_ack(t, y);
		return;
	}
	if ((y->flags & TCP_SYN_HAS_TS) && s->o.has_ts &&
	    seq_lt(s->o.ts_val, y->ts_recent) && !(s->flags & TCP_RST)) {
		TCP_COUNT_ADD(t, PAWS, 1);
		return;
	}
	/* First and second: the window; RST (RFC 5961). */
	if (s->flags & TCP_RST) {
		if (at == 0) {
			TCP_COUNT_ADD(t, RESETS_IN, 1);
			drop_syn(t, number);
		}
		return;
	}
	if (at >= b.wnd || (s->flags & TCP_SYN)) {
		if (y->flags & TCP_SYN_HAS_TS) {
			b.o.has_ts = true;
			b.o.ts_val =
				tcp_isn_ts_offset(&t->isn_secret, &y->key) +
				t->now_ms;
			b.o.ts_ecr = y->ts_recent;
		}
		TCP_COUNT_ADD(t, OUT_OF_WINDOW, 1);
		tcp_send_bare(t, &y->key, &y->path, &b);
		return;
	}
	if (s->flags & TCP_ACK)
		cached_ack(t, s, number, ready);
}

/* An ACK for a listener from somebody we know nothing about. true: it has been
 * dealt with. */
static bool
take_cookie(struct tcp *t, struct tcp_seg *s, const struct tcp_listener *l,
	    struct ready *ready)
{
	struct opening o = { .irs = s->seq - 1,
			     .iss = s->ack - 1,
			     .service_idx = l->service_idx,
			     .window = (uint16_t)s->wnd };
	struct tcp_opts opts = { 0 };
	bool is_ecn = false;

	if (t->now_us >= t->cookies_until_us)
		return false;
	if (!tcp_cookie_check(&t->isn_secret, &s->key, o.irs, o.iss, t->now_us,
			      &o.mss)) {
		TCP_COUNT_ADD(t, COOKIES_BAD, 1);
		/* Maybe ahead of the one that has the cookie, which got lost
		 * and will come again: a reset would end it for nothing. */
		return true;
	}
	if (s->o.has_ts && t->cfg.has_timestamps) {
		tcp_cookie_ts_read(s->o.ts_ecr, &opts, &is_ecn);
		o.flags = TCP_SYN_HAS_TS;
		o.ts_recent = s->o.ts_val;
		o.wscale = opts.wscale;
		if (opts.has_wscale)
			o.flags |= TCP_SYN_HAS_WSCALE;
		if (opts.is_sack_ok)
			o.flags |= TCP_SYN_HAS_SACK;
		if (is_ecn)
			o.flags |= TCP_SYN_HAS_ECN;
	}
	TCP_COUNT_ADD(t, COOKIES_IN, 1);
	establish(t, s, &o, ready);
	return true;
}

/* --- TIME_WAIT --- */

void
tcp_drop_wait(struct tcp *t, uint32_t number)
{
	tcp_table_remove(&t->table, tcp_wait_rec(&t->waits, number)->hash,
			 TCP_REF_WAIT | number);
	tcp_wait_put(&t->waits, number);
	counter_add(&t->states_n[TCP_TIME_WAIT], (uint64_t)-1);
}

void
tcp_enter_time_wait(struct tcp *t, struct tcp_conn *c, struct ready *ready)
{
	uint64_t hash = tcp_hash_key(&t->hash_secret, &c->key);
	uint32_t number = tcp_wait_get(&t->waits, t->now_ms);
	struct tcp_wait *w;

	if (c->flags & TCP_F_ACK_NOW)
		tcp_send_ack(t, c);
	if (number == 0) { /* the oldest has waited longest */
		TCP_COUNT_ADD(t, TIME_WAIT_EVICTED, 1);
		tcp_drop_wait(t, t->waits.first);
		number = tcp_wait_get(&t->waits, t->now_ms);
	}
	w = tcp_wait_rec(&t->waits, number);
	w->hash = hash;
	w->snd_nxt = c->snd_max;
	w->rcv_nxt = c->rcv_nxt;
	w->ts_recent = c->ts_recent;
	w->ts_offset = c->ts_offset;
	w->has_ts = (c->flags & TCP_F_TS) != 0;
	w->window = (uint16_t)((c->rcv_edge - c->rcv_nxt) >> tcp_rcv_wscale(c));
	tcp_conn_end(t, c, false, ready);
	if (tcp_table_add(&t->table, hash, TCP_REF_WAIT | number) < 0) {
		tcp_wait_put(&t->waits, number);
		return;
	}
	counter_add(&t->states_n[TCP_TIME_WAIT], 1);
}

static void
ack_wait(struct tcp *t, const struct tcp_seg *s, const struct tcp_wait *w)
{
	struct tcp_bare b = { .seq = w->snd_nxt,
			      .ack = w->rcv_nxt,
			      .wnd = w->window,
			      .flags = TCP_ACK };
	struct host_path path = { 0 };

	if (!host_path_find(t->host, &s->key.peer, &path, t->now_us))
		return;
	if (w->has_ts) {
		b.o.has_ts = true;
		b.o.ts_val = t->now_ms + w->ts_offset;
		b.o.ts_ecr = w->ts_recent;
	}
	tcp_send_bare(t, &s->key, &path, &b);
}

static void
waiting(struct tcp *t, struct tcp_seg *s, uint32_t number,
	const struct tcp_listener *l)
{
	struct tcp_wait *w = tcp_wait_rec(&t->waits, number);
	struct tcp_wait_seg ws = {
		.seq = s->seq,
		.len = s->bytes + !!(s->flags & TCP_SYN) +
		       !!(s->flags & TCP_FIN),
		.ts_val = s->o.ts_val,
		.is_syn = s->flags & TCP_SYN,
		.is_ack = s->flags & TCP_ACK,
		.is_rst = s->flags & TCP_RST,
		.is_fin = s->flags & TCP_FIN,
		.has_ts = s->o.has_ts,
	};
	uint32_t snd_nxt = w->snd_nxt;

	switch (tcp_wait_step(w, &ws)) {
	case TCP_WAIT_ACK_RENEW:
		tcp_wait_renew(&t->waits, number, t->now_ms);
		ack_wait(t, s, w);
		break;
	case TCP_WAIT_ACK:
		ack_wait(t, s, w);
		break;
	case TCP_WAIT_REUSE:
		if (l == NULL) {
			ack_wait(t, s, w);
			break;
		}
		TCP_COUNT_ADD(t, TIME_WAIT_REUSED, 1);
		tcp_drop_wait(t, number);
		take_syn(t, s, l, &snd_nxt);
		break;
	case TCP_WAIT_DROP:
		break;
	}
}

void
tcp_stray(struct tcp *t, struct tcp_seg *s, uint32_t ref, struct ready *ready)
{
	const struct tcp_listener *l;

	if (ref && (ref & TCP_REF_KIND) == TCP_REF_SYN) {
		cached_syn(t, s, ref & TCP_REF_IDX, ready);
		return;
	}
	l = find_listener(t, &s->key);
	if (ref) {
		waiting(t, s, ref & TCP_REF_IDX, l);
		return;
	}
	/* LISTEN, first: RST is ignored. */
	if (s->flags & TCP_RST)
		return;
	/* Second: any ACK is of something else, or of a cookie. */
	if (l == NULL || (s->flags & TCP_ACK)) {
		if (l != NULL && !(s->flags & TCP_SYN) &&
		    take_cookie(t, s, l, ready))
			return;
		tcp_send_reset(t, s);
		return;
	}
	/* Third: a SYN alone; SYN and FIN together are a scanner's. */
	if ((s->flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		take_syn(t, s, l, NULL);
}
