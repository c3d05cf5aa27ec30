/* SPDX-License-Identifier: BSD-2-Clause */
/* The host in place of host.c, and the language of tcp_rig.h. */
#include "tests/unit/tcp_rig.h"
#include "dataplane/tcp_isn.h"
#include "dataplane/wire.h"
#include "tests/unit/tcp_host.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCAL_PORT 25u
#define PEER_PORT  40000u
#define FLOWS_N	   16u
#define START_US   1000000000ull
#define IP_AT	   40u

const uint8_t *
tcp_rig_sent(const struct host *h, unsigned i)
{
	return i < h->out_n ? h->out[i].bytes : NULL;
}

/* --- segments --- */

static uint8_t
pattern(uint32_t off)
{
	return (uint8_t)(off * 31 + (off >> 7) + (off >> 16));
}

uint32_t
tcp_rig_segment(uint8_t *p, uint16_t src_port, uint16_t dst_port, uint32_t seq,
		uint32_t ack, uint8_t flags, uint16_t wnd,
		const struct tcp_opts *o, uint32_t bytes)
{
	uint32_t head = TCP_HDR_BYTES + tcp_opt_write(o, p + TCP_HDR_BYTES);

	wire_put16(p, src_port);
	wire_put16(p + 2, dst_port);
	wire_put32(p + 4, seq);
	wire_put32(p + 8, ack);
	p[12] = (uint8_t)(head / 4 << 4);
	p[13] = flags;
	wire_put16(p + 14, wnd);
	wire_put32(p + 16, 0);
	return head + bytes;
}

struct flow {
	struct tcp_conn *c;
	uint32_t irs, iss;
	uint32_t ts_base; /* our first TSval */
	bool has_iss, has_ts_base;
	uint32_t read, written; /* offsets in the streams */
	uint8_t snd_ws;		/* of the peer's window */
};

struct rig {
	const char *row, *at; /* at: the command, for messages */
	struct host *h;
	struct tcp *t;
	struct ready ready;
	uint64_t now_us;
	struct flow flows[FLOWS_N];
	unsigned flow, seen; /* seen: flow of the last accepted */
	struct host_seg segs[PORT_BURST_MAX];
	uint8_t *frames[PORT_BURST_MAX];
	unsigned segs_n;
	bool is_failed;
	bool is_shown; /* TCP_RIG_SHOW is set: tells, does not compare */
	char *why;
	size_t why_cap;
};

PRINTF_LIKE(2, 3)
static void
fail(struct rig *r, const char *fmt, ...)
{
	char what[512];
	va_list ap;
	size_t len = strcspn(r->at, ";");

	if (r->is_failed)
		return;
	r->is_failed = true;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(r->why, r->why_cap, "%s: at \"%.*s\": %s", r->row, (int)len,
		 r->at, what);
}

static struct flow *
flow(struct rig *r)
{
	return &r->flows[r->flow];
}

struct want {
	uint8_t flags;
	uint32_t seq, bytes, ack, win, ts_val, ts_ecr;
	struct tcp_opts o;
	bool has_ack, has_win, has_ts, has_ecr, no_ts, no_sack, has_sacks;
	bool no_ws, no_mss, no_sackok, has_ws, has_mss, has_sackok, is_ce;
	bool is_ect, no_ect, is_raw_ack;
};

static uint8_t
flag_bits(const char *word)
{
	static const char letters[] = "FSRPAUEC";
	uint8_t bits = 0;

	for (; *word; word++) {
		const char *at = strchr(letters, *word);

		if (at != NULL)
			bits |= (uint8_t)(1u << (at - letters));
	}
	return bits;
}

static void
read_sacks(const char *p, struct tcp_opts *o)
{
	char *end;

	while (*p && o->sacks_n < TCP_SACKS_MAX) {
		struct tcp_range *b = &o->sacks[o->sacks_n++];

		b->start = (uint32_t)strtoul(p, &end, 0);
		b->end = (uint32_t)strtoul(end + 1, &end, 0);
		p = *end == ',' ? end + 1 : end;
	}
}

