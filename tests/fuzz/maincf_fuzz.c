/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A main.cf, the whole input: parsed, every parameter expanded and converted,
 * printed and read again. Every finding says where; what is printed means the
 * same. Values that name files or hosts are parsed and expanded, not opened.
 */
#include "engine/config/config_priv.h"
#include "engine/config/foreign.h"
#include "tests/fuzz/config_fuzz.h"

#include <sysexits.h>

#define FILE_NAME "fuzz.cf"
#define DIR_NAME  "/dev/null" /* no file stands under it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
begin(struct config *cfg, struct config_store *store, struct span text,
      struct diag *diag)
{
	char *copy = fuzz_copy(text);
	int res;

	*cfg = (struct config) { .dir = DIR_NAME, .store = store };
	*store = (struct config_store) { .main_path = FILE_NAME };
	store->tables = tables_open();
	res = maincf_parse(&store->main, &store->strings, copy, text.len,
			   FILE_NAME, diag);
	must((res == 0) == (diag->errors_n == 0));
	free(copy);
}

static void
end(struct config_store *store)
{
	settings_fini(&store->main);
	settings_fini(&store->computed);
	tables_close(&store->tables);
	store_fini(&store->strings);
}

static bool
opens_something(const struct param *p)
{
	return p->type == PARAM_MAPS || p->type == PARAM_ALIASES ||
	       p->type == PARAM_STRINGS || p->type == PARAM_DOMAINS ||
	       p->type == PARAM_HOSTS || p->type == PARAM_ADDRESSES;
}

/* inet_interfaces and the like: a host name would be looked up. */
static bool
has_only_addresses(struct span value)
{
	struct span word;
	struct ip ip;

	while ((word = span_word(&value, " \t\r\n,")).len)
		if (!ip_parse(word, &ip) && !span_is_equal(word, SPAN("all")))
			return false;
	return true;
}

static void
apply_rows(const struct scope *sc, struct config *cfg)
{
	struct service svc = { 0 };
	void *const structs[PARAM_MODULE_N] = {
		[PARAM_ENGINE] = &cfg->engine,
		[PARAM_NET] = &cfg->net,
		[PARAM_QUEUE] = &cfg->queue,
		[PARAM_DELIVER] = &cfg->deliver,
		[PARAM_LOG] = &cfg->log,
		[PARAM_SMTP] = &svc.smtp,
		[PARAM_POLICY] = &svc.policy,
		[PARAM_SERVICE] = &svc,
		[PARAM_DATAPLANE] = &cfg->dataplane,
		[PARAM_TLS] = &cfg->tls,
	};

	for (unsigned i = 0; i < params_n; i++) {
		const struct param *p = &params[i];
		struct span value =
			span_of(scope_value(sc, params[i].name, NULL));

		if (p->module == PARAM_WORD ||
		    (opens_something(p) && !fuzz_is_hermetic(value)) ||
		    (p->type == PARAM_ADDRESSES && !has_only_addresses(value)))
			continue;
		must(structs[p->module] != NULL);
		(void)!param_apply(p, sc, structs[p->module]);
	}
	param_release_module(PARAM_SMTP, &svc.smtp);
	param_release_module(PARAM_POLICY, &svc.policy);
	param_release_module(PARAM_SERVICE, &svc);
	param_release_module(PARAM_NET, &cfg->net);
	param_release_module(PARAM_DELIVER, &cfg->deliver);
}

/* What "penstock config -n" prints is a main.cf of the same meaning. */
static void
check_printed(const struct config *cfg)
{
	const struct settings *main = &cfg->store->main;
	struct config again;
	struct config_store store;
	struct diag diag;
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	must(out != NULL);
	must(config_print(cfg, NULL, 0, CONFIG_PRINT_SET, out) == EX_OK);
	fclose(out);
	diag_init(&diag);
	begin(&again, &store, (struct span) { text, len }, &diag);
	must(diag.first == NULL);
	must(store.main.n == main->n);
	for (unsigned i = 0; i < main->n; i++) {
		const struct setting *s =
			settings_find(&store.main, span_of(main->all[i].name));

		must(s != NULL && strcmp(s->value, main->all[i].value) == 0);
	}
	end(&store);
	diag_fini(&diag);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const transports[] = { "smtp", "dovecot" };
	struct span text = { (const char *)data, n };
	struct config_store store;
	struct config cfg;
	struct scope sc;
	struct diag diag;

	diag_init(&diag);
	begin(&cfg, &store, text, &diag);
	sc = config_scope(&cfg, NULL, &diag);
	(void)!config_compute(&cfg, &diag);
	for (unsigned i = 0; i < store.main.n; i++) {
		const struct setting *s = &store.main.all[i];

		must(s->line >= 1 && s->line <= fuzz_lines_n(text));
		must(scope_find(&sc, span_of(s->name)) == s);
		(void)scope_value(&sc, s->name, NULL);
	}
	apply_rows(&sc, &cfg);
	foreign_check(&sc, &store.main, false, transports, 2);
	foreign_check(&sc, &store.main, true, transports, 2);
	fuzz_check_findings(&diag, FILE_NAME, fuzz_lines_n(text), NULL);
	check_printed(&cfg);
	end(&store);
	diag_fini(&diag);
	return 0;
}
