/* SPDX-License-Identifier: BSD-2-Clause */
/* Start and stop of everything, in one order and its reverse. */
#include "engine/engine.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/policy/dns.h"
#include "engine/policy/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

static unsigned
cores_n(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

/* What the files leave to the machine. */
static void
settle_numbers(struct config *cfg)
{
	/* The last core is for the disk's threads. */
	if (cfg->engine.workers_n == 0)
		cfg->engine.workers_n = cores_n() > 1 ? cores_n() - 1 : 1;
	cfg->net.workers_n = cfg->engine.workers_n;
	if (cfg->dataplane.kind == DATAPLANE_DPDK)
		cfg->net.dataplane = &cfg->dataplane;
	cfg->net.is_polled = cfg->engine.idle == ENGINE_IDLE_POLL;
	cfg->queue.workers_n = cfg->engine.workers_n;
	cfg->tls.workers_n = cfg->engine.workers_n;
	cfg->tls.is_pinned = cfg->engine.is_pinned;
	cfg->queue.deliverers_n = cfg->deliver.threads_n;
	cfg->dns.resolv_file = "/etc/resolv.conf";
}

static bool
open_pools(struct engine *e)
{
	uint64_t each = e->site->cfg->engine.memory_bytes_max / e->workers_n;

	e->pools = must_alloc(e->workers_n * sizeof(*e->pools));
	for (unsigned i = 0; i < e->workers_n; i++) {
		e->pools[i] = chunk_pool_open(each);
		if (e->pools[i] == NULL)
			return false;
	}
	return true;
}

/* The servers of all services that somebody can log in to. */
static void
want_sasl(struct engine *e, const struct config *cfg, struct diag *diag)
{
	const char **all = must_alloc((cfg->services_n + 1) * sizeof(*all));
	unsigned n = 0;

	for (unsigned i = 0; i < cfg->services_n; i++)
		if (cfg->services[i].smtp.is_auth)
			all[n++] = cfg->services[i].sasl.path;
	sasl_want(e->sasl, all, n, diag);
	free(all);
}

static bool
open_workers(struct engine *e, struct diag *diag)
{
	for (unsigned i = 0; i < e->workers_n; i++) {
		struct lookups *lookups = lookups_open();

		lookups_add(lookups, LOOKUP_SERVERS,
			    servers_source(e->servers, i));
		lookups_add(lookups, LOOKUP_DNS, dns_source(e->dns, i));
		e->workers[i] = worker_open(i, e->site, e->listeners, e->queue,
					    e->tls, e->sasl, e->limits,
					    e->pools[i], &lookups, diag);
		if (e->workers[i] == NULL)
			return false;
	}
	return true;
}

/* Only now: what is asked may be about any part of the engine. */
static bool
start_control(struct engine *e, struct diag *diag)
{
	int ret = control_start(e->control);

	if (ret)
		diag_fail(diag, EX_OSERR, NULL, 0,
			  "cannot start the control thread: %s",
			  strerror(-ret));
	return ret == 0;
}

static bool
open_all(struct engine *e, struct diag *diag)
{
	const struct config *cfg = e->site->cfg;

	if (cfg->services_n == 0) {
		diag_add(diag, DIAG_ERROR, e->dir, 0,
			 "master.cf has no inet service with smtpd that can "
			 "be started: add a line such as \"smtp inet n - n - "
			 "- smtpd\"");
		return false;
	}
	e->listeners = net_listeners_open(&cfg->net, cfg->listens,
					  cfg->listens_n, diag);
	if (e->listeners == NULL || privs_drop(e->site, diag) != 0 ||
	    log_open(&cfg->log, diag) != 0 || !open_pools(e))
		return false;
	e->queue = queue_open(&cfg->queue, diag);
	if (e->queue == NULL)
		return false;
	e->tls = tls_open(&cfg->tls, diag);
	if (e->tls == NULL)
		return false;
	e->sasl = sasl_open(e->workers_n, diag);
	e->limits = limits_open(LIMITS_PLACES);
	if (e->sasl == NULL || e->limits == NULL)
		return false;
	want_sasl(e, cfg, diag);
	e->servers = servers_open(e->workers_n, diag);
	if (e->servers == NULL)
		return false;
	e->dns = dns_open(&cfg->dns, e->workers_n, diag);
	if (e->dns == NULL)
		return false;
	e->deliver = deliver_open(e->queue, &cfg->deliver, diag);
	if (e->deliver == NULL)
		return false;
	e->workers = must_alloc(e->workers_n * sizeof(*e->workers));
	e->router = router_open(e, diag);
	e->control = e->router
			     ? control_open(e, cfg->engine.control_socket, diag)
			     : NULL;
	return e->control != NULL && open_workers(e, diag) &&
	       start_control(e, diag);
}

struct engine *
engine_open(const char *dir, struct diag *diag)
{
	struct engine *e = must_alloc(sizeof(*e));

	e->dir = dir;
	e->start_us = clock_wall_us();
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->reload_lock, NULL);
	e->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	must(e->stop_fd >= 0);
	e->site = site_open(dir, NULL, diag);
	if (e->site != NULL) {
		settle_numbers(e->site->cfg);
		e->workers_n = e->site->cfg->engine.workers_n;
	}
	if (e->site == NULL || !open_all(e, diag))
		engine_close(&e);
	else
		log_say(LOG_LEVEL_INFO, "master",
			"started: %u workers, %u services, configuration %s",
			e->workers_n, e->site->cfg->services_n, dir);
	return e;
}

