/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock config`: parameters and their values, as they stand in main.cf or
 * by default; with -h what each is for. Starts nothing.
 */
#include "engine/cmd.h"
#include "engine/config/config.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] =
	"usage: penstock config [-c DIR] [-n] [-d] [-x] [-h] [NAME...]\n"
	"       penstock config --manual\n\n"
	"Prints parameters as \"name = value\": those named, or all.\n"
	"  -c DIR    folder of main.cf and master.cf (" CMD_CONFIG_DIR_DEFAULT
	")\n"
	"  -n        only those that main.cf sets\n"
	"  -d        defaults, whatever main.cf says\n"
	"  -x        values with every $name replaced\n"
	"  -h        with meaning, type and limits\n"
	"  --manual  all of them, as a section of the manual page\n";

int
cmd_config(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ "manual", no_argument, NULL, 'M' },
		{ 0 },
	};
	const char *dir = CMD_CONFIG_DIR_DEFAULT;
	unsigned flags = 0;
	struct config *cfg;
	struct diag diag;
	int opt, code;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "c:dhnx", longs, NULL)) != -1)
		switch (opt) {
		case 'c':
			dir = optarg;
			break;
		case 'd':
			flags |= CONFIG_PRINT_DEFAULT;
			break;
		case 'h':
			flags |= CONFIG_PRINT_HELP;
			break;
		case 'n':
			flags |= CONFIG_PRINT_SET;
			break;
		case 'x':
			flags |= CONFIG_PRINT_EXPANDED;
			break;
		case 'H':
			fputs(usage, stdout);
			return EX_OK;
		case 'M':
			config_print_manual(stdout);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	diag_init(&diag);
	cfg = config_load_main(dir, &diag);
	diag_print(&diag, DIAG_ERROR);
	code = diag.exit_code;
	if (cfg != NULL) {
		int printed = config_print(cfg, argv + optind,
					   (unsigned)(argc - optind), flags,
					   stdout);

		code = code ? code : printed;
	}
	config_put(&cfg);
	diag_fini(&diag);
	return code;
}
