/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of each kind are listed once, however few a call looks at. */
#include "dataplane/tcp_walk.h"
#include "dataplane/wire.h"
#include "engine/base/clock.h"
#include "tests/unit/tcp_rig.h"

#define NOW_US 1000000u
enum {
	CONNS_N = 5,
	AGE_S = 40,
	ABORTED = 2,
	ANSWERED = 3,
	SYNS_N = 3,
	LIST_MAX = 64
};

struct rig {
	struct host *h;
	struct tcp *t;
	struct ready ready;
	struct tcp_conn *conns[CONNS_N];
};

static void
feed(struct rig *r, uint16_t src_port, uint16_t dst_port, uint32_t ack,
     uint8_t flags)
{
	uint8_t p[64], ip[IP4_BYTES] = { 0 };
	struct host_seg seg = { .tcp = p, .ip = ip };
	struct tcp_opts o = { 0 };

	memcpy(ip + IP4_SRC, tcp_rig_peer.b + 12, 4);
	memcpy(ip + IP4_DST, tcp_rig_local.b + 12, 4);
	seg.tcp_bytes = tcp_rig_segment(p, src_port, dst_port, 7, ack, flags,
					65535, &o, 0);
	tcp_input(r->t, &seg, 1, &r->ready, NOW_US);
}

static void
setup(struct rig *r)
{
	struct tcp_cfg cfg = tcp_rig_cfg();
	struct ip any = { 0 };

	*r = (struct rig) { .h = tcp_rig_host_open() };
	r->t = tcp_open(&cfg, r->h, NOW_US);
	must(tcp_listen(r->t, &any, 25, 7) == 0);
}

static void
teardown(struct rig *r)
{
	tcp_close(&r->t);
	tcp_rig_host_close(&r->h);
}

static void
fill(struct rig *r)
{
	struct tcp_conn *c;

	for (unsigned i = 0; i < CONNS_N; i++) {
		r->conns[i] = tcp_connect(r->t, &tcp_rig_peer,
					  (uint16_t)(100 + i), NOW_US);
		must(r->conns[i] != NULL);
	}
	c = r->conns[ANSWERED];
	feed(r, 100 + ANSWERED, c->key.local_port, c->snd_una + 1,
	     TCP_SYN | TCP_ACK);
	must(c->state == TCP_ESTABLISHED && tcp_tx(r->t, c, SPAN("hello")));
	tcp_abort(r->t, &r->conns[ABORTED]);
	for (unsigned i = 0; i < SYNS_N; i++)
		feed(r, (uint16_t)(200 + i), 25, 0, TCP_SYN);
	tcp_burst_end(r->t, NOW_US);
}

/* All of it, slots_n slots a call. */
static unsigned
list(struct rig *r, unsigned slots_n, struct tcp_walk_conn *out)
{
	unsigned n = 0, calls_n = 0;
	uint64_t pos = 0;

	while (pos != TCP_WALK_END && calls_n++ < 1000) {
		struct tcp_walk_conn few[LIST_MAX];
		unsigned got = tcp_walk(r->t, &pos, few, slots_n);

		CHECK(got <= slots_n);
		for (unsigned i = 0; i < got && n < LIST_MAX; i++)
			out[n++] = few[i];
	}
	CHECK(pos == TCP_WALK_END);
	return n;
}

static void
test_all(unsigned slots_n)
{
	struct tcp_walk_conn got[LIST_MAX];
	unsigned n, at = 0;
	struct rig r;

	setup(&r);
	fill(&r);
	tcp_set_now(r.t, NOW_US + AGE_S * US_PER_SEC);
	n = list(&r, slots_n, got);
	CHECK(n == CONNS_N - 1 + SYNS_N);
	for (unsigned i = 0; i < CONNS_N && n == CONNS_N - 1 + SYNS_N; i++) {
		const struct tcp_walk_conn *c = &got[at];
		bool is_up = i == ANSWERED;

		if (i == ABORTED)
			continue;
		at++;
		CHECK(ip_is_equal(&c->local, &tcp_rig_local));
		CHECK(ip_is_equal(&c->peer, &tcp_rig_peer));
		CHECK(c->peer_port == 100 + i && c->local_port != 0);
		CHECK(c->state == (is_up ? TCP_ESTABLISHED : TCP_SYN_SENT));
		CHECK(c->tx_bytes == (is_up ? 5 : 0) && c->rx_bytes == 0);
		CHECK(c->flight_bytes == (is_up ? 5 : 1));
		CHECK(c->peer_window == (is_up ? 65535 : 0));
		CHECK(c->mss >= 500 && c->backoff == 0);
		CHECK(c->age_s == AGE_S && c->silent_s == AGE_S);
		CHECK(c->is_owned);
	}
	for (unsigned i = 0; i < SYNS_N && at < n; i++, at++) {
		CHECK(got[at].state == TCP_SYN_RECEIVED && !got[at].is_owned);
		CHECK(got[at].peer_port == 200 + i && got[at].local_port == 25);
		CHECK(got[at].age_s == AGE_S && got[at].peer_window == 65535);
	}
	teardown(&r);
}

static void
test_none(void)
{
	struct tcp_walk_conn got[LIST_MAX];
	struct rig r;

	setup(&r);
	CHECK(list(&r, 1, got) == 0);
	teardown(&r);
}

int
main(void)
{
	static const struct {
		const char *name;
		unsigned slots_n;
	} rows[] = { { "one slot a call", 1 },
		     { "two", 2 },
		     { "as many as there are", 5 },
		     { "all", LIST_MAX } };

	test_none();
	for (unsigned i = 0; i < ARRAY_N(rows); i++) {
		CHECK_ROW(rows[i].name);
		test_all(rows[i].slots_n);
	}
	return check_end();
}
