/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp_host_impl.h: the definitions behind tcp_host.h, for one file. */
#ifndef PENSTOCK_TESTS_TCP_HOST_IMPL_H
#define PENSTOCK_TESTS_TCP_HOST_IMPL_H

#include "dataplane/wire.h"
#include "tests/unit/tcp_host.h"

#include <limits.h>
#include <stdlib.h>

const struct ip tcp_rig_local = { { [10] = 0xff, 0xff, 192, 0, 2, 1 } };
const struct ip tcp_rig_peer = { { [10] = 0xff, 0xff, 192, 0, 2, 2 } };

struct host *
tcp_rig_host_open(void)
{
	struct host *h = must_alloc(sizeof(*h));

	h->mtu = 1500;
	h->frames_left = UINT_MAX;
	return h;
}

void
tcp_rig_host_close(struct host **h)
{
	free(*h);
	*h = NULL;
}

bool
host_path_find(struct host *h, const struct ip *dst, struct host_path *path,
	       uint64_t now_us)
{
	path->generation = 1;
	path->mtu = h->mtu;
	return true;
}

void
host_pmtu_learn(struct host *h, const struct ip *dst, uint16_t mtu,
		uint64_t now_us)
{
	h->mtu = h->learned_mtu = mtu;
}

bool
host_source(const struct host *h, const struct ip *dst, struct ip *out)
{
	*out = tcp_rig_local;
	return true;
}

bool
host_is_own_flow(const struct host *h, const struct ip *src, uint16_t src_port,
		 const struct ip *dst, uint16_t dst_port)
{
	return (dst_port & 1) == 0; /* as if there were two queues */
}

uint32_t
host_caps(const struct host *h)
{
	return h->tso_room ? PORT_CAP_TSO : 0;
}

uint8_t *
host_tx_begin(struct host *h, bool is_v6, struct frame *f, uint32_t *room_out)
{
	if (h->frames_left == 0)
		return NULL;
	if (h->frames_left != UINT_MAX)
		h->frames_left--;
	*room_out = h->tso_room ? h->tso_room : h->mtu - (is_v6 ? 40u : 20u);
	return h->scratch;
}

void
host_tx_cancel(struct host *h, struct frame *f)
{
}

void
host_tx_end(struct host *h, struct frame *f, const struct ip *src,
	    const struct ip *dst, struct host_path *path, uint32_t tcp_bytes,
	    uint32_t mss_bytes, bool is_ect, uint64_t now_us)
{
	struct tcp_rig_frame *out;

	h->sent_n++;
	if (h->is_deaf)
		return;
	must(h->out_n < TCP_RIG_FRAMES);
	out = &h->out[h->out_n];
	out->key = (struct tcp_key) { *src, *dst, wire_get16(h->scratch),
				      wire_get16(h->scratch + 2) };
	memcpy(out->bytes, h->scratch, tcp_bytes);
	out->len = tcp_bytes;
	out->is_ect = is_ect;
	if (h->on_frame != NULL)
		h->on_frame(h->ctx, out);
	else
		h->out_n++;
}

struct tcp_cfg
tcp_rig_cfg(void)
{
	struct tcp_cfg cfg = tcp_cfg_default;

	cfg.conns_max = 64;
	cfg.syn_cache_max = 8;
	cfg.accepts_max = 16;
	cfg.time_wait_max = 8;
	cfg.rx_bytes_max = 65535;
	cfg.tx_bytes_max = 256 * 1024;
	cfg.memory_bytes_max = 4u << 20;
	cfg.mss_min = 48;
	cfg.has_ecn = false;
	cfg.keepalive_us = 0;
	for (unsigned i = 0; i < sizeof(cfg.secret); i++)
		cfg.secret[i] = (uint8_t)(i * 37 + 11);
	return cfg;
}

#endif