static void
read_word(struct rig *r, const char *w, struct want *out)
{
	const char *v = strchr(w, '=');
	uint32_t n = v ? (uint32_t)strtoul(v + 1, NULL, 0) : 0;

	if (!strncmp(w, "ack=", 4)) {
		out->has_ack = true;
		out->ack = n;
	} else if (!strncmp(w, "win=", 4)) {
		out->has_win = true;
		out->win = n;
	} else if (!strncmp(w, "mss=", 4)) {
		out->has_mss = out->o.has_mss = true;
		out->o.mss = (uint16_t)n;
	} else if (!strncmp(w, "ws=", 3)) {
		out->has_ws = out->o.has_wscale = true;
		out->o.wscale = (uint8_t)n;
	} else if (!strncmp(w, "ts=", 3)) {
		const char *slash = strchr(w, '/');

		out->has_ts = out->o.has_ts = true;
		out->ts_val = n;
		if (slash)
			out->ts_ecr = (uint32_t)strtoul(slash + 1, NULL, 0);
	} else if (!strncmp(w, "ecr=", 4)) {
		out->has_ecr = true;
		out->ts_ecr = n;
	} else if (!strncmp(w, "sack=", 5)) {
		out->has_sacks = true;
		read_sacks(w + 5, &out->o);
	} else if (!strcmp(w, "sackok")) {
		out->has_sackok = out->o.is_sack_ok = true;
	} else if (!strcmp(w, "nots")) {
		out->no_ts = true;
	} else if (!strcmp(w, "nosack")) {
		out->no_sack = true;
	} else if (!strcmp(w, "nosackok")) {
		out->no_sackok = true;
	} else if (!strcmp(w, "nows")) {
		out->no_ws = true;
	} else if (!strcmp(w, "ce")) {
		out->is_ce = true;
	} else if (!strcmp(w, "ect")) {
		out->is_ect = true;
	} else if (!strcmp(w, "noect")) {
		out->no_ect = true;
	} else {
		fail(r, "what is \"%s\"?", w);
	}
}

/* "A 1:10 ack=1 ..." */
static void
read_segment(struct rig *r, char *text, struct want *out)
{
	char *save = NULL, *w = strtok_r(text, " \t\n", &save), *end;

	memset(out, 0, sizeof(*out));
	out->win = 65535;
	if (w == NULL) {
		fail(r, "no flags");
		return;
	}
	out->flags = flag_bits(w);
	w = strtok_r(NULL, " \t\n", &save);
	if (w == NULL) {
		fail(r, "no sequence number");
		return;
	}
	out->seq = (uint32_t)strtoul(w, &end, 0);
	if (*end == ':')
		out->bytes = (uint32_t)strtoul(end + 1, NULL, 0);
	while ((w = strtok_r(NULL, " \t\n", &save)) != NULL)
		read_word(r, w, out);
}

static void
flush(struct rig *r)
{
	tcp_burst_end(r->t, r->now_us);
	tcp_check(r->t);
}

static void
inject(struct rig *r, char *text, bool is_last)
{
	struct flow *f = flow(r);
	struct want w;
	uint8_t *p, *ip;
	uint32_t len, text_at;

	read_segment(r, text, &w);
	if (r->segs_n == PORT_BURST_MAX)
		fail(r, "burst too long");
	if (r->is_failed)
		return;
	/* Its own memory each: a read beyond its end is seen. */
	len = TCP_HDR_BYTES + TCP_OPTS_BYTES_MAX + w.bytes;
	p = malloc(len);
	ip = calloc(1, IP4_BYTES);
	must(p != NULL && ip != NULL);
	memcpy(ip + IP4_SRC, tcp_rig_peer.b + 12, 4);
	memcpy(ip + IP4_DST, tcp_rig_local.b + 12, 4);
	if (w.has_ts) {
		w.o.ts_val = w.ts_val;
		w.o.ts_ecr = w.ts_ecr + f->ts_base;
	}
	for (unsigned i = 0; i < w.o.sacks_n; i++) {
		w.o.sacks[i].start += f->iss;
		w.o.sacks[i].end += f->iss;
	}
	len = tcp_rig_segment(
		p,
		(uint16_t)(f->c && (f->c->flags & TCP_F_ACTIVE)
				   ? LOCAL_PORT
				   : PEER_PORT + r->flow),
		f->c && (f->c->flags & TCP_F_ACTIVE) ? f->c->key.local_port
						     : LOCAL_PORT,
		f->irs + w.seq, w.flags & TCP_ACK ? f->iss + w.ack : 0, w.flags,
		(uint16_t)w.win, &w.o, w.bytes);
	text_at = (uint32_t)(p[12] >> 4) * 4;
	for (uint32_t i = 0; i < w.bytes; i++)
		p[text_at + i] = pattern(w.seq - 1 + !!(w.flags & TCP_SYN) + i);
	if (w.flags & TCP_SYN)
		f->snd_ws = w.o.has_wscale ? w.o.wscale : 0;
	r->frames[r->segs_n] = p;
	r->segs[r->segs_n++] = (struct host_seg) {
		.tcp = p, .tcp_bytes = len, .ip = ip, .is_ce = w.is_ce
	};
	if (!is_last)
		return;
	tcp_input(r->t, r->segs, r->segs_n, &r->ready, r->now_us);
	flush(r);
	for (unsigned i = 0; i < r->segs_n; i++) {
		free(r->frames[i]);
		free((void *)r->segs[i].ip);
	}
	r->segs_n = 0;
}

