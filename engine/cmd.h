/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h: the verbs of the `penstock` command, one file each. argv[0] is the
 * verb; the result is an exit code of sysexits.h. Errors go to stderr as
 * "penstock: [file:line:] what is wrong, and what would be right".
 */
#ifndef PENSTOCK_ENGINE_CMD_H
#define PENSTOCK_ENGINE_CMD_H

#include "queue/queue.h"

#include <stdio.h>

#define CMD_CONFIG_DIR_DEFAULT "/etc/penstock"

int cmd_check(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_run(int argc, char **argv);
/* status, stop, reload: asked of the running engine over its socket. */
int cmd_control(int argc, char **argv);

int cmd_net(int argc, char **argv);
/* Its `capture FILE`, of the engine that dir configures. */
int cmd_net_capture(const char *dir, int argc, char **argv, const char *file);

/*
 * DIR of a verb whose only option is -c DIR; NULL after saying what is wrong.
 */
const char *cmd_dir_option(int argc, char **argv);
/*
 * The same for verbs with words of their own: takes every "-c DIR" out of them.
 * NULL: -c without a folder.
 */
const char *cmd_take_dir(int *argc, char **argv);

/*
 * `queue …` with its words (argv[0] is "queue"), answered on *out; in the
 * command on a stopped engine's directory, in the engine for its socket.
 */
int queue_command(struct queue *q, int argc, char **argv, FILE *out);

/*
 * Sends the words to the engine that listens on control_socket and copies its
 * answer to stdout. Its exit code; EX_UNAVAILABLE, silently, when nothing
 * listens there.
 */
int cmd_ask_engine(const char *control_socket, int argc, char **argv);

/*
 * Its two halves. The connection, with the words sent; or -EX_…, silently when
 * it is EX_UNAVAILABLE: nothing listens there.
 */
MUST_USE int cmd_engine_connect(const char *control_socket, int argc,
				char **argv);
/*
 * Takes fd; copies the answer to *to; NULL: stdout, or stderr when it is not
 * EX_OK. Gives its exit code.
 */
int cmd_engine_answer(int fd, FILE *to);
/*
 * Reads DIR/main.cf and connects; says what is wrong, be it that no engine runs
 * there. The connection or -EX_…
 */
MUST_USE int cmd_engine_find(const char *dir, int argc, char **argv);

#endif
