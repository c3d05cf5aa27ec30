/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port that is a client of memif, and servers that come, answer and are
 * killed: the client comes back to each, by itself, while it goes on to send
 * and to receive.
 */
#include "engine/base/clock.h"
#include "tests/unit/dpdk_rig.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVERS_N = 5, FRAMES_LEAST = 500, WAIT_US = 30000000 };

static char folder[] = "/tmp/penstock-link-XXXXXX";

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

static void
socket_path(char *path, size_t path_bytes)
{
	snprintf(path, path_bytes, "%s/sock", folder);
}

/* Sends back what it gets, until it is killed. */
__attribute__((noreturn)) static void
server_run(int ready_fd)
{
	struct port_dpdk_cfg cfg = rig_cfg(args_of("server"), 1);
	struct port_dpdk *d = rig_start(&cfg);
	struct port *port = rig_open(d, &cfg);
	struct port_queue *q = port_queue(port, 0);

	must(write(ready_fd, "r", 1) == 1);
	for (;;) {
		struct frame f[PORT_BURST_MAX], reply;
		unsigned got = port_rx(q, f, PORT_BURST_MAX);

		for (unsigned i = 0; i < got; i++) {
			if (!port_tx_get(q, &reply))
				continue;
			memcpy(reply.data, f[i].data, f[i].len);
			reply.len = f[i].len;
			port_tx(q, &reply, 1);
		}
		port_free(q, f, got);
		port_tx_flush(q);
		if (got == 0)
			port_queue_sleep(q, -1, 1000);
	}
}

/* Sends, and counts what comes back, until n have or time is up. */
static unsigned
exchange(struct port *port, unsigned n, uint64_t us)
{
	struct port_queue *q = port_queue(port, 0);
	uint64_t until_us = clock_now_us() + us;
	struct bytes b;
	unsigned all = 0;

	rig_segment(&b, false, 1025);
	while (all < n && clock_now_us() < until_us) {
		struct frame f[PORT_BURST_MAX];
		unsigned got;

		if (port_tx_get(q, &f[0])) {
			memcpy(f[0].data, b.p, b.len);
			f[0].len = b.len;
			port_tx(q, f, 1);
		}
		port_tx_flush(q);
		got = port_rx(q, f, PORT_BURST_MAX);
		for (unsigned i = 0; i < got; i++)
			CHECK(f[i].len == b.len);
		port_free(q, f, got);
		all += got;
		if (got == 0)
			port_queue_sleep(q, -1, 200);
	}
	return all;
}

int
main(void)
{
	int go[SERVERS_N][2], ready[2];
	struct port *port = NULL;
	struct port_dpdk_cfg cfg;
	pid_t pids[SERVERS_N];
	struct port_dpdk *d;
	struct port_stats stats;
	char path[64], byte;

	must(mkdtemp(folder) != NULL && pipe(ready) == 0);
	socket_path(path, sizeof(path));
	for (unsigned i = 0; i < SERVERS_N; i++) {
		must(pipe(go[i]) == 0);
		pids[i] = fork();
		if (pids[i] == 0) {
			close(go[i][1]);
			if (read(go[i][0], &byte, 1) != 1)
				_exit(0);
			server_run(ready[1]);
		}
		close(go[i][0]);
	}
	cfg = rig_cfg(args_of("client"), 1);
	d = rig_start(&cfg);
	for (unsigned i = 0; i < SERVERS_N; i++) {
		uint64_t until_us;
		int status;

		CHECK_ROW("a server comes and is killed");
		must(write(go[i][1], "g", 1) == 1);
		must(read(ready[0], &byte, 1) == 1);
		if (port == NULL)
			port = rig_open(d, &cfg);
		CHECK(exchange(port, FRAMES_LEAST, WAIT_US) >= FRAMES_LEAST);
		CHECK(port_is_up(port));
		kill(pids[i], SIGKILL);
		CHECK(waitpid(pids[i], &status, 0) == pids[i]);
		/* Its socket stays, with nobody behind it. */
		until_us = clock_now_us() + WAIT_US;
		while (port_is_up(port) && clock_now_us() < until_us)
			exchange(port, 100, 100);
		CHECK(!port_is_up(port));
		/* Some attempts in vain, while it sends. */
		exchange(port, 1, i == 1 ? 600000 : 1000);
		CHECK(!port_is_up(port));
		unlink(path);
		close(go[i][1]);
	}
	port_stats_get(port, 0, &stats);
	CHECK(stats.rx_n >= SERVERS_N * FRAMES_LEAST);
	port_close(&port);
	port_dpdk_stop(&d);
	unlink(path);
	rmdir(folder);
	return check_end();
}
