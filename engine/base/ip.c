/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and networks, parsed and printed. */
#include "engine/base/ip.h"
#include "engine/base/must.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool
ip_is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool
ip_is_equal(const struct ip *a, const struct ip *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };

	return ip_is_v4(ip) ? ip->b[12] == 127
			    : memcmp(ip->b, v6_loopback, 16) == 0;
}

bool
ip_net_has(const struct ip_net *net, const struct ip *ip)
{
	unsigned bytes = net->prefix_bits / 8, bits = net->prefix_bits % 8;

	if (memcmp(net->addr.b, ip->b, bytes) != 0)
		return false;
	return bits == 0 ||
	       ((net->addr.b[bytes] ^ ip->b[bytes]) >> (8 - bits)) == 0;
}

bool
ip_parse(struct span text, struct ip *out)
{
	char buf[IP_TEXT_MAX];
	struct in_addr v4;

	if (text.len >= sizeof(buf) || span_find(text, '\0') < text.len)
		return false;
	span_copy(text, buf, sizeof(buf));
	if (inet_pton(AF_INET6, buf, out->b) == 1)
		return true;
	if (inet_pton(AF_INET, buf, &v4) != 1)
		return false;
	memcpy(out->b, v4_prefix, sizeof(v4_prefix));
	memcpy(out->b + 12, &v4, 4);
	return true;
}

static bool
has_host_bits(const struct ip_net *net)
{
	for (unsigned bit = net->prefix_bits; bit < 128; bit++)
		if (net->addr.b[bit / 8] & (0x80 >> (bit % 8)))
			return true;
	return false;
}

bool
ip_net_parse(struct span text, struct ip_net *out, const char **why)
{
	size_t slash = span_find_last(text, '/');
	struct span host = span_to(text, slash);
	uint64_t bits, bits_max;

	if (host.len >= 2 && host.p[0] == '[' && host.p[host.len - 1] == ']')
		host = (struct span) { host.p + 1, host.len - 2 };
	*why = "not an address";
	if (!ip_parse(host, &out->addr))
		return false;
	/* "::ffff:127.0.0.0/104" counts IPv6 bits, "127.0.0.0/8" IPv4's. */
	bits_max = memchr(host.p, ':', host.len) ? 128 : 32;
	bits = bits_max;
	*why = "bad prefix length";
	if (slash < text.len &&
	    (!span_to_u64(span_from(text, slash + 1), &bits) ||
	     bits > bits_max))
		return false;
	out->prefix_bits = (uint8_t)(bits + 128 - bits_max);
	*why = "host bits are set beyond the prefix length";
	return !has_host_bits(out);
}

unsigned
ip_print(const struct ip *ip, char out[IP_TEXT_MAX])
{
	char *p = out;

	if (!ip_is_v4(ip)) {
		inet_ntop(AF_INET6, ip->b, out, IP_TEXT_MAX);
		return (unsigned)strlen(out);
	}
	for (int i = 12; i < 16; i++) {
		unsigned n = ip->b[i];

		if (n >= 100)
			*p++ = (char)('0' + n / 100);
		if (n >= 10)
			*p++ = (char)('0' + n / 10 % 10);
		*p++ = (char)('0' + n % 10);
		*p++ = '.';
	}
	*--p = '\0';
	return (unsigned)(p - out);
}

void
ip_from_sockaddr(const struct sockaddr_storage *ss, struct ip *out,
		 uint16_t *port_out)
{
	if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ss;

		memcpy(out->b, &in6->sin6_addr, 16);
		*port_out = ntohs(in6->sin6_port);
		return;
	}
	const struct sockaddr_in *in4 = (const void *)ss;

	memcpy(out->b, v4_prefix, sizeof(v4_prefix));
	memcpy(out->b + 12, &in4->sin_addr, 4);
	*port_out = ntohs(in4->sin_port);
}
