/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock map`: checks a table, or looks keys up in it, as postmap does.
 * There is nothing to compile: tables are read as text. Installed as postmap or
 * postalias it takes their common options and, without -q, checks.
 */
#include "engine/base/diag.h"
#include "engine/cmd.h"
#include "engine/config/table.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NOT_FOUND 1 /* postmap's exit code */

static const char usage[] =
	"usage: penstock map [-a] [-q KEY] [-s] [TYPE:]FILE...\n\n"
	"Reads a table as Penstock would, and says what is wrong with it and\n"
	"how large it is. TYPE: hash when it is left out.\n"
	"  -a      read hash: and btree: as aliases(5), like alias_maps\n"
	"  -q KEY  look KEY up and print its value; - takes keys from stdin\n"
	"          and prints \"KEY<tab>VALUE\" for those that are there\n"
	"  -s      print every row as \"KEY<tab>VALUE\"\n"
	"Exit code: 0, 1 when KEY is not there, or one of sysexits.h.\n";

struct options {
	const char *key;
	bool is_aliases, is_dump;
};

static struct maps *
open_one(const char *name, const struct options *o, struct diag *diag)
{
	struct tables *set = tables_open();
	bool has_type = strchr(name, ':') != NULL;
	char *whole;
	struct maps *maps;

	must(asprintf(&whole, "%s%s", has_type ? "" : "hash:", name) >= 0);
	if (o->is_aliases)
		tables_add_aliases(set, span_of(whole));
	maps = maps_open_in(set, span_of(whole), NULL, NULL, 0, diag);
	tables_close(&set);
	free(whole);
	return maps;
}

/* EX_OK, NOT_FOUND or EX_TEMPFAIL. */
static int
look_up(const struct maps *maps, struct span key, bool is_with_key)
{
	static struct table_buf buf;
	struct span value;

	switch (maps_find(maps, key, false, &buf, &value)) {
	case TABLE_FOUND:
		if (is_with_key)
			printf("%.*s\t", SPAN_FMT(key));
		printf("%.*s\n", SPAN_FMT(value));
		return EX_OK;
	case TABLE_NOT_FOUND:
		return NOT_FOUND;
	case TABLE_ERROR:
		break;
	}
	fprintf(stderr, "penstock: %s: looking up \"%.*s\" failed\n",
		table_name(maps_table(maps, 0)), SPAN_FMT(key));
	return EX_TEMPFAIL;
}

/* One key a line. Found: at least one of them. */
static int
look_up_stdin(const struct maps *maps)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int code = NOT_FOUND;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct span key = { line, (size_t)n };
		int res;

		if (key.p[key.len - 1] == '\n')
			key.len--;
		res = look_up(maps, key, true);
		if (res == EX_TEMPFAIL) {
			code = res;
			break;
		}
		if (res == EX_OK)
			code = EX_OK;
	}
	free(line);
	return code;
}

static void
print_row(void *ctx, const struct table *table, struct span key,
	  struct span value)
{
	(void)ctx;
	(void)table;
	printf("%.*s\t%.*s\n", SPAN_FMT(key), SPAN_FMT(value));
}

static int
dump(const struct maps *maps)
{
	if (maps_each(maps, print_row, NULL))
		return EX_OK;
	fprintf(stderr,
		"penstock: %s: a table of this type has no rows to "
		"print\n",
		table_name(maps_table(maps, 0)));
	return EX_USAGE;
}

static int
run_one(const char *name, const struct options *o)
{
	struct diag diag;
	struct maps *maps;
	int code = EX_OK;

	diag_init(&diag);
	maps = open_one(name, o, &diag);
	diag_print(&diag, DIAG_NOTE);
	if (maps == NULL) {
		code = diag.exit_code ? diag.exit_code : EX_DATAERR;
	} else if (o->is_dump) {
		code = dump(maps);
	} else if (o->key == NULL) {
		const struct table *t = maps_table(maps, 0);

		printf("%s: %llu entries, %llu bytes in memory, %u "
		       "warnings\n",
		       table_name(t), (unsigned long long)table_entries_n(t),
		       (unsigned long long)table_memory_bytes(t),
		       diag.warnings_n);
	} else if (strcmp(o->key, "-") == 0) {
		code = look_up_stdin(maps);
	} else {
		code = look_up(maps, span_of(o->key), false);
	}
	maps_close(&maps);
	diag_fini(&diag);
	return code;
}

int
cmd_map(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ 0 },
	};
	const char *base = strrchr(argv[0], '/');
	struct options o = { 0 };
	int opt, code = EX_OK;

	o.is_aliases = strcmp(base ? base + 1 : argv[0], "postalias") == 0;
	optind = 1;
	/*
	 * The options of postmap that change how an index is written, or
	 * where main.cf is, mean nothing here: they are taken and ignored.
	 */
	while ((opt = getopt_long(argc, argv, "ac:fioprq:suvwN", longs,
				  NULL)) != -1)
		switch (opt) {
		case 'a':
			o.is_aliases = true;
			break;
		case 'q':
			o.key = optarg;
			break;
		case 's':
			o.is_dump = true;
			break;
		case 'H':
			fputs(usage, stdout);
			return EX_OK;
		case '?':
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind == argc) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		code = run_one(argv[i], &o);
		/* With a key, the first table that has it decides. */
		if (code != (o.key ? NOT_FOUND : EX_OK))
			break;
	}
	return code;
}
