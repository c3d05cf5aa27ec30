/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two stacks on the wire in memory that loses, doubles, reorders, corrupts and
 * delays: every stream must arrive byte for byte, both ways, and nothing may be
 * left over. All of a run follows from its seed.
 *
 *	tcp_sim [seeds [first seed]]	prints the seed of a run that fails
 *	tcp_sim long MIB		one connection, that many each way:
 *sequence numbers wrap at 4096
 */
#include "dataplane/port_mem.h"
#include "dataplane/tcp_int.h"
#include "tests/sim/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNS_MAX    6u
#define APPS_MAX     64u
#define PORT	     25u
#define START_US     5000000ull
#define RUN_US_MAX   (24ull * 3600 * 1000000)
#define APP_TICK_US  5000u
#define PAUSE_US_MAX 10000000u

/* One end's program for one connection. */
struct app {
	struct tcp_conn *c; /* NULL: not used or finished */
	struct tcp *t;
	uint32_t id; /* the client's port */
	bool is_client, is_shut, is_slow;
	uint64_t tx_bytes, tx_done, rx_bytes, rx_done;
};

struct end {
	struct host *host;
	struct tcp *tcp;
	struct port_queue *q;
	struct ready ready;
	uint64_t host_us;
	struct app apps[APPS_MAX];
};

struct sim {
	uint64_t seed, now_us;
	struct draw draw;
	struct port_mem *wire;
	struct end ends[2];
	unsigned conns_n, opened_n, finished_n, lost_n, served_n;
	uint32_t served[APPS_MAX]; /* clients whom the server saw to the end */
	uint32_t loss_ppm, bytes_max;
	uint64_t long_bytes; /* 0: short runs, drawn */
	bool is_v6;
	bool is_rude;	  /* ends may abort, or leave with bytes unread */
	uint64_t plug_us; /* when the cable is plugged in or out again */
	bool is_out;
	const char *failed;
};

static void
fail(struct sim *s, const char *why)
{
	if (s->failed == NULL)
		s->failed = why;
}

/* Both ends know what the other one has to say. */
static uint64_t
stream_bytes(const struct sim *s, uint32_t id, bool is_client)
{
	struct draw d = { s->seed * 77 + id * 2 + is_client };
	uint32_t kind = (uint32_t)draw(&d, 8);

	if (s->long_bytes)
		return s->long_bytes;
	if (kind == 0)
		return 0;
	if (kind < 4)
		return (uint32_t)draw(&d, 3000);
	return (uint32_t)draw(&d, s->bytes_max);
}

/* --- the programs --- */

static void
app_begin(struct sim *s, struct end *e, struct tcp_conn *c, bool is_client)
{
	struct app *a = NULL;
	struct ip ip;
	uint16_t port;

	for (unsigned i = 0; i < APPS_MAX && a == NULL; i++)
		if (e->apps[i].c == NULL)
			a = &e->apps[i];
	must(a != NULL);
	if (is_client)
		tcp_local(c, &ip, &port);
	else
		tcp_peer(c, &ip, &port);
	*a = (struct app) { .c = c,
			    .t = e->tcp,
			    .id = port,
			    .is_client = is_client,
			    .is_slow = !s->long_bytes && draw(&s->draw, 4) == 0,
			    .tx_bytes = stream_bytes(s, port, is_client),
			    .rx_bytes = stream_bytes(s, port, !is_client) };
	tcp_owner_set(c, a);
}

static void
app_end(struct sim *s, struct app *a, struct end *e, bool is_lost)
{
	ready_remove(&e->ready, tcp_ready_node(a->c));
	if (is_lost) {
		tcp_abort(a->t, &a->c);
		if (a->is_client)
			s->lost_n++;
	} else {
		tcp_shut(a->t, &a->c);
		if (a->is_client)
			s->finished_n++;
		else
			s->served[s->served_n++ % APPS_MAX] = a->id;
	}
	a->c = NULL;
}