static void
say_flags(uint8_t flags, char out[9])
{
	static const char letters[] = "FSRPAUEC";
	unsigned n = 0;

	for (unsigned i = 0; i < 8; i++)
		if (flags >> i & 1)
			out[n++] = letters[i];
	out[n] = '\0';
}

static void
say_frame(const struct flow *f, const struct tcp_rig_frame *fr, char *out,
	  size_t cap)
{
	const uint8_t *p = fr->bytes;
	uint32_t head = (uint32_t)(p[12] >> 4) * 4;
	struct tcp_opts o;
	char flags[9];
	int n;

	say_flags(p[13], flags);
	n = snprintf(out, cap, "%s %u:%u ack=%u win=%u", flags,
		     wire_get32(p + 4) - f->iss, fr->len - head,
		     wire_get32(p + 8) - f->irs, wire_get16(p + 14));
	if (!tcp_opt_read(p + TCP_HDR_BYTES, head - TCP_HDR_BYTES, &o))
		return;
	if (o.has_ts)
		n += snprintf(out + n, cap - (size_t)n, " ts=%u/%u",
			      o.ts_val - f->ts_base, o.ts_ecr);
	if (o.has_mss)
		n += snprintf(out + n, cap - (size_t)n, " mss=%u", o.mss);
	if (o.has_wscale)
		n += snprintf(out + n, cap - (size_t)n, " ws=%u", o.wscale);
	if (o.is_sack_ok)
		n += snprintf(out + n, cap - (size_t)n, " sackok");
	for (unsigned i = 0; i < o.sacks_n; i++)
		n += snprintf(out + n, cap - (size_t)n, " sack=%u-%u",
			      o.sacks[i].start - f->irs,
			      o.sacks[i].end - f->irs);
}

static bool
is_options_same(const struct flow *f, const struct tcp_rig_frame *fr,
		const struct want *w, const struct tcp_opts *o)
{
	if ((w->has_ts && (!o->has_ts || o->ts_val - f->ts_base != w->ts_val ||
			   o->ts_ecr != w->ts_ecr)) ||
	    (w->has_ecr && (!o->has_ts || o->ts_ecr != w->ts_ecr)) ||
	    (w->no_ts && o->has_ts) || (w->no_sack && o->sacks_n) ||
	    (w->no_sackok && o->is_sack_ok) || (w->no_ws && o->has_wscale) ||
	    (w->has_mss && o->mss != w->o.mss) ||
	    (w->has_ws && (!o->has_wscale || o->wscale != w->o.wscale)) ||
	    (w->has_sackok && !o->is_sack_ok) || (w->is_ect && !fr->is_ect) ||
	    (w->no_ect && fr->is_ect))
		return false;
	if (!w->has_sacks)
		return true;
	if (o->sacks_n != w->o.sacks_n)
		return false;
	for (unsigned i = 0; i < o->sacks_n; i++)
		if (o->sacks[i].start - f->irs != w->o.sacks[i].start ||
		    o->sacks[i].end - f->irs != w->o.sacks[i].end)
			return false;
	return true;
}

