/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From parameters to hosts: a segment that comes in by the ring device is given
 * by the host of its queue; what cannot be opened says why.
 */
#include "dataplane/dataplane.h"
#include "tests/unit/dpdk_rig.h"

#include <sys/wait.h>
#include <unistd.h>

static void
fault(void *arg, const char *param, const char *text)
{
	fprintf(stderr, "%s %s\n", param, text);
}

static struct dataplane_cfg
cfg_make(const char *args)
{
	struct dataplane_cfg cfg = { .kind = DATAPLANE_DPDK,
				     .dpdk_args = args,
				     .ipv4 = "192.0.2.2/24",
				     .ipv4_gateway = "192.0.2.1",
				     .ipv6 = "",
				     .ipv6_gateway = "" };

	must(host_cfg_parse(&cfg, fault, NULL));
	cfg.host.is_dad_skipped = true;
	return cfg;
}

/* Bursts of every worker, until nothing more comes. Gives the segments. */
static unsigned
turns(struct dataplane *d, unsigned workers_n, uint64_t now_us)
{
	unsigned segs_n = 0, idle = 0;

	while (idle < 2) {
		unsigned all = 0;

		for (unsigned i = 0; i < workers_n; i++) {
			struct port_queue *q = port_queue(dataplane_port(d), i);
			struct frame f[PORT_BURST_MAX];
			struct host_seg segs[PORT_BURST_MAX];
			unsigned n = port_rx(q, f, PORT_BURST_MAX);

			segs_n += host_input(dataplane_host(d, i), f, n, segs,
					     now_us);
			port_free(q, f, n);
			host_step(dataplane_host(d, i), now_us);
			host_tx_flush(dataplane_host(d, i));
			all += n;
		}
		idle = all ? 0 : idle + 1;
	}
	return segs_n;
}

static void
test_open(void)
{
	struct dataplane_cfg cfg =
		cfg_make("--no-huge --no-pci --vdev=net_ring0");
	struct ip us = ip_of("192.0.2.2"), them = ip_of("192.0.2.1");
	struct dataplane *d;
	struct host_stats s;
	struct bytes b;
	uint8_t mac[6];
	struct diag diag;

	CHECK_ROW("two workers");
	diag_init(&diag);
	d = dataplane_open(&cfg, 2, false, &diag);
	findings_print(&diag);
	CHECK(d != NULL && port_queues_n(dataplane_port(d)) == 2);
	must(d != NULL);
	turns(d, 2, 1000000);
	CHECK(host_has_addr(dataplane_host(d, 0), &us));
	CHECK(host_has_addr(dataplane_host(d, 1), &us));

	CHECK_ROW("segments reach the host of their queue");
	port_mac(dataplane_port(d), mac);
	for (unsigned i = 0; i < 16; i++) {
		static const uint8_t other[6] = { 2, 0, 0, 0, 0, 9 };

		frame_tcp(&b, mac, other, &them, &us, 2000 + i, 25, 1, 2, "",
			  0);
		rig_send(port_queue(dataplane_port(d), 0), &b);
	}
	CHECK(turns(d, 2, 1000001) == 16);
	for (unsigned i = 0; i < 2; i++) {
		host_stats_get(dataplane_host(d, i), &s);
		CHECK(s.tcp_n > 0 && s.tcp_n < 16);
	}
	dataplane_close(&d);
	CHECK(d == NULL);
	dataplane_close(&d);
	diag_fini(&diag);
}

/* In a process of its own each: EAL cannot be started twice. */
static void
test_refused(void)
{
	static const struct {
		const char *args;
		unsigned workers_n;
		const char *want;
	} rows[] = {
		{ "--no-huge --no-pci", 1, "DPDK has no device" },
		{ "--no-huge --no-pci --vdev=net_ring0", 65,
		  "penstock_workers = 65: with penstock_dataplane = dpdk at "
		  "most 64" },
		{ "--nosuch", 1, "unrecognized option" },
	};

	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct dataplane_cfg cfg = cfg_make(rows[i].args);
		int status = 0;
		pid_t pid = fork();

		CHECK_ROW(rows[i].want);
		if (pid == 0) {
			struct diag diag;
			bool ok;

			diag_init(&diag);
			ok = dataplane_open(&cfg, rows[i].workers_n, false,
					    &diag) == NULL &&
			     findings_has(&diag, DIAG_ERROR, rows[i].want);
			if (!ok)
				findings_print(&diag);
			_exit(!ok);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

int
main(void)
{
	test_refused();
	test_open();
	return check_end();
}
