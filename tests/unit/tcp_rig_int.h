/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp_rig_int.h: what a running script is, for tcp_rig*.c. */
#ifndef PENSTOCK_TESTS_TCP_RIG_INT_H
#define PENSTOCK_TESTS_TCP_RIG_INT_H

#include "tests/unit/tcp_host.h"
#include "tests/unit/tcp_rig.h"

#include <stdio.h>

#define LOCAL_PORT 25u
#define PEER_PORT  40000u
#define FLOWS_N	   16u

struct flow {
	struct tcp_conn *c;
	uint32_t irs, iss;
	uint32_t ts_base; /* our first TSval */
	bool has_iss, has_ts_base;
	uint32_t read, written; /* offsets in the streams */
	uint8_t snd_ws;		/* of the peer's window */
};

struct rig {
	const char *row, *at; /* at: the command, for messages */
	struct host *h;
	struct tcp *t;
	struct ready ready;
	uint64_t now_us;
	struct flow flows[FLOWS_N];
	unsigned flow, seen; /* seen: flow of the last accepted */
	struct host_seg segs[PORT_BURST_MAX];
	uint8_t *frames[PORT_BURST_MAX];
	unsigned segs_n;
	bool is_failed;
	bool is_shown; /* TCP_RIG_SHOW is set: tells, does not compare */
	char *why;
	size_t why_cap;
};

/* This command failed, the first that did: says why. */
PRINTF_LIKE(2, 3)
void rig_fail(struct rig *r, const char *fmt, ...);
struct flow *rig_flow(struct rig *r);
/* The end of a burst. */
void rig_flush(struct rig *r);

/* tcp_rig_segment.c; text is taken apart */
uint8_t rig_pattern(uint32_t off);
void rig_inject(struct rig *r, char *text, bool is_last);
void rig_expect(struct rig *r, char *text);
void rig_say_frame(const struct flow *f, const struct tcp_rig_frame *fr,
		   char *out, size_t cap);

/* tcp_rig_user.c: a command each */
void rig_accept(struct rig *r);
void rig_connect(struct rig *r);
void rig_read(struct rig *r, const char *arg);
void rig_write(struct rig *r, uint32_t n, bool want);
void rig_give_up(struct rig *r, const char *how);
const char *rig_state_name(struct rig *r);
void rig_count(struct rig *r, const char *name, uint64_t n);
void rig_icmp(struct rig *r, uint16_t mtu, uint32_t seq, bool is_hard);
void rig_ready(struct rig *r, bool want);

#endif
