/* SPDX-License-Identifier: BSD-2-Clause */
/* Own addresses and what is derived from them. */
#include "engine/config/nets.h"
#include "engine/config/say.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#define LIST_SEPS " \t\r\n,"

bool
nets_parse_protocols(struct span text, unsigned *out)
{
	struct span word;

	*out = 0;
	while ((word = span_word(&text, LIST_SEPS)).len) {
		if (span_is_equal_nocase(word, SPAN("all")))
			*out |= NETS_ALL;
		else if (span_is_equal_nocase(word, SPAN("ipv4")))
			*out |= NETS_IPV4;
		else if (span_is_equal_nocase(word, SPAN("ipv6")))
			*out |= NETS_IPV6;
		else
			return false;
	}
	return *out != 0;
}

static unsigned
count_bits(const uint8_t *p, unsigned bytes)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < bytes; i++)
		bits += (unsigned)__builtin_popcount(p[i]);
	return bits;
}

static bool
from_ifaddr(const struct ifaddrs *a, struct ip_net *out)
{
	struct sockaddr_storage ss = { 0 };
	uint16_t port;

	if (a->ifa_addr == NULL || a->ifa_netmask == NULL)
		return false;
	if (a->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *mask = (const void *)a->ifa_netmask;

		memcpy(&ss, a->ifa_addr, sizeof(struct sockaddr_in));
		out->prefix_bits =
			(uint8_t)(96 +
				  count_bits((const void *)&mask->sin_addr, 4));
	} else if (a->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *mask = (const void *)a->ifa_netmask;

		memcpy(&ss, a->ifa_addr, sizeof(struct sockaddr_in6));
		out->prefix_bits =
			(uint8_t)count_bits((const void *)&mask->sin6_addr, 16);
	} else {
		return false;
	}
	ip_from_sockaddr(&ss, &out->addr, &port);
	return true;
}

unsigned
nets_own(struct ip_net out[NETS_MAX])
{
	struct ifaddrs *list;
	unsigned n = 0;

	if (getifaddrs(&list) != 0)
		return 0;
	for (struct ifaddrs *a = list; a != NULL && n < NETS_MAX;
	     a = a->ifa_next)
		n += from_ifaddr(a, &out[n]);
	freeifaddrs(list);
	return n;
}

static bool
is_wanted(const struct ip *ip, unsigned protocols)
{
	return protocols & (ip_is_v4(ip) ? NETS_IPV4 : NETS_IPV6);
}

/* Prefix length of the old class A, B or C network (of 128). */
static unsigned
class_bits(const struct ip *ip)
{
	uint8_t first = ip->b[12];

	return 96 + (first < 128   ? 8
		     : first < 192 ? 16
		     : first < 224 ? 24
				   : 32);
}

static void
add_address(struct text *out, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	ip_print(ip, text);
	text_addf(out, "%s%s%s%s", out->len ? " " : "", ip_is_v4(ip) ? "" : "[",
		  text, ip_is_v4(ip) ? "" : "]");
}

static void
add_net(struct text *out, struct ip_net net)
{
	for (unsigned bit = net.prefix_bits; bit < 128; bit++)
		net.addr.b[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	add_address(out, &net.addr);
	text_addf(out, "/%u",
		  net.prefix_bits - (ip_is_v4(&net.addr) ? 96u : 0u));
}

bool
nets_mynetworks(struct span style, unsigned protocols, const struct ip_net *own,
		unsigned own_n, struct text *out)
{
	bool is_subnet = span_is_equal_nocase(style, SPAN("subnet"));
	bool is_class = span_is_equal_nocase(style, SPAN("class"));

	if (!is_subnet && !is_class &&
	    !span_is_equal_nocase(style, SPAN("host")))
		return false;
	for (unsigned i = 0; i < own_n; i++) {
		struct ip_net net = own[i];
		bool is_v4 = ip_is_v4(&net.addr);

		if (!is_wanted(&net.addr, protocols))
			continue;
		if (is_v4 && ip_is_loopback(&net.addr))
			net.prefix_bits = 96 + 8;
		else if (is_class && is_v4)
			net.prefix_bits = (uint8_t)class_bits(&net.addr);
		else if (!is_subnet && !is_class)
			net.prefix_bits = 128;
		add_net(out, net);
	}
	return true;
}

/* Every address of a host name. */
static bool
add_host(struct span name, unsigned protocols, struct text *out,
	 const char **why)
{
	char *host = strndup(name.p, name.len);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	bool found = false;
	int error;

	must(host != NULL);
	error = getaddrinfo(host, NULL, &hints, &list);
	free(host);
	*why = error ? gai_strerror(error)
		     : "has no address of a protocol in inet_protocols";
	if (error)
		return false;
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		struct sockaddr_storage ss = { 0 };
		struct ip ip;
		uint16_t port;

		memcpy(&ss, ai->ai_addr, ai->ai_addrlen);
		ip_from_sockaddr(&ss, &ip, &port);
		if (!is_wanted(&ip, protocols))
			continue;
		add_address(out, &ip);
		found = true;
	}
	freeaddrinfo(list);
	return found;
}

static void
add_own(bool is_loopback_only, unsigned protocols, const struct ip_net *own,
	unsigned own_n, struct text *out)
{
	for (unsigned i = 0; i < own_n; i++)
		if (is_wanted(&own[i].addr, protocols) &&
		    (!is_loopback_only || ip_is_loopback(&own[i].addr)))
			add_address(out, &own[i].addr);
}

bool
nets_interfaces(struct span value, unsigned protocols, const struct ip_net *own,
		unsigned own_n, const char *file, unsigned line,
		struct diag *diag, struct text *out)
{
	bool is_ok = true;
	struct span word;

	while ((word = span_word(&value, LIST_SEPS)).len) {
		struct span bare = word;
		const char *why;
		struct ip ip;

		if (word.len > 2 && word.p[0] == '[' &&
		    word.p[word.len - 1] == ']')
			bare = (struct span) { word.p + 1, word.len - 2 };
		if (span_is_equal_nocase(word, SPAN("all"))) {
			add_own(false, protocols, own, own_n, out);
		} else if (span_is_equal_nocase(word, SPAN("loopback-only"))) {
			add_own(true, protocols, own, own_n, out);
		} else if (ip_parse(bare, &ip)) {
			if (is_wanted(&ip, protocols))
				add_address(out, &ip);
		} else if (!add_host(word, protocols, out, &why)) {
			say(diag, DIAG_ERROR, file, line,
			    "%.*s: %s: write all, loopback-only, or an "
			    "address of this host",
			    SPAN_FMT(word), why);
			is_ok = false;
		}
	}
	return is_ok;
}