static void
expect(struct rig *r, char *text)
{
	struct flow *f = flow(r);
	struct tcp_rig_frame *fr;
	struct tcp_opts o;
	struct want w;
	uint32_t head, seq;
	char got[256] = "";

	read_segment(r, text, &w);
	if (r->is_failed)
		return;
	if (r->h->out_at == r->h->out_n) {
		fail(r, "nothing was sent");
		return;
	}
	fr = &r->h->out[r->h->out_at++];
	head = (uint32_t)(fr->bytes[12] >> 4) * 4;
	seq = wire_get32(fr->bytes + 4);
	if ((fr->bytes[13] & TCP_SYN) && !f->has_iss) {
		f->iss = seq;
		f->has_iss = true;
	}
	must(tcp_opt_read(fr->bytes + TCP_HDR_BYTES, head - TCP_HDR_BYTES, &o));
	if (o.has_ts && !f->has_ts_base) {
		f->ts_base = o.ts_val;
		f->has_ts_base = true;
	}
	say_frame(f, fr, got, sizeof(got));
	if (((fr->bytes[13] ^ w.flags) & ~TCP_PSH) != 0 ||
	    (seq - f->iss != w.seq && !((w.flags & TCP_RST) && seq == w.seq)) ||
	    fr->len - head != w.bytes ||
	    (w.has_ack && wire_get32(fr->bytes + 8) - f->irs != w.ack) ||
	    (w.has_win && w.win != wire_get16(fr->bytes + 14)) ||
	    !is_options_same(f, fr, &w, &o)) {
		fail(r, "got %s", got);
		return;
	}
	for (uint32_t i = 0; i < w.bytes; i++)
		if (fr->bytes[head + i] != pattern(w.seq - 1 + i)) {
			fail(r, "byte %u of %s is wrong", i, got);
			return;
		}
}

static void
go_on(struct rig *r, const char *text)
{
	char *unit;
	uint64_t n = strtoull(text, &unit, 10);
	uint64_t end;

	if (!strncmp(unit, "us", 2))
		end = r->now_us + n;
	else if (!strncmp(unit, "ms", 2))
		end = r->now_us + n * 1000;
	else
		end = r->now_us + n * 1000000;
	while (r->now_us < end && !r->is_failed) {
		uint64_t next = tcp_next_us(r->t);

		/* The wheel looks at most 256 ticks ahead. */
		if (next <= r->now_us)
			next = r->now_us + 1000;
		r->now_us = next < end ? next : end;
		tcp_timers(r->t, &r->ready, r->now_us);
		flush(r);
	}
}

/* --- the application --- */

static void
do_accept(struct rig *r)
{
	struct tcp_conn *c = tcp_accept(r->t);
	struct ip ip;
	uint16_t port;

	if (c == NULL) {
		fail(r, "nothing to accept");
		return;
	}
	tcp_peer(c, &ip, &port);
	if (port - PEER_PORT >= FLOWS_N || !ip_is_equal(&ip, &tcp_rig_peer)) {
		fail(r, "from port %u", port);
		return;
	}
	r->flows[port - PEER_PORT].c = c;
	tcp_owner_set(c, r);
	if (tcp_owner(c) != r || tcp_service_idx(c) != 7)
		fail(r, "owner or service");
}

static void
do_connect(struct rig *r)
{
	struct flow *f = flow(r);

	f->c = tcp_connect(r->t, &tcp_rig_peer, LOCAL_PORT, r->now_us);
	if (f->c == NULL)
		fail(r, "no connection");
	flush(r);
}

static void
do_read(struct rig *r, const char *arg)
{
	static const char *const names[] = { "bytes", "empty", "end", "lost" };
	struct flow *f = flow(r);
	uint32_t n = (uint32_t)strtoul(arg, NULL, 10), got = 0;
	struct span s = { 0 };
	enum net_rx rx;

	while ((rx = tcp_rx(r->t, f->c, &s)) == NET_RX_BYTES && got < n) {
		uint32_t use = (uint32_t)s.len;

		if (use > n - got)
			use = n - got;
		for (uint32_t i = 0; i < use; i++)
			if ((uint8_t)s.p[i] != pattern(f->read + i)) {
				fail(r, "byte %u is wrong", f->read + i);
				return;
			}
		f->read += use;
		got += use;
		tcp_rx_done(r->t, f->c, use);
	}
	flush(r);
	if (n != 0 && got != n)
		fail(r, "only %u bytes", got);
	else if (n == 0 && strcmp(names[rx], arg) != 0)
		fail(r, "read says %s, %zu bytes", names[rx], s.len);
}

