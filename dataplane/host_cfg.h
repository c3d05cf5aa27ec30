/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_cfg.h: the dataplane's parameters, and addresses out of their texts. At
 * start and in `check`; any thread, no allocation.
 */
#ifndef PENSTOCK_DATAPLANE_HOST_CFG_H
#define PENSTOCK_DATAPLANE_HOST_CFG_H

#include "dataplane/host.h"

enum dataplane_kind { DATAPLANE_SOCKETS, DATAPLANE_DPDK };

/* As main.cf has it; host: what host_cfg_parse() makes of the texts. */
struct dataplane_cfg {
	enum dataplane_kind kind; /* penstock_dataplane */
	const char *dpdk_args;	  /* penstock_dpdk_args */
	const char *ipv4, *ipv4_gateway, *ipv6, *ipv6_gateway;
	uint32_t mtu;  /* penstock_mtu; 0: the device's */
	uint32_t vlan; /* penstock_vlan; 0: none */
	struct host_cfg host;
};

/* param: whose value is wrong; text: "= 192.0.2.1: what would be right". */
typedef void host_cfg_fault(void *arg, const char *param, const char *text);

/*
 * Fills cfg->host in, all but secret and share. False after every fault has
 * been told. A site on sockets may have addresses or none.
 */
MUST_USE bool host_cfg_parse(struct dataplane_cfg *cfg, host_cfg_fault *fault,
			     void *arg);

#endif
