/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration and its compiled policies, as one thing to swap. */
#include "engine/site.h"
#include "engine/config/say.h"
#include "engine/policy/sasl.h"
#include "engine/policy/dns.h"
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
	tls_shared_put(&site->tls_shared);
	config_put(&site->cfg);
	free(site);
}

/* The tables of a context belong to its configuration. */
static void
release_config(void *what)
{
	struct config *cfg = what;

	config_put(&cfg);
}

/* The context that a service of this name has in the site in use, or NULL. */
static struct tls_ctx *
tls_in_use(const struct site *was, const struct service *svc)
{
	if (was != NULL)
		for (unsigned i = 0; i < was->cfg->services_n; i++)
			if (strcmp(was->cfg->services[i].name, svc->name) == 0)
				return was->tls[i];
	return NULL;
}

/* Each finding once, though every service has the same certificates. */
static void
say_all(const struct diag *found, enum diag_level most, struct diag *diag)
{
	for (const struct diag_line *l = found->first; l != NULL; l = l->next)
		say(diag, l->level < most ? l->level : most, NULL, 0, "%s",
		    l->text);
}

static struct tls_ctx *
make_tls(const struct site *site, const struct service *svc,
	 const struct site *was, struct diag *diag)
{
	struct tls_ctx *old = tls_in_use(was, svc), *ctx;
	struct diag found;

	diag_init(&found);
	ctx = tls_ctx_new(&svc->tls, site->tls_shared, &found);
	if (ctx != NULL) {
		say_all(&found, DIAG_WARNING, diag);
		tls_ctx_keep(ctx, release_config, config_get(site->cfg));
	} else if (old != NULL) {
		say_all(&found, DIAG_WARNING, diag);
		diag_add(diag, DIAG_WARNING, NULL, 0,
			 "service %s goes on with the certificates and TLS "
			 "settings that it has",
			 svc->name);
		ctx = tls_ctx_get(old);
	} else {
		say_all(&found, DIAG_ERROR, diag);
	}
	diag_fini(&found);
	return ctx;
}

/* What the service's TLS needs; NULL without any, or with an error. */
static struct tls_ctx *
open_tls(const struct site *site, const struct service *svc,
	 const struct site *was, struct diag *diag)
{
	const struct smtp_cfg *smtp = &svc->smtp;

	if (smtp->tls_level == SMTP_TLS_NONE && !smtp->is_tls_wrapped)
		return NULL;
	if (tls_cfg_has_certificate(&svc->tls))
		return make_tls(site, svc, was, diag);
	diag_add(diag, svc->tls.is_mandatory ? DIAG_ERROR : DIAG_WARNING, NULL,
		 0, "service %s: no certificate: set smtpd_tls_cert_file; %s",
		 svc->name,
		 svc->tls.is_mandatory ? "this service is useless without TLS"
				       : "STARTTLS is not offered");
	return NULL;
}

/* A word that nobody knows could be one that keeps passwords from the wire. */
static void
check_sasl(const struct service *svc, struct diag *diag)
{
	const struct {
		const char *name, *value;
	} rows[] = {
		{ "smtpd_sasl_security_options", svc->sasl.options },
		{ "smtpd_sasl_tls_security_options", svc->sasl.tls_options },
	};

	for (size_t i = 0; svc->smtp.is_auth && i < ARRAY_N(rows); i++) {
		struct span word = sasl_options_unknown(rows[i].value);

		if (word.len)
			diag_add(diag, DIAG_ERROR, NULL, 0,
				 "service %s: %s: unknown option \"%.*s\": "
				 "there are noplaintext, noactive, "
				 "nodictionary, noanonymous, forward_secrecy, "
				 "mutual_auth",
				 svc->name, rows[i].name, SPAN_FMT(word));
	}
}

struct site *
site_open(const char *dir, const struct site *was, struct diag *diag)
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
	site->tls_shared = was ? tls_shared_get(was->tls_shared)
			       : tls_shared_new();
	must(site->tls_shared != NULL);
	for (unsigned i = 0; i < site->cfg->services_n; i++) {
		const struct service *svc = &site->cfg->services[i];

		site->policies[i] = policy_open(&svc->policy, svc->name, diag);
		site->tls[i] = open_tls(site, svc, was, diag);
		check_sasl(svc, diag);
	}
	(void)!dns_check_cfg(&site->cfg->dns, diag);
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
	    a->dns.pending_max != b->dns.pending_max ||
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
