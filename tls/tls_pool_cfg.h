/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_pool_cfg.h: what main.cf says about the TLS threads, which all services
 * share. The rows are in config/params.def. What a service says about
 * certificates and protocols is in tls_cfg.h.
 */
#ifndef PENSTOCK_TLS_TLS_POOL_CFG_H
#define PENSTOCK_TLS_TLS_POOL_CFG_H

#include <stdbool.h>
#include <stdint.h>

enum tls_offload {
	TLS_OFFLOAD_HANDSHAKE, /* records are the worker's */
	TLS_OFFLOAD_ALL,       /* records too are the TLS threads' */
};

struct tls_pool_cfg {
	uint32_t workers_n; /* set by the engine */
	bool is_pinned;	    /* set by the engine: each worker has its core */
	uint32_t threads_n; /* penstock_tls_threads; 0: one */
	uint32_t queue_max; /* penstock_tls_queue_limit: a ring's entries */
	enum tls_offload offload; /* penstock_tls_offload */
};

#endif
