/* SPDX-License-Identifier: BSD-2-Clause */
/* The host in place of host.c, and the language of tcp_rig.h. */
#include "dataplane/tcp_isn.h"
#include "dataplane/wire.h"
#include "tests/unit/tcp_host_impl.h"
#include "tests/unit/tcp_rig_int.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

#define START_US 1000000000ull

const uint8_t *
tcp_rig_sent(const struct host *h, unsigned i)
{
	return i < h->out_n ? h->out[i].bytes : NULL;
}

void
rig_fail(struct rig *r, const char *fmt, ...)
{
	char what[512];
	va_list ap;
	size_t len = strcspn(r->at, ";");

	if (r->is_failed)
		return;
	r->is_failed = true;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(r->why, r->why_cap, "%s: at \"%.*s\": %s", r->row, (int)len,
		 r->at, what);
}

struct flow *
rig_flow(struct rig *r)
{
	return &r->flows[r->flow];
}

void
rig_flush(struct rig *r)
{
	tcp_burst_end(r->t, r->now_us);
	tcp_check(r->t);
}

static void
go_on(struct rig *r, const char *text)
{
	char *unit;
	uint64_t n = strtoull(text, &unit, 10);
	uint64_t end;

	if (!strncmp(unit, "us", 2))
		end = r->now_us + n;
	else if (!strncmp(unit, "ms", 2))
		end = r->now_us + n * 1000;
	else
		end = r->now_us + n * 1000000;
	while (r->now_us < end && !r->is_failed) {
		uint64_t next = tcp_next_us(r->t);

		/* The wheel looks at most 256 ticks ahead. */
		if (next <= r->now_us)
			next = r->now_us + 1000;
		r->now_us = next < end ? next : end;
		tcp_timers(r->t, &r->ready, r->now_us);
		rig_flush(r);
	}
}

/* --- commands --- */

static void
do_other(struct rig *r, const char *cmd, const char *a, const char *b)
{
	uint32_t n = (uint32_t)strtoul(a, NULL, 0);

	if (!strcmp(cmd, "noaccept")) {
		if (tcp_accept(r->t) != NULL)
			rig_fail(r, "there is one");
	} else if (!strcmp(cmd, "state")) {
		if (strcmp(rig_state_name(r), a) != 0)
			rig_fail(r, "is %s", rig_state_name(r));
	} else if (!strcmp(cmd, "count")) {
		rig_count(r, a, strtoull(b, NULL, 10));
	} else if (!strcmp(cmd, "ready") || !strcmp(cmd, "unready")) {
		rig_ready(r, *cmd == 'r');
	} else if (!strcmp(cmd, "flow") && n < FLOWS_N) {
		r->flow = n;
	} else if (!strcmp(cmd, "irs")) {
		rig_flow(r)->irs = n;
	} else if (!strcmp(cmd, "newflow")) {
		memset(rig_flow(r), 0, sizeof(*rig_flow(r)));
		rig_flow(r)->irs = n;
	} else if (!strcmp(cmd, "mtu")) {
		r->h->mtu = (uint16_t)n;
	} else if (!strcmp(cmd, "toobig")) {
		rig_icmp(r, (uint16_t)n, (uint32_t)strtoul(b, NULL, 0), false);
	} else if (!strcmp(cmd, "unreachable")) {
		rig_icmp(r, 0, n, true);
	} else if (!strcmp(cmd, "frames")) {
		r->h->frames_left = *a == 'a' ? UINT_MAX : n;
	} else if (!strcmp(cmd, "stop")) {
		tcp_stop_listening(r->t);
	} else if (!strcmp(cmd, "cwnd")) {
		if (rig_flow(r)->c->cwnd != n)
			rig_fail(r, "is %u", rig_flow(r)->c->cwnd);
	} else if (!strcmp(cmd, "waiting")) {
		size_t got = tcp_tx_waiting_bytes(r->t, rig_flow(r)->c);

		if (got != n)
			rig_fail(r, "is %zu", got);
	} else {
		rig_fail(r, "what is \"%s\"?", cmd);
	}
}

