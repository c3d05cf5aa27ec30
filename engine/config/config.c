/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.cf, master.cf and their tables into one struct config, or into a list
 * of what is wrong. All of it is looked at before anything is given up, so
 * that a person sees every error at once.
 */
#include "engine/config/config_priv.h"
#include "engine/config/foreign.h"
#include "engine/config/say.h"

#include <errno.h>
#include <stdlib.h>

struct scope
config_scope(const struct config *cfg, const struct settings *service,
	     struct diag *diag)
{
	return (struct scope) { .service = service,
				.main = &cfg->store->main,
				.computed = &cfg->store->computed,
				.tables = cfg->store->tables,
				.store = &cfg->store->strings,
				.dir = cfg->dir,
				.diag = diag };
}

static struct config *
config_new(const char *dir)
{
	struct config *cfg = must_alloc(sizeof(*cfg));
	struct config_store *store = must_alloc(sizeof(*store));

	atomic_init(&store->refs, 1);
	store->tables = tables_open();
	store->main_path = store_strf(&store->strings, "%s/main.cf", dir);
	store->master_path = store_strf(&store->strings, "%s/master.cf", dir);
	cfg->dir = store_str(&store->strings, span_of(dir));
	cfg->store = store;
	return cfg;
}

/* What is one for the whole engine, not one a service. */
#define MODULES_N 8

struct module_base {
	enum param_module module;
	void *base;
};

static void
modules_of(struct config *cfg, struct module_base out[MODULES_N])
{
	const struct module_base all[MODULES_N] = {
		{ PARAM_ENGINE, &cfg->engine },
		{ PARAM_NET, &cfg->net },
		{ PARAM_DATAPLANE, &cfg->dataplane },
		{ PARAM_QUEUE, &cfg->queue },
		{ PARAM_LOG, &cfg->log },
		{ PARAM_DELIVER, &cfg->deliver },
		{ PARAM_TLS, &cfg->tls },
		{ PARAM_DNS, &cfg->dns },
	};

	memcpy(out, all, sizeof(all));
}

static void
config_free(struct config *cfg)
{
	struct config_store *store = cfg->store;
	struct module_base modules[MODULES_N];

	modules_of(cfg, modules);
	for (size_t i = 0; i < MODULES_N; i++)
		param_release_module(modules[i].module, modules[i].base);
	for (unsigned i = 0; i < cfg->services_n; i++) {
		param_release_module(PARAM_SMTP, &cfg->services[i].smtp);
		param_release_module(PARAM_POLICY, &cfg->services[i].policy);
		param_release_module(PARAM_SERVICE, &cfg->services[i]);
	}
	mastercf_fini(&store->master);
	settings_fini(&store->main);
	settings_fini(&store->computed);
	tables_close(&store->tables);
	store_fini(&store->strings);
	free(store);
	free(cfg);
}

/* --- names that other values mention --- */

static void
mark(void *arg, struct span name)
{
	struct settings *main = arg;
	struct setting *s = settings_find(main, name);

	if (s != NULL)
		s->is_used = true;
}

static void
mark_all(const struct settings *from, struct settings *main)
{
	for (unsigned i = 0; i < from->n; i++)
		expand_names(span_of(from->all[i].value), mark, main);
}

static void
mark_used(struct config *cfg)
{
	struct config_store *store = cfg->store;

	mark_all(&store->main, &store->main);
	for (unsigned i = 0; i < store->master.n; i++)
		mark_all(&store->master.all[i].options, &store->main);
}

/* What the files set, and nobody reads. After the restriction classes. */
static void
check_foreign(struct config *cfg, struct diag *diag)
{
	struct config_store *store = cfg->store;
	unsigned n = store->master.n;
	const char **names = must_alloc((n + 1) * sizeof(*names));
	struct scope sc = config_scope(cfg, NULL, diag);

	for (unsigned i = 0; i < n; i++)
		names[i] = store->master.all[i].name;
	foreign_check(&sc, &store->main, false, names, n);
	for (unsigned i = 0; i < n; i++) {
		struct mastercf_entry *e = &store->master.all[i];

		if (!e->is_started)
			continue;
		sc = config_scope(cfg, &e->options, diag);
		foreign_check(&sc, &e->options, true, names, n);
	}
	free(names);
}

/* --- what no row can say --- */

static void
complain(const struct config *cfg, struct diag *diag, const char *name,
	 const char *what)
{
	struct setting *s = settings_find(&cfg->store->main, span_of(name));

	say(diag, DIAG_ERROR, s ? s->file : NULL, s ? s->line : 0, "%s %s",
	    name, what);
}

