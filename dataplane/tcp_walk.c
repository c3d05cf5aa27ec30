/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk over the slots of connections and then those of the SYN cache. A place
 * is the slot's number; the SYN cache's begin behind the last connection that
 * there could be, so that both may grow under way.
 */
#include "dataplane/tcp_walk.h"
#include "dataplane/tcp_int.h"

static bool
copy_conn(const struct tcp *t, const struct tcp_conn *c,
	  struct tcp_walk_conn *out)
{
	if (!(c->flags & TCP_F_USED))
		return false;
	*out = (struct tcp_walk_conn) {
		.local = c->key.local,
		.peer = c->key.peer,
		.local_port = c->key.local_port,
		.peer_port = c->key.peer_port,
		.state = c->state,
		.is_owned = c->flags & TCP_F_OWNED,
		.backoff = c->backoff,
		.mss = c->mss,
		.rx_bytes = c->rx.bytes + c->burst_bytes,
		.tx_bytes = c->tx.bytes,
		.flight_bytes = c->snd_max - c->snd_una,
		.peer_window = c->snd_wnd,
		.srtt_us = c->srtt_us,
		.cwnd = c->cwnd,
		.age_s = t->now_s - t->born_s[c - t->conns],
		.silent_s = t->now_s - c->heard_s,
	};
	return true;
}

static bool
copy_syn(const struct tcp *t, const struct tcp_syn *s,
	 struct tcp_walk_conn *out)
{
	uint32_t age_s;

	if (!(s->flags & TCP_SYN_USED))
		return false;
	age_s = ((uint32_t)t->now_us - s->sent_us) / 1000000;
	*out = (struct tcp_walk_conn) {
		.local = s->key.local,
		.peer = s->key.peer,
		.local_port = s->key.local_port,
		.peer_port = s->key.peer_port,
		.state = TCP_SYN_RECEIVED,
		.backoff = s->level,
		.mss = s->mss,
		.peer_window = s->window,
		.age_s = age_s,
		.silent_s = age_s,
	};
	return true;
}

unsigned
tcp_walk(const struct tcp *t, uint64_t *pos, struct tcp_walk_conn *out,
	 unsigned slots_n)
{
	const uint64_t conns_end = t->conn_fresh - 1;
	const uint64_t syns = t->cfg.conns_max;
	const uint64_t syns_end = syns + t->syns.fresh - 1;
	uint64_t at = *pos;
	unsigned n = 0;

	for (unsigned i = 0; i < slots_n; i++, at++) {
		if (at >= conns_end && at < syns)
			at = syns;
		if (at >= syns_end)
			break;
		if (at < syns)
			n += copy_conn(t, &t->conns[at], &out[n]);
		else
			n += copy_syn(t, &t->syns.recs[at - syns], &out[n]);
	}
	if (at >= conns_end && at < syns)
		at = syns;
	*pos = at >= syns_end ? TCP_WALK_END : at;
	return n;
}
