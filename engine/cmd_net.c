/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock net connections|capture`: the running engine is asked what its own
 * TCP/IP is doing.
 */
#include "engine/cmd.h"
#include "engine/net_words.h"

#include <sysexits.h>

int
cmd_net(int argc, char **argv)
{
	const char *dir = cmd_take_dir(&argc, argv);
	struct net_words words;
	int fd;

	if (dir == NULL) {
		fprintf(stderr, "penstock: net: -c needs a folder\n");
		return EX_USAGE;
	}
	if (!net_words_parse(argc, argv, &words, stderr))
		return EX_USAGE;
	if (words.verb == NET_CAPTURE)
		return cmd_net_capture(dir, argc, argv, words.file);
	fd = cmd_engine_find(dir, argc, argv);
	return fd < 0 ? -fd : cmd_engine_answer(fd, NULL);
}