void
engine_close(struct engine **e_inout)
{
	struct engine *e = *e_inout;

	*e_inout = NULL;
	for (unsigned i = 0; e->workers && i < e->workers_n; i++)
		if (e->workers[i] != NULL)
			worker_stop(e->workers[i]);
	for (unsigned i = 0; e->workers && i < e->workers_n; i++)
		if (e->workers[i] != NULL)
			worker_join(e->workers[i]);
	/* Its thread asks workers, and captures from their port. */
	control_close(&e->control);
	for (unsigned i = 0; e->workers && i < e->workers_n; i++)
		worker_close(&e->workers[i]);
	servers_close(&e->servers);
	dns_close(&e->dns);
	sasl_close(&e->sasl);
	limits_close(&e->limits);
	tls_close(&e->tls);
	router_close(&e->router);
	if (e->deliver != NULL)
		deliver_close(&e->deliver);
	if (e->queue != NULL)
		queue_close(&e->queue);
	for (unsigned i = 0; e->pools && i < e->workers_n; i++)
		chunk_pool_close(&e->pools[i]);
	net_listeners_close(&e->listeners);
	log_say(LOG_LEVEL_INFO, "master", "stopped");
	log_close();
	site_put(&e->site);
	close(e->stop_fd);
	pthread_mutex_destroy(&e->lock);
	pthread_mutex_destroy(&e->reload_lock);
	free(e->workers);
	free(e->pools);
	free(e);
}

/* A whole new configuration in the old one's place, or nothing. */
static int
swap_site(struct engine *e, struct diag *diag)
{
	struct site *next = site_open(e->dir, e->site, diag), *was;

	if (next == NULL)
		return -EINVAL;
	settle_numbers(next->cfg);
	if (site_check_reload(e->site, next, diag) != 0) {
		site_put(&next);
		return -EINVAL;
	}
	if (log_reopen(&next->cfg->log, diag) != 0)
		log_say(LOG_LEVEL_WARNING, "master",
			"the log goes on where it was");
	want_sasl(e, next->cfg, diag);
	pthread_mutex_lock(&e->lock);
	was = e->site;
	e->site = next;
	e->reloads_n++;
	for (unsigned i = 0; i < e->workers_n; i++)
		worker_reload(e->workers[i], next);
	deliver_configure(e->deliver, &next->cfg->deliver);
	dns_configure(e->dns, &next->cfg->dns);
	pthread_mutex_unlock(&e->lock);
	site_put(&was);
	return 0;
}

int
engine_reload(struct engine *e, struct diag *diag)
{
	int res;

	/* The signal's thread and the control socket's, one after the other. */
	pthread_mutex_lock(&e->reload_lock);
	res = swap_site(e, diag);
	pthread_mutex_unlock(&e->reload_lock);
	for (const struct diag_line *l = diag->first; l != NULL; l = l->next)
		if (l->level >= DIAG_WARNING)
			log_say(l->level == DIAG_ERROR ? LOG_LEVEL_ERROR
						       : LOG_LEVEL_WARNING,
				"master", "%s", l->text);
	if (res == 0)
		log_say(LOG_LEVEL_INFO, "master", "reloaded: configuration %s",
			e->dir);
	else
		log_say(LOG_LEVEL_ERROR, "master",
			"reload failed, the configuration in use stays");
	return res;
}

void
engine_stop(struct engine *e)
{
	uint64_t one = 1;

	if (write(e->stop_fd, &one, sizeof(one)) < 0)
		must(errno == EAGAIN); /* asked already */
}
