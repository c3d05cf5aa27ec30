/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_said.h: an answer as tests write it: "OK 300 =canonical 5:mx.example". */
#ifndef PENSTOCK_TESTS_DNS_SAID_H
#define PENSTOCK_TESTS_DNS_SAID_H

#include "engine/policy/dns.h"

#include <stdio.h>

#define SAID_MAX 4096

static inline const char *
answer_said(const struct dns_answer *a, char out[SAID_MAX])
{
	static const char *const names[DNS_STATUS_N] = { "OK",	   "NXDOMAIN",
							 "NODATA", "NULLMX",
							 "BAD",	   "TRYAGAIN" };
	char ip[IP_TEXT_MAX];
	int n;

	if (a == NULL)
		return "-";
	n = snprintf(out, SAID_MAX, "%s %u", names[a->status], a->ttl_s);
	if (*a->canonical != '\0')
		n += snprintf(out + n, SAID_MAX - (size_t)n, " =%s",
			      a->canonical);
	for (uint32_t i = 0; i < a->records_n && n < SAID_MAX - 300; i++) {
		const struct dns_record *r = &a->records[i];

		if (r->name != NULL) {
			must(strlen(r->name) == r->name_len);
			n += snprintf(out + n, SAID_MAX - (size_t)n, " %u:%s",
				      r->pref, r->name);
		} else {
			ip_print(&r->ip, ip);
			n += snprintf(out + n, SAID_MAX - (size_t)n, " %s", ip);
		}
	}
	return out;
}

#endif
