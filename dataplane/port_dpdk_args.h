/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_dpdk_args.h: penstock_dpdk_args as an argument vector for EAL, and what
 * EAL says when it fails as a sentence with a remedy. No DPDK in here: text
 * only. At start, one thread; allocates. Private to dataplane/.
 */
#ifndef PENSTOCK_DATAPLANE_PORT_DPDK_ARGS_H
#define PENSTOCK_DATAPLANE_PORT_DPDK_ARGS_H

#include "engine/base/diag.h"
#include "engine/base/span.h"

#define DPDK_ARGS_MAX 128u

struct dpdk_args {
	char *argv[DPDK_ARGS_MAX + 1]; /* NULL at the end */
	int argc;
	char *text;	     /* what argv points into */
	bool is_private_dir; /* a runtime folder of this process alone */
};

/*
 * Splits text into words (quotes as in the shell: '…' and "…") and adds what is
 * missing: one lcore (our workers are not EAL's), nothing shared with other
 * processes, with --no-huge memory for memory_mb. 0, or -EINVAL: *diag.
 */
MUST_USE int dpdk_args_init(struct dpdk_args *a, const char *text, unsigned cpu,
			    unsigned pid, uint32_t memory_mb,
			    struct diag *diag);
void dpdk_args_fini(struct dpdk_args *a);

/*
 * said: what EAL has written; error: its errno, positive. Adds one error to
 * *diag.
 */
void dpdk_args_explain(const char *said, int error, struct diag *diag);

#endif
