/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our addresses: from their first probe to the announcements, and what happens
 * when somebody else has one. Queue 0's host does this for all.
 */
#include "dataplane/arp.h"
#include "dataplane/host_int.h"
#include "dataplane/mld.h"
#include "dataplane/nd.h"

#define LINK_LOOK_US (100 * 1000u)

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
	h->is_net_news = true;
}

struct ip
host_addr_eui64(const struct host *h, const struct ip *prefix)
{
	struct ip ip = *prefix;

	memcpy(ip.b + 8, h->mac, 3);
	ip.b[8] ^= 2;
	ip.b[11] = 0xff;
	ip.b[12] = 0xfe;
	memcpy(ip.b + 13, h->mac + 3, 3);
	return ip;
}

/* RFC 4862 section 5.4.2: not all machines at once after a power cut. */
static uint64_t
first_probe_us(const struct host *h, const struct ip *ip)
{
	struct flow_key key = { { h->now_us, h->mac[5] } };

	return h->now_us + flow_hash_addr(&key, ip) % HOST_PROBE_US;
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
	if (!ip_is_v4(ip) && !h->is_dad_skipped) {
		a->state = HOST_ADDR_TENTATIVE;
		a->sends_n = HOST_PROBE_N;
		a->due_us = first_probe_us(h, ip);
	}
	host_due(h, a->due_us);
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
	if (a->state == HOST_ADDR_TENTATIVE) {
		a->state = HOST_ADDR_DUPLICATE;
		a->due_us = UINT64_MAX;
		host_addr_changed(h);
		return;
	}
	/* RFC 5227 section 2.4 (c): a server keeps its address, politely. */
	if (a->state != HOST_ADDR_VALID ||
	    !rate_take(&h->defend_rate, h->now_us))
		return;
	if (ip_is_v4(&a->ip))
		arp_announce(h, &a->ip);
	else
		nd_announce(h, &a->ip);
}

static void
tentative_step(struct host *h, struct host_addr *a)
{
	if (!h->is_up) { /* nobody would hear the probe */
		a->due_us = h->link_look_us;
		return;
	}
	if (a->sends_n) {
		/* RFC 4862 section 5.4.2: the group first, then the probe */
		mld_report(h, true);
		nd_probe(h, &a->ip);
		a->sends_n--;
		a->due_us = h->now_us + HOST_PROBE_US;
		return;
	}
	a->state = HOST_ADDR_VALID;
	a->sends_n = HOST_ANNOUNCE_N;
	a->due_us = h->now_us;
	host_addr_changed(h);
}

static void
announce_step(struct host *h, struct host_addr *a)
{
	if (ip_is_v4(&a->ip)) {
		arp_announce(h, &a->ip);
	} else {
		mld_report(h, true);
		nd_announce(h, &a->ip);
	}
	a->sends_n--;
	a->due_us = a->sends_n ? h->now_us + HOST_ANNOUNCE_US : UINT64_MAX;
}

/*
 * Who was told of us before the cable was in, or by a machine that stood here
 * before, is told again.
 */
void
host_link_step(struct host *h)
{
	bool was_up = h->is_up;

	if (h->now_us < h->link_look_us)
		return;
	h->link_look_us = h->now_us + LINK_LOOK_US;
	h->is_up = port_is_up(h->port);
	if (!h->is_up || was_up)
		return;
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		struct host_addr *a = &h->net.addrs[i];

		if (a->state != HOST_ADDR_VALID)
			continue;
		a->sends_n = HOST_ANNOUNCE_N;
		a->due_us = h->now_us;
		host_due(h, h->now_us);
	}
}

void
host_addr_step(struct host *h)
{
	for (unsigned i = 0; i < h->net.addrs_n; i++) {
		struct host_addr *a = &h->net.addrs[i];

		if (a->due_us <= h->now_us && a->state == HOST_ADDR_TENTATIVE)
			tentative_step(h, a);
		if (a->due_us <= h->now_us)
			announce_step(h, a);
		host_due(h, a->due_us);
	}
}
