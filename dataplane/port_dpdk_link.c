/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A memif client whose server has gone: the driver connects when the device is
 * started, and never again by itself. So it is stopped and started here, until
 * a server is there. This runs on EAL's interrupt thread, on which the driver
 * takes a connection down, too: not both at once. Workers keep off meanwhile.
 */
#include "dataplane/port_dpdk_int.h"

#include <rte_alarm.h>
#include <rte_devargs.h>
#include <rte_log.h>
#include <string.h>

#define LOOK_US	   50000u
#define WAIT_N_MIN 2u  /* looks without a link, until the next attempt */
#define WAIT_N_MAX 32u /* the longest time between two */

static bool
is_client(const struct dpdk_port *p)
{
	const struct rte_devargs *args = rte_dev_devargs(p->info.device);
	const char *text = args && args->args ? args->args : "";

	/* Without a role it is a client. */
	return strcmp(p->info.driver_name, "net_memif") == 0 &&
	       strstr(text, "role=server") == NULL;
}

/* The driver complains of each attempt: the first complaint is enough. */
static int
start(struct dpdk_port *p)
{
	int log = rte_log_register("pmd.net.memif"); /* the one that it has */
	int level = log < 0 ? -1 : rte_log_get_level((uint32_t)log), error;

	if (p->attempts_n++ && level >= 0)
		(void)rte_log_set_level((uint32_t)log, RTE_LOG_CRIT);
	error = rte_eth_dev_start(p->id);
	if (level >= 0)
		(void)rte_log_set_level((uint32_t)log, (uint32_t)level);
	return error;
}

static void
reconnect(struct dpdk_port *p)
{
	atomic_store(&p->is_away, true);
	dpdk_guard_wait();
	(void)rte_eth_dev_stop(p->id);
	if (start(p) == 0)
		atomic_store(&p->is_away, false);
	/* A server that has only been slow to answer would be left again and
	 * again, each time in the middle of its greetings. */
	if (p->wait_n < WAIT_N_MAX)
		p->wait_n *= 2;
}

static void
look(void *arg)
{
	struct dpdk_port *p = arg;
	struct rte_eth_link link = { 0 };

	if (!atomic_load(&p->is_away) &&
	    rte_eth_link_get_nowait(p->id, &link) == 0 &&
	    link.link_status == RTE_ETH_LINK_UP) {
		p->looks_n = p->attempts_n = 0;
		p->wait_n = WAIT_N_MIN;
	} else if (++p->looks_n >= p->wait_n) {
		p->looks_n = 0;
		reconnect(p);
	}
	p->is_looking = rte_eal_alarm_set(LOOK_US, look, p) == 0;
}

void
dpdk_link_init(struct dpdk_port *p)
{
	if (!is_client(p))
		return;
	/* Who cannot wait for bursts to end must not stop the device. */
	for (unsigned i = 0; i < p->base.queues_n; i++)
		if (p->queues[i]->guard == NULL)
			return;
	p->wait_n = WAIT_N_MIN;
	p->is_looking = rte_eal_alarm_set(LOOK_US, look, p) == 0;
}

void
dpdk_link_fini(struct dpdk_port *p)
{
	if (p->is_looking)
		(void)rte_eal_alarm_cancel(look, p);
	p->is_looking = false;
}
