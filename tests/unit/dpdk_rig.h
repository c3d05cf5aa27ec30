/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dpdk_rig.h: DPDK with virtual devices only, without huge pages, cards or
 * privileges. Once in a process: EAL cannot be started twice.
 */
#ifndef PENSTOCK_TESTS_DPDK_RIG_H
#define PENSTOCK_TESTS_DPDK_RIG_H

#include "dataplane/port_dpdk.h"
#include "tests/unit/check.h"
#include "tests/unit/findings.h"
#include "tests/unit/frames.h"

#define RIG_UNUSED __attribute__((unused))

/* DPDK keeps tables until its process ends, and drivers some of theirs. */
const char *__asan_default_options(void);

RIG_UNUSED const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

RIG_UNUSED static struct port_dpdk_cfg
rig_cfg(const char *args, unsigned queues_n)
{
	return (struct port_dpdk_cfg) { .args = args,
					.queues_n = queues_n,
					.bufs_n = 8191 };
}

RIG_UNUSED static struct port_dpdk *
rig_start(const struct port_dpdk_cfg *cfg)
{
	struct port_dpdk *d;
	struct diag diag;

	diag_init(&diag);
	d = port_dpdk_start(cfg, &diag);
	CHECK(d != NULL && findings_has(&diag, DIAG_ERROR, ""));
	findings_print(&diag);
	diag_fini(&diag);
	must(d != NULL);
	return d;
}

RIG_UNUSED static struct port *
rig_open(struct port_dpdk *d, const struct port_dpdk_cfg *cfg)
{
	struct port *port;
	struct diag diag;

	diag_init(&diag);
	port = port_dpdk_open(d, cfg, &diag);
	CHECK(port != NULL && findings_has(&diag, DIAG_ERROR, ""));
	findings_print(&diag);
	diag_fini(&diag);
	must(port != NULL);
	return port;
}

/* Refused, and said with this text. */
RIG_UNUSED static void
rig_refused(struct port_dpdk *d, const struct port_dpdk_cfg *cfg,
	    const char *text)
{
	struct port *port;
	struct diag diag;
	bool is_said;

	diag_init(&diag);
	port = port_dpdk_open(d, cfg, &diag);
	is_said = findings_has(&diag, DIAG_ERROR, text);
	CHECK(port == NULL && is_said);
	if (!is_said)
		findings_print(&diag);
	diag_fini(&diag);
	port_close(&port);
}

/* A segment of TCP from 192.0.2.1 (2001:db8::1) and that port to port 25. */
RIG_UNUSED static void
rig_segment(struct bytes *b, bool is_v6, unsigned src_port)
{
	static const uint8_t macs[2][6] = { { 2, 0, 0, 0, 0, 1 },
					    { 2, 0, 0, 0, 0, 2 } };
	struct ip src = ip_of(is_v6 ? "2001:db8::1" : "192.0.2.1");
	struct ip dst = ip_of(is_v6 ? "2001:db8::2" : "192.0.2.2");

	frame_tcp(b, macs[1], macs[0], &src, &dst, src_port, 25, 1, 0x18,
		  "data", 4);
}

/* Sends bytes as they are. */
RIG_UNUSED static void
rig_send(struct port_queue *q, const struct bytes *b)
{
	struct frame f;

	CHECK(port_tx_get(q, &f) && f.len == 0 && f.room >= b->len);
	memcpy(f.data, b->p, b->len);
	f.len = b->len;
	port_tx(q, &f, 1);
	port_tx_flush(q);
}

#endif
