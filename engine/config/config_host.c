/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Defaults that depend on this host: its name, its domain, its networks. They
 * are settings like any other, so that $myhostname finds them.
 */
#include "engine/config/config_priv.h"
#include "engine/config/nets.h"
#include "engine/config/say.h"

#include <stdlib.h>
#include <unistd.h>

/* from: what in the files made it so, for complaints; or NULL. */
static void
set(struct config *cfg, const char *name, struct span value,
    const struct setting *from)
{
	struct config_store *store = cfg->store;

	settings_set(&store->computed,
		     &(struct setting) {
			     .name = name,
			     .value = store_str(&store->strings, value),
			     .file = from ? from->file : NULL,
			     .line = from ? from->line : 0,
		     });
}

/* RFC 1123 section 2.1, and what people do: letters, digits, - _ and dots. */
static bool
is_host_name(struct span s)
{
	char before = '.';

	if (s.len == 0 || s.len > 253)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!ascii_is_alnum(c) && c != '-' && c != '_' && c != '.' &&
		    (unsigned char)c < 0x80)
			return false;
		if ((c == '.' || c == '-') && before == '.')
			return false;
		before = c;
	}
	return before != '.';
}

static void
compute_myhostname(struct config *cfg)
{
	char host[256] = "localhost";
	struct text name = { 0 };
	bool has_domain = settings_find(&cfg->store->main, SPAN("mydomain")) !=
			  NULL;

	(void)!gethostname(host, sizeof(host) - 1);
	if (!is_host_name(span_of(host)))
		strcpy(host, "localhost");
	text_addf(&name, "%s%s", host,
		  strchr(host, '.') ? ""
		  : has_domain	    ? ".$mydomain"
				    : ".localdomain");
	set(cfg, "myhostname", text_span(&name), NULL);
	text_fini(&name);
}

static bool
compute_mydomain(struct config *cfg, const struct scope *sc)
{
	bool is_ok = true;
	struct span name = span_of(scope_value(sc, "myhostname", &is_ok));
	size_t dot = span_find(name, '.');

	set(cfg, "mydomain",
	    dot < name.len ? span_from(name, dot + 1) : SPAN("localdomain"),
	    scope_where(sc, SPAN("myhostname")));
	return is_ok;
}

static bool
compute_mynetworks(struct config *cfg, const struct scope *sc)
{
	struct ip_net own[NETS_MAX];
	unsigned own_n = nets_own(own), protocols = NETS_ALL;
	bool is_ok = true;
	const char *style = scope_value(sc, "mynetworks_style", &is_ok);
	const struct setting *s = scope_where(sc, SPAN("mynetworks_style"));
	struct text list = { 0 };

	/* A wrong inet_protocols is said where it is applied. */
	(void)!nets_parse_protocols(
		span_of(scope_value(sc, "inet_protocols", &is_ok)), &protocols);
	if (is_ok &&
	    !nets_mynetworks(span_of(style), protocols, own, own_n, &list)) {
		say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
		    "mynetworks_style = %s: write host, subnet or class",
		    style);
		is_ok = false;
	}
	set(cfg, "mynetworks", text_span(&list), s);
	text_fini(&list);
	return is_ok;
}

/* Postfix's default names a file that a new machine may not have. */
static void
compute_alias_maps(struct config *cfg)
{
	bool is_there = access("/etc/aliases", R_OK) == 0;
	struct span value = is_there ? SPAN("hash:/etc/aliases") : SPAN("");

	set(cfg, "alias_maps", value, NULL);
	set(cfg, "alias_database", value, NULL);
}

static bool
check_name(const struct scope *sc, const char *name)
{
	const struct setting *s = scope_where(sc, span_of(name));
	bool is_ok = true;
	const char *value = scope_value(sc, name, &is_ok);

	if (is_ok && !is_host_name(span_of(value))) {
		say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
		    "%s = %s: write a host name such as mail.example.com", name,
		    value);
		is_ok = false;
	}
	return is_ok;
}

static bool
check_level(const struct scope *sc)
{
	const struct setting *s = scope_where(sc, SPAN("compatibility_level"));
	bool is_ok = true;
	const char *value = scope_value(sc, "compatibility_level", &is_ok);
	uint64_t level;

	if (is_ok && !expand_level(span_of(value), &level)) {
		say(sc->diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0,
		    "compatibility_level = %s: write a version such as 3.6",
		    value);
		is_ok = false;
	}
	return is_ok;
}

bool
config_compute(struct config *cfg, struct diag *diag)
{
	struct scope sc = config_scope(cfg, NULL, diag);
	const struct settings *main = &cfg->store->main;
	bool is_ok = true;

	set(cfg, "config_directory", span_of(cfg->dir), NULL);
	compute_alias_maps(cfg);
	compute_myhostname(cfg);
	is_ok &= check_level(&sc);
	if (settings_find(main, SPAN("mydomain")) == NULL)
		is_ok &= compute_mydomain(cfg, &sc);
	is_ok &= compute_mynetworks(cfg, &sc);
	if (!is_ok)
		return false;
	is_ok = check_name(&sc, "myhostname");
	return check_name(&sc, "mydomain") && is_ok;
}
