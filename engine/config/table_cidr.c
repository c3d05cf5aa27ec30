/* SPDX-License-Identifier: BSD-2-Clause */
/* cidr: networks in order; a key that is no address is not in any of them. */
#include "engine/config/line.h"
#include "engine/config/nets.h"
#include "engine/config/table_rules.h"

#include <stdio.h>
#include <stdlib.h>

static void *
compile(struct span *rest, char why[TABLE_WHY_MAX])
{
	struct ip_net net, *pattern;
	const char *what;
	size_t n = 0;

	while (n < rest->len && !line_is_space(rest->p[n]))
		n++;
	if (!ip_net_parse(span_to(*rest, n), &net, &what)) {
		snprintf(why, TABLE_WHY_MAX,
			 "\"%.*s\": %s: write 192.0.2.0/24 or 2001:db8::/32",
			 (int)(n < 60 ? n : 60), rest->p, what);
		return NULL;
	}
	*rest = span_from(*rest, n);
	pattern = must_alloc(sizeof(*pattern));
	*pattern = net;
	return pattern;
}

/* A rule for IPv6, negated or not, says nothing about an IPv4 address. */
static enum table_match
match(const void *pattern, const struct table_subject *subject,
      struct table_groups *groups)
{
	const struct ip_net *net = pattern;

	(void)groups;
	if (nets_is_v4(net) != ip_is_v4(&subject->ip))
		return TABLE_NOT_ABOUT;
	return ip_net_has(net, &subject->ip) ? TABLE_MATCH : TABLE_NO_MATCH;
}

static bool
prepare(struct table_subject *subject)
{
	return ip_parse(subject->key, &subject->ip);
}

const struct table_rules_kind table_cidr_kind = {
	.compile = compile,
	.free = free,
	.match = match,
	.prepare = prepare,
};

struct table *
table_cidr_open(const struct table_spec *spec)
{
	return table_rules_open(spec, &table_cidr_kind);
}
