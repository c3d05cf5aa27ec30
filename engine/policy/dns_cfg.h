/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns_cfg.h: what main.cf says about DNS, which all services share. The rows
 * are in config/params.def.
 */
#ifndef PENSTOCK_POLICY_DNS_CFG_H
#define PENSTOCK_POLICY_DNS_CFG_H

#include <stdint.h>

struct dns_cfg {
	const char *servers; /* penstock_dns_servers; "": resolv.conf's */
	const char *resolv_file;
	const char *hosts_file;	  /* penstock_hosts_file; "": none */
	uint64_t timeout_us;	  /* penstock_dns_timeout; 0: resolv.conf's */
	uint32_t tries;		  /* penstock_dns_tries; 0: resolv.conf's */
	uint32_t pending_max;	  /* penstock_dns_queue_limit, per worker */
	uint64_t cache_bytes_max; /* penstock_dns_cache_limit, per worker */
};

#endif