static void
do_write(struct rig *r, uint32_t n, bool want)
{
	struct flow *f = flow(r);
	char *p = malloc(n ? n : 1);
	bool is_taken;

	must(p != NULL);
	for (uint32_t i = 0; i < n; i++)
		p[i] = (char)pattern(f->written + i);
	is_taken = tcp_tx(r->t, f->c, (struct span) { p, n });
	free(p);
	if (is_taken)
		f->written += n;
	if (is_taken != want)
		fail(r, is_taken ? "was taken" : "was not taken");
	flush(r);
}

static void
give_up(struct rig *r, const char *how)
{
	struct flow *f = flow(r);

	if (f->c == NULL) {
		fail(r, "no connection");
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
	flush(r);
}

static struct tcp_key
key_of(struct rig *r)
{
	struct flow *f = flow(r);

	if (f->c != NULL)
		return f->c->key;
	return (struct tcp_key) { tcp_rig_local, tcp_rig_peer, LOCAL_PORT,
				  (uint16_t)(PEER_PORT + r->flow) };
}

static const char *
state_name(struct rig *r)
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

static void
do_count(struct rig *r, const char *name, uint64_t n)
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
				fail(r, "is %llu", (unsigned long long)got);
			return;
		}
	fail(r, "no such count");
}

static void
do_icmp(struct rig *r, uint16_t mtu, uint32_t seq, bool is_hard)
{
	struct tcp_key k = key_of(r);
	struct host_unreachable u = { .src = k.local,
				      .dst = k.peer,
				      .src_port = k.local_port,
				      .dst_port = k.peer_port,
				      .seq = flow(r)->iss + seq,
				      .mtu = mtu,
				      .is_hard = is_hard };

	tcp_unreachable(r->t, &u, &r->ready, r->now_us);
	flush(r);
}

static void
do_ready(struct rig *r, bool want)
{
	struct flow *f = flow(r);
	bool is_ready = tcp_ready_node(f->c)->next != NULL;

	if (is_ready != want)
		fail(r, is_ready ? "it is ready" : "it is not ready");
	while (ready_get(&r->ready) != NULL)
		;
}

static void
do_other(struct rig *r, const char *cmd, const char *a, const char *b)
{
	uint32_t n = (uint32_t)strtoul(a, NULL, 0);

	if (!strcmp(cmd, "noaccept")) {
		if (tcp_accept(r->t) != NULL)
			fail(r, "there is one");
	} else if (!strcmp(cmd, "state")) {
		if (strcmp(state_name(r), a) != 0)
			fail(r, "is %s", state_name(r));
	} else if (!strcmp(cmd, "count")) {
		do_count(r, a, strtoull(b, NULL, 10));
	} else if (!strcmp(cmd, "ready") || !strcmp(cmd, "unready")) {
		do_ready(r, *cmd == 'r');
	} else if (!strcmp(cmd, "flow") && n < FLOWS_N) {
		r->flow = n;
	} else if (!strcmp(cmd, "irs")) {
		flow(r)->irs = n;
	} else if (!strcmp(cmd, "newflow")) {
		memset(flow(r), 0, sizeof(*flow(r)));
		flow(r)->irs = n;
	} else if (!strcmp(cmd, "mtu")) {
		r->h->mtu = (uint16_t)n;
	} else if (!strcmp(cmd, "toobig")) {
		do_icmp(r, (uint16_t)n, (uint32_t)strtoul(b, NULL, 0), false);
	} else if (!strcmp(cmd, "unreachable")) {
		do_icmp(r, 0, n, true);
	} else if (!strcmp(cmd, "frames")) {
		r->h->frames_left = *a == 'a' ? UINT_MAX : n;
	} else if (!strcmp(cmd, "stop")) {
		tcp_stop_listening(r->t);
	} else if (!strcmp(cmd, "cwnd")) {
		if (flow(r)->c->cwnd != n)
			fail(r, "is %u", flow(r)->c->cwnd);
	} else if (!strcmp(cmd, "waiting")) {
		size_t got = tcp_tx_waiting_bytes(r->t, flow(r)->c);

		if (got != n)
			fail(r, "is %zu", got);
	} else {
		fail(r, "what is \"%s\"?", cmd);
	}
}

