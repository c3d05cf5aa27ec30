/* SPDX-License-Identifier: BSD-2-Clause */
/* What `penstock config` and the manual page say of parameters. */
#include "engine/config/config_priv.h"
#include "engine/config/foreign.h"

#include <stdlib.h>
#include <sysexits.h>

#define HELP_COLUMNS 72

static const char *const module_names[PARAM_MODULE_N] = {
	[PARAM_ENGINE] = "the process",
	[PARAM_NET] = "network",
	[PARAM_TLS] = "TLS threads",
	[PARAM_DNS] = "DNS",
	[PARAM_DATAPLANE] = "dataplane",
	[PARAM_QUEUE] = "queue",
	[PARAM_DELIVER] = "delivery",
	[PARAM_LOG] = "logging",
	[PARAM_SMTP] = "SMTP server, per service",
	[PARAM_POLICY] = "policy, per service",
	[PARAM_SERVICE] = "service",
	[PARAM_WORD] = "only mentioned by other parameters",
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every name there is to print, sorted. The caller frees it. */
static const char **
collect(const struct config *cfg, unsigned flags, unsigned *n_out)
{
	const struct settings *main = &cfg->store->main;
	const char **all = must_alloc((params_n + main->n + 1) * sizeof(*all));
	unsigned n = 0;

	for (unsigned i = 0; i < params_n; i++)
		if (!params[i].is_also && !(flags & CONFIG_PRINT_SET))
			all[n++] = params[i].name;
	for (unsigned i = 0; i < main->n; i++) {
		const char *name = main->all[i].name;

		if ((flags & CONFIG_PRINT_SET) || !param_find(span_of(name)))
			all[n++] = name;
	}
	qsort(all, n, sizeof(*all), by_name);
	*n_out = n;
	return all;
}

/* Words of text, indented, at most HELP_COLUMNS of them in a line. */
static void
print_wrapped(struct span text, FILE *out)
{
	size_t column = 0;
	struct span word;

	while ((word = span_word(&text, " \n")).len) {
		bool is_new = column == 0 || column + word.len > HELP_COLUMNS;

		if (is_new && column)
			fputc('\n', out);
		fprintf(out, "%s%.*s", is_new ? "    " : " ", SPAN_FMT(word));
		column = is_new ? 5 + word.len : column + 1 + word.len;
	}
	fputc('\n', out);
}

static void
print_row_help(const struct param *p, FILE *out)
{
	bool has_words = p->type == PARAM_ENUM ||
			 (p->type == PARAM_BOOL && *p->arg);

	print_wrapped(span_of(p->help), out);
	fprintf(out, "    (%s%s%s; %s", has_words ? "one of " : "",
		has_words ? p->arg : param_type_name(p),
		p->type == PARAM_TIME ? p->arg[0] == 'd' ? ", without: days"
							 : ", without: seconds"
				      : "",
		module_names[p->module]);
	if (p->min)
		fprintf(out, "; at least %llu", (unsigned long long)p->min);
	if (p->max)
		fprintf(out, "; at most %llu", (unsigned long long)p->max);
	fprintf(out, ")\n");
}

static void
print_help(const char *name, FILE *out)
{
	const struct param *p = param_find(span_of(name));
	const struct foreign *f = foreign_find(span_of(name));

	if (p != NULL)
		print_row_help(p, out);
	else if (f != NULL)
		print_wrapped(span_of(foreign_verdict(f)), out);
	else
		fprintf(out, "    a name of this configuration's own\n");
}

/* "name =" or "name = value", as postconf has it. */
static void
print_one(const struct scope *sc, const char *name, unsigned flags, FILE *out)
{
	const struct param *p = param_find(span_of(name));
	const struct foreign *f = foreign_find(span_of(name));
	const char *value = scope_raw(sc, span_of(name));

	if (flags & CONFIG_PRINT_DEFAULT) {
		const struct setting *own =
			settings_find(sc->computed, span_of(name));

		value = own ? own->value : p ? p->def : f ? f->def : "";
	}
	if (flags & CONFIG_PRINT_EXPANDED)
		value = scope_expand(sc, name, value, NULL);
	fprintf(out, "%s =%s%s\n", name, *value ? " " : "", value);
	if (flags & CONFIG_PRINT_HELP)
		print_help(name, out);
}

int
config_print(const struct config *cfg, char *const *names, unsigned names_n,
	     unsigned flags, FILE *out)
{
	struct diag diag;
	struct scope sc = config_scope(cfg, NULL, &diag);
	int code = EX_OK;

	diag_init(&diag);
	if (names_n == 0) {
		unsigned n;
		const char **all = collect(cfg, flags, &n);

		for (unsigned i = 0; i < n; i++)
			print_one(&sc, all[i], flags, out);
		free(all);
	}
	for (unsigned i = 0; i < names_n; i++) {
		if (scope_raw(&sc, span_of(names[i])) == NULL) {
			fprintf(stderr,
				"penstock: there is no parameter %s: "
				"\"penstock config\" lists them\n",
				names[i]);
			code = EX_USAGE;
		} else if (!(flags & CONFIG_PRINT_SET) ||
			   settings_find(&cfg->store->main,
					 span_of(names[i]))) {
			print_one(&sc, names[i], flags, out);
		}
	}
	diag_print(&diag, DIAG_ERROR);
	diag_fini(&diag);
	return code;
}

/* --- the manual page --- */

/* Text for mdoc: a backslash and a dot at the front mean something there. */
static void
print_mdoc(const char *text, FILE *out)
{
	for (; *text; text++)
		fputs(*text == '\\'   ? "\\e"
		      : *text == '-'  ? "\\-"
		      : *text == '"'  ? "\\(dq"
		      : *text == '\'' ? "\\(aq"
		      : *text == '.'  ? "\\&."
				      : (char[]) { *text, '\0' },
		      out);
}

static int
by_row_name(const void *a, const void *b)
{
	const struct param *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void
config_print_manual(FILE *out)
{
	const struct param **rows = must_alloc(params_n * sizeof(*rows));
	unsigned n = 0;

	for (unsigned i = 0; i < params_n; i++)
		if (!params[i].is_also)
			rows[n++] = &params[i];
	qsort(rows, n, sizeof(*rows), by_row_name);
	fprintf(out, ".Sh PARAMETERS\n.Bl -tag -width Ds\n");
	for (unsigned i = 0; i < n; i++) {
		fprintf(out, ".It Ic %s\n", rows[i]->name);
		print_mdoc(rows[i]->help, out);
		fprintf(out, ".\n");
		print_mdoc(param_type_name(rows[i]), out);
		if (rows[i]->type == PARAM_ENUM ||
		    (rows[i]->type == PARAM_BOOL && *rows[i]->arg)) {
			fprintf(out, ": ");
			print_mdoc(rows[i]->arg, out);
		}
		fprintf(out, "; default: ");
		print_mdoc(*rows[i]->def ? rows[i]->def : "empty", out);
		fprintf(out, "\n");
	}
	fprintf(out, ".El\n");
	free(rows);
}
