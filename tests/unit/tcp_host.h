/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp_host.h: the host that stands in for host.c and keeps what the stack gives
 * it to send. One file of each program includes tcp_host_impl.h. One thread.
 */
#ifndef PENSTOCK_TESTS_TCP_HOST_H
#define PENSTOCK_TESTS_TCP_HOST_H

#include "dataplane/tcp_int.h"

struct host *tcp_rig_host_open(void);
void tcp_rig_host_close(struct host **h);
struct tcp_cfg tcp_rig_cfg(void);
extern const struct ip tcp_rig_local, tcp_rig_peer;

#define TCP_RIG_FRAMES 256u
struct tcp_rig_frame {
	struct tcp_key key; /* as the stack sees it */
	uint8_t bytes[9600];
	uint32_t len;
	bool is_ect;
};

/* The host that stands in for host.c: what the stack sent is in out[]. */
struct host {
	struct tcp_rig_frame out[TCP_RIG_FRAMES];
	unsigned out_n, out_at;
	unsigned frames_left; /* UINT_MAX: any number */
	uint16_t mtu, learned_mtu;
	uint32_t tso_room; /* 0: the device does not cut up */
	bool is_deaf;	   /* counts what is sent and keeps nothing */
	uint64_t sent_n;   /* frames */
	/* Instead of out[], if set. */
	void (*on_frame)(void *ctx, const struct tcp_rig_frame *fr);
	void *ctx;
	uint8_t scratch[9600];
};

#endif
