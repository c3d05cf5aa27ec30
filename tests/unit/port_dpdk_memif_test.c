/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port over memif whose peers come, send as fast as they can, and are killed:
 * each is heard, and none takes this process with it.
 */
#include "engine/base/clock.h"
#include "tests/unit/dpdk_rig.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PEERS_N = 12, FRAMES_LEAST = 2000, WAIT_US = 20000000 };

static char folder[] = "/tmp/penstock-memif-XXXXXX";

static const char *
args_of(const char *role)
{
	static char text[256];

	snprintf(text, sizeof(text),
		 "--no-huge --in-memory --no-pci --vdev=net_memif0,role=%s,"
		 "socket-abstract=no,socket=%s/sock",
		 role, folder);
	return text;
}

/* Sends until it is killed. */
__attribute__((noreturn)) static void
peer_run(void)
{
	struct port_dpdk_cfg cfg = rig_cfg(args_of("client"), 1);
	struct port_dpdk *d;
	struct port *port;
	struct bytes b;

	cfg.is_polled = true;
	d = rig_start(&cfg);
	port = rig_open(d, &cfg);
	rig_segment(&b, false, 1025);
	for (;;) {
		struct port_queue *q = port_queue(port, 0);
		struct frame f;

		if (!port_tx_get(q, &f))
			continue;
		memcpy(f.data, b.p, b.len);
		f.len = b.len;
		port_tx(q, &f, 1);
		port_tx_flush(q);
		/* What we get back is not needed. */
		if (port_rx(q, &f, 1))
			port_free(q, &f, 1);
	}
}

/* Answers every frame, until n came or time is up. Gives how many came. */
static unsigned
answer(struct port *port, unsigned n, uint64_t us)
{
	struct port_queue *q = port_queue(port, 0);
	uint64_t until_us = clock_now_us() + us;
	unsigned all = 0;

	while (all < n && clock_now_us() < until_us) {
		struct frame f[PORT_BURST_MAX], reply;
		unsigned got = port_rx(q, f, PORT_BURST_MAX);

		for (unsigned i = 0; i < got; i++) {
			CHECK(f[i].len == 58);
			if (!port_tx_get(q, &reply))
				continue;
			memcpy(reply.data, f[i].data, f[i].len);
			reply.len = f[i].len;
			port_tx(q, &reply, 1);
		}
		port_free(q, f, got);
		port_tx_flush(q);
		all += got;
	}
	return all;
}

/* Frames before, while and after it is killed. */
static void
test_peer(struct port *port, int go_fd)
{
	pid_t pid;

	must(write(go_fd, "g", 1) == 1);
	CHECK(answer(port, FRAMES_LEAST, WAIT_US) >= FRAMES_LEAST);
	CHECK(port_is_up(port));
	pid = waitpid(-1, NULL, WNOHANG);
	CHECK(pid == 0);
}

int
main(void)
{
	struct port_dpdk_cfg cfg;
	pid_t pids[PEERS_N];
	int go[PEERS_N][2];
	struct port_dpdk *d;
	struct port *port;
	cpu_set_t cpu;
	char path[64];

	/* On one core, so that a peer's end comes in the middle of a burst. */
	for (unsigned i = 0; i < CPU_SETSIZE; i++) {
		CPU_ZERO(&cpu);
		CPU_SET(i, &cpu);
		if (sched_setaffinity(0, sizeof(cpu), &cpu) == 0)
			break;
	}
	must(mkdtemp(folder) != NULL);
	for (unsigned i = 0; i < PEERS_N; i++) {
		char byte;

		must(pipe(go[i]) == 0);
		pids[i] = fork();
		if (pids[i] == 0) {
			close(go[i][1]);
			if (read(go[i][0], &byte, 1) != 1)
				_exit(0);
			peer_run();
		}
		close(go[i][0]);
	}
	cfg = rig_cfg(args_of("server"), 1);
	cfg.is_polled = true;
	d = rig_start(&cfg);
	port = rig_open(d, &cfg);
	for (unsigned i = 0; i < PEERS_N; i++) {
		uint64_t until_us = clock_now_us() + WAIT_US;
		int status;

		CHECK_ROW("a peer comes and is killed");
		test_peer(port, go[i][1]);
		kill(pids[i], SIGKILL);
		while (port_is_up(port) && clock_now_us() < until_us)
			answer(port, 100, 100);
		CHECK(!port_is_up(port));
		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		close(go[i][1]);
	}
	port_close(&port);
	port_dpdk_stop(&d);
	snprintf(path, sizeof(path), "%s/sock", folder);
	unlink(path);
	rmdir(folder);
	return check_end();
}