/* For who writes a row: what the stack has sent, as the row would say it. */
static void
show_sent(struct rig *r)
{
	char got[256];

	for (unsigned i = 0; i < r->h->out_n; i++) {
		rig_say_frame(rig_flow(r), &r->h->out[i], got, sizeof(got));
		fprintf(stderr, "\t%.3f ms < %s;\n",
			(double)(r->now_us - START_US) / 1000, got);
		if ((r->h->out[i].bytes[13] & TCP_SYN) &&
		    !rig_flow(r)->has_iss) {
			rig_flow(r)->iss = wire_get32(r->h->out[i].bytes + 4);
			rig_flow(r)->has_iss = true;
		}
	}
	r->h->out_at = r->h->out_n;
}

static void
command(struct rig *r, char *text)
{
	char cmd[32] = "", a[64] = "", b[64] = "";
	char left[256] = "";

	while (*text == ' ' || *text == '\n' || *text == '\t')
		text++;
	if (r->is_shown) {
		if (*text == '<')
			return;
		fprintf(stderr, "%s;\n", text);
		r->h->out_at = r->h->out_n;
	}
	if (*text == '<') {
		rig_expect(r, text + 1);
		return;
	}
	if (*text && r->h->out_at != r->h->out_n) {
		rig_say_frame(rig_flow(r), &r->h->out[r->h->out_at], left,
			      sizeof(left));
		if (strncmp(text, "drop", 4) != 0)
			rig_fail(r, "before it, the stack sent %s", left);
	}
	r->h->out_at = r->h->out_n = 0;
	sscanf(text, "%31s %63s %63s", cmd, a, b);
	if (*text == '>' && text[1] == '>')
		rig_inject(r, text + 2, false);
	else if (*text == '>')
		rig_inject(r, text + 1, true);
	else if (*text == '+')
		go_on(r, text + 1);
	else if (*text == '\0' || !strcmp(cmd, "drop"))
		;
	else if (!strcmp(cmd, "accept"))
		rig_accept(r);
	else if (!strcmp(cmd, "connect"))
		rig_connect(r);
	else if (!strcmp(cmd, "read"))
		rig_read(r, a);
	else if (!strcmp(cmd, "write") || !strcmp(cmd, "full"))
		rig_write(r, (uint32_t)strtoul(a, NULL, 0), *cmd == 'w');
	else if (!strcmp(cmd, "shut") || !strcmp(cmd, "shuttx") ||
		 !strcmp(cmd, "abort"))
		rig_give_up(r, cmd);
	else
		do_other(r, cmd, a, b);
	if (r->is_shown)
		show_sent(r);
}

/* --- a row --- */

static void
set_cfg(struct tcp_cfg *cfg, const char *words)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words ? words : "");
	for (char *w = strtok_r(copy, " ", &save); w;
	     w = strtok_r(NULL, " ", &save)) {
		const char *v = strchr(w, '=');
		uint32_t n = v ? (uint32_t)strtoul(v + 1, NULL, 0) : 0;
		struct {
			const char *name;
			uint32_t *field;
		} fields[] = {
			{ "rx=", &cfg->rx_bytes_max },
			{ "tx=", &cfg->tx_bytes_max },
			{ "syns=", &cfg->syn_cache_max },
			{ "conns=", &cfg->conns_max },
			{ "waits=", &cfg->time_wait_max },
			{ "accepts=", &cfg->accepts_max },
		};
		bool is_known = true;

		for (unsigned i = 0; i < ARRAY_N(fields); i++)
			if (!strncmp(w, fields[i].name, strlen(fields[i].name)))
				*fields[i].field = n;
		if (!strcmp(w, "nosack"))
			cfg->has_sack = false;
		else if (!strcmp(w, "nots"))
			cfg->has_timestamps = false;
		else if (!strcmp(w, "noscale"))
			cfg->has_scaling = false;
		else if (!strcmp(w, "ecn"))
			cfg->has_ecn = true;
		else if (!strcmp(w, "cookies"))
			cfg->is_cookie_only = true;
		else if (!strncmp(w, "mem=", 4))
			cfg->memory_bytes_max = n;
		else if (!strncmp(w, "mssmin=", 7))
			cfg->mss_min = (uint16_t)n;
		else if (!strncmp(w, "keep=", 5))
			cfg->keepalive_us = n * 1000000ull;
		else if (strcmp(w, "tso") != 0) /* that one is the host's */
			is_known = v != NULL;
		must(is_known);
	}
}

