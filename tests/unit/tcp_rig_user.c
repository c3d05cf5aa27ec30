/* SPDX-License-Identifier: BSD-2-Clause */
/* What the application does and sees in tcp_rig.h's language. */
#include "tests/unit/tcp_rig_int.h"

#include <stdlib.h>

void
rig_accept(struct rig *r)
{
	struct tcp_conn *c = tcp_accept(r->t);
	struct ip ip;
	uint16_t port;

	if (c == NULL) {
		rig_fail(r, "nothing to accept");
		return;
	}
	tcp_peer(c, &ip, &port);
	if (port - PEER_PORT >= FLOWS_N || !ip_is_equal(&ip, &tcp_rig_peer)) {
		rig_fail(r, "from port %u", port);
		return;
	}
	r->flows[port - PEER_PORT].c = c;
	tcp_owner_set(c, r);
	if (tcp_owner(c) != r || tcp_service_idx(c) != 7)
		rig_fail(r, "owner or service");
}

void
rig_connect(struct rig *r)
{
	struct flow *f = rig_flow(r);

	f->c = tcp_connect(r->t, &tcp_rig_peer, LOCAL_PORT, r->now_us);
	if (f->c == NULL)
		rig_fail(r, "no connection");
	rig_flush(r);
}

void
rig_read(struct rig *r, const char *arg)
{
	static const char *const names[] = { "bytes", "empty", "end", "lost" };
	struct flow *f = rig_flow(r);
	uint32_t n = (uint32_t)strtoul(arg, NULL, 10), got = 0;
	struct span s = { 0 };
	enum net_rx rx;

	while ((rx = tcp_rx(r->t, f->c, &s)) == NET_RX_BYTES && got < n) {
		uint32_t use = (uint32_t)s.len;

		if (use > n - got)
			use = n - got;
		for (uint32_t i = 0; i < use; i++)
			if ((uint8_t)s.p[i] != rig_pattern(f->read + i)) {
				rig_fail(r, "byte %u is wrong", f->read + i);
				return;
			}
		f->read += use;
		got += use;
		tcp_rx_done(r->t, f->c, use);
	}
	rig_flush(r);
	if (n != 0 && got != n)
		rig_fail(r, "only %u bytes", got);
	else if (n == 0 && strcmp(names[rx], arg) != 0)
		rig_fail(r, "read says %s, %zu bytes", names[rx], s.len);
}

void
rig_write(struct rig *r, uint32_t n, bool want)
{
	struct flow *f = rig_flow(r);
	char *p = malloc(n ? n : 1);
	bool is_taken;

	must(p != NULL);
	for (uint32_t i = 0; i < n; i++)
		p[i] = (char)rig_pattern(f->written + i);
	is_taken = tcp_tx(r->t, f->c, (struct span) { p, n });
	free(p);
	if (is_taken)
		f->written += n;
	if (is_taken != want)
		rig_fail(r, is_taken ? "was taken" : "was not taken");
	rig_flush(r);
}

void
rig_give_up(struct rig *r, const char *how)
{
	struct flow *f = rig_flow(r);

	if (f->c == NULL) {
		rig_fail(r, "no connection");
		return;
	}
	if (!strcmp(how, "shuttx")) {
		tcp_shut_tx(r->t, f->c);
	} else {
		ready_remove(&r->ready, tcp_ready_node(f->c));
		if (!strcmp(how, "shut"))
			tcp_shut(r->t, &f->c);
		else
			tcp_abort(r->t, &f->c);
	}
	rig_flush(r);
}

static struct tcp_key
key_of(struct rig *r)
{
	struct flow *f = rig_flow(r);

	if (f->c != NULL)
		return f->c->key;
	return (struct tcp_key) { tcp_rig_local, tcp_rig_peer, LOCAL_PORT,
				  (uint16_t)(PEER_PORT + r->flow) };
}

const char *
rig_state_name(struct rig *r)
{
	static const char *const names[] = {
		"CLOSED",      "LISTEN",     "SYN_SENT",   "SYN_RECEIVED",
		"ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT",
		"CLOSING",     "LAST_ACK",   "TIME_WAIT",
	};
	struct tcp_key k = key_of(r);
	uint32_t ref = tcp_find(r->t, &k, tcp_hash_key(&r->t->hash_secret, &k));

	if (ref == 0)
		return "CLOSED";
	if ((ref & TCP_REF_KIND) == TCP_REF_SYN)
		return "SYN_RECEIVED";
	if ((ref & TCP_REF_KIND) == TCP_REF_WAIT)
		return "TIME_WAIT";
	return names[tcp_conn_at(r->t, ref)->state];
}

void
rig_count(struct rig *r, const char *name, uint64_t n)
{
	static const char *const names[] = {
#define TCP_COUNT(symbol, text, more) text,
#include "dataplane/tcp_counts.def"
#undef TCP_COUNT
	};

	for (unsigned i = 0; i < TCP_COUNT_N; i++)
		if (!strcmp(names[i], name)) {
			uint64_t got = tcp_count_get(r->t, i);

			if (got != n)
				rig_fail(r, "is %llu", (unsigned long long)got);
			return;
		}
	rig_fail(r, "no such count");
}

void
rig_icmp(struct rig *r, uint16_t mtu, uint32_t seq, bool is_hard)
{
	struct tcp_key k = key_of(r);
	struct host_unreachable u = { .src = k.local,
				      .dst = k.peer,
				      .src_port = k.local_port,
				      .dst_port = k.peer_port,
				      .seq = rig_flow(r)->iss + seq,
				      .mtu = mtu,
				      .is_hard = is_hard };

	tcp_unreachable(r->t, &u, &r->ready, r->now_us);
	rig_flush(r);
}

void
rig_ready(struct rig *r, bool want)
{
	struct flow *f = rig_flow(r);
	bool is_ready = tcp_ready_node(f->c)->next != NULL;

	if (is_ready != want)
		rig_fail(r, is_ready ? "it is ready" : "it is not ready");
	while (ready_get(&r->ready) != NULL)
		;
}
