/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock run`: the engine in the foreground until SIGTERM or SIGINT; SIGHUP
 * reloads. Tells systemd what it does (sd_notify).
 */
#include "engine/base/log.h"
#include "engine/cmd.h"
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <sysexits.h>
#include <unistd.h>

static void
reload(struct engine *e)
{
	struct diag diag;

	diag_init(&diag);
	sd_notify(0, "RELOADING=1");
	(void)!engine_reload(e, &diag); /* it has logged what was wrong */
	sd_notify(0, "READY=1");
	diag_fini(&diag);
}

/* Until somebody asks to stop. */
static void
serve(struct engine *e, int signal_fd)
{
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN },
				{ .fd = e->stop_fd, .events = POLLIN } };

	for (;;) {
		struct signalfd_siginfo info;

		if (poll(fds, ARRAY_N(fds), -1) < 0) {
			must(errno == EINTR);
			continue;
		}
		if (fds[1].revents)
			return;
		if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
			continue;
		if (info.ssi_signo != SIGHUP)
			return;
		reload(e);
	}
}

static int
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int
run(const char *dir)
{
	int signal_fd = block_signals(), code = EX_OK;
	struct engine *e;
	struct diag diag;

	must(signal_fd >= 0);
	diag_init(&diag);
	e = engine_open(dir, &diag);
	diag_print(&diag, DIAG_WARNING);
	if (e == NULL)
		code = diag.exit_code ? diag.exit_code : EX_CONFIG;
	diag_fini(&diag);
	if (e != NULL) {
		sd_notify(0, "READY=1");
		serve(e, signal_fd);
		sd_notify(0, "STOPPING=1");
		engine_close(&e);
	}
	close(signal_fd);
	return code;
}

int
cmd_run(int argc, char **argv)
{
	const char *dir = cmd_dir_option(argc, argv);

	return dir ? run(dir) : EX_USAGE;
}
