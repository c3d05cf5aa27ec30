/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.h: runs a verb in a process of its own, as the shell would, with its
 * stdin from a string. One thread. Needs scratch_open().
 */
#ifndef PENSTOCK_TESTS_COMMAND_H
#define PENSTOCK_TESTS_COMMAND_H

#include "tests/unit/scratch.h"

#include <sys/wait.h>

struct command {
	int code; /* exit code, or -1 when it did not exit */
	char *out, *err;
};

static void
command_redirect(const char *name, int fd, int flags)
{
	int file = open(scratch_path(name), flags, 0600);

	must(file >= 0 && dup2(file, fd) == fd);
	close(file);
}

/* args ends in NULL; args[0] is the verb. */
static void
command_run(struct command *c, int (*verb)(int argc, char **argv),
	    const char *const *args, const char *in)
{
	char *argv[16] = { NULL };
	int argc = 0, status;
	pid_t pid;

	for (; args[argc] != NULL; argc++) {
		must(argc < 15);
		argv[argc] = strdup(args[argc]);
	}
	scratch_write(scratch_path("stdin"), in);
	fflush(NULL);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		int code;

		command_redirect("stdin", 0, O_RDONLY);
		command_redirect("stdout", 1, O_WRONLY | O_CREAT | O_TRUNC);
		command_redirect("stderr", 2, O_WRONLY | O_CREAT | O_TRUNC);
		code = verb(argc, argv);
		for (int i = 0; i < argc; i++)
			free(argv[i]);
		exit(code);
	}
	must(waitpid(pid, &status, 0) == pid);
	c->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	c->out = scratch_read(scratch_path("stdout"));
	c->err = scratch_read(scratch_path("stderr"));
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

static void
command_fini(struct command *c)
{
	free(c->out);
	free(c->err);
}

#endif
