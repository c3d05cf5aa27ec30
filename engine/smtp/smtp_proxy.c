/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PROXY header in front of a session: HAProxy's proxy-protocol.txt, version
 * 1 (a line) and version 2 (binary). Only who connected is taken from it.
 */
#include "engine/smtp/smtp_int.h"

static const char v2_signature[12] = "\r\n\r\n\0\r\nQUIT\n";

#define V1_BYTES_MAX 107u /* section 2.1, CRLF included */
#define V2_HEAD	     16u

/* "TCP4 source dest sport dport" */
static enum proxy_result
v1_addresses(struct span line, struct proxy_info *out)
{
	struct span family = span_word(&line, " ");
	struct span src = span_word(&line, " ");
	struct span dst = span_word(&line, " ");
	struct span sport = span_word(&line, " ");
	struct span dport = span_word(&line, " ");
	uint64_t port, port2;
	struct ip ip2;
	bool is_v6;

	if (span_is_equal(family, SPAN("UNKNOWN"))) {
		out->is_local = true;
		return PROXY_DONE;
	}
	if (!span_is_equal(family, SPAN("TCP4")) &&
	    !span_is_equal(family, SPAN("TCP6")))
		return PROXY_BAD;
	is_v6 = span_is_equal(family, SPAN("TCP6"));
	/* An IPv4 client of an IPv6 socket is TCP6 ::ffff:192.0.2.1. */
	if ((span_find(src, ':') < src.len) != is_v6 ||
	    (span_find(dst, ':') < dst.len) != is_v6)
		return PROXY_BAD;
	if (!ip_parse(src, &out->ip) || !ip_parse(dst, &ip2) ||
	    !span_to_u64(sport, &port) || !span_to_u64(dport, &port2) ||
	    port > 65535 || port2 > 65535 || line.len)
		return PROXY_BAD;
	out->port = (uint16_t)port;
	return PROXY_DONE;
}

static enum proxy_result
v1(struct span *in, struct proxy_info *out)
{
	size_t nl = span_find(*in, '\n');
	struct span line = span_to(*in, nl);

	if (nl == in->len)
		return nl < V1_BYTES_MAX ? PROXY_MORE : PROXY_BAD;
	if (nl >= V1_BYTES_MAX || nl == 0 || line.p[nl - 1] != '\r')
		return PROXY_BAD;
	*in = span_from(*in, nl + 1);
	line.len--;
	return v1_addresses(span_from(line, 6), out);
}

static uint16_t
be16(const char *p)
{
	return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]);
}

static enum proxy_result
v2_addresses(uint8_t family, struct span body, struct proxy_info *out)
{
	char text[] = "::ffff:0.0.0.0";

	switch (family) {
	case 0x11: /* TCP over IPv4 */
		if (body.len < 12 || !ip_parse(span_of(text), &out->ip))
			return PROXY_BAD;
		memcpy(out->ip.b + 12, body.p, 4);
		out->port = be16(body.p + 8);
		return PROXY_DONE;
	case 0x21: /* TCP over IPv6 */
		if (body.len < 36)
			return PROXY_BAD;
		memcpy(out->ip.b, body.p, 16);
		out->port = be16(body.p + 32);
		return PROXY_DONE;
	case 0x00: /* unspecified: keep what the socket says */
		out->is_local = true;
		return PROXY_DONE;
	default:
		return PROXY_BAD;
	}
}

static enum proxy_result
v2(struct span *in, struct proxy_info *out)
{
	struct span body;
	size_t len;
	uint8_t version_command, family;

	if (in->len < V2_HEAD)
		return PROXY_MORE;
	version_command = (uint8_t)in->p[12];
	family = (uint8_t)in->p[13];
	len = be16(in->p + 14);
	if (version_command >> 4 != 2 || V2_HEAD + len > PROXY_BYTES_MAX)
		return PROXY_BAD;
	if (in->len < V2_HEAD + len)
		return PROXY_MORE;
	body = (struct span) { in->p + V2_HEAD, len };
	*in = span_from(*in, V2_HEAD + len);
	if ((version_command & 0x0f) == 0) {
		out->is_local = true;
		return PROXY_DONE;
	}
	if ((version_command & 0x0f) != 1)
		return PROXY_BAD;
	return v2_addresses(family, body, out);
}

enum proxy_result
smtp_proxy_parse(struct span *in, struct proxy_info *out)
{
	size_t n = in->len < sizeof(v2_signature) ? in->len
						  : sizeof(v2_signature);

	*out = (struct proxy_info) { 0 };
	if (in->len && memcmp(in->p, v2_signature, n) == 0)
		return n < sizeof(v2_signature) ? PROXY_MORE : v2(in, out);
	n = in->len < 6 ? in->len : 6;
	if (memcmp(in->p, "PROXY ", n) != 0)
		return PROXY_BAD;
	return n < 6 ? PROXY_MORE : v1(in, out);
}