static void
app_write(struct sim *s, struct app *a)
{
	while (a->tx_done < a->tx_bytes) {
		const uint8_t *p = stream_at(a->id, a->is_client, a->tx_done);
		uint64_t n = 1 + draw(&s->draw, STREAM_PIECE);

		if (n > a->tx_bytes - a->tx_done)
			n = a->tx_bytes - a->tx_done;
		if (!tcp_tx(a->t, a->c, (struct span) { (const char *)p, n }))
			return;
		a->tx_done += n;
		if (a->is_slow && draw(&s->draw, 2))
			return;
	}
	if (!a->is_shut) {
		tcp_shut_tx(a->t, a->c);
		a->is_shut = true;
	}
}

static enum net_rx
app_read(struct sim *s, struct app *a)
{
	enum net_rx rx;
	struct span in;

	while ((rx = tcp_rx(a->t, a->c, &in)) == NET_RX_BYTES) {
		uint64_t n = in.len;

		if (a->is_slow)
			n = draw(&s->draw, n + 1);
		if (!is_stream(in, a->id, !a->is_client, a->rx_done))
			fail(s, "a byte is wrong");
		a->rx_done += n;
		if (a->rx_done > a->rx_bytes)
			fail(s, "more bytes than were sent");
		tcp_rx_done(a->t, a->c, n);
		if (a->is_slow)
			break;
	}
	return rx;
}

/* All of it has been here already: this is what an old cookie has opened. */
static bool
is_served(const struct sim *s, const struct app *a)
{
	for (unsigned i = 0; i < s->served_n && i < APPS_MAX; i++)
		if (s->served[i] == a->id)
			return !a->is_client &&
			       tcp_count_get(a->t, TCP_COUNT_COOKIES_IN);
	return false;
}

/* Leaves at once, in one way or the other. */
static void
app_leave(struct sim *s, struct app *a, struct end *e)
{
	ready_remove(&e->ready, tcp_ready_node(a->c));
	if (draw(&s->draw, 2))
		tcp_abort(a->t, &a->c);
	else
		tcp_shut(a->t, &a->c);
	if (a->is_client)
		s->lost_n++;
	a->c = NULL;
}

static void
app_run(struct sim *s, struct end *e, struct app *a)
{
	enum net_rx rx;

	if (s->is_rude && draw(&s->draw, 100) == 0) {
		app_leave(s, a, e);
		return;
	}
	rx = app_read(s, a);

	if (rx == NET_RX_LOST) {
		/* A server may be left alone when its client has given up; or
		 * an old duplicate, maybe with text, has opened it again with
		 * its cookie, when all was over (RFC 4987 section 3.6). */
		if (s->loss_ppm < 50000 && !s->is_rude && !is_served(s, a) &&
		    (a->is_client || a->rx_done ||
		     !tcp_count_get(a->t, TCP_COUNT_COOKIES_IN)))
			fail(s, "a connection is lost");
		app_end(s, a, e, true);
		return;
	}
	if (tcp_is_established(a->c))
		app_write(s, a);
	if (rx != NET_RX_END)
		return;
	if (a->rx_done != a->rx_bytes && !s->is_rude)
		fail(s, "the end comes too early");
	if (a->tx_done == a->tx_bytes)
		app_end(s, a, e, false);
}

/* --- the wire --- */

static void
end_turn(struct sim *s, struct end *e)
{
	struct frame frames[PORT_BURST_MAX];
	struct host_seg segs[PORT_BURST_MAX];
	struct host_unreachable u;
	unsigned n = port_rx(e->q, frames, 1 + (unsigned)draw(&s->draw, 64));
	unsigned segs_n = host_input(e->host, frames, n, segs, s->now_us);
	struct ready_node *node;
	struct tcp_conn *c;

	tcp_input(e->tcp, segs, segs_n, &e->ready, s->now_us);
	while (host_unreachable_take(e->host, &u))
		tcp_unreachable(e->tcp, &u, &e->ready, s->now_us);
	e->host_us = host_step(e->host, s->now_us);
	tcp_timers(e->tcp, &e->ready, s->now_us);
	while ((c = tcp_accept(e->tcp)) != NULL) {
		app_begin(s, e, c, false);
		app_run(s, e, tcp_owner(c));
	}
	while ((node = ready_get(&e->ready)) != NULL) {
		struct app *a = tcp_owner(tcp_of_ready(node));

		if (!a->is_slow)
			app_run(s, e, a);
	}
	/* Slow ones run by themselves, now and then. */
	for (unsigned i = 0; i < APPS_MAX; i++)
		if (e->apps[i].c != NULL && e->apps[i].is_slow &&
		    draw(&s->draw, 3) == 0)
			app_run(s, e, &e->apps[i]);
	tcp_burst_end(e->tcp, s->now_us);
	host_tx_flush(e->host);
	port_free(e->q, frames, n);
}

