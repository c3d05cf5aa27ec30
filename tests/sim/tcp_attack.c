/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What strangers and bad peers send, as fast as a test can: each attack runs
 * beside honest sessions, which have to get through, and inside the limits of
 * memory. Cycles for each packet of the attack are printed, not judged.
 *
 *	tcp_attack [name]	runs one, or all
 */
#include "tests/unit/check.h"
#include "tests/unit/tcp_host_impl.h"

#include <sys/resource.h>

enum { PORT = 25, HONEST_N = 64, START_US = 1000000000 };

/* A peer's end of a connection, as far as it must be known to go on. */
struct peer {
	uint32_t ip; /* 10.0.0.0 and on */
	uint16_t port;
	uint32_t seq, ack; /* next to be sent; next that is expected */
	uint32_t got;	   /* bytes of the reply */
	bool is_open, has_fin;
};

struct world {
	struct host *h;
	struct tcp *t;
	struct ready ready;
	uint64_t now_us;
	uint64_t rst_n, ack_n, syn_ack_n, bytes_n; /* what was sent */
	struct peer *peers;			   /* by port and address */
	uint32_t peers_n;
	uint64_t in_n, cycles;
	struct host_seg segs[PORT_BURST_MAX];
	uint8_t frames[PORT_BURST_MAX][128], ips[PORT_BURST_MAX][IP4_BYTES];
	unsigned segs_n;
};

/* Peer i has its own address and port. */
static void
peer_name(uint32_t i, uint32_t *ip_out, uint16_t *port_out)
{
	*ip_out = 0x0a000000u + i / 50000;
	*port_out = (uint16_t)(1024 + i % 50000);
}

/* --- what the stack sends --- */

static void
on_frame(void *ctx, const struct tcp_rig_frame *fr)
{
	struct world *w = ctx;
	const uint8_t *p = fr->bytes;
	uint32_t head = (uint32_t)(p[12] >> 4) * 4, len = fr->len - head;
	uint32_t i = (wire_get32(fr->key.peer.b + 12) - 0x0a000000u) * 50000 +
		     fr->key.peer_port - 1024u;

	w->rst_n += (p[13] & TCP_RST) != 0;
	w->syn_ack_n += (p[13] & TCP_SYN) != 0;
	w->ack_n += p[13] == TCP_ACK && len == 0;
	w->bytes_n += len;
	if (i >= w->peers_n)
		return;
	if (p[13] & TCP_SYN) {
		w->peers[i].ack = wire_get32(p + 4) + 1;
		w->peers[i].is_open = true;
	} else if (wire_get32(p + 4) == w->peers[i].ack) {
		w->peers[i].ack += len + (p[13] & TCP_FIN);
		w->peers[i].got += len;
		w->peers[i].has_fin |= p[13] & TCP_FIN;
	}
}

/* --- what peers send --- */

static uint64_t
cycles_now(void)
{
	return __builtin_ia32_rdtsc();
}

static void
send_all(struct world *w)
{
	uint64_t start = cycles_now();

	tcp_input(w->t, w->segs, w->segs_n, &w->ready, w->now_us);
	w->in_n += w->segs_n;
	w->segs_n = 0;
	tcp_burst_end(w->t, w->now_us);
	w->cycles += cycles_now() - start;
}

static void
put(struct world *w, uint32_t ip, uint16_t port, uint32_t seq, uint32_t ack,
    uint8_t flags, uint16_t wnd, const char *text)
{
	static const struct tcp_opts none;
	struct tcp_opts syn = { .has_mss = true, .mss = 1460 };
	uint8_t *p = w->frames[w->segs_n];
	uint32_t head =
		TCP_HDR_BYTES + tcp_opt_write(flags & TCP_SYN ? &syn : &none,
					      p + TCP_HDR_BYTES);
	uint32_t n = text ? (uint32_t)strlen(text) : 0;

	wire_put16(p, port);
	wire_put16(p + 2, PORT);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	p[12] = (uint8_t)(head / 4 << 4);
	p[13] = flags;
	wire_put16(p + 14, wnd);
	wire_put32(p + 16, 0);
	if (n)
		memcpy(p + head, text, n);
	wire_put32(w->ips[w->segs_n] + IP4_SRC, ip);
	memcpy(w->ips[w->segs_n] + IP4_DST, tcp_rig_local.b + 12, 4);
	w->segs[w->segs_n] = (struct host_seg) { .tcp = p,
						 .tcp_bytes = head + n,
						 .ip = w->ips[w->segs_n] };
	if (++w->segs_n == PORT_BURST_MAX)
		send_all(w);
}

