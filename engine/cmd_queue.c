/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `penstock queue …`: asked of the running engine; without one, done on its
 * folder here. Salvage is for a stopped engine only.
 */
#include "engine/cmd.h"
#include "engine/config/config.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

/* Root works on the folder as its owner: no file in it becomes root's. */
static int
become_owner(const char *dir)
{
	struct stat st;

	if (geteuid() != 0 || stat(dir, &st) != 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 ||
	    setuid(st.st_uid) != 0)
		return -errno;
	return 0;
}

static int
on_folder(const struct config *cfg, int argc, char **argv, struct diag *diag)
{
	struct queue_cfg queue_cfg = cfg->queue;
	struct queue *q;
	int code;

	code = become_owner(queue_cfg.dir);
	if (code) {
		diag_fail(diag, EX_OSERR, queue_cfg.dir, 0,
			  "cannot become its owner: %s", strerror(-code));
		return EX_OSERR;
	}
	queue_cfg.workers_n = queue_cfg.deliverers_n = 1;
	queue_cfg.is_command = true;
	queue_cfg.is_discard = false;
	if (strcmp(argv[1], "salvage") == 0)
		return queue_salvage(&queue_cfg, stdout, diag);
	q = queue_open(&queue_cfg, diag);
	if (q == NULL)
		return diag->exit_code;
	code = queue_command(q, argc, argv, stdout);
	queue_close(&q);
	return code;
}

int
cmd_queue(int argc, char **argv)
{
	const char *dir = cmd_take_dir(&argc, argv);
	struct config *cfg;
	struct diag diag;
	int code = EX_UNAVAILABLE;

	if (dir == NULL || argc < 2) {
		fprintf(stderr, "penstock: usage: penstock queue [-c DIR] "
				"list|show|hold|release|requeue|delete|salvage "
				"[ID...|ALL] [--json]\n");
		return EX_USAGE;
	}
	diag_init(&diag);
	cfg = config_load_main(dir, &diag);
	if (cfg != NULL && strcmp(argv[1], "salvage") != 0)
		code = cmd_ask_engine(cfg->engine.control_socket, argc, argv);
	if (code == EX_UNAVAILABLE) {
		/* Never on a folder that main.cf may not mean. */
		code = diag.errors_n ? diag.exit_code
				     : on_folder(cfg, argc, argv, &diag);
		diag_print(&diag, DIAG_ERROR);
	}
	config_put(&cfg);
	diag_fini(&diag);
	return code;
}
