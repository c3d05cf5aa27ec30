/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host: opened on a port's queue, stepped by time, asked about itself. What
 * comes in is in host_input.c, what goes out in host_tx.c.
 */
#include "dataplane/host.h"
#include "dataplane/host_int.h"
#include "dataplane/host_share.h"
#include "dataplane/slaac.h"

#include <stdlib.h>
#include <sysexits.h>

#define NEIGHS_DEFAULT	1024u
#define PMTUS_DEFAULT	1024u
#define ROUTER_DELAY_US 1000000u
#define ROUTER_ASKS_N	3u /* RFC 4861's MAX_RTR_SOLICITATIONS */

static bool
cfg_is_ok(const struct host_cfg *cfg, const struct port *port,
	  struct diag *diag)
{
	bool is_v6 = cfg->is_slaac;

	must(cfg->addrs_n <= HOST_ADDRS_MAX);
	must(cfg->neigh_n_max <= NEIGH_N_MAX && cfg->pmtu_n_max <= PMTU_N_MAX);
	must(cfg->vlan <= VLAN_ID_MASK);
	if (cfg->addrs_n == 0 && !cfg->is_slaac) {
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  "the dataplane has no address: set penstock_ipv4 = "
			  "ADDRESS/BITS or penstock_ipv6 = ADDRESS/BITS");
		return false;
	}
	for (unsigned i = 0; i < cfg->addrs_n; i++)
		is_v6 |= !ip_is_v4(&cfg->ends[i]);
	if (port_mtu(port) < (is_v6 ? IP6_MTU_MIN : PMTU_MIN4) ||
	    port_mtu(port) > UINT16_MAX) {
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  "the port's MTU is %u: %s needs %u at least",
			  port_mtu(port), is_v6 ? "IPv6" : "IPv4",
			  is_v6 ? IP6_MTU_MIN : PMTU_MIN4);
		return false;
	}
	return true;
}

/* IPv6 needs a link-local address besides: RFC 4291 section 2.8. */
static void
addrs_add(struct host *h, const struct host_cfg *cfg)
{
	struct ip_net link = { { { 0xfe, 0x80 } }, 64 };
	bool is_v6 = cfg->is_slaac, has_link = false;

	for (unsigned i = 0; i < cfg->addrs_n; i++) {
		must(host_addr_add(h, &cfg->ends[i], &cfg->addrs[i]) != NULL);
		is_v6 |= !ip_is_v4(&cfg->ends[i]);
		has_link |= host_ip_is_link_local(&cfg->ends[i]);
	}
	if (is_v6 && !has_link) {
		struct ip ip = host_addr_eui64(h, &link.addr);

		must(host_addr_add(h, &ip, &link) != NULL);
	}
}

struct host *
host_open(const struct host_cfg *cfg, struct port *port, unsigned queue_idx,
	  struct diag *diag)
{
	struct host *h;

	must(queue_idx == 0 || cfg->share != NULL);
	if (!cfg_is_ok(cfg, port, diag))
		return NULL;
	h = aligned_alloc(CACHE_LINE, (sizeof(*h) + CACHE_LINE - 1) /
					      CACHE_LINE * CACHE_LINE);
	if (h == NULL)
		goto fail;
	memset(h, 0, sizeof(*h));
	h->port = port;
	h->queue = port_queue(port, queue_idx);
	h->queue_idx = queue_idx;
	h->share = cfg->share;
	h->caps = port_caps(port);
	h->mtu = h->net.mtu6 = port_mtu(port);
	h->vlan = cfg->vlan;
	h->l2_bytes = cfg->vlan ? ETH_VLAN_MAX : ETH_BYTES;
	port_mac(port, h->mac);
	h->generation = 1;
	memcpy(&h->key, cfg->secret, sizeof(h->key));
	h->gateway4 = cfg->gateway4;
	h->gateway6 = cfg->gateway6;
	h->is_slaac = cfg->is_slaac;
	h->is_dad_skipped = cfg->is_dad_skipped;
	h->is_up = port_is_up(port);
	h->echo_rate = RATE(1000, 100);
	h->answer_rate = RATE(1000, 100);
	h->ask_rate = RATE(1000, 256);
	h->defend_rate = (struct rate) { .cost_us = 10000000,
					 .burst_us = 10000000,
					 .credit_us = 10000000 };
	if (neigh_init(h,
		       cfg->neigh_n_max ? cfg->neigh_n_max : NEIGHS_DEFAULT) ||
	    pmtu_init(h, cfg->pmtu_n_max ? cfg->pmtu_n_max : PMTUS_DEFAULT))
		goto fail;
	addrs_add(h, cfg);
	if (cfg->is_slaac)
		h->router_asks_n = ROUTER_ASKS_N;
	return h;
fail:
	diag_fail(diag, EX_OSERR, NULL, 0, "no memory for the host");
	host_close(&h);
	return NULL;
}