static void
peer_put(struct world *w, uint32_t i, uint8_t flags, uint16_t wnd,
	 const char *text)
{
	struct peer *e = &w->peers[i];

	put(w, e->ip, e->port, e->seq, flags & TCP_SYN ? 0 : e->ack, flags, wnd,
	    text);
	e->seq += (text ? (uint32_t)strlen(text) : 0) + !!(flags & TCP_SYN) +
		  !!(flags & TCP_FIN);
}

/* --- the server: a banner, an answer for each text, the end for the end --- */

static uint32_t reply_bytes = 10;

static void
serve_one(struct world *w, struct tcp_conn *c)
{
	static const char reply[65536];
	struct span in;
	enum net_rx rx;

	while ((rx = tcp_rx(w->t, c, &in)) == NET_RX_BYTES) {
		/* One that cannot answer does not read on. */
		if (!tcp_tx(w->t, c, (struct span) { reply, reply_bytes }))
			return;
		tcp_rx_done(w->t, c, in.len);
	}
	if (rx == NET_RX_END)
		tcp_shut(w->t, &c);
	else if (rx == NET_RX_LOST)
		tcp_abort(w->t, &c);
}

static void
serve(struct world *w)
{
	struct ready_node *n;
	struct tcp_conn *c;

	if (w->segs_n)
		send_all(w);
	tcp_timers(w->t, &w->ready, w->now_us);
	while ((c = tcp_accept(w->t)) != NULL) {
		(void)!tcp_tx(w->t, c, SPAN("220 hello\n"));
		serve_one(w, c);
	}
	while ((n = ready_get(&w->ready)) != NULL)
		serve_one(w, tcp_of_ready(n));
	tcp_burst_end(w->t, w->now_us);
}

static void
go_on(struct world *w, uint64_t us)
{
	uint64_t end = w->now_us + us;

	while (w->now_us < end) {
		w->now_us += 10000;
		serve(w);
	}
}

static void
open_peers(struct world *w, uint32_t from, uint32_t n, uint16_t wnd)
{
	for (uint32_t i = from; i < from + n; i++)
		peer_put(w, i, TCP_SYN, wnd, NULL);
	serve(w);
	for (uint32_t i = from; i < from + n; i++) {
		peer_put(w, i, TCP_ACK, wnd, NULL);
		if (i % 32 == 0)
			serve(w);
	}
	serve(w);
}

/* --- the world --- */

static void
world_open(struct world *w, struct tcp_cfg *cfg, uint32_t peers_n)
{
	static const struct ip any;

	memset(w, 0, sizeof(*w));
	w->h = tcp_rig_host_open();
	w->h->on_frame = on_frame;
	w->h->ctx = w;
	w->now_us = START_US;
	w->t = tcp_open(cfg, w->h, w->now_us);
	must(tcp_listen(w->t, &any, PORT, 0) == 0);
	w->peers = must_alloc(peers_n * sizeof(*w->peers));
	w->peers_n = peers_n;
	for (uint32_t i = 0; i < peers_n; i++) {
		peer_name(i, &w->peers[i].ip, &w->peers[i].port);
		w->peers[i].seq = i * 7919u;
	}
}

static void
world_close(struct world *w, const char *what)
{
	struct rusage use;

	tcp_check(w->t);
	getrusage(RUSAGE_SELF, &use);
	printf("%s: %llu packets in, %llu cycles each, %llu MiB at most\n",
	       what, (unsigned long long)w->in_n,
	       (unsigned long long)(w->in_n ? w->cycles / w->in_n : 0),
	       (unsigned long long)use.ru_maxrss / 1024);
	tcp_close(&w->t);
	tcp_rig_host_close(&w->h);
	free(w->peers);
}

/* An honest session of peer i, from where it stands: two texts, the end. */
static void
finish(struct world *w, uint32_t i)
{
	struct peer *e = &w->peers[i];

	peer_put(w, i, TCP_ACK, 65535, "HELO a\n");
	serve(w);
	peer_put(w, i, TCP_ACK, 65535, "DATA\n");
	serve(w);
	peer_put(w, i, TCP_ACK | TCP_FIN, 65535, NULL);
	serve(w);
	peer_put(w, i, TCP_ACK, 65535, NULL);
	serve(w);
	CHECK(e->got == 10 + 2 * reply_bytes);
	CHECK(e->has_fin);
}

