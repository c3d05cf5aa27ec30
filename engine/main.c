/* SPDX-License-Identifier: BSD-2-Clause */
/* The `penstock` command: finds the verb and runs it. */
#include "engine/cmd.h"

#include "engine/base/must.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage, *help;
} verbs[] = {
	{ "run", cmd_run, "[-c DIR]", "run the engine in the foreground" },
	{ "check", cmd_check, "[-c DIR]",
	  "read the configuration; name what is wrong or not applied" },
	{ "config", cmd_config, "[-c DIR] [-n] [-h] [NAME...]",
	  "print parameters: all, those set (-n), with help (-h)" },
	{ "map", cmd_map, "TYPE:FILE [-q KEY]", "check or query a table" },
	{ "status", cmd_control, "[-c DIR] [--json]",
	  "what the running engine is doing" },
	{ "stop", cmd_control, "[-c DIR]", "stop the running engine" },
	{ "reload", cmd_control, "[-c DIR]",
	  "let it read its configuration again" },
	{ "queue", cmd_queue,
	  "[-c DIR] list|show|hold|release|requeue|delete|salvage [ID...]",
	  "look at the queue and change it" },
	{ "net", cmd_net, "[-c DIR] connections|capture FILE [FILTER...]",
	  "connections of the engine's own TCP/IP; its frames as a pcap file" },
	{ "version", cmd_version, "", "print the version" },
	{ "help", cmd_help, "", "print this" },
};

static int
cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("penstock " PENSTOCK_VERSION);
	return EX_OK;
}

static int
cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("usage: penstock VERB [options]\n\nAn SMTP ingress engine that "
	     "reads Postfix's configuration.\n");
	for (size_t i = 0; i < ARRAY_N(verbs); i++)
		printf("  %-8s %s\n           %s\n", verbs[i].name,
		       verbs[i].usage, verbs[i].help);
	puts("\nDIR holds main.cf and master.cf; without -c it "
	     "is " CMD_CONFIG_DIR_DEFAULT ".");
	return EX_OK;
}

int
main(int argc, char **argv)
{
	const char *base = strrchr(argv[0], '/');

	/* Installed under Postfix's name it checks and queries tables. */
	if (strcmp(base ? base + 1 : argv[0], "postmap") == 0)
		return cmd_map(argc, argv);
	if (argc < 2) {
		fprintf(stderr, "penstock: a verb is missing: penstock help "
				"lists them\n");
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(argc, argv);
	if (strcmp(argv[1], "--version") == 0)
		return cmd_version(argc, argv);
	for (size_t i = 0; i < ARRAY_N(verbs); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "penstock: no verb \"%s\": penstock help lists them\n",
		argv[1]);
	return EX_USAGE;
}
