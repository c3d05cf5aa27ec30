/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The services of master.cf: which of them run here, with which settings, on
 * which addresses; and what is said of the others.
 */
#include "engine/config/config_priv.h"
#include "engine/config/nets.h"
#include "engine/config/say.h"

#include <stdlib.h>

/* One listening address more. */
static void
add_listen(struct config *cfg, const struct service *svc, struct span host,
	   uint16_t port)
{
	struct store *st = &cfg->store->strings;
	struct net_listen *all;

	all = store_alloc(st, (cfg->listens_n + 1) * sizeof(*all));
	if (cfg->listens_n)
		memcpy(all, cfg->listens, cfg->listens_n * sizeof(*all));
	cfg->listens = all;
	all[cfg->listens_n++] = (struct net_listen) {
		.host = store_str(st, host),
		.port = store_strf(st, "%u", port),
		.file = cfg->store->master_path,
		.line = svc->line,
		.service_idx = cfg->services_n,
	};
}

/* Every address of inet_interfaces; "all" stays one wildcard. */
static bool
listen_interfaces(struct config *cfg, const struct service *svc,
		  const struct scope *sc, uint16_t port)
{
	const struct setting *s = scope_where(sc, SPAN("inet_interfaces"));
	bool is_ok = true;
	struct span value = span_of(scope_value(sc, "inet_interfaces", &is_ok));
	struct span list = value, word;
	struct ip_net own[NETS_MAX];
	unsigned own_n, protocols = NETS_ALL;
	struct text addresses = { 0 };

	while ((word = span_word(&list, " \t\r\n,")).len)
		if (span_is_equal_nocase(word, SPAN("all"))) {
			add_listen(cfg, svc, SPAN(""), port);
			return is_ok;
		}
	own_n = nets_own(own);
	(void)!nets_parse_protocols(span_of(cfg->net.inet_protocols
						    ? cfg->net.inet_protocols
						    : "all"),
				    &protocols);
	is_ok &= nets_interfaces(value, protocols, own, own_n,
				 s ? s->file : NULL, s ? s->line : 0, sc->diag,
				 &addresses);
	list = text_span(&addresses);
	if (is_ok && list.len == 0) {
		say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
		    "inet_interfaces = %.*s: no address to listen on: write "
		    "all, loopback-only, or addresses of a protocol that "
		    "inet_protocols names",
		    SPAN_FMT(value));
		is_ok = false;
	}
	while ((word = span_word(&list, " []")).len)
		add_listen(cfg, svc, word, port);
	text_fini(&addresses);
	return is_ok;
}

static bool
add_listens(struct config *cfg, struct service *svc, const struct scope *sc)
{
	struct span host;
	const char *why;
	uint16_t port;

	if (!mastercf_split_address(span_of(svc->name), &host, &port, &why)) {
		say(sc->diag, DIAG_ERROR, cfg->store->master_path, svc->line,
		    "%s: %s", svc->name, why);
		return false;
	}
	svc->host = store_str(&cfg->store->strings, host);
	svc->port = store_strf(&cfg->store->strings, "%u", port);
	if (host.len == 0)
		return listen_interfaces(cfg, svc, sc, port);
	add_listen(cfg, svc, host, port);
	return true;
}

/* What of this service's settings demands TLS and cannot have it, or NULL. */
static const char *
tls_demand(const struct scope *sc)
{
	static const char *const certificates[] = {
		"smtpd_tls_chain_files",
		"smtpd_tls_cert_file",
		"smtpd_tls_eccert_file",
	};
	static const struct {
		const char *name, *value;
	} demands[] = {
		{ "smtpd_tls_wrappermode", "yes" },
		{ "smtpd_tls_security_level", "encrypt" },
	};

	for (size_t i = 0; i < ARRAY_N(certificates); i++)
		if (*scope_value(sc, certificates[i], NULL) != '\0')
			return NULL;
	for (size_t i = 0; i < ARRAY_N(demands); i++) {
		const char *value = scope_value(sc, demands[i].name, NULL);

		if (span_is_equal_nocase(span_of(value),
					 span_of(demands[i].value)))
			return store_strf(sc->store, "%s = %s", demands[i].name,
					  value);
	}
	return NULL;
}

/* "inet", "smtp/inet" in master_service_disable. */
static bool
is_disabled(const struct mastercf_entry *e, const struct scope *sc)
{
	struct span list =
		span_of(scope_value(sc, "master_service_disable", NULL));
	struct span word;

	while ((word = span_word(&list, " \t\r\n,")).len) {
		size_t slash = span_find_last(word, '/');
		struct span type = slash < word.len ? span_from(word, slash + 1)
						    : word;

		if (span_is_equal(type, span_of(e->type)) &&
		    (slash == word.len ||
		     span_is_equal(span_to(word, slash), span_of(e->name))))
			return true;
	}
	return false;
}