/* Now and then somebody stumbles over the cable. */
static void
plug(struct sim *s)
{
	if (s->now_us < s->plug_us)
		return;
	s->is_out = !s->is_out;
	port_mem_link_set(s->wire, !s->is_out);
	s->plug_us = s->now_us + draw(&s->draw, s->is_out ? 3000000 : 60000000);
}

static uint64_t
next_us(const struct sim *s)
{
	uint64_t next = port_mem_next_us(s->wire);

	next = s->plug_us < next ? s->plug_us : next;

	if (next > s->now_us + PAUSE_US_MAX)
		next = s->now_us + PAUSE_US_MAX;
	for (unsigned i = 0; i < 2; i++) {
		const struct end *e = &s->ends[i];
		uint64_t at = tcp_next_us(e->tcp);

		next = at < next ? at : next;
		next = e->host_us < next ? e->host_us : next;
		for (unsigned k = 0; k < APPS_MAX; k++)
			if (e->apps[k].c != NULL && e->apps[k].is_slow &&
			    s->now_us + APP_TICK_US < next)
				next = s->now_us + APP_TICK_US;
	}
	return next > s->now_us ? next : s->now_us + 1;
}

static void
end_ip(const struct sim *s, unsigned end, struct ip *out)
{
	static const char *const names[2][2] = {
		{ "192.0.2.1", "192.0.2.2" },
		{ "2001:db8::1", "2001:db8::2" },
	};

	must(ip_parse(span_of(names[s->is_v6][end]), out));
}

static void
connect_some(struct sim *s)
{
	struct end *e = &s->ends[0];
	struct ip dst;

	end_ip(s, 1, &dst);
	while (s->opened_n - s->lost_n < s->conns_n &&
	       s->opened_n < APPS_MAX / 2) {
		struct tcp_conn *c = tcp_connect(e->tcp, &dst, PORT, s->now_us);

		if (c == NULL) {
			fail(s, "no connection");
			return;
		}
		app_begin(s, e, c, true);
		s->opened_n++;
	}
}

static bool
is_idle(const struct sim *s)
{
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < APPS_MAX; k++)
			if (s->ends[i].apps[k].c != NULL)
				return false;
	return true;
}

/* --- one run --- */

static void
draw_cfg(struct sim *s, struct tcp_cfg *cfg)
{
	struct draw *d = &s->draw;
	static const uint32_t rx[] = { 2000, 8192, 65535, 128 * 1024,
				       512 * 1024 };

	*cfg = tcp_cfg_default;
	cfg->conns_max = 64;
	cfg->time_wait_max = 64;
	cfg->syn_cache_max = draw(d, 3) ? 64 : 1;
	cfg->is_cookie_only = draw(d, 8) == 0;
	cfg->rx_bytes_max = rx[draw(d, ARRAY_N(rx))];
	cfg->tx_bytes_max = 16384u << draw(d, 5);
	cfg->memory_bytes_max = (draw(d, 4) ? 8u : 1u) << 20;
	cfg->has_sack = draw(d, 4) != 0;
	cfg->has_timestamps = draw(d, 4) != 0;
	cfg->has_scaling = draw(d, 4) != 0;
	cfg->has_ecn = draw(d, 2) != 0;
	cfg->mss_min = 48;
	for (unsigned i = 0; i < sizeof(cfg->secret); i++)
		cfg->secret[i] = (uint8_t)draw(d, 256);
}

