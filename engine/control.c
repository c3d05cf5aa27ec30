/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a Unix socket that only the engine's user and root may
 * open. A request is the command's words, each ended by NUL, and half-close;
 * the answer is three digits of exit code, a newline, and text.
 */
#include "engine/base/log.h"
#include "engine/cmd.h"
#include "engine/engine.h"
#include "engine/net_capture.h"
#include "engine/net_request.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#define REQUEST_MAX 65536u
#define WORDS_MAX   4096
#define IO_SECONDS  10
#define TICK_MS	    200

struct control {
	struct engine *engine;
	char *path;
	int fd;
	pthread_t thread;
	bool is_started;
	_Atomic bool is_stop_wanted;
};

static int
do_status(struct engine *e, int argc, char **argv, FILE *out, int *fd)
{
	bool is_json = argc == 2 && strcmp(argv[1], "--json") == 0;

	if (argc > 1 && !is_json) {
		fprintf(out,
			"penstock: status: unknown option %s: only "
			"--json is one\n",
			argv[1]);
		return EX_USAGE;
	}
	engine_status(e, is_json, out);
	return EX_OK;
}

static int
do_stop(struct engine *e, int argc, char **argv, FILE *out, int *fd)
{
	(void)argc;
	(void)argv;
	engine_stop(e);
	fprintf(out, "stopping\n");
	return EX_OK;
}

static int
do_reload(struct engine *e, int argc, char **argv, FILE *out, int *fd)
{
	struct diag diag;
	int code = EX_OK;

	(void)argc;
	(void)argv;
	diag_init(&diag);
	if (engine_reload(e, &diag) != 0)
		code = diag.exit_code ? diag.exit_code : EX_CONFIG;
	for (const struct diag_line *l = diag.first; l != NULL; l = l->next)
		if (l->level >= DIAG_WARNING)
			fprintf(out, "penstock: %s: %s\n",
				l->level == DIAG_ERROR ? "error" : "warning",
				l->text);
	fputs(code == EX_OK ? "reloaded\n"
			    : "penstock: the configuration in use stays\n",
	      out);
	diag_fini(&diag);
	return code;
}

static int
do_queue(struct engine *e, int argc, char **argv, FILE *out, int *fd)
{
	return queue_command(e->queue, argc, argv, out);
}

static const struct {
	const char *word;
	/* May take *fd, the connection, to answer by itself: *fd = -1. */
	int (*run)(struct engine *e, int argc, char **argv, FILE *out, int *fd);
} requests[] = {
	{ "status", do_status }, { "stop", do_stop },
	{ "reload", do_reload }, { "queue", do_queue },
	{ "net", net_request },
};

static int
answer(struct engine *e, char *request, size_t len, FILE *out, int *fd)
{
	char *argv[WORDS_MAX + 1];
	int argc = 0;

	for (size_t at = 0; at < len && argc < WORDS_MAX;
	     at += strlen(request + at) + 1)
		argv[argc++] = request + at;
	argv[argc] = NULL;
	for (size_t i = 0; argc && i < ARRAY_N(requests); i++)
		if (strcmp(argv[0], requests[i].word) == 0)
			return requests[i].run(e, argc, argv, out, fd);
	fprintf(out, "penstock: the engine knows no request \"%s\"\n",
		argc ? argv[0] : "");
	return EX_USAGE;
}

/* All of a request; its length, or -1. */
static ssize_t
read_request(int fd, char *buf, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf + len, cap - 1 - len)) > 0) {
		len += (size_t)n;
		if (len == cap - 1)
			return -1;
	}
	buf[len] = '\0';
	return n < 0 ? -1 : (ssize_t)len;
}

static void
write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* who asked has gone */
		p += n;
		len -= (size_t)n;
	}
}

static void
serve(struct control *c, int fd)
{
	struct timeval bound = { .tv_sec = IO_SECONDS };
	char *request = malloc(REQUEST_MAX), *text = NULL, head[8];
	size_t text_len = 0;
	ssize_t len = -1;
	FILE *out = open_memstream(&text, &text_len);
	int code = EX_OK;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
	if (request != NULL && out != NULL)
		len = read_request(fd, request, REQUEST_MAX);
	if (len > 0) {
		code = answer(c->engine, request, (size_t)len, out, &fd);
		fflush(out);
	}
	if (len > 0 && fd >= 0) {
		snprintf(head, sizeof(head), "%03d\n", code % 1000);
		write_all(fd, head, strlen(head));
		write_all(fd, text, text_len);
	}
	if (out != NULL)
		fclose(out);
	free(text);
	free(request);
	if (fd >= 0)
		close(fd);
}

static void *
control_main(void *arg)
{
	struct control *c = arg;

	while (!atomic_load(&c->is_stop_wanted)) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		int fd;

		net_capture_reap(&c->engine->capture);
		if (poll(&p, 1, TICK_MS) <= 0)
			continue;
		fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(c, fd);
	}
	return NULL;
}

/* 0, or -errno with the step that failed in *step. */
static int
listen_at(struct control *c, const struct sockaddr_un *sun, const char **step)
{
	int probe;

	*step = "socket";
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || probe < 0)
		return -errno;
	/* A socket file that nobody listens on was left by a crash. */
	*step = "connect";
	if (connect(probe, (const void *)sun, sizeof(*sun)) == 0) {
		close(probe);
		return -EADDRINUSE;
	}
	close(probe);
	*step = "bind";
	if (unlink(sun->sun_path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(c->fd, (const void *)sun, sizeof(*sun)) < 0 ||
	    chmod(sun->sun_path, 0600) < 0)
		return -errno;
	*step = "listen";
	return listen(c->fd, 16) < 0 ? -errno : 0;
}

struct control *
control_open(struct engine *e, const char *path, struct diag *diag)
{
	struct control *c = must_alloc(sizeof(*c));
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *step = "path";
	int ret = -ENAMETOOLONG;

	c->engine = e;
	c->fd = -1;
	if (strlen(path) < sizeof(sun.sun_path)) {
		strcpy(sun.sun_path, path);
		ret = listen_at(c, &sun, &step);
	}
	if (ret == 0) {
		c->path = strdup(path);
		return c;
	}
	diag_fail(diag, ret == -EADDRINUSE ? EX_TEMPFAIL : EX_CANTCREAT, NULL,
		  0, "penstock_control_socket = %s: %s: %s%s", path, step,
		  strerror(-ret),
		  ret == -EADDRINUSE ? ": another engine uses it: stop that "
				       "one, or name another socket"
				     : ": name a socket in a folder that the "
				       "engine's user may write to");
	if (c->fd >= 0)
		close(c->fd);
	free(c);
	return NULL;
}

int
control_start(struct control *c)
{
	int ret = -pthread_create(&c->thread, NULL, control_main, c);

	if (ret == 0)
		pthread_setname_np(c->thread, "control");
	c->is_started = ret == 0;
	return ret;
}

void
control_close(struct control **c_inout)
{
	struct control *c = *c_inout;

	*c_inout = NULL;
	if (c == NULL)
		return;
	atomic_store(&c->is_stop_wanted, true);
	if (c->is_started)
		pthread_join(c->thread, NULL);
	net_capture_stop(&c->engine->capture);
	close(c->fd);
	unlink(c->path);
	free(c->path);
	free(c);
}
