/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of `penstock status` that is there with a dataplane of our own: the
 * link, our addresses, and for each worker what went through it. Names of
 * counters are those of tcp_counts.def and host_drops.def.
 */
#include "dataplane/look.h"
#include "engine/engine.h"
#include "engine/printer.h"

#include <ctype.h>
#include <string.h>

static const char *const tcp_names[] = {
#define TCP_COUNT(symbol, name, text) [TCP_COUNT_##symbol] = name,
#include "dataplane/tcp_counts.def"
#undef TCP_COUNT
};

static const char *const drop_symbols[] = {
#define HOST_DROP(symbol, text) [HOST_DROP_##symbol] = #symbol,
#include "dataplane/host_drops.def"
#undef HOST_DROP
};

static void
print_drops(struct printer *p, const struct look_stats *s)
{
	printer_open(p, "drops");
	for (unsigned i = 0; i < HOST_DROP_N; i++) {
		const char *symbol = drop_symbols[i];
		char name[32];
		size_t n = 0;

		for (; symbol[n] && n + 1 < sizeof(name); n++)
			name[n] = (char)tolower((unsigned char)symbol[n]);
		name[n] = '\0';
		printer_count(p, name, s->host.drops[i]);
	}
	printer_close(p);
}

static void
print_port(struct printer *p, const struct port_stats *s)
{
	printer_number(p, "rx_packets", s->rx_n);
	printer_number(p, "rx_bytes", s->rx_bytes);
	printer_number(p, "tx_packets", s->tx_n);
	printer_number(p, "tx_bytes", s->tx_bytes);
	printer_number(p, "bursts", s->bursts_n);
	printer_number(p, "rx_missed", s->rx_missed_n);
	printer_number(p, "rx_errors", s->rx_errors_n);
	printer_number(p, "tx_dropped", s->tx_dropped_n);
	printer_number(p, "mbufs_free", s->bufs_free_n);
}

static void
print_host(struct printer *p, const struct host_stats *s)
{
	printer_open(p, "packets");
	printer_number(p, "tcp", s->tcp_n);
	printer_number(p, "arp", s->arp_n);
	printer_number(p, "neighbour_discovery", s->nd_n);
	printer_number(p, "echo", s->echo_n);
	printer_number(p, "icmp_errors", s->icmp_n);
	printer_number(p, "passed", s->passed_n);
	printer_number(p, "passed_lost", s->unshared_n);
	printer_number(p, "address_conflicts", s->conflicts_n);
	printer_close(p);
}

static void
print_worker(struct printer *p, unsigned idx, const struct look_stats *s)
{
	printer_item_open(p);
	printer_number(p, "worker", idx);
	if (!p->is_json)
		p->depth++;
	print_port(p, &s->port);
	printer_number(p, "busy_cycles", s->busy_cycles);
	printer_number(p, "idle_cycles", s->idle_cycles);
	printer_number(p, "tcp_buffers", s->bufs_n);
	printer_number(p, "tcp_buffers_free", s->bufs_free_n);
	printer_open(p, "connections");
	for (unsigned i = 0; i < TCP_STATES_N; i++)
		printer_count(p, look_state_name(i), s->states[i]);
	printer_close(p);
	printer_open(p, "tcp");
	for (unsigned i = 0; i < TCP_COUNT_N; i++)
		printer_count(p, tcp_names[i], s->tcp[i]);
	printer_close(p);
	print_host(p, &s->host);
	print_drops(p, s);
	if (!p->is_json)
		p->depth--;
	printer_item_close(p);
}

static void
print_addrs(struct printer *p, const struct look_stats *s)
{
	printer_list_open(p, "addresses");
	for (unsigned i = 0; i < s->addrs_n; i++) {
		char text[IP_TEXT_MAX];

		ip_print(&s->addrs[i].ip, text);
		printer_item_open(p);
		printer_text(p, "address", text);
		printer_text(p, "state",
			     look_addr_state_name(s->addrs[i].state));
		printer_item_close(p);
	}
	printer_list_close(p);
}

static void
print_link(struct printer *p, const struct port *port)
{
	uint8_t mac[PORT_MAC_BYTES];
	char text[32];

	port_mac(port, mac);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
	printer_text(p, "link", port_is_up(port) ? "up" : "down");
	printer_text(p, "ethernet", text);
	printer_number(p, "mtu", port_mtu(port));
}

void
engine_status_dataplane(struct engine *e, struct printer *p)
{
	struct look_stats s;
	bool is_open = false;

	for (unsigned i = 0; i < e->workers_n; i++) {
		const struct worker *w = e->workers[i];
		const struct look *look = w ? net_look(w->net) : NULL;

		if (look == NULL)
			continue;
		look_stats_get(look, &s);
		if (!is_open) {
			printer_open(p, "dataplane");
			print_link(p, look_port(look));
			print_addrs(p, &s);
			printer_list_open(p, "workers");
			is_open = true;
		}
		print_worker(p, i, &s);
	}
	if (is_open) {
		printer_list_close(p);
		printer_close(p);
	}
}