/* iss=N or ts=N: when the clock has to begin for flow 0 to get that number of
 * sequence, or timestamp, at first; ms=N: the milliseconds then. */
static uint64_t
start_us(const struct tcp_cfg *cfg, const char *words)
{
	static const char *const names[] = { "iss=", "ts=", "ms=" };
	struct tcp_key k = { tcp_rig_local, tcp_rig_peer, LOCAL_PORT,
			     PEER_PORT };
	struct tcp_secret secret;
	uint32_t want, had;

	memcpy(&secret, cfg->secret + 16, sizeof(secret));
	for (unsigned i = 0; i < ARRAY_N(names); i++) {
		const char *at = words ? strstr(words, names[i]) : NULL;

		if (at == NULL)
			continue;
		want = (uint32_t)strtoul(at + strlen(names[i]), NULL, 0);
		if (i == 0) {
			had = tcp_isn(&secret, &k, START_US);
			return START_US + (uint64_t)(want - had) * 4;
		}
		had = START_US / 1000;
		if (i == 1)
			had += tcp_isn_ts_offset(&secret, &k);
		return START_US + (uint64_t)(want - had) * 1000;
	}
	return START_US;
}

/* Everything ends; nothing may be left. */
static void
tear_down(struct rig *r)
{
	struct tcp *t = r->t;
	struct tcp_conn *c;

	for (unsigned i = 0; i < FLOWS_N; i++) {
		r->flow = i;
		if (r->flows[i].c != NULL)
			rig_give_up(r, "abort");
	}
	while ((c = tcp_accept(t)) != NULL)
		tcp_abort(t, &c);
	r->h->is_deaf = true;
	r->at = "the end";
	if (!r->is_failed)
		go_on(r, "1000s");
	rig_flush(r);
	if (t->conns_n || t->pool.free_n != t->pool.bufs_n || t->reass.used_n ||
	    t->losses.used_n || t->syns.used_n || t->waits.used_n ||
	    t->table.used_n || t->wheel.set_n)
		rig_fail(r, "left over: %u connections, %u buffers, %u entries",
			 t->conns_n, t->pool.bufs_n - t->pool.free_n,
			 t->table.used_n);
	tcp_close(&r->t);
	tcp_rig_host_close(&r->h);
}

bool
tcp_rig_run_one(const struct tcp_rig_row *row, char *why, size_t why_cap)
{
	static const struct ip any;
	struct rig *r = must_alloc(sizeof(*r));
	struct tcp_cfg cfg = tcp_rig_cfg();
	char *copy = strdup(row->script), *text;
	bool is_ok;

	must(copy != NULL);
	set_cfg(&cfg, row->cfg);
	r->row = row->name;
	r->at = "";
	r->why = why;
	r->why_cap = why_cap;
	r->is_shown = getenv("TCP_RIG_SHOW") != NULL;
	r->h = tcp_rig_host_open();
	if (row->cfg && strstr(row->cfg, "tso"))
		r->h->tso_room = 9000;
	r->now_us = start_us(&cfg, row->cfg);
	r->t = tcp_open(&cfg, r->h, r->now_us);
	for (unsigned i = 0; i < FLOWS_N; i++)
		r->flows[i].irs = 1000000 + i * 77777;
	must(tcp_listen(r->t, &any, LOCAL_PORT, 7) == 0);
	for (text = copy; *text && !r->is_failed;) {
		size_t n = strcspn(text, ";"), at = (size_t)(text - copy);
		bool is_more = text[n] != '\0';

		text[n] = '\0';
		r->at = row->script + at;
		command(r, text);
		text += n + is_more;
	}
	if (!r->is_failed && r->h->out_at != r->h->out_n)
		rig_fail(r, "the stack sent more");
	for (unsigned i = 0; i < r->segs_n; i++) {
		free(r->frames[i]);
		free((void *)r->segs[i].ip);
	}
	tear_down(r);
	is_ok = !r->is_failed;
	free(copy);
	free(r);
	return is_ok;
}
