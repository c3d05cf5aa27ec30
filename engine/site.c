/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration and its compiled policies, as one thing to swap. */
#include "engine/site.h"
#include "tls/tls_ctx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
close_all(struct site *site)
{
	if (site->cfg == NULL) {
		free(site);
		return;
	}
	for (unsigned i = 0; i < site->cfg->services_n; i++) {
		policy_close(&site->policies[i]);
		tls_ctx_put(&site->tls[i]);
	}
	free(site->policies);
	free(site->tls);
	config_put(&site->cfg);
	free(site);
}

/* What the service's TLS needs; NULL without any, or with an error. */
static struct tls_ctx *
open_tls(const struct service *svc, struct diag *diag)
{
	const struct smtp_cfg *smtp = &svc->smtp;
	bool is_demanded = smtp->is_tls_wrapped ||
			   smtp->tls_level == SMTP_TLS_ENCRYPT;

	if (smtp->tls_level == SMTP_TLS_NONE && !smtp->is_tls_wrapped)
		return NULL;
	if (*svc->tls.cert_file != '\0')
		return tls_ctx_new(&svc->tls, diag);
	diag_add(diag, is_demanded ? DIAG_ERROR : DIAG_WARNING, NULL, 0,
		 "service %s: no certificate: set smtpd_tls_cert_file; %s",
		 svc->name,
		 is_demanded ? "this service is useless without TLS"
			     : "STARTTLS is not offered");
	return NULL;
}

struct site *
site_open(const char *dir, struct diag *diag)
{
	struct site *site = must_alloc(sizeof(*site));

	site->cfg = config_load(dir, diag);
	if (site->cfg == NULL) {
		free(site);
		return NULL;
	}
	atomic_init(&site->refs, 1);
	site->policies =
		must_alloc(site->cfg->services_n * sizeof(*site->policies));
	site->tls = must_alloc(site->cfg->services_n * sizeof(*site->tls));
	for (unsigned i = 0; i < site->cfg->services_n; i++) {
		const struct service *svc = &site->cfg->services[i];

		site->policies[i] = policy_open(&svc->policy, svc->name, diag);
		site->tls[i] = open_tls(svc, diag);
	}
	if (diag->errors_n) {
		close_all(site);
		return NULL;
	}
	return site;
}

struct site *
site_get(struct site *site)
{
	atomic_fetch_add_explicit(&site->refs, 1, memory_order_relaxed);
	return site;
}

void
site_put(struct site **site_inout)
{
	struct site *site = *site_inout;

	*site_inout = NULL;
	if (site == NULL)
		return;
	if (atomic_fetch_sub_explicit(&site->refs, 1, memory_order_acq_rel) ==
	    1)
		close_all(site);
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool
is_same_dataplane(const struct dataplane_cfg *a, const struct dataplane_cfg *b)
{
	if (a->kind == DATAPLANE_SOCKETS && b->kind == DATAPLANE_SOCKETS)
		return true;
	return a->kind == b->kind && is_same(a->dpdk_args, b->dpdk_args) &&
	       is_same(a->ipv4, b->ipv4) &&
	       is_same(a->ipv4_gateway, b->ipv4_gateway) &&
	       is_same(a->ipv6, b->ipv6) &&
	       is_same(a->ipv6_gateway, b->ipv6_gateway) && a->mtu == b->mtu &&
	       a->vlan == b->vlan;
}

int
site_check_reload(const struct site *now, const struct site *next,
		  struct diag *diag)
{
	const struct config *a = now->cfg, *b = next->cfg;
	bool is_ok = a->services_n == b->services_n &&
		     a->listens_n == b->listens_n;

	for (unsigned i = 0; is_ok && i < a->listens_n; i++)
		is_ok = is_same(a->listens[i].host, b->listens[i].host) &&
			is_same(a->listens[i].port, b->listens[i].port) &&
			a->listens[i].service_idx == b->listens[i].service_idx;
	if (!is_ok)
		diag_add(diag, DIAG_ERROR, b->dir, 0,
			 "the listening services of master.cf have changed: "
			 "that needs a restart; nothing was changed");
	if (!is_same(a->queue.dir, b->queue.dir) ||
	    a->queue.shards_n != b->queue.shards_n ||
	    a->engine.workers_n != b->engine.workers_n ||
	    a->deliver.threads_n != b->deliver.threads_n ||
	    a->engine.memory_bytes_max != b->engine.memory_bytes_max)
		diag_add(diag, DIAG_WARNING, b->dir, 0,
			 "the queue, the threads and memory stay as they were "
			 "until the next restart");
	if (!is_same_dataplane(&a->dataplane, &b->dataplane) ||
	    a->engine.idle != b->engine.idle)
		diag_add(diag, DIAG_WARNING, b->dir, 0,
			 "the dataplane stays as it was until the next "
			 "restart");
	return is_ok ? 0 : -EINVAL;
}
