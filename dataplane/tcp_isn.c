/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initial sequence numbers and cookies. A cookie is the peer's own ISN plus
 * five bits of time, three of MSS and 24 of a keyed hash over all of them.
 */
#include "dataplane/tcp_isn.h"

enum { USE_ISN = 1, USE_TS, USE_COOKIE, USE_PORT };

#define TICK_US	     4 /* RFC 6528 section 3: M */
#define MAC_BITS     24
#define MAC_MASK     ((1u << MAC_BITS) - 1)
#define PERIODS_MASK 31u
#define TS_BITS	     6
#define NO_WSCALE    15u
#define TS_SACK	     (1u << 4)
#define TS_ECN	     (1u << 5)

/* What peers offer in practice: a PPPoE, a tunnelled, a plain, a jumbo path. */
static const uint16_t msses[8] = {
	48, 536, 1220, 1360, 1400, 1440, 1460, 8940
};

uint32_t
tcp_isn(const struct tcp_secret *s, const struct tcp_key *k, uint64_t now_us)
{
	return (uint32_t)(now_us / TICK_US) +
	       (uint32_t)tcp_hash_strong(s, k, USE_ISN, 0);
}

uint32_t
tcp_isn_ts_offset(const struct tcp_secret *s, const struct tcp_key *k)
{
	return (uint32_t)tcp_hash_strong(s, k, USE_TS, 0);
}

uint32_t
tcp_isn_port_offset(const struct tcp_secret *s, const struct tcp_key *k)
{
	return (uint32_t)tcp_hash_strong(s, k, USE_PORT, 0);
}

static uint32_t
cookie_mac(const struct tcp_secret *s, const struct tcp_key *k, uint32_t irs,
	   uint64_t period, unsigned mss_idx)
{
	uint64_t a = USE_COOKIE | (uint64_t)mss_idx << 8 | (uint64_t)irs << 32;

	return (uint32_t)tcp_hash_strong(s, k, a, period) & MAC_MASK;
}

uint32_t
tcp_cookie_make(const struct tcp_secret *s, const struct tcp_key *k,
		uint32_t irs, uint16_t peer_mss, uint64_t now_us)
{
	uint64_t period = now_us / TCP_COOKIE_PERIOD_US;
	unsigned i = ARRAY_N(msses) - 1;
	uint32_t head;

	while (i > 0 && msses[i] > peer_mss)
		i--;
	head = (uint32_t)(period & PERIODS_MASK) << 3 | i;
	return irs + (head << MAC_BITS | cookie_mac(s, k, irs, period, i));
}

bool
tcp_cookie_check(const struct tcp_secret *s, const struct tcp_key *k,
		 uint32_t irs, uint32_t iss, uint64_t now_us, uint16_t *mss_out)
{
	uint32_t cookie = iss - irs, head = cookie >> MAC_BITS;
	uint64_t now = now_us / TCP_COOKIE_PERIOD_US, period;
	uint32_t age = (uint32_t)(now - (head >> 3)) & PERIODS_MASK;

	if (age > 1 || age > now)
		return false;
	period = now - age;
	if (cookie_mac(s, k, irs, period, head & 7) != (cookie & MAC_MASK))
		return false;
	*mss_out = msses[head & 7];
	return true;
}

uint32_t
tcp_cookie_ts(uint32_t ts, const struct tcp_opts *o, bool is_ecn)
{
	uint32_t low = o->has_wscale ? o->wscale : NO_WSCALE, out;

	if (o->is_sack_ok)
		low |= TS_SACK;
	if (is_ecn)
		low |= TS_ECN;
	out = (ts & ~((1u << TS_BITS) - 1)) | low;
	return seq_gt(out, ts) ? out - (1u << TS_BITS) : out;
}

void
tcp_cookie_ts_read(uint32_t ts, struct tcp_opts *o, bool *is_ecn_out)
{
	uint32_t wscale = ts & 15;

	o->has_wscale = wscale != NO_WSCALE;
	o->wscale = (uint8_t)(o->has_wscale ? wscale : 0);
	o->is_sack_ok = (ts & TS_SACK) != 0;
	*is_ecn_out = (ts & TS_ECN) != 0;
}