static void
draw_way(struct sim *s, struct port_mem_way *w)
{
	struct draw *d = &s->draw;
	uint32_t kind = (uint32_t)draw(d, 4);

	w->delay_us = draw(d, 2) ? draw(d, 1000) : draw(d, 150000);
	if (kind == 0)
		return;
	w->loss_ppm = (uint32_t)draw(d, s->loss_ppm + 1);
	if (kind == 1)
		return;
	w->dup_ppm = (uint32_t)draw(d, 50000);
	w->reorder_ppm = (uint32_t)draw(d, 300000);
	w->reorder_us = draw(d, 2 * w->delay_us + 5000);
	w->corrupt_ppm = (uint32_t)draw(d, 30000);
}

/* One fast connection of which a few segments are lost. */
static void
set_long(struct sim *s, struct port_mem_cfg *pc, struct tcp_cfg *cfg)
{
	if (pc != NULL) {
		s->conns_n = 1;
		s->loss_ppm = 0;
		pc->mtu = 9000;
		for (unsigned i = 0; i < 2; i++)
			pc->ways[i] =
				(struct port_mem_way) { .delay_us = 50,
							.loss_ppm = 1000 };
	}
	if (cfg != NULL) {
		cfg->rx_bytes_max = cfg->tx_bytes_max = 1u << 20;
		cfg->memory_bytes_max = 16u << 20;
		cfg->has_sack = cfg->has_scaling = true;
		cfg->is_cookie_only = false;
	}
}

static void
sim_open(struct sim *s, uint64_t seed, uint64_t long_bytes)
{
	static const uint32_t mtus[] = { 576, 1280, 1500, 1500, 9000 };
	static const uint32_t losses[] = { 0, 5000, 30000, 100000, 300000 };
	struct port_mem_cfg pc = port_mem_cfg_default;
	static const struct ip any;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->long_bytes = long_bytes;
	s->draw.x = seed * 1000003;
	s->now_us = START_US;
	s->loss_ppm = losses[draw(&s->draw, ARRAY_N(losses))];
	s->conns_n = 1 + (unsigned)draw(&s->draw, CONNS_MAX);
	s->is_rude = !long_bytes && draw(&s->draw, 8) == 0;
	s->plug_us = UINT64_MAX;
	if (!long_bytes && draw(&s->draw, 8) == 0)
		s->plug_us = s->now_us;
	s->bytes_max = s->loss_ppm > 50000 ? 60000 : 400000;
	pc.seed = seed;
	pc.bufs_n = pc.flight_n = 1024;
	pc.now_us = s->now_us;
	pc.mtu = mtus[draw(&s->draw, ARRAY_N(mtus))];
	s->is_v6 = pc.mtu >= 1280 && draw(&s->draw, 3) == 0;
	/* What the devices do themselves; a frame for TSO is long. */
	for (unsigned i = 0; i < 2; i++)
		pc.caps[i] = (uint32_t)draw(&s->draw, 2) *
			     (uint32_t)draw(&s->draw, PORT_CAP_TSO << 1);
	if ((pc.caps[0] | pc.caps[1]) & PORT_CAP_TSO)
		pc.buf_bytes = 32768;
	draw_way(s, &pc.ways[0]);
	draw_way(s, &pc.ways[1]);
	if (long_bytes)
		set_long(s, &pc, NULL);
	pc.buf_bytes = pc.mtu + 64 > pc.buf_bytes ? pc.mtu + 64 : pc.buf_bytes;
	s->wire = port_mem_open(&pc);
	must(s->wire != NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct end *e = &s->ends[i];
		struct host_cfg hc = { .addrs_n = 1, .is_dad_skipped = true };
		struct diag diag = { 0 };
		struct tcp_cfg tc;

		end_ip(s, i, &hc.ends[0]);
		hc.addrs[0].addr = hc.ends[0];
		hc.addrs[0].addr.b[15] = 0;
		hc.addrs[0].prefix_bits = s->is_v6 ? 64 : 96 + 24;
		e->host = host_open(&hc, port_mem_port(s->wire, i), 0, &diag);
		must(e->host != NULL);
		e->q = port_queue(port_mem_port(s->wire, i), 0);
		draw_cfg(s, &tc);
		if (long_bytes)
			set_long(s, NULL, &tc);
		e->tcp = tcp_open(&tc, e->host, s->now_us);
		must(tcp_listen(e->tcp, &any, PORT, 0) == 0);
	}
}

