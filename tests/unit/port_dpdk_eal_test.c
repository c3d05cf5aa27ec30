/* SPDX-License-Identifier: BSD-2-Clause */
/* DPDK's start: its failures in sentences, and nothing left behind. */
#include "tests/unit/dpdk_rig.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *args, *want;
} refused[] = {
	{ "--no-huge --no-pci --nosuch", "unrecognized option '--nosuch'" },
	{ "--no-huge --no-pci --vdev=net_nosuch0", "no driver has that name" },
	{ "--no-huge --no-pci -l 1000", "penstock_dpdk_args: " },
	{ "--no-pci -l '0", "a quote (') is not closed" },
	{ "--no-huge --no-pci -m 100000000", "-m MEGABYTES" },
};

/* In a process of its own: EAL cannot be started twice. */
static void
test_refused(void)
{
	for (size_t i = 0; i < ARRAY_N(refused); i++) {
		struct port_dpdk_cfg cfg = rig_cfg(refused[i].args, 1);
		int status = 0;
		pid_t pid = fork();

		CHECK_ROW(refused[i].args);
		if (pid == 0) {
			struct diag diag;
			bool ok;

			diag_init(&diag);
			ok = port_dpdk_start(&cfg, &diag) == NULL &&
			     findings_has(&diag, DIAG_ERROR, refused[i].want);
			if (!ok)
				findings_print(&diag);
			_exit(!ok);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

static unsigned
dirs_n(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir)) != NULL)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	if (dir)
		closedir(dir);
	return n;
}

static void
test_start(void)
{
	struct port_dpdk_cfg cfg =
		rig_cfg("--no-huge --in-memory --no-pci "
			"--vdev=net_memif0,socket-abstract=no,"
			"socket=/tmp/penstock-eal-test.sock",
			1);
	cpu_set_t before, after;
	struct port_dpdk *d;
	char prefix[64];

	CHECK_ROW("started");
	pthread_getaffinity_np(pthread_self(), sizeof(before), &before);
	d = rig_start(&cfg);
	pthread_getaffinity_np(pthread_self(), sizeof(after), &after);
	CHECK(CPU_EQUAL(&before, &after));
	snprintf(prefix, sizeof(prefix), "penstock-%u", (unsigned)getpid());
	CHECK(dirs_n("/var/run/dpdk", prefix) == 1 || getuid() != 0);
	CHECK_ROW("stopped");
	port_dpdk_stop(&d);
	CHECK(d == NULL && dirs_n("/var/run/dpdk", prefix) == 0);
	port_dpdk_stop(&d);
}

int
main(void)
{
	test_refused();
	test_start();
	return check_end();
}
