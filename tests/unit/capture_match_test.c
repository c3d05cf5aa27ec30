/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames a capture's filter lets through. */
#include "dataplane/capture_int.h"
#include "tests/unit/check.h"
#include "tests/unit/frames.h"

#include <stdlib.h>

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };

enum kind { V4, V6, V6_OPTIONS, TAGGED, FRAGMENT, UDP, ICMP, ARP, OTHER };

static void
frame_make(struct bytes *b, enum kind kind)
{
	static const uint8_t tag[4] = { 0x81, 0, 0, 7 };
	static const uint8_t options[8] = { IP_PROTO_TCP, 0, 1, 4 };
	bool is_v6 = kind == V6 || kind == V6_OPTIONS;
	struct ip src = ip_of(is_v6 ? "2001:db8::1" : "192.0.2.1");
	struct ip dst = ip_of(is_v6 ? "2001:db8::2" : "192.0.2.2");
	uint32_t l4 = ETH_BYTES + IP6_BYTES;

	frame_tcp(b, mac_b, mac_a, &src, &dst, 1025, 25, 1, 0x18, "data", 4);
	switch (kind) {
	case V4:
	case V6:
		break;
	case V6_OPTIONS:
		memmove(b->p + l4 + 8, b->p + l4, b->len - l4);
		memcpy(b->p + l4, options, 8);
		b->p[ETH_BYTES + IP6_NEXT] = IP_PROTO_HOPOPT;
		b->len += 8;
		break;
	case TAGGED:
		memmove(b->p + 16, b->p + 12, b->len - 12);
		memcpy(b->p + 12, tag, 4);
		b->len += 4;
		break;
	case FRAGMENT:
		wire_put16(b->p + ETH_BYTES + IP4_FRAG, 1);
		break;
	case UDP:
		b->p[ETH_BYTES + IP4_PROTO] = 17;
		break;
	case ICMP:
		b->p[ETH_BYTES + IP4_PROTO] = IP_PROTO_ICMP;
		break;
	case ARP:
		frame_eth(b, mac_b, mac_a, ETH_TYPE_ARP);
		bytes_add(b, "\0\1\x8\0\6\4\0\1", 8);
		bytes_add(b, mac_a, 6);
		bytes_add(b, src.b + 12, 4);
		bytes_add(b, mac_b, 6);
		bytes_add(b, dst.b + 12, 4);
		break;
	case OTHER:
		wire_put16(b->p + ETH_TYPE, 0x88cc);
		break;
	}
}

static const struct {
	const char *name;
	enum kind kind;
	const char *net; /* "": any */
	uint16_t port;
	bool want;
	uint32_t least; /* bytes that it takes to know */
} rows[] = {
	{ "all", OTHER, "", 0, true, 0 },
	{ "source", V4, "192.0.2.1/32", 0, true, 34 },
	{ "destination", V4, "192.0.2.2/32", 0, true, 34 },
	{ "neither", V4, "192.0.2.3/32", 0, false, 0 },
	{ "network", V4, "192.0.0.0/16", 0, true, 34 },
	{ "IPv6 of IPv4", V4, "2001:db8::/32", 0, false, 0 },
	{ "source port", V4, "", 1025, true, 38 },
	{ "destination port", V4, "", 25, true, 38 },
	{ "other port", V4, "", 26, false, 0 },
	{ "both", V4, "192.0.2.1/32", 25, true, 38 },
	{ "address but not port", V4, "192.0.2.1/32", 26, false, 0 },
	{ "port but not address", V4, "192.0.2.3/32", 25, false, 0 },
	{ "IPv6", V6, "2001:db8::1/128", 25, true, 58 },
	{ "IPv6, destination", V6, "2001:db8::2/128", 0, true, 54 },
	{ "IPv6, other", V6, "2001:db8::3/128", 0, false, 0 },
	{ "IPv6 with options", V6_OPTIONS, "", 25, true, 66 },
	{ "tagged", TAGGED, "192.0.2.1/32", 25, true, 42 },
	{ "a later fragment has no port", FRAGMENT, "", 25, false, 0 },
	{ "but addresses", FRAGMENT, "192.0.2.1/32", 0, true, 34 },
	{ "UDP", UDP, "", 25, true, 38 },
	{ "ICMP has no port", ICMP, "", 25, false, 0 },
	{ "ICMP", ICMP, "192.0.2.1/32", 0, true, 34 },
	{ "ARP, sender", ARP, "192.0.2.1/32", 0, true, 42 },
	{ "ARP, target", ARP, "192.0.2.2/32", 0, true, 42 },
	{ "ARP, other", ARP, "192.0.2.3/32", 0, false, 0 },
	{ "ARP has no port", ARP, "", 25, false, 0 },
	{ "others have no address", OTHER, "192.0.2.1/32", 0, false, 0 },
};

int
main(void)
{
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct capture_cfg cfg = { .has_net = *rows[i].net,
					   .port = rows[i].port };
		const char *why;
		struct bytes b;

		CHECK_ROW(rows[i].name);
		if (cfg.has_net)
			must(ip_net_parse(span_of(rows[i].net), &cfg.net,
					  &why));
		frame_make(&b, rows[i].kind);
		CHECK(capture_is_wanted(&cfg, b.p, b.len) == rows[i].want);
		/* Cut anywhere: known where there is enough, never more. */
		for (uint32_t len = 0; len <= b.len; len++) {
			uint8_t *p = must_alloc(len + 1);
			bool want = rows[i].want && len >= rows[i].least;

			memcpy(p, b.p, len);
			CHECK(capture_is_wanted(&cfg, p, len) == want);
			free(p);
		}
	}
	return check_end();
}