static void
look_for_leaks(struct sim *s)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct tcp *t = s->ends[i].tcp;
		uint64_t all, left, states[TCP_STATES_N];

		tcp_bufs_get(t, &all, &left);
		if (all != left)
			fail(s, "buffers are left over");
		if (t->wheel.set_n || t->table.used_n || t->conns_n ||
		    t->reass.used_n || t->losses.used_n || t->syns.used_n ||
		    t->waits.used_n)
			fail(s, "timers or records are left over");
		tcp_states_get(s->ends[i].tcp, states);
		for (unsigned k = 0; k < TCP_STATES_N; k++)
			if (states[k] != (k == 1)) /* LISTEN */
				fail(s, "connections are left over");
		if (port_mem_bufs_out(s->wire, i) != 0)
			fail(s, "frames are left over");
	}
}

static const char *
sim_run(struct sim *s, uint64_t seed, uint64_t long_bytes)
{
	uint64_t quiet_us = 0;
	unsigned turns = 0;

	sim_open(s, seed, long_bytes);
	while (s->failed == NULL) {
		port_mem_advance(s->wire, s->now_us);
		plug(s);
		connect_some(s);
		end_turn(s, &s->ends[0]);
		end_turn(s, &s->ends[1]);
		if (++turns % (long_bytes ? 4096 : 16) == 0) {
			tcp_check(s->ends[0].tcp);
			tcp_check(s->ends[1].tcp);
		}
		if (s->now_us - START_US > RUN_US_MAX)
			fail(s, "it does not come to an end");
		/* Then TIME_WAIT, FINs whose ACKs got lost, ... */
		if (!is_idle(s))
			quiet_us = s->now_us;
		else if (s->now_us - quiet_us > 1200 * 1000000ull)
			break;
		s->now_us = next_us(s);
	}
	if (s->failed == NULL && s->finished_n < s->conns_n && s->lost_n == 0)
		fail(s, "not every connection has finished");
	if (s->failed == NULL)
		look_for_leaks(s);
	return s->failed;
}

static void
sim_close(struct sim *s)
{
	for (unsigned i = 0; i < 2; i++) {
		tcp_close(&s->ends[i].tcp);
		host_close(&s->ends[i].host);
	}
	port_mem_close(&s->wire);
}

int
main(int argc, char **argv)
{
	bool is_long = argc > 2 && !strcmp(argv[1], "long");
	uint64_t mib = is_long ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t n = argc > 1 && !is_long ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t first = argc > 2 && !is_long ? strtoull(argv[2], NULL, 10) : 1;
	struct sim *s = must_alloc(sizeof(*s));
	uint64_t rtx = 0, segs = 0, lost = 0, finished = 0;
	unsigned failed_n = 0;

	stream_init();
	for (uint64_t seed = first; seed < first + n; seed++) {
		const char *why = sim_run(s, seed, mib << 20);

		if (why != NULL) {
			printf("seed %llu: %s (at %.3f s)\n",
			       (unsigned long long)seed, why,
			       (double)(s->now_us - START_US) / 1e6);
			failed_n++;
		}
		for (unsigned i = 0; i < 2; i++) {
			rtx += tcp_count_get(s->ends[i].tcp,
					     TCP_COUNT_RETRANSMITTED);
			segs += tcp_count_get(s->ends[i].tcp,
					      TCP_COUNT_SEGS_OUT);
		}
		lost += s->lost_n;
		finished += s->finished_n;
		sim_close(s);
	}
	printf("%llu seeds from %llu, %u failed; %llu connections, %llu given "
	       "up, %llu segments, %llu sent again\n",
	       (unsigned long long)n, (unsigned long long)first, failed_n,
	       (unsigned long long)finished, (unsigned long long)lost,
	       (unsigned long long)segs, (unsigned long long)rtx);
	free(s);
	return failed_n != 0;
}