void
host_close(struct host **h)
{
	if (*h == NULL)
		return;
	host_tx_flush(*h);
	neigh_fini(*h);
	pmtu_fini(*h);
	free(*h);
	*h = NULL;
}

void
host_begin(struct host *h)
{
	h->is_started = true;
	neigh_start(h);
	for (unsigned i = 0; i < h->net.addrs_n; i++)
		if (h->net.addrs[i].due_us != UINT64_MAX)
			h->net.addrs[i].due_us += h->now_us;
	/* A second for the link-local address to be probed */
	h->router_ask_us = h->now_us + ROUTER_DELAY_US;
	h->slow_due_us = h->now_us;
}

uint64_t
host_step(struct host *h, uint64_t now_us)
{
	uint64_t next_us;

	host_now_set(h, now_us);
	if (h->share)
		host_share_step(h);
	neigh_timers(h);
	pmtu_step(h);
	if (h->queue_idx == 0)
		host_link_step(h);
	if (now_us >= h->slow_due_us) {
		h->slow_due_us = UINT64_MAX;
		if (h->queue_idx == 0) {
			host_addr_step(h);
			slaac_step(h);
		}
	}
	if (h->share && h->queue_idx == 0)
		host_due(h, h->told_us + SHARE_TELL_US);
	next_us = neigh_next_us(h);
	if (h->slow_due_us < next_us)
		next_us = h->slow_due_us;
	return h->pmtus.next_us < next_us ? h->pmtus.next_us : next_us;
}

bool
host_has_addr(const struct host *h, const struct ip *addr)
{
	return ip_is_v4(addr) ? host_is_ours4(h, host_ip4(addr))
			      : host_is_ours6(h, addr->b);
}

bool
host_addr_get(const struct host *h, unsigned i, struct ip *out,
	      enum host_addr_state *state)
{
	if (i >= h->net.addrs_n)
		return false;
	*out = h->net.addrs[i].ip;
	*state = h->net.addrs[i].state;
	return true;
}

void
host_pmtu_learn(struct host *h, const struct ip *dst, uint16_t mtu,
		uint64_t now_us)
{
	host_now_set(h, now_us);
	pmtu_learn(h, dst, mtu);
}

uint32_t
host_hash(const struct host *h, const struct ip *src, uint16_t src_port,
	  const struct ip *dst, uint16_t dst_port)
{
	return flow_hash(&h->key, src, src_port, dst, dst_port);
}

bool
host_is_own_flow(const struct host *h, const struct ip *src, uint16_t src_port,
		 const struct ip *dst, uint16_t dst_port)
{
	return port_queue_of(h->port, src, src_port, dst, dst_port) ==
	       h->queue_idx;
}

uint32_t
host_caps(const struct host *h)
{
	return h->caps;
}

struct port *
host_port(const struct host *h)
{
	return h->port;
}

unsigned
host_queue_idx(const struct host *h)
{
	return h->queue_idx;
}

void
host_stats_get(const struct host *h, struct host_stats *out)
{
	const struct host_counts *c = &h->count;

	*out = (struct host_stats) {
		.rx_n = counter_get(&c->rx),
		.tcp_n = counter_get(&c->tcp),
		.arp_n = counter_get(&c->arp),
		.nd_n = counter_get(&c->nd),
		.echo_n = counter_get(&c->echo),
		.tx_n = counter_get(&c->tx),
		.icmp_n = counter_get(&c->icmp),
		.passed_n = counter_get(&c->passed),
		.unshared_n = counter_get(&c->unshared),
		.conflicts_n = counter_get(&c->conflicts),
	};
	for (unsigned i = 0; i < HOST_DROP_N; i++)
		out->drops[i] = counter_get(&c->drops[i]);
}
