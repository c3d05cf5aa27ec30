/* SPDX-License-Identifier: BSD-2-Clause */
/* The hash: its three forms agree, its key matters, and it spreads. */
#include "dataplane/flow.h"
#include "dataplane/wire.h"
#include "engine/base/must.h"
#include "tests/unit/check.h"

static const struct flow_key key = { { 0x0706050403020100,
				       0x0f0e0d0c0b0a0908 } };

static struct ip
ip_of(const char *text)
{
	struct ip ip;

	must(ip_parse(span_of(text), &ip));
	return ip;
}

static void
test_forms(void)
{
	struct ip a4 = ip_of("192.0.2.1"), b4 = ip_of("198.51.100.7");
	struct ip a6 = ip_of("2001:db8::1"), b6 = ip_of("fe80::2");
	uint8_t addrs[32], ports[4];

	wire_put16(ports, 40000);
	wire_put16(ports + 2, 25);
	CHECK_ROW("IPv4 as it stands in a header");
	memcpy(addrs, a4.b + 12, 4);
	memcpy(addrs + 4, b4.b + 12, 4);
	CHECK(flow_hash4(&key, addrs, ports) ==
	      flow_hash(&key, &a4, 40000, &b4, 25));
	CHECK_ROW("IPv6 as it stands in a header");
	memcpy(addrs, a6.b, 16);
	memcpy(addrs + 16, b6.b, 16);
	CHECK(flow_hash6(&key, addrs, ports) ==
	      flow_hash(&key, &a6, 40000, &b6, 25));
	CHECK_ROW("every part counts");
	CHECK(flow_hash(&key, &a4, 40000, &b4, 25) !=
	      flow_hash(&key, &b4, 25, &a4, 40000));
	CHECK(flow_hash(&key, &a4, 40000, &b4, 25) !=
	      flow_hash(&key, &a4, 40001, &b4, 25));
	CHECK(flow_hash_addr(&key, &a4) != flow_hash_addr(&key, &b4));
}

/* Whoever does not know the key can't say what falls together. */
static void
test_key(void)
{
	struct flow_key other = key;
	struct ip a = ip_of("192.0.2.1"), b = ip_of("192.0.2.2");
	unsigned same = 0;

	CHECK_ROW("another key, another order");
	other.k[1] ^= 1;
	for (unsigned port = 1; port < 1000; port++)
		same += flow_hash(&key, &a, (uint16_t)port, &b, 25) % 64 ==
			flow_hash(&other, &a, (uint16_t)port, &b, 25) % 64;
	CHECK(same < 50);
}

static void
test_spread(void)
{
	struct ip a = ip_of("192.0.2.1"), b = ip_of("192.0.2.2");
	unsigned n[64] = { 0 };

	CHECK_ROW("64,000 ports' worth over 64 buckets");
	for (unsigned port = 0; port < 64000; port++)
		n[flow_hash(&key, &a, (uint16_t)port, &b, 25) % 64]++;
	for (unsigned i = 0; i < 64; i++)
		CHECK(n[i] > 850 && n[i] < 1150);
}

int
main(void)
{
	test_forms();
	test_key();
	test_spread();
	return check_end();
}
