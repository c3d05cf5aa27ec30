/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack of one worker: its pools, listeners, active opens, a burst's end.
 */
#include "dataplane/tcp_int.h"
#include "dataplane/tcp_isn.h"
#include "dataplane/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PORT_FIRST 32768u /* RFC 6335: 49152; hosts have long used these */
#define PORTS_N	   28232u

const struct tcp_cfg tcp_cfg_default = {
	.conns_max = 16384,
	.syn_cache_max = 4096,
	.accepts_max = 4096,
	.time_wait_max = 32768,
	.rx_bytes_max = 256 * 1024,
	.tx_bytes_max = 256 * 1024,
	.memory_bytes_max = 256u << 20,
	.time_wait_us = 60 * 1000000ull,
	.delayed_ack_us = 40 * 1000,
	.keepalive_us = 7200 * 1000000ull,
	.mss_min = 216,
	.has_sack = true,
	.has_timestamps = true,
	.has_scaling = true,
	.has_ecn = true,
};

static void
open_pools(struct tcp *t, const struct tcp_cfg *cfg)
{
	uint32_t losses_n = cfg->conns_max / 8 + 64, bufs;

	tcp_table_init(&t->table, cfg->conns_max + cfg->syn_cache_max +
					  cfg->time_wait_max);
	/* Cleared by the kernel, page by page, when first used. */
	t->conns = mmap(NULL, (size_t)cfg->conns_max * sizeof(*t->conns),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(t->conns != MAP_FAILED);
	t->born_s = mmap(NULL, (size_t)cfg->conns_max * sizeof(*t->born_s),
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(t->born_s != MAP_FAILED);
	t->conn_fresh = 1;
	tcp_pool_init(&t->pool, cfg->memory_bytes_max);
	bufs = cfg->rx_bytes_max / TCP_BUF_DATA_BYTES + 1 + TCP_REASS_RANGES;
	tcp_reass_init(&t->reass, losses_n, t->pool.bufs_n / 4, bufs);
	t->losses = (struct tcp_loss_all) { .recs_n = losses_n, .fresh = 1 };
	t->losses.recs = must_alloc((size_t)losses_n * sizeof(struct tcp_loss));
	tcp_syn_init(&t->syns, cfg->syn_cache_max);
	tcp_wait_init(&t->waits, cfg->time_wait_max, cfg->time_wait_us);
	t->chunks = must_alloc(TCP_CHUNKS_MAX * sizeof(*t->chunks));
	t->listeners = must_alloc(TCP_LISTENERS_MAX * sizeof(*t->listeners));
	t->accepts_mask = 1;
	while (t->accepts_mask < cfg->accepts_max)
		t->accepts_mask = t->accepts_mask << 1 | 1;
	t->accepts =
		must_alloc(((size_t)t->accepts_mask + 1) * sizeof(*t->accepts));
}

/* What a frame takes of text, where the device cuts it into segments. */
static uint32_t
find_tso(struct host *h)
{
	const uint32_t head = TCP_HDR_BYTES + TCP_OPTS_BYTES_MAX;
	struct frame f;
	uint32_t room;

	if (!(host_caps(h) & PORT_CAP_TSO) ||
	    host_tx_begin(h, true, &f, &room) == NULL)
		return 0;
	host_tx_cancel(h, &f);
	return room > head ? room - head : 0;
}

/* A turn's replies, and a part of all for who could not ask: what is durable
 * is said to be, handshakes go on. */
static uint32_t
find_kept(const struct tcp *t)
{
	uint32_t share = tcp_bufs_share(t), turn, part = share / 32;

	turn = tcp_bufs_of(NET_TX_TURN_BYTES) + 1;
	if (part < turn)
		part = turn;
	return part < share / 2 ? part : share / 2;
}

struct tcp *
tcp_open(const struct tcp_cfg *cfg, struct host *h, uint64_t now_us)
{
	struct tcp *t = must_alloc(sizeof(*t));

	must(cfg->conns_max > 0 && cfg->syn_cache_max > 0);
	must(cfg->time_wait_max > 0 && cfg->accepts_max > 0);
	must(cfg->conns_max < TCP_REF_SYN && cfg->time_wait_max < TCP_REF_SYN);
	must(cfg->rx_bytes_max > 0 && cfg->rx_bytes_max <= 1u << 30);
	must(cfg->tx_bytes_max > 0 && cfg->tx_bytes_max <= 1u << 30);
	t->cfg = *cfg;
	if (t->cfg.mss_min < 1)
		t->cfg.mss_min = 1;
	t->host = h;
	t->tx_level = cfg->tx_bytes_max / 2;
	t->tso_bytes_max = find_tso(h);
	memcpy(&t->hash_secret, cfg->secret, sizeof(t->hash_secret));
	memcpy(&t->isn_secret, cfg->secret + 16, sizeof(t->isn_secret));
	if (cfg->has_scaling)
		while (t->rcv_wscale < TCP_WSCALE_MAX &&
		       cfg->rx_bytes_max >> t->rcv_wscale > 0xffff)
			t->rcv_wscale++;
	tcp_set_now(t, now_us);
	wheel_init(&t->wheel, now_us);
	open_pools(t, cfg);
	t->tx_kept_n = find_kept(t);
	return t;
}

void
tcp_close(struct tcp **tcp_inout)
{
	struct tcp *t = *tcp_inout;

	*tcp_inout = NULL;
	if (t == NULL)
		return;
	munmap(t->conns, (size_t)t->cfg.conns_max * sizeof(*t->conns));
	munmap(t->born_s, (size_t)t->cfg.conns_max * sizeof(*t->born_s));
	tcp_pool_fini(&t->pool);
	tcp_table_fini(&t->table);
	tcp_reass_fini(&t->reass);
	tcp_syn_fini(&t->syns);
	tcp_wait_fini(&t->waits);
	free(t->losses.recs);
	free(t->chunks);
	free(t->listeners);
	free(t->accepts);
	free(t);
}

int
tcp_listen(struct tcp *t, const struct ip *addr, uint16_t port,
	   unsigned service_idx)
{
	for (uint32_t i = 0; i < t->listeners_n; i++)
		if (t->listeners[i].port == port &&
		    ip_is_equal(&t->listeners[i].addr, addr))
			return -EADDRINUSE;
	if (t->listeners_n == TCP_LISTENERS_MAX)
		return -ENOSPC;
	t->listeners[t->listeners_n++] = (struct tcp_listener) {
		.addr = *addr,
		.port = port,
		.service_idx = (uint16_t)service_idx,
	};
	counter_add(&t->states_n[TCP_LISTEN], 1);
	return 0;
}

void
tcp_stop_listening(struct tcp *t)
{
	counter_add(&t->states_n[TCP_LISTEN], -(uint64_t)t->listeners_n);
	t->listeners_n = 0;
}

/* --- active opens --- */

/* RFC 6056 section 3.3.3: a port that nobody can foretell, and is free. */
static bool
choose_port(struct tcp *t, struct tcp_key *k, uint64_t *hash_out)
{
	uint32_t at;

	k->local_port = 0;
	at = tcp_isn_port_offset(&t->isn_secret, k) + t->port_count;
	for (uint32_t i = 0; i < PORTS_N; i++, at++) {
		uint32_t ref;

		t->port_count++;
		k->local_port = (uint16_t)(PORT_FIRST + at % PORTS_N);
		if (!host_is_own_flow(t->host, &k->peer, k->peer_port,
				      &k->local, k->local_port))
			continue;
		*hash_out = tcp_hash_key(&t->hash_secret, k);
		ref = tcp_find(t, k, *hash_out);
		if (ref == 0)
			return true;
	}
	return false;
}

struct tcp_conn *
tcp_connect(struct tcp *t, const struct ip *dst, uint16_t port, uint64_t now_us)
{
	struct tcp_key k = { .peer = *dst, .peer_port = port };
	struct tcp_conn *c;
	uint64_t hash;

	tcp_set_now(t, now_us);
	if (!host_source(t->host, dst, &k.local) || !choose_port(t, &k, &hash))
		return NULL;
	c = tcp_conn_new(t, &k, hash);
	if (c == NULL)
		return NULL;
	c->flags |= TCP_F_ACTIVE | TCP_F_OWNED | TCP_F_TOLD;
	c->snd_una = c->snd_nxt = c->snd_max =
		tcp_isn(&t->isn_secret, &k, now_us);
	c->recover = c->snd_una;
	tcp_set_state(t, c, TCP_SYN_SENT);
	tcp_send_syn(t, c);
	tcp_syn_arm(t, c);
	if (t->cfg.keepalive_us) {
		c->flags |= TCP_F_KEEP;
		tcp_life_arm(t, c, (uint32_t)(t->cfg.keepalive_us / 1000));
	}
	TCP_COUNT_ADD(t, OPENED_ACTIVE, 1);
	return c;
}

/* --- ICMP errors: RFC 5927 --- */

static void
too_big(struct tcp *t, struct tcp_conn *c, uint16_t mtu)
{
	uint32_t least = tcp_is_v6(&c->key) ? IP6_MTU_MIN : 68;

	if (mtu < least || mtu >= c->path.mtu) {
		TCP_COUNT_ADD(t, ICMP_IGNORED, 1);
		return;
	}
	c->pmtu = mtu;
	/* Section 7.2: with a segment of this size delivered, only the
	 * timer's say-so counts; before that it may well be true. */
	if (!(c->flags & TCP_F_MSS_PROVEN))
		tcp_pmtu_take(t, c);
}

void
tcp_unreachable(struct tcp *t, const struct host_unreachable *u,
		struct ready *ready, uint64_t now_us)
{
	struct tcp_key k = { .local = u->src,
			     .peer = u->dst,
			     .local_port = u->src_port,
			     .peer_port = u->dst_port };
	uint64_t hash = tcp_hash_key(&t->hash_secret, &k);
	uint32_t ref = tcp_find(t, &k, hash);
	struct tcp_conn *c;

	tcp_set_now(t, now_us);
	if (ref == 0 || (ref & TCP_REF_KIND) != TCP_REF_CONN) {
		TCP_COUNT_ADD(t, ICMP_IGNORED, 1);
		return;
	}
	c = tcp_conn_at(t, ref & TCP_REF_IDX);
	/* Section 4.1: of something that is in flight now. */
	if (seq_lt(u->seq, c->snd_una) || seq_ge(u->seq, c->snd_max)) {
		TCP_COUNT_ADD(t, ICMP_IGNORED, 1);
	} else if (u->mtu) {
		too_big(t, c, u->mtu);
	} else if (u->is_hard && c->state == TCP_SYN_SENT) {
		tcp_conn_end(t, c, true, ready);
	} else { /* section 6.1: soft for what stands already */
		TCP_COUNT_ADD(t, ICMP_IGNORED, 1);
	}
}

/* --- the end of a turn --- */

void
tcp_burst_end(struct tcp *t, uint64_t now_us)
{
	uint32_t number = t->pending;

	tcp_set_now(t, now_us);
	/* Who is added from here on waits for the next turn. */
	t->pending = 0;
	while (number) {
		struct tcp_conn *c = tcp_conn_at(t, number);

		number = c->pending_next;
		if (number)
			__builtin_prefetch(tcp_conn_at(t, number));
		c->flags &= ~TCP_F_PENDING;
		if (tcp_conn_bury(t, c))
			continue;
		if (c->chunk)
			tcp_keep_chunks(t, c);
		if (c->state == TCP_CLOSED)
			continue;
		tcp_output(t, c);
		c->flags &= ~TCP_F_DUP;
	}
	t->chunks_n = t->dups_n = 0;
	t->pool.promised_n = 0;
}

/* --- what is asked from outside --- */

uint64_t
tcp_count_get(const struct tcp *t, enum tcp_count which)
{
	return counter_get(&t->counts[which]);
}

void
tcp_states_get(const struct tcp *t, uint64_t out[TCP_STATES_N])
{
	for (unsigned i = 0; i < TCP_STATES_N; i++)
		out[i] = counter_get(&t->states_n[i]);
}

void
tcp_bufs_get(const struct tcp *t, uint64_t *all_out, uint64_t *free_out)
{
	*all_out = t->pool.bufs_n;
	*free_out = t->pool.free_n;
}