/* For who writes a row: what the stack has sent, as the row would say it. */
static void
show_sent(struct rig *r)
{
	char got[256];

	for (unsigned i = 0; i < r->h->out_n; i++) {
		say_frame(flow(r), &r->h->out[i], got, sizeof(got));
		fprintf(stderr, "\t%.3f ms < %s;\n",
			(double)(r->now_us - START_US) / 1000, got);
		if ((r->h->out[i].bytes[13] & TCP_SYN) && !flow(r)->has_iss) {
			flow(r)->iss = wire_get32(r->h->out[i].bytes + 4);
			flow(r)->has_iss = true;
		}
	}
	r->h->out_at = r->h->out_n;
}

static void
command(struct rig *r, char *text)
{
	char cmd[32] = "", a[64] = "", b[64] = "";
	char left[256] = "";

	while (*text == ' ' || *text == '\n' || *text == '\t')
		text++;
	if (r->is_shown) {
		if (*text == '<')
			return;
		fprintf(stderr, "%s;\n", text);
		r->h->out_at = r->h->out_n;
	}
	if (*text == '<') {
		expect(r, text + 1);
		return;
	}
	if (*text && r->h->out_at != r->h->out_n) {
		say_frame(flow(r), &r->h->out[r->h->out_at], left,
			  sizeof(left));
		if (strncmp(text, "drop", 4) != 0)
			fail(r, "before it, the stack sent %s", left);
	}
	r->h->out_at = r->h->out_n = 0;
	sscanf(text, "%31s %63s %63s", cmd, a, b);
	if (*text == '>' && text[1] == '>')
		inject(r, text + 2, false);
	else if (*text == '>')
		inject(r, text + 1, true);
	else if (*text == '+')
		go_on(r, text + 1);
	else if (*text == '\0' || !strcmp(cmd, "drop"))
		;
	else if (!strcmp(cmd, "accept"))
		do_accept(r);
	else if (!strcmp(cmd, "connect"))
		do_connect(r);
	else if (!strcmp(cmd, "read"))
		do_read(r, a);
	else if (!strcmp(cmd, "write") || !strcmp(cmd, "full"))
		do_write(r, (uint32_t)strtoul(a, NULL, 0), *cmd == 'w');
	else if (!strcmp(cmd, "shut") || !strcmp(cmd, "shuttx") ||
		 !strcmp(cmd, "abort"))
		give_up(r, cmd);
	else
		do_other(r, cmd, a, b);
	if (r->is_shown)
		show_sent(r);
}

/* --- a row --- */

static void
set_cfg(struct tcp_cfg *cfg, const char *words)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words ? words : "");
	for (char *w = strtok_r(copy, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		const char *v = strchr(w, '=');
		uint32_t n = v ? (uint32_t)strtoul(v + 1, NULL, 0) : 0;
		struct {
			const char *name;
			uint32_t *field;
		} fields[] = {
			{ "rx=", &cfg->rx_bytes_max },
			{ "tx=", &cfg->tx_bytes_max },
			{ "syns=", &cfg->syn_cache_max },
			{ "conns=", &cfg->conns_max },
			{ "waits=", &cfg->time_wait_max },
			{ "accepts=", &cfg->accepts_max },
		};
		bool is_known = true;

		for (unsigned i = 0; i < ARRAY_N(fields); i++)
			if (!strncmp(w, fields[i].name, strlen(fields[i].name)))
				*fields[i].field = n;
		if (!strcmp(w, "nosack"))
			cfg->has_sack = false;
		else if (!strcmp(w, "nots"))
			cfg->has_timestamps = false;
		else if (!strcmp(w, "noscale"))
			cfg->has_scaling = false;
		else if (!strcmp(w, "ecn"))
			cfg->has_ecn = true;
		else if (!strcmp(w, "cookies"))
			cfg->is_cookie_only = true;
		else if (!strncmp(w, "mem=", 4))
			cfg->memory_bytes_max = n;
		else if (!strncmp(w, "mssmin=", 7))
			cfg->mss_min = (uint16_t)n;
		else if (!strncmp(w, "keep=", 5))
			cfg->keepalive_us = n * 1000000ull;
		else if (strcmp(w, "tso") != 0) /* that one is the host's */
			is_known = v != NULL;
		must(is_known);
	}
}