/* What becomes of the work of a Postfix daemon that is not started. */
static const char *
verdict_of(const char *command)
{
	static const struct {
		const char *command, *verdict;
	} rows[] = {
		{ "cleanup", "the engine does that itself" },
		{ "qmgr", "the engine does that itself" },
		{ "oqmgr", "the engine does that itself" },
		{ "trivial-rewrite", "the engine does that itself" },
		{ "proxymap", "the engine does that itself" },
		{ "virtual", "the engine does that itself" },
		{ "pipe", "not used yet" },
		{ "smtp", "not used yet" },
		{ "lmtp", "not used yet" },
		{ "local", "not used yet" },
		{ "error", "not used yet" },
		{ "discard", "not used yet" },
		{ "bounce", "not used yet: what cannot be delivered stays in "
			    "the queue as dead" },
		{ "postscreen", "no counterpart here: put smtpd in its place" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (strcmp(command, rows[i].command) == 0)
			return rows[i].verdict;
	return "no counterpart here";
}

/* Does this entry run here? If not, says why. */
static bool
is_started(const struct config *cfg, const struct mastercf_entry *e,
	   const struct scope *sc)
{
	bool is_inet = strcmp(e->type, "inet") == 0;
	const char *demand;

	if (is_disabled(e, sc)) {
		say(sc->diag, DIAG_NOTE, cfg->store->master_path, e->line,
		    "%s %s is not started: master_service_disable names it",
		    e->name, e->type);
		return false;
	}
	if (strcmp(e->command, "smtpd") != 0) {
		say(sc->diag, is_inet ? DIAG_WARNING : DIAG_NOTE,
		    cfg->store->master_path, e->line,
		    "%s %s is not started: %s: %s", e->name, e->type,
		    e->command, verdict_of(e->command));
		return false;
	}
	if (!is_inet) {
		say(sc->diag, DIAG_NOTE, cfg->store->master_path, e->line,
		    "%s %s is not started: smtpd listens on inet services "
		    "only",
		    e->name, e->type);
		return false;
	}
	demand = tls_demand(sc);
	if (demand != NULL)
		say(sc->diag, DIAG_WARNING, cfg->store->master_path, e->line,
		    "%s %s is not started: it demands TLS (%s), and there is "
		    "no certificate: set smtpd_tls_cert_file",
		    e->name, e->type, demand);
	return demand == NULL;
}

/* What no row of its own can say about a service's TLS. */
static void
finish_tls(struct service *svc, const struct scope *sc)
{
	static const char *const names[] = {
#define TLS_PLACE(symbol, parameter) #parameter,
#include "tls/tls_place.def"
#undef TLS_PLACE
	};

	svc->tls.is_mandatory = svc->smtp.is_tls_wrapped ||
				svc->smtp.tls_level == SMTP_TLS_ENCRYPT;
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		const struct setting *s = scope_where(sc, span_of(names[i]));

		if (s != NULL)
			svc->tls.where[i] =
				(struct tls_where) { s->file, s->line };
	}
}

/* Where the auth server is, and whether it can be asked at all. */
static void
finish_sasl(struct config *cfg, struct service *svc, const struct scope *sc)
{
	const struct setting *s = scope_where(sc, SPAN("smtpd_sasl_type"));
	struct sasl_cfg *sasl = &svc->sasl;
	const char *dir = scope_value(sc, "queue_directory", NULL);

	if (!svc->smtp.is_auth)
		return;
	if (sasl->type != SASL_TYPE_DOVECOT) {
		say(sc->diag, DIAG_WARNING, s ? s->file : NULL, s ? s->line : 0,
		    "service %s: smtpd_sasl_type = cyrus is not built: nobody "
		    "can log in; set smtpd_sasl_type = dovecot and "
		    "smtpd_sasl_path",
		    svc->name);
		svc->smtp.is_auth = false;
		return;
	}
	if (sasl->path[0] != '/' && strncasecmp(sasl->path, "inet:", 5) != 0 &&
	    strncasecmp(sasl->path, "unix:", 5) != 0)
		sasl->path = store_strf(&cfg->store->strings, "%s/%s", dir,
					sasl->path);
}

static bool
add_service(struct config *cfg, const struct mastercf_entry *e,
	    const struct scope *sc)
{
	struct service *svc = &cfg->services[cfg->services_n];
	bool is_ok = true;

	svc->name = e->name;
	svc->line = e->line;
	svc->policy.dir = cfg->dir;
	is_ok &= param_apply_module(PARAM_SMTP, sc, &svc->smtp);
	is_ok &= param_apply_module(PARAM_POLICY, sc, &svc->policy);
	is_ok &= param_apply_module(PARAM_SERVICE, sc, svc);
	finish_tls(svc, sc);
	finish_sasl(cfg, svc, sc);
	is_ok &= add_listens(cfg, svc, sc);
	cfg->services_n++;
	return is_ok;
}

/* main.cf alone, so that its errors are said without any service too. */
static bool
check_without_service(struct config *cfg, struct diag *diag)
{
	struct scope sc = config_scope(cfg, NULL, diag);
	struct service svc = { 0 };
	bool is_ok = param_apply_module(PARAM_SMTP, &sc, &svc.smtp);

	is_ok &= param_apply_module(PARAM_POLICY, &sc, &svc.policy);
	is_ok &= param_apply_module(PARAM_SERVICE, &sc, &svc);
	param_release_module(PARAM_SERVICE, &svc);
	param_release_module(PARAM_SMTP, &svc.smtp);
	param_release_module(PARAM_POLICY, &svc.policy);
	return is_ok;
}

bool
config_services(struct config *cfg, struct diag *diag)
{
	const struct mastercf *m = &cfg->store->master;
	bool is_ok = true;

	cfg->services = store_alloc(&cfg->store->strings,
				    (m->n + 1) * sizeof(*cfg->services));
	for (unsigned i = 0; i < m->n; i++) {
		struct scope sc = config_scope(cfg, &m->all[i].options, diag);

		m->all[i].is_started = is_started(cfg, &m->all[i], &sc);
		if (m->all[i].is_started)
			is_ok &= add_service(cfg, &m->all[i], &sc);
	}
	if (cfg->services_n == 0)
		is_ok &= check_without_service(cfg, diag);
	return is_ok;
}
