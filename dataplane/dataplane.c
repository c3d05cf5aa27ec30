/* SPDX-License-Identifier: BSD-2-Clause */
/* The way from main.cf to hosts that can be talked to, and back. */
#include "dataplane/dataplane.h"
#include "dataplane/port_dpdk.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sysexits.h>

struct dataplane {
	struct port_dpdk *dpdk;
	struct port *port;
	struct host_share *share;
	unsigned hosts_n;
	struct host *hosts[PORT_DPDK_QUEUES_MAX];
};

static bool
hosts_open(struct dataplane *d, const struct dataplane_cfg *cfg,
	   unsigned workers_n, struct diag *diag)
{
	struct host_cfg host = cfg->host;

	if (getrandom(host.secret, sizeof(host.secret), 0) !=
	    (ssize_t)sizeof(host.secret)) {
		diag_fail(diag, EX_OSERR, NULL, 0, "no random numbers");
		return false;
	}
	host.vlan = (uint16_t)cfg->vlan;
	if (workers_n > 1) {
		host.share = d->share = host_share_open(workers_n);
		if (d->share == NULL) {
			diag_fail(diag, EX_OSERR, NULL, 0,
				  "no memory for the dataplane's hosts");
			return false;
		}
	}
	for (; d->hosts_n < workers_n; d->hosts_n++) {
		d->hosts[d->hosts_n] =
			host_open(&host, d->port, d->hosts_n, diag);
		if (d->hosts[d->hosts_n] == NULL)
			return false;
	}
	return true;
}

struct dataplane *
dataplane_open(const struct dataplane_cfg *cfg, unsigned workers_n,
	       bool is_polled, struct diag *diag)
{
	struct port_dpdk_cfg port_cfg = { .args = cfg->dpdk_args,
					  .queues_n = workers_n,
					  .mtu = cfg->mtu,
					  .is_polled = is_polled };
	struct dataplane *d = must_alloc(sizeof(*d));

	must(cfg->kind == DATAPLANE_DPDK && workers_n > 0);
	if (workers_n > PORT_DPDK_QUEUES_MAX) {
		diag_fail(diag, EX_CONFIG, NULL, 0,
			  "penstock_workers = %u: with penstock_dataplane = "
			  "dpdk at most %u",
			  workers_n, PORT_DPDK_QUEUES_MAX);
		goto fail;
	}
	d->dpdk = port_dpdk_start(&port_cfg, diag);
	if (d->dpdk == NULL)
		goto fail;
	d->port = port_dpdk_open(d->dpdk, &port_cfg, diag);
	if (d->port == NULL)
		goto fail;
	if (hosts_open(d, cfg, workers_n, diag))
		return d;
fail:
	dataplane_close(&d);
	return NULL;
}

void
dataplane_close(struct dataplane **dataplane)
{
	struct dataplane *d = *dataplane;

	if (d == NULL)
		return;
	while (d->hosts_n)
		host_close(&d->hosts[--d->hosts_n]);
	host_share_close(&d->share);
	port_close(&d->port);
	port_dpdk_stop(&d->dpdk);
	free(d);
	*dataplane = NULL;
}

struct host *
dataplane_host(struct dataplane *d, unsigned worker_idx)
{
	must(worker_idx < d->hosts_n);
	return d->hosts[worker_idx];
}

struct port *
dataplane_port(struct dataplane *d)
{
	return d->port;
}