/* iss=N or ts=N: when the clock has to begin for flow 0 to get that number of
 * sequence, or timestamp, at first; ms=N: the milliseconds then. */
static uint64_t
start_us(const struct tcp_cfg *cfg, const char *words)
{
	static const char *const names[] = { "iss=", "ts=", "ms=" };
	struct tcp_key k = { tcp_rig_local, tcp_rig_peer, LOCAL_PORT,
			     PEER_PORT };
	struct tcp_secret secret;
	uint32_t want, had;

	memcpy(&secret, cfg->secret + 16, sizeof(secret));
	for (unsigned i = 0; i < ARRAY_N(names); i++) {
		const char *at = words ? strstr(words, names[i]) : NULL;

		if (at == NULL)
			continue;
		want = (uint32_t)strtoul(at + strlen(names[i]), NULL, 0);
		if (i == 0) {
			had = tcp_isn(&secret, &k, START_US);
			return START_US + (uint64_t)(want - had) * 4;
		}
		had = START_US / 1000;
		if (i == 1)
			had += tcp_isn_ts_offset(&secret, &k);
		return START_US + (uint64_t)(want - had) * 1000;
	}
	return START_US;
}

/* Everything ends; nothing may be left. */
static void
tear_down(struct rig *r)
{
	struct tcp *t = r->t;
	struct tcp_conn *c;

	for (unsigned i = 0; i < FLOWS_N; i++) {
		r->flow = i;
		if (r->flows[i].c != NULL)
			give_up(r, "abort");
	}
	while ((c = tcp_accept(t)) != NULL)
		tcp_abort(t, &c);
	r->h->is_deaf = true;
	r->at = "the end";
	if (!r->is_failed)
		go_on(r, "1000s");
	flush(r);
	if (t->conns_n || t->pool.free_n != t->pool.bufs_n || t->reass.used_n ||
	    t->losses.used_n || t->syns.used_n || t->waits.used_n ||
	    t->table.used_n || t->wheel.set_n)
		fail(r, "left over: %u connections, %u buffers, %u entries",
		     t->conns_n, t->pool.bufs_n - t->pool.free_n,
		     t->table.used_n);
	tcp_close(&r->t);
	tcp_rig_host_close(&r->h);
}

bool
tcp_rig_run_one(const struct tcp_rig_row *row, char *why, size_t why_cap)
{
	static const struct ip any;
	struct rig *r = must_alloc(sizeof(*r));
	struct tcp_cfg cfg = tcp_rig_cfg();
	char *copy = strdup(row->script), *text;
	bool is_ok;

	must(copy != NULL);
	set_cfg(&cfg, row->cfg);
	r->row = row->name;
	r->at = "";
	r->why = why;
	r->why_cap = why_cap;
	r->is_shown = getenv("TCP_RIG_SHOW") != NULL;
	r->h = tcp_rig_host_open();
	if (row->cfg && strstr(row->cfg, "tso"))
		r->h->tso_room = 9000;
	r->now_us = start_us(&cfg, row->cfg);
	r->t = tcp_open(&cfg, r->h, r->now_us);
	for (unsigned i = 0; i < FLOWS_N; i++)
		r->flows[i].irs = 1000000 + i * 77777;
	must(tcp_listen(r->t, &any, LOCAL_PORT, 7) == 0);
	for (text = copy; *text && !r->is_failed;) {
		size_t n = strcspn(text, ";"), at = (size_t)(text - copy);
		bool is_more = text[n] != '\0';

		text[n] = '\0';
		r->at = row->script + at;
		command(r, text);
		text += n + is_more;
	}
	if (!r->is_failed && r->h->out_at != r->h->out_n)
		fail(r, "the stack sent more");
	for (unsigned i = 0; i < r->segs_n; i++) {
		free(r->frames[i]);
		free((void *)r->segs[i].ip);
	}
	tear_down(r);
	is_ok = !r->is_failed;
	free(copy);
	free(r);
	return is_ok;
}
