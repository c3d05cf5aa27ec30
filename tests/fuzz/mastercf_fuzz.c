/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A master.cf, the whole input: its columns, addresses and -o options, what
 * smtpd's options become, and what is said of each service. Every finding says
 * where; what was read, written out, reads the same.
 */
#include "engine/config/config_priv.h"
#include "engine/config/foreign.h"
#include "engine/config/line.h"
#include "tests/fuzz/config_fuzz.h"

#define FILE_NAME "fuzz.cf"
#define DIR_NAME  "/dev/null" /* no file stands under it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What the services find in main.cf: nothing that asks this host. */
static const char *const main_cf[][2] = {
	{ "myhostname", "mx.example.net" },
	{ "mydomain", "example.net" },
	{ "mynetworks", "127.0.0.0/8" },
	{ "inet_interfaces", "127.0.0.1" },
	{ "alias_maps", "" },
	{ "alias_database", "" },
};

static void
begin(struct config *cfg, struct config_store *store)
{
	*cfg = (struct config) { .dir = DIR_NAME, .store = store };
	*store = (struct config_store) { .master_path = FILE_NAME };
	store->tables = tables_open();
	for (size_t i = 0; i < ARRAY_N(main_cf); i++)
		settings_set(&store->main,
			     &(struct setting) { .name = main_cf[i][0],
						 .value = main_cf[i][1],
						 .file = FILE_NAME,
						 .line = 1 });
}

static void
end(struct config *cfg, struct config_store *store)
{
	for (unsigned i = 0; i < cfg->services_n; i++) {
		param_release_module(PARAM_SMTP, &cfg->services[i].smtp);
		param_release_module(PARAM_POLICY, &cfg->services[i].policy);
		param_release_module(PARAM_SERVICE, &cfg->services[i]);
	}
	mastercf_fini(&store->master);
	settings_fini(&store->main);
	tables_close(&store->tables);
	store_fini(&store->strings);
}

static void
parse(struct config_store *store, struct span text, struct diag *diag)
{
	char *copy = fuzz_copy(text);
	int res = mastercf_parse(&store->master, &store->strings, copy,
				 text.len, FILE_NAME, diag);

	must((res == 0) == (diag->errors_n == 0));
	free(copy);
}

/* Would starting it read files, or ask for host names? */
static bool
is_hermetic(const struct mastercf_entry *e, const struct scope *sc)
{
	static const char *const names[] = { "inet_interfaces",
					     "proxy_interfaces" };

	for (unsigned i = 0; i < e->options.n; i++)
		if (!fuzz_is_hermetic(span_of(
			    scope_value(sc, e->options.all[i].name, NULL))))
			return false;
	for (size_t i = 0; i < ARRAY_N(names); i++)
		if (settings_find(&e->options, span_of(names[i])) != NULL)
			return false;
	return true;
}

/* Gives whether all of them may be started here. */
static bool
look_at_entries(const struct config *cfg, unsigned lines_n, struct diag *diag)
{
	const struct mastercf *m = &cfg->store->master;
	const char *names[] = { "smtp", "dovecot" };
	bool is_all_hermetic = true;

	for (unsigned i = 0; i < m->n; i++) {
		const struct mastercf_entry *e = &m->all[i];
		struct scope sc = config_scope(cfg, &e->options, diag);

		must(e->line >= 1 && e->line <= lines_n);
		must(*e->name && *e->type && *e->command);
		for (unsigned k = 0; k < e->options.n; k++)
			must(*e->options.all[k].name &&
			     e->options.all[k].line == e->line);
		is_all_hermetic &= is_hermetic(e, &sc);
		foreign_check(&sc, &e->options, true, names, ARRAY_N(names));
	}
	return is_all_hermetic;
}

static void
check_listens(const struct config *cfg)
{
	for (unsigned i = 0; i < cfg->listens_n; i++) {
		const struct net_listen *l = &cfg->listens[i];
		uint64_t port;

		must(l->service_idx < cfg->services_n);
		must(span_to_u64(span_of(l->port), &port));
		must(port > 0 && port < 65536);
	}
}

static bool
has_space(const char *s)
{
	for (; *s; s++)
		if (line_is_space(*s))
			return true;
	return false;
}

/* In braces where it has to be. */
static void
write_option(FILE *out, const struct setting *s)
{
	if (s->name[0] == '{' || has_space(s->value))
		fprintf(out, " -o { %s = %s }", s->name, s->value);
	else
		fprintf(out, "\n -o %s=%s", s->name, s->value);
}

static void
check_written(const struct mastercf *m)
{
	struct config_store store;
	struct config cfg;
	struct diag diag;
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	must(out != NULL);
	for (unsigned i = 0; i < m->n; i++) {
		const struct mastercf_entry *e = &m->all[i];

		fprintf(out, "%s %s - - n 5? - %s", e->name, e->type,
			e->command);
		for (unsigned k = 0; k < e->options.n; k++)
			write_option(out, &e->options.all[k]);
		fputc('\n', out);
	}
	fclose(out);
	diag_init(&diag);
	begin(&cfg, &store);
	parse(&store, (struct span) { text, len }, &diag);
	must(diag.first == NULL);
	must(store.master.n == m->n);
	for (unsigned i = 0; i < m->n; i++) {
		const struct mastercf_entry *a = &m->all[i];
		const struct mastercf_entry *b = &store.master.all[i];

		must(strcmp(a->name, b->name) == 0);
		must(strcmp(a->type, b->type) == 0);
		must(strcmp(a->command, b->command) == 0);
		must(a->options.n == b->options.n);
		for (unsigned k = 0; k < a->options.n; k++) {
			const struct setting *s = &a->options.all[k];
			const struct setting *t = &b->options.all[k];

			must(strcmp(s->name, t->name) == 0);
			must(strcmp(s->value, t->value) == 0);
		}
	}
	end(&cfg, &store);
	diag_fini(&diag);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = { (const char *)data, n };
	unsigned lines_n = fuzz_lines_n(text);
	struct config_store store;
	struct config cfg;
	struct diag diag;

	diag_init(&diag);
	begin(&cfg, &store);
	parse(&store, text, &diag);
	if (look_at_entries(&cfg, lines_n, &diag)) {
		(void)!config_services(&cfg, &diag);
		check_listens(&cfg);
	}
	fuzz_check_findings(&diag, FILE_NAME, lines_n, NULL);
	check_written(&store.master);
	end(&cfg, &store);
	diag_fini(&diag);
	return 0;
}
