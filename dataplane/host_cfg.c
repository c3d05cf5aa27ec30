/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * penstock_ipv4, penstock_ipv6 and their gateways: texts into addresses that a
 * host can use. What cannot work on any network is refused here, with what
 * would be right, instead of being silent on the wire later.
 */
#include "dataplane/host_cfg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 256u

struct parse {
	struct host_cfg *out;
	host_cfg_fault *fault;
	void *arg;
	bool is_ok;
};

PRINTF_LIKE(3, 4)
static void
complain(struct parse *p, const char *param, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	p->is_ok = false;
	p->fault(p->arg, param, text);
}

static bool
is_zero(const uint8_t *b, unsigned from_bit)
{
	for (unsigned i = from_bit; i < 128; i++)
		if (b[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

static bool
is_ones(const uint8_t *b, unsigned from_bit)
{
	for (unsigned i = from_bit; i < 128; i++)
		if (!(b[i / 8] & 0x80 >> i % 8))
			return false;
	return true;
}

static bool
is_link_local(const struct ip *ip)
{
	return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* Why no machine may have this address; NULL: it may. */
static const char *
unusable(const struct ip *ip)
{
	if (ip_is_loopback(ip))
		return "is a loopback address";
	if (ip_is_v4(ip)) {
		if (ip->b[12] == 0)
			return "is in 0.0.0.0/8, which means nobody";
		if (ip->b[12] >= 224)
			return "is a multicast or reserved address";
		return NULL;
	}
	if (is_zero(ip->b, 0))
		return "means no address";
	return ip->b[0] == 0xff ? "is a multicast address" : NULL;
}

/* RFC 3021: of two addresses a network needs none for itself. */
static const char *
unusable_in(const struct ip *ip, unsigned bits)
{
	if (!ip_is_v4(ip) || bits >= 127)
		return NULL;
	if (is_zero(ip->b, bits))
		return "is its network's own address";
	return is_ones(ip->b, bits) ? "is its network's broadcast address"
				    : NULL;
}

static const char *
example(bool is_v6)
{
	return is_v6 ? "2001:db8::10/64" : "192.0.2.10/24";
}

/* Whether the address is there already. */
static bool
has(const struct host_cfg *cfg, const struct ip *ip)
{
	for (unsigned i = 0; i < cfg->addrs_n; i++)
		if (ip_is_equal(&cfg->ends[i], ip))
			return true;
	return false;
}

static void
addr_add(struct parse *p, const struct ip *ip, unsigned bits)
{
	struct host_cfg *cfg = p->out;
	struct ip_net *net = &cfg->addrs[cfg->addrs_n];

	cfg->ends[cfg->addrs_n++] = *ip;
	*net = (struct ip_net) { *ip, (uint8_t)bits };
	for (unsigned i = bits; i < 128; i++)
		net->addr.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
}

/* One "ADDRESS/BITS" of a list. */
static void
addr_parse(struct parse *p, const char *param, struct span word, bool is_v6)
{
	size_t slash = span_find(word, '/');
	unsigned offset = is_v6 ? 0 : 96;
	const char *why;
	uint64_t bits;
	struct ip ip;

	if (!ip_parse(span_to(word, slash), &ip) || ip_is_v4(&ip) == is_v6) {
		complain(p, param,
			 "= %.*s: no IPv%c address: write one such "
			 "as %s%s",
			 SPAN_FMT(word), is_v6 ? '6' : '4', example(is_v6),
			 is_v6 ? ", or slaac" : "");
		return;
	}
	if (slash == word.len) {
		complain(p, param,
			 "= %.*s: how long is the network's prefix? "
			 "Write %.*s/%s",
			 SPAN_FMT(word), SPAN_FMT(word), is_v6 ? "64" : "24");
		return;
	}
	if (!span_to_u64(span_from(word, slash + 1), &bits) || bits == 0 ||
	    bits > 128 - offset) {
		complain(p, param,
			 "= %.*s: a prefix has 1 to %u bits, as in "
			 "%s",
			 SPAN_FMT(word), 128 - offset, example(is_v6));
		return;
	}
	bits += offset;
	why = unusable(&ip);
	if (why == NULL)
		why = unusable_in(&ip, (unsigned)bits);
	if (why != NULL)
		complain(p, param,
			 "= %.*s: it %s: write this machine's own "
			 "address",
			 SPAN_FMT(word), why);
	else if (has(p->out, &ip))
		complain(p, param, "= %.*s: it is there twice: leave one out",
			 SPAN_FMT(word));
	else if (p->out->addrs_n == HOST_ADDRS_MAX)
		complain(p, param,
			 "= %.*s: more than %u addresses in all: "
			 "give fewer",
			 SPAN_FMT(word), HOST_ADDRS_MAX);
	else
		addr_add(p, &ip, (unsigned)bits);
}

static void
addrs_parse(struct parse *p, const char *param, const char *text, bool is_v6)
{
	struct span list = span_of(text), word;

	while ((word = span_word(&list, " \t\r\n,")).len)
		if (is_v6 && span_is_equal_nocase(word, SPAN("slaac")))
			p->out->is_slaac = true;
		else
			addr_parse(p, param, word, is_v6);
}

static bool
is_on_link(const struct host_cfg *cfg, const struct ip *ip)
{
	for (unsigned i = 0; i < cfg->addrs_n; i++)
		if (ip_net_has(&cfg->addrs[i], ip))
			return true;
	return false;
}

static void
gateway_parse(struct parse *p, const char *param, const char *text, bool is_v6,
	      struct ip *out)
{
	struct span word = span_trim(span_of(text));
	const char *why;
	struct ip ip;

	if (word.len == 0)
		return;
	if (!ip_parse(word, &ip) || ip_is_v4(&ip) == is_v6) {
		complain(p, param,
			 "= %.*s: no IPv%c address: write the "
			 "router's, such as %s",
			 SPAN_FMT(word), is_v6 ? '6' : '4',
			 is_v6 ? "fe80::1" : "192.0.2.1");
		return;
	}
	why = unusable(&ip);
	if (why != NULL)
		complain(p, param, "= %.*s: it %s: write the router's address",
			 SPAN_FMT(word), why);
	else if (has(p->out, &ip))
		complain(p, param,
			 "= %.*s: that is this machine's own address:"
			 " write the router's",
			 SPAN_FMT(word));
	else if (!is_on_link(p->out, &ip) && !is_link_local(&ip))
		complain(p, param,
			 "= %.*s: it is in none of the networks of "
			 "penstock_ipv%c: write a router that is",
			 SPAN_FMT(word), is_v6 ? '6' : '4');
	else
		*out = ip;
}

bool
host_cfg_parse(struct dataplane_cfg *cfg, host_cfg_fault *fault, void *arg)
{
	struct parse p = {
		.out = &cfg->host, .fault = fault, .arg = arg, .is_ok = true
	};

	cfg->host = (struct host_cfg) { .vlan = (uint16_t)cfg->vlan };
	addrs_parse(&p, "penstock_ipv4", cfg->ipv4, false);
	addrs_parse(&p, "penstock_ipv6", cfg->ipv6, true);
	/* A gateway is judged by networks that are right. */
	if (p.is_ok) {
		gateway_parse(&p, "penstock_ipv4_gateway", cfg->ipv4_gateway,
			      false, &cfg->host.gateway4);
		gateway_parse(&p, "penstock_ipv6_gateway", cfg->ipv6_gateway,
			      true, &cfg->host.gateway6);
	}
	if (p.is_ok && cfg->kind == DATAPLANE_DPDK && cfg->host.addrs_n == 0 &&
	    !cfg->host.is_slaac)
		complain(&p, "penstock_dataplane",
			 "= dpdk needs an address: set penstock_ipv4 = "
			 "192.0.2.10/24, penstock_ipv6 = 2001:db8::10/64 or "
			 "penstock_ipv6 = slaac");
	return p.is_ok;
}