static uint64_t
draw(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* --- the attacks --- */

/* Two million spoofed SYNs; sessions from before and from within finish. */
static void
syn_flood(void)
{
	struct tcp_cfg cfg = tcp_cfg_default;
	static struct world w;
	uint64_t x = 1, all, left;
	uint32_t next = HONEST_N;

	world_open(&w, &cfg, 2 * HONEST_N);
	CHECK_ROW("SYN flood");
	open_peers(&w, 0, HONEST_N, 65535);
	for (uint32_t i = 0; i < 2000000; i++) {
		put(&w, 0xc6120000u + (uint32_t)(draw(&x) & 0x1ffff),
		    (uint16_t)draw(&x), (uint32_t)draw(&x), 0, TCP_SYN, 1024,
		    NULL);
		if (i % 64 == 0) { /* a million a second */
			w.now_us += 64;
			serve(&w);
		}
		if (i % 20000 == 10000 && next < 2 * HONEST_N) {
			open_peers(&w, next, 1, 65535);
			CHECK(w.peers[next].got == 10);
			finish(&w, next++);
		}
		if (i % 30000 == 15000 && i / 30000 < HONEST_N)
			finish(&w, i / 30000);
	}
	CHECK(next == 2 * HONEST_N);
	CHECK(w.t->syns.used_n <= cfg.syn_cache_max);
	CHECK(w.t->conns_n == 0);
	CHECK(w.syn_ack_n >= 2000000); /* each one got its chance */
	CHECK(tcp_count_get(w.t, TCP_COUNT_COOKIES_OUT) > 1900000);
	go_on(&w, 200 * 1000000ull);
	CHECK(w.t->syns.used_n == 0 && w.t->table.used_n == 0);
	tcp_bufs_get(w.t, &all, &left);
	CHECK(all == left);
	world_close(&w, "SYN flood");
}

/* Every place of the sequence space that a window could be at, four flags. */
static void
injection(void)
{
	static const uint8_t flags[] = { TCP_RST, TCP_RST | TCP_ACK, TCP_SYN,
					 TCP_ACK };
	struct tcp_cfg cfg = tcp_cfg_default;
	static struct world w;
	uint32_t far;

	world_open(&w, &cfg, 1);
	CHECK_ROW("injection");
	open_peers(&w, 0, 1, 65535);
	far = w.peers[0].ack + 0x40000000u; /* a guess at the ACK: wrong */
	for (unsigned k = 0; k < ARRAY_N(flags); k++)
		for (uint64_t seq = 1; seq < 1ull << 32; seq += 16384) {
			uint32_t at = (uint32_t)seq;

			if (at == w.peers[0].seq) /* the one that is right */
				continue;
			put(&w, w.peers[0].ip, w.peers[0].port, at, far,
			    flags[k], 65535, flags[k] & TCP_RST ? NULL : "x");
			if (seq >> 14 & 1023)
				continue;
			w.now_us += 20000; /* fifty thousand a second */
			serve(&w);
		}
	/* And a thousand inside the window, in no time. */
	for (uint32_t i = 1; i <= 1000; i++)
		put(&w, w.peers[0].ip, w.peers[0].port, w.peers[0].seq + i, far,
		    i & 1 ? TCP_RST : TCP_SYN, 65535, NULL);
	serve(&w);
	CHECK(w.t->conns_n == 1);
	/* Challenges: five a second; duplicates and text: one a burst. */
	CHECK(tcp_count_get(w.t, TCP_COUNT_CHALLENGES) <=
	      5 * ((w.now_us - START_US) / 1000000 + 1));
	CHECK(tcp_count_get(w.t, TCP_COUNT_CHALLENGES_HELD) > 100);
	CHECK(w.ack_n < w.in_n / 32);
	CHECK(w.rst_n == 0);
	finish(&w, 0);
	world_close(&w, "injection");
}

/* Ten thousand connections, single bytes, holes: what it pins is bounded. */
static void
holes(void)
{
	const uint32_t n = 10000;
	struct tcp_cfg cfg = tcp_cfg_default;
	static struct world w;
	uint64_t x = 3, all, left, most = 0;

	world_open(&w, &cfg, n + 2);
	CHECK_ROW("holes");
	for (uint32_t i = 0; i < n; i += 1000)
		open_peers(&w, i, 1000, 65535);
	CHECK(w.t->conns_n == n);
	for (uint32_t round = 0; round < 60; round++)
		for (uint32_t i = 0; i < n; i++) {
			put(&w, w.peers[i].ip, w.peers[i].port,
			    w.peers[i].seq + 1 + (uint32_t)(draw(&x) % 60000),
			    w.peers[i].ack, TCP_ACK, 65535, "x");
			if (i % 64 == 0) {
				w.now_us += 100;
				serve(&w);
			}
			tcp_bufs_get(w.t, &all, &left);
			most = all - left > most ? all - left : most;
		}
	CHECK(most <= all / 4); /* the share of out-of-order bytes */
	CHECK(most > all / 8);	/* and they have really tried */
	CHECK(w.t->reass.used_n <= w.t->reass.recs_n);
	CHECK(tcp_count_get(w.t, TCP_COUNT_OUT_OF_ORDER_FULL) > 0);
	open_peers(&w, n, 1, 65535);
	finish(&w, n);
	world_close(&w, "holes");
}

/* Ten thousand that ask for much and let none of it come. */
static void
zero_windows(void)
{
	const uint32_t n = 10000;
	struct tcp_cfg cfg = tcp_cfg_default;
	static struct world w;
	uint64_t all, left, rounds = 0;

	world_open(&w, &cfg, n + 2);
	CHECK_ROW("zero windows");
	for (uint32_t i = 0; i < n; i += 1000)
		open_peers(&w, i, 1000, 0);
	reply_bytes = 3000;
	for (uint32_t round = 0; round < 30; round++, rounds++)
		for (uint32_t i = 0; i < n; i++) {
			peer_put(&w, i, TCP_ACK, 0,
				 "RCPT TO:<a@example.com>\n");
			if (i % 64 == 0) {
				w.now_us += 100;
				serve(&w);
			}
		}
	tcp_bufs_get(w.t, &all, &left);
	CHECK(w.t->tx_bufs_n <= all / 4 * 3); /* the share of sending */
	CHECK(left > 0);		      /* for who comes next */
	reply_bytes = 10;
	open_peers(&w, n, 1, 65535);
	finish(&w, n);
	/* Probes to all of them: still one after another. */
	w.bytes_n = 0;
	go_on(&w, 60 * 1000000ull);
	CHECK(tcp_count_get(w.t, TCP_COUNT_WINDOW_PROBES) > n);
	CHECK(w.bytes_n < 20ull * n);
	world_close(&w, "zero windows");
}

/* An MSS of 48 costs what the least MSS does, not twenty times as much. */
static void
tiny_mss(void)
{
	const uint32_t n = 1000;
	struct tcp_cfg cfg = tcp_cfg_default;
	static struct world w;
	uint64_t segs;

	world_open(&w, &cfg, n + 2);
	CHECK_ROW("tiny MSS");
	for (uint32_t i = 0; i < n; i++) {
		struct tcp_opts o = { .has_mss = true, .mss = 48 };
		uint8_t *p = w.frames[w.segs_n];

		put(&w, w.peers[i].ip, w.peers[i].port, w.peers[i].seq, 0,
		    TCP_SYN, 65535, NULL);
		(void)tcp_opt_write(&o, p + TCP_HDR_BYTES);
		if (w.segs_n == 0)
			continue;
		send_all(&w);
		w.peers[i].seq++;
	}
	serve(&w);
	reply_bytes = 20000;
	segs = w.h->sent_n;
	for (uint32_t i = 0; i < n; i++) {
		peer_put(&w, i, TCP_ACK, 65535, NULL);
		serve(&w);
		peer_put(&w, i, TCP_ACK, 65535, "DATA\n");
		serve(&w);
		for (unsigned k = 0; k < 20; k++) {
			peer_put(&w, i, TCP_ACK, 65535, NULL);
			serve(&w);
		}
	}
	segs = w.h->sent_n - segs;
	CHECK(w.bytes_n > 19000ull * n);
	CHECK(segs <= (w.bytes_n / cfg.mss_min + 4 * n));
	reply_bytes = 10;
	open_peers(&w, n, 1, 65535);
	finish(&w, n);
	world_close(&w, "tiny MSS");
}

static const struct {
	const char *name;
	void (*run)(void);
} attacks[] = {
	{ "syn_flood", syn_flood }, { "injection", injection },
	{ "holes", holes },	    { "zero_windows", zero_windows },
	{ "tiny_mss", tiny_mss },
};

int
main(int argc, char **argv)
{
	for (unsigned i = 0; i < ARRAY_N(attacks); i++)
		if (argc < 2 || !strcmp(argv[1], attacks[i].name))
			attacks[i].run();
	return check_end();
}
