/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of a client, as smtpd(8) finds it: there and back. */
#include "engine/policy/dns_int.h"

static void
set_unknown(char out[DNS_NAME_MAX + 1])
{
	span_copy(SPAN("unknown"), out, DNS_NAME_MAX + 1);
}

static enum dns_client_status
status_of(const struct dns_answer *a, enum dns_client_status otherwise)
{
	return a->status == DNS_TRYAGAIN ? DNS_CLIENT_TRYAGAIN : otherwise;
}

static bool
has_addr(const struct dns_answer *a, const struct ip *ip)
{
	for (uint32_t i = 0; i < a->records_n; i++)
		if (ip_is_equal(&a->records[i].ip, ip))
			return true;
	return false;
}

bool
dns_client_find(struct lookups *all, struct lookup_pins *pins,
		const struct ip *ip, uint64_t now_us, struct dns_client *out)
{
	char text[IP_TEXT_MAX];
	struct span addr = { text, ip_print(ip, text) };
	const struct dns_answer *a;
	const struct dns_record *ptr;

	set_unknown(out->name);
	set_unknown(out->reverse_name);
	a = dns_find(all, pins, addr, DNS_HOST_PTR, now_us);
	if (a == NULL)
		return false;
	out->reverse_status = a->status == DNS_OK
				      ? DNS_CLIENT_OK
				      : status_of(a, DNS_CLIENT_UNKNOWN);
	out->name_status = out->reverse_status;
	if (a->status != DNS_OK)
		return true;
	ptr = &a->records[0];
	span_copy((struct span) { ptr->name, ptr->name_len }, out->reverse_name,
		  sizeof(out->reverse_name));
	a = dns_find(all, pins, span_of(out->reverse_name),
		     ip_is_v4(ip) ? DNS_HOST_A : DNS_HOST_AAAA, now_us);
	if (a == NULL)
		return false;
	if (a->status != DNS_OK)
		out->name_status = status_of(a, DNS_CLIENT_FORGED);
	else if (!has_addr(a, ip))
		out->name_status = DNS_CLIENT_FORGED;
	else
		memcpy(out->name, out->reverse_name, sizeof(out->name));
	return true;
}