static void
check_sizes(const struct config *cfg, struct diag *diag)
{
	uint64_t mailbox = cfg->deliver.mailbox_bytes_max;

	for (unsigned i = 0; i < cfg->services_n; i++) {
		uint64_t message = cfg->services[i].smtp.message_bytes_max;

		if (mailbox && (message == 0 || message > mailbox))
			complain(cfg, diag, "virtual_mailbox_limit",
				 "is smaller than message_size_limit: mail "
				 "would be taken that fits in no mailbox: "
				 "raise it, or set it to 0");
	}
}

struct complaint {
	const struct config *cfg;
	struct diag *diag;
};

static void
host_fault(void *arg, const char *param, const char *text)
{
	const struct complaint *c = arg;

	complain(c->cfg, c->diag, param, text);
}

static void
check_dataplane(struct config *cfg, struct diag *diag)
{
	struct complaint c = { cfg, diag };

	(void)!host_cfg_parse(&cfg->dataplane, host_fault, &c);
}

static void
check_whole(const struct config *cfg, struct diag *diag)
{
	check_sizes(cfg, diag);
	if (cfg->queue.backoff_max_us < cfg->queue.backoff_min_us)
		complain(cfg, diag, "maximal_backoff_time",
			 "is smaller than minimal_backoff_time: raise it");
	if (cfg->queue.is_discard && !cfg->engine.is_unsafe_bench)
		complain(cfg, diag, "penstock_queue",
			 "= discard loses all mail: it needs "
			 "penstock_unsafe_bench = yes too, and is for "
			 "measuring only");
}

/* Which hash: tables are aliases(5) text: before any of them is opened. */
static void
name_aliases(struct config *cfg, struct diag *diag)
{
	static const char *const names[] = { "alias_maps", "alias_database" };

	for (int i = -1; i < (int)cfg->store->master.n; i++) {
		const struct settings *service =
			i < 0 ? NULL : &cfg->store->master.all[i].options;
		struct scope sc = config_scope(cfg, service, diag);

		for (size_t k = 0; k < ARRAY_N(names); k++)
			tables_add_aliases(
				cfg->store->tables,
				span_of(scope_value(&sc, names[k], NULL)));
	}
}

static void
load(struct config *cfg, struct diag *diag)
{
	struct config_store *store = cfg->store;
	struct scope sc = config_scope(cfg, NULL, diag);
	struct module_base modules[MODULES_N];

	modules_of(cfg, modules);
	(void)!maincf_read(&store->main, &store->strings, store->main_path,
			   diag);
	(void)!mastercf_read(&store->master, &store->strings,
			     store->master_path, diag);
	if (diag->errors_n || !config_compute(cfg, diag))
		return;
	mark_used(cfg);
	name_aliases(cfg, diag);
	for (size_t i = 0; i < MODULES_N; i++)
		(void)!param_apply_module(modules[i].module, &sc,
					  modules[i].base);
	(void)!config_services(cfg, diag);
	check_foreign(cfg, diag);
	if (diag->errors_n == 0)
		check_dataplane(cfg, diag);
	if (diag->errors_n == 0)
		check_whole(cfg, diag);
}

struct config *
config_load(const char *dir, struct diag *diag)
{
	struct config *cfg = config_new(dir);
	unsigned errors_n = diag->errors_n;

	load(cfg, diag);
	/* All that will be looked up is open: let go of what is not used. */
	if (diag->errors_n > errors_n)
		config_put(&cfg);
	return cfg;
}

struct config *
config_load_main(const char *dir, struct diag *diag)
{
	struct config *cfg = config_new(dir);
	struct config_store *store = cfg->store;
	struct scope sc = config_scope(cfg, NULL, diag);
	int res = maincf_read(&store->main, &store->strings, store->main_path,
			      diag);

	if (res == 0 || res == -EINVAL) {
		(void)!config_compute(cfg, diag);
		(void)!param_apply_module(PARAM_ENGINE, &sc, &cfg->engine);
		(void)!param_apply_module(PARAM_QUEUE, &sc, &cfg->queue);
	}
	if (cfg->engine.control_socket == NULL)
		config_put(&cfg);
	return cfg;
}

struct config *
config_get(struct config *cfg)
{
	atomic_fetch_add_explicit(&cfg->store->refs, 1, memory_order_relaxed);
	return cfg;
}

void
config_put(struct config **cfg_inout)
{
	struct config *cfg = *cfg_inout;

	*cfg_inout = NULL;
	if (cfg == NULL || atomic_fetch_sub_explicit(&cfg->store->refs, 1,
						     memory_order_acq_rel) > 1)
		return;
	config_free(cfg);
}
