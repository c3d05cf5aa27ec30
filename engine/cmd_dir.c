/* SPDX-License-Identifier: BSD-2-Clause */
/* Which folder a verb is about: -c DIR, before or between its other words. */
#include "engine/cmd.h"

#include <getopt.h>
#include <string.h>

const char *
cmd_take_dir(int *argc, char **argv)
{
	const char *dir = CMD_CONFIG_DIR_DEFAULT;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "-c") != 0)
			continue;
		if (i + 1 == *argc)
			return NULL;
		dir = argv[i + 1];
		memmove(&argv[i], &argv[i + 2],
			(size_t)(*argc - i - 1) * sizeof(*argv));
		*argc -= 2;
		i--;
	}
	return dir;
}

/* The options that run and check have: -c DIR. NULL: said what is wrong. */
const char *
cmd_dir_option(int argc, char **argv)
{
	const char *dir = CMD_CONFIG_DIR_DEFAULT;
	int opt;

	optind = 1;
	while ((opt = getopt(argc, argv, "c:")) != -1) {
		if (opt != 'c') {
			fprintf(stderr,
				"penstock: usage: penstock %s "
				"[-c DIR]\n",
				argv[0]);
			return NULL;
		}
		dir = optarg;
	}
	if (optind < argc) {
		fprintf(stderr,
			"penstock: %s: \"%s\" is not expected here: usage: "
			"penstock %s [-c DIR]\n",
			argv[0], argv[optind], argv[0]);
		return NULL;
	}
	return dir;
}
