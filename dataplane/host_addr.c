/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our addresses: from their first probe to the announcements, and what happens
 * when somebody else has one. Queue 0's host does this for all.
 */
#include "dataplane/arp.h"
#include "dataplane/host_int.h"

void
host_addr_changed(struct host *h)
{
	h->ours4_n = h->ours6_n = 0;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		const struct host_addr *a = &h->net.addrs[i];

		if (a->state != HOST_ADDR_VALID)
			continue;
		if (ip_is_v4(&a->ip))
			h->ours4[h->ours4_n++] = host_ip4(&a->ip);
		else
			h->ours6[h->ours6_n++] = a->ip;
	}
	h->generation++;
}

struct host_addr *
host_addr_find(struct host *h, const struct ip *ip)
{
	for (unsigned i = 0; i < h->net.addrs_n; i++)
		if (ip_is_equal(&h->net.addrs[i].ip, ip))
			return &h->net.addrs[i];
	return NULL;
}

struct host_addr *
host_addr_add(struct host *h, const struct ip *ip, const struct ip_net *net)
{
	struct host_addr *a;

	if (h->net.addrs_n == HOST_ADDRS_ALL_MAX)
		return NULL;
	a = &h->net.addrs[h->net.addrs_n++];
	*a = (struct host_addr) { .ip = *ip,
				  .net = *net,
				  .state = HOST_ADDR_VALID,
				  .sends_n = HOST_ANNOUNCE_N,
				  .due_us = h->now_us,
				  .valid_until_us = UINT64_MAX,
				  .preferred_until_us = UINT64_MAX };
	h->slow_due_us = h->now_us;
	host_addr_changed(h);
	return a;
}

void
host_addr_remove(struct host *h, struct host_addr *a)
{
	struct host_addr *last = &h->net.addrs[--h->net.addrs_n];

	if (a != last)
		*a = *last;
	host_addr_changed(h);
}

void
host_addr_conflict(struct host *h, struct host_addr *a)
{
	counter_add(&h->count.conflicts, 1);
	/* RFC 5227 section 2.4 (c): a server keeps its address, politely. */
	if (ip_is_v4(&a->ip) && rate_take(&h->defend_rate, h->now_us))
		arp_announce(h, &a->ip);
}

static void
addr_send(struct host *h, struct host_addr *a)
{
	arp_announce(h, &a->ip);
	a->sends_n--;
	a->due_us = a->sends_n ? h->now_us + HOST_ANNOUNCE_US : UINT64_MAX;
}

void
host_addr_step(struct host *h)
{
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		struct host_addr *a = &h->net.addrs[i];

		if (a->due_us <= h->now_us)
			addr_send(h, a);
		if (a->due_us < h->slow_due_us)
			h->slow_due_us = a->due_us;
	}
}
