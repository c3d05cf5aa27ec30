/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock net …` in the engine: connections of the dataplane as a table or as
 * JSON, each worker's after the other's, and captures.
 */
#include "engine/net_request.h"
#include "dataplane/look.h"
#include "engine/net_capture.h"
#include "engine/net_words.h"
#include "engine/printer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define BATCH_N	     1024u /* connections asked for at once */
#define ENDPOINT_MAX (IP_TEXT_MAX + 9)

struct listing {
	const struct net_words *words;
	struct printer printer;
	FILE *out;
	uint64_t printed_n, more_n;
};

static void
endpoint_print(const struct ip *ip, uint16_t port, char out[ENDPOINT_MAX])
{
	char text[IP_TEXT_MAX];

	ip_print(ip, text);
	snprintf(out, ENDPOINT_MAX, ip_is_v4(ip) ? "%s:%u" : "[%s]:%u", text,
		 port);
}

static bool
is_wanted(const struct net_words *w, const struct tcp_walk_conn *c)
{
	const struct capture_cfg *f = &w->capture;

	if (w->state != TCP_STATES_N && c->state != w->state)
		return false;
	if (f->port && f->port != c->local_port && f->port != c->peer_port)
		return false;
	return !f->has_net || ip_net_has(&f->net, &c->local) ||
	       ip_net_has(&f->net, &c->peer);
}

static void
print_json(struct printer *p, unsigned worker_idx,
	   const struct tcp_walk_conn *c, const char *local, const char *peer)
{
	printer_item_open(p);
	printer_number(p, "worker", worker_idx);
	printer_text(p, "local", local);
	printer_text(p, "peer", peer);
	printer_text(p, "state", look_state_name(c->state));
	printer_number(p, "is_owned", c->is_owned);
	printer_number(p, "age_seconds", c->age_s);
	printer_number(p, "silent_seconds", c->silent_s);
	printer_number(p, "rx_queue_bytes", c->rx_bytes);
	printer_number(p, "tx_queue_bytes", c->tx_bytes);
	printer_number(p, "tx_flight_bytes", c->flight_bytes);
	printer_number(p, "peer_window_bytes", c->peer_window);
	printer_number(p, "cwnd_bytes", c->cwnd);
	printer_number(p, "mss_bytes", c->mss);
	printer_number(p, "rtt_us", c->srtt_us);
	printer_number(p, "timeouts_in_a_row", c->backoff);
	printer_item_close(p);
}

static void
print_head(const struct listing *l)
{
	fprintf(l->out, "%-3s %-24s %-28s %-12s %7s %7s %8s %8s %9s %8s %9s\n",
		"wrk", "local", "peer", "state", "age/s", "quiet/s", "rx-queue",
		"tx-queue", "in-flight", "cwnd", "rtt/us");
}

static void
print_conn(struct listing *l, unsigned worker_idx,
	   const struct tcp_walk_conn *c)
{
	char local[ENDPOINT_MAX], peer[ENDPOINT_MAX];

	if (!is_wanted(l->words, c))
		return;
	if (l->printed_n == l->words->limit) {
		l->more_n++;
		return;
	}
	l->printed_n++;
	endpoint_print(&c->local, c->local_port, local);
	endpoint_print(&c->peer, c->peer_port, peer);
	if (l->words->is_json) {
		print_json(&l->printer, worker_idx, c, local, peer);
		return;
	}
	fprintf(l->out, "%-3u %-24s %-28s %-12s %7u %7u %8u %8u %9u %8u %9u\n",
		worker_idx, local, peer, look_state_name(c->state), c->age_s,
		c->silent_s, c->rx_bytes, c->tx_bytes, c->flight_bytes, c->cwnd,
		c->srtt_us);
}

/* 0 or -errno. */
static int
list_worker(struct listing *l, const struct worker *w,
	    struct tcp_walk_conn *conns)
{
	struct look *look = net_look(w->net);
	uint64_t pos = 0;

	while (pos != TCP_WALK_END && !atomic_load(&w->is_finished)) {
		int n = look_conns_get(look, &pos, conns, BATCH_N);

		if (n < 0)
			return n;
		for (int i = 0; i < n; i++)
			print_conn(l, w->idx, &conns[i]);
	}
	return 0;
}

static void
listing_begin(struct listing *l)
{
	if (!l->words->is_json) {
		print_head(l);
		return;
	}
	printer_begin(&l->printer, l->out, true);
	printer_list_open(&l->printer, "connections");
}

static void
listing_end(struct listing *l)
{
	if (l->words->is_json) {
		printer_list_close(&l->printer);
		printer_number(&l->printer, "shown", l->printed_n);
		printer_number(&l->printer, "not_shown", l->more_n);
		printer_end(&l->printer);
	} else if (l->more_n) {
		fprintf(l->out, "and %" PRIu64 " more: --limit N shows more\n",
			l->more_n);
	}
}

static int
connections(struct engine *e, const struct net_words *words, FILE *out)
{
	struct tcp_walk_conn *conns = must_alloc(BATCH_N * sizeof(*conns));
	struct listing l = { .words = words };
	char *text = NULL;
	size_t text_n = 0;
	int code = EX_OK;

	/* A half list would not be told from a whole one. */
	l.out = open_memstream(&text, &text_n);
	must(l.out != NULL);
	listing_begin(&l);
	for (unsigned i = 0; code == EX_OK && i < e->workers_n; i++) {
		if (list_worker(&l, e->workers[i], conns) == 0)
			continue;
		fprintf(out,
			"penstock: net: worker %u does not answer within %u s: "
			"penstock status tells whether it is at work\n",
			i, LOOK_WAIT_US / 1000000);
		code = EX_TEMPFAIL;
	}
	listing_end(&l);
	fclose(l.out);
	if (code == EX_OK)
		fwrite(text, 1, text_n, out);
	free(text);
	free(conns);
	return code;
}

int
net_request(struct engine *e, int argc, char **argv, FILE *out, int *fd)
{
	struct net_words words;

	if (!net_words_parse(argc, argv, &words, out))
		return EX_USAGE;
	if (net_look(e->workers[0]->net) == NULL) {
		fputs("penstock: net: only what goes through the engine's own "
		      "TCP/IP can be seen this way, and this engine runs on "
		      "kernel sockets (penstock_dataplane = sockets): ss -tn "
		      "lists their connections, tcpdump captures\n",
		      out);
		return EX_UNAVAILABLE;
	}
	if (words.verb == NET_CONNECTIONS)
		return connections(e, &words, out);
	return net_capture_start(&e->capture,
				 look_port(net_look(e->workers[0]->net)),
				 &words.capture, fd, out);
}
