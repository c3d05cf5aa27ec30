/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock status|stop|reload`: words sent to the running engine's control
 * socket, its answer copied out.
 */
#include "engine/cmd.h"
#include "engine/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

static int
connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (void *)&sun, sizeof(sun)) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int
cmd_engine_answer(int fd, FILE *to)
{
	FILE *in = fdopen(fd, "r");
	char head[8] = "", buf[8192];
	size_t n;

	if (in == NULL || fgets(head, 5, in) == NULL) {
		fprintf(stderr, "penstock: the engine closed the control "
				"socket without an answer\n");
		if (in != NULL)
			fclose(in);
		return EX_PROTOCOL;
	}
	if (to == NULL)
		to = atoi(head) == EX_OK ? stdout : stderr;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		fwrite(buf, 1, n, to);
	fclose(in);
	return atoi(head);
}

int
cmd_engine_connect(const char *control_socket, int argc, char **argv)
{
	int fd = connect_to(control_socket);

	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return -EX_UNAVAILABLE;
	if (fd < 0) {
		fprintf(stderr, "penstock: %s: %s\n", control_socket,
			strerror(errno));
		return errno == EACCES ? -EX_NOPERM : -EX_OSERR;
	}
	for (int i = 0; i < argc; i++)
		if (send(fd, argv[i], strlen(argv[i]) + 1, MSG_NOSIGNAL) < 0)
			break; /* the answer, or its absence, says more */
	shutdown(fd, SHUT_WR);
	return fd;
}

int
cmd_ask_engine(const char *control_socket, int argc, char **argv)
{
	int fd = cmd_engine_connect(control_socket, argc, argv);

	return fd < 0 ? -fd : cmd_engine_answer(fd, stdout);
}

int
cmd_engine_find(const char *dir, int argc, char **argv)
{
	struct config *cfg;
	struct diag diag;
	int fd;

	diag_init(&diag);
	cfg = config_load_main(dir, &diag);
	if (cfg != NULL)
		fd = cmd_engine_connect(cfg->engine.control_socket, argc, argv);
	else
		fd = -diag.exit_code;
	/* What is wrong with main.cf matters when nobody answers. */
	if (cfg == NULL || fd == -EX_UNAVAILABLE)
		diag_print(&diag, DIAG_ERROR);
	if (cfg != NULL && fd == -EX_UNAVAILABLE)
		fprintf(stderr,
			"penstock: no engine listens on %s: start it with "
			"penstock run -c %s\n",
			cfg->engine.control_socket, dir);
	config_put(&cfg);
	diag_fini(&diag);
	return fd;
}

int
cmd_control(int argc, char **argv)
{
	const char *dir = cmd_take_dir(&argc, argv);
	int fd;

	if (dir == NULL) {
		fprintf(stderr, "penstock: %s: -c needs a folder\n", argv[0]);
		return EX_USAGE;
	}
	fd = cmd_engine_find(dir, argc, argv);
	return fd < 0 ? -fd : cmd_engine_answer(fd, stdout);
}
