/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP options: one pass over at most 40 bytes; never beyond them. */
#include "dataplane/tcp_opt.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_TS = 8,
};

static void
take_sacks(const uint8_t *p, uint32_t n, struct tcp_opts *out)
{
	if (n < 8 || n % 8 != 0)
		return;
	out->sacks_n = 0;
	for (uint32_t i = 0; i < n && out->sacks_n < TCP_SACKS_MAX; i += 8)
		out->sacks[out->sacks_n++] =
			(struct tcp_range) { wire_get32(p + i),
					     wire_get32(p + i + 4) };
}

static void
take_one(uint8_t kind, const uint8_t *p, uint32_t n, struct tcp_opts *out)
{
	switch (kind) {
	case OPT_MSS:
		if (n != 2)
			break;
		out->has_mss = true;
		out->mss = wire_get16(p);
		break;
	case OPT_WSCALE:
		if (n != 1)
			break;
		out->has_wscale = true;
		/* RFC 7323 section 2.3: over 14 counts as 14. */
		out->wscale = p[0] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : p[0];
		break;
	case OPT_SACK_OK:
		if (n == 0)
			out->is_sack_ok = true;
		break;
	case OPT_SACK:
		take_sacks(p, n, out);
		break;
	case OPT_TS:
		if (n != 8)
			break;
		out->has_ts = true;
		out->ts_val = wire_get32(p);
		out->ts_ecr = wire_get32(p + 4);
		break;
	default: /* RFC 9293 MUST-6: not known, skipped */
		break;
	}
}

bool
tcp_opt_read(const uint8_t *p, uint32_t n, struct tcp_opts *out)
{
	memset(out, 0, offsetof(struct tcp_opts, sacks));
	while (n) {
		uint8_t kind = p[0];
		uint32_t len;

		if (kind == OPT_END)
			return true;
		if (kind == OPT_NOP) {
			p++;
			n--;
			continue;
		}
		/* RFC 9293 MUST-7: an impossible length must not loop. */
		if (n < 2 || p[1] < 2 || p[1] > n)
			return false;
		len = p[1];
		take_one(kind, p + 2, len - 2, out);
		p += len;
		n -= len;
	}
	return true;
}

static uint32_t
write_sacks(const struct tcp_opts *o, uint8_t *p, uint32_t room)
{
	uint32_t n = o->sacks_n, at = 4;

	while (n && 4 + 8 * n > room)
		n--;
	if (n == 0)
		return 0;
	p[0] = p[1] = OPT_NOP;
	p[2] = OPT_SACK;
	p[3] = (uint8_t)(2 + 8 * n);
	for (uint32_t i = 0; i < n; i++, at += 8) {
		wire_put32(p + at, o->sacks[i].start);
		wire_put32(p + at + 4, o->sacks[i].end);
	}
	return at;
}

uint32_t
tcp_opt_write(const struct tcp_opts *o, uint8_t *p)
{
	uint32_t at = 0;

	if (o->has_mss) {
		p[at] = OPT_MSS;
		p[at + 1] = 4;
		wire_put16(p + at + 2, o->mss);
		at += 4;
	}
	if (o->has_ts)
		at += tcp_opt_write_ts(p + at, o->ts_val, o->ts_ecr);
	if (o->is_sack_ok) {
		p[at] = p[at + 1] = OPT_NOP;
		p[at + 2] = OPT_SACK_OK;
		p[at + 3] = 2;
		at += 4;
	}
	if (o->has_wscale) {
		p[at] = OPT_NOP;
		p[at + 1] = OPT_WSCALE;
		p[at + 2] = 3;
		p[at + 3] = o->wscale;
		at += 4;
	}
	return at + write_sacks(o, p + at, TCP_OPTS_BYTES_MAX - at);
}
