/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers as they are kept, and the names that are asked for. */
#include "engine/policy/dns_int.h"

#include <stdio.h>
#include <stdlib.h>

const struct dns_answer dns_answer_tryagain = {
	.status = DNS_TRYAGAIN,
	.ttl_s = DNS_TTL_BRIEF_S,
	.canonical = "",
};
const struct dns_answer dns_answer_nxdomain = {
	.status = DNS_NXDOMAIN,
	.ttl_s = DNS_TTL_BRIEF_S,
	.canonical = "",
};

static const char *
put_text(char **at, const char *text, size_t len)
{
	char *copy = *at;

	memcpy(copy, text, len);
	copy[len] = '\0';
	*at += len + 1;
	return copy;
}

struct dns_block *
dns_block_new(const struct dns_answer *like)
{
	size_t canonical_len = strlen(like->canonical);
	size_t records_bytes = like->records_n * sizeof(struct dns_record);
	size_t bytes =
		sizeof(struct dns_block) + records_bytes + 1 + canonical_len;
	struct dns_block *b;
	char *at;

	for (uint32_t i = 0; i < like->records_n; i++)
		if (like->records[i].name != NULL)
			bytes += like->records[i].name_len + 1u;
	b = malloc(bytes);
	if (b == NULL)
		return NULL;
	b->bytes = bytes;
	b->answer = *like;
	b->answer.records = b->records;
	at = (char *)b + sizeof(*b) + records_bytes;
	b->answer.canonical = put_text(&at, like->canonical, canonical_len);
	for (uint32_t i = 0; i < like->records_n; i++) {
		b->records[i] = like->records[i];
		if (like->records[i].name != NULL)
			b->records[i].name =
				put_text(&at, like->records[i].name,
					 like->records[i].name_len);
	}
	must(at == (char *)b + bytes);
	return b;
}

/* --- names --- */

bool
dns_is_hostname(struct span name)
{
	bool has_other = false;
	size_t label = 0;

	if (name.len == 0 || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (c == '.') {
			if (label == 0 || name.p[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!ascii_is_alnum(c) && c != '_' && (c != '-' || label == 0))
			return false;
		if (c < '0' || c > '9')
			has_other = true;
		if (++label > 63)
			return false;
	}
	return label > 0 && has_other && name.p[name.len - 1] != '-';
}

size_t
dns_name_fold(struct span name, char out[DNS_NAME_MAX + 1])
{
	if (name.len > 0 && name.p[name.len - 1] == '.')
		name.len--;
	if (!dns_is_hostname(name))
		return 0;
	return span_copy_lower(name, out, DNS_NAME_MAX + 1);
}

size_t
dns_reverse_name(const struct ip *ip, struct span zone,
		 char out[DNS_REVERSE_MAX])
{
	static const char hex[] = "0123456789abcdef";
	bool is_v4 = ip_is_v4(ip);
	size_t n = 0;
	int len;

	if (is_v4) {
		n = (size_t)snprintf(out, DNS_REVERSE_MAX, "%u.%u.%u.%u",
				     ip->b[15], ip->b[14], ip->b[13],
				     ip->b[12]);
	} else {
		for (int i = 15; i >= 0; i--) {
			out[n++] = hex[ip->b[i] & 15];
			out[n++] = '.';
			out[n++] = hex[ip->b[i] >> 4];
			out[n++] = '.';
		}
		n--;
	}
	if (zone.len == 0)
		zone = is_v4 ? SPAN("in-addr.arpa") : SPAN("ip6.arpa");
	if (zone.len > DNS_REVERSE_MAX)
		return 0;
	len = snprintf(out + n, DNS_REVERSE_MAX - n, ".%.*s", SPAN_FMT(zone));
	if (len < 0 || (size_t)len >= DNS_REVERSE_MAX - n)
		return 0;
	return n + (size_t)len;
}
