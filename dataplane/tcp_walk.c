/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A walk over the slots of connections and then those of the SYN cache. A place
 * is the slot's number; the SYN cache's begin behind the last connection that
 * there could be, so that both may grow under way.
 */
#include "dataplane/tcp_walk.h"
#include "dataplane/tcp_int.h"

static bool
copy_conn(const struct tcp_conn *c, struct tcp_walk_conn *out)
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
		.rx_bytes = c->rx.bytes + c->burst_bytes,
		.tx_bytes = c->tx.bytes,
		.srtt_us = c->srtt_us,
		.cwnd = c->cwnd,
	};
	return true;
}

static bool
copy_syn(const struct tcp_syn *s, struct tcp_walk_conn *out)
{
	if (!(s->flags & TCP_SYN_USED))
		return false;
	*out = (struct tcp_walk_conn) {
		.local = s->key.local,
		.peer = s->key.peer,
		.local_port = s->key.local_port,
		.peer_port = s->key.peer_port,
		.state = TCP_SYN_RECEIVED,
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
			n += copy_conn(&t->conns[at], &out[n]);
		else
			n += copy_syn(&t->syns.recs[at - syns], &out[n]);
	}
	if (at >= conns_end && at < syns)
		at = syns;
	*pos = at >= syns_end ? TCP_WALK_END : at;
	return n;
}
