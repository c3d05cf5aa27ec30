/* SPDX-License-Identifier: BSD-2-Clause */
/* The segments of tcp_rig.h's language: what the peer sends, what comes out. */
#include "dataplane/wire.h"
#include "tests/unit/tcp_rig_int.h"

#include <stdlib.h>

uint8_t
rig_pattern(uint32_t off)
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
		rig_fail(r, "what is \"%s\"?", w);
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
		rig_fail(r, "no flags");
		return;
	}
	out->flags = flag_bits(w);
	w = strtok_r(NULL, " \t\n", &save);
	if (w == NULL) {
		rig_fail(r, "no sequence number");
		return;
	}
	out->seq = (uint32_t)strtoul(w, &end, 0);
	if (*end == ':')
		out->bytes = (uint32_t)strtoul(end + 1, NULL, 0);
	while ((w = strtok_r(NULL, " \t\n", &save)) != NULL)
		read_word(r, w, out);
}

void
rig_inject(struct rig *r, char *text, bool is_last)
{
	struct flow *f = rig_flow(r);
	struct want w;
	uint8_t *p, *ip;
	uint32_t len, text_at;

	read_segment(r, text, &w);
	if (r->segs_n == PORT_BURST_MAX)
		rig_fail(r, "burst too long");
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
		p[text_at + i] =
			rig_pattern(w.seq - 1 + !!(w.flags & TCP_SYN) + i);
	if (w.flags & TCP_SYN)
		f->snd_ws = w.o.has_wscale ? w.o.wscale : 0;
	r->frames[r->segs_n] = p;
	r->segs[r->segs_n++] = (struct host_seg) {
		.tcp = p, .tcp_bytes = len, .ip = ip, .is_ce = w.is_ce
	};
	if (!is_last)
		return;
	tcp_input(r->t, r->segs, r->segs_n, &r->ready, r->now_us);
	rig_flush(r);
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

void
rig_say_frame(const struct flow *f, const struct tcp_rig_frame *fr, char *out,
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

void
rig_expect(struct rig *r, char *text)
{
	struct flow *f = rig_flow(r);
	struct tcp_rig_frame *fr;
	struct tcp_opts o;
	struct want w;
	uint32_t head, seq;
	char got[256] = "";

	read_segment(r, text, &w);
	if (r->is_failed)
		return;
	if (r->h->out_at == r->h->out_n) {
		rig_fail(r, "nothing was sent");
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
	rig_say_frame(f, fr, got, sizeof(got));
	if (((fr->bytes[13] ^ w.flags) & ~TCP_PSH) != 0 ||
	    (seq - f->iss != w.seq && !((w.flags & TCP_RST) && seq == w.seq)) ||
	    fr->len - head != w.bytes ||
	    (w.has_ack && wire_get32(fr->bytes + 8) - f->irs != w.ack) ||
	    (w.has_win && w.win != wire_get16(fr->bytes + 14)) ||
	    !is_options_same(f, fr, &w, &o)) {
		rig_fail(r, "got %s", got);
		return;
	}
	for (uint32_t i = 0; i < w.bytes; i++)
		if (fr->bytes[head + i] != rig_pattern(w.seq - 1 + i)) {
			rig_fail(r, "byte %u of %s is wrong", i, got);
			return;
		}
}
