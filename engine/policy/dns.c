/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS as a whole: begin, end, reload, what others may ask. */
#include "engine/base/log.h"
#include "engine/policy/dns_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

static char *
put_text(char *to, const char *text, const char **out)
{
	size_t n = strlen(text) + 1;

	memcpy(to, text, n);
	*out = to;
	return to + n;
}

struct dns_settings *
dns_settings_new(const struct dns_cfg *cfg)
{
	struct dns_settings *s =
		malloc(sizeof(*s) + strlen(cfg->servers) +
		       strlen(cfg->resolv_file) + strlen(cfg->hosts_file) + 3);
	char *at;

	if (s == NULL)
		return NULL;
	s->cfg = *cfg;
	at = put_text(s->texts, cfg->servers, &s->cfg.servers);
	at = put_text(at, cfg->resolv_file, &s->cfg.resolv_file);
	put_text(at, cfg->hosts_file, &s->cfg.hosts_file);
	return s;
}

bool
dns_check_cfg(const struct dns_cfg *cfg, struct diag *diag)
{
	struct dns_resolv resolv;
	struct span bad;

	if (dns_servers_parse(span_of(cfg->servers), &resolv, &bad))
		return true;
	diag_add(diag, DIAG_ERROR, NULL, 0,
		 "penstock_dns_servers: \"%.*s\" is no ADDRESS, ADDRESS:PORT "
		 "or [ADDRESS]:PORT, or one too many (there may be %d)",
		 SPAN_FMT(bad), DNS_SERVERS_MAX);
	return false;
}

static int
open_all(struct dns *dns, const struct dns_cfg *cfg)
{
	if (getrandom(&dns->key, sizeof(dns->key), 0) != sizeof(dns->key))
		return -EIO;
	dns->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	dns->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dns->wake_fd < 0 || dns->epoll_fd < 0)
		return -errno;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return -ENOMEM;
	for (unsigned i = 0; i < dns->workers_n; i++) {
		int ret =
			dns_side_init(&dns->sides[i], dns, i, dns->pending_max);

		if (ret)
			return ret;
	}
	dns->parse = malloc(sizeof(*dns->parse));
	atomic_store(&dns->next, dns_settings_new(cfg));
	if (dns->parse == NULL || atomic_load(&dns->next) == NULL)
		return -ENOMEM;
	return dns_thread_start(dns);
}

struct dns *
dns_open(const struct dns_cfg *cfg, unsigned workers_n, struct diag *diag)
{
	struct dns *dns;
	int ret;

	if (!dns_check_cfg(cfg, diag))
		return NULL;
	dns = must_alloc(sizeof(*dns));
	dns->workers_n = workers_n;
	dns->sides = aligned_alloc(CACHE_LINE, workers_n * sizeof(*dns->sides));
	must(dns->sides != NULL);
	memset(dns->sides, 0, workers_n * sizeof(*dns->sides));
	for (unsigned i = 0; i < workers_n; i++)
		dns->sides[i].source.wake_fd = -1;
	dns->wake_fd = dns->epoll_fd = -1;
	dns->pending_max = cfg->pending_max;
	atomic_store(&dns->cache_bytes_max, cfg->cache_bytes_max);
	ret = open_all(dns, cfg);
	if (ret) {
		diag_fail(diag, EX_OSERR, NULL, 0, "cannot start DNS: %s",
			  strerror(-ret));
		dns_close(&dns);
	}
	return dns;
}

void
dns_close(struct dns **dns_inout)
{
	struct dns *dns = *dns_inout;

	*dns_inout = NULL;
	if (dns == NULL)
		return;
	dns_thread_stop(dns);
	for (unsigned i = 0; i < dns->workers_n; i++)
		dns_side_fini(&dns->sides[i]);
	dns_channels_sweep(dns, true);
	ares_library_cleanup();
	dns_hosts_free(&dns->hosts);
	free(dns->settings);
	free(atomic_load(&dns->next));
	free(dns->parse);
	free(dns->sides);
	if (dns->wake_fd >= 0)
		close(dns->wake_fd);
	if (dns->epoll_fd >= 0)
		close(dns->epoll_fd);
	free(dns);
}

void
dns_configure(struct dns *dns, const struct dns_cfg *cfg)
{
	struct dns_settings *s = dns_settings_new(cfg);

	if (s == NULL) {
		log_say(LOG_LEVEL_WARNING, "dns",
			"no memory: servers and limits stay as they were");
		return;
	}
	atomic_store(&dns->cache_bytes_max, cfg->cache_bytes_max);
	free(atomic_exchange(&dns->next, s));
	dns_thread_wake(dns);
}

struct lookup_source *
dns_source(struct dns *dns, unsigned worker_idx)
{
	must(worker_idx < dns->workers_n);
	return &dns->sides[worker_idx].source;
}

void
dns_stats_get(const struct dns *dns, struct dns_stats *out)
{
	*out = (struct dns_stats) {
		.queries_n = counter_get(&dns->queries_n),
		.answers_n = counter_get(&dns->answers_n),
		.negatives_n = counter_get(&dns->negatives_n),
		.failures_n = counter_get(&dns->failures_n),
		.timeouts_n = counter_get(&dns->timeouts_n),
		.hosts_n = counter_get(&dns->hosts_n),
		.servers_n = counter_get(&dns->servers_n),
		.pending_max = dns->pending_max,
	};
	for (int i = 0; i < DNS_LATENCIES_N; i++)
		out->latencies_n[i] = counter_get(&dns->latencies_n[i]);
	for (unsigned i = 0; i < dns->workers_n; i++) {
		const struct dns_side *s = &dns->sides[i];

		out->finds_n += counter_get(&s->finds_n);
		out->hits_n += counter_get(&s->hits_n);
		out->shared_n += counter_get(&s->shared_n);
		out->refused_n += counter_get(&s->refused_n);
		out->evicted_n += counter_get(&s->evicted_n);
		out->pending_n += counter_get(&s->pending);
		out->entries_n += counter_get(&s->entries_n);
		out->bytes += counter_get(&s->entries_bytes);
	}
}
